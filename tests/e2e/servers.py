"""Real servers of the metrics side, each in the foreground on 127.0.0.1: Prometheus 2 and 3, node_exporter, VictoriaMetrics, Thanos
Receive, Cortex, Jaeger. Programs come from the environment (tests/run.sh sets PROMETHEUS3, NODE_EXPORTER, THANOS, CORTEX, JAEGER) or from PATH."""
import json
import os
import shutil
import urllib.parse

from lib import Failed, Process, Skip, free_ports, get, wait_for


def program(variable, *names):
    for path in [os.environ.get(variable)] + [shutil.which(n) for n in names]:
        if path and os.access(path, os.X_OK):
            return path
    why = f"no {variable.lower()}: set {variable} to its program"
    raise Failed(why) if os.environ.get("CI") == "true" else Skip(why)


class Server:
    """start() waits until it answers; logs beside its data."""
    ready = "/-/ready"

    def __init__(self, directory):
        self.directory, self.process = directory, None
        os.makedirs(directory, exist_ok=True)

    def argv(self):
        raise NotImplementedError

    def start(self):
        self.process = Process(self.argv(), f"{self.directory}/log", cwd=self.directory)
        wait_for(lambda: f"{type(self).__name__} ready; its log ends\n{self.process.log_text()[-800:]}", self.is_ready, 60, 0.1)
        return self

    def is_ready(self):
        if not self.process.is_alive():
            raise Failed(f"{type(self).__name__} ended: {self.process.log_text()[-800:]}")
        try:
            return get(self.url + self.ready, 3)[0] == 200
        except OSError:
            return False

    def stop(self):
        self.process.terminate(30)

    def ask(self, path, headers=None, **args):
        status, body = get(f"{self.url}{path}?{urllib.parse.urlencode(args, doseq=True)}", 30, headers)
        if status != 200:
            raise Failed(f"{type(self).__name__} {path} answers {status}: {body[:300]}")
        return json.loads(body)["data"]

    def instant(self, query, headers=None):
        """{labels as sorted tuple: value} now"""
        return {tuple(sorted(r["metric"].items())): float(r["value"][1])
                for r in self.ask(self.api + "/query", headers, query=query)["result"]}

    def raw(self, selector, window="1h"):
        """{labels as sorted tuple: [(ms, value)]}: every sample stored (stale markers are not shown)"""
        rows = self.ask(self.api + "/query", query=f"{selector}[{window}]")["result"]
        return {tuple(sorted(r["metric"].items())): [(round(float(t) * 1000), float(v)) for t, v in r["values"]] for r in rows}


class Prometheus(Server):
    api = "/api/v1"
    features = "exemplar-storage,native-histograms"

    def __init__(self, directory, version=3, config="", is_agent=False, port=None):
        super().__init__(directory)
        self.binary = program("PROMETHEUS3", "prometheus3") if version == 3 else program("PROMETHEUS2", "prometheus")
        self.version, self.is_agent, self.port = version, is_agent, port or free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self.write_url = self.url + "/api/v1/write"
        with open(f"{directory}/prometheus.yml", "w") as f:
            f.write(config or "global: {scrape_interval: 1h}\n")

    def argv(self):
        storage = f"--storage.agent.path={self.directory}/agent" if self.is_agent else f"--storage.tsdb.path={self.directory}/data"
        out = [self.binary, f"--config.file={self.directory}/prometheus.yml", f"--web.listen-address=127.0.0.1:{self.port}", storage,
               "--log.level=warn"]
        if self.is_agent:
            return out + (["--agent"] if self.version == 3 else ["--enable-feature=agent"])
        return out + ["--web.enable-remote-write-receiver", f"--enable-feature={self.features}", "--query.lookback-delta=5m"]

    def series(self, *match):
        return [tuple(sorted(r.items())) for r in self.ask("/api/v1/series", **{"match[]": match})]

    def exemplars(self, query, start, end):
        return self.ask("/api/v1/query_exemplars", query=query, start=start, end=end)

    def metadata(self):
        return self.ask("/api/v1/metadata")


class NodeExporter(Server):
    ready = "/"

    def __init__(self, directory, *flags):
        super().__init__(directory)
        self.binary = program("NODE_EXPORTER")
        self.flags, self.port = list(flags), free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"

    def argv(self):
        return [self.binary, f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=error", "--web.disable-exporter-metrics"] + self.flags


class VictoriaMetrics(Server):
    api, ready = "/prometheus/api/v1", "/health"

    def __init__(self, directory):
        super().__init__(directory)
        self.binary = program("VICTORIA_METRICS", "victoria-metrics")
        self.port = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self.write_url = self.url + "/api/v1/write"

    def argv(self):
        return [self.binary, f"-httpListenAddr=127.0.0.1:{self.port}", f"-storageDataPath={self.directory}/data", "-loggerLevel=WARN",
                "-search.latencyOffset=0s"]


class ThanosReceive(Server):
    """Receive with its store; the querier answers."""
    api = "/api/v1"

    def __init__(self, directory):
        super().__init__(directory)
        self.binary = program("THANOS")
        self.grpc, self.http, self.write, self.port, self.query_grpc = [free_ports(1) for _ in range(5)]
        self.url = f"http://127.0.0.1:{self.port}"
        self.write_url = f"http://127.0.0.1:{self.write}/api/v1/receive"

    def argv(self):
        return [self.binary, "receive", f"--grpc-address=127.0.0.1:{self.grpc}", f"--http-address=127.0.0.1:{self.http}",
                f"--remote-write.address=127.0.0.1:{self.write}", f"--tsdb.path={self.directory}/data", '--label=replica="a"',
                "--receive.local-endpoint=127.0.0.1:%d" % self.grpc, "--log.level=warn"]

    def start(self):
        own, self.url = self.url, f"http://127.0.0.1:{self.http}"
        super().start()
        self.url = own
        self.querier = Process([self.binary, "query", f"--http-address=127.0.0.1:{self.port}", f"--grpc-address=127.0.0.1:{self.query_grpc}",
                                f"--endpoint=127.0.0.1:{self.grpc}", "--log.level=warn"], f"{self.directory}/query.log")
        wait_for("Thanos' querier", lambda: self._answers(), 60, 0.2)
        return self

    def _answers(self):
        try:
            return get(self.url + "/-/ready", 3)[0] == 200
        except OSError:
            return False

    def stop(self):
        self.querier.terminate(30)
        super().stop()


class Cortex(Server):
    api, ready = "/prometheus/api/v1", "/ready"

    def __init__(self, directory):
        super().__init__(directory)
        self.binary = program("CORTEX")
        self.port, self.grpc = free_ports(1), free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self.write_url = self.url + "/api/v1/push"
        for needed in ("alerts", "rules"):
            os.makedirs(f"{directory}/{needed}", exist_ok=True)
        with open(f"{directory}/cortex.yaml", "w") as f:
            f.write(CORTEX.format(http=self.port, grpc=self.grpc, dir=directory, member=free_ports(1)))

    def argv(self):
        return [self.binary, f"-config.file={self.directory}/cortex.yaml"]


class Jaeger(Server):
    ready = "/"

    def __init__(self, directory):
        super().__init__(directory)
        self.binary = program("JAEGER")
        self.ports = [free_ports(1) for _ in range(9)]
        self.url, self.otlp = f"http://127.0.0.1:{self.ports[0]}", f"http://127.0.0.1:{self.ports[1]}"

    def argv(self):
        names = ["query.http-server.host-port", "collector.otlp.http.host-port", "collector.otlp.grpc.host-port", "query.grpc-server.host-port",
                 "admin.http.host-port", "collector.http-server.host-port", "collector.grpc-server.host-port", "processor.jaeger-compact.server-host-port",
                 "processor.jaeger-binary.server-host-port"]
        return [self.binary, "--collector.otlp.enabled", "--log-level=error"] + [f"--{n}=127.0.0.1:{p}" for n, p in zip(names, self.ports)]

    def trace(self, trace_id):
        status, body = get(f"{self.url}/api/traces/{trace_id}")
        return json.loads(body)["data"][0] if status == 200 else None


CORTEX = """auth_enabled: true
server: {{http_listen_address: 127.0.0.1, http_listen_port: {http}, grpc_listen_address: 127.0.0.1, grpc_listen_port: {grpc}, log_level: warn}}
distributor: {{shard_by_all_labels: true, pool: {{health_check_ingesters: true}}, instance_limits: {{}}}}
ingester: {{lifecycler: {{address: 127.0.0.1, join_after: 0s, min_ready_duration: 0s, final_sleep: 0s, num_tokens: 16,
  ring: {{kvstore: {{store: inmemory}}, replication_factor: 1}}}}}}
memberlist: {{bind_addr: [127.0.0.1], bind_port: {member}}}
blocks_storage: {{backend: filesystem, filesystem: {{dir: {dir}/blocks}}, tsdb: {{dir: {dir}/tsdb}}, bucket_store: {{sync_dir: {dir}/sync}}}}
compactor: {{data_dir: {dir}/compactor, sharding_ring: {{kvstore: {{store: inmemory}}}}}}
ruler: {{rule_path: {dir}/rules}}
ruler_storage: {{backend: local, local: {{directory: {dir}/rules}}}}
alertmanager: {{external_url: "http://127.0.0.1:{http}/alerts", data_dir: {dir}/alertmanager}}
alertmanager_storage: {{backend: local, local: {{path: {dir}/alerts}}}}
limits: {{ingestion_rate: 1000000, ingestion_burst_size: 2000000}}
"""
