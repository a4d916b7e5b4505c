"""Metrics of the node and its pods, as a real Prometheus has them and beside the kubelet's own cAdvisor."""
import exposition
from cluster import NODE, restarts
from lib import get, wait_for
from workloads import NAMESPACE

LABELS = ("namespace", "pod", "container")
# Families that dashboards of Kubernetes live on.
FAMILIES = ("container_cpu_usage_seconds_total", "container_memory_working_set_bytes", "container_memory_usage_bytes", "container_memory_rss",
            "container_memory_cache", "container_network_receive_bytes_total", "container_network_transmit_packets_total", "container_spec_memory_limit_bytes",
            "container_start_time_seconds", "container_last_seen", "container_threads")
# Not container_oom_events_total: ours has no rows for whole pods (docs/METRICS.md says why).


def rows(x, query):
    """{(namespace, pod, container): value}"""
    return {tuple(dict(labels).get(k, "") for k in LABELS): value for labels, value in x.prometheus.instant(query).items()}


def node(s, x):
    """node_*: the numbers of this machine, under the node's name."""
    with open("/proc/meminfo") as f:
        total = int(f.readline().split()[1]) * 1024
    found = wait_for("node_memory_MemTotal_bytes", lambda: x.prometheus.instant('node_memory_MemTotal_bytes{cluster=""}'), 30, 0.5)
    s.expect(list(found.values()) == [total], f"{found}, the machine has {total}")
    s.expect(dict(list(found)[0])["instance"].split(":")[0] == NODE, f"labels {list(found)[0]}")
    names = {dict(labels)["device"] for labels in x.prometheus.instant("node_network_receive_bytes_total")}
    s.expect("pods0" in names, f"interfaces {sorted(names)}: the node's are not among them")
    count = list(x.prometheus.instant('count(count by (__name__) ({__name__=~"node_.+"}))').values())[0]
    s.expect(count > 150, f"{count} families")
    s.note(f"{count:.0f} families")


def kube_pod(s, x):
    pods = {p["metadata"]["name"]: p for p in x.node.pods(NAMESPACE)}

    def infos():
        found = rows(x, f'kube_pod_info{{namespace="{NAMESPACE}"}}')
        return found if set(pods) <= {k[1] for k in found} else None
    info = wait_for("kube_pod_info of all pods", infos, 30, 1)
    s.expect(len(info) == len({k[1] for k in info}), "a pod twice")

    def running():
        have = rows(x, f'kube_pod_status_phase{{namespace="{NAMESPACE}",phase="Running",cluster=""}} == 1')
        phases = {p["metadata"]["name"]: p["status"]["phase"] for p in x.node.pods(NAMESPACE)}
        # Of pods that went while the agent was restarted the last value is shown for five minutes.
        return {k[1] for k in have if k[1] in phases} - {"crash"} == {name for name, p in phases.items() if p == "Running"} - {"crash"}
    wait_for("pods running as the API has them", running, 30, 1)

    def crashes():
        have = rows(x, 'kube_pod_container_status_restarts_total{pod="crash",cluster=""}').get((NAMESPACE, "crash", "c"))
        return have == restarts(x.node.get("pod", "crash", "-n", NAMESPACE))
    wait_for("restarts as the API counts them", crashes, 30, 1)
    s.note(f"{len(info)} pods")


def cadvisor(s, x):
    """The same families, pods and containers as the kubelet's /metrics/cadvisor, and what does not move has the same value."""
    def both():
        kubelet = exposition.parse(x.node.kubectl("get", "--raw", f"/api/v1/nodes/{NODE}/proxy/metrics/cadvisor"))
        status, text = get(x.release.url() + "/metrics/pods")
        s.expect(status == 200, f"/metrics/pods answers {status}")
        return kubelet, exposition.parse(text)

    def series(families, name):
        found = {}
        for (_, labels), value in families[name].samples.items() if name in families else ():
            labels = dict(labels)
            if labels.get("namespace") in (NAMESPACE, "spoor") and labels.get("pod") != "crash":
                found[tuple(labels.get(k, "") for k in LABELS + ("interface",))] = value
        return found
    kubelet, ours = both()
    for name in FAMILIES:
        theirs, mine = series(kubelet, name), series(ours, name)
        s.expect(theirs, f"the kubelet has no {name}")
        s.expect(set(theirs) == set(mine), f"{name}: only the kubelet {sorted(set(theirs) - set(mine))[:4]}, only we {sorted(set(mine) - set(theirs))[:4]}")
    s.note(f"{len(FAMILIES)} families")


def remote_write(s, x):
    """And Prometheus has them, of the pods that run."""
    have = wait_for("containers in Prometheus", lambda: rows(x, f'container_cpu_usage_seconds_total{{namespace="{NAMESPACE}",container="web"}}'), 30, 1)
    s.expect(len(have) == 2, f"{have}")
    lines = wait_for("log_lines_total", lambda: x.prometheus.instant(f'sum by (namespace) (log_lines_total{{namespace="{NAMESPACE}"}})'), 30, 1)
    s.note(f"{list(lines.values())[0]:.0f} lines counted")
    x.release.metrics()


CHECKS = [node, kube_pod, cadvisor, remote_write]
