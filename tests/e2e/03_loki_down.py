"""Loki is stopped under load and started again (DOWN seconds, 60). Files rotate and old generations are deleted meanwhile.
Nothing missing, memory flat, the ledger balances all the time, /-/ready stays true, and the backlog drains quickly."""
import os
import time

import oracle
from lib import Agent, Loki, finish, generate, get, main, total, wait_for


def loki_down(s):
    down = float(os.environ.get("DOWN", "60"))
    loki = Loki(f"{s.work}/loki").start()
    start = time.time() - 1
    agent = Agent(s.work, [loki.url]).start()
    p = generate(s.work, wait=False, containers=20, rate=100, rotate_ms=6000, keep=5, seconds=down + 12)
    time.sleep(6)
    before = agent.process.memory_mib()
    loki.stop()
    worst, ready = 0.0, True
    end = time.monotonic() + down
    while time.monotonic() < end:
        time.sleep(1)
        worst = max(worst, agent.process.memory_mib())
        ready &= get(agent.url + "/-/ready")[0] == 200
    m = agent.scrape()
    s.expect(ready, "/-/ready was not 200 while Loki was down")
    lag = max(m["spoor_log_lag_seconds"].values())
    s.expect(down - 10 < lag < down + 15, f"lag says {lag:.0f} s after {down:.0f} s")
    loki.start()
    back = time.monotonic()
    truth = oracle.Manifest(finish(p))
    wait_for(lambda: f"{truth.records} records in Loki, there are {loki.count()}", lambda: loki.has_all(truth, start), 60, 0.5)
    s.note(f"RSS {before:.1f} MiB before, {worst:.1f} worst while down; all there {time.monotonic() - back:.0f} s after the return")
    s.no_problems(loki.tally_all(oracle.Tally(truth), start).problems())
    s.expect(worst < before + 12, f"memory grew from {before:.1f} to {worst:.1f} MiB while Loki was down")
    dropped = total(agent.scrape(), "spoor_log_lines_dropped_total")
    s.expect(dropped == 0, f"{dropped:.0f} lines dropped")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check(min_scrapes=int(down))


main(loki_down)
