"""What happens to files while the agent is not there: rotated twice (one generation plain, one compressed), written on,
removed. Everything that still exists on disk is delivered once and in order."""
import glob
import os
import time

import oracle
from lib import Agent, Loki, Pod, free_ports, generate, main, wait_for
from fake_loki import FakeLoki


def two_rotations(s):
    loki = Loki(f"{s.work}/loki").start()
    start = time.time() - 1
    common = dict(containers=10, rate=0, rotate_first=1)
    agent = Agent(s.work, [loki.url]).start()
    generate(s.work, containers=10, rate=0, records=700)
    wait_for("the first part in Loki", lambda: loki.count() == 7000, 20)
    time.sleep(1.5)
    s.expect(agent.stop() == 0, "exit status is not 0")
    generate(s.work, from_seq=700, records=600, **common)
    truth = oracle.Manifest(generate(s.work, from_seq=1300, records=500, **common))
    s.expect(len(glob.glob(f"{s.work}/pods/*/*/*.gz")) == 10, "the generator left no compressed generation")
    agent.start()
    wait_for(lambda: f"{truth.records} records in Loki, there are {loki.count()}", lambda: loki.has_all(truth, start), 30)
    time.sleep(1)
    s.no_problems(loki.tally_all(oracle.Tally(truth), start).problems())
    agent.stop()
    agent.check()


def half_read_then_rotated(s):
    """kill -9 in the middle of a file, two rotations, start: the .gz is taken up at the saved offset."""
    fake = FakeLoki(free_ports(1)).start()
    agent = Agent(s.work, [f"http://127.0.0.1:{fake.port}"]).start()
    p = generate(s.work, wait=False, containers=5, rate=400, seconds=3)
    time.sleep(2)
    agent.kill9()
    p.wait(20)
    done = {r: v["records"] for r, v in oracle.Manifest(p.manifest).rows.items()}
    at = max(done.values())
    # containers may be one apart: each goes on from its own end
    for index, seq in done.items():
        for part in range(2):
            generate(s.work, name=f"more{index}", containers=1, first=index, from_seq=seq + part * 300, records=300, rate=0, rotate_first=1)
    truth = oracle.Manifest(*[f"{s.work}/more{i}.tsv" for i in done])
    agent.start()
    wait_for(lambda: f"{truth.records} records, there are {fake.count()}", lambda: fake.has_all(truth), 20, 0.5)
    time.sleep(0.5)
    s.no_problems(fake.tally(oracle.Tally(truth, is_wire=True)).problems())
    s.expect(at > 0, "nothing was written")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def gone(s):
    """A file vanishes while the agent is down: other files go on. What was written after the last look is known to nobody, so
    the loss counter is not asked here."""
    fake = FakeLoki(free_ports(1)).start()
    agent = Agent(s.work, [f"http://127.0.0.1:{fake.port}"]).start()
    pod, other = Pod(agent.pods, "gone"), Pod(agent.pods, "stays")
    pod.write("one", "two")
    other.write("a")
    wait_for("the first lines", lambda: len(fake.lines()) == 3, 10)
    time.sleep(1.5)
    agent.stop()
    pod.write("never seen")
    os.unlink(pod.path)
    other.write("b")
    agent.start()
    wait_for("the other file goes on", lambda: fake.lines(pod="stays") == ["a", "b"], 10)
    agent.stop()
    agent.check()


main(two_rotations, half_read_then_rotated, gone)
