"""Files that are not plain UTF-8 (a job's encoding and decompression): the real Promtail beside Spoor on the same files, each into a tenant of one
real Loki. What Promtail spoils is held against what was written instead."""
import os
import time

from lib import Agent, Loki, free_ports, main, wait_for
from promtail import Promtail

TEXTS = {
    "iso-8859-1": ("naïve café ¤", b"\xe9\xe8 \xff"), "iso-8859-15": ("zehn €", b"\xa4"), "iso-8859-5": ("Привет", b"\xbf"),
    "windows-1252": ("€ “quoted”", b"\x80 \x81 \x8d"), "windows-1251": ("Привет", b"\x98 x"), "windows-1253": ("Γειά", b"\xaa"), "koi8-r": ("Привет", b"\x80"),
    "ibm850": ("äöü ÄÖÜ", b"\xff"), "macintosh": ("naïve", b"\xa5"), "gbk": ("中国 log", b"ok"), "gb18030": ("中国 ÿ", b"ok"), "big5": ("中國", b"ok"),
    "shift_jis": ("日本 ｱ ~", b"ok \\"), "euc-jp": ("日本", b"ok"), "iso-2022-jp": ("a 日本 b", b"ok"), "euc-kr": ("한글 갂", b"\xb0\xa1"), "us-ascii": ("plain", b"\xe9!"),
    "latin1": ("é", b"\xa0x"), "cp936": ("中", b"x"),
}
PYTHON = {"macintosh": "mac_roman", "euc-kr": "cp949", "ibm850": "cp850"}
PAIRS = {"utf-16": "utf-16", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be"}


def encode(text, name):
    return text.encode(PYTHON.get(name, PAIRS.get(name, name)))


def configuration(loki, tenant, jobs, positions, port, client=""):
    return f"""server: {{http_listen_address: 127.0.0.1, http_listen_port: {port}, grpc_listen_port: 0, log_level: warn}}
clients: [{{url: '{loki.url}/loki/api/v1/push', tenant_id: {tenant}, batchwait: 200ms{client}}}]
positions: {{filename: {positions}, sync_period: 200ms}}
target_config: {{sync_period: 1s}}
scrape_configs:
{jobs}"""


def judge_of(s, loki, jobs):
    port = free_ports(1)
    return Promtail(s.work, configuration(loki, "promtail", jobs, f"{s.work}/promtail-positions", port), port)


def agent_of(s, loki, jobs, **kw):
    return Agent(s.work, config=configuration(loki, "spoor", jobs, f"{s.work}/spoor-positions", 0, **kw), kubernetes=False, dev=True)


def in_loki(loki, tenant):
    """{job: sorted lines}"""
    out = {}
    for r in loki.ask("query_range", tenant=tenant, query='{job=~".+"}', start=time.time_ns() - 3600 * 10**9, end=time.time_ns() + 10**11, limit=200000, direction="forward"):
        out.setdefault(r["stream"]["job"], []).extend(v[1] for v in r["values"])
    return {job: sorted(lines) for job, lines in out.items()}


def encodings(s):
    """All kinds of encodings, with bytes that are no text; in the middle of it the agent is killed. UTF-16, whose lines Promtail cuts at the wrong byte."""
    loki = Loki(f"{s.work}/loki", tenants=True).start()
    os.makedirs(f"{s.work}/logs")
    jobs, truth = "", {}
    for name, (text, junk) in TEXTS.items():
        with open(f"{s.work}/logs/{name}.log", "wb") as f:
            f.write(b"first\n" + encode(text, name) + b"\n" + junk + b"\nlevel=warn " + encode(text, name) + b"\n")
        truth[name] = sorted(["first", text, "level=warn " + text])
    for name in PAIRS:
        lines = [f"line {i} é 😀 ਊ\u0a00" for i in range(500)]
        with open(f"{s.work}/logs/{name}.log", "wb") as f:
            f.write(encode("".join(line + "\r\n" for line in lines), name))
        truth[name] = sorted(lines)
    for name in truth:
        jobs += f"  - {{job_name: {name}, encoding: {name.upper()}, static_configs: [{{labels: {{job: {name}, __path__: '{s.work}/logs/{name}.log'}}}}]}}\n"
    judge = judge_of(s, loki, jobs).start()
    agent = agent_of(s, loki, jobs).start()
    wait_for(lambda: f"all lines; there are { {j: len(l) for j, l in in_loki(loki, 'spoor').items()} }",
             lambda: all(len(in_loki(loki, "spoor").get(j, [])) >= len(t) for j, t in truth.items()), 40)
    wait_for("the judge's lines", lambda: all(len(in_loki(loki, "promtail").get(j, [])) >= 4 for j in TEXTS), 40)
    time.sleep(1)
    agent.process.kill()
    for name in truth:  # on it goes where it stopped
        with open(f"{s.work}/logs/{name}.log", "ab") as f:
            f.write(encode("after\n", name)[2 if name == "utf-16" else 0:])
        truth[name] = sorted(truth[name] + ["after"])
    agent.start()
    wait_for("the last lines", lambda: all("after" in in_loki(loki, "spoor").get(j, []) for j in truth) and all("after" in in_loki(loki, "promtail").get(j, []) for j in TEXTS), 40)
    ours, theirs = in_loki(loki, "spoor"), in_loki(loki, "promtail")
    s.no_problems([f"{j}: {ours[j]}, Promtail has {theirs[j]}" for j in TEXTS if ours[j] != theirs[j]])
    s.no_problems([f"{j}: {ours[j][:5]}, want {truth[j][:5]}" for j in PAIRS if ours[j] != truth[j]])
    s.no_problems([f"{j}: {line!r} is not in {ours[j]}" for j in TEXTS for line in truth[j] if line not in ours[j]])
    spoiled = [j for j in PAIRS if theirs.get(j) != truth[j]]
    s.expect(len(spoiled) == len(PAIRS), f"Promtail reads UTF-16 now: compare it; spoiled are {spoiled}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    judge.stop()
    agent.check()
    s.note(f"{len(truth)} encodings, {sum(len(v) for v in ours.values())} lines")


main(encodings)
