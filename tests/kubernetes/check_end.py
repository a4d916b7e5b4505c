"""The node is drained, the pods are gone, and every line that any of them wrote is in Loki, once."""
from check_pods import seen, static_pod
from cluster import NODE, restarts
from lib import wait_for
from workloads import NAMESPACE

COUNTED = {"short": (1, 20), "gone": (4, 20), "after": (1, 20), "flood": (1, 60000), "open-end": (1, 30), "long": (1, 40)}  # (runs, lines of each)


def drain(s, x):
    """Every pod but the agent's is evicted, with all that it writes in its last seconds."""
    x.crashes = restarts(x.node.get("pod", "crash", "-n", NAMESPACE)) + 1
    static_pod(x, False)
    x.node.kubectl("drain", NODE, "--ignore-daemonsets", "--force", "--delete-emptydir-data", "--timeout=90s")
    running = [p["metadata"]["name"] for p in x.node.pods(NAMESPACE) if p["spec"].get("nodeName")]
    s.expect(not running, f"not drained: {running}")
    s.expect(x.release.pod(), "the agent was drained too")
    x.node.delete("deployment,statefulset,job,pod", "--all", "-n", NAMESPACE)
    x.node.kubectl("uncordon", NODE)


def every_line(s, x):
    problems = []

    def is_whole():
        x.runs = seen(x)
        problems[:] = x.runs.problems()
        return not problems
    wait_for(lambda: f"{len(problems)} runs not whole: {'; '.join(problems[:5])}", is_whole, 60, 1)
    s.note(f"{x.runs.lines} lines of {len(x.runs.by_id)} containers, 0 missing, 0 twice")
    x.release.metrics()


def each_kind(s, x):
    """As many runs of each as there were containers, under the right labels."""
    for app, (count, length) in COUNTED.items():
        found = [r.last for r in x.runs.of(app=app)]
        s.expect(found == [length] * count, f"{app}: runs of {found} lines")
    crashed = x.runs.of(pod="crash")
    s.expect(len(crashed) >= x.crashes and all(r.last == 50 for r in crashed), f"{len(crashed)} runs of crash, {x.crashes} by the kubelet")
    for name in ("setup", "left", "right"):
        found = x.runs.of(app="pair", container=name, pod="pair-*")
        s.expect(len(found) == 1 and found[0].last >= 10, f"container {name}: {len(found)} runs")
    right = x.runs.of(app="pair", container="right")[0]
    s.expect(right.stderr == {n for n in right.seen if n % 3 == 0}, "the streams of right")
    s.expect(len(x.runs.of(app="fixed", pod=f"fixed-{NODE}", container="c")) == 1, "runs of the static pod")
    s.expect(len(x.runs.of(app="db", pod="db-0")) == 2, "runs of db")
    s.expect(len({r.identity[1] for r in x.runs.of(app="web", pod="web-*", container="web", namespace=NAMESPACE, node_name=NODE)}) == 2, "pods of web")
    s.note(f"{len(crashed)} crashes")


CHECKS = [drain, every_line, each_kind]
