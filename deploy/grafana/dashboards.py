#!/usr/bin/env python3
"""Makes the dashboards in deploy/helm/spoor/files/dashboards: for who operates the agents, and for who looks at one namespace. One list of rows
each; every panel says in its description what to do when it looks bad. tests/e2e/41_grafana checks that the files are up to date."""
import hashlib
import json
import os

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "helm", "spoor", "files", "dashboards")
PROMETHEUS, LOKI = {"type": "prometheus", "uid": "${datasource}"}, {"type": "loki", "uid": "${loki}"}


def query(expr, legend="", source=PROMETHEUS, **more):
    return {"datasource": source, "expr": expr, "legendFormat": legend, **more}


def panel(title, hint, *queries, kind="timeseries", unit="short", source=PROMETHEUS, width=8, height=7, stack=False, thresholds=None, links=None):
    defaults = {"unit": unit, "links": links or []}
    if thresholds:
        steps = [{"color": "green", "value": None}] + [{"color": color, "value": value} for value, color in thresholds]
        defaults["thresholds"] = {"mode": "absolute", "steps": steps}
    if kind == "timeseries":
        defaults["custom"] = {"fillOpacity": 10, "showPoints": "never", "stacking": {"mode": "normal" if stack else "none"}}
    options = {"stat": {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "background"}, "logs": {"showTime": True, "enableLogDetails": True, "sortOrder": "Descending"},
               "timeseries": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}}.get(kind, {})
    return {"title": title, "description": hint, "type": kind, "datasource": source, "width": width, "height": height, "options": options,
            "fieldConfig": {"defaults": defaults, "overrides": []}, "targets": [{"refId": chr(65 + i), **q} for i, q in enumerate(queries)]}


def variable(name, label, definition, multi=True, source=PROMETHEUS):
    return {"name": name, "label": label, "type": "query", "datasource": source, "query": {"query": definition, "refId": name}, "definition": definition, "refresh": 2,
            "multi": multi, "includeAll": multi, "allValue": ".*" if multi else None, "sort": 1}


def source_variable(name, label, kind):
    return {"name": name, "label": label, "type": "datasource", "query": kind}


def dashboard(file, title, tags, variables, rows):
    panels, number, y = [], 1, 0
    for name, content in rows:
        panels.append({"id": number, "type": "row", "title": name, "collapsed": False, "gridPos": {"h": 1, "w": 24, "x": 0, "y": y}, "panels": []})
        number, y, x, tallest = number + 1, y + 1, 0, 0
        for p in content:
            p = dict(p)
            width, height = p.pop("width"), p.pop("height")
            if x + width > 24:
                x, y, tallest = 0, y + tallest, 0
            panels.append({"id": number, "gridPos": {"h": height, "w": width, "x": x, "y": y}, **p})
            number, x, tallest = number + 1, x + width, max(tallest, height)
        y += tallest
    board = {"uid": hashlib.md5(file.encode()).hexdigest(), "title": title, "tags": tags, "editable": True, "schemaVersion": 39, "version": 1, "refresh": "1m",
             "time": {"from": "now-3h", "to": "now"}, "graphTooltip": 1, "timezone": "", "templating": {"list": variables}, "annotations": {"list": []}, "panels": panels}
    return json.dumps(board, indent=1) + "\n"


S = 'instance=~"$instance"'
OPERATOR = dashboard("spoor-operator.json", "Spoor / Agents", ["spoor"],
    [source_variable("datasource", "Metrics", "prometheus"), variable("instance", "Node", "label_values(spoor_ready, instance)")],
    [("Overview", [
        panel("Agents", "Nodes whose agent answers. Fewer than nodes: SpoorDown.", query(f"count(spoor_ready{{{S}}} == 1)"), kind="stat", width=4, height=4),
        panel("Seconds behind", "The worst node: age of the oldest line that is read and not acknowledged.", query(f"max(spoor_log_lag_seconds{{{S}}})"),
              kind="stat", unit="s", width=5, height=4, thresholds=[(60, "yellow"), (300, "red")]),
        panel("Lines lost or refused, 1 h", "Bytes never read count as one each here: anything above 0 has a row below.",
              query(f'sum(increase(spoor_log_lines_dropped_total{{{S}, reason!~"pipeline.*|sampled"}}[1h])) + sum(increase(spoor_log_bytes_lost_total{{{S}}}[1h]))'),
              kind="stat", width=5, height=4, thresholds=[(1, "red")]),
        panel("Destinations down", "Nothing is lost meanwhile. The node's page shows the last answer.", query(f"count(spoor_destination_up{{{S}}} == 0) or vector(0)"),
              kind="stat", width=5, height=4, thresholds=[(1, "red")]),
        panel("Reloads refused", "Nodes that go on with an older configuration; their log names file, line and column.",
              query(f"count(spoor_config_last_reload_successful{{{S}}} == 0) or vector(0)"), kind="stat", width=5, height=4, thresholds=[(1, "red")]),
    ]),
     ("Freshness", [
        panel("Seconds behind", "Rises when a destination is slow or a node writes more than it takes.",
              query(f"max(spoor_log_lag_seconds{{{S}}})", "worst"), query(f"quantile(0.95, spoor_log_lag_seconds{{{S}}})", "95 %"), query(f"quantile(0.5, spoor_log_lag_seconds{{{S}}})", "median"), unit="s"),
        panel("Furthest behind", "The ten nodes to look at first: their page lists the files.", query(f"topk(10, spoor_log_lag_seconds{{{S}}})", "{{instance}}"), unit="s"),
        panel("Lines pending", "Read, neither accepted nor dropped: bounded by the batches in memory.", query(f"sum by (destination) (spoor_log_lines_pending{{{S}}})", "{{destination}}")),
     ]),
     ("Loss", [
        panel("Lines given up, by reason", "Refused for good by the destination, or dropped by a pipeline on purpose.",
              query(f"sum by (destination, reason) (rate(spoor_log_lines_dropped_total{{{S}}}[$__rate_interval])) > 0", "{{destination}} {{reason}}"), stack=True),
        panel("Bytes never read, by reason", "Rotated away or cut before they were read.", query(f"sum by (reason) (increase(spoor_log_bytes_lost_total{{{S}}}[$__rate_interval]))", "{{reason}}"), unit="bytes"),
        panel("Samples given up, by reason", "shed: the spool was full.", query(f"sum by (destination, reason) (rate(spoor_samples_dropped_total{{{S}}}[$__rate_interval])) > 0", "{{destination}} {{reason}}"), stack=True),
     ]),
     ("Throughput", [
        panel("Lines", "Read against accepted; a gap that lasts shows as lag.", query(f"sum(rate(spoor_log_lines_read_total{{{S}}}[$__rate_interval]))", "read"),
              query(f"sum by (destination) (rate(spoor_log_lines_sent_total{{{S}}}[$__rate_interval]))", "accepted by {{destination}}"), unit="cps"),
        panel("Bytes", "Read from files, and on the wire (compressed).", query(f"sum(rate(spoor_log_bytes_read_total{{{S}}}[$__rate_interval]))", "read"),
              query(f"sum by (destination) (rate(spoor_destination_sent_bytes_total{{{S}}}[$__rate_interval]))", "sent to {{destination}}"), unit="Bps"),
        panel("Loudest nodes", "Lines a second.", query(f"topk(10, rate(spoor_log_lines_read_total{{{S}}}[$__rate_interval]))", "{{instance}}"), unit="cps"),
     ]),
     ("Destinations", [
        panel("Answers", "2xx is well; none: no answer at all.", query(f"sum by (destination, code) (rate(spoor_destination_requests_total{{{S}}}[$__rate_interval]))", "{{destination}} {{code}}"), stack=True),
        panel("Attempts repeated", "A destination that is overloaded or away.", query(f"sum by (destination) (rate(spoor_destination_retries_total{{{S}}}[$__rate_interval]))", "{{destination}}")),
        panel("Since the last success", "Grows while a node cannot deliver.", query(f"max by (destination) (time() - (spoor_destination_last_success_timestamp_seconds{{{S}}} > 0))", "{{destination}}"), unit="s"),
     ]),
     ("Metrics", [
        panel("Targets down", "/targets on the node has the last error of each.", query(f"sum by (instance) (spoor_scrape_targets{{{S}}} - spoor_scrape_targets_up{{{S}}}) > 0", "{{instance}}")),
        panel("Samples", "Taken from scrapes against accepted.", query(f"sum(rate(spoor_samples_scraped_total{{{S}}}[$__rate_interval]))", "scraped"),
              query(f"sum by (destination) (rate(spoor_samples_sent_total{{{S}}}[$__rate_interval]))", "accepted by {{destination}}"), unit="cps"),
        panel("Seconds behind, remote-write", "Age of the newest accepted sample.",
              query(f"max by (destination) (time() - (spoor_remote_write_newest_sample_timestamp_seconds{{{S}}} > 0))", "{{destination}}"), unit="s"),
     ]),
     ("Traces", [
        panel("Lines with a trace id, by namespace", "A namespace that falls to 0 % has changed its logger: SpoorTraceCoverageDropped.",
              query(f'sum by (namespace) (rate(spoor_trace_lines_total{{{S}, result="valid"}}[$__rate_interval])) / sum by (namespace) (rate(spoor_trace_lines_total{{{S}}}[$__rate_interval]))', "{{namespace}}"), unit="percentunit", width=12),
        panel("Ids that are none", "zero: a span that is not active; malformed: an id in an unknown form.",
              query(f'sum by (result) (rate(spoor_trace_lines_total{{{S}, result=~"zero|malformed"}}[$__rate_interval]))', "{{result}}"), width=12),
     ]),
     ("Cost", [
        panel("CPU", "Of one core.", query(f"topk(10, rate(process_cpu_seconds_total{{{S}}} [$__rate_interval]) and on (instance) spoor_ready{{{S}}})", "{{instance}}"), unit="percentunit"),
        panel("Memory", "Resident.", query(f"topk(10, process_resident_memory_bytes{{{S}}} and on (instance) spoor_ready{{{S}}})", "{{instance}}"), unit="bytes"),
        panel("Files held open", "Against the limit of descriptors.", query(f"topk(10, spoor_log_files_open{{{S}}})", "{{instance}}")),
     ])])

N = 'namespace="$namespace", pod=~"$pod"'
EXPLORE = [{"title": "Logs of this pod", "url": "/explore?left=%7B%22datasource%22:%22${loki}%22,%22queries%22:%5B%7B%22refId%22:%22A%22,%22expr%22:%22%7Bnamespace%3D%5C%22$namespace%5C%22,pod%3D%5C%22${__field.labels.pod}%5C%22%7D%22%7D%5D,%22range%22:%7B%22from%22:%22${__from}%22,%22to%22:%22${__to}%22%7D%7D"}]
NAMESPACE = dashboard("spoor-namespace.json", "Spoor / Logs and metrics of a namespace", ["spoor"],
    [source_variable("datasource", "Metrics", "prometheus"), source_variable("loki", "Logs", "loki"),
     variable("namespace", "Namespace", "label_values(container_memory_working_set_bytes, namespace)", multi=False),
     variable("pod", "Pod", 'label_values(container_memory_working_set_bytes{namespace="$namespace"}, pod)')],
    [("Logs", [
        panel("Lines, by level", "Counted by the agent as they are read. A dot is a trace that increased the count: click it.",
              query(f"sum by (level) (rate(log_lines_total{{{N}}}[$__rate_interval]))", "{{level}}", exemplar=True), unit="cps", stack=True, width=12),
        panel("Errors, by pod", "Lines of level error and above. A dot opens the trace.",
              query(f'sum by (pod) (rate(log_lines_total{{{N}, level=~"error|fatal|critical"}}[$__rate_interval]))', "{{pod}}", exemplar=True), unit="cps", width=12, links=EXPLORE),
        panel("Log", "The newest lines; trace_id of a line opens its trace.", query('{namespace="$namespace", pod=~"$pod"}', source=LOKI), kind="logs", source=LOKI, width=24, height=12),
     ]),
     ("Pods", [
        panel("CPU", "Cores. Throttled pods are in the next panel.", query(f'sum by (pod) (rate(container_cpu_usage_seconds_total{{{N}, container!=""}}[$__rate_interval]))', "{{pod}}"), links=EXPLORE),
        panel("Throttled", "Share of periods in which the limit stopped a container.",
              query(f"sum by (pod) (rate(container_cpu_cfs_throttled_periods_total{{{N}}}[$__rate_interval])) / sum by (pod) (rate(container_cpu_cfs_periods_total{{{N}}}[$__rate_interval]))", "{{pod}}"), unit="percentunit", links=EXPLORE),
        panel("Memory", "Working set: what the kernel cannot take back.", query(f'sum by (pod) (container_memory_working_set_bytes{{{N}, container!=""}})', "{{pod}}"), unit="bytes", links=EXPLORE),
        panel("Network", "Received and sent.", query(f"sum by (pod) (rate(container_network_receive_bytes_total{{{N}}}[$__rate_interval]))", "{{pod}} in"),
              query(f"- sum by (pod) (rate(container_network_transmit_bytes_total{{{N}}}[$__rate_interval]))", "{{pod}} out"), unit="Bps"),
        panel("Kills for memory", "Containers that the kernel ended at their limit.", query(f"sum by (pod) (increase(container_oom_events_total{{{N}}}[$__rate_interval])) > 0", "{{pod}}"), links=EXPLORE),
        panel("Trace coverage", "Share of the namespace's lines that carry a trace id.",
              query('sum(rate(spoor_trace_lines_total{namespace="$namespace", result="valid"}[$__rate_interval])) / sum(rate(spoor_trace_lines_total{namespace="$namespace"}[$__rate_interval]))', "with an id"), unit="percentunit"),
     ])])

BOARDS = {"spoor-operator.json": OPERATOR, "spoor-namespace.json": NAMESPACE}


def main():
    os.makedirs(OUT, exist_ok=True)
    for name, text in BOARDS.items():
        with open(os.path.join(OUT, name), "w") as f:
            f.write(text)


if __name__ == "__main__":
    main()
