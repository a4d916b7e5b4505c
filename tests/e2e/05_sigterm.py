"""SIGTERM: what was read is flushed and acknowledged, the exit status is 0, a restart repeats nothing; with Loki away or
hanging it still ends within its grace period and nothing is lost."""
import time

import oracle
from fake_loki import FakeLoki, Reply
from lib import Agent, finish, free_ports, generate, main, wait_for


def healthy(s):
    fake = FakeLoki(free_ports(1)).start()
    agent = Agent(s.work, [f"http://127.0.0.1:{fake.port}"]).start()
    p = generate(s.work, wait=False, containers=10, rate=200, rotate_ms=2500)
    took = []
    for _ in range(5):
        time.sleep(1.3)
        t = time.monotonic()
        s.expect(agent.stop() == 0, "exit status is not 0")
        took.append(time.monotonic() - t)
        agent.start()
    p.child.terminate()
    truth = oracle.Manifest(finish(p))
    wait_for("all records", lambda: fake.has_all(truth), 15, 0.5)
    tally = fake.tally(oracle.Tally(truth, is_wire=True))
    s.no_problems(tally.problems())
    s.expect(tally.resent == 0, f"{tally.resent} records sent again after a clean end")
    s.expect(max(took) < 2.5, f"ending took {max(took):.1f} s")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()
    s.note(f"ended in at most {max(took):.2f} s")


def away(s):
    """Loki refuses connections, or accepts and never answers, while the agent is told to end."""
    config = "server: {graceful_shutdown_timeout: 3s}\nlogs:\n  clients:\n    - url: http://127.0.0.1:%d/loki/api/v1/push\n" \
        "      batchwait: 100ms\n      timeout: 20s\n"
    fake = FakeLoki(free_ports(1))
    agent = Agent(s.work, config=config % fake.port).start()
    manifest = generate(s.work, containers=10, rate=0, records=500)
    time.sleep(1)
    t = time.monotonic()
    s.expect(agent.stop(timeout=10) == 0, "exit status is not 0 with Loki away")
    refused = time.monotonic() - t
    fake.behave = lambda request: Reply(then="hang")
    fake.start()
    agent.start()
    wait_for("a request that hangs", fake.request_count, 10)
    t = time.monotonic()
    s.expect(agent.stop(timeout=10) == 0, "exit status is not 0 with Loki hanging")
    hung = time.monotonic() - t
    fake.behave = lambda request: Reply()
    agent.start()
    truth = oracle.Manifest(manifest)
    wait_for("all records", lambda: fake.has_all(truth), 15)
    s.no_problems(fake.tally(oracle.Tally(truth, is_wire=True)).problems())
    s.expect(max(refused, hung) < 5, f"ending took {refused:.1f} s and {hung:.1f} s, grace is 3 s")
    s.note(f"ended in {refused:.1f} s (refused) and {hung:.1f} s (hanging)")
    agent.stop()
    agent.check()


main(healthy, away)
