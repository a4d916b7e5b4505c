"""The other two ways to know of pods: from the kubelet, with the one right nodes/pods, and from paths alone; the first with no capability at all."""
import lib
from check_install import status_of
from cluster import now_ns
from lib import wait_for
from lines import read
from workloads import job

RIGHTS = [("get", "nodes --subresource=pods"), ("get", "nodes --subresource=proxy"), ("get", "nodes"), ("list", "pods"), ("watch", "pods"), ("get", "secrets")]
SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


def change(x, **values):
    """helm upgrade, until the pod that it asks for runs"""
    before = x.release.pod()["metadata"]["uid"]
    x.release.values.update(values)
    x.release.command("upgrade")
    x.node.wait("the new pod of the agent", lambda: (x.release.pod() or {"metadata": {"uid": before}})["metadata"]["uid"] != before)


def lines_of(x, name):
    """Labels app of a job's lines when all are there"""
    def all_there():
        found = read(x.loki, f'{{pod=~"{name}-.*"}}', x.began_ns, now_ns())
        return found if found.lines == 20 else None
    return {r.identity[3] for r in wait_for(f"20 lines of {name}", all_there, 60, 0.5).by_id.values()}


def kubelet(s, x):
    """rbac.level 2: asks the kubelet, which asks the API server whether it may get nodes/pods; it may nothing else."""
    change(x, rbac={"level": 2}, securityProfile="strict")
    # It may have begun with the ConfigMap before the upgrade, which a kubelet shows new pods for a moment.
    wait_for("all pods known", lambda: lib.total(x.release.metrics(), "spoor_kubernetes_complete") == 1, 60, 0.5)
    x.node.apply(job("asked", ["--count=20"]))
    s.expect(lines_of(x, "asked") == {"asked"}, "lines without the pod's label")
    m = x.release.metrics()
    good = lib.total(m, "spoor_kubernetes_requests_total", code="200")
    s.expect(good > 0 and "nodes/pods" not in x.release.log(), f"{good:.0f} good answers; {x.release.log()[-600:]}")
    s.expect(lib.total(m, "spoor_kubernetes_pods") >= 2, "it knows too few pods")
    s.expect(status_of(x.release.process())["CapEff"].strip("0") == "", "strict has a capability")
    wait_for("kube_pod_info of the job in Prometheus", lambda: x.prometheus.instant('kube_pod_info{namespace="work",pod=~"asked-.*"}'), 30, 1)
    may = {f"{verb} {what}" for verb, what in RIGHTS if x.node.kubectl("auth", "can-i", verb, *what.split(), "--as=system:serviceaccount:spoor:spoor",
                                                                      may_fail=True).startswith("yes")}
    s.expect(may == {"get nodes --subresource=pods"}, f"it may {sorted(may)}")
    s.note(f"{good:.0f} requests")


def paths_alone(s, x):
    """rbac.level 0: no token, nobody is asked, lines come all the same."""
    change(x, rbac={"level": 0}, securityProfile="default")
    x.node.apply(job("unasked", ["--count=20"]))
    s.expect(lines_of(x, "unasked") == {None}, "a label out of nowhere")
    mounts = [m["mountPath"] for c in x.release.pod()["spec"]["containers"] for m in c["volumeMounts"]]
    s.expect(SERVICE_ACCOUNT not in mounts, "it has a token")


def uninstall(s, x):
    x.node.helm("uninstall", "spoor", "--namespace", "spoor", "--wait", "--timeout=60s")
    x.node.wait("all of it gone", lambda: not left_over(x), 40)


def left_over(x):
    return x.node.kubectl("get", "all,configmap,serviceaccount", "-n", "spoor", "-l", "app.kubernetes.io/name=spoor", "-o", "name").split()


CHECKS = [kubelet, paths_alone, uninstall]
