"""SIGHUP and POST /-/reload under load: a good configuration is taken, a broken one refused with the reason and the old one
kept; nothing lost and nothing repeated by any of it."""
import time

import oracle
from fake_loki import FakeLoki
from lib import Agent, clients_config, finish, free_ports, generate, get, main, wait_for


def reload(s):
    fake = FakeLoki(free_ports(1)).start()
    url = f"http://127.0.0.1:{fake.port}"
    agent = Agent(s.work, [url]).start()
    good = agent.text
    p = generate(s.work, wait=False, containers=10, rate=150, rotate_ms=2500)
    for i in range(8):
        time.sleep(0.7)
        agent.write_config(good.replace("batchwait: 200ms", f"batchwait: {200 + i}ms"))
        status, body = agent.reload("post" if i % 2 else "signal")
        s.expect(status in (None, 200), f"POST /-/reload answers {status}: {body}")
        time.sleep(0.4)
        agent.write_config(good + "      no_such_key: 1\n")
        status, body = agent.reload("post")
        s.expect(status is not None and status >= 400 and "no_such_key" in body, f"a broken file: {status} {body[:200]!r}")
        agent.reload("signal")
    time.sleep(0.5)
    s.expect(agent.process.is_alive(), "the agent ended")
    s.expect(get(agent.url + "/-/ready")[0] == 200, "not ready after refused reloads")
    p.child.terminate()
    truth = oracle.Manifest(finish(p))
    wait_for("all records", lambda: fake.has_all(truth), 15, 0.5)
    tally = fake.tally(oracle.Tally(truth, is_wire=True))
    s.no_problems(tally.problems())
    s.note(f"{tally.resent} records sent again (identical)")
    agent.stop()
    agent.check()


def other_destination(s):
    """The configuration moves from one Loki to another: no record is lost in between."""
    one, two = FakeLoki(free_ports(1)).start(), FakeLoki(free_ports(1)).start()
    agent = Agent(s.work, [f"http://127.0.0.1:{one.port}"]).start()
    p = generate(s.work, wait=False, containers=5, rate=100, seconds=4)
    time.sleep(2)
    agent.write_config(clients_config([f"http://127.0.0.1:{two.port}"]))
    s.expect(agent.reload("post")[0] == 200, "reload refused")
    truth = oracle.Manifest(finish(p))
    def both():
        return two.tally(one.tally(oracle.Tally(truth, is_wire=True)))
    wait_for(lambda: f"{truth.records} records at one or the other, there are {len(both().seen)}", lambda: len(both().seen) >= truth.records, 15, 0.3)
    s.note(f"{one.count()} at the first, {two.count()} at the second")
    s.no_problems([p for p in both().problems() if "reordered" not in p and "duplicated" not in p])
    agent.stop()
    agent.check()


main(reload, other_destination)
