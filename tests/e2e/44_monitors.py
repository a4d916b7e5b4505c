"""PodMonitor and ServiceMonitor objects at a real API server, under CRDs that are installed here: what is asked, under which labels, what is refused, and
what becomes of series when objects and pods come, change and go."""
import json
import os
import shutil
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from fake_receiver import Receiver
from kube_api import KubeApi
from lib import HERE, Agent, free_ports, get, has_sanitizers, main, total, wait_for

GROUP = "/apis/monitoring.coreos.com/v1"
CONFIG = """metrics:
  global: {{scrape_interval: 1s, scrape_timeout: 900ms}}
  node: {{enabled: false}}
  pods: {{enabled: false}}
  logs: {{enabled: false}}
  self: {{enabled: false}}
  pod_monitors: {{enabled: true, namespaces: [shop, data]}}
  service_monitors: {{enabled: true}}
  remote_write: [{{url: {url}, queue_config: {{batch_send_deadline: 300ms}}}}]
"""


class Exporter:
    """Answers at a pod's address; what was asked is kept"""

    def __init__(self, ip, port, text="app_requests_total 7\n"):
        exporter, self.asked = self, []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                exporter.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer((ip, port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()


def start_cluster(s, rules):
    certificates = f"{s.work}/certificates"
    subprocess.run([f"{os.path.dirname(HERE)}/unit/certificates.sh", certificates], check=True, capture_output=True)
    api = KubeApi(f"{s.work}/kube", certificates).start()
    for name in ("shop", "data", "other"):
        api.namespace(name)
    api.token = api.service_account("default", "spoor")
    api.role("spoor", [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]}])
    api.bind("spoor", "default", "spoor")
    if rules:
        grant(api)
    return api


def grant(api):
    api.role("spoor-monitors", [{"apiGroups": ["monitoring.coreos.com"], "resources": ["podmonitors", "servicemonitors"], "verbs": ["list", "watch"]},
                                {"apiGroups": [""], "resources": ["services"], "verbs": ["list", "watch"]}])
    api.bind("spoor-monitors", "default", "spoor")


def install(api):
    """The smallest CRDs that take such objects"""
    for plural, kind in (("podmonitors", "PodMonitor"), ("servicemonitors", "ServiceMonitor")):
        schema = {"type": "object", "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}
        api.must("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
            "metadata": {"name": f"{plural}.monitoring.coreos.com"},
            "spec": {"group": "monitoring.coreos.com", "scope": "Namespaced", "names": {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"},
                     "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}]}})
    for plural in ("podmonitors", "servicemonitors"):
        wait_for(f"{plural} are served", lambda: api.call("GET", f"{GROUP}/{plural}")[0] == 200, 60, 0.3)


def monitor(api, plural, namespace, name, spec, method="POST"):
    kind = {"podmonitors": "PodMonitor", "servicemonitors": "ServiceMonitor"}[plural]
    path = f"{GROUP}/namespaces/{namespace}/{plural}"
    if method == "POST":
        api.must("POST", path, {"apiVersion": "monitoring.coreos.com/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})
    elif method == "PATCH":
        api.must("PATCH", f"{path}/{name}", {"spec": spec}, "application/merge-patch+json")
    else:
        api.must("DELETE", f"{path}/{name}")


def agent_in(s, api, url, dev=True):
    account = f"{s.work}/account"
    os.makedirs(account, exist_ok=True)
    shutil.copy(f"{api.certificates}/ca.pem", f"{account}/ca.crt")
    with open(f"{account}/token", "w") as f:
        f.write(api.token)
    agent = Agent(s.work, config=CONFIG.format(url=url), dev=dev)
    agent.args.append(f"--path.service-account={account}")
    agent.env = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(api.port)}
    return agent


def targets(agent):
    return json.loads(get(agent.url + "/api/v1/targets")[1])["data"]["activeTargets"]


def pools(agent):
    """{job: [(pod, url)]}"""
    found = {}
    for t in targets(agent):
        found.setdefault(t["scrapePool"], []).append((t["labels"].get("pod"), t["scrapeUrl"]))
    return {k: sorted(v, key=str) for k, v in found.items()}


def known(agent):
    return {o["kind"]: (o["known"], o["objects"]) for o in agent.api("status")["data"]["kubernetes"]["objects"]}


def monitors(s):
    """The whole story: no CRD, objects, labels, edits, refusals, services, ends"""
    api = start_cluster(s, True)
    port = free_ports(4)
    first, second = Exporter("10.244.9.1", port), Exporter("10.244.9.2", port)
    elsewhere = Exporter("10.244.9.1", port + 1)
    api.create_pod("shop", "cart-1", labels={"app": "cart", "team": "blue"}, ip="10.244.9.1", port=port)
    api.create_pod("shop", "cart-2", labels={"app": "cart", "team": "red"}, ip="10.244.9.2", port=port)
    api.create_pod("shop", "far", node="another-node", labels={"app": "cart"}, ip="10.244.9.3", port=port)
    receiver = Receiver(free_ports(1))
    agent = agent_in(s, api, receiver.url).start()
    wait_for("the API server is asked for all kinds", lambda: known(agent) == {"PodMonitors": (False, 0), "ServiceMonitors": (False, 0), "Services": (True, 1)}
             or known(agent).get("Services") == (True, 0), 30)
    s.expect("their CRD is not installed" in agent.process.log_text(), "it is not told that there is no CRD")
    s.expect(not targets(agent), f"targets {targets(agent)}")

    # The CRDs come while it runs; a minute later it has seen it.
    install(api)
    monitor(api, "podmonitors", "shop", "cart", {"selector": {"matchLabels": {"app": "cart"}}, "podTargetLabels": ["team", "none"],
                                                 "podMetricsEndpoints": [{"port": "http", "params": {"module": ["a", "b"]}}]})
    began = time.monotonic()
    wait_for("the CRD is noticed", lambda: "podMonitor/shop/cart/0" in pools(agent), 120, 0.5)
    s.note(f"seen {time.monotonic() - began:.0f} s after its CRD")
    url = lambda ip: f"http://{ip}:{port}/metrics"
    s.expect(pools(agent) == {"podMonitor/shop/cart/0": [("cart-1", url("10.244.9.1")), ("cart-2", url("10.244.9.2"))]}, f"{pools(agent)}")
    row = next(t for t in targets(agent) if t["labels"]["pod"] == "cart-1")
    s.expect(row["labels"] == {"namespace": "shop", "pod": "cart-1", "container": "app", "endpoint": "http", "job": "shop/cart", "team": "blue",
                               "instance": f"10.244.9.1:{port}"}, f"labels {row['labels']}")
    for name in ("cart-1", "cart-2"):
        wait_for(f"samples of {name} arrive", lambda: receiver.values(name="app_requests_total", pod=name, job="shop/cart"), 20)
    s.expect(first.asked[0][0] == "/metrics?module=a&module=b" and "authorization" not in first.asked[0][1], f"asked {first.asked[0]}")

    # An edit is another job; the series go on without an end in between.
    monitor(api, "podmonitors", "shop", "cart", {"podMetricsEndpoints": [{"port": "http", "path": "/other", "relabelings": [
        {"sourceLabels": ["__meta_kubernetes_pod_label_team"], "regex": "red", "action": "Drop"}],
        "metricRelabelings": [{"sourceLabels": ["__name__"], "regex": "app_(.*)", "targetLabel": "kind", "replacement": "$1"}]}]}, "PATCH")
    wait_for("the edit", lambda: pools(agent) == {"podMonitor/shop/cart/0": [("cart-1", f"http://10.244.9.1:{port}/other")]}, 30)
    wait_for("its samples", lambda: receiver.values(name="app_requests_total", pod="cart-1", kind="requests_total"), 20)
    wait_for("the dropped one ends", lambda: None in receiver.values(name="up", pod="cart-2"), 30)
    s.expect(None not in receiver.values(name="up", pod="cart-1"), f"up of the edited one: {receiver.values(name='up', pod='cart-1')}")

    # What is refused: by name, shown, never asked.
    asked = len(elsewhere.asked)
    monitor(api, "podmonitors", "data", "refused", {"selector": {}, "namespaceSelector": {"any": True}, "podMetricsEndpoints": [
        {"port": "http", "path": "/secret", "basicAuth": {"username": {"name": "s", "key": "u"}}},
        {"port": "http", "path": "/secret", "bearerTokenFile": "/var/run/secrets/kubernetes.io/serviceaccount/token"},
        {"port": "http", "path": "/secret", "relabelings": [{"targetLabel": "__address__", "replacement": f"169.254.169.254:{port}"}]},
        {"port": "http", "path": "/secret", "relabelings": [{"targetLabel": "__scrape_interval__", "replacement": "1ms"}]},
        {"port": "http", "path": "/good", "relabelings": [{"targetLabel": "job", "replacement": "good"}]}]})
    wait_for("it is known", lambda: "podMonitor/data/refused/4" in pools(agent), 30)
    errors = {t["scrapePool"]: t["lastError"] for t in targets(agent)}
    s.expect("basicAuth needs a Secret" in errors["podMonitor/data/refused/0"] and "names a file" in errors["podMonitor/data/refused/1"], f"{errors}")
    s.expect({t["labels"]["pod"] for t in targets(agent) if t["scrapePool"] == "podMonitor/data/refused/0"} == {"cart-1", "cart-2"}, "whose the refused ones are")
    wait_for("another address is not asked", lambda: "not the pod's own" in {t["scrapePool"]: t["lastError"] for t in targets(agent)}["podMonitor/data/refused/2"], 20)
    s.expect("podMonitor/data/refused/3" not in errors and "job podMonitor/data/refused/3: a target is left out" in agent.process.log_text(), "an interval of a millisecond")
    wait_for("the good one", lambda: receiver.values(name="up", job="good", pod="cart-1"), 20)
    s.expect(not [p for e in (first, second, elsewhere) for p, _ in e.asked if p == "/secret"], "a refused endpoint was asked")
    s.expect(len(elsewhere.asked) == asked, "another port was asked")
    monitor(api, "podmonitors", "data", "refused", None, "DELETE")
    monitor(api, "podmonitors", "other", "not-listed", {"selector": {}, "namespaceSelector": {"any": True}, "podMetricsEndpoints": [{"port": "http"}]})

    # Services: a named port that leads to a named port, and a number; labels of the Service; one without a selector.
    services = "/api/v1/namespaces/shop/services"
    api.must("POST", services, {"metadata": {"name": "carts", "labels": {"release": "stack", "tier": "front"}},
                                "spec": {"selector": {"app": "cart"}, "ports": [{"name": "metrics", "port": 9000, "targetPort": "http"},
                                                                                {"name": "number", "port": 9001, "targetPort": port + 1}]}})
    api.must("POST", services, {"metadata": {"name": "bare", "labels": {"release": "stack"}}, "spec": {"ports": [{"name": "metrics", "port": 9000}]}})
    monitor(api, "servicemonitors", "other", "carts", {"selector": {"matchExpressions": [{"key": "release", "operator": "In", "values": ["stack"]}]}, "targetLabels": ["tier"],
                                                       "namespaceSelector": {"matchNames": ["shop"]}, "endpoints": [{"port": "metrics"}, {"port": "number"}, {"port": "none"}]})
    wait_for("the Service's pods", lambda: {"serviceMonitor/other/carts/0", "serviceMonitor/other/carts/1"} <= set(pools(agent)), 30)
    s.expect([p for p, _ in pools(agent)["serviceMonitor/other/carts/0"]] == ["cart-1", "cart-2"], f"{pools(agent)}")
    s.expect("podMonitor/other/not-listed/0" not in pools(agent) and "serviceMonitor/other/carts/2" not in pools(agent), f"{pools(agent)}")
    s.expect("podMonitor/data/refused/0" not in pools(agent), "what was refused is shown after its end")
    row = next(t for t in targets(agent) if t["scrapePool"] == "serviceMonitor/other/carts/0" and t["labels"]["pod"] == "cart-1")
    s.expect(row["labels"] == {"namespace": "shop", "pod": "cart-1", "container": "app", "endpoint": "metrics", "job": "carts", "service": "carts", "tier": "front",
                               "instance": f"10.244.9.1:{port}"}, f"labels {row['labels']}")
    wait_for("the port by its number", lambda: receiver.values(name="app_requests_total", job="carts", endpoint="number", pod="cart-1"), 20)

    # Pods and objects go.
    api.delete_pod("shop", "cart-2")
    wait_for("its targets are gone", lambda: "cart-2" not in json.dumps(pools(agent)), 20)
    monitor(api, "podmonitors", "shop", "cart", None, "DELETE")
    wait_for("the job is gone", lambda: "podMonitor/shop/cart/0" not in pools(agent), 20)
    wait_for("its series end", lambda: None in receiver.values(name="up", pod="cart-1", job="shop/cart"), 30)
    m = agent.scrape()
    s.expect(total(m, "spoor_kubernetes_objects", kind="PodMonitors") == 1 and total(m, "spoor_kubernetes_objects", kind="Services") >= 2, "objects are not counted")

    # The server goes away and comes back with another object.
    api.kill()
    time.sleep(2)
    s.expect("serviceMonitor/other/carts/0" in pools(agent), "what was known is gone with the server")
    api.start()
    monitor(api, "podmonitors", "shop", "again", {"selector": {"matchLabels": {"app": "cart"}}, "podMetricsEndpoints": [{"targetPort": port}]})
    wait_for("another one after the restart", lambda: "podMonitor/shop/again/0" in pools(agent), 120, 0.5)
    s.expect(not receiver.damage, f"damaged requests {receiver.damage[:1]}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def rights(s):
    """Without the right it is told which rule is missing, and pods and logs go on; with it the objects come by themselves."""
    api = start_cluster(s, False)
    install(api)
    port = free_ports(1)
    exporter = Exporter("10.244.9.1", port)
    api.create_pod("shop", "cart-1", labels={"app": "cart"}, ip="10.244.9.1", port=port)
    monitor(api, "podmonitors", "shop", "cart", {"selector": {}, "podMetricsEndpoints": [{"port": "http"}]})
    receiver = Receiver(free_ports(1))
    agent = agent_in(s, api, receiver.url).start()
    wait_for("it is told", lambda: "resources: [podmonitors], verbs: [list, watch]" in agent.process.log_text(), 30)
    s.expect(agent.api("status")["data"]["kubernetes"]["pods"] == 1 and not targets(agent), "pods are not known")
    s.expect(api.call("GET", "/api/v1/secrets", token=api.token)[0] == 403, "the service account may do more than it should")
    grant(api)
    wait_for("it comes by itself", lambda: "podMonitor/shop/cart/0" in pools(agent), 90, 0.5)
    wait_for("and is asked", lambda: exporter.asked, 20)
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def hostile(s):
    """Hundreds of objects that want to do harm: large, with many endpoints and rules, expressions that take long; churn. Bounded memory and time."""
    api = start_cluster(s, True)
    install(api)
    port = free_ports(1)
    Exporter("10.244.9.1", port)
    for i in range(4):
        api.create_pod("shop", f"cart-{i}", labels={"app": "cart", "n": str(i)}, ip="10.244.9.1", port=port)
    receiver = Receiver(free_ports(1))
    agent = agent_in(s, api, receiver.url, dev=False).start()
    wait_for("pods", lambda: agent.api("status")["data"]["kubernetes"]["pods"] == 4, 30)
    for i in range(60):
        monitor(api, "podmonitors", "shop", f"many-{i}", {"selector": {}, "podMetricsEndpoints": [{"port": "http", "interval": "1h"}] * 30})
    rule = {"sourceLabels": ["__meta_kubernetes_pod_name"] * 50, "regex": "(a+)+(b+)+(.*)+$" * 20, "targetLabel": "x", "replacement": "y" * 1000}
    for i in range(5):
        monitor(api, "podmonitors", "shop", f"slow-{i}", {"selector": {}, "podMetricsEndpoints": [{"port": "http", "interval": "1h", "relabelings": [rule] * 20}]})
    monitor(api, "podmonitors", "shop", "large", {"selector": {"matchLabels": {f"k{i}": "v" * 60 for i in range(3000)}}, "podMetricsEndpoints": [{"port": "http"}]})
    wait_for("all of them are known", lambda: known(agent)["PodMonitors"][1] == 65, 60)
    wait_for("the large one is counted as skipped", lambda: total(agent.scrape(), "spoor_kubernetes_objects_skipped_total", kind="PodMonitors") == 1, 20)
    time.sleep(3)
    cpu, began = agent.process.cpu_s(), time.monotonic()
    for i in range(60):
        api.patch_pod("shop", f"cart-{i % 4}", {"labels": {"round": str(i)}})
        time.sleep(0.1)
    time.sleep(2)
    cpu, seconds = agent.process.cpu_s() - cpu, time.monotonic() - began
    count, memory = len(pools(agent)), agent.process.memory_mib()
    s.expect(400 <= count <= 500, f"{count} jobs")
    s.expect("endpoints are left out" in agent.process.log_text(), "it is not told that some are left out")
    if not has_sanitizers(agent.binary):
        s.expect(memory < 400 and cpu < seconds, f"{memory:.0f} MiB, {cpu:.1f} s of CPU in {seconds:.0f} s")
    s.note(f"{count} jobs for {len(targets(agent))} targets: {memory:.0f} MiB, {cpu:.1f} s of CPU in {seconds:.0f} s of churn")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


main(monitors, rights, hostile)
