"""The real Promtail, built from Loki's packages (tests/servers/promtail), in the foreground on 127.0.0.1; and how what it and Spoor have sent to
two tenants of one Loki is compared."""
import os
import time

from lib import Failed, Process, Skip, get, wait_for

# What Spoor adds to an entry on its own; taken off where Promtail's entry has no such name.
OWN_METADATA = ("trace_id", "span_id", "trace_flags", "trace_id_source", "detected_level")
BEGINNING_NS = 1704067200 * 10**9  # the schema of Loki starts in 2024


def binary():
    path = os.environ.get("PROMTAIL", "")
    if os.access(path, os.X_OK):
        return path
    why = "no Promtail: $PROMTAIL does not name one"
    raise Failed(why) if os.environ.get("CI") == "true" else Skip(why)


class Promtail:
    def __init__(self, work, config, port, name="promtail"):
        self.binary, self.url = binary(), f"http://127.0.0.1:{port}"
        self.config, self.log, self.process = f"{work}/{name}.yaml", f"{work}/{name}.log", None
        self.prefix = []
        with open(self.config, "w") as f:
            f.write(config)

    def start(self, *args, **env):
        self.process = Process([*self.prefix, self.binary, self.config, *args], self.log, env=dict(os.environ, GOMAXPROCS="1", **env))
        wait_for(lambda: f"Promtail listening; its log ends\n{self.process.log_text()[-800:]}", self._answers, 30, 0.05)
        return self

    def _answers(self):
        if not self.process.is_alive():
            raise Failed(f"Promtail ended: {self.process.log_text()[-800:]}")
        try:
            return get(self.url + "/metrics", 3)[0] == 200
        except OSError:
            return False

    def stop(self):
        self.process.terminate(60)

    def kill9(self):
        self.process.kill()


def as_it_is(row):
    return row


def configuration(clients, jobs, root, positions, port, extra=""):
    return f"""server: {{http_listen_address: 127.0.0.1, http_listen_port: {port}, grpc_listen_port: 0, log_level: warn}}
clients:
{clients}positions: {{filename: {positions}}}
{extra}scrape_configs:
{jobs.replace("/case/", root + "/")}"""


def client(loki, tenant, more=""):
    return f"  - {{url: '{loki.url}/loki/api/v1/push', tenant_id: {tenant}, batchwait: 200ms{more}}}\n"


def entries(loki, tenant, began_ns):
    """{case: sorted entries}: (labels, time or None when it is that of reading, line, metadata)"""
    out = {}
    get(f"{loki.url}/flush", 60, method="POST", data=b"")  # what is old is not looked for in the ingester
    for r in loki.ask("query_range", tenant=tenant, query='{service_name=~".+"}', start=BEGINNING_NS, end=time.time_ns() + 10**11, limit=100000,
                      direction="forward"):
        labels = r["stream"]
        case = labels["filename"].split("/logs/")[1].split("/")[0] if "filename" in labels else labels.get("job", "?")
        for v in r["values"]:
            at = int(v[0])
            meta = v[2].get("structuredMetadata", {}) if len(v) > 2 else {}
            out.setdefault(case, []).append((tuple(sorted(labels.items())), at if at < began_ns else None, v[1], tuple(sorted(meta.items()))))
    for rows in out.values():
        rows.sort(key=repr)
    return out


def without_own(rows, judge):
    """Spoor's entries without what it adds, unless the judge has a name of it too"""
    names = {n for r in judge for n, _ in r[3]}
    return sorted(((r[0], r[1], r[2], tuple(p for p in r[3] if p[0] not in OWN_METADATA or p[0] in names)) for r in rows), key=repr)


def differences(ours, judge):
    """{case: (only Spoor's, only Promtail's)}"""
    out = {}
    for case in sorted(set(ours) | set(judge)):
        have, want = without_own(ours.get(case, []), judge.get(case, [])), list(judge.get(case, []))
        for row in list(have):
            if row in want:
                want.remove(row)
                have.remove(row)
        if have or want:
            out[case] = (have, want)
    return out


def alike(ours, judge, known):
    """The differences that are left when what is known is taken off: {case: (why, what makes Spoor's entries the same, what the judge's)};
    the cases that were said to differ and do not"""
    found, cured = differences(ours, judge), []
    for case, (_, mine, its) in known.items():
        if case not in judge:
            continue
        if case not in found:
            cured.append(case)
        left = differences({case: [mine(r) for r in ours.get(case, [])]}, {case: [its(r) for r in judge[case]]})
        found.pop(case, None)
        found.update(left)
    return found, cured


def show(case, have, want):
    def row(who, r):
        labels = {k: v for k, v in r[0] if k not in ("filename", "job", "service_name") or k == "job" and v != case}
        return f"  {who:8} {labels} {r[1]} {r[2]!r} {dict(r[3])}"

    return "\n".join([f"{case}:"] + [row("spoor", r) for r in have[:8]] + [row("promtail", r) for r in want[:8]])
