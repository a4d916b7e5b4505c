"""Files that are not plain UTF-8 (a job's encoding and decompression): the real Promtail beside Spoor on the same files, each into a tenant of one
real Loki. What Promtail spoils is held against what was written instead."""
import bz2
import gzip
import os
import random
import subprocess
import time
import zlib

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
    with open(f"{s.work}/logs/ebcdic.log", "wb") as f:
        f.write("a line\x85another\n".encode("cp037") * 100)  # both of its line ends
    ebcdic = f"  - {{job_name: ebcdic, encoding: ibm037, static_configs: [{{labels: {{job: ebcdic, __path__: '{s.work}/logs/ebcdic.log'}}}}]}}\n"
    judge = judge_of(s, loki, jobs + ebcdic).start()
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
    s.expect("ebcdic" not in theirs, "Promtail reads lines of EBCDIC now: compare them")
    spoiled = [j for j in PAIRS if theirs.get(j) != truth[j]]
    s.expect(len(spoiled) == len(PAIRS), f"Promtail reads UTF-16 now: compare it; spoiled are {spoiled}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    judge.stop()
    agent.check()
    s.note(f"{len(truth)} encodings, {sum(len(v) for v in ours.values())} lines")


PACKED = {"gz": gzip.compress, "z": zlib.compress, "bz2": bz2.compress}


def pack(path, data):
    with open(path + ".new", "wb") as f:
        f.write(PACKED[path.rsplit(".", 1)[1]](data))
    os.rename(path + ".new", path)


def compressed(s):
    """Files that are there, that come later, of several members, in another encoding, without a last line feed; both stop and start again."""
    loki = Loki(f"{s.work}/loki", tenants=True).start()
    root = f"{s.work}/logs"
    jobs = "".join(f"  - {{job_name: {name}, encoding: '{encoding}', decompression: {{enabled: true, format: {form}, initial_delay: 1s}}, "
                   f"static_configs: [{{labels: {{job: {name}, __path__: '{root}/{name}/*.{form}'}}}}]}}\n"
                   for name, form, encoding in (("gz", "gz", ""), ("z", "z", ""), ("bz2", "bz2", ""), ("latin", "gz", "iso-8859-1"), ("latin2", "bz2", "iso-8859-2")))
    for name in ("gz", "z", "bz2", "latin", "latin2"):
        os.makedirs(f"{root}/{name}")
    want = {"gz": [f"gz {i}" for i in range(3000)] + ["a", "b", "no line feed", "later"], "z": ["z one", "z two"], "latin": ["café"],
            "bz2": [f"bz2 {i}" for i in range(60000)] + ["a", "b", "no line feed", "later"], "latin2": ["žluťoučký"]}
    pack(f"{root}/gz/app.log.1.gz", "".join(f"gz {i}\n" for i in range(3000)).encode())
    pack(f"{root}/gz/members.gz", b"a\n")
    with open(f"{root}/gz/members.gz", "ab") as f:
        f.write(gzip.compress(b"b\nno line feed"))
    pack(f"{root}/bz2/app.log.1.bz2", "".join(f"bz2 {i}\n" for i in range(60000)).encode())  # more than one block
    pack(f"{root}/bz2/members.bz2", b"a\n")
    with open(f"{root}/bz2/members.bz2", "ab") as f:
        f.write(bz2.compress(b"b\nno line feed"))
    pack(f"{root}/latin2/x.bz2", "žluťoučký\n".encode("iso-8859-2"))
    pack(f"{root}/z/x.z", b"z one\nz two\n")
    pack(f"{root}/latin/x.gz", "café\n".encode("latin-1"))
    judge, agent = judge_of(s, loki, jobs).start(), agent_of(s, loki, jobs).start()

    def arrived(want):
        return all(len(in_loki(loki, who).get(j, [])) >= len(w) for j, w in want.items() for who in ("spoor", "promtail"))
    wait_for(lambda: f"all lines; there are { {w: {j: len(v) for j, v in in_loki(loki, w).items()} for w in ('spoor', 'promtail')} }",
             lambda: arrived({**want, "gz": want["gz"][:-1], "bz2": want["bz2"][:-1]}), 40)
    pack(f"{root}/gz/later.gz", b"later\n")
    pack(f"{root}/bz2/later.bz2", b"later\n")
    wait_for("the file that came later", lambda: arrived(want), 40)
    time.sleep(1)
    s.expect(agent.stop() == 0, "exit status is not 0")
    judge.stop()
    judge.start()
    agent.start()
    time.sleep(4)
    ours, theirs = in_loki(loki, "spoor"), in_loki(loki, "promtail")
    want = {j: sorted(w) for j, w in want.items()}
    s.expect(ours == want, f"Spoor: { {j: len(v) for j, v in ours.items()} }, latin {ours.get('latin')}")
    s.expect(theirs == want, f"Promtail: { {j: len(v) for j, v in theirs.items()} }, latin {theirs.get('latin')}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    judge.stop()
    agent.check()
    s.note(f"{sum(len(v) for v in ours.values())} lines")


def taken_over(s):
    """Promtail counts the lines of a compressed file: Spoor begins behind them."""
    loki = Loki(f"{s.work}/loki", tenants=True).start()
    os.makedirs(f"{s.work}/logs")
    positions, jobs = "positions:\n", ""
    for form in PACKED:
        path = f"{s.work}/logs/a.{form}"
        pack(path, b"".join(b"line %d\n" % i for i in range(1000)))
        positions += f"  {path}: \"700\"\n"
        jobs += f"  - {{job_name: {form}, decompression: {{enabled: true, format: {form}}}, static_configs: [{{labels: {{job: {form}, __path__: '{path}'}}}}]}}\n"
    with open(f"{s.work}/spoor-positions", "w") as f:
        f.write(positions)
    agent = agent_of(s, loki, jobs).start()
    wait_for("300 lines", lambda: all(len(in_loki(loki, "spoor").get(form, [])) >= 300 for form in PACKED), 30)
    time.sleep(1)
    for form, got in in_loki(loki, "spoor").items():
        s.expect(got == sorted(f"line {i}" for i in range(700, 1000)), f"{form}: {len(got)} lines, {got[:2]}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def killed(s):
    kills(s, "gz")


def killed_bzip2(s):
    kills(s, "bz2")


def kills(s, form):
    """kill -9 again and again while compressed files are read; the lines bring their times, so a repeat is no second line. Broken files beside
    them, and a small one that would be a line of 2 GiB."""
    loki = Loki(f"{s.work}/loki").start()
    root, count, files = f"{s.work}/logs", 30000, 4
    os.makedirs(root)
    began = time.time_ns() - 1800 * 10**9
    for k in range(files):
        r = random.Random(k)
        pack(f"{root}/app{k}.{form}", "".join(f"{began + i} {k} {i} {r.randbytes(60).hex()}\n" for i in range(count)).encode())
    jobs = (f"  - {{job_name: a, decompression: {{enabled: true, format: {form}}}, pipeline_stages: [{{regex: {{expression: '^(?P<t>[0-9]+) '}}}}, "
            f"{{timestamp: {{source: t, format: UnixNs}}}}], static_configs: [{{labels: {{job: a, __path__: '{root}/app*.{form}'}}}}]}}\n"
            f"  - {{job_name: bad, decompression: {{enabled: true, format: {form}}}, static_configs: [{{labels: {{job: bad, __path__: '{root}/bad*.{form}'}}}}]}}\n")
    packed = PACKED[form]
    whole = packed(b"fine\n" * 1000 + random.Random(9).randbytes(50000).hex().encode() + b"\nfine\n")
    for name, data in (("cut", whole[:len(whole) // 2]), ("garbage", packed(b"fine\n") + b"garbage" * 50), ("none", b"not packed at all" * 100), ("empty", b""),
                       ("members", packed(b"") * 100000 + packed(b"fine\n"))):
        with open(f"{root}/bad-{name}.{form}", "wb") as f:
            f.write(data)
    with open(f"{root}/bad-bomb.{form}", "wb") as f:
        f.write(packed(b"x" * (64 << 20)) * 32 + packed(b"\nfine\n"))

    def rows():
        return [v[1] for r in loki.ask("query_range", query='{job="a"}', start=began, end=began + count, limit=200000, direction="forward") for v in r["values"]]
    agent, read = agent_of(s, loki, jobs, client=", batchsize: 65536"), []
    for pause in (0.1, 0.2, 0.3, 0.4):
        agent.start(scrape=False)
        time.sleep(pause)
        agent.process.kill()
        read.append(len(rows()))
    agent.start()
    wait_for(lambda: f"{files * count} lines; there are {len(rows())}", lambda: len(rows()) >= files * count, 90)
    time.sleep(2)
    have = rows()
    seen = {tuple(row.split()[1:3]) for row in have}
    s.expect(len(seen) == files * count, f"{files * count - len(seen)} lines are missing")
    s.expect(len(have) == len(seen), f"{len(have) - len(seen)} lines are there twice")
    s.expect(any(0 < n < files * count for n in read), f"no kill came in the middle: {read}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()
    s.note(f"{len(have)} lines, kills at {read}, peak RSS {agent.peak_mib:.0f} MiB")


def rotated_by_bzip2(s):
    """logrotate and bzip2 beside a log that is followed, and kills in between: what was not read of a file is read in its .bz2."""
    loki = Loki(f"{s.work}/loki").start()
    root = f"{s.work}/logs"
    os.makedirs(root)
    began, written, files = time.time_ns() - 1800 * 10**9, 0, 0
    agent = agent_of(s, loki, f"  - {{job_name: a, pipeline_stages: [{{regex: {{expression: '^(?P<t>[0-9]+) '}}}}, {{timestamp: {{source: t, format: UnixNs}}}}], "
                              f"static_configs: [{{labels: {{job: a, __path__: '{root}/app.log'}}}}]}}\n").start()

    def write(count):
        nonlocal written
        with open(f"{root}/app.log", "a") as f:
            f.write("".join(f"{began + written + i} line {written + i}\n" for i in range(count)))
        written += count

    def rotate():
        nonlocal files
        for i in range(files, 0, -1):
            os.rename(f"{root}/app.log.{i}.bz2", f"{root}/app.log.{i + 1}.bz2")
        files += 1
        os.rename(f"{root}/app.log", f"{root}/app.log.1")
        write(0)
        subprocess.run(["bzip2", f"{root}/app.log.1"], check=True)

    def rows():
        return [v[1] for r in loki.ask("query_range", query='{job="a"}', start=began, end=began + 10**7, limit=200000, direction="forward") for v in r["values"]]
    for i in range(6):
        write(2000)
        if i % 2:
            agent.process.kill()
            write(1000)
            rotate()
            write(10)
            agent.start()
        else:
            time.sleep(0.3)
            rotate()
    wait_for(lambda: f"{written} lines; there are {len(rows())}", lambda: len(rows()) >= written, 60)
    time.sleep(2)
    have = rows()
    s.expect(len(have) == len(set(have)) == written, f"{len(have)} lines, {len(set(have))} different, {written} written")
    lost = {k: v for k, v in agent.scrape().get("spoor_log_bytes_lost_total", {}).items() if v}
    s.expect(not lost, f"lost: {lost}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()
    s.note(f"{written} lines, {files} rotations")


main(encodings, compressed, taken_over, killed, killed_bzip2, rotated_by_bzip2)
