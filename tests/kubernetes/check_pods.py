"""Pods of several kinds, all of which write numbered lines while things happen to the agent: a rollout, an edited ConfigMap, an API server
that is away. What is in Loki after each of them has no gap and nothing twice; at the end (check_end.py) each line must be there."""
import json
import os
import signal
import time

import lib
import lines
import workloads
from cluster import is_ready, now_ns, phase, restarts
from lib import wait_for
from workloads import NAMESPACE, container, deployment, job, pod, stateful_set

AWAY_S = 60
CONTROL_PLANE = ("apiserver", "controller-manager", "scheduler")  # the latter two would wait long before they ask again
DATABASE = stateful_set("db", container("db", "--every=50000"))
ALL_KINDS = [
    job("gone", ["--count=20", "--every=10000"], completions=4, ttl=0),
    pod("crash", container("c", "--count=50", "--every=1000", "--exit=3"), restart="Always"),
    deployment("pair", container("left", "--every=20000"), container("right", "--every=30000", "--stderr"), initContainers=[container("setup", "--count=10")]),
    DATABASE,
    deployment("web", container("web", "--every=10000"), replicas=2),
    pod("flood", container("flood", "--count=60000", "--burst=20", "--every=8000", "--bytes=500")),
    pod("open-end", container("c", "--count=30", "--open-end")),
    pod("silent", container("c", "--every=100000"), annotations={"spoor.io/logs": "off"}),
    pod("long", container("c", "--count=40", "--bytes=40000")),
]


def seen(x, selector=f'{{namespace="{NAMESPACE}"}}'):
    return lines.read(x.loki, selector, x.began_ns, now_ns())


def goes_on(x, name="web", by=300):
    """Until the agent has got to lines that are written after this moment"""
    def far():
        return max((max(r.seen) for r in seen(x, f'{{namespace="{NAMESPACE}",pod=~"{name}-.*"}}').by_id.values()), default=0)
    began = far()
    wait_for(f"{by} more lines of {name} in Loki", lambda: far() >= began + by, 60, 0.5)


def has_no_gap(s, x):
    """Nothing twice, and nothing missing before a line that is there. Asked again when there is: pages of an answer are not of one moment."""
    problems = []

    def is_whole():
        problems[:] = seen(x).problems(must_have_ended=False)
        return not problems
    wait_for(lambda: "; ".join(problems), is_whole, 20, 1)


def static_pod(x, is_there):
    """One that the kubelet makes from a file: its folders are called by a hash, not by the UID that the API server knows it by"""
    path = f"{x.node.directory}/conf/static/fixed.json"
    if is_there:
        with open(path, "w") as f:
            json.dump(pod("fixed", container("c", "--every=50000"), restart="Always"), f)
    else:
        os.remove(path)
    x.node.wait("the static pod", lambda: bool([p for p in x.node.pods(NAMESPACE, "app=fixed") if is_ready(p)]) == is_there, 90)


def all_kinds(s, x):
    x.node.apply(*ALL_KINDS)
    static_pod(x, True)
    x.node.wait("the deployments ready", lambda: sum(map(is_ready, x.node.pods(NAMESPACE, "app in (pair,db,web)"))) == 4)


def rotated(x):
    """Logs of the flood that the kubelet has put aside"""
    folder, = [f for f in os.listdir("/var/log/pods") if f.startswith(f"{NAMESPACE}_flood_")]
    return [f for f in os.listdir(f"/var/log/pods/{folder}/flood") if f != "0.log"]


def rollout(s, x):
    """kubectl rollout restart while everything logs, the flood too."""
    x.node.wait("the flood rotated", lambda: len(rotated(x)) > 1, 60)
    before = x.release.pod()["metadata"]["name"]
    x.node.kubectl("rollout", "restart", "-n", "spoor", "daemonset/spoor")
    x.node.kubectl("rollout", "status", "-n", "spoor", "daemonset/spoor", "--timeout=60s")
    x.node.wait("another pod", lambda: (x.release.pod() or {"metadata": {"name": before}})["metadata"]["name"] != before)
    goes_on(x)
    has_no_gap(s, x)
    s.note(f"{len(rotated(x))} rotated logs of the flood")


def asks_not_to_be_read(s, x):
    """A pod with spoor.io/logs: off. It goes before the API server does: an agent that starts with nobody to ask reads everything."""
    s.expect(not seen(x, '{pod="silent"}').lines, "it was read all the same")
    targets = [t for t in x.release.api("log-targets?limit=1000")["targets"] if "silent" in str(t)]
    s.expect(targets, "its log is not known")
    x.node.delete("pod", "silent", "-n", NAMESPACE)


def stateful_set_again(s, x):
    """Deleted and made again: the same name, the same path but for the UID, another log."""
    x.node.delete("statefulset", "db", "-n", NAMESPACE, "--cascade=foreground")
    x.node.wait("the pod gone", lambda: not x.node.pods(NAMESPACE, "app=db"))
    x.node.apply(DATABASE)
    x.node.wait("it again", lambda: any(map(is_ready, x.node.pods(NAMESPACE, "app=db"))))
    found = wait_for("both in Loki", lambda: runs if len((runs := seen(x, '{pod="db-0"}')).by_id) == 2 else None, 30, 0.5)
    s.expect(sorted(bool(r.last) for r in found.by_id.values()) == [False, True], "which of the two has ended?")
    has_no_gap(s, x)


def reloads(x):
    return lib.total(x.release.metrics(), "spoor_config_last_reload_successful")


def config_edit(s, x):
    """helm upgrade edits the ConfigMap: the agent that runs takes it over. A wrong one it does not, and says why."""
    before = x.release.pod()
    config = x.release.values["config"]
    config["global"] = {"external_labels": {"cluster": "edited"}}
    x.release.command("upgrade")
    edited = time.monotonic()
    x.node.wait("lines with the new label", lambda: x.loki.count('{cluster="edited"}') > 0, 90)
    s.note(f"in force after {time.monotonic() - edited:.0f} s")
    config["global"] = {"external_labelz": {}}
    x.release.command("upgrade")
    wait_for("the wrong one refused", lambda: reloads(x) == 0, 90, 0.5)
    s.expect("external_labelz" in x.release.log(), "the log does not say why")
    del config["global"]
    x.release.command("upgrade")
    wait_for("the right one taken", lambda: reloads(x) == 1, 90, 0.5)
    after = x.release.pod()
    s.expect(after["metadata"]["uid"] == before["metadata"]["uid"] and restarts(after) == restarts(before), "the pod was restarted")
    goes_on(x)
    has_no_gap(s, x)


def api_server_away(s, x):
    """Killed, and the agent too meanwhile, so that one starts with nobody to ask. Logs flow on. Then it is there again, and new pods are known."""
    x.release.pod()
    before = x.release.process()
    for name in CONTROL_PLANE:
        x.node.part("stop", name, "KILL")
    end = time.monotonic() + AWAY_S
    goes_on(x)
    os.kill(before, signal.SIGKILL)
    wait_for("the kubelet starts it again", lambda: x.release.process(may_miss=True) not in (None, before), 40)
    goes_on(x)
    time.sleep(max(0, end - time.monotonic()))
    for name in CONTROL_PLANE:
        x.node.part("start", name)
    x.node.wait("the API server", x.node.is_served, 60)
    x.node.part("stop", "kubelet")  # its containers run on; it too would wait for most of a minute
    x.node.part("start", "kubelet")
    began = time.monotonic()
    x.node.apply(job("after", ["--count=20"]))
    x.node.wait("the new pod done", lambda: [p for p in x.node.pods(NAMESPACE, "app=after") if phase(p) == "Succeeded"], 90)
    s.note(f"the node ran a pod after {time.monotonic() - began:.0f} s")
    wait_for("lines of a new pod under its label", lambda: x.loki.count('{app="after"}') == 20, 60, 0.5)
    has_no_gap(s, x)


CHECKS = [all_kinds, rollout, asks_not_to_be_read, stateful_set_again, config_edit, api_server_away]
