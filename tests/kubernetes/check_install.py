"""The chart as a user installs it, and one short pod's lines."""
import lines
import workloads
from cluster import now_ns, phase
from workloads import NAMESPACE


def install(s, x):
    x.node.apply(workloads.namespace(NAMESPACE), workloads.namespace("spoor", **{"pod-security.kubernetes.io/enforce": "privileged"}))
    x.release.command("install")
    s.note(f"agent {x.release.pod()['status']['podIP']}")
    x.release.metrics()


def first_lines(s, x):
    """A container of 200 ms: all of its lines, their labels and trace ids."""
    began = now_ns()
    x.node.apply(workloads.job("short", ["--count=20", "--every=10000"]))
    x.node.wait("the job done", lambda: [p for p in x.node.pods(NAMESPACE, "app=short") if phase(p) == "Succeeded"])
    name = x.node.pods(NAMESPACE, "app=short")[0]["metadata"]["name"]
    found = x.node.wait("its last line in Loki", lambda: last_of(x.loki, name, began), 30)
    s.no_problems(found.problems())
    run = found.of(pod=name)[0]
    s.expect(run.identity == (NAMESPACE, name, "job", "short", "spoor-node") and run.last == 20, f"{run.identity} ended with {run.last}")


def last_of(loki, pod, began):
    found = lines.read(loki, f'{{pod="{pod}"}}', began, now_ns())
    return found if any(r.last for r in found.by_id.values()) else None


CHECKS = [install, first_lines]
