"""The chart as a user installs it: what runs then, with which rights, and one short pod's lines."""
import os
import re

import lines
import workloads
from cluster import now_ns, phase
from workloads import NAMESPACE

DAC_READ_SEARCH = 1 << 2


def install(s, x):
    x.node.apply(workloads.namespace(NAMESPACE), workloads.namespace("spoor", **{"pod-security.kubernetes.io/enforce": "privileged"}))
    x.release.command("install")
    s.note(f"agent {x.release.pod()['status']['podIP']}")
    x.release.metrics()


def first_lines(s, x):
    """A container of 200 ms: all of its lines, their labels and trace ids."""
    x.node.apply(workloads.job("short", ["--count=20", "--every=10000"]))
    x.node.wait("the job done", lambda: [p for p in x.node.pods(NAMESPACE, "app=short") if phase(p) == "Succeeded"])
    name = x.node.pods(NAMESPACE, "app=short")[0]["metadata"]["name"]
    found = x.node.wait("its last line in Loki", lambda: with_end(x, name), 30)
    s.no_problems(found.problems())
    run = found.of(pod=name)[0]
    s.expect(run.identity == (NAMESPACE, name, "job", "short", "spoor-node") and run.last == 20, f"{run.identity} ended with {run.last}")


def with_end(x, pod):
    found = lines.read(x.loki, f'{{pod="{pod}"}}', x.began_ns, now_ns())
    return found if any(r.last for r in found.by_id.values()) else None


def status_of(pid):
    with open(f"/proc/{pid}/status") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def mount_options(pid):
    with open(f"/proc/{pid}/mountinfo") as f:
        return {v[4]: v[5].split(",") for v in map(str.split, f)}


def kernel_modules():
    try:
        with open("/sys/kernel/security/lsm") as f:
            return f.read()
    except OSError:
        return ""


def least_rights(s, x):
    """What the kernel says of the process that the chart started: the security context is there, not only asked for."""
    pid = x.release.process()
    status = status_of(pid)
    s.expect(status["NoNewPrivs"] == "1", "it may get new privileges")
    s.expect(status["Seccomp"] == "2", f"no seccomp filter: {status['Seccomp']}")
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        more = int(status[kind], 16) & ~DAC_READ_SEARCH
        s.expect(not more, f"{kind} is {status[kind]}")
    mounts = mount_options(pid)
    asked = [m["mountPath"] for m in x.release.pod()["spec"]["containers"][0]["volumeMounts"]]
    writable = [path for path in ["/"] + asked if "ro" not in mounts[path]]
    s.expect(writable == ["/var/lib/spoor"], f"writable: {writable}")
    s.expect("writing below the state directory alone" in x.release.log() or "landlock" not in kernel_modules(), "the agent's own confinement is not there")
    own = {ns: os.readlink(f"/proc/{pid}/ns/{ns}") != os.readlink(f"/proc/1/ns/{ns}") for ns in ("net", "pid", "ipc", "uts", "mnt")}
    s.expect(all(own.values()), f"shared with the node: {own}")


def helm_test(s, x):
    said = x.node.helm("test", "spoor", "--namespace", "spoor", "--timeout=60s")
    s.expect(re.search(r"^Phase: +Succeeded$", said, re.M), said[-400:])


CHECKS = [install, first_lines, least_rights, helm_test]
