"""Metrics out of logs: lines are counted once whatever the number of destinations, and their exemplars, read back from a real Prometheus
that scrapes and from one that is written to, lead to the lines in a real Loki. Traces that were not sampled never stand there."""
import json
import os
import re
import secrets
import subprocess
import time
import uuid

from fake_loki import FakeLoki, Reply
from lib import Agent, Loki, Pod, Process, Skip, free_ports, get, main, total, wait_for
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


def correlation(s):
    """Stack traces and request ids, within a container and, when asked, over a pod; nothing for lines that name an id or deny one."""
    trace, request, other = secrets.token_hex(16), str(uuid.uuid4()), str(uuid.uuid4())
    fakes = {mode: FakeLoki(free_ports(1)).start() for mode in ("container", "pod", "off")}
    agents = {}
    for mode, fake in fakes.items():
        text = config([f"http://127.0.0.1:{fake.port}"]) + f"trace: {{correlation: {{request_ids: {mode}, stack_traces: {str(mode != 'off').lower()}}}}}\n"
        agents[mode] = Agent(s.work, config=text, name=mode, dev=True).start()
    app, proxy = Pod(f"{s.work}/pods", "web-1", uid="u1"), Pod(f"{s.work}/pods", "web-1", uid="u1", container="proxy")
    app.write(f"ERROR trace_id={trace} request_id={request} failed", "java.io.IOException: gone", "\tat a.B.c(B.java:1)", "INFO no part of it",
              f"INFO request_id={request} later", f"INFO request_id={other} foreign", f"INFO trace_id={'0' * 32} request_id={request} denied")
    wait_for("the first container's lines", lambda: all(f.count() >= 7 for f in fakes.values()), 20)
    proxy.write(f'{{"x_request_id":"{request}","path":"/"}}')
    wait_for("all lines", lambda: all(f.count() >= 8 for f in fakes.values()), 20)
    # The head's own metadata apart: what each further line has.
    wanted = {"java.io.IOException: gone": "record", "\tat a.B.c(B.java:1)": "record", "INFO no part of it": None, f"INFO request_id={request} later": "request",
              f"INFO request_id={other} foreign": None, f"INFO trace_id={'0' * 32} request_id={request} denied": None}
    for mode, fake in fakes.items():
        got = {e.line: e.meta for e in fake.snapshot()}
        for line, source in wanted.items():
            source = source if mode != "off" else None
            s.expect(got[line].get("trace_id_source") == source and got[line].get("trace_id") == (trace if source else None), f"{mode}: {line!r}: {got[line]}")
        by_proxy = next(m for line, m in got.items() if "path" in line)
        s.expect(by_proxy.get("trace_id_source") == ("request" if mode == "pod" else None), f"{mode}: the other container: {by_proxy}")
        counted = {src: total(agents[mode].scrape(), "spoor_trace_lines_correlated_total", source=src) for src in ("record", "request")}
        want = {"container": {"record": 2, "request": 1}, "pod": {"record": 2, "request": 2}, "off": {"record": 0, "request": 0}}[mode]
        s.expect(counted == want, f"{mode}: counted {counted}")
        s.expect(agents[mode].stop() == 0, "exit status is not 0")
        agents[mode].check()


def same_ids_after_kills(s):
    """Killed again and again while lines come that hang on lines before them: what is sent twice carries the same ids both times."""
    fake = FakeLoki(free_ports(1), behave=lambda request: Reply(pause=0.3)).start()  # it has the lines long before it says so
    text = config([f"http://127.0.0.1:{fake.port}"]).replace("logs:\n", "logs:\n  positions: {sync_period: 1s}\n", 1)
    agent = Agent(s.work, config=text).start(scrape=False)
    pods, written = [Pod(agent.pods, f"web-{i}") for i in range(4)], 0
    requests = [[str(uuid.uuid4()) for _ in range(8)] for _ in pods]
    for round in range(10):
        for _ in range(80):
            for pod, own in zip(pods, requests):
                own[secrets.randbelow(8)] = str(uuid.uuid4())
                pick = lambda: own[secrets.randbelow(8)]
                lines = [f"ERROR trace_id={secrets.token_hex(16)} request_id={pick()} failed", "java.io.IOException: gone", "\tat a.B.c(B.java:1)",
                         f"INFO request_id={pick()} step", "Caused by: java.lang.Error: x", f"WARN request_id={pick()} slow"]
                pod.write(*lines, stream="stdout" if secrets.randbelow(3) else "stderr")
                written += len(lines)
            time.sleep(0.015)  # some of it is acknowledged, some is not
        if round == 5:
            for pod in pods:
                pod.rotate("20261121-090000")
        agent.kill9()
        agent.start(scrape=False)
    wait_for(lambda: f"{written} lines, {len({(e.timestamp, e.line) for e in fake.snapshot()})}",
             lambda: len({(e.labels["pod"], e.timestamp, e.line) for e in fake.snapshot()}) >= written, 60, 0.5)
    met, repeats, correlated = {}, 0, 0
    for e in fake.snapshot():
        key, meta = (e.labels["pod"], e.timestamp, e.line), tuple(sorted(e.meta.items()))
        if key in met:
            repeats += 1
            s.expect(met[key] == meta, f"sent twice, not alike: {e.line!r}: {met[key]} and {meta}")
        met[key] = meta
        correlated += "trace_id_source" in e.meta
    s.expect(repeats > 50 and correlated > 1000, f"{repeats} repeats, {correlated} correlated: too few to prove anything")
    s.note(f"{written} lines, {repeats} of them sent twice, {correlated} with an id of another line")
    s.expect(agent.stop() == 0, "exit status is not 0")


def sampling(s):
    """Two nodes, a share of traces: both keep the same ones, whole; what is always kept is; the ledger and the adjusted counts are right."""
    share, threshold = 0.2, 0xccccd000000000  # 0.8 * 2^56 in five digits
    fakes = [FakeLoki(free_ports(1)).start() for _ in range(2)]
    agents = [Agent(s.work, config=config([f"http://127.0.0.1:{f.port}"]) + f"trace: {{sampling: {{percentage: {share * 100:g}}}}}\n", name=f"node{i}",
                    pods=f"{s.work}/pods{i}", dev=True).start() for i, f in enumerate(fakes)]
    traces = [secrets.token_hex(16) for _ in range(300)]
    kept = {t for t in traces if int(t[-14:], 16) >= threshold}
    for agent in agents:
        pod = Pod(agent.pods, "web-1")
        for t in traces:
            pod.write(f"level=info trace_id={t} begin", f"level=info trace_id={t} end", f"level=warn trace_id={t} slow")
        pod.write("level=info without a trace")
    expected = 2 * len(kept) + len(traces) + 1
    for fake, agent in zip(fakes, agents):
        wait_for(lambda: f"{expected} lines, {fake.count()}", lambda: fake.count() >= expected, 20)
        m = wait_for("the ledger", lambda: (lambda m: m if total(m, "spoor_log_lines_pending") == 0 else None)(agent.scrape()), 20)
        entries = fake.snapshot()
        info = [e for e in entries if "level=info trace_id" in e.line]
        s.expect(len(entries) == expected, f"{len(entries)} entries, {expected} expected")
        s.expect({e.meta["trace_id"] for e in info} == kept and len(info) == 2 * len(kept), "not the traces that OpenTelemetry's rule keeps, or not all of their lines")
        s.expect(all(e.meta.get("adjusted_count") == "5" for e in info), f"adjusted counts {[e.meta.get('adjusted_count') for e in info][:5]}")
        s.expect(not any("adjusted_count" in e.meta for e in entries if e not in info), "an adjusted count of a line that nothing stands for")
        s.expect(total(m, "spoor_log_lines_dropped_total", reason="sampled") == 2 * (len(traces) - len(kept)), f"sampled: {m['spoor_log_lines_dropped_total']}")
        s.expect(count(agent, pod="web-1", level="info") == 2 * len(traces) + 1, "log_lines_total counts what is left out, too")
        found = re.findall(r'level="info".*# \{trace_id="(\w+)"', log_metrics(agent))
        s.expect(all(f in kept for f in found), f"an exemplar of a trace that is left out: {found}")
        s.expect(agent.stop() == 0, "exit status is not 0")
        agent.check()


PIPELINE = """
      pipeline_stages:
        - logfmt: {mapping: {seconds: , level: }}
        - metrics:
            lines_total: {type: Counter, description: all lines, config: {action: inc, match_all: true}}
            seconds: {type: Histogram, source: seconds, config: {buckets: [0.1, 1]}}
"""


def stage_metrics(s):
    """The metrics stage: Promtail's names and labels, counted once for two destinations, with the trace of the newest line in each bucket."""
    fakes = [FakeLoki(free_ports(1)).start() for _ in range(2)]
    jobs = f"  scrape_configs:\n    - job_name: pods\n      kubernetes_sd_configs: [{{role: pod}}]{PIPELINE}"
    prometheus = Prometheus(f"{s.work}/prometheus").start()
    text = config([f"http://127.0.0.1:{f.port}" for f in fakes], {"p": (prometheus.write_url, "io.prometheus.write.v2.Request")})
    agent = Agent(s.work, config=text.replace("metrics:\n", jobs + "metrics:\n", 1), dev=True).start()
    start, pod = time.time() - 5, Pod(agent.pods, "web-1", namespace="shop")
    fast, slow, unsampled = (secrets.token_hex(16) for _ in range(3))
    pod.write(f"level=info seconds=0.05 trace_id={fast}", f"level=info seconds=5 trace_id={slow}", f"level=info seconds=0.5 trace_id={unsampled} sampled=false")
    for fake in fakes:
        wait_for("the lines", lambda: fake.count() >= 3, 20)
    body = log_metrics(agent)
    row = lambda start_of_line: next((r for r in body.split("\n") if r.startswith(start_of_line) and 'pod="web-1"' in r), "")
    s.expect(re.search(r"\} 3 # \{trace_id=\"" + slow + r"\"\} 1 ", row("promtail_custom_lines_total{")), f"counter: {body}")
    s.expect(re.search(r'le="0.1".*\} 1 # \{trace_id="' + fast + r'"\} 0.05 ', body), f"first bucket: {body}")
    s.expect(re.search(r'le="1.0"[^#]*\} 2\n', body), f"a bucket of an unsampled trace alone: {body}")
    s.expect(re.search(r'le="\+Inf".*\} 3 # \{trace_id="' + slow + r'"\} 5 ', body), f"last bucket: {body}")
    s.expect(unsampled not in body, "an unsampled trace")
    p = subprocess.run(["promtool", "check", "metrics"], input=log_metrics(agent, "text/plain"), capture_output=True, text=True)
    s.expect(p.returncode == 0 or "error" not in (p.stdout + p.stderr).lower(), f"promtool: {p.stdout}{p.stderr}")

    def found():
        rows = prometheus.exemplars('{__name__=~"promtail_custom_.*"}', start, time.time() + 5)
        return {e["labels"]["trace_id"] for r in rows for e in r["exemplars"]} == {fast, slow}

    wait_for("both traces at Prometheus", found, 30, 0.5)
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


PROMTAIL = """server: {{http_listen_address: 127.0.0.1, http_listen_port: {port}, grpc_listen_address: 127.0.0.1, grpc_listen_port: {grpc}}}
positions: {{filename: {dir}/promtail.positions}}
clients: [{{url: 'http://127.0.0.1:{loki}/loki/api/v1/push', batchwait: 200ms}}]
{jobs}"""
PROMTAIL_JOBS = """scrape_configs:
  - job_name: pods
    pipeline_stages:
      - cri: {{}}
      - drop: {{expression: 'line 1[0-9]$', drop_counter_reason: teens}}
      - drop: {{expression: 'line 2$'}}
      - match: {{selector: '{{job="pods"}} |= "line 3"', action: drop}}
      - match: {{selector: '{{job="pods"}} |~ "line 4.$"', action: drop, drop_counter_reason: forties}}
    static_configs: [{{targets: [localhost], labels: {{job: pods, __path__: '{dir}/pods/*/*/*.log'}}}}]
"""


def families(text):
    """{family: (type, label names)} and {(name, labels): value} of what is Promtail's"""
    types, labels, values = {}, {}, {}
    for line in text.split("\n"):
        m = re.match(r"# TYPE ((?:promtail|logentry)_\S+) (\S+)", line)
        if m:
            types[m.group(1)] = m.group(2)
        m = re.match(r"((?:promtail|logentry)_\w+)(?:\{(.*)\})? (\S+)$", line)
        if m:
            found = dict(re.findall(r'(\w+)="([^"]*)"', m.group(2) or ""))
            family = next((m.group(1)[:-len(e)] for e in ("_bucket", "_sum", "_count") if m.group(1)[:-len(e)] in types and m.group(1).endswith(e)), m.group(1))
            labels.setdefault(family, set()).update(found)
            values[(m.group(1), tuple(sorted(found.items())))] = float(m.group(3))
    return {f: (t, labels.get(f, set())) for f, t in types.items()}, values


# What its HTTP server and its Go runtime count, and what it has for sources that the test does not use.
NOT_OURS = re.compile(r"promtail_(inflight|tcp|request_message|response_message|request_throughput|journal|targets_failed)")


def promtails_names(s):
    """--metrics.compat=promtail beside the real one on the same files: the same families, types and labels, and the same counts."""
    program = os.environ.get("PROMTAIL")
    if not program:
        raise Skip("no Promtail: $PROMTAIL does not name one")
    port, grpc, fakes = free_ports(1), free_ports(1), [FakeLoki(free_ports(1)).start() for _ in range(2)]
    os.makedirs(f"{s.work}/pods", exist_ok=True)
    with open(f"{s.work}/promtail.yaml", "w") as f:
        f.write(PROMTAIL.format(port=port, grpc=grpc, dir=s.work, loki=fakes[0].port, jobs=PROMTAIL_JOBS.format(dir=s.work)))
    pods = [Pod(f"{s.work}/pods", f"web-{i}", namespace="shop") for i in range(3)]
    for i, pod in enumerate(pods):
        pod.write(*[f"line {k}" for k in range(100 + i)])
    agent = Agent(s.work, config=f"logs:\n  clients: [{{url: 'http://127.0.0.1:{fakes[1].port}/loki/api/v1/push', batchwait: 200ms}}]\n  " +
                  PROMTAIL_JOBS.format(dir=s.work).replace("\n", "\n  "), dev=True, kubernetes=False, args=["--metrics.compat=promtail"]).start()
    Process([program, f"{s.work}/promtail.yaml"], f"{s.work}/promtail.log", cwd=s.work)
    for fake in fakes:
        wait_for(lambda: f"207 of 303 lines, {fake.count()}", lambda: fake.count() >= 207, 60)

    def both():
        there, ours = families(get(f"http://127.0.0.1:{port}/metrics")[1]), families(get(agent.url + "/metrics")[1])
        sent = [sum(v for (n, _), v in x[1].items() if n == "promtail_sent_entries_total") for x in (there, ours)]
        return (there, ours) if sent == [207, 207] else None

    (there, their_values), (ours, our_values) = wait_for("207 entries counted by both", both, 30, 0.3)
    for name, (kind, labels) in there.items():
        if NOT_OURS.match(name) or name not in ours and not labels and kind == "histogram":
            continue
        s.expect(name in ours, f"{name} is Promtail's and not there")
        s.expect(ours[name][0] == kind, f"{name}: {ours[name][0]}, Promtail's is a {kind}")
        s.expect(not labels or ours[name][1] == labels, f"{name}: labels {sorted(ours[name][1])}, Promtail's {sorted(labels)}")
    compared = 0
    for (name, labels), value in their_values.items():
        if name in ("promtail_read_lines_total", "promtail_read_bytes_total", "promtail_file_bytes_total", "promtail_files_active_total",
                    "logentry_dropped_lines_total"):
            compared += 1
            s.expect(our_values.get((name, labels)) == value, f"{name}{dict(labels)}: {our_values.get((name, labels))}, Promtail says {value}")
    reasons = {dict(labels)["reason"]: n for (name, labels), n in our_values.items() if name == "logentry_dropped_lines_total"}
    s.expect(reasons == {"teens": 30, "drop_stage": 3, "match_stage": 33, "forties": 30}, f"dropped {reasons}")
    s.expect(compared >= 11, f"{compared} values compared: {sorted(their_values)}")  # it counts bytes later than lines
    s.expect(set(ours) <= set(there) | {"promtail_build_info", "promtail_read_bytes_total"}, f"not Promtail's: {set(ours) - set(there)}")  # a main of its own has no build; bytes come later
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


main(exemplars_lead_to_lines, counted_once, label_and_formats, correlation, same_ids_after_kills, sampling, stage_metrics, promtails_names)
