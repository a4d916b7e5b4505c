"""spoor check and spoor inspect, as a person and a pipeline use them."""
import glob
import json
import os
import re
import subprocess

from lib import ROOT, main, spoor_binary

SAMPLES = f"{ROOT}/tests/fixtures/trace/trace_lines.jsonl"


def spoor(*args, data=b""):
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=1")
    return subprocess.run([spoor_binary(dev=True), *args], input=data, capture_output=True, timeout=60, env=env)


def inspect(s):
    """All sample lines of the trace id rules come out right."""
    with open(SAMPLES) as f:
        samples = [json.loads(l) for l in f]
    r = spoor("inspect", data="".join(x["line"] + "\n" for x in samples).encode())
    s.expect(r.returncode == 0, f"exit {r.returncode}: {r.stderr[-300:]!r}")
    rows = [json.loads(l) for l in r.stdout.decode().splitlines()]
    s.expect(len(rows) == len(samples) == 84, f"{len(rows)} lines out for {len(samples)} in")
    wrong = []
    for x, row in zip(samples, rows):
        meta, want = row["structured_metadata"], x["expect"]
        flags = None if want["sampled"] is None else "01" if want["sampled"] else "00"
        if (meta.get("trace_id"), meta.get("span_id"), meta.get("trace_flags")) != (want["trace_id"], want["span_id"], flags) or row["line"] != x["line"]:
            wrong.append(f"{x['id']} {x['format']}: {meta}, want {want}")
    s.expect(not wrong, f"{len(wrong)} of 84 wrong: {wrong[:3]}")
    s.note("84 of 84")


def inspect_formats(s):
    """--format cri and docker join partial lines and give the runtime's timestamp; hostile input does not end it."""
    cri = b"2026-11-21T10:00:00.5Z stdout P one \n2026-11-21T10:00:00.6Z stderr F other\n2026-11-21T10:00:00.7Z stdout F two trace_id=" + b"a1" * 16 + b"\n"
    r = spoor("inspect", "--format", "cri", data=cri)
    rows = [json.loads(l) for l in r.stdout.decode().splitlines()]
    s.expect([x["line"] for x in rows] == ["other", "one two trace_id=" + "a1" * 16], f"{rows} {r.stderr!r}")
    s.expect(rows[1]["structured_metadata"]["trace_id"] == "a1" * 16, f"{rows[1]}")
    s.expect(str(rows[0]["timestamp"]).startswith(("2026-11-21T10:00:00.6", "17952552006")) or "600000000" in str(rows[0]["timestamp"]), f"timestamp {rows[0]['timestamp']}")
    r = spoor("inspect", "--format=docker", data=b'{"log":"hello\\n","stream":"stderr","time":"2026-11-21T10:00:00.5Z"}\n')
    s.expect(json.loads(r.stdout)["line"] == "hello", f"docker: {r.stdout!r} {r.stderr!r}")
    nasty = [b"{" * 100000, b"[" * 100000, b'{"a":' * 50000, b"trace_id=" * 20000, b"\xff" * 50000, b"\0" * 50000, b'"' * 50001, b"\\" * 50001,
             b'{"trace_id":"' + b"0" * 32 + b'"}', b"\x1b]0;owned\x07", "trace_id=".encode() + "０".encode() * 32, b"1" * 100000]
    r = spoor("inspect", data=b"\n".join(nasty) + b"\n")
    s.expect(r.returncode == 0, f"exit {r.returncode}: {r.stderr[-300:]!r}")
    rows = [json.loads(l) for l in r.stdout.decode().splitlines()]
    s.expect(len(rows) == len(nasty), f"{len(rows)} lines out for {len(nasty)} in")
    s.expect(not any("trace_id" in x["structured_metadata"] for x in rows), "a false trace id")
    s.expect(b"\x1b" not in r.stdout, "a control byte went through to the terminal")


def check(s):
    """A wrong file: every mistake at once with its place and the nearest key, exit 78; a right one: exit 0."""
    good, bad = f"{s.work}/good.yaml", f"{s.work}/bad.yaml"
    with open(good, "w") as f:
        f.write("logs:\n  clients: [{ url: http://loki:3100/loki/api/v1/push }]\n")
    with open(bad, "w") as f:
        f.write("logs:\n  clients:\n    - url: http://loki:3100/loki/api/v1/push\n      batchwiat: 1s\n      batchsize: lots\n  scrape_configs:\n"
                "    - job_name: a\n      static_confgs: []\nserver:\n  log_level: loud\n")
    r = spoor("check", good)
    s.expect(r.returncode == 0, f"a right file: exit {r.returncode}: {r.stdout + r.stderr!r}")
    r = spoor("check", bad)
    text = (r.stdout + r.stderr).decode()
    s.expect(r.returncode == 78, f"a wrong file: exit {r.returncode}: {text}")
    for part in (f"{bad}:4:", "batchwiat", "batchwait", f"{bad}:5:", "batchsize", f"{bad}:8:", "static_confgs", "static_configs", f"{bad}:10:", "log_level", "^"):
        s.expect(part in text, f"the report has no {part!r}:\n{text}")
    s.expect("  batchwiat: 1s" in text, f"the source line is not shown:\n{text}")
    r = spoor("check", f"{s.work}/nowhere.yaml")
    s.expect(r.returncode == 78 and b"nowhere.yaml" in r.stdout + r.stderr, f"a missing file: exit {r.returncode}")
    r = spoor("run", f"--config.file={bad}", f"--state.dir={s.work}/state", "--web.listen-address=127.0.0.1:0")
    s.expect(r.returncode == 78 and b"batchwiat" in r.stdout + r.stderr, f"run with a wrong file: exit {r.returncode}")
    for nasty in (b"", b"\0\0\0", b"\xff\xfe", b"- " * 20000, b"{" * 20000, b"a: &a [*a]\n", b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", b"logs: 1\n", b"logs: [\n", b"? " * 10000,
                  b"logs:\n  clients:\n" + b"    - {}\n" * 2000):
        with open(bad, "wb") as f:
            f.write(nasty)
        r = spoor("check", bad)
        s.expect(r.returncode in (0, 78), f"{nasty[:30]!r}: exit {r.returncode}: {(r.stdout + r.stderr)[-300:]!r}")


OUR_KEYS = {"logs", "metrics", "server", "global", "trace", "clients", "positions", "scrape_configs", "remote_write"}


def yaml_blocks(path):
    with open(path) as f:
        text = f.read()
    for block in re.findall(r"^```yaml\n(.*?)^```", text, re.S | re.M):
        keys = set(re.findall(r"^(\w+):", block, re.M))
        if keys and keys <= OUR_KEYS:
            yield block


def documents(s):
    """Every configuration that README and docs show is valid."""
    seen = 0
    for path in [f"{ROOT}/README.md"] + sorted(glob.glob(f"{ROOT}/docs/*.md")):
        for block in yaml_blocks(path):
            shown = f"{s.work}/shown.yaml"
            with open(shown, "w") as f:
                f.write(block)
            r = spoor("check", shown)
            s.expect(r.returncode == 0, f"{os.path.relpath(path, ROOT)}: {(r.stdout + r.stderr).decode()}\n{block}")
            seen += 1
    s.expect(seen >= 8, f"only {seen} configurations found in the documents")
    s.note(f"{seen} configurations")


def inspect_pipeline(s):
    """The pipeline of docs/STAGES.md on two lines: one is rewritten, one is dropped under its reason."""
    path = f"{s.work}/stages.yaml"
    with open(path, "w") as f:
        f.write(next(yaml_blocks(f"{ROOT}/docs/STAGES.md")))
    lines = ('2026-11-21T09:00:00Z stdout F {"level":"info","msg":"hello","message":"paid","user":{"name":"ann"}}\n'
             '2026-11-21T09:00:01Z stderr F {"level":"debug","message":"noise"}\n')
    rows = [json.loads(l) for l in spoor("inspect", f"--config.file={path}", "--job=pods", data=lines.encode()).stdout.splitlines()]
    s.expect(len(rows) == 2, f"{len(rows)} rows: {rows}")
    kept, dropped = rows
    s.expect(kept["line"] == "paid" and kept["labels"].get("level") == "info" and kept["structured_metadata"].get("user") == "ann"
             and "dropped" not in kept, f"{kept}")
    s.expect(dropped.get("dropped") == "debug" and dropped["labels"].get("stream") == "stderr", f"{dropped}")


def inspect_zone(s):
    """A time without an offset is one of its location, in summer and in winter."""
    path = f"{s.work}/zone.yaml"
    with open(path, "w") as f:
        f.write("""logs:
  scrape_configs:
    - job_name: zone
      static_configs: [{ labels: { job: zone, __path__: /var/log/zone.log } }]
      pipeline_stages:
        - regex: { expression: '^(?P<at>\\S+ \\S+)' }
        - timestamp: { source: at, format: '2006-01-02 15:04:05', location: Europe/Berlin }
""")
    r = spoor("inspect", f"--config.file={path}", "--job=zone", data=b"2026-07-01 12:00:00 summer\n2026-11-21 12:00:00 winter\n")
    got = [json.loads(l)["timestamp"] for l in r.stdout.splitlines()]
    s.expect(got == ["2026-07-01T10:00:00.000000000Z", "2026-11-21T11:00:00.000000000Z"], f"{got} {r.stderr}")


main(inspect, inspect_formats, check, documents, inspect_pipeline, inspect_zone)
