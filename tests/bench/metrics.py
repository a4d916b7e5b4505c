#!/usr/bin/env python3
"""metrics.py node|remote_write [--runs N] - the metrics side against its peers, side by side in one run, on two cores.

node: CPU for each scrape of /metrics/node against node_exporter's /metrics, in turns; memory that the first scrape adds.
remote_write: 10 targets of 2,000 series at 1 s into a real Prometheus: CPU seconds for a million samples and peak memory, against the
Prometheus agent, in turns. Programs: SPOOR, NODE_EXPORTER, PROMETHEUS3 (tests/servers/get.sh prints their paths). Every figure is CPU of the
process itself (user and system); the receiver and the targets are on the other core."""
import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
from fake_receiver import Target  # noqa: E402
from lib import LOOPBACK, Agent, end_processes, free_ports  # noqa: E402
from servers import NodeExporter, Prometheus  # noqa: E402

TARGETS, SERIES = 10, 2000


def cpu_s(pid):
    """Finer than the ticks of /proc/PID/stat: nanoseconds on a CPU, all threads."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat") as f:
            total += int(f.read().split()[0])
    return total / 1e9


def pin(pid, core):
    for task in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(task), {core})


def scrape(url, n, encoding="identity"):
    request = urllib.request.Request(url, headers={"Accept-Encoding": encoding, "Accept": "text/plain;version=0.0.4"})
    for _ in range(n):
        with LOOPBACK.open(request, timeout=20) as r:
            body = r.read()
    return body


def node(a):
    work = tempfile.mkdtemp(prefix="spoor-bench-")
    theirs = NodeExporter(f"{work}/ne").start()
    ours = Agent(work, config="").start(scrape=False)
    time.sleep(5)
    before = ours.process.memory_mib()
    peers = {"node_exporter": (theirs.process, theirs.url + "/metrics"), "spoor": (ours.process, ours.url + "/metrics/node")}
    for process, url in peers.values():
        scrape(url, 50)
        pin(process.pid, 0)
    os.sched_setaffinity(0, {1})
    rows = {name: [] for name in peers}
    for _ in range(a.runs):
        for name, (process, url) in peers.items():
            at = cpu_s(process.pid)
            body = scrape(url, 200)
            rows[name].append((cpu_s(process.pid) - at) / 200 * 1000)
    samples = {name: sum(1 for line in scrape(url, 1).splitlines() if line and line[:1] != b"#") for name, (_, url) in peers.items()}
    result = {"kind": "node", "cpu_ms": {n: [round(v, 3) for v in r] for n, r in rows.items()}, "samples": samples, "bytes": len(body),
              "ratio": round(statistics.median(rows["spoor"]) / statistics.median(rows["node_exporter"]), 3),
              "rss_mib": {"node_exporter": round(theirs.process.memory_mib(), 1), "spoor before": round(before, 1), "spoor": round(ours.process.memory_mib(), 1)}}
    print(json.dumps(result))
    end_processes()
    shutil.rmtree(work, ignore_errors=True)


def bodies():
    """Eight variants, so that values change from scrape to scrape"""
    out = []
    for v in range(8):
        rows, x = [], 12345
        for i in range(SERIES):
            x = (x * 1664525 + 1013904223) & 0xFFFFFFFF
            if i % 50 == 0:
                rows.append(f"# HELP bench_metric_{i // 50}_total Synthetic counter number {i // 50}.\n# TYPE bench_metric_{i // 50}_total counter\n")
            value = (x >> 8) + v * (x % 97)
            labels = f'device="eth{i % 50}",mode="user",cpu="{i % 64}",le="0.5"' if i % 5 == 0 else f'device="eth{i % 50}",mode="system",cpu="{i % 64}",path="/var/lib/kubelet/pods"'
            rows.append(f"bench_metric_{i // 50}_total{{{labels}}} {value}{f'.{x % 1000}' if i % 5 == 0 else ''}\n")
        out.append("".join(rows))
    return out


def remote_write_once(name, targets, seconds):
    work = tempfile.mkdtemp(prefix="spoor-bench-")
    receiver = Prometheus(f"{work}/receiver").start()
    pin(receiver.process.pid, 1)
    scrape_config = f"""  scrape_configs:
    - job_name: bench
      static_configs: [{{targets: [{", ".join(t.address for t in targets)}]}}]
"""
    if name == "spoor":
        agent = Agent(work, config=f"metrics:\n  global: {{scrape_interval: 1s, scrape_timeout: 900ms}}\n{scrape_config}  remote_write: [{{url: {receiver.write_url}}}]\n").start(scrape=False)
    else:
        text = f"global: {{scrape_interval: 1s, scrape_timeout: 900ms}}\n{scrape_config}remote_write: [{{url: {receiver.write_url}}}]\n".replace("\n  ", "\n")
        agent = Prometheus(f"{work}/agent", config=text.replace("  scrape_configs", "scrape_configs"), is_agent=True).start()
    pin(agent.process.pid, 0)

    def count():
        text = scrape(receiver.url + "/metrics", 1).decode()
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith("prometheus_tsdb_head_samples_appended_total"))
    time.sleep(12)
    pin(agent.process.pid, 0)
    n0, c0, t0 = count(), cpu_s(agent.process.pid), time.monotonic()
    time.sleep(seconds)
    n1, c1, t1 = count(), cpu_s(agent.process.pid), time.monotonic()
    n = n1 - n0
    row = {"peer": name, "samples_per_s": round(n / (t1 - t0)), "cpu_s_per_million": round((c1 - c0) / max(n, 1) * 1e6, 3),
           "peak_rss_mib": round(agent.process.memory_mib("VmHWM"), 1), "rss_mib": round(agent.process.memory_mib(), 1)}
    end_processes()
    shutil.rmtree(work, ignore_errors=True)
    return row


def remote_write(a):
    os.sched_setaffinity(0, {1})
    texts = bodies()
    targets = [Target(free_ports(1), lambda n: texts[n % 8]) for _ in range(TARGETS)]
    rows = []
    for _ in range(a.runs):
        for name in ("prometheus agent", "spoor"):
            rows.append(remote_write_once(name, targets, a.seconds))
            print(json.dumps(rows[-1]), flush=True)
    median = {n: statistics.median(r["cpu_s_per_million"] for r in rows if r["peer"] == n) for n in ("prometheus agent", "spoor")}
    print(json.dumps({"kind": "remote_write", "cpu_s_per_million": median, "ratio": round(median["spoor"] / median["prometheus agent"], 3)}))


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("what", choices=["node", "remote_write"])
    p.add_argument("--runs", type=int, default=3)
    p.add_argument("--seconds", type=float, default=20)
    a = p.parse_args()
    {"node": node, "remote_write": remote_write}[a.what](a)


if __name__ == "__main__":
    main()
