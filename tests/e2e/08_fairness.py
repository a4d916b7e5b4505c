"""One container floods, 30 are quiet: the quiet ones are delivered without delay while the flood is being worked off."""
import time

from fake_loki import FakeLoki, Reply
from lib import Agent, Pod, free_ports, main, wait_for


def fairness(s):
    fake = FakeLoki(free_ports(1), lambda request: Reply(pause=0.2 if request.entries > 1000 else 0))
    fake.keep = lambda entry: entry.labels.get("pod") != "flood"
    fake.start()
    agent = Agent(s.work, [f"http://127.0.0.1:{fake.port}"])
    flood = Pod(agent.pods, "flood")
    block = b"".join(flood.cri(f"flood line number {i} " + "x" * 200) for i in range(4000))
    for _ in range(60):  # 60 MiB of backlog and more coming; the destination is the slow side
        flood.raw(block)
    quiet = [Pod(agent.pods, f"quiet{i}") for i in range(30)]
    for q in quiet:
        q.write("start")
    agent.start()
    wait_for("quiet pods known", lambda: all(fake.lines(pod=q.name) for q in quiet), 20, 0.3)
    delays = []
    for round_ in range(8):
        flood.raw(block)
        for q in quiet:
            q.write(f"tick {round_}")
        t = time.monotonic()
        def ticked():
            got = {e.labels.get("pod") for e in fake.snapshot() if e.line == f"tick {round_}"}
            return len(got) == len(quiet)
        wait_for(lambda: f"all quiet pods' tick {round_}", ticked, 15, 0.05)
        delays.append(time.monotonic() - t)
        time.sleep(0.2)
    s.expect(0 < fake.not_kept < 66 * 4000, f"no contention: {fake.not_kept} flood lines were there when the last tick came")
    s.note(f"slowest quiet pod {max(delays):.2f} s, median {sorted(delays)[len(delays) // 2]:.2f} s; {fake.not_kept} of the flood's lines there by then")
    s.expect(max(delays) < 5, f"a quiet pod waited {max(delays):.1f} s behind the flood")
    s.expect(agent.peak_mib < 64, f"peak RSS {agent.peak_mib:.0f} MiB")
    agent.stop()
    agent.check()


main(fairness)
