"""HotROD, OpenTelemetry's and Jaeger's demonstration shop: requests that are traced, log lines that say of which trace they are."""
import re

from cluster import is_ready, now_ns
from lib import get, wait_for
from workloads import namespace

SHOP = "shop"
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "hotrod", "namespace": SHOP, "labels": {"app": "hotrod"}},
       "spec": {"automountServiceAccountToken": False, "terminationGracePeriodSeconds": 1,
                "containers": [{"name": "hotrod", "image": "localhost/hotrod:1", "imagePullPolicy": "Never", "args": ["all"]}]}}
CUSTOMERS = (123, 392, 731, 567)


def hotrod(s, x):
    x.node.apply(namespace(SHOP), POD)
    x.node.wait("the shop", lambda: any(map(is_ready, x.node.pods(SHOP))))
    url = f"http://{x.node.pods(SHOP)[0]['status']['podIP']}:8080"
    wait_for("its page", lambda: is_answered(url), 30, 0.2)
    for customer in CUSTOMERS:
        s.expect(get(f"{url}/dispatch?customer={customer}&nonse=0.1", 30)[0] == 200, "no car came")
    found = []

    def traces():
        found[:] = [(text, meta) for text, meta in lines(x) if meta.get("trace_id")]
        return len({meta["trace_id"] for _, meta in found}) >= len(CUSTOMERS)
    wait_for("lines of each request with its trace", traces, 30, 0.5)
    s.expect(all(meta["trace_id"] in text and re.fullmatch("[0-9a-f]{16}", meta.get("span_id", "")) for text, meta in found), "an id that is not the line's")
    s.note(f"{len(found)} lines of {len({meta['trace_id'] for _, meta in found})} traces")
    x.node.delete("namespace", SHOP, wait=False)


def is_answered(url):
    try:
        return get(url + "/", 2)[0] == 200
    except OSError:
        return False


def lines(x):
    """[(text, structured metadata)]"""
    out = []
    for stream in x.loki.ask("query_range", query='{namespace="shop",app="hotrod"}', limit=1000, start=x.began_ns, end=now_ns()):
        out += [(v[1], v[2].get("structuredMetadata", {}) if len(v) > 2 else {}) for v in stream["values"]]
    return out


CHECKS = [hotrod]
