#!/usr/bin/env python3
"""Whether logs, metrics and traces hold together: a metric of a node in Prometheus, a line with a trace id in Loki, that trace in Jaeger, and in
Grafana's data source the link from the one to the other. Exit code 0, or 1 with what is missing and where to look."""
import argparse
import base64
import json
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request


def arguments():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--namespace", default="shop", help="of the service that is looked at (default: shop)")
    p.add_argument("--selector", help="of its streams in Loki; default: {namespace=\"...\"}")
    for name in ("prometheus", "loki", "jaeger", "grafana"):
        p.add_argument(f"--{name}", required=name != "grafana", metavar="URL")
    p.add_argument("--datasource", default="loki", help="uid of Loki's data source in Grafana (default: loki)")
    p.add_argument("--ca-file", help="whom to trust for https addresses")
    p.add_argument("--loki-user", help="user of Loki, with --loki-password-file")
    p.add_argument("--loki-password-file")
    p.add_argument("--wait", type=float, default=60, help="seconds for data to come (default: 60)")
    return p.parse_args()


class Missing(Exception):
    pass


def opener(a):
    context = ssl.create_default_context(cafile=a.ca_file)
    return urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), urllib.request.ProxyHandler({}))


def ask(a, base, path, user=None, **params):
    """The answer as JSON; Missing says what came instead"""
    url = base.rstrip("/") + path + ("?" + urllib.parse.urlencode(params) if params else "")
    request = urllib.request.Request(url)
    if user:
        request.add_header("Authorization", "Basic " + base64.b64encode(":".join(user).encode()).decode())
    try:
        with opener(a).open(request, timeout=20) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as e:
        raise Missing(f"{url} answers {e.code}: {e.read(200).decode(errors='replace').strip()}")
    except (OSError, ValueError) as e:
        raise Missing(f"{url}: {e}")


def user_of(a):
    if not a.loki_user:
        return None
    with open(a.loki_password_file) as f:
        return a.loki_user, f.read().strip()


def metric(a):
    rows = ask(a, a.prometheus, "/api/v1/query", query="node_uname_info")["data"]["result"]
    if not rows:
        raise Missing("no node_uname_info in Prometheus: is remote_write set, or the ServiceMonitor selected? spoor diagnose says more")
    return f"metrics of {len(rows)} nodes in Prometheus"


def traced_line(a):
    """Ids of the newest lines, without repeats"""
    selector = a.selector or f'{{namespace="{a.namespace}"}}'
    query = selector + ' | trace_id!=""'
    start = int((time.time() - 3600) * 1e9)
    streams = ask(a, a.loki, "/loki/api/v1/query_range", user_of(a), query=query, limit=50, start=start, direction="backward")["data"]["result"]
    ids = list(dict.fromkeys(s["stream"]["trace_id"] for s in streams if s["values"]))
    if not ids:
        raise Missing(f"no line for {query} in the last hour: has the service had a request? spoor explain FILE:last says where a line is")
    return ids


def trace(a, ids):
    why = None
    for i in ids[:20]:
        try:
            if ask(a, a.jaeger, f"/api/traces/{i}")["data"]:
                return f"trace {i} of a line is in Jaeger"
        except Missing as e:
            why = e
    raise Missing(f"none of {len(ids)} traces is in Jaeger ({why}): does the service send them there?")


def link(a):
    source = ask(a, a.grafana, f"/api/datasources/uid/{a.datasource}")
    fields = [f for f in source.get("jsonData", {}).get("derivedFields", []) if f.get("matcherType") == "label" and f.get("matcherRegex") == "trace_id"]
    if not fields:
        raise Missing("Loki's data source in Grafana has no derived field with matcherType label and matcherRegex trace_id")
    if fields[0].get("url") != "${__value.raw}":
        raise Missing(f"the derived field leads to {fields[0].get('url')!r}, not to ${{__value.raw}} (in provisioning: $${{__value.raw}})")
    target = ask(a, a.grafana, f"/api/datasources/uid/{fields[0].get('datasourceUid')}")
    if target.get("type") != "jaeger":
        raise Missing(f"the derived field leads to a data source of type {target.get('type')}")
    return "Grafana leads from the line to the trace"


def wait(a, what):
    end = time.monotonic() + a.wait
    while True:
        try:
            return what()
        except Missing as e:
            if time.monotonic() > end:
                raise e
            time.sleep(1)


def main():
    a = arguments()
    steps = [lambda: metric(a), lambda: trace(a, traced_line(a))] + ([lambda: link(a)] if a.grafana else [])
    failed = 0
    for step in steps:
        try:
            print("ok     ", wait(a, step), flush=True)
        except Missing as e:
            failed = 1
            print("missing", e, flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
