"""Metrics out of logs: lines are counted once whatever the number of destinations, and their exemplars, read back from a real Prometheus
that scrapes and from one that is written to, lead to the lines in a real Loki. Traces that were not sampled never stand there."""
import json
import os
import re
import secrets
import subprocess
import time

from fake_loki import FakeLoki
from lib import Agent, Loki, Pod, free_ports, get, main, total, wait_for
from servers import Prometheus

SCRAPE = """global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: spoor
    honor_labels: true
    metrics_path: /metrics
    static_configs: [{{targets: ['127.0.0.1:{port}']}}]
"""


def config(loki_urls, remotes=(), more=""):
    text = "logs:\n  clients:\n"
    for u in loki_urls:
        text += f"    - {{url: '{u}/loki/api/v1/push', batchwait: 200ms, backoff_config: {{min_period: 100ms, max_period: 1s}}}}\n"
    text += "metrics:\n  global: {scrape_interval: 1s, scrape_timeout: 1s}\n  node: {enabled: false}\n  pods: {enabled: false}\n"
    if remotes:
        text += "  remote_write:\n"
    for name, (url, message) in dict(remotes).items():
        text += f"    - {{name: {name}, url: '{url}', protobuf_message: {message}, queue_config: {{batch_send_deadline: 200ms}}}}\n"
    return text + more


def log_metrics(agent, accept="application/openmetrics-text"):
    status, body = get(agent.url + "/metrics/logs", headers={"Accept": accept})
    assert status == 200, (status, body)
    return body


def count(agent, **want):
    """The value of log_lines_total, summed over what matches."""
    n = 0
    for labels, value in re.findall(r"^log_lines_total\{(.*?)\} (\S+)", log_metrics(agent, "text/plain"), re.M):
        have = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        n += float(value) * all(have.get(k) == v for k, v in want.items())
    return n


def exemplars(prometheus, start, label="trace_id", query="log_lines_total"):
    """{(pod, level): set of trace ids}"""
    out = {}
    for series in prometheus.exemplars(query, start, time.time() + 5):
        labels = series["seriesLabels"]
        rows = out.setdefault((labels.get("pod"), labels.get("level")), set())
        rows.update(e["labels"][label] for e in series["exemplars"])
    return out


def exemplars_lead_to_lines(s):
    """By scrape of /metrics and by remote-write 1.0 and 2.0."""
    loki = Loki(f"{s.work}/loki").start()
    receivers = {"one": "prometheus.WriteRequest", "two": "io.prometheus.write.v2.Request"}
    servers = {name: Prometheus(f"{s.work}/{name}").start() for name in receivers}
    agent = Agent(s.work, config=config([loki.url], {n: (servers[n].write_url, m) for n, m in receivers.items()}), dev=True).start()
    servers["scraped"] = Prometheus(f"{s.work}/scraped", config=SCRAPE.format(port=agent.port)).start()
    start = time.time() - 5
    shop, quiet = Pod(agent.pods, "web-1", namespace="shop"), Pod(agent.pods, "quiet", namespace="shop")
    sampled, unsampled = [], []

    def write():
        good, bad, span = secrets.token_hex(16), secrets.token_hex(16), secrets.token_hex(8)
        sampled.append(good)
        unsampled.append(bad)
        shop.write(f"level=error msg=\"payment refused\" trace_id={good} span_id={span}",
                   json.dumps({"level": "error", "msg": "not sampled", "trace_id": bad, "span_id": span, "trace_flags": "00"}),
                   f"level=error msg=x traceparent=00-{bad}-{span}-00", f"level=info trace_id={good} sampled=true")
        quiet.write("level=info msg=nothing")

    def all_have():
        write()
        got = {name: exemplars(p, start) for name, p in servers.items()}
        return got if all(len(g.get(("web-1", "error"), ())) >= 3 and g.get(("web-1", "info")) for g in got.values()) else None

    got = wait_for(lambda: f"exemplars everywhere: { {n: exemplars(p, start) for n, p in servers.items()} }", all_have, 60, 0.5)
    for name, rows in got.items():
        for (pod, level), ids in rows.items():
            s.expect(ids <= set(sampled), f"{name}: {pod} {level}: ids that are not sampled or foreign: {ids - set(sampled)}")
        s.expect(("quiet", "info") not in rows, f"{name}: an exemplar of lines without a trace")
        picked = sorted(rows[("web-1", "error")])[0]
        lines = wait_for(lambda: f"the line of {picked} in Loki",
                         lambda: loki.ask("query_range", query=f'{{namespace="shop"}} | trace_id="{picked}"', start=int(start * 1e9)), 20)
        texts = [v[1] for stream in lines for v in stream["values"]]
        s.expect(any(picked in t and "payment refused" in t for t in texts), f"{name}: {picked} leads to {texts}")
    # What was counted is what was written, at each server.
    expected = 4 * len(sampled)
    wait_for(lambda: f"{expected} lines counted, {count(agent, pod='web-1')}", lambda: count(agent, pod="web-1") == expected, 15)
    for name, p in servers.items():
        wait_for(lambda: f"{expected} lines at {name}", lambda: sum(p.instant('sum(log_lines_total{pod="web-1"})').values()) == expected, 20, 0.3)
    labels = [dict(r) for r in servers["two"].series('log_lines_total{pod="web-1",level="error"}')]
    s.expect(labels and labels[0].get("job") == "spoor-logs" and labels[0].get("container") == "app" and labels[0]["namespace"] == "shop", f"labels {labels}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def counted_once(s):
    """Two destinations, one of them away: a line counts when it is first read, and not again."""
    fake, gone = FakeLoki(free_ports(1)).start(), free_ports(1)
    os.makedirs(f"{s.work}/var")
    jobs = f"""  scrape_configs:
    - job_name: pods
      kubernetes_sd_configs: [{{role: pod}}]
    - job_name: varlogs
      static_configs: [{{labels: {{__path__: '{s.work}/var/*.log'}}}}]
"""
    text = config([f"http://127.0.0.1:{gone}", f"http://127.0.0.1:{fake.port}"]).replace("metrics:\n", jobs + "metrics:\n", 1)
    agent = Agent(s.work, config=text, dev=True).start()
    pod = Pod(agent.pods, "web-1")
    with open(f"{s.work}/var/a.log", "w") as f:
        f.write("one\nERROR two\n")
    for i in range(500):
        pod.write(f"level=warn msg={i}")
    wait_for(lambda: f"500 lines, {fake.count()}", lambda: fake.count() >= 502, 20)
    s.expect(count(agent, pod="web-1", level="warn") == 500, f"counted {log_metrics(agent)}")
    s.expect(count(agent, log_job="varlogs") == 2 and count(agent, log_job="varlogs", level="error") == 1, f"counted {log_metrics(agent)}")
    away = FakeLoki(gone).start()  # now the other one reads the same lines
    wait_for(lambda: f"500 lines there, {away.count()}", lambda: away.count() >= 502, 30)
    s.expect(count(agent, pod="web-1", level="warn") == 500 and count(agent, log_job="varlogs") == 2, f"counted again: {log_metrics(agent)}")
    s.expect(total(agent.scrape(), "spoor_log_lines_read_total") == 502, "lines read")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def label_and_formats(s):
    """exemplar_label; the text format has none; promtool finds nothing wrong."""
    agent = Agent(s.work, config="trace: {exemplar_label: TraceID}\n", dev=True).start()
    trace = secrets.token_hex(16)
    Pod(agent.pods, "web-1").write(f"level=error trace_id={trace}")
    wait_for("the line counted", lambda: count(agent, pod="web-1") == 1, 15)
    s.expect(f'# {{TraceID="{trace}"}} 1 ' in log_metrics(agent), f"OpenMetrics: {log_metrics(agent)}")
    s.expect(f'# {{TraceID="{trace}"}} 1 ' in get(agent.url + "/metrics", headers={"Accept": "application/openmetrics-text"})[1], "not on /metrics")
    text = log_metrics(agent, "text/plain")
    s.expect(trace not in text and 'level="error"' in text, f"text: {text}")
    p = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    s.expect(p.returncode == 0, f"promtool: {p.stdout}{p.stderr}")
    s.expect("log_lines_total" not in get(agent.url + "/metrics/self")[1], "log_lines_total on /metrics/self")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


main(exemplars_lead_to_lines, counted_once, label_and_formats)
