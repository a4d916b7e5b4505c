"""Damaged state: the checkpoint cut at many lengths, single bits flipped, emptied, filled with NUL bytes, replaced by a
newer version's, removed. The agent always starts, loses nothing, and says what it did. The dearest it may do is to send
again, identically, what Loki already has."""
import os
import random
import time

import oracle
from fake_loki import FakeLoki
from lib import Agent, free_ports, generate, main, wait_for


def prepare(s):
    fake = FakeLoki(free_ports(1)).start()
    agent = Agent(s.work, [f"http://127.0.0.1:{fake.port}"], dev=True).start()
    truth = oracle.Manifest(generate(s.work, containers=5, records=200, rate=0))
    wait_for("the first records", lambda: fake.has_all(truth), 15)
    time.sleep(1.3)
    s.expect(agent.stop() == 0, "exit status is not 0")
    files = {}
    for name in os.listdir(agent.state):
        path = f"{agent.state}/{name}"
        if os.path.isfile(path) and os.path.getsize(path):
            with open(path, "rb") as f:
                files[name] = f.read()
    s.expect("positions" in files, f"no positions file in the state directory: {sorted(files)}")
    return fake, agent, files


def put(agent, files, **changed):
    for name in os.listdir(agent.state):
        if os.path.isfile(f"{agent.state}/{name}"):
            os.unlink(f"{agent.state}/{name}")
    for name, data in dict(files, **changed).items():
        if data is not None:
            with open(f"{agent.state}/{name}", "wb") as f:
                f.write(data)


def one_start(s, what, fake, agent, seq):
    """Starts on the damaged state with some new records there: they arrive, and nothing in another form."""
    truth = oracle.Manifest(generate(s.work, containers=5, from_seq=seq, records=5, rate=0))
    agent.start(scrape=False)
    wait_for(lambda: f"{what}: new records", lambda: fake.has_all(truth), 15, 0.05)
    tally = fake.tally(oracle.Tally(truth, is_wire=True))
    problems = [p for p in tally.problems() if "reordered" not in p]
    s.expect(not problems, f"{what}: {problems}")
    code = agent.stop()
    s.expect(code == 0, f"{what}: exit status {code}")
    return seq + 5


def damaged(s):
    fake, agent, files = prepare(s)
    good = files["positions"]
    random.seed(7)
    cases = [("empty", b""), ("NUL bytes", b"\0" * len(good)), ("removed", None), ("text", b"positions:\n  /var/log/x: 17\n"), ("doubled", good * 2)]
    cases += [(f"cut at {n}", good[:n]) for n in sorted(random.sample(range(1, len(good)), 8))]
    for _ in range(8):
        at, bit = random.randrange(len(good)), random.randrange(8)
        cases.append((f"bit {bit} of byte {at} flipped", good[:at] + bytes([good[at] ^ 1 << bit]) + good[at + 1:]))
    seq = 200
    for i, (what, data) in enumerate(cases):
        changed = {"positions": data}
        if i % 2:  # with and without the previous copy beside it
            changed["positions.old"] = None
        put(agent, files, **changed)
        seq = one_start(s, what, fake, agent, seq)
    agent.check(min_scrapes=0)
    s.note(f"{len(cases)} kinds of damage")


def both_damaged(s):
    """The positions file and its previous copy are both unreadable: it begins again from the start and keeps the evidence."""
    fake, agent, files = prepare(s)
    put(agent, files, positions=b"\xff" * 100, **{"positions.old": b"\xff" * 100})
    one_start(s, "both damaged", fake, agent, 200)
    kept = [n for n in os.listdir(agent.state) if n not in ("positions", "positions.old", "lock")]
    s.note(f"state directory holds {sorted(os.listdir(agent.state))}")
    s.expect(any(b"\xff" * 100 in open(f"{agent.state}/{n}", "rb").read() for n in os.listdir(agent.state) if os.path.isfile(f"{agent.state}/{n}")) or kept,
             "the unreadable file was thrown away")
    agent.check(min_scrapes=0)


def newer(s):
    """A file written by a newer version is not destroyed: refuse to start with a clear message, or set it aside."""
    fake, agent, files = prepare(s)
    head = files["positions"].split(b"\n", 1)[0]
    s.note(f"head is {head[:40]!r}")
    digits = [i for i, c in enumerate(head) if chr(c).isdigit()]
    s.expect(digits, "the positions file carries no version in its first line")
    at = digits[0]
    data = files["positions"][:at] + b"9" + files["positions"][at + 1:]
    put(agent, files, positions=data, **{"positions.old": None})
    agent.start(wait=False, scrape=False)
    time.sleep(2)
    if agent.process.is_alive():
        s.expect(agent.stop() == 0, "exit status is not 0")
    else:
        s.expect(agent.process.child.returncode not in (0, -6, -11), f"ended with {agent.process.child.returncode}")
        s.expect("version" in agent.process.log_text(), "no message about the version")
    kept = [n for n in os.listdir(agent.state) if os.path.isfile(f"{agent.state}/{n}") and open(f"{agent.state}/{n}", "rb").read() == data]
    s.expect(kept, f"the newer version's file was overwritten; there is {os.listdir(agent.state)}")
    agent.check(min_scrapes=0)


main(damaged, both_damaged, newer)
