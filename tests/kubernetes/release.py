"""The chart's release on the node: what it is installed with, its agent, and what that says of itself."""
import json
import os

import cluster
from lib import Failed, get, ledger_faults, parse_metrics, wait_for

NAMESPACE = "spoor"
PORT = 9195
SELECTOR = "app.kubernetes.io/name=spoor,app.kubernetes.io/component!=test"


def rule(source, target, **more):
    return {"source_labels": source.split(","), "target_label": target, **more}


# The rules that charts for Promtail have, as far as they matter here.
LOGS = {"kubernetes_sd_configs": [{"role": "pod"}], "pipeline_stages": [{"cri": {}}], "relabel_configs": [
    rule("__meta_kubernetes_pod_node_name", "__host__"),
    rule("__meta_kubernetes_pod_node_name", "node_name"),
    rule("__meta_kubernetes_namespace", "namespace"),
    rule("__meta_kubernetes_pod_name", "pod"),
    rule("__meta_kubernetes_pod_container_name", "container"),
    rule("__meta_kubernetes_pod_label_app", "app"),
    rule("__meta_kubernetes_pod_uid,__meta_kubernetes_pod_container_name", "__path__", separator="/", replacement="/var/log/pods/*$1/*.log"),
    # The folder of a static pod has its hash for a name, and its object another UID.
    rule("__meta_kubernetes_pod_annotationpresent_kubernetes_io_config_hash,__meta_kubernetes_pod_annotation_kubernetes_io_config_hash,"
         "__meta_kubernetes_pod_container_name", "__path__", separator="/", regex="true/(.*)", replacement="/var/log/pods/*$1/*.log")]}


class Release:
    def __init__(self, node, loki, prometheus):
        self.node = node
        self.values = {
            "image": {"pullPolicy": "Never"},
            "lokiUrl": loki.push_url, "remoteWriteUrl": prometheus.write_url, "reloadInterval": "1s", "minReadySeconds": 0,
            "extraArgs": ["--collector.kube_pod"],
            "config": {"logs": {"scrape_configs": [{"job_name": "pods", **LOGS}]},
                       "metrics": {"global": {"scrape_interval": "5s"}}},
        }

    def command(self, verb, *more, may_fail=False):
        path = f"{self.node.directory}/run/values.yaml"
        with open(path, "w") as f:
            json.dump(self.values, f)  # which YAML takes
        try:
            return self.node.helm(verb, "spoor", cluster.CHART, "--namespace", NAMESPACE, "--values", path, "--wait", "--timeout=60s", *more, may_fail=may_fail)
        except Failed as e:
            raise Failed(f"{e}\n{self.node.kubectl('describe', 'pods', '-n', NAMESPACE)[-1500:]}\n{self.log()[-1500:]}")

    def pod(self):
        """The one that runs and is not being ended; None when there is none, or when two are"""
        found = [p for p in self.node.pods(NAMESPACE, SELECTOR) if cluster.is_ready(p)]
        return found[0] if len(found) == 1 else None

    def url(self):
        pod = wait_for("an agent that is ready", self.pod, 60)
        return f"http://{pod['status']['podIP']}:{PORT}"

    def api(self, path):
        status, body = get(f"{self.url()}/api/v1/{path}")
        if status != 200:
            raise Failed(f"/api/v1/{path} answers {status}: {body[:200]}")
        return json.loads(body)["data"]

    def metrics(self):
        """Of the agent itself; the ledger must balance"""
        status, body = get(self.url() + "/metrics/self")
        if status != 200:
            raise Failed(f"/metrics/self answers {status}")
        m = parse_metrics(body)
        faults = ledger_faults(m)
        if faults:
            raise Failed(f"the ledger: {faults}")
        return m

    def log(self):
        return self.node.kubectl("logs", "-n", NAMESPACE, "daemonset/spoor", may_fail=True)

    def process(self, may_miss=False):
        """Its number on the machine"""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/exe") == "/usr/local/bin/spoor":
                    return int(pid)
            except OSError:
                pass
        if may_miss:
            return None
        raise Failed("no process of the agent on the node")
