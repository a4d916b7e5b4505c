"""Destinations are independent: one dead, one slow, one well; and what the dead one missed is still delivered to it."""
import time

import oracle
from fake_loki import FakeLoki, Reply
from lib import Agent, Loki, clients_config, finish, free_ports, generate, main, total, wait_for


def one_dead(s):
    well = Loki(f"{s.work}/loki").start()
    start = time.time() - 1
    dead_port = free_ports(1)
    agent = Agent(s.work, [well.url, f"http://127.0.0.1:{dead_port}"]).start()
    truth = oracle.Manifest(finish(generate(s.work, wait=False, containers=10, rate=100, seconds=8, rotate_ms=3000, keep=6)))
    t = time.monotonic()
    wait_for(lambda: f"{truth.records} at the well one, there are {well.count()}", lambda: well.has_all(truth, start), 15, 0.3)
    behind = time.monotonic() - t
    s.expect(behind < 5, f"the well destination was {behind:.1f} s behind a dead one")
    s.no_problems(well.tally_all(oracle.Tally(truth), start).problems())
    pending = [v for k, v in agent.scrape()["spoor_log_lines_pending"].items()]
    s.expect(max(pending) > 0, "nothing is pending for the dead one")
    late = FakeLoki(dead_port).start()
    wait_for(lambda: f"{truth.records} at the one that came back, there are {late.count()}", lambda: late.has_all(truth), 30, 0.3)
    s.no_problems(late.tally(oracle.Tally(truth, is_wire=True)).problems())
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def different_faults(s):
    """kill -9 while one is ahead of the other: each goes on from its own place."""
    fast = FakeLoki(free_ports(1)).start()
    slow = FakeLoki(free_ports(1), lambda r: Reply(pause=0.5)).start()
    agent = Agent(s.work, config=clients_config([f"http://127.0.0.1:{f.port}" for f in (fast, slow)])).start()
    p = generate(s.work, wait=False, containers=10, rate=150, seconds=7, rotate_ms=2500, keep=6)
    for _ in range(3):
        time.sleep(1.8)
        agent.kill9()
        agent.start()
    truth = oracle.Manifest(finish(p))
    for name, fake in (("fast", fast), ("slow", slow)):
        wait_for(lambda: f"{truth.records} at {name}, there are {fake.count()}", lambda: fake.has_all(truth), 30, 0.5)
        s.no_problems(fake.tally(oracle.Tally(truth, is_wire=True)).problems())
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


main(one_dead, different_faults)
