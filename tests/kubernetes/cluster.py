"""The node as a test sees it: kubectl and helm, its parts stopped and started, and a Loki and a Prometheus at its own address, where pods
reach them. Runs inside of the machine that up.sh made; NODE_DIR is its folder, KUBECTL and HELM are programs,
PYTHONPATH leads to tests/e2e."""
import json
import os
import subprocess
import time

import lib
import servers
from lib import Failed, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
ADDRESS = "10.88.0.1"
NODE = "spoor-node"
CHART = f"{ROOT}/deploy/helm/spoor"


class Check(lib.Scenario):
    """As a scenario, but what runs goes on: all checks are of one node."""

    def _end_processes(self):
        pass


class NodeLoki(lib.Loki):
    def __init__(self, directory):
        super().__init__(directory)
        with open(self.config) as f:
            text = f.read()
        with open(self.config, "w") as f:
            f.write(text.replace("http_listen_address: 127.0.0.1", "http_listen_address: 0.0.0.0"))
        self.push_url = f"http://{ADDRESS}:{self.port}/loki/api/v1/push"


class NodePrometheus(servers.Prometheus):
    def __init__(self, directory):
        super().__init__(directory)
        self.write_url = f"http://{ADDRESS}:{self.port}/api/v1/write"

    def argv(self):
        return [a.replace("=127.0.0.1:", "=0.0.0.0:") for a in super().argv()]


class Cluster:
    def __init__(self, directory):
        self.directory = directory
        self.kubeconfig = f"{directory}/conf/admin.kubeconfig"

    def kubectl(self, *arguments, text=None, may_fail=False):
        """What it printed; with may_fail also when it failed"""
        p = subprocess.run([os.environ["KUBECTL"], "--kubeconfig", self.kubeconfig, *arguments], input=text, capture_output=True, text=True)
        if p.returncode and not may_fail:
            raise Failed(f"kubectl {' '.join(arguments)[:200]}: {p.stderr.strip()[-600:]}")
        return p.stdout + (p.stderr if may_fail else "")

    def helm(self, *arguments, may_fail=False):
        env = dict(os.environ, HELM_CACHE_HOME=f"{self.directory}/run/helm", HELM_CONFIG_HOME=f"{self.directory}/run/helm", HELM_DATA_HOME=f"{self.directory}/run/helm")
        p = subprocess.run([os.environ["HELM"], "--kubeconfig", self.kubeconfig, *arguments], capture_output=True, text=True, env=env)
        if p.returncode and not may_fail:
            raise Failed(f"helm {' '.join(arguments)[:200]}: {p.stderr.strip()[-600:]}{p.stdout[-600:]}")
        return p.stdout + (p.stderr if may_fail else "")

    def apply(self, *objects):
        self.kubectl("apply", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))

    def delete(self, *what, wait=True):
        self.kubectl("delete", "--ignore-not-found", f"--wait={str(wait).lower()}", *what)

    def get(self, *what):
        return json.loads(self.kubectl("get", "-o", "json", *what))

    def pods(self, namespace, selector=None):
        return self.get("pods", "-n", namespace, *(["-l", selector] if selector else []))["items"]

    def wait(self, why, condition, timeout=60):
        """As wait_for; what the namespaces look like is told with a failure"""
        return wait_for(lambda: f"{why}; pods are\n{self.kubectl('get', 'pods', '-A', may_fail=True)}", condition, timeout, 0.3)

    def part(self, verb, name, signal="TERM"):
        subprocess.run([f"{HERE}/part.sh", self.directory, verb, name, signal], check=True)

    def is_served(self):
        return self.kubectl("get", "--raw", "/readyz", "--request-timeout=2s", may_fail=True) == "ok"


def restarts(pod, container=None):
    return sum(c["restartCount"] for c in pod["status"].get("containerStatuses", []) if container in (None, c["name"]))


def is_ready(pod):
    return "deletionTimestamp" not in pod["metadata"] and any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))


def phase(pod):
    return pod["status"].get("phase")


def now_ns():
    return time.time_ns()
