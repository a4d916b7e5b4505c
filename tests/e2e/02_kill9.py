"""kill -9 at random moments under load, with rotation and compression going on, into a real Loki: nothing missing, nothing
twice, nothing out of order as LogQL sees it. KILLS (25) is the number; SEED repeats a run's moments."""
import os
import random
import time

import oracle
from lib import Agent, Loki, finish, generate, main, wait_for


def kill9(s):
    kills, seed = int(os.environ.get("KILLS", "25")), int(os.environ.get("SEED", time.time_ns() % 10**6))
    random.seed(seed)
    s.note(f"{kills} kills, SEED={seed}")
    loki = Loki(f"{s.work}/loki").start()
    start = time.time() - 1
    agent = Agent(s.work, [loki.url])
    p = generate(s.work, wait=False, containers=20, rate=100, rotate_ms=3000, keep=6)
    for i in range(kills):
        agent.start(wait=False, scrape=i % 3 == 0)
        time.sleep(random.choice((random.uniform(0.01, 0.3), random.uniform(0.3, 2.2))))
        s.expect(agent.process.is_alive(), f"the agent ended by itself before kill {i}: {agent.process.log_text()[-500:]}")
        agent.kill9()
    agent.start()
    p.child.terminate()
    truth = oracle.Manifest(finish(p))
    s.note(f"{truth.records} records")
    wait_for(lambda: f"{truth.records} records in Loki, there are {loki.count()}", lambda: loki.has_all(truth, start), 60, 0.5)
    time.sleep(1.5)  # late repeats
    s.no_problems(loki.tally_all(oracle.Tally(truth), start).problems())
    got = loki.count()
    # What is in flight when the agent is killed is sent again, byte for byte. Loki drops a repeat only while the first is in the
    # newest block of its stream (256 KiB); log queries merge the others, metric queries count them. No sender can know what was
    # stored without an answer, so some repeats are inherent; more than a few per cent would mean that progress is saved late.
    repeats = got - truth.records
    s.note(f"count_over_time counts {repeats} repeats")
    s.expect(0 <= repeats <= truth.records * 0.05, f"count_over_time says {got}, want {truth.records}")
    m = agent.scrape()
    lost = sum(m.get("spoor_log_bytes_lost_total", {}).values())
    s.expect(lost == 0, f"the agent counts {lost:.0f} bytes lost, but nothing is missing")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check(min_scrapes=1)


main(kill9)
