"""The real node_exporter and the agent on this host at the same time: the same families, types, help, label sets and values; counters
between two reference scrapes, gauges near, constants equal. Differences are named."""
import os
import time

import exposition
from lib import Agent, get, main
from servers import NodeExporter

# Values that cannot be the same: who says it, how long it took, what the other one does to the machine.
OWN_VALUES = {"node_scrape_collector_duration_seconds", "node_exporter_build_info"}
# Both are right and neither is wrong: what differs from one look to the next (names of families whose series come and go).
RESTLESS_SERIES = {"node_processes_state", "node_tcp_connection_states"}
OPT_IN = ["interrupts", "processes", "softirqs", "tcpstat", "ksmd", "slabinfo", "buddyinfo", "zoneinfo", "meminfo_numa", "cgroups", "mountstats",
          "qdisc", "sysctl", "xfrm", "lnstat", "network_route", "drm", "pcidevice"]


def read(url, path):
    status, body = get(url + path, 30)
    if status != 200:
        raise RuntimeError(f"{path} answers {status}: {body[:200]}")
    return exposition.parse(body)


def near(kind, a, ours, b):
    low, high = min(a, b), max(a, b)
    if low == high == ours or (ours != ours and (a != a or b != b)):
        return True
    if kind == "counter":
        return low - abs(low) * 1e-9 <= ours <= high + abs(high) * 1e-9
    room = max(abs(high - low) * 3, abs(high) * 0.25, 3)
    return low - room <= ours <= high + room


def shape_faults(a, ours):
    """What does not depend on the moment"""
    out = [f"{n}: missing" for n in sorted(set(a) - set(ours))] + [f"{n}: extra" for n in sorted(set(ours) - set(a))]
    for n in sorted(set(a) & set(ours)):
        x, y = a[n], ours[n]
        out += [f"{n}: {what} {getattr(y, what)!r}, want {getattr(x, what)!r}" for what in ("type", "help") if getattr(x, what) != getattr(y, what)]
        if n == "node_exporter_build_info":
            x_keys, y_keys = [{tuple(k for k, _ in labels) for _, labels in f.samples} for f in (x, y)]
        else:
            x_keys, y_keys = set(x.samples), set(y.samples)
        if x_keys != y_keys and n not in RESTLESS_SERIES:
            out.append(f"{n}: series missing {sorted(x_keys - y_keys)[:3]}, extra {sorted(y_keys - x_keys)[:3]}")
    return out


def value_faults(a, ours, b):
    out = []
    for n in sorted(set(a) & set(ours) & set(b) - OWN_VALUES):
        kind = "counter" if a[n].type == "counter" or n.startswith(("node_netstat_", "node_vmstat_")) else "gauge"
        for key, value in ours[n].samples.items():
            if key in a[n].samples and key in b[n].samples and not near(kind, a[n].samples[key], value, b[n].samples[key]):
                out.append(f"{n}{dict(key[1])} ({kind}): {value}, want {a[n].samples[key]} … {b[n].samples[key]}")
    return out


def compare(s, flags, url_tail=""):
    text = f"{s.work}/text"
    os.makedirs(text, exist_ok=True)
    with open(f"{text}/batch.prom", "w") as f:
        f.write("# HELP batch_last_run_seconds When the batch ran.\n# TYPE batch_last_run_seconds gauge\nbatch_last_run_seconds 1.7e9\n"
                "batch_jobs_total{queue=\"a\"} 3\nbatch_jobs_total{shard=\"x\"} 4\n")
    flags = flags + [f"--collector.textfile.directory={text}"]
    theirs = NodeExporter(f"{s.work}/node_exporter", *flags).start()
    agent = Agent(s.work, config="", args=flags).start(scrape=False)
    read(theirs.url, "/metrics"), read(agent.url, "/metrics/node")  # first looks, which open things
    faults = None
    for _ in range(5):  # a process that starts or an interface that appears between two looks is nobody's fault
        a = read(theirs.url, "/metrics")
        ours = read(agent.url, "/metrics/node" + url_tail)
        b = read(theirs.url, "/metrics")
        found = shape_faults(a, ours) + value_faults(a, ours, b)
        faults = found if faults is None else [f for f in faults if f.split(" (")[0].split(",")[0] in " ".join(found)]
        if not faults:
            break
        time.sleep(0.5)
    agent.stop()
    theirs.stop()
    s.note(f"{len(ours)} families, {sum(len(f.samples) for f in ours.values())} samples")
    s.expect(not faults, f"{len(faults or [])} differences: " + "; ".join((faults or [])[:25]))


def defaults(s):
    compare(s, [])


def opt_in(s):
    compare(s, [f"--collector.{name}" for name in OPT_IN])


def filters(s):
    """collect[] and exclude[], and the filters of single collectors."""
    compare(s, ["--collector.disable-defaults", "--collector.filesystem", "--collector.filesystem.mount-points-exclude=^/(dev|proc)($|/)",
                "--collector.netdev", "--collector.netdev.device-include=^lo$", "--collector.vmstat", "--collector.vmstat.fields=^pg.*",
                "--collector.diskstats", "--collector.diskstats.device-exclude=^$", "--collector.netstat", "--collector.textfile"])
    agent = Agent(s.work, config="", name="filters").start(scrape=False)
    got = read(agent.url, "/metrics/node?collect[]=loadavg&collect[]=stat")
    s.expect("node_load1" in got and "node_forks_total" in got and "node_cpu_seconds_total" not in got, f"collect[] gave {sorted(got)}")
    got = read(agent.url, "/metrics/node?exclude[]=cpu")
    s.expect("node_load1" in got and "node_cpu_seconds_total" not in got, "exclude[]=cpu did not leave out cpu alone")
    for bad in ("?collect[]=nonsense", "?collect[]=cpu&exclude[]=stat"):
        status, body = get(agent.url + "/metrics/node" + bad)
        s.expect(status == 400 and body, f"{bad} answers {status}")
    agent.stop()


main(defaults, opt_in, filters)
