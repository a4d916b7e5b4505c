"""Every metric name and label that Node Exporter Full and the node mixin ask for is emitted: here, on this host, or in the golden output of
the collector's fixtures where this host does not have the source. What is left is listed with its reason, and nothing else may miss."""
import glob

import exposition
from lib import ROOT, Agent, get, main

OPT_IN = ["interrupts", "processes", "softirqs", "tcpstat", "ksmd", "slabinfo", "buddyinfo", "zoneinfo", "meminfo_numa"]
ABSENT = {
    "node_kernel_hung_tasks": "renamed in node_exporter 1.12: node_kernel_hung_tasks_total",
    "node_netstat_Tcp_MaxConn": "outside node_exporter's default filter; on with --collector.netstat.fields",
}
# Labels that the dashboard filters by and node_exporter does not have either.
NOT_THERE = {("node_network_up", "operstate")}


def asked(name):
    with open(f"{ROOT}/tests/fixtures/dashboards/{name}.txt") as f:
        return {row.split()[0]: set(row.split()[1:]) for row in f if row.strip() and row[0] != "#"}


def emitted(agent):
    out = {}
    texts = [get(agent.url + "/metrics/node", 30)[1], get(agent.url + "/metrics/self", 30)[1]]
    for path in glob.glob(f"{ROOT}/tests/fixtures/collectors/*.txt") + glob.glob(f"{ROOT}/tests/fixtures/collectors/*.prom") + \
            glob.glob(f"{ROOT}/tests/fixtures/network/*.prom"):
        with open(path, errors="replace") as f:
            text = f.read()
        if "# TYPE " in text:
            texts.append(text)
    for text in texts:
        for family in exposition.parse(text).values():
            for name, labels in family.samples:
                out.setdefault(name, set()).update(k for k, _ in labels)
    return out


def dashboards(s):
    agent = Agent(s.work, config="", args=[f"--collector.{n}" for n in OPT_IN] + [f"--collector.textfile.directory={s.work}"]).start(scrape=False)
    have = emitted(agent)
    agent.stop()
    for name in ("node_exporter_full", "node_mixin"):
        want = asked(name)
        s.expect(len(want) > 40, f"{name}: only {len(want)} names in the list")
        missing = [n for n in sorted(want) if n not in have and n not in ABSENT]
        s.expect(not missing, f"{name}: {len(missing)} names missing: {missing}")
        labels = [f"{n}: {k}" for n in sorted(want) if n in have for k in sorted(want[n] - have[n]) if (n, k) not in NOT_THERE]
        s.expect(not labels, f"{name}: labels missing: {labels}")
        left = [n for n in want if n not in have]
        s.note(f"{name}: {len(want) - len(left)} of {len(want)}")
    print("  left out:", "; ".join(f"{n}: {ABSENT.get(n, 'missing')}" for n in sorted(left)))


main(dashboards)
