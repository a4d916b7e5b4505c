"""From Promtail to Spoor in the middle of rotating logs: the real Promtail is ended, Spoor is started on the same file, which names the
positions that Promtail left. In a real Loki there is every record then, and each once."""
import glob
import os
import time

import oracle
from lib import Agent, Loki, finish, free_ports, generate, main, wait_for
from promtail import Promtail

CONTAINERS = 8
# Namespace, pod and container out of the path, as the rules of the usual configurations do it.
CONFIG = """server: {{http_listen_address: 127.0.0.1, http_listen_port: {port}, grpc_listen_port: 0}}
clients: [{{url: '{loki}/loki/api/v1/push', batchwait: 200ms}}]
positions: {{filename: {work}/positions.yaml, sync_period: 1s}}
target_config: {{sync_period: 1s}}
scrape_configs:
  - job_name: pods
    pipeline_stages:
      - cri: {{}}
      - regex: {{source: filename, expression: '{expression}'}}
      - labels: {{namespace: , pod: , container: }}
      - labeldrop: [filename]
    static_configs: [{{targets: [localhost], labels: {{job: pods, __path__: '{work}/{pattern}'}}}}]
"""
DIRECT = {"pattern": "pods/*/*/*.log", "expression": "/(?P<namespace>[^_/]+)_(?P<pod>[^_/]+)_[^/]+/(?P<container>[^/]+)/[^/]+$"}
LINKED = {"pattern": "containers/*.log", "expression": "/(?P<pod>[^_/]+)_(?P<namespace>[^_/]+)_(?P<container>[^/]+)-[0-9a-f]{64}\\.log$"}


class Records:
    """Every record that Loki has, by container and number: how often, and in which forms."""

    def __init__(self, truth):
        self.truth, self.seen, self.strange = truth, {}, []

    def add(self, labels, timestamp, line, meta):
        key = oracle.identify(line)
        if key is None:
            self.strange.append(line)
        else:
            self.seen.setdefault(key, []).append((tuple(sorted(labels.items())), timestamp, tuple(sorted(meta.items()))))

    def problems(self):
        out = [f"strange line {line[:100]!r}" for line in self.strange]
        for container, row in self.truth.rows.items():
            missing = [n for n in range(row["records"]) if (container, n) not in self.seen]
            if missing:
                out.append(f"container {container}: {len(missing)} of {row['records']} missing, first {missing[0]}, last {missing[-1]}")
        for key, forms in self.seen.items():
            row = self.truth.rows[key[0]]
            want = {"job": "pods", "stream": oracle.expect(*key)[0], **{n: row[n] for n in ("namespace", "pod", "container")}}
            if len(forms) > 1:
                out.append(f"record {key} {len(forms)} times: {forms}")
            elif dict(forms[0][0]) != want:
                out.append(f"record {key} has labels {forms[0][0]}")
        return out


def read_back(loki, truth, began_s):
    records = Records(truth)
    for row in truth.rows.values():
        loki.read_back(records, f'{{pod="{row["pod"]}"}}', int(began_s * 1e9), int((time.time() + 60) * 1e9))
    return records


class Rehearsal:
    def __init__(self, s, through_links=False):
        self.s, self.began_s = s, time.time() - 60
        self.loki = Loki(f"{s.work}/loki").start()
        self.port = free_ports(1)
        self.generator = generate(s.work, wait=False, containers=CONTAINERS, rate=100, seconds=20, rotate_ms=2500, keep=6)
        self.config = CONFIG.format(loki=self.loki.url, work=s.work, port=self.port, **(self.link() if through_links else DIRECT))
        self.promtail = Promtail(s.work, self.config, self.port).start()

    def link(self):
        """Links to the live files, named as the kubelet names them below /var/log/containers."""
        def logs():
            return glob.glob(f"{self.s.work}/pods/*/*/0.log")

        wait_for("the logs of all pods", lambda: len(logs()) == CONTAINERS, 10)
        os.makedirs(f"{self.s.work}/containers")
        for path in logs():
            pod, container = path.split("/")[-3:-1]
            namespace, name, uid = pod.split("_")
            os.symlink(path, f"{self.s.work}/containers/{name}_{namespace}_{container}-{uid.replace('-', '') * 2}.log")
        return LINKED

    def count(self):
        return self.loki.count('{job="pods"}')

    def wait_for_promtail(self, records=2000):
        wait_for(lambda: f"{records} records by Promtail, there are {self.count()}", lambda: self.count() >= records, 30, 0.3)

    def take_over(self):
        # The same file, but for the port, which Promtail may not have left yet for good.
        self.agent = Agent(self.s.work, config=self.config.replace(str(self.port), "0"), dev=True)
        self.agent.env["NODE_NAME"] = ""
        self.agent.start()
        return self.agent

    def finish(self):
        truth = oracle.Manifest(finish(self.generator))
        last = [None, 0]

        def is_there():
            last[0] = read_back(self.loki, truth, self.began_s)
            return not [p for p in last[0].problems() if "missing" in p]

        wait_for(lambda: f"all records: {last[0].problems()[:5]}", is_there, 40, 1)
        time.sleep(1)
        records = read_back(self.loki, truth, self.began_s)
        self.s.no_problems(records.problems()[:8])
        own = sum(1 for forms in records.seen.values() if any(n == "detected_level" for n, _ in forms[0][2]))
        self.s.expect(0 < own < truth.records, f"{own} of {truth.records} records are Spoor's alone")
        self.s.note(f"{truth.records} records, {own} of them by Spoor with what it adds")
        self.s.expect(self.agent.stop() == 0, "exit status is not 0")
        self.agent.check()


def stopped(s):
    """Ended as Kubernetes does it, and some seconds without anybody: rotations happen meanwhile."""
    r = Rehearsal(s)
    r.wait_for_promtail()
    r.promtail.stop()
    written = os.stat(f"{s.work}/positions.yaml").st_mtime
    time.sleep(4)
    r.take_over()
    s.expect("Promtail's positions of 8 files" in r.agent.process.log_text(), "the log does not say what was taken over")
    time.sleep(3)
    r.agent.stop()  # a second start has progress of its own
    r.take_over()
    r.finish()
    s.expect(os.stat(f"{s.work}/positions.yaml").st_mtime == written, "Promtail's file was written")


def killed(s):
    """Killed: its positions are up to a second old, and what it had read last may not have been delivered."""
    r = Rehearsal(s)
    r.wait_for_promtail()
    r.promtail.kill9()
    time.sleep(1)
    r.take_over()
    r.finish()


def links(s):
    """The positions are those of links."""
    r = Rehearsal(s, through_links=True)
    r.wait_for_promtail()
    r.promtail.stop()
    time.sleep(3)
    r.take_over()
    r.finish()


main(stopped, killed, links)
