"""The real Promtail as the judge: both programs get the same file and the same logs, each writes to a tenant of its own in one real Loki,
and what is there afterwards must be the same: streams with their labels, lines, timestamps that stand in the logs, structured metadata.

Each file of tests/fixtures/promtail is a Promtail file with one job and, behind "#|" (or "#!", with escapes), the lines of its log. Jobs that
need nothing outside of scrape_configs run together in one pair of programs.
"""
import glob
import os
import re
import time

from lib import ROOT, Agent, Loki, free_ports, main
from promtail import Promtail, alike, as_it_is, client, configuration, entries, show

FIXTURES = f"{ROOT}/tests/fixtures/promtail"


def without_line_end(end):
    return lambda row: (row[0], row[1], row[2][:-1] if row[2].endswith(end) else row[2], row[3])


def unframed_without_stream(row):
    is_framed = re.match(r"[a-z]+$", row[2])  # the lines of that case are made so
    return row if is_framed else (tuple(p for p in row[0] if p[0] != "stream"), None, row[2], row[3])


# Where both differ on purpose: why, and what makes ours and the judge's entries the same again. A case that does not differ any more fails.
KNOWN = {
    "cri_unframed": ("a line that the runtime has not written keeps the stream and the time of the one before it: that is the same at every "
                     "replay", unframed_without_stream, as_it_is),
    "docker": ("the line feed at the end of Docker's text is no part of the line", as_it_is, without_line_end("\n")),
    "lines_crlf": ("the carriage return of a line end is no part of the line", as_it_is, without_line_end("\r")),
}
SETTLED_S, PATIENCE_S = 3, 40


class Case:
    """Lines of the log stand behind "#|", or "#!" with escapes, in app.log or what "#@" names."""

    def __init__(self, path, text=None):
        self.name = os.path.basename(path)[:-5]
        if text is None:
            with open(path, encoding="utf-8") as f:
                text = f.read()
        self.jobs = "".join(line for line in text.splitlines(True) if not re.match(r"#|scrape_configs:", line))
        self.files, name = {}, "app.log"
        for mark, line in re.findall(r"^#([|!@]) ?(.*)$", text, re.M):
            if mark == "@":
                name = line
                continue
            data = line.encode().decode("unicode_escape").encode("latin-1") if mark == "!" else line.encode()
            self.files[name] = self.files.get(name, b"") + data + b"\n"

    def write(self, root):
        for name, data in self.files.items():
            path = f"{root}/{self.name}/{name}"
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(data.replace(b"/case/", f"{root}/".encode()))


def run_both(s, loki, group, clients, tenants, extra="", environment=None):
    """Runs the cases of a group through both, clients(who) of each; the entries of its tenants(who), when nothing changes any more."""
    root = f"{s.work}/logs"
    began_ns = time.time_ns() - 10**9
    for c in group:
        c.write(root)
    jobs = "".join(c.jobs for c in group)
    port = free_ports(1)
    judge = Promtail(s.work, configuration(clients("promtail"), jobs.replace("WHO", "promtail"), root, f"{s.work}/promtail-positions", port, extra), port)
    judge.start(*["expand-env"] if environment else [], **environment or {})
    agent = Agent(s.work, config=configuration(clients("spoor"), jobs.replace("WHO", "spoor"), root, f"{s.work}/spoor-positions", 0, extra), kubernetes=False, dev=True,
                  args=["-config.expand-env=true"] if environment else [])
    agent.env.update(environment or {})
    agent.start()
    last, since, end = None, time.monotonic(), time.monotonic() + PATIENCE_S
    while True:
        ours, theirs = ({f"{t}{c}": rows for t in tenants for c, rows in entries(loki, who + t, began_ns).items()} for who in ("spoor", "promtail"))
        if (ours, theirs) != last:
            last, since = (ours, theirs), time.monotonic()
        quiet_s = time.monotonic() - since
        is_done = not alike(ours, theirs, KNOWN)[0] and all(t + c.name in theirs for c in group for t in tenants)
        if quiet_s >= (SETTLED_S if is_done else 2 * SETTLED_S) or time.monotonic() > end:
            break
        time.sleep(0.5)
    s.expect(agent.stop() == 0, "exit status is not 0")
    judge.stop()
    agent.check()
    return ours, theirs


def judged(s, group, tenants, ours, theirs):
    empty = [t + c.name for c in group for t in tenants if not theirs.get(t + c.name)]
    s.expect(not empty, f"the judge sent nothing for {empty}")
    wrong, cured = alike(ours, theirs, KNOWN)
    s.expect(not cured, f"said to differ, and does not: {cured}")
    if wrong:
        print("\n".join(show(c, *d) for c, d in wrong.items()), flush=True)
    s.expect(not wrong, f"{len(wrong)} of {len(group)} configurations differ: {', '.join(wrong)}")
    known = [c.name for c in group if c.name in KNOWN]
    s.note(f"{len(group)} configurations, {sum(len(r) for r in theirs.values())} entries, {len(known)} known differences ({', '.join(known)})")


def real_loki(s):
    return Loki(f"{s.work}/loki", limits="  max_query_length: 0\n", tenants=True).start()


def compare(s, group, clients, tenants=("",), extra="", environment=None):
    loki = real_loki(s)
    judged(s, group, tenants, *run_both(s, loki, group, lambda who: clients(loki, who), tenants, extra, environment))


def configurations(s):
    group = [Case(p) for p in sorted(glob.glob(f"{FIXTURES}/*.yaml"))]
    only = os.environ.get("CASES", "").split()
    compare(s, [c for c in group if not only or c.name in only], client)


def destinations(s):
    """Labels that destinations put on streams, and who wins when a job has them too; a limit that nothing reaches."""
    def clients(loki, who):
        return client(loki, who + "-a-", ", name: a, external_labels: {cluster: eu, job: lost}") + \
            client(loki, who + "-b-", ", name: b, external_labels: {cluster: us, level: lost, word: kept}")

    compare(s, [Case(f"{FIXTURES}/{n}.yaml") for n in ("cri_then_json", "level_words", "labelallow", "labeldrop", "lines")], clients, ("-a-", "-b-"),
            "limits_config: {max_line_size: 1MB, max_streams: 0, readline_rate_enabled: false}\ntarget_config: {sync_period: 1s}\n")


ENVIRONMENT = r"""scrape_configs:
  - job_name: environment
    pipeline_stages:
      - regex: {expression: '(?P<number>\\d+) (?P<rest>.*)'}
      - template: {source: cost, template: '$${{ .number }} \/ ${CASE_UNIT}$1'}
      - labels: {number: , cost: }
      - static_labels: {set: "${CASE_SET}", unset: "a${CASE_UNSET}b", words: "${CASE_UNSET:-some words}", nested: "${CASE_UNSET:=${CASE_SET}}",
                        empty: "${CASE_EMPTY:-was empty}", colon: "${CASE_COLON}", plain: $CASE_SET}
    static_configs: [{labels: {job: environment, __path__: "/case/${CASE_FOLDER}/*.log"}}]
#| 17 lines
#| none
"""


def environment(s):
    """-config.expand-env: what is a variable, what is an escape, and backslashes that must be written twice."""
    variables = {"CASE_UNIT": "EUR", "CASE_SET": "the value", "CASE_EMPTY": "", "CASE_COLON": "a, b and #c", "CASE_FOLDER": "environment"}
    compare(s, [Case("environment.yaml", ENVIRONMENT)], client, environment=variables)


TENANTS = r"""scrape_configs:
  - job_name: tenants
    pipeline_stages:
      - regex: {expression: '^(?P<team>[a-z]+)?:(?P<rest>.*)$'}
      - template: {source: team, template: '{{ if .Value }}WHO-{{ .Value }}{{ end }}'}
      - tenant: {source: team}
      - match:
          selector: '{__tenant_id__="WHO-a"}'
          stages: [{static_labels: {of: a}}, {output: {source: rest}}]
      - match:
          selector: '{job="tenants"} |= "back"'
          stages: [{labeldrop: [__tenant_id__]}]
      - match:
          selector: '{job="tenants"} |= "late"'
          stages: [{regex: {expression: 'late (?P<late>\S+)'}}, {template: {source: late, template: 'WHO-{{ .Value }}'}}, {labels: {__tenant_id__: late}}]
      - match:
          selector: '{job="tenants"} |= "label"'
          stages: [{static_labels: {want: WHO-b}}, {tenant: {label: want}}, {labeldrop: [want]}]
      - labels: {rest: }
    relabel_configs: [{replacement: WHO-b, target_label: __tenant_id__}]
    static_configs: [{labels: {job: tenants, __path__: "/case/tenants/*.log", __tenant_id__: WHO-a}}]
#| a:one
#| b:two
#| a:three back to the client's
#| :nobody's
#| no match
#| a:late b
#| b:label
#| a:one
#| b:two
"""


def tenants(s):
    """The stage tenant, and what else stages may do to the tenant: who has which lines, under which labels."""
    compare(s, [Case("tenants.yaml", TENANTS)], lambda loki, who: client(loki, who), ("", "-a", "-b"))


main(configurations, destinations, environment, tenants)
