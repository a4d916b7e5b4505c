#!/usr/bin/env python3
"""Measures spoor against the floor program of the same machine in the same run.

  bench.py speed  [--runs 5] [--mib 512] [--simd 0|1]
                                             backlog: floor and spoor by turns, ratio of MB of log per CPU-second
  bench.py steady [--runs 1] [--secs 60]     100 containers x 100 lines/s, one rotation half way: CPU, latency, RSS
  bench.py idle   [--runs 1] [--secs 30]     100 quiet containers: CPU, RSS
  bench.py promtail [--runs 3] [--mib 256]   backlog through json, labels and drop: the real Promtail ($PROMTAIL) and spoor by turns, on one file
  bench.py report                            medians of all that was written so far

The agent has core 0, everything else core 1. Each run is one JSON line in --out. Nothing passes or fails here: numbers depend
on the machine, only ratios from one run count. Log files are read once before, so that they are in the page cache.
"""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

PORT = 24980
TICK = os.sysconf("SC_CLK_TCK")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LOOPBACK = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def spawn(argv, core, log=os.devnull):
    with open(log, "w") as out:
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, preexec_fn=lambda: os.sched_setaffinity(0, {core}))


def end(p):
    if p and p.poll() is None:
        p.terminate()
        try:
            p.wait(30)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()


def fetch(path, port=PORT):
    with LOOPBACK.open(f"http://127.0.0.1:{port}{path}", timeout=10) as r:
        return r.read().decode()


def stats():
    return json.loads(fetch("/stats"))


def cpu(pid):
    with open(f"/proc/{pid}/stat") as f:
        v = f.read().rsplit(")", 1)[1].split()
    return int(v[11]) / TICK, int(v[12]) / TICK


def cpu_ns(pid):
    """By the scheduler's own account, over all threads: 10 ms ticks are too coarse when next to nothing runs."""
    ns = switches = 0
    for t in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{t}/schedstat") as f:
            ns += int(f.read().split()[0])
        with open(f"/proc/{pid}/task/{t}/status") as f:
            switches += sum(int(x) for x in re.findall(r"ctxt_switches:\s+(\d+)", f.read()))
    return ns, switches


def memory_mib(pid):
    with open(f"/proc/{pid}/status") as f:
        text = f.read()
    return [int(re.search(name + r":\s+(\d+)", text).group(1)) / 1024 for name in ("VmHWM", "VmRSS")]


def truth(root):
    with open(f"{root}/manifest.tsv") as f:
        rows = [[int(x) for x in line.split("\t")] for line in f]
    return dict(zip(("records", "lines", "bytes", "traced"), (sum(c) for c in zip(*rows))))


def start_sink(a, mode="verify"):
    p = spawn([f"{a.tools}/sink", "--port", str(PORT), "--mode", mode], 1)
    for _ in range(100):
        try:
            stats()
            return p
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the sink did not start")


def start_spoor(a, root, state):
    with open(f"{state}/spoor.yaml", "w") as f:
        f.write(f"logs:\n  clients:\n    - url: http://127.0.0.1:{PORT}/loki/api/v1/push\n")
    return spawn([a.spoor, "run", f"--config.file={state}/spoor.yaml", f"--path.pod-logs={root}/pods", f"--state.dir={state}/state",
                  f"--web.listen-address=127.0.0.1:{PORT + 1}"], 0, f"{state}/spoor.log")


def keep(a, row):
    row["when"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with open(a.out, "a") as f:
        f.write(json.dumps(row) + "\n")
    print(json.dumps(row), flush=True)


def verdict(s, want):
    return dict(missing=want - s["unique"], **{k: s[k] for k in ("duplicated", "reordered", "fragments", "bad_bodies", "traced", "streams", "wire_bytes", "requests")})


def warm(root):
    for directory, _, files in os.walk(f"{root}/pods"):
        for name in files:
            with open(f"{directory}/{name}", "rb") as f:
                while f.read(1 << 20):
                    pass


def floor_once(a, root, run):
    sink = start_sink(a, "null")
    try:
        r = json.loads(subprocess.run([f"{a.tools}/floor", "--root", root, "--port", str(PORT), "--simd", str(a.simd)], check=True, capture_output=True,
                                      preexec_fn=lambda: os.sched_setaffinity(0, {0})).stdout)
    finally:
        end(sink)
    keep(a, dict(kind="speed", who="floor", run=run, **{k: r[k] for k in ("mb_per_cpu_s", "wall_s", "user_s", "sys_s", "bytes", "lines", "wire_bytes")}))
    return r["mb_per_cpu_s"]


def spoor_once(a, root, run, want):
    state = tempfile.mkdtemp(prefix="spoor-bench-")
    sink, p = start_sink(a), None
    try:
        t0 = time.monotonic()
        p = start_spoor(a, root, state)
        while True:
            time.sleep(0.1)
            if p.poll() is not None:
                raise SystemExit("spoor ended: " + open(f"{state}/spoor.log").read()[-1500:])
            s, (user, sys_s), (peak, _) = stats(), cpu(p.pid), memory_mib(p.pid)
            if s["unique"] >= want["records"] or time.monotonic() - t0 > 300:
                break
        time.sleep(2)  # late repeats
        s, got = stats(), min(1, s["unique"] / want["records"])
        rate = want["bytes"] * got / 1e6 / (user + sys_s)
        keep(a, dict(kind="speed", who="spoor", run=run, mb_per_cpu_s=round(rate, 1), wall_s=round(s["last_new_s"] - t0, 2), first_s=round(s["first_s"] - t0, 2), user_s=user, sys_s=sys_s,
                     peak_rss_mib=round(peak, 1), bytes=want["bytes"], **verdict(s, want["records"])))
        return rate, peak
    finally:
        end(p)
        end(sink)
        shutil.rmtree(state, ignore_errors=True)


def backlog(a):
    root = f"{a.cache}/backlog-{a.mib}"
    if not os.path.exists(f"{root}/manifest.tsv"):
        os.makedirs(a.cache, exist_ok=True)
        subprocess.run([f"{a.tools}/gen", "batch", "--root", root, "--containers", "100", "--mib", str(a.mib)], check=True)
    return root


def speed(a):
    root = backlog(a)
    want = truth(root)
    warm(root)
    floors, ours = [], []
    for run in range(a.runs):
        floors.append(floor_once(a, root, run))
        ours.append(spoor_once(a, root, run, want))
    rates, f, r = [x[0] for x in ours], statistics.median(floors), statistics.median(x[0] for x in ours)
    print(f"floor {f:.0f} MB per CPU-second ({min(floors):.0f} to {max(floors):.0f}), spoor {r:.0f} ({min(rates):.0f} to {max(rates):.0f}): "
          f"ratio {r / f:.2f}, median of the pairs' {statistics.median(one / floor for one, floor in zip(rates, floors)):.2f}; peak RSS {max(x[1] for x in ours):.1f} MiB")


def live(a, is_idle):
    for run in range(a.runs):
        root, state = tempfile.mkdtemp(prefix="spoor-bench-logs-"), tempfile.mkdtemp(prefix="spoor-bench-")
        common = ["--root", root, "--containers", "100", "--seed", str(7 + run)]
        subprocess.run([f"{a.tools}/gen", "touch", *common], check=True)
        sink, p = start_sink(a), None
        try:
            p = start_spoor(a, root, state)
            time.sleep(5)
            (n0, w0), t0 = cpu_ns(p.pid), time.monotonic()
            if is_idle:
                time.sleep(a.secs)
            else:
                g = spawn([f"{a.tools}/gen", "live", *common, "--rate", "100", "--secs", str(a.secs), "--rotate-at", str(a.secs / 2)], 1, f"{state}/gen.log")
                if g.wait():
                    raise SystemExit(open(f"{state}/gen.log").read())
            (n1, w1), dt = cpu_ns(p.pid), time.monotonic() - t0
            peak, rss = memory_mib(p.pid)
            row = dict(kind="idle" if is_idle else "steady", who="spoor", run=run, secs=round(dt, 1), cpu_percent=round((n1 - n0) / 1e7 / dt, 3), switches_per_s=round((w1 - w0) / dt, 1),
                       peak_rss_mib=round(peak, 1), rss_mib=round(rss, 1))
            if not is_idle:
                want = truth(root)["records"]
                end_at = time.monotonic() + 20
                while stats()["unique"] < want and time.monotonic() < end_at:
                    time.sleep(0.2)
                s = stats()
                row.update(verdict(s, want), **{k: s[k] for k in ("p50_ms", "p90_ms", "p99_ms", "max_ms")})
            keep(a, row)
        finally:
            end(p)
            end(sink)
            shutil.rmtree(root, ignore_errors=True)
            shutil.rmtree(state, ignore_errors=True)


PIPELINE = """server: {{http_listen_address: 127.0.0.1, http_listen_port: {port}, grpc_listen_port: 0, log_level: error}}
clients: [{{url: 'http://127.0.0.1:{sink}/loki/api/v1/push'}}]
positions: {{filename: {state}/positions.yaml}}
scrape_configs:
  - job_name: pods
    pipeline_stages:
      - cri: {{}}
      - json: {{expressions: {{level: level}}}}
      - labels: {{level: }}
      - drop: {{source: level, value: debug}}
    static_configs: [{{targets: [localhost], labels: {{job: pods, __path__: '{root}/pods/*/*/*.log'}}}}]
"""
QUIET_S = 3


def through_pipeline(a, root, who, run, want):
    """(MB of log per CPU-second, records that came through): over when nothing new has come for some seconds."""
    state = tempfile.mkdtemp(prefix="spoor-bench-")
    sink, p = start_sink(a), None
    try:
        with open(f"{state}/config.yaml", "w") as f:
            f.write(PIPELINE.format(port=PORT + 1, sink=PORT, state=state, root=root))
        argv = {"promtail": [os.environ["PROMTAIL"], f"{state}/config.yaml"],
                "spoor": [a.spoor, "run", f"--config.file={state}/config.yaml", f"--path.pod-logs={root}/pods", f"--state.dir={state}/state"]}[who]
        t0 = time.monotonic()
        p = spawn(argv, 0, f"{state}/log")
        unique, used, peak, since = 0, (0.0, 0.0), 0.0, t0
        while time.monotonic() - since < QUIET_S or (not unique and time.monotonic() - t0 < 60):
            time.sleep(0.1)
            if p.poll() is not None:
                raise SystemExit(f"{who} ended: " + open(f"{state}/log").read()[-1500:])
            s, now = stats(), cpu(p.pid)
            if s["unique"] != unique:
                unique, used, since, peak = s["unique"], now, time.monotonic(), memory_mib(p.pid)[0]
        if not unique:
            raise SystemExit(f"{who} sent nothing: " + open(f"{state}/log").read()[-1500:])
        rate = want["bytes"] / 1e6 / max(sum(used), 0.01)
        keep(a, dict(kind="pipeline", who=who, run=run, mb_per_cpu_s=round(rate, 1), wall_s=round(s["last_new_s"] - t0, 2), user_s=used[0], sys_s=used[1],
                     peak_rss_mib=round(peak, 1), bytes=want["bytes"], records=want["records"], unique=unique, duplicated=s["duplicated"]))
        return rate, unique
    finally:
        end(p)
        end(sink)
        shutil.rmtree(state, ignore_errors=True)


def promtail(a):
    if not os.access(os.environ.get("PROMTAIL", ""), os.X_OK):
        raise SystemExit("set PROMTAIL: tests/servers/get.sh promtail builds it and prints its path")
    root = backlog(a)
    want = truth(root)
    warm(root)
    rates, came = {"promtail": [], "spoor": []}, {"promtail": set(), "spoor": set()}
    for run in range(a.runs):
        for who in rates:
            rate, unique = through_pipeline(a, root, who, run, want)
            rates[who].append(rate)
            came[who].add(unique)
    if came["promtail"] != came["spoor"] or len(came["spoor"]) != 1 or came["spoor"] == {want["records"]}:
        raise SystemExit(f"not the same work: of {want['records']} records {came} came through")
    one, other = (statistics.median(rates[who]) for who in ("promtail", "spoor"))
    print(f"promtail {one:.1f} MB per CPU-second, spoor {other:.1f}: {other / one:.1f} times as much")


def report(a):
    groups = {}
    with open(a.out) as f:
        for line in f:
            r = json.loads(line)
            groups.setdefault((r["kind"], r["who"]), []).append(r)
    for key, rows in sorted(groups.items()):
        print(*key, f"n={len(rows)}")
        for name, value in rows[0].items():
            if name != "run" and isinstance(value, (int, float)):
                v = [r[name] for r in rows if name in r]
                print(f"  {name:16} median {statistics.median(v):<14g} min {min(v):<14g} max {max(v):g}")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=["speed", "steady", "idle", "promtail", "report"])
    p.add_argument("--tools", required=True)
    p.add_argument("--spoor", default=os.environ.get("SPOOR") or f"{ROOT}/build/release/spoor")
    p.add_argument("--cache", default=os.path.join(tempfile.gettempdir(), "spoor-bench-cache"))
    p.add_argument("--out", default=os.path.join(tempfile.gettempdir(), "spoor-bench.jsonl"))
    p.add_argument("--runs", type=int, default=5)
    p.add_argument("--mib", type=int, default=512)
    p.add_argument("--secs", type=float, default=60)
    p.add_argument("--simd", type=int, choices=[0, 1], default=1)
    a = p.parse_args()
    os.sched_setaffinity(0, {1})
    {"speed": speed, "steady": lambda x: live(x, False), "idle": lambda x: live(x, True), "promtail": promtail, "report": report}[a.what](a)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
