"""OTLP over HTTP. Logs into a real Loki's /otlp and a real OpenTelemetry Collector, over kill -9 and with the destination away, nothing missing and
nothing twice; metrics into a real Prometheus, which has the same of its own scrape, and the Collector; every kind of refusal from a stand-in."""
import json
import os
import random
import re
import time

import oracle
from fake_otlp import FakeOtlp, Reply, partial, status
from fake_receiver import Answer, Receiver, Target
from lib import Agent, Loki, Pod, Process, finish, free_ports, generate, get, main, total, wait_for
from servers import Prometheus, Server, program
from shop import PLAIN, TRACE, judge, shop

def otlp_config(*urls, extra=""):
    text = "logs:\n  clients:\n"
    for u in urls:
        text += f"    - url: {u}\n      protocol: otlphttp\n      batchwait: 200ms\n      backoff_config: {{min_period: 100ms, max_period: 1s}}\n{extra}"
    return text


class OtlpTally(oracle.Tally):
    """Loki's names for what came over OTLP, as the oracle has them."""

    def add(self, labels, timestamp, line, meta):
        meta = dict(meta)
        labels = {n: labels.get("k8s_" + n + "_name") for n in ("namespace", "pod", "container")}
        labels["stream"] = meta.pop("log_iostream", None)
        if meta.pop("flags", "0") == "1":
            meta["trace_flags"] = "01"
        elif meta.get("trace_id"):
            meta.pop("trace_flags", None)
        level = meta.pop("severity_text", None)
        if level:
            meta["detected_level"] = level
        super().add(labels, timestamp, line, meta)


class OtlpLoki(Loki):
    def tally_all(self, tally, start_s, end_s=None):
        tally = OtlpTally(tally.manifest)
        for row in tally.manifest.rows.values():
            self.read_back(tally, f'{{k8s_pod_name="{row["pod"]}"}}', int(start_s * 1e9), int((end_s or time.time() + 60) * 1e9))
        return tally

    def count(self, selector='{k8s_namespace_name=~".+"}', window="2h"):
        return super().count(selector, window)


def loki(s):
    """Into Loki's own OTLP endpoint: Loki stopped and started again, the agent killed again and again, rotation going on."""
    kills = int(os.environ.get("KILLS", "8"))
    server = OtlpLoki(f"{s.work}/loki").start()
    start = time.time() - 1
    agent = Agent(s.work, config=otlp_config(server.url + "/otlp/v1/logs"))
    p = generate(s.work, wait=False, containers=10, rate=100, rotate_ms=3000, keep=6)
    for i in range(kills):
        agent.start(wait=False, scrape=i % 3 == 0)
        time.sleep(random.uniform(0.1, 2))
        s.expect(agent.process.is_alive(), f"the agent ended by itself before kill {i}: {agent.process.log_text()[-500:]}")
        agent.kill9()
    agent.start()
    server.stop()
    time.sleep(5)
    s.expect(get(agent.url + "/-/ready")[0] == 200, "not ready while Loki is away")
    server.start()
    p.child.terminate()
    truth = oracle.Manifest(finish(p))
    wait_for(lambda: f"{truth.records} records in Loki, there are {server.count()}", lambda: server.has_all(truth, start), 60, 0.5)
    time.sleep(1.5)  # late repeats
    s.no_problems(server.tally_all(oracle.Tally(truth), start).problems())
    s.note(f"{truth.records} records, {kills} kills, {server.count() - truth.records} repeats by count_over_time")
    row = next(iter(truth.rows.values()))
    page = server.ask("query_range", query=f'{{k8s_pod_name="{row["pod"]}"}} | trace_id != ""', start=int(start * 1e9), limit=1)[0]
    labels, meta = page["stream"], page["values"][0][2]["structuredMetadata"]
    want = {"service_name": row["container"], "service_namespace": row["namespace"], "k8s_namespace_name": row["namespace"], "k8s_pod_name": row["pod"],
            "k8s_container_name": row["container"], "service_instance_id": f'{row["namespace"]}.{row["pod"]}.{row["container"]}'}
    s.expect(labels == want, f"index labels {labels}, want {want}")
    s.expect(meta["k8s_node_name"] == "node-e2e" and meta["host_name"] == "node-e2e", f"structured metadata {meta}")
    s.expect("observed_timestamp" not in meta, "an observed time: a repeat would not be the same entry")
    m = agent.scrape()
    s.expect(total(m, "spoor_log_lines_dropped_total") == 0, "lines dropped")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


class Lines:
    """What read_back reads, without an oracle."""
    def __init__(self):
        self.lines = []

    def add(self, labels, timestamp, line, meta):
        self.lines.append(line)


def backlog(s):
    """Loki as it is by default: a request that it unpacks to more than 4 MiB for itself is too large, which is found out and kept in mind."""
    server = OtlpLoki(f"{s.work}/loki")
    with open(server.config) as f:
        text = f.read().replace("268435456", "4194304")
    with open(server.config, "w") as f:
        f.write(text)
    server.start()
    agent = Agent(s.work, config=otlp_config(server.url + "/otlp/v1/logs", extra="      batchsize: 3MiB\n"))
    pod, count = Pod(agent.pods, "writer-with-a-rather-long-name-5d9f7c6b4-x2x7q", "shop").create(), 60000
    pod.write(*[f"level=info n={i}" for i in range(count)])
    agent.start()
    wait_for(lambda: f"{count} sent: {agent.api('destinations')}"[:900], lambda: total(agent.scrape(), "spoor_log_lines_sent_total") == count, 60)
    m = agent.scrape()
    splits, requests = (total(m, f"spoor_destination_{k}_total") for k in ("splits", "requests"))
    s.note(f"{requests:.0f} requests, {splits:.0f} of them cut")
    s.expect(0 < splits <= 6, f"{splits} requests were too large: that is not kept in mind, or this shows nothing")
    seen = Lines()
    server.read_back(seen, '{k8s_pod_name=~"writer.*"}', int((time.time() - 3600) * 1e9), int((time.time() + 60) * 1e9), 10000)
    s.expect(sorted(seen.lines) == sorted(f"level=info n={i}" for i in range(count)), f"{len(set(seen.lines))} of {count} lines are there, {len(seen.lines)} in all")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def too_old(s):
    """Loki's own words stand in its answers to OTLP too: lines that it finds too old are counted under that reason, the others are there."""
    server = OtlpLoki(f"{s.work}/loki")
    with open(server.config) as f:
        text = f.read().replace("reject_old_samples: false", "reject_old_samples: true\n  reject_old_samples_max_age: 1h")
    with open(server.config, "w") as f:
        f.write(text)
    server.start()
    agent = Agent(s.work, config=otlp_config(server.url + "/otlp/v1/logs"))
    pod = Pod(agent.pods, "writer", "shop").create()
    pod.raw(b"".join(b"2026-01-02T03:04:05.%09dZ stdout F old %d\n" % (i, i) for i in range(5)))
    pod.write(*[f"new {i}" for i in range(20)])
    agent.start()
    wait_for(lambda: f"20 sent: {reasons(agent)} {agent.api('destinations')}"[:900], lambda: total(agent.scrape(), "spoor_log_lines_sent_total") == 20, 30)
    s.expect(reasons(agent) == {"greater_than_max_sample_age": 5}, f"dropped {reasons(agent)}")
    m = agent.scrape()
    s.note(f"{total(m, 'spoor_destination_requests_total'):.0f} requests")
    s.expect(server.count('{k8s_pod_name="writer"}') == 20, f"{server.count()} lines in Loki")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


class Collector(Server):
    """OTLP in, everything that arrived as text in its log."""
    def __init__(self, directory):
        super().__init__(directory)
        self.binary, self.port = program("OTELCOL", "otelcol"), free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        with open(f"{directory}/config.yaml", "w") as f:
            json.dump({"receivers": {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{self.port}"}}}},
                       "exporters": {"debug": {"verbosity": "detailed", "use_internal_logger": False, "output_paths": [f"{directory}/out"]}},
                       "service": {"telemetry": {"metrics": {"level": "none"}, "logs": {"level": "warn"}},
                                   "pipelines": {k: {"receivers": ["otlp"], "exporters": ["debug"]} for k in ("logs", "metrics")}}}, f)

    def argv(self):
        return [self.binary, f"--config=file:{self.directory}/config.yaml"]

    def is_ready(self):
        try:
            return get(self.url + "/v1/logs", 3, {"Content-Type": "application/x-protobuf"}, "POST", b"")[0] == 200
        except OSError:
            return False

    def text(self):
        log = self.process.log_text()
        return (open(f"{self.directory}/out").read() if os.path.exists(f"{self.directory}/out") else "") + log


def records_of(text):
    """[(resource attributes, fields, record attributes)] of what the debug exporter prints"""
    out, resource, where, now = [], {}, None, None
    for line in text.split("\n"):
        if line.startswith("ResourceLog #"):
            resource, now, where = {}, None, "resource"
        elif line.startswith("LogRecord #"):
            now, where = ({}, {}), "record"
            out.append((resource, now[0], now[1]))
        m = re.match(r"\s+-> (\S+): Str\((.*)\)$", line)
        if m:
            (resource if where == "resource" else now[1])[m.group(1)] = m.group(2)
        elif now is not None and where == "record":
            key, _, value = line.partition(": ")
            if key in ("Timestamp", "ObservedTimestamp", "SeverityText", "SeverityNumber", "Trace ID", "Span ID", "Flags", "Body"):
                now[0][key] = value[4:-1] if key == "Body" else value
    return out


def collector(s):
    """A real Collector, ended and started again on the way."""
    server = Collector(f"{s.work}").start()
    agent = Agent(s.work, config=otlp_config(server.url + "/v1/logs")).start()
    p = generate(s.work, wait=False, containers=4, rate=40, seconds=10)
    time.sleep(3)
    first = server
    first.stop()
    time.sleep(3)
    kept = first.text()
    server.start()
    truth = oracle.Manifest(finish(p))
    wait_for(lambda: f"{truth.records} lines sent; {agent.api('destinations')}"[:600], lambda: total(agent.scrape(), "spoor_log_lines_sent_total") >= truth.records, 60, 0.5)
    server.stop()
    text = server.text() if server.process.log == first.process.log else kept + server.text()
    tally = oracle.Tally(truth)
    records = records_of(text)
    for resource, fields, attributes in records:
        body = fields["Body"]
        labels = {n: resource.get(f"k8s.{n}.name") for n in ("namespace", "pod", "container")}
        labels["stream"] = resource.get("log.iostream")
        meta = {k: fields[n] for k, n in (("trace_id", "Trace ID"), ("span_id", "Span ID")) if fields.get(n)}
        if fields.get("Flags") == "1":
            meta["trace_flags"] = "01"
        if fields.get("SeverityText"):
            meta["detected_level"] = fields["SeverityText"]
        tally.add(labels, fields["Timestamp"], body, meta)
    s.no_problems(tally.problems())
    s.note(f"{len(records)} records printed by the Collector")
    numbers = {(f.get("SeverityText"), f.get("SeverityNumber")) for _, f, _ in records if f.get("SeverityText")}
    s.expect(numbers <= {("info", "Info(9)"), ("warn", "Warn(13)"), ("error", "Error(17)"), ("debug", "Debug(5)")}, f"severities {numbers}")
    s.expect(all(r["service.name"] == r["k8s.container.name"] for r, _, _ in records), "service.name is not the container")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def reasons(agent):
    return {dict(k)["reason"]: v for k, v in agent.scrape()["spoor_log_lines_dropped_total"].items() if v}


def refusals(s):
    """One poisoned line in a batch, partial success, limits, faults of all kinds: exact counts, nothing else lost."""
    def behave(r):
        lines = [e.line for _, entries in r.streams for e in entries]
        if any("poison" in line for line in lines):
            return Reply(400, status("bad record"))
        if len(lines) > 40:
            return Reply(413, "too large")
        if any("partly" in line for line in lines):
            return Reply(200, partial(2, "two of them are not good"))
        return queue.pop(0) if queue else Reply(200, b"")

    port = free_ports(1)
    queue = [Reply(503, status("busy", 14), headers=[("Retry-After", "1")]), Reply(429, "slow down"), Reply(502), Reply(504), Reply(503, then="reset"),
             Reply(500, status("internal", 13))]
    fake = FakeOtlp(port, behave).start()
    agent = Agent(s.work, config=otlp_config(f"http://127.0.0.1:{port}/v1/logs", extra=f"      authorization: {{header: signoz-access-token, credentials_file: {s.work}/token}}\n      tenant_id: team\n"))
    with open(f"{s.work}/token", "w") as f:
        f.write("hunter2\n")
    pod = Pod(agent.pods, "writer", "shop").create()
    agent.start()
    pod.write(*[f"line {i}" for i in range(100)])
    sent = lambda n: wait_for(lambda: f"{n} sent: {reasons(agent)} {agent.api('destinations')}"[:700], lambda: total(agent.scrape(), "spoor_log_lines_sent_total") == n, 40)
    sent(100)
    s.expect(not queue, f"{len(queue)} answers were not asked for")
    s.expect(reasons(agent) == {}, f"dropped {reasons(agent)}")
    pod.write(*[f"more {i}" for i in range(20)], "poison", *[f"more {i}" for i in range(20, 39)])
    sent(139)
    s.expect(reasons(agent) == {"rejected": 1}, f"one poisoned line: {reasons(agent)}")
    pod.write(*[f"partly {i}" for i in range(5)])
    sent(142)
    s.expect(reasons(agent) == {"rejected": 1, "partial_success": 2}, f"partial success: {reasons(agent)}")
    drops = agent.api("drops")
    s.expect("two of them are not good" in json.dumps(drops) and "bad record" in json.dumps(drops), f"the server's words are not in the ring: {drops}")
    s.expect("k8s.pod.name" in json.dumps(drops), f"a refused line without its resource: {drops}")
    one = next(r for r in fake.requests if r.entries)
    s.expect(one.headers.get("signoz-access-token") == "hunter2" and one.headers.get("x-scope-orgid") == "team" and
             one.headers["content-type"] == "application/x-protobuf" and one.headers["content-encoding"] == "gzip", f"headers {one.headers}")
    s.expect(not fake.damage, f"could not be decoded: {fake.damage[:1]}")
    lines = [e.line for e in fake.records]
    s.expect(sorted(l for l in lines if l.startswith("line")) == sorted(f"line {i}" for i in range(100)), "lines are missing or twice")
    waits = [b.at - a.at for a, b in zip(fake.requests, fake.requests[1:]) if a.status == 503]
    s.expect(waits and waits[0] >= 0.99, f"Retry-After: waited {waits}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()
    fake.stop()


def wrong_address(s):
    """404 keeps everything and names the path; check and diagnose know the destination."""
    port, answers = free_ports(1), [404]
    fake = FakeOtlp(port, lambda r: Reply(answers[0], "404 page not found" if answers[0] == 404 else b"")).start()
    agent = Agent(s.work, config=otlp_config(f"http://127.0.0.1:{port}/logs"))
    Pod(agent.pods, "writer", "shop").write("a", "b")
    agent.start()
    wait_for("a 404 that names the path", lambda: "404" in json.dumps(agent.api("destinations")) and "/v1/logs" in json.dumps(agent.api("destinations")), 20)
    p = Process([agent.binary, "diagnose", f"--config.file={agent.config}", "--self-test"], f"{s.work}/diagnose.log")
    p.wait(30)
    s.expect("/v1/logs" in p.log_text(), f"diagnose says {p.log_text()}")
    answers[0] = 200
    wait_for("both lines", lambda: total(agent.scrape(), "spoor_log_lines_sent_total") == 2, 20)
    p = Process([agent.binary, "diagnose", f"--config.file={agent.config}", "--self-test"], f"{s.work}/diagnose2.log")
    p.wait(30)
    s.expect("takes requests (200" in p.log_text(), f"diagnose says {p.log_text()}")
    s.expect(total(agent.scrape(), "spoor_log_lines_dropped_total") == 0, "lines dropped")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()
    fake.stop()


class OtlpPrometheus(Prometheus):
    """Names as they come: by default Prometheus adds what OpenTelemetry's names lack."""
    def __init__(self, directory, scrape=""):
        super().__init__(directory, 3, f"""global: {{scrape_interval: 1s, scrape_timeout: 900ms}}
otlp: {{translation_strategy: NoTranslation}}
storage: {{tsdb: {{out_of_order_time_window: 10m}}}}
{scrape}""")
        self.otlp_url = self.url + "/api/v1/otlp/v1/metrics"

    def argv(self):
        return super().argv() + ["--web.enable-otlp-receiver"]


def metrics_config(addresses, url, extra=""):
    return f"""metrics:
  global: {{scrape_interval: 1s, scrape_timeout: 900ms, external_labels: {{via: spoor}}}}
  scrape_configs:
    - job_name: t
      static_configs: [{{targets: [{", ".join(addresses)}]}}]
  remote_write:
    - url: {url}
      protocol: otlphttp
      queue_config: {{batch_send_deadline: 300ms, min_backoff: 100ms, max_backoff: 500ms}}
{extra}"""


def prometheus(s):
    """What Prometheus has by OTLP is what it has of its own scrape: series, values, staleness, exemplars, types and help."""
    start = time.time() - 5
    targets = [Target(free_ports(1), shop), Target(free_ports(1), PLAIN)]
    addresses = [t.address for t in targets]
    server = OtlpPrometheus(f"{s.work}", f"""scrape_configs:
  - job_name: t
    scrape_protocols: [OpenMetricsText1.0.0, PrometheusText0.0.4]
    static_configs: [{{targets: [{", ".join(addresses)}]}}]
""").start()
    agent = Agent(s.work, config=metrics_config(addresses, server.otlp_url)).start()

    judge(s, server, agent, targets[1], start)
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()
    server.stop()


def prometheus_away(s):
    """Prometheus away and back, the agent killed: every scrape is there."""
    target = Target(free_ports(1), shop)
    server = OtlpPrometheus(f"{s.work}").start()
    agent = Agent(s.work, config=metrics_config([target.address], server.otlp_url)).start()
    time.sleep(3)
    server.stop()
    time.sleep(3)
    agent.kill9()
    agent.start()
    time.sleep(2)
    server.start()
    last = target.count
    wait_for("a sample of after the return", lambda: 100 + last in {v for row in server.raw("shop_orders_total").values() for _, v in row}, 25, 0.3)
    stored = {v for row in server.raw('shop_orders_total{kind="new"}').values() for _, v in row}
    missing = [n for n in range(last) if 100 + n not in stored]
    s.expect(len(missing) <= 1, f"of {last} scrapes {missing} are missing")
    s.expect(total(agent.scrape(), "spoor_samples_dropped_total") == 0, "samples dropped")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()
    server.stop()


def collector_metrics(s):
    """A real Collector tells counters, histograms and summaries apart."""
    targets = [Target(free_ports(1), shop), Target(free_ports(1), PLAIN)]
    server = Collector(f"{s.work}").start()
    agent = Agent(s.work, config=metrics_config([t.address for t in targets], server.url + "/v1/metrics")).start()
    wait_for("samples sent", lambda: total(agent.scrape(), "spoor_samples_sent_total") > 200, 30, 0.3)
    s.expect(agent.stop() == 0, "exit status is not 0")
    server.stop()
    kinds = dict(re.findall(r"-> Name: (\S+)\n(?:.*\n){1,2}?.*-> Unit: .*\n\s+-> DataType: (\S+)", server.text()))
    want = {"shop_orders_total": "Sum", "shop_carts": "Gauge", "shop_latency_seconds": "Histogram", "plain_seconds": "Summary", "up": "Gauge", "plain_calls": "Sum"}
    s.expect(want.items() <= kinds.items() and not [k for k in kinds if k.endswith("_bucket")], f"data types {kinds}")
    s.expect(re.search(r"service\.name: Str\(t\)", server.text()) and "Trace ID: " + TRACE in server.text(), "no resource, no exemplar")
    agent.check()


def metric_refusals(s):
    """Partial success, limits and faults: exact counts."""
    port, answers = free_ports(1), []
    receiver = Receiver(port, lambda push: answers.pop(0) if answers else Answer(200))
    receiver.url = f"http://127.0.0.1:{port}/v1/metrics"
    target = Target(free_ports(1), "a 1\nb 2\nc 3\n")
    agent = Agent(s.work, config=metrics_config([target.address], receiver.url)).start()
    dropped = lambda: {dict(k)["reason"]: v for k, v in agent.scrape()["spoor_samples_dropped_total"].items() if v}
    wait_for("samples sent", lambda: total(agent.scrape(), "spoor_samples_sent_total") > 10, 20)
    answers += [Answer(200, partial(2, "two of them"))]
    wait_for("the words of a partial success", lambda: "two of them" in json.dumps(agent.api("destinations")), 20, 0.05)
    wait_for(lambda: f"partial success: {dropped()}", lambda: dropped() == {"partial_success": 2}, 20)
    answers += [Answer(503, headers=[("Retry-After", "1")]), Answer(429), Answer(502), Answer(500)]
    wait_for("four faults", lambda: not answers, 20)
    s.expect(dropped() == {"partial_success": 2}, f"faults that pass cost samples: {dropped()}")
    answers += [Answer(400, status("bad metric"))]
    wait_for(lambda: f"a refusal: {dropped()}", lambda: dropped().get("rejected", 0) >= 8, 20)
    answers += [Answer(404)]
    wait_for("a 404 that names the path", lambda: "/v1/metrics as a rule" in json.dumps(agent.api("destinations")), 20)
    heads = receiver.requests[0].headers
    s.expect(heads["Content-Type"] == "application/x-protobuf" and heads["Content-Encoding"] == "gzip" and not heads.get("X-Prometheus-Remote-Write-Version"), f"{heads}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()
    receiver.stop()


main(loki, backlog, too_old, collector, refusals, wrong_address, prometheus, prometheus_away, collector_metrics, metric_refusals)
