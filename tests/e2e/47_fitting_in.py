"""Fitting in: each stack of docs/RECIPES.md with the files that stand there, against the real servers where there are any. HotROD is in 41, tenants
at Cortex and Thanos in 25, remote-write as such in 19, a real OpenTelemetry Collector in 46."""
import base64
import http.client
import json
import os
import re
import ssl
import subprocess
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import threading

import yaml

from fake_otlp import FakeOtlp
from fake_receiver import Answer, Receiver, V1
from lib import NODE, ROOT, Agent, Failed, Loki, Pod, bcrypt, certificate, free_ports, get, main, spoor_binary, wait_for
from recipes import all_recipes, config_of, only, put, recipe, rendered
from servers import Jaeger, Prometheus

SECTION = {"interlink": "InterLink's Virtual Kubelet with Tempo", "datalayer": "Datalayer's observer", "promscale": "Promscale",
           "signoz": "SigNoz", "receivers": "Prometheus, Thanos, Cortex, Mimir", "stack": "kube-prometheus-stack", "terraform": "Terraform, Jaeger and a service"}
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def check(path, *arguments):
    env = {"PATH": os.environ["PATH"], "NODE_NAME": NODE}
    return subprocess.run([spoor_binary(), "check", path, *arguments], capture_output=True, text=True, env=env)


def write(path, text):
    with open(path, "w") as f:
        f.write(text)
    return path


def lines(loki, query):
    """[(stream labels, line, structured metadata)]"""
    out = []
    for stream in loki.ask("query_range", query=query, limit=1000, start=int(time.time() - 3600) * 10**9, end=int(time.time() + 60) * 10**9):
        out += [(stream["stream"], v[1], (v[2] if len(v) > 2 else {}).get("structuredMetadata", {})) for v in stream["values"]]
    return sorted(out, key=lambda e: e[1])


def wait_lines(loki, query, n):
    wait_for(lambda: f"{n} lines for {query}, there are {len(lines(loki, query))}", lambda: len(lines(loki, query)) >= n, 30, 0.3)
    return lines(loki, query)


def datasource(text, uid):
    return next(d for d in yaml.safe_load(text)["datasources"] if d["uid"] == uid)


def span(jaeger, service, name, trace=TRACE, span_id=SPAN, **attributes):
    """A span by OTLP, as a service sends it"""
    pairs = lambda d: [{"key": k, "value": {"stringValue": v}} for k, v in d.items()]
    now = time.time_ns()
    body = {"resourceSpans": [{"resource": {"attributes": pairs({"service.name": service})}, "scopeSpans": [{"spans": [
        {"traceId": trace, "spanId": span_id, "name": name, "kind": 1, "startTimeUnixNano": str(now - 10**6), "endTimeUnixNano": str(now),
         "attributes": pairs(attributes)}]}]}]}
    status, text = get(jaeger.otlp + "/v1/traces", method="POST", data=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
    if status != 200:
        raise Failed(f"Jaeger answers {status}: {text[:200]}")


def files(s):
    """Each file of the page is good: for the program, for helm, for Grafana."""
    count = 0
    for heading, blocks in all_recipes().items():
        for kind, text in blocks:
            count += 1
            path, arguments = write(f"{s.work}/{count}.yaml", text), []
            if kind == "values.yaml":
                objects = rendered(s.work, text)
                write(path, config_of(objects))
                arguments = [a for a in only(objects, "DaemonSet")["spec"]["template"]["spec"]["containers"][0]["args"][1:] if not a.startswith("--config")]
            if kind == "Grafana":
                for source in yaml.safe_load(text)["datasources"]:
                    s.expect(set(source) <= {"name", "uid", "type", "url", "jsonData"} and source["jsonData"], f"{heading}: {source}")
                continue
            p = check(path, *arguments)
            s.expect(p.returncode == 0 and "warning" not in p.stdout + p.stderr, f"{heading}: {p.stdout}{p.stderr}")
    s.expect(count >= 11, f"only {count} files were found")
    s.note(f"{count} files")


def interlink(s):
    """A span of the Virtual Kubelet leads to the lines about its pod; Jaeger keeps the span in Tempo's place, the query is the one that Grafana makes."""
    loki, jaeger = Loki(f"{s.work}/loki").start(), Jaeger(f"{s.work}/jaeger").start()
    agent = Agent(s.work, config=put(recipe(SECTION["interlink"], "spoor.yaml"), ("http://loki.monitoring.svc:3100", loki.url)))
    vk, other = Pod(agent.pods, "slurm-node-7d9c", "interlink", "vk"), Pod(agent.pods, "web-1", "shop", "web")
    line = 'time="2026-11-21T09:00:00Z" level=info msg="%s" method=createOrUpdatePod name=%s namespace=%s node=slurm phase=Pending pod=%s reason= uid=u-1'
    vk.write(line % ('receive CreatePod \\"cart-0\\"', "cart-0", "jobs", "cart-0"), line % ("Created pod in provider", "cart-0", "jobs", "cart-0"),
             line % ("Created pod in provider", "till-0", "jobs", "till-0"), 'time="2026-11-21T09:00:01Z" level=info msg="Tracer setup succeeded"')
    other.write('time="2026-11-21T09:00:00Z" msg="of another program" pod=cart-0 namespace=jobs')
    agent.start()
    wait_lines(loki, '{namespace=~".+"}', 5)
    span(jaeger, "VK-InterLink-1", "CreateHttpCall", **{"pod.name": "cart-0", "pod.namespace": "jobs"})
    found = wait_for("the span", lambda: jaeger.trace(TRACE), 30, 0.3)["spans"][0]
    tags = {t["key"]: t["value"] for t in found["tags"]}
    settings = datasource(recipe(SECTION["interlink"], "Grafana"), "tempo")["jsonData"]["tracesToLogsV2"]
    selector = "{" + ", ".join(f'{t["value"]}="{tags[t["key"]]}"' for t in settings["tags"] if t["key"] in tags) + "}"
    s.expect(selector == '{pod="cart-0", namespace="jobs"}' and not settings["filterByTraceID"], f"Grafana asks for {selector}")
    got = [text for _, text, _ in lines(loki, selector)]
    s.expect(len(got) == 2 and all("name=cart-0" in text for text in got), f"logs for this span: {got}")
    s.expect(len(lines(loki, '{namespace="interlink", pod="slurm-node-7d9c"}')) == 1, "a line about no pod has lost its own")
    s.expect(len(lines(loki, '{namespace="shop", pod="web-1"}')) == 1, "a line of another program has changed its pod")
    agent.stop()
    agent.check()
    # At the edge: outputs of jobs are read, what Tempo keeps in /tmp is not.
    job = yaml.safe_load(recipe(SECTION["interlink"], "spoor.yaml", 1))
    where = job["logs"]["scrape_configs"][0]["static_configs"][0]["labels"]
    s.expect(where == {"__path__": "/home/*/.interlink/**/*.{log,out}", "__path_exclude__": "/tmp/**"}, f"the recipe reads {where}")
    where.update(__path__=f"{s.work}/{{home/*/.interlink,tmp}}/**/*.{{log,out}}", __path_exclude__=f"{s.work}/tmp/**")
    job["logs"]["clients"] = [{"url": loki.url + "/loki/api/v1/push", "batchwait": "200ms"}]
    job["logs"]["scrape_configs"] = [j for j in job["logs"]["scrape_configs"] if "journal" not in j]
    for path in ("home/alice/.interlink/jobs/shop-u1/web.out", "tmp/tempo/wal.log"):
        os.makedirs(os.path.dirname(f"{s.work}/{path}"), exist_ok=True)
        write(f"{s.work}/{path}", f"of {path}\n")
    edge = Agent(s.work, config=yaml.safe_dump(job), name="edge", kubernetes=False).start()
    wait_lines(loki, '{job="interlink"}', 1)
    time.sleep(1.5)
    got = [text for _, text, _ in lines(loki, '{job="interlink"}')]
    s.expect(got == ["of home/alice/.interlink/jobs/shop-u1/web.out"], f"read: {got}")
    edge.stop()


def datalayer(s):
    """Its two labels on the ServiceMonitor, its selectors on the streams, its exemplars' label, its link by the label trace_id."""
    text = recipe(SECTION["datalayer"], "values.yaml")
    with open(f"{ROOT}/deploy/helm/spoor/ci/observer-values.yaml") as f:
        s.expect(f.read().endswith(text), "deploy/helm/spoor/ci/observer-values.yaml is not the recipe's file")
    objects = rendered(s.work, text)
    monitor, service = only(objects, "ServiceMonitor"), only(objects, "Service")
    labels = monitor["metadata"]["labels"]
    s.expect(labels["monitoring.datalayer.io/instance"] == "observer" and labels["monitoring.datalayer.io/enabled"] == "true", f"labels {labels}")
    s.expect(monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items(), "the monitor does not select the service")
    s.expect({e["port"] for e in monitor["spec"]["endpoints"]} <= {p["name"] for p in service["spec"]["ports"]}, "a port that the service does not have")
    s.expect(not [o for o in objects if o["kind"] == "PodMonitor"], "a PodMonitor, which that Prometheus does not take")

    loki = Loki(f"{s.work}/loki").start()
    agent = Agent(s.work, config=put(config_of(objects), ("http://datalayer-observer-loki.datalayer-observer:3100", loki.url)))
    uid = "11111111-1111-4000-8000-000000000000"
    Pod(agent.pods, "iam-0", "datalayer-api", "iam", uid).write(json.dumps({"trace_id": TRACE, "span_id": SPAN, "message": "JSON, which their expression does not match"}))
    traceback = ["2026-11-21 09:00:00,000 - ERROR - request failed", "Traceback (most recent call last):", '  File "/app/iam.py", line 7, in login', "    check(user)",
                 "ValueError: no such user"]
    Pod(agent.pods, "iam-1", "datalayer-api", "iam").write(*traceback, "2026-11-21 09:00:01,000 - INFO - next")
    agent.start()
    # Prometheus asks as the operator makes it of the ServiceMonitor.
    jobs = [{"job_name": f"spoor/{i}", "metrics_path": e["path"], "honor_labels": e.get("honorLabels", False), "static_configs": [{"targets": [f"127.0.0.1:{agent.port}"]}],
             "relabel_configs": operator_rules(e)} for i, e in enumerate(monitor["spec"]["endpoints"])]
    jobs.append({"job_name": "logs", "metrics_path": "/metrics/logs", "static_configs": [{"targets": [f"127.0.0.1:{agent.port}"]}]})
    prometheus = Prometheus(f"{s.work}/prometheus", config=yaml.safe_dump({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs})).start()
    (stream, _, metadata), = wait_lines(loki, f'{{service_name="iam", service_namespace="datalayer-api", service_instance_id="{uid}"}}', 1)
    field = datasource(recipe(SECTION["datalayer"], "Grafana"), "loki")["jsonData"]["derivedFields"][0]
    s.expect(field["matcherType"] == "label" and {**stream, **metadata}.get(field["matcherRegex"]) == TRACE, f"the derived field {field} finds nothing in {metadata}")
    wait_for("all targets up", lambda: len(prometheus.instant("up == 1")) == len(jobs), 30, 0.5)
    def exemplars():
        return [e["labels"] for r in prometheus.exemplars("log_lines_total", time.time() - 600, time.time() + 60) for e in r["exemplars"]]
    wait_for("an exemplar", exemplars, 30, 0.5)
    s.expect(exemplars()[0].get("TraceID") == TRACE, f"exemplars {exemplars()}")
    got = [line for _, line, _ in lines(loki, '{k8s_pod_name="iam-1"}')]
    s.expect(any("\n".join(traceback[1:]) in line for line in got), f"the traceback came as {got}")
    agent.stop()
    agent.check()


def operator_rules(endpoint):
    """relabelings of a monitor as Prometheus has them; what discovery would know of the pod stands in"""
    names = {"sourceLabels": "source_labels", "targetLabel": "target_label"}
    node = {"target_label": "__meta_kubernetes_pod_node_name", "replacement": NODE}
    return [node] + [{names.get(k, k): v for k, v in rule.items()} for rule in endpoint["relabelings"]]


class Promscale(Receiver):
    """What Promscale with high availability does with a write: version, content type, then cluster and __replica__ of the first series; who
    comes first leads its cluster, the others are answered with success and emptied."""

    def __init__(self):
        super().__init__(free_ports(1), self.decide)
        self.url, self.leaders = self.server.url + "/write", {}

    def decide(self, push):
        if push.path != "/write":
            return Answer(404, b"404 page not found")
        if push.headers.get("Content-Type") != "application/x-protobuf":
            return Answer(400, b"unsupported data format (not protobuf or json)")
        if not push.headers.get("X-Prometheus-Remote-Write-Version", "").startswith("0.1."):
            return Answer(400, b"unexpected Remote-Write-Version")
        if not push.series:
            return Answer(200)
        first = push.series[0].labels
        cluster, replica = first.get("cluster", ""), first.get("__replica__", "")
        missing = [n for n, v in (("cluster", cluster), ("__replica__", replica)) if not v]
        if missing:
            what = f"both {' and '.join(missing)} labels are empty" if len(missing) == 2 else f"{missing[0]} label is empty"
            return Answer(400, f"HA enabled, but {what}".encode())
        return Answer(200, store=self.leaders.setdefault(cluster, replica) == replica)


def nodes_of(receiver):
    return {labels.get("cluster") for row in receiver.history(name="up") for labels in [dict(row)]}


def signoz(s):
    """A line of HotROD, for which neither JSON nor a key in the text will do, is a record with both ids; its resource is what SigNoz sorts by."""
    server = FakeOtlp(free_ports(1)).start()
    text = put(recipe(SECTION["signoz"], "spoor.yaml"), ("http://signoz-otel-collector.signoz.svc:4318", f"http://127.0.0.1:{server.port}"))
    agent = Agent(s.work, config=text)
    uid = "11111111-1111-4000-8000-000000000000"
    line = "2026-11-21T09:00:00.000Z\tINFO\tfrontend/best_eta.go:66\tFound customer\t" + json.dumps({"service": "frontend", "trace_id": TRACE, "span_id": SPAN, "customer": "x"})
    Pod(agent.pods, "hotrod-1", "shop", "hotrod", uid).write(line)
    agent.start()
    wait_for("the record", lambda: any(e.line == line for e in server.snapshot()), 20)
    wait_for("metrics", lambda: any("/v1/metrics" in r.path for r in server.requests), 30)
    entry = next(e for e in server.snapshot() if e.line == line)
    s.expect(entry.line == line and (entry.meta.get("trace_id"), entry.meta.get("span_id")) == (TRACE, SPAN), f"{entry.line}: {entry.meta}")
    want = {"service.name": "hotrod", "service.namespace": "shop", "service.instance.id": uid, "k8s.namespace.name": "shop", "k8s.pod.name": "hotrod-1"}
    s.expect(want.items() <= entry.labels.items(), f"resource {entry.labels}")
    agent.stop()
    agent.check()


def promscale(s):
    server = Promscale()
    text = put(recipe(SECTION["promscale"], "spoor.yaml"), ("http://tobs-promscale.tobs.svc:9201/write\n", f"{server.url}\n      queue_config: {{batch_send_deadline: 500ms}}\n")) \
        + "  pods: {enabled: false}\n  node: {scrape_interval: 1s}\n"
    agents = []
    for node in ("a", "b"):
        agent = Agent(s.work, config=text, name=node)
        agent.env = {"NODE_NAME": node}
        agents.append(agent.start())
    wait_for(lambda: f"both nodes, there are {nodes_of(server)}", lambda: nodes_of(server) == {"prod/a", "prod/b"}, 30, 0.3)
    s.expect(all(p.message == V1 for p in server.requests) and not server.damage, f"{server.damage[:2]}")
    for agent in agents:
        s.expect(sum(agent.scrape().get("spoor_samples_dropped_total", {}).values()) == 0, "samples were dropped")
        s.expect(agent.stop() == 0, "exit status is not 0")
        agent.check()
    # What is missing is named where an operator looks: in our log and among the drops.
    for i, (labels, word) in enumerate((("cluster: prod", "__replica__ label is empty"), ("other: x", "both cluster and __replica__ labels are empty"))):
        bare = Agent(s.work, config=re.sub(r"external_labels: .*", f"external_labels: {{{labels}}}", text), name=f"bare-{i}").start()
        wait_for(f"our log says: {word}", lambda: word in bare.process.log_text(), 40, 0.3)
        wait_for("so do the drops", lambda: word in json.dumps(bare.api("drops")), 20, 0.3)
        bare.stop()
    # Without the version in the file it finds out by itself: 2.0 is refused with 400.
    asked = len(server.requests)
    finder = Agent(s.work, config=put(text, ("      protobuf_message: prometheus.WriteRequest\n", "")), name="finder")
    finder.env = {"NODE_NAME": "c"}
    finder.start()
    wait_for("the third node, after 2.0 was refused", lambda: "prod/c" in nodes_of(server), 60, 0.5)
    s.expect(server.requests[asked].message != V1, "the test is none: 2.0 was not tried")
    s.expect(sum(finder.scrape().get("spoor_samples_dropped_total", {}).values()) == 0, "what was refused as 2.0 is lost")
    finder.stop()
    # A cluster that nodes share: the second node is answered with success and not kept. That is why check warns of it.
    shared = write(f"{s.work}/shared.yaml", put(text, ("prod/${NODE_NAME}", "prod")))
    p = check(shared)
    s.expect("__replica__" in p.stdout + p.stderr and "${NODE_NAME}" in p.stdout + p.stderr, f"check says nothing: {p.stdout}{p.stderr}")
    server.stop()


def receivers(s):
    """The other receivers are in 19 and 25; here what check says of replicas."""
    text = recipe(SECTION["receivers"], "spoor.yaml")
    for labels, word in (({}, None), ({"replica": "a"}, "replica"), ({"__replica__": "a"}, "__replica__"),
                         ({"cluster": "prod-${NODE_NAME}", "__replica__": "a"}, None)):
        config = yaml.safe_load(text)
        config["metrics"]["global"] = {"external_labels": {"cluster": "prod", **labels}}
        p = check(write(f"{s.work}/one.yaml", yaml.safe_dump(config)))
        said = p.stdout + p.stderr
        s.expect(p.returncode == 0 and (f"cluster and {word} together" in said if word else "together" not in said), f"{labels}: {said}")


# What kube-prometheus-stack's dashboards and rules select by.
SELECTED = ['node_uname_info{job="node-exporter"}', 'up{job="kubelet", metrics_path="/metrics/cadvisor"}']


def kube_prometheus_stack(s):
    """Scraped and pushed, its selectors find our series; both in a real Prometheus."""
    objects = rendered(s.work, recipe(SECTION["stack"], "values.yaml"))
    agent = Agent(s.work, config="").start()
    endpoints = only(objects, "ServiceMonitor")["spec"]["endpoints"]
    jobs = [{"job_name": f"{i}", "metrics_path": e["path"], "honor_labels": e.get("honorLabels", False), "relabel_configs": operator_rules(e),
             "static_configs": [{"targets": [f"127.0.0.1:{agent.port}"]}]} for i, e in enumerate(endpoints)]
    scraping = Prometheus(f"{s.work}/scraping", config=yaml.safe_dump({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs})).start()
    receiving = Prometheus(f"{s.work}/receiving").start()
    text = put(recipe(SECTION["stack"], "spoor.yaml"), ("http://kube-prometheus-stack-prometheus.monitoring.svc:9090/api/v1/write", receiving.write_url))
    pushing = Agent(s.work, config=text + "  global: {scrape_interval: 1s, scrape_timeout: 1s}\n", name="pushing").start()
    for server, what in ((scraping, "scraped"), (receiving, "pushed")):
        for selector in SELECTED:
            wait_for(f"{what}: {selector}", lambda: server.instant(selector), 30, 0.3)
        (labels, _), = server.instant(SELECTED[0]).items()
        s.expect(dict(labels)["instance"] == NODE, f"{what}: instance {dict(labels)['instance']}")
    agent.stop()
    pushing.stop()


def elastic(s):
    """ECS, dotted and as objects: the ids are found with nothing configured."""
    loki = Loki(f"{s.work}/loki").start()
    agent = Agent(s.work, [loki.url])
    pod = Pod(agent.pods, "shop-1", "shop", "java")
    other = "ffde960597a89294"
    want = {
        '{"@timestamp":"2026-11-21T09:00:00.000Z","log.level":"INFO","message":"1","ecs.version":"1.2.0","trace.id":"%s","transaction.id":"%s"}' % (TRACE, other): other,
        '{"@timestamp":"2026-11-21T09:00:00.000Z","log.level":"INFO","message":"2","trace.id":"%s","transaction.id":"%s","span.id":"%s"}' % (TRACE, other, SPAN): SPAN,
        '{"message":"3","log":{"level":"info"},"trace":{"id":"%s"},"transaction":{"id":"%s"},"span":{"id":"%s"}}' % (TRACE, other, SPAN): SPAN,
    }
    pod.write(*want, '{"message":"4","log.level":"INFO"}')
    agent.start()
    for _, text, metadata in wait_lines(loki, '{pod="shop-1"}', 4):
        ids = {k: v for k, v in metadata.items() if k in ("trace_id", "span_id")}
        s.expect(ids == ({"trace_id": TRACE, "span_id": want[text]} if text in want else {}), f"{text}: {ids}")
        s.expect(metadata.get("detected_level") == "info", f"{text}: {metadata}")
    agent.stop()
    agent.check()


class TlsDoor:
    """What stands in front of a Loki that has no users itself: TLS, and one Authorization that is let in"""

    def __init__(self, work, name, port, authorization):
        door = self
        self.refused = 0

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.headers.get("Authorization") != authorization:
                    door.refused += 1
                    return self.answer(401, b"who are you")
                upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                upstream.request(self.command, self.path, body, {k: v for k, v in self.headers.items() if k.lower() in ("content-type", "content-encoding")})
                reply = upstream.getresponse()
                return self.answer(reply.status, reply.read())

            do_POST = do_GET

            def answer(self, status, body):
                self.send_response(status)
                if status != 204:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body if status != 204 else b"")

            def log_message(self, *_):
                pass
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{work}/{name}.crt", f"{work}/{name}.key")
        own = free_ports(1)
        Quiet = type("Quiet", (ThreadingHTTPServer,), {"daemon_threads": True, "handle_error": lambda *_: None})
        httpd = Quiet(("127.0.0.1", own), Handler)
        httpd.socket = context.wrap_socket(httpd.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=httpd.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"https://127.0.0.1:{own}"


class Grafana:
    """Its API for data sources, with what the provisioning makes of the file: a double dollar is one"""

    def __init__(self, path):
        with open(path) as f:
            sources = {d["uid"]: d for d in yaml.safe_load(f.read().replace("$$", "$"))["datasources"]}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                found = sources.get(self.path.rpartition("/")[2]) if self.path.startswith("/api/datasources/uid/") else None
                self.send_response(200 if found else 404)
                self.end_headers()
                self.wfile.write(json.dumps(found or {"message": "Data source not found"}).encode())

            def log_message(self, *_):
                pass
        httpd = ThreadingHTTPServer(("127.0.0.1", free_ports(1)), Handler)
        httpd.daemon_threads = True
        threading.Thread(target=httpd.serve_forever, args=(0.05,), daemon=True).start()
        self.url, self.sources = f"http://127.0.0.1:{httpd.server_port}", sources


def terraform(s):
    """A secure way to Loki, authenticated scraping, and the script that says whether it all holds together."""
    loki, jaeger = Loki(f"{s.work}/loki").start(), Jaeger(f"{s.work}/jaeger").start()
    certificate(s.work, "authority")
    certificate(s.work, "server", ca="authority")
    secrets = f"{s.work}/secrets"
    os.makedirs(secrets)
    for name, text in (("password", "hunter2\n"), ("token", "t0k3n\n"), ("web.yaml", f"tls_server_config: {{cert_file: {s.work}/server.crt, key_file: {s.work}/server.key}}\n"
                                                                       f"basic_auth_users: {{prometheus: '{bcrypt('scrape')}', probe: '{bcrypt('probe')}'}}\n")):
        write(f"{secrets}/{name}", text)
    basic = TlsDoor(s.work, "server", loki.port, "Basic " + base64.b64encode(b"spoor:hunter2").decode())
    bearer = TlsDoor(s.work, "server", loki.port, "Bearer t0k3n")
    objects = rendered(s.work, recipe(SECTION["terraform"], "values.yaml"))
    # Through the door with a password and, in a second agent, through the one with a token; nobody gets in without.
    text = put(config_of(objects), ("/etc/spoor-secrets/loki/ca.crt", f"{s.work}/authority.crt"), ("/etc/spoor-secrets/web", secrets), ("/etc/spoor-secrets/loki", secrets),
               ("https://loki.observability.svc:3100", basic.url))
    agent = Agent(s.work, config=text)
    agent.url = f"https://127.0.0.1:{agent.port}"
    other = yaml.safe_load(put(text, (basic.url, bearer.url)))
    del other["server"], other["logs"]["clients"][0]["basic_auth"]
    other["logs"]["clients"][0]["bearer_token_file"] = f"{secrets}/token"
    with_token = Agent(s.work, config=yaml.safe_dump(other), name="with-token", pods=f"{s.work}/more-pods")
    pod = Pod(agent.pods, "dummy-1", "shop", "dummy")
    pod.write(f"level=info trace_id={TRACE} span_id={SPAN} msg=hello")
    Pod(with_token.pods, "token-1", "shop", "dummy").write("by token")
    agent.start(wait=False, scrape=False)
    with_token.start()
    (_, _, metadata), = wait_lines(loki, '{pod="dummy-1"}', 1)
    s.expect(metadata.get("trace_id") == TRACE, f"metadata {metadata}")
    wait_lines(loki, '{pod="token-1"}', 1)
    s.expect(plain_status(agent.port) in (0, 400), "plain HTTP is answered")
    # Prometheus with what endpointConfig says; a second job with a wrong password stays down.
    endpoint = only(objects, "ServiceMonitor")["spec"]["endpoints"]
    s.expect(all(e["scheme"] == "https" and "basicAuth" in e and "ca" in e["tlsConfig"] for e in endpoint), f"endpoints {endpoint}")
    job = lambda name, password: {"job_name": name, "scheme": "https", "metrics_path": "/metrics/node", "tls_config": {"ca_file": f"{s.work}/authority.crt"},
                                  "basic_auth": {"username": "prometheus", "password": password}, "static_configs": [{"targets": [f"127.0.0.1:{agent.port}"]}]}
    prometheus = Prometheus(f"{s.work}/prometheus", config=yaml.safe_dump({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
                                                                           "scrape_configs": [job("good", "scrape"), job("bad", "guess")]})).start()
    wait_for("scraped with TLS and a user", lambda: prometheus.instant('up{job="good"} == 1'), 30, 0.3)
    wait_for("refused with a wrong password", lambda: prometheus.instant('up{job="bad"} == 0'), 30, 0.3)
    probe = only(objects, "DaemonSet")["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]["httpGet"]
    s.expect(probe["scheme"] == "HTTPS" and base64.b64decode(probe["httpHeaders"][0]["value"].split()[1]) == b"probe:probe", f"probe {probe}")

    grafana = Grafana(f"{ROOT}/deploy/grafana/datasources-jaeger.yaml")
    password = ["--loki-user=spoor", f"--loki-password-file={secrets}/password", f"--ca-file={s.work}/authority.crt"]

    def script(*more, wait=1):
        argv = [f"{ROOT}/deploy/terraform/examples/complete/check.py", "--namespace=shop", f"--prometheus={prometheus.url}", f"--loki={basic.url}", f"--jaeger={jaeger.url}",
                f"--grafana={grafana.url}", f"--wait={wait}", *more]
        p = subprocess.run(argv, capture_output=True, text=True, env={k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")})
        return p.returncode, p.stdout + p.stderr
    code, said = script(*password)
    s.expect(code == 1 and "none of 1 traces is in Jaeger" in said, f"without a trace: {code}: {said}")
    span(jaeger, "dummy", "hello")
    code, said = script(*password, wait=30)
    s.expect(code == 0 and said.count("ok ") == 3, f"{code}: {said}")
    code, said = script(f"--ca-file={s.work}/authority.crt")
    s.expect(code == 1 and "401" in said and basic.refused, f"without a password: {said}")
    code, said = script(*password[:2])
    s.expect(code == 1 and "certificate" in said.lower(), f"without the authority: {said}")
    code, said = script(*password, "--namespace=nowhere")
    s.expect(code == 1 and "no line for" in said, f"another namespace: {said}")
    grafana.sources["loki"]["jsonData"]["derivedFields"][0]["matcherType"] = "regex"
    code, said = script(*password)
    s.expect(code == 1 and "no derived field" in said, f"a link that is none: {said}")
    for a in (agent, with_token):
        s.expect("hunter2" not in a.process.log_text() and "t0k3n" not in a.process.log_text(), "a secret is in the log")
        s.expect(a.stop() == 0, "exit status is not 0")
    with_token.check()


def plain_status(port):
    """0: no answer"""
    try:
        return get(f"http://127.0.0.1:{port}/metrics", 5)[0]
    except (OSError, http.client.HTTPException):
        return 0


main(files, interlink, datalayer, signoz, promscale, receivers, kube_prometheus_stack, elastic, terraform)
