"""The systemd journal as a source: real journal files that grow, are rotated, deleted and damaged while they are read."""
import json
import os
import random
import subprocess
import time

from fake_loki import FakeLoki, Reply
from journals import Journal, Journald, arrived
from lib import Agent, Loki, free_ports, main, total, wait_for

UNITS = ("ssh.service", "cron.service", "app@1.service")


def config(ports, journals):
    """journals: (name, directory, lines below `journal:`, lines of the job)"""
    clients = ", ".join(f"{{url: 'http://127.0.0.1:{p}/loki/api/v1/push', batchwait: 200ms}}" for p in ports)
    text = f"logs:\n  clients: [{clients}]\n  scrape_configs:\n"
    for name, directory, inside, behind in journals:
        text += f"    - job_name: {name}\n      journal:\n        path: {directory}\n"
        text += "".join(f"        {line}\n" for line in inside) + "".join(f"      {line}\n" for line in behind)
    return text


def usual(directory, name="journal"):
    return (name, directory, ["labels: {job: systemd-journal}"],
            ["relabel_configs:", "  - {source_labels: [__journal__systemd_unit], target_label: unit}"])


def journals_of(agent):
    return agent.api("journals")["data"]["journals"]


def entries(s):
    """Lines, labels and timestamps as Promtail makes them: rules, matches, json, stages; what is dropped has its reason."""
    fake = FakeLoki(free_ports(1)).start()
    j = Journal(f"{s.work}/j")
    rules = ["relabel_configs:",
             "  - {source_labels: [__journal__systemd_unit], target_label: unit}",
             "  - {source_labels: [__journal_priority_keyword], target_label: severity}",
             "  - {source_labels: [__journal_priority_keyword], regex: debug, action: drop}",
             "  - {action: labelmap, regex: __journal_x_(.+)}"]
    stages = ["pipeline_stages:", "  - match: {selector: '{job=\"all\"} |= \"secret\"', action: drop}",
              "  - regex: {expression: 'user=(?P<user>\\w+)'}", "  - labels: {user: }"]
    text = config([fake.port], [
        ("all", j.directory, ["max_age: 1h", "labels: {job: all, __internal: x}"], rules + stages),
        ("json", j.directory, ["json: true", "labels: {job: json}", "matches: _SYSTEMD_UNIT=cron.service PRIORITY=3 + _TRANSPORT=kernel"], []),
        ("bare", j.directory, [], ["relabel_configs:", "  - {source_labels: [__journal__comm], target_label: command}"])])
    j.write("too old", at=time.time() - 7200, _SYSTEMD_UNIT="ssh.service", PRIORITY=6)
    j.write("hello", _SYSTEMD_UNIT="ssh.service", PRIORITY=6, X_COLOUR="red", _COMM="sshd")
    j.write("fine detail", _SYSTEMD_UNIT="ssh.service", PRIORITY=7)
    j.write("a secret", _SYSTEMD_UNIT="ssh.service", PRIORITY=4)
    j.write("bad <tag>", _SYSTEMD_UNIT="cron.service", PRIORITY=3)
    j.write("login user=ann", _SYSTEMD_UNIT="ssh.service", PRIORITY=5)
    j.write("two\nlines", _TRANSPORT="kernel", PRIORITY=0)
    j.write(None, _SYSTEMD_UNIT="ssh.service", PRIORITY=6)
    j.write("", _SYSTEMD_UNIT="empty.service", PRIORITY="x")
    j.close()
    agent = Agent(s.work, config=text, dev=True).start()
    wait_for(lambda: f"all, there are {fake.lines()}", lambda: len(fake.lines(job="all")) == 5 and len(fake.lines(job="json")) == 2 and
             len(fake.lines(command="sshd")) == 1, 15)
    got = {e.line: e for e in fake.snapshot() if e.labels.get("job") == "all"}
    s.expect(set(got) == {"hello", "bad <tag>", "login user=ann", "two\nlines", ""}, f"lines {sorted(got)}")
    s.expect(got["hello"].labels == {"job": "all", "unit": "ssh.service", "severity": "info", "colour": "red"},
             f"labels {got['hello'].labels}")
    s.expect(got["login user=ann"].labels.get("user") == "ann" and got["login user=ann"].labels["severity"] == "notice", "labels of stages")
    s.expect(got[""].labels["severity"] == "x" and "unit" not in got["two\nlines"].labels, "labels of the odd ones")
    s.expect(got["bad <tag>"].meta.get("detected_level") == "error" and got["two\nlines"].meta.get("detected_level") == "fatal", "level of the priority")
    by_message = {e.field("MESSAGE"): e for e in j.written}
    for line, e in got.items():
        s.expect(e.timestamp == by_message[line.encode()].timestamp, f"timestamp of {line!r}")
    objects = sorted(fake.lines(job="json"))
    want = '{"MESSAGE":"bad \\u003ctag\\u003e","PRIORITY":"3","_BOOT_ID":"0123456789abcdef0123456789abcdef","_SYSTEMD_UNIT":"cron.service"}'
    s.expect(objects[0] == want, f"got {objects[0]}")
    s.expect(json.loads(objects[1])["MESSAGE"] == "two\nlines", f"got {objects[1]}")
    m = agent.scrape()
    for reason, n in (("no_message", 2), ("relabel", 1), ("no_labels", 7), ("pipeline/match_stage", 1)):
        s.expect(total(m, "spoor_log_lines_dropped_total", reason=reason) == n, f"{reason}: {m['spoor_log_lines_dropped_total']}")
    s.expect(total(m, "spoor_log_lines_read_total") == 19, f"read {m['spoor_log_lines_read_total']}")
    rows = {f["job"]: f for f in agent.api("files?limit=100")["data"]["files"]}
    s.expect(set(rows) == {"all", "json", "bare"} and rows["all"]["state"] == "at_end", f"files {rows}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def grows(s):
    """Written, rotated and read at the same time, with kill -9 every second or so: each entry is in a real Loki once, in order."""
    loki = Loki(f"{s.work}/loki").start()
    j = Journal(f"{s.work}/j")
    j.write("first", _SYSTEMD_UNIT=UNITS[0])
    agent = Agent(s.work, config=config([loki.port], [usual(j.directory)])).start()
    chance = random.Random(int(os.environ.get("SEED", "1")))
    kills, end, n = 0, time.monotonic() + int(os.environ.get("GROW", "20")), 0
    next_kill = time.monotonic() + 1
    while time.monotonic() < end:
        for _ in range(chance.randint(1, 60)):
            j.write(f"entry {n} {chance.getrandbits(64):016x}", _SYSTEMD_UNIT=UNITS[n % 3], PRIORITY=n % 8)
            n += 1
        if chance.random() < 0.06:
            j.rotate()
        if time.monotonic() > next_kill:
            agent.kill9()
            kills += 1
            agent.start()
            next_kill = time.monotonic() + 0.3 + chance.random()
        time.sleep(0.03)
    j.close()
    want = {}
    for e in j.written:
        want.setdefault(e.field("_SYSTEMD_UNIT").decode(), []).append((e.timestamp, e.field("MESSAGE").decode()))

    def read_back(unit):
        rows = []
        for r in loki.ask("query_range", query=f'{{job="systemd-journal",unit="{unit}"}}', start=j.written[0].timestamp - 10**9,
                          end=j.last_us * 1000 + 10**9, limit=1000000, direction="forward"):
            rows += [(int(v[0]), v[1]) for v in r["values"]]
        return sorted(rows)

    for unit, rows in want.items():
        wait_for(lambda: f"{len(rows)} of {unit}, there are {len(read_back(unit))}", lambda: len(read_back(unit)) >= len(rows), 30, 0.5)
        s.expect(read_back(unit) == rows, f"{unit}: what Loki has is not what was written")
    s.note(f"{len(j.written)} entries in {j.archived + 1} files, {kills} kills")
    s.expect(kills >= 3 and j.archived >= 1, "nothing was killed or rotated")
    wait_for("nothing pending", lambda: total(agent.scrape(), "spoor_log_lines_pending") == 0, 15)
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def blocks(s):
    """Stages join lines that come one by one, of units that mingle, while the agent is killed again and again: each block is in a real Loki
    once, as it was written, with nothing of it left over."""
    loki = Loki(f"{s.work}/loki").start()
    j = Journal(f"{s.work}/j")
    name, directory, inside, behind = usual(j.directory)
    behind = behind + ["pipeline_stages:", "  - multiline: {firstline: '^B[0-9]', max_wait_time: 2s}"]
    chance = random.Random(int(os.environ.get("SEED", "1")))
    want, open_blocks, n, kills = {u: [] for u in UNITS}, {u: [] for u in UNITS}, 0, 0

    def write(unit, line):
        j.write(line, _SYSTEMD_UNIT=unit)
        if line.startswith("B"):
            want[unit].append([j.last_us * 1000, line])
        else:
            want[unit][-1][1] += "\n" + line

    for unit in UNITS:
        write(unit, f"B0 {unit}")
    agent = Agent(s.work, config=config([loki.port], [(name, directory, inside, behind)])).start()
    end, next_kill = time.monotonic() + int(os.environ.get("GROW", "12")), time.monotonic() + 1.5
    while time.monotonic() < end:
        unit = chance.choice(UNITS[:2] if chance.random() < 0.9 else UNITS)
        if not open_blocks[unit]:
            n += 1
            open_blocks[unit] = [f"B{n} {chance.getrandbits(64):016x}"] + [f"  {n}.{i} {'x' * chance.randint(0, 300)}" for i in range(chance.randint(0, 6))]
        write(unit, open_blocks[unit].pop(0))
        if j.last_us * 1000 - want[unit][-1][0] > 1.5e9:  # the next line might come too late for this block
            open_blocks[unit] = []
        time.sleep(chance.choice((0, 0, 0, 0.01, 0.05)))
        if time.monotonic() > next_kill:
            agent.kill9()
            kills += 1
            agent.start()
            next_kill = time.monotonic() + 0.8 + chance.random()
    j.close()

    def read_back(unit):
        rows = []
        for r in loki.ask("query_range", query=f'{{job="systemd-journal",unit="{unit}"}}', start=j.written[0].timestamp - 10**9,
                          end=j.last_us * 1000 + 10**9, limit=1000000, direction="forward"):
            rows += [[int(v[0]), v[1]] for v in r["values"]]
        return sorted(rows)

    for unit, rows in want.items():
        wait_for(lambda: f"{len(rows)} blocks of {unit}, there are {len(read_back(unit))}", lambda: len(read_back(unit)) >= len(rows), 30, 0.5)
        got = read_back(unit)
        s.expect(got == rows, f"{unit}: {[r for r in got if r not in rows][:2]} came, {[r for r in rows if r not in got][:2]} did not")
    wait_for("nothing pending", lambda: total(agent.scrape(), "spoor_log_lines_pending") == 0, 15)
    s.note(f"{n} blocks of {len(j.written)} entries, {kills} kills")
    s.expect(kills >= 3 and total(agent.scrape(), "spoor_log_lines_joined_total") > 0, "nothing was killed, or nothing joined")
    cursor = journals_of(agent)[0]
    s.expect(cursor["cursor_acked"] == cursor["cursor_read"], f"the place stays behind: {cursor}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def one_dead(s):
    """Two destinations, one of them away over a restart: the other one has everything at once, it has everything in the end."""
    well, ports = FakeLoki(free_ports(1)).start(), free_ports(1)
    j = Journal(f"{s.work}/j")
    text = config([well.port, ports], [usual(j.directory)])
    agent = Agent(s.work, config=text, dev=True).start()
    lines = [f"line {i}" for i in range(3000)]
    j.write(*lines[:2000], _SYSTEMD_UNIT="a.service")
    arrived("the well one", well, lines[:2000])
    rows = {r["destination"]: r for r in journals_of(agent)}
    s.expect(len(rows) == 2 and len({r["cursor_acked"] for r in rows.values()}) == 2, f"places {rows}")
    s.expect(total(agent.scrape(), "spoor_log_lines_pending") > 0, "nothing is pending for the dead one")
    s.expect(agent.stop() == 0, "exit status is not 0")
    j.rotate()
    j.write(*lines[2000:2500], _SYSTEMD_UNIT="a.service")
    agent.start()
    j.write(*lines[2500:], _SYSTEMD_UNIT="a.service")
    arrived("the well one after a restart", well, lines)
    late = FakeLoki(ports).start()
    arrived("the one that came back", late, lines, 40)
    for fake in (well, late):
        stamps = {}
        for e in fake.snapshot():
            s.expect(stamps.setdefault(e.line, e.timestamp) == e.timestamp, f"two timestamps of {e.line}")
    wait_for(lambda: f"nothing pending: {agent.scrape()['spoor_log_lines_pending']}", lambda: total(agent.scrape(), "spoor_log_lines_pending") == 0, 20)
    m = agent.scrape()
    s.expect(total(m, "spoor_log_lines_read_total") == 3000, f"read {m['spoor_log_lines_read_total']}")
    s.expect(len({r["cursor_acked"] for r in journals_of(agent)}) == 1, "the places are not the same in the end")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def vacuumed(s):
    """Entries deleted while a destination is away: what libsystemd still has open is delivered, what is gone is told, and the ledger closes."""
    well, port = FakeLoki(free_ports(1)).start(), free_ports(1)
    j = Journal(f"{s.work}/j")
    agent = Agent(s.work, config=config([well.port, port], [usual(j.directory)]), dev=True)
    lines = [f"line {i} {'x' * 400}" for i in range(30000)]
    j.write(*lines[:20000], _SYSTEMD_UNIT="a.service")
    j.rotate()
    agent.start()
    arrived("the well one", well, lines[:20000], 40)
    j.vacuum()
    j.write(*lines[20000:], _SYSTEMD_UNIT="a.service")
    arrived("the well one", well, lines, 40)
    late = FakeLoki(port).start()
    arrived("the one that came back, of a file that was deleted before it was read", late, lines, 60)
    wait_for("nothing pending", lambda: total(agent.scrape(), "spoor_log_lines_pending") == 0, 20)
    s.expect(total(agent.scrape(), "spoor_journal_gaps_total") == 0, "a gap where there was none")
    s.expect(agent.stop() == 0, "exit status is not 0")
    j.write(*[f"unread {i}" for i in range(10)], _SYSTEMD_UNIT="a.service")
    j.rotate()
    j.vacuum()
    j.write("after the gap", _SYSTEMD_UNIT="a.service")
    agent.start()
    for fake in (well, late):
        arrived("what is left", fake, ["after the gap"])
    s.expect(not well.lines() or not any(line.startswith("unread") for line in well.lines()), "entries that were deleted arrived")
    m = agent.scrape()
    s.expect(total(m, "spoor_journal_gaps_total", reason="vacuumed") == 2, f"gaps {m['spoor_journal_gaps_total']}")
    s.expect("not in the journal any more" in agent.process.log_text(), "the gap is not told")
    wait_for("nothing pending", lambda: total(agent.scrape(), "spoor_log_lines_pending") == 0, 20)
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def lost_for_one(s):
    """What one destination has read and another can never read is lost for that one, and counted so."""
    well, port = FakeLoki(free_ports(1)).start(), free_ports(1)
    j = Journal(f"{s.work}/j")
    agent = Agent(s.work, config=config([well.port, port], [usual(j.directory)]), dev=True).start()
    j.write(*[f"early {i}" for i in range(100)], _SYSTEMD_UNIT="a.service")
    arrived("the well one", well, [f"early {i}" for i in range(100)])
    s.expect(agent.stop() == 0, "exit status is not 0")
    j.rotate()
    j.vacuum()
    j.write("late", _SYSTEMD_UNIT="a.service")
    agent.start()
    arrived("the well one", well, ["late"])
    late = FakeLoki(port).start()
    arrived("the other one", late, ["late"], 30)
    s.expect(late.lines() == ["late"], f"got {late.lines()[:3]}")
    s.expect(total(agent.scrape(), "spoor_journal_gaps_total", reason="vacuumed") >= 1, "the gap is not counted")
    wait_for("nothing pending", lambda: total(agent.scrape(), "spoor_log_lines_pending") == 0, 20)
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def hostile(s):
    """Binary, huge and strange entries: each arrives once, repaired and cut, in bounded memory."""
    fake = FakeLoki(free_ports(1)).start()
    j = Journal(f"{s.work}/j")
    rules = ["relabel_configs:", "  - {action: labelmap, regex: __journal_(label_.*)}"]
    agent = Agent(s.work, config=config([fake.port], [("a", j.directory, ["labels: {job: a}"], rules),
                                                      ("b", j.directory, ["labels: {job: b}", "json: true"], [])]), dev=True).start()
    j.write(b"nul \x00 and \xff\xfe bytes")
    j.write(b"H" * (30 << 20))
    j.write(b"\x00" * 100000)
    j.write("long name", **{"L" * 64: "x"})
    j.write("long labels", LABEL_A="v" * 3000, LABEL_B="\x1b[31m\"}\n{evil=\"1\"", LABEL_C=b"\xff")
    j.write("too long labels", LABEL_A=b"w" * 200000)
    j.write("many", **{f"F{i}": "x" * 100 for i in range(900)})
    j.write("last")
    j.close()
    # 200,000 bytes of a label are cut at 64 KiB, which with the others is more than an entry's labels may have.
    wait_for(lambda: f"7 and 8 lines, there are {len(fake.lines(job='a'))} and {len(fake.lines(job='b'))}",
             lambda: len(fake.lines(job="a")) == 7 and len(fake.lines(job="b")) == 8, 30)
    lines = {e.line[:12]: e for e in fake.snapshot() if e.labels["job"] == "a"}
    s.expect("nul   and �" in "".join(lines), f"got {sorted(lines)}")
    huge = lines["HHHHHHHHHHHH"].line
    s.expect(len(huge) == 262000 and huge.endswith("[truncated by spoor]"), f"{len(huge)} bytes")
    s.expect(lines["long labels"].labels["label_b"] == "\x1b[31m\"}\n{evil=\"1\"" and lines["long labels"].labels["label_c"] == "_",
             f"{lines['long labels'].labels}")
    m = agent.scrape()
    s.expect(total(m, "spoor_log_lines_dropped_total", reason="invalid_labels") == 1, f"{m['spoor_log_lines_dropped_total']}")
    s.expect(total(m, "spoor_log_lines_truncated_total") == 3, f"cut {m['spoor_log_lines_truncated_total']}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def damaged(s):
    """Files that are no journals, cut short or overwritten: told, counted, and the others are read."""
    fake = FakeLoki(free_ports(1)).start()
    j = Journal(f"{s.work}/j")
    names = []
    for i in range(3):
        j.write(*[f"file {i} line {k}" for k in range(2000)])
        names.append(j.rotate())
    j.write("alive")
    j.close()
    with open(names[0], "r+b") as f:
        f.write(b"\0" * 64)
    os.truncate(names[1], 100000)
    with open(names[2], "r+b") as f:
        f.seek(1 << 20)
        f.write(random.Random(1).randbytes(512 << 10))
    with open(f"{s.work}/j/text.journal", "w") as f:
        f.write("not a journal at all\n" * 100)
    agent = Agent(s.work, config=config([fake.port], [usual(j.directory)]), dev=True).start()
    arrived("the good file", fake, ["alive"])
    wait_for("told", lambda: "3 of 5 journal files are damaged" in agent.process.log_text(), 10)
    s.expect(total(agent.scrape(), "spoor_journal_gaps_total", reason="damaged") >= 1, "not counted")
    j.write("still alive")
    arrived("the good file", fake, ["still alive"])
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def comes_late(s):
    """No directory, no file, no right, no library: told plainly, and everything else runs."""
    fake = FakeLoki(free_ports(1)).start()
    files = f"    - job_name: files\n      static_configs: [{{labels: {{job: files, __path__: {s.work}/*.txt}}}}]\n"
    with open(f"{s.work}/a.txt", "w") as f:
        f.write("of a file\n")
    text = config([fake.port], [usual(f"{s.work}/j")]) + files
    agent = Agent(s.work, config=text, dev=True).start()
    arrived("the file", fake, ["of a file"])
    wait_for("told", lambda: "there is no such directory" in agent.process.log_text(), 10)
    row = next(f for f in agent.api("files")["data"]["files"] if f["job"] == "journal")
    s.expect(row["state"] == "error" and "no such directory" in row["error"], f"row {row}")
    Journal(f"{s.work}/j").write("of the journal").close()
    arrived("the journal", fake, ["of the journal"])
    wait_for("told", lambda: "the journal is read again" in agent.process.log_text(), 10)
    s.expect(agent.stop() == 0, "exit status is not 0")
    os.makedirs(f"{s.work}/lib")
    with open(f"{s.work}/lib/libsystemd.so.0", "w") as f:
        f.write("no library")
    agent.env["LD_LIBRARY_PATH"] = f"{s.work}/lib"
    agent.start()
    with open(f"{s.work}/a.txt", "a") as f:
        f.write("more\n")
    arrived("the file", fake, ["more"])
    status = agent.api("status")["data"]
    s.expect(status["degraded"] and "libsystemd.so.0" in status["degraded_why"], f"status {status['degraded_why']}")
    s.expect("Debian package libsystemd0" in agent.process.log_text(), "not told")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def max_age(s):
    """Older entries are not read at a start, whatever is saved; a place that is young enough is gone on from."""
    fake = FakeLoki(free_ports(1)).start()
    j = Journal(f"{s.work}/j")
    now = time.time()
    j.write("older", at=now - 7000)
    j.write("old", at=now - 3000)
    job = (usual(j.directory)[0], j.directory, ["labels: {job: systemd-journal}", "max_age: 1h"], [])
    agent = Agent(s.work, config=config([fake.port], [job]), dev=True).start()
    arrived("the young one", fake, ["old"])
    s.expect(agent.stop() == 0, "exit status is not 0")
    j.write("more", "and more", at=now - 2000).close()
    agent.start()
    arrived("what came meanwhile", fake, ["more", "and more"])
    s.expect(agent.stop() == 0, "exit status is not 0")
    s.expect(sorted(fake.lines()) == ["and more", "more", "old"], f"got {fake.lines()}")
    j.write("young", at=now - 100).close()
    agent.write_config(agent.text.replace("max_age: 1h", "max_age: 15m"))
    agent.start()
    arrived("what is young enough", fake, ["young"])
    s.expect(total(agent.scrape(), "spoor_journal_gaps_total") == 0, "a gap: nothing was left out")
    s.expect(agent.stop() == 0, "exit status is not 0")
    j.write("left out", at=now - 99)
    j.write("newest").close()
    agent.write_config(agent.text.replace("max_age: 15m", "max_age: 90s"))
    agent.start()
    arrived("the newest", fake, ["newest"])
    s.expect("left out" not in fake.lines(), "an entry older than max_age")
    s.expect(total(agent.scrape(), "spoor_journal_gaps_total", reason="too_old") == 1, "what is left out is not counted")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def from_promtail(s):
    """Promtail's cursor is gone on from, once, by the job of its name only, and not behind max_age."""
    fake = FakeLoki(free_ports(1)).start()
    j = Journal(f"{s.work}/j")
    j.write("ancient", at=time.time() - 7200)
    j.write("shipped by Promtail", "the last one of it", "next", "and next").close()
    listed = subprocess.run(["journalctl", "-D", j.directory, "-o", "json", "--no-pager"], capture_output=True, text=True, check=True).stdout
    cursors = {e["MESSAGE"]: e["__CURSOR"] for e in map(json.loads, listed.splitlines())}

    def kept(**rows):
        with open(f"{s.work}/promtail.yaml", "w") as f:
            f.write("positions:\n" + "".join(f"  cursor-{job}: {cursors[message]}\n" for job, message in rows.items()))

    kept(journal="the last one of it", other="ancient")
    jobs = [(name, j.directory, [f"labels: {{job: {name}}}", "max_age: 1h"], []) for name in ("journal", "other", "third")]
    agent = Agent(s.work, config=config([fake.port], jobs), dev=True, args=[f"--positions.import={s.work}/promtail.yaml"]).start()
    young = ["shipped by Promtail", "the last one of it", "next", "and next"]
    wait_for(lambda: f"what each job reads, there is {fake.lines()}", lambda: len(fake.lines()) >= 2 + 4 + 4, 15)
    s.expect(fake.lines(job="journal") == ["next", "and next"], f"the job of that name: {fake.lines(job='journal')}")
    s.expect(fake.lines(job="other") == young, f"a cursor behind max_age: {fake.lines(job='other')}")
    s.expect(fake.lines(job="third") == young, f"no cursor: {fake.lines(job='third')}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    kept(journal="shipped by Promtail")  # a second start has places of its own
    j.write("later").close()
    agent.start()
    wait_for("what came later", lambda: len(fake.lines(job="third")) == 5, 15)
    wait_for("what came later", lambda: fake.lines(job="journal")[-1] == "later", 15)
    s.expect(fake.lines(job="journal") == ["next", "and next", "later"], f"again: {fake.lines(job='journal')}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def throttled(s):
    """Loki throttles one stream of the journal: its entries wait, and arrive in the end; files go on."""
    state = {"refused": 0}

    def behave(r):
        if state["refused"] < 4 and any('unit="a.service"' in labels for labels, _ in r.streams):
            state["refused"] += 1
            return Reply(429, b"Per stream rate limit exceeded (limit: 3MB/sec) while attempting to ingest for stream "
                              b"'{job=\"systemd-journal\", unit=\"a.service\"}' totaling 10B, consider splitting a stream",
                         store=lambda e: e.labels.get("unit") != "a.service")
        return Reply()

    fake = FakeLoki(free_ports(1), behave).start()
    j = Journal(f"{s.work}/j")
    lines = ["first"]
    j.write("first", _SYSTEMD_UNIT="b.service")
    agent = Agent(s.work, config=config([fake.port], [usual(j.directory)]), dev=True).start()
    for i in range(200):
        lines += [f"a {i}", f"b {i}"]
        j.write(lines[-2], _SYSTEMD_UNIT="a.service").write(lines[-1], _SYSTEMD_UNIT="b.service")
        time.sleep(0.005)
    arrived("all", fake, lines, 40)
    s.expect(state["refused"] == 4, "nothing was throttled")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def real_journald(s):
    """A systemd-journald of our own, in a mount namespace: no configuration at all, rotation and vacuum by journalctl itself."""
    fake = FakeLoki(free_ports(1)).start()
    agent = Agent(s.work, config="", kubernetes=False, args=[f"--loki.url=http://127.0.0.1:{fake.port}/loki/api/v1/push",
                                                             f"--path.docker={s.work}/none", f"--path.pod-logs=/var/log/pods"])
    agent.text = None
    journald = Journald(s.work)
    try:
        agent.prefix = journald.inside
        say = journald.say
        say("before the start")
        agent.start()
        arrived("what was there", fake, ["before the start"])
        for i in range(5):
            say(f"round {i}")
            journald.rotate()
            if i == 2:
                agent.kill9()
                agent.start()
        got = arrived("all rounds", fake, [f"round {i}" for i in range(5)])
        s.expect(got["round 1"].labels["job"] == "systemd-journal", f"labels {got['round 1'].labels}")
        status = agent.api("status")["data"]
        s.expect(status["mode"] == "host" and "the systemd journal" in status["mode_why"], f"mode {status['mode_why']}")
        s.expect(agent.stop() == 0, "exit status is not 0")
        agent.check()
    finally:
        journald.stop()


main(entries, grows, blocks, one_dead, vacuumed, lost_for_one, hostile, damaged, comes_late, max_age, from_promtail, throttled, real_journald)
