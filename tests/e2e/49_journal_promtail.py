"""The systemd journal, with the real Promtail as the judge: both read the same journal files, each into a tenant of its own in one real Loki, and
streams, labels, lines and timestamps must be the same there."""
import os
import time

from journals import Journal, Journald
from lib import Agent, Failed, Loki, free_ports, main, wait_for
from promtail import Promtail, alike, as_it_is, client, configuration, entries, show

SETTLED_S, PATIENCE_S = 3, 40
RULE = "{source_labels: [__journal_%s], target_label: %s}"
UNIT = RULE % ("_systemd_unit", "unit")


def job(name, inside="", behind="", path="mixed", labels=None):
    labels = f"labels: {{job: {name}}}, " if labels is None else labels
    place = f"path: /case/{path}, " if path else ""
    return f"  - {{job_name: {name}, journal: {{{place}{labels}{inside}}}, {behind}}}\n"


def rules(*rows):
    return "relabel_configs: [" + ", ".join(rows) + "], "


def stages(*rows):
    return "pipeline_stages: [" + ", ".join(rows) + "], "


OF_FIELDS = rules(UNIT, RULE % ("priority_keyword", "severity"), RULE % ("priority", "priority"), RULE % ("_hostname", "host"),
                  RULE % ("_transport", "transport"), RULE % ("syslog_identifier", "program"), RULE % ("no_such_field", "none"), RULE % ("twice", "twice"))
JOBS = [
    job("labels"),
    job("more_labels", labels="labels: {job: more_labels, level: of the job, __hidden: x, empty: ''}, ", behind=rules("{source_labels: [__hidden], target_label: shown}")),
    job("without", labels="", behind=rules("{target_label: job, replacement: without}")),
    job("partly", labels="", behind=rules(UNIT, "{source_labels: [unit], regex: .+, target_label: job, replacement: partly}")),
    job("fields", behind=OF_FIELDS),
    job("own_wins", labels="labels: {job: own_wins, __journal__hostname: of the job}, ", behind=OF_FIELDS),
    job("labelmap", behind=rules("{action: labelmap, regex: '__journal__(hostname|transport|systemd_unit)'}")),
    job("kept", behind=rules("{action: keep, source_labels: [__journal_priority_keyword], regex: 'err.*|crit'}", UNIT)),
    job("dropped", behind=rules("{action: drop, source_labels: [__journal__systemd_unit, __journal_priority], regex: 'cron.service;.*'}")),
    job("hashed", behind=rules("{action: hashmod, source_labels: [__journal__systemd_unit], modulus: 7, target_label: shard}",
                               "{action: uppercase, source_labels: [__journal_syslog_identifier], target_label: program}",
                               "{action: dropequal, source_labels: [__journal__transport], target_label: __journal__systemd_unit}")),
    job("json", "json: true, "),
    job("json_fields", "json: true, ", OF_FIELDS),
    job("json_stages", "json: true, ", stages("{json: {expressions: {text: MESSAGE, who: _UID, unit: _SYSTEMD_UNIT}}}", "{labels: {unit: , uid: who}}",
                                              "{output: {source: text}}")),
    job("match", "matches: _SYSTEMD_UNIT=cron.service, ", rules(UNIT)),
    job("match_any", "matches: '_SYSTEMD_UNIT=cron.service   _SYSTEMD_UNIT=ssh.service', ", rules(UNIT)),
    job("match_all", "matches: '_SYSTEMD_UNIT=ssh.service _TRANSPORT=syslog PRIORITY=6 PRIORITY=4', ", OF_FIELDS),
    job("stages", behind=rules(UNIT) + stages(r"{match: {selector: '{unit=\"ssh.service\"} |= \"user\"', stages: [{regex: {expression: 'user=(?P<user>\\w+)'}}, {labels: {user: }}]}}".replace(r'\"', '"').replace(r'\\', '\\'),
                                              "{drop: {expression: 'not wanted'}}", "{template: {source: out, template: '[{{ .Entry }}]'}}", "{output: {source: out}}", "{labeldrop: [unit]}")),
    job("timestamp", behind=stages(r"{regex: {expression: '^at (?P<at>\S+)'}}", "{timestamp: {source: at, format: RFC3339Nano}}")),
    job("multiline", behind=rules(UNIT) + stages("{multiline: {firstline: '^BEGIN', max_wait_time: 1s}}")),
    job("binary", path="binary"),
    job("binary_json", "json: true, ", path="binary"),
    job("binary_labels", behind=rules(RULE % ("blob", "blob")), path="binary"),
    job("long", path="long"),
    job("long_json", "json: true, ", path="long"),
    job("old", path="old"),
    job("age", "max_age: 90m, ", path="old"),
    job("any_age", "max_age: 0s, ", path="old"),
    job("long_age", "max_age: 100h, ", path="old"),
    job("rotated", path="rotated"),
]


def repaired(row):
    """As Spoor sends it. (Loki's answer has a U+FFFD for each byte that is none of a character, Spoor one for what was meant to be a character.)"""
    line = row[2].replace("\0", " ").replace("cut \ufffd\ufffd", "cut \ufffd")
    return (row[0], row[1], line[:-1] if line.endswith("\r") else line, row[3])


# As in 37_promtail.py: where both differ on purpose. A case that does not differ any more fails.
BYTES = "NUL bytes, bytes that are no UTF-8, a carriage return at the end of a line"
KNOWN = {
    "binary": (BYTES, as_it_is, repaired),
    "binary_labels": (BYTES, as_it_is, repaired),
}


def mixed(j):
    """What a journal has in it: services, the kernel, syslog; entries with odd fields and without any."""
    common = {"_HOSTNAME": "node-1", "_MACHINE_ID": "0123456789abcdef0123456789abcdef", "_UID": "0"}
    for number in range(8):
        j.write(f"priority {number}", PRIORITY=number, _SYSTEMD_UNIT="ssh.service", _TRANSPORT="syslog", SYSLOG_IDENTIFIER="sshd", **common)
    for odd in ("", "8", "12", "info", " 3"):
        j.write(f"priority {odd!r}", PRIORITY=odd, _SYSTEMD_UNIT="cron.service", **common)
    j.write("accepted user=ann", "user=bob refused", PRIORITY=6, _SYSTEMD_UNIT="ssh.service", _TRANSPORT="syslog", SYSLOG_IDENTIFIER="sshd", **common)
    j.write("(root) CMD (true)", "not wanted at all", PRIORITY=6, _SYSTEMD_UNIT="cron.service", _TRANSPORT="syslog", SYSLOG_IDENTIFIER="CRON", **common)
    j.write("kernel: eth0 up", PRIORITY=5, _TRANSPORT="kernel", SYSLOG_IDENTIFIER="kernel", **common)
    j.write("nothing but a message", "", "  blanks  ", "\ttab", "UTF-8 žluťoučký 日本 😀", '{"a": "json", "level": "error"}', "<tag> & \"quotes\" \\ \u2028")
    j.write("two\nlines", "three\n\nlines\n", "ends with a line feed\n", "\n", "carriage\r\nreturn", PRIORITY=3, _SYSTEMD_UNIT="app@1.service", **common)
    j.write("BEGIN one", "  of one", "BEGIN two", "  of two", "  of two again", PRIORITY=6, _SYSTEMD_UNIT="app@1.service", **common)
    j.write("BEGIN other", "  of other", PRIORITY=6, _SYSTEMD_UNIT="app@2.service", **common)
    j.write(None, None, PRIORITY=6, _SYSTEMD_UNIT="ssh.service", **common)
    j.write_fields([("MESSAGE", "two fields of a name"), ("TWICE", "first"), ("TWICE", "second"), ("_HOSTNAME", "node-1")])
    j.write_fields([("MESSAGE", "first message"), ("MESSAGE", "second message")])
    j.write_fields([("TWICE", "it has"), ("MESSAGE", "fields in another order"), ("A", "1"), ("Z9_", "2"), ("_SYSTEMD_UNIT", "ssh.service")])
    j.write("equal", _TRANSPORT="same", _SYSTEMD_UNIT="same")
    j.write("an empty field", _SYSTEMD_UNIT="", PRIORITY="6")
    j.write("at 2026-03-01T12:00:00.123456789Z it was", "at noon it was", _SYSTEMD_UNIT="ssh.service")
    j.write("trace_id=4bf92f3577b34da6a3ce929d0e0e4736 level=error", PRIORITY=6)


def write_all(root, now):
    """All of it in the past, so that a timestamp of reading is told from one of the entry."""
    made = {name: Journal(f"{root}/{name}") for name in ("mixed", "binary", "long", "old", "rotated")}
    for j in made.values():
        j.clock = lambda: now - 600
    mixed(made["mixed"])
    binary = made["binary"]
    binary.write(b"nul \0 in it", b"bytes \xff\xfe in it", b"cut \xe2\x82", "escape \x1b[31mred\x1b[0m and \x07", "del \x7f", "carriage return\r")
    binary.write("blob", BLOB=b"\0\x01\x02")
    binary.write("blob of text", BLOB="line\nline")
    made["long"].write("s" * 60000, "l" * 100000, "short", EXTRA="e" * 1500)
    old = made["old"]
    for hours in (30, 8, 6, 2, 1, 0.5):
        old.write(f"{hours} hours old", at=now - hours * 3600)
    for i in range(4):
        made["rotated"].write(*[f"file {i} line {k}" for k in range(50)])
        if i < 3:
            made["rotated"].rotate()
    return made


class Both:
    """Both programs on one configuration; prefix: what they are started with."""

    def __init__(self, s, loki, jobs, root, prefix=()):
        self.s, self.loki, self.began_ns = s, loki, time.time_ns() - 10**9
        port = free_ports(1)

        def text(who, port):
            return configuration(client(loki, who), jobs, root, f"{s.work}/{who}-positions", port, "target_config: {sync_period: 1s}\n")
        self.judge = Promtail(s.work, text("promtail", port), port)
        self.judge.prefix = list(prefix)
        self.agent = Agent(s.work, config=text("spoor", 0), kubernetes=False, dev=not prefix)
        self.agent.prefix = list(prefix)

    def start(self):
        self.judge.start()
        self.agent.start()

    def stop(self):
        self.s.expect(self.agent.stop() == 0, "exit status is not 0")
        self.judge.stop()

    def entries(self):
        return entries(self.loki, "spoor", self.began_ns), entries(self.loki, "promtail", self.began_ns)

    def settled(self, known, is_there):
        """What both have sent, when nothing changes any more."""
        last, since, end = None, time.monotonic(), time.monotonic() + PATIENCE_S
        while True:
            now = self.entries()
            if now != last:
                last, since = now, time.monotonic()
            is_done = is_there(*now) and not alike(*now, known)[0]
            if time.monotonic() - since >= (SETTLED_S if is_done else 2 * SETTLED_S) and (is_there(*now) or time.monotonic() > end):
                return now
            time.sleep(0.5)

    def judged(self, known, ours, theirs):
        wrong, cured = alike(ours, theirs, known)
        if wrong:
            print("\n".join(show(c, *d) for c, d in wrong.items()), flush=True)
        self.s.expect(not cured, f"said to differ, and does not: {cured}")
        self.s.expect(not wrong, f"{len(wrong)} jobs differ: {', '.join(wrong)}")


def jobs(s):
    """Labels, rules, JSON, matches, stages, ages, binary and long messages, rotated files."""
    loki = Loki(f"{s.work}/loki", limits="  max_query_length: 0\n", tenants=True).start()
    root = f"{s.work}/logs"
    made = write_all(root, time.time())
    only = os.environ.get("CASES", "").split()
    names = [j.split("job_name: ")[1].split(",")[0] for j in JOBS]
    both = Both(s, loki, "".join(j for j, n in zip(JOBS, names) if not only or n in only), root)
    both.start()
    ours, theirs = both.settled(KNOWN, lambda ours, theirs: all(n in theirs for n in (only or names)))
    empty = [n for n in (only or names) if not theirs.get(n)]
    s.expect(not empty, f"the judge sent nothing for {empty}")
    both.judged(KNOWN, ours, theirs)
    for j in made.values():
        j.close()
    both.stop()
    both.agent.check()
    s.note(f"{len(theirs)} jobs, {sum(len(r) for r in theirs.values())} entries, {len(KNOWN)} known differences ({', '.join(KNOWN)})")


def restarted(s):
    """Both stop, and start again, while the journal grows and is rotated: what one has the other has, and each entry once."""
    loki = Loki(f"{s.work}/loki", limits="  max_query_length: 0\n", tenants=True).start()
    root = f"{s.work}/logs"
    j = Journal(f"{root}/grows")
    clock = time.time() - 600
    j.clock = lambda: clock
    both = Both(s, loki, job("grows", behind=rules(UNIT), path="grows") + job("of_a", "matches: _SYSTEMD_UNIT=a.service, ", path="grows"), root)

    def grow(name, count=40):
        j.write(*[f"{name} {i}" for i in range(count)], _SYSTEMD_UNIT="a.service")
        j.write(*[f"{name} {i}" for i in range(count)], _SYSTEMD_UNIT="b.service")

    def all_there(ours, theirs):
        want = len(j.written)
        return all(len(who.get("grows", [])) == want and len(who.get("of_a", [])) == want / 2 for who in (ours, theirs))
    grow("before")
    both.start()
    both.settled({}, all_there)
    grow("while")
    both.settled({}, all_there)
    time.sleep(1.5)  # Promtail writes its positions every second
    both.stop()
    grow("meanwhile")
    j.rotate()
    grow("in another file")
    both.start()
    both.settled({}, all_there)
    grow("at last", 1)
    ours, theirs = both.settled({}, all_there)
    s.expect(all_there(ours, theirs), f"{len(j.written)} written, Spoor has {len(ours['grows'])}, Promtail {len(theirs['grows'])}")
    both.judged({}, ours, theirs)
    both.stop()
    both.agent.check()
    s.note(f"{len(j.written)} entries")


def taken_over(s):
    """The real Promtail is ended in the middle of a journal, Spoor is started on its positions: each entry is there once."""
    loki = Loki(f"{s.work}/loki", limits="  max_query_length: 0\n", tenants=True).start()
    root = f"{s.work}/logs"
    j = Journal(f"{root}/moved")
    clock = time.time() - 600
    j.clock = lambda: clock
    both = Both(s, loki, job("moved", path="moved") + job("other", path="moved", inside="max_age: 1m, "), root)
    both.agent.write_config(both.agent.text.replace("tenant_id: spoor", "tenant_id: promtail").replace("spoor-positions", "promtail-positions"))
    j.write(*[f"before {i}" for i in range(500)])
    both.judge.start()
    wait_for("the judge's entries", lambda: len(both.entries()[1].get("moved", [])) == 500, 20)
    time.sleep(1.5)
    both.judge.stop()
    j.write(*[f"after {i}" for i in range(500)])
    both.agent.start()
    wait_for(lambda: f"all entries, there are {len(both.entries()[1]['moved'])}", lambda: len(both.entries()[1]["moved"]) >= 1000, 30)
    time.sleep(1)
    rows = both.entries()[1]
    lines = [r[2] for r in rows["moved"]]
    s.expect(sorted(lines) == sorted(e.field("MESSAGE").decode() for e in j.written), f"{len(lines)} lines of {len(j.written)}")
    s.expect("other" not in rows, "what is older than max_age was read")
    sent = [r for r in both.agent.scrape().get("spoor_log_lines_read_total", {}).items()]
    s.expect(sum(v for _, v in sent) <= 501, f"Spoor read again what Promtail had sent: {sent}")
    s.expect(both.agent.stop() == 0, "exit status is not 0")
    both.agent.check()


def default_path(s):
    """No path: the journal of the machine, here of a journald in a mount namespace that both join; it rotates meanwhile."""
    journald = Journald(s.work)
    try:
        loki = Loki(f"{s.work}/loki", limits="  max_query_length: 0\n", tenants=True).start()
        journald.say("before the start")
        both = Both(s, loki, job("machine", "matches: SYSLOG_IDENTIFIER=demo, ", OF_FIELDS, path=None) +
                    job("machine_json", "matches: SYSLOG_IDENTIFIER=demo, json: true, ", path=None) +
                    job("all_of_it", "", rules("{source_labels: [__journal__transport], target_label: transport}"), path=None), s.work, journald.inside)
        both.began_ns = time.time_ns() + 3600 * 10**9  # all of these timestamps are the entries' own
        both.start()
        for i, priority in enumerate(("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")):
            journald.say(f"{priority} {i}", priority=priority)
            if i == 3:
                journald.rotate()
        ours, theirs = both.settled({}, lambda ours, theirs: all(len(who.get("machine", [])) == 9 for who in (ours, theirs)))
        s.expect(len(theirs.get("machine", [])) == 9, f"the judge has {theirs.get('machine')}")
        both.judged({}, ours, theirs)
        both.stop()
        s.note(f"{sum(len(r) for r in theirs.values())} entries")
    finally:
        journald.stop()


def refused(s):
    """Words of `matches` that Promtail does not start with, and Spoor reads as journalctl does."""
    loki = Loki(f"{s.work}/loki", limits="  max_query_length: 0\n", tenants=True).start()
    j = Journal(f"{s.work}/logs/odd")
    j.write("one", A="1").write("equals", A="1=2").write("other", B="1")
    for name, matches, want in (("alternatives", "A=1 + B=1", ["one", "other"]), ("equals", "A=1=2", ["equals"])):
        os.makedirs(f"{s.work}/{name}", exist_ok=True)
        both = Both(s, loki, job(name, f"matches: '{matches}', ", path="odd"), f"{s.work}/logs")
        try:
            both.judge.start()
        except Failed as e:
            s.expect("matches" in str(e), str(e))
        else:
            raise Failed(f"Promtail starts with {matches} now: compare it")
        both.agent.start()
        wait_for("the entries", lambda: len(both.entries()[0].get(name, [])) >= len(want), 20)
        got = sorted(r[2] for r in both.entries()[0][name])
        s.expect(got == want, f"{matches}: {got}")
        s.expect(both.agent.stop() == 0, "exit status is not 0")
        both.agent.check()


main(jobs, restarted, taken_over, default_path, refused)
