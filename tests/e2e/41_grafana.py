"""Logs, metrics and traces one click apart: HotROD's requests are traced in a real Jaeger, its log lines go to a real Loki, what is counted of
them to a real Prometheus; then each link of the provisioning is followed with the query that Grafana makes of it. And the provisioning and the
dashboards themselves: exact keys, nothing asked for that is not there."""
import fcntl
import glob
import importlib.util
import json
import os
import re
import socket
import struct
import threading
import time

import yaml

from lib import ROOT, Agent, Failed, Loki, Pod, Process, free_ports, get, main, wait_for
from servers import Jaeger, Prometheus, program

PROVISIONING = f"{ROOT}/deploy/grafana"


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS: up, running


if os.environ.get("IN_NET"):
    raise_loopback()


class HotRod:
    """The demonstration shop; its output goes into a container's log as the runtime writes it."""

    def __init__(self, work, pod, otlp):
        env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        self.process = Process([program("HOTROD"), "all"], f"{work}/hotrod.out", env=dict(env, OTEL_EXPORTER_OTLP_ENDPOINT=otlp))
        self.pod, self.url, self.done = pod, "http://127.0.0.1:8080", False
        self.thread = threading.Thread(target=self._copy, daemon=True)
        self.thread.start()
        wait_for(lambda: f"HotROD ready; its log ends\n{self.process.log_text()[-500:]}", self._is_ready, 30, 0.2)

    def _is_ready(self):
        if not self.process.is_alive():
            raise Failed(f"HotROD ended: {self.process.log_text()[-500:]}")
        try:
            return get(self.url + "/", 2)[0] == 200
        except OSError:
            return False

    def _copy(self):
        with open(f"{os.path.dirname(self.process.log)}/hotrod.out") as f:
            while not self.done:
                line = f.readline()
                if line.endswith("\n"):
                    self.pod.write(line[:-1])
                else:
                    time.sleep(0.05)

    def dispatch(self, customer):
        return get(f"{self.url}/dispatch?customer={customer}&nonse=0.1", 30)[0]

    def stop(self):
        self.done = True
        self.thread.join(5)
        self.process.kill()


def provisioned(name, uid):
    with open(f"{PROVISIONING}/{name}.yaml") as f:
        sources = yaml.safe_load(f)["datasources"]
    return next(d for d in sources if d["uid"] == uid)


def tempo_tags(span_tags, settings):
    """What Grafana makes of tracesToLogsV2.tags: the label matchers of those that the span has."""
    return ", ".join(f'{t["value"]}="{span_tags[t["key"]]}"' for t in settings["tags"] if t["key"] in span_tags)


def lines(loki, query):
    out = []
    for stream in loki.ask("query_range", query=query, limit=1000, start=int(time.time() - 3600) * 10**9, end=int(time.time() + 60) * 10**9):
        for value in stream["values"]:
            out.append((stream["stream"], value[1], (value[2] if len(value) > 2 else {}).get("structuredMetadata", {})))
    return out


def links(s):
    jaeger, loki, prometheus = Jaeger(f"{s.work}/jaeger").start(), Loki(f"{s.work}/loki").start(), Prometheus(f"{s.work}/prometheus").start()
    config = f"logs: {{clients: [{{url: '{loki.url}/loki/api/v1/push', batchwait: 200ms}}]}}\n" \
             f"metrics: {{global: {{scrape_interval: 1s, scrape_timeout: 1s}}, remote_write: [{{url: '{prometheus.write_url}', queue_config: {{batch_send_deadline: 300ms}}}}]}}\n"
    agent = Agent(s.work, config=config).start()
    pod = Pod(agent.pods, "hotrod-7d9c", namespace="shop", container="hotrod").create()
    shop = HotRod(s.work, pod, jaeger.otlp)
    for customer in (123, 392, 731, 567):
        s.expect(shop.dispatch(customer) == 200, "HotROD did not dispatch")
    selector = '{namespace="shop", pod="hotrod-7d9c"}'

    # log -> trace: the derived field matches the label trace_id, its value is the id that Jaeger knows.
    field = provisioned("datasources-jaeger", "loki")["jsonData"]["derivedFields"][0]
    def with_ids():
        return [(text, meta) for _, text, meta in lines(loki, selector) if re.search(r"^(?:[0-9a-f]{32})$", meta.get(field["matcherRegex"], ""))]
    wait_for("lines with trace ids in Loki", lambda: len({m["trace_id"] for _, m in with_ids()}) >= 4, 30, 0.3)
    found = with_ids()
    ids = {m["trace_id"] for _, m in found}
    s.expect(all(m["trace_id"] in text for text, m in found), "an id that the line does not have")
    s.expect(all(re.fullmatch("[0-9a-f]{16}", m.get("span_id", "")) for _, m in found), "a line without span id")
    for trace_id in ids:
        wait_for(f"trace {trace_id} in Jaeger", lambda: jaeger.trace(trace_id), 30, 0.3)
    s.note(f"{len(found)} lines of {len(ids)} traces")

    # trace -> log: Grafana's query for "Logs for this span", its tags from the pod that the span's process names.
    settings = provisioned("datasources-jaeger", "jaeger")["jsonData"]["tracesToLogsV2"]
    one = sorted(ids)[0]
    tags = tempo_tags({"k8s.namespace.name": "shop", "k8s.pod.name": "hotrod-7d9c"}, settings)
    query = f'{{{tags}}} | label_format log_line_contains_trace_id=`{{{{ contains "{one}" __line__  }}}}` | log_line_contains_trace_id="true" OR trace_id="{one}"'
    s.expect(lines(loki, query), f"nothing for {query}")
    s.expect(lines(loki, f'{{{tags}}} | trace_id="{one}"'), "nothing by structured metadata")

    # metric -> trace: exemplars of what is counted of lines.
    name = provisioned("datasources-jaeger", "prometheus")["jsonData"]["exemplarTraceIdDestinations"][0]["name"]
    def exemplars():
        rows = prometheus.exemplars('log_lines_total{namespace="shop"}', time.time() - 600, time.time() + 60)
        return [(r["seriesLabels"], e["labels"][name]) for r in rows for e in r["exemplars"] if name in e["labels"]]
    wait_for("exemplars in Prometheus", exemplars, 30, 0.5)
    series, trace_id = exemplars()[0]
    s.expect(trace_id in ids, f"an exemplar's trace {trace_id} that no line has")
    s.expect(jaeger.trace(trace_id), "the exemplar's trace is not in Jaeger")

    # metric <-> log: the labels of the series select the lines.
    same = ", ".join(f'{k}="{series[k]}"' for k in ("namespace", "pod", "container"))
    s.expect(lines(loki, f"{{{same}}}"), f"the series' labels {same} select no line")
    shop.stop()
    agent.stop()
    agent.check()


# The keys that Grafana reads; any other is ignored by it without a word.
KEYS = {
    "loki": {"derivedFields": {"name", "matcherType", "matcherRegex", "datasourceUid", "url", "urlDisplayLabel"}},
    "prometheus": {"exemplarTraceIdDestinations": {"name", "datasourceUid", "url", "urlDisplayLabel"}, "httpMethod": None},
    "tempo": {"tracesToLogsV2": {"datasourceUid", "spanStartTimeShift", "spanEndTimeShift", "filterByTraceID", "filterBySpanID", "tags", "customQuery", "query"},
              "tracesToMetrics": {"datasourceUid", "spanStartTimeShift", "spanEndTimeShift", "tags", "queries"}, "nodeGraph": {"enabled"}},
}
KEYS["jaeger"] = KEYS["tempo"]


def provisioning(s):
    for name in ("datasources", "datasources-jaeger"):
        with open(f"{PROVISIONING}/{name}.yaml") as f:
            text = f.read()
        sources = {d["uid"]: d for d in yaml.safe_load(text)["datasources"]}
        tracing = "jaeger" if name.endswith("jaeger") else "tempo"
        s.expect(set(sources) == {"prometheus", "loki", tracing}, f"{name}: {set(sources)}")
        for uid, source in sources.items():
            s.expect(source["type"] == uid, f"{name}: {uid} is of type {source['type']}")
            for key, value in source["jsonData"].items():
                s.expect(key in KEYS[uid], f"{name}: {uid}.{key} is no key of Grafana's")
                for entry in (value if isinstance(value, list) else [value]) if KEYS[uid][key] else []:
                    s.no_problems([f"{name}: {uid}.{key}.{k} is no key of Grafana's" for k in set(entry) - KEYS[uid][key]])
                    s.expect(entry.get("datasourceUid", uid) in sources, f"{name}: {uid}.{key} leads to no data source")
        field = sources["loki"]["jsonData"]["derivedFields"][0]
        s.expect((field["matcherType"], field["matcherRegex"], field["url"]) == ("label", "trace_id", "$${__value.raw}"), f"{name}: derived field {field}")
        logs = sources[tracing]["jsonData"]["tracesToLogsV2"]
        s.expect((logs["spanStartTimeShift"], logs["spanEndTimeShift"], logs["filterByTraceID"]) == ("-2s", "2s", True), f"{name}: {logs}")
        s.expect({t["value"] for t in logs["tags"]} == {"namespace", "pod", "container"}, f"{name}: tags that are no labels of our streams")


def dashboards(s):
    """The committed files are what the generator makes, and ask for no metric that is not there."""
    spec = importlib.util.spec_from_file_location("dashboards", f"{PROVISIONING}/dashboards.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    agent = Agent(s.work, ["http://127.0.0.1:1"]).start()
    pod = Pod(agent.pods, "web-1", namespace="shop").create()
    pod.write('level=error trace_id=4bf92f3577b34da6a3ce929d0e0e4736 msg="no"')
    def names():
        return set(re.findall(r"^(?:# TYPE )?(\w+)", get(agent.url + "/metrics", 30)[1], re.M))
    wait_for("the line counted", lambda: "log_lines_total" in names(), 20, 0.3)
    have = names()
    agent.stop()
    with open(f"{ROOT}/docs/OPERATIONS.md") as f:
        have |= set(re.findall(r"`(spoor_\w+)", f.read()))
    for path in glob.glob(f"{ROOT}/agent/pods/*.c"):  # a machine without pods has no container_* to show
        with open(path) as f:
            have |= set(re.findall(r'"(container_\w+)"', f.read()))
    asked = 0
    for name, text in made.BOARDS.items():
        with open(f"{made.OUT}/{name}") as f:
            s.expect(f.read() == text, f"{name} is not up to date: run deploy/grafana/dashboards.py")
        board = json.loads(text)
        panels = [p for p in board["panels"] if p["type"] != "row"]
        s.no_problems([f"{name}: {p['title']} says nothing" for p in panels if not p.get("description")])
        s.expect(len({p["id"] for p in board["panels"]}) == len(board["panels"]), f"{name}: an id twice")
        s.no_problems([f"{name}: {p['title']} is wider than the page" for p in panels if p["gridPos"]["x"] + p["gridPos"]["w"] > 24])
        for p in panels:
            for t in p["targets"] if p["type"] != "logs" else []:
                used = set(re.findall(r"\b((?:spoor|container|log_lines|process)_\w+)\b", t["expr"]))
                asked += len(used)
                s.no_problems([f"{name}: {p['title']} asks for {n}" for n in used - have])
    s.note(f"{asked} names asked for")


main(links, provisioning, dashboards)
