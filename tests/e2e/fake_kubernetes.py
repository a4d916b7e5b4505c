"""An API server with nothing but pods: list and watch, as clients of Kubernetes ask for them, over plain HTTP. A test puts, changes and
removes pods, and takes the server away. For what a real one does with clients there is kube_api.py."""
import copy
import http.server
import json
import threading
import urllib.parse


class FakeKubernetes:
    def __init__(self, port):
        self.port, self.url = port, f"http://127.0.0.1:{port}"
        self.changed = threading.Condition()
        self.pods, self.events, self.version, self.lists, self.server = {}, [], 1000, 0, None

    def start(self):
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *a):
                pass

            def do_GET(self):
                url = urllib.parse.urlparse(self.path)
                q = dict(urllib.parse.parse_qsl(url.query))
                if url.path != "/api/v1/pods":
                    self.answer(404, {"kind": "Status", "status": "Failure", "code": 404})
                elif q.get("watch") in ("true", "1"):
                    self.watch(q)
                else:
                    fake.lists += 1
                    with fake.changed:
                        items = [copy.deepcopy(p) for p in fake.pods.values() if fits(p, q)]
                        version = str(fake.version)
                    self.answer(200, {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": version}, "items": items})

            def answer(self, code, body):
                data = json.dumps(body).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def watch(self, q):
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                seen = int(q.get("resourceVersion") or 0)

                def tell(event):
                    data = json.dumps(event).encode() + b"\n"
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                    self.wfile.flush()

                try:
                    if q.get("sendInitialEvents") == "true":  # the list as a stream, ended by a bookmark
                        with fake.changed:
                            seen, items = fake.version, [copy.deepcopy(p) for p in fake.pods.values() if fits(p, q)]
                        for p in items:
                            tell({"type": "ADDED", "object": p})
                        tell({"type": "BOOKMARK", "object": {"kind": "Pod", "apiVersion": "v1", "metadata": {
                            "resourceVersion": str(seen), "annotations": {"k8s.io/initial-events-end": "true"}}}})
                    while fake.server:
                        with fake.changed:
                            new = [e for e in fake.events if e[0] > seen]
                            if not new:
                                fake.changed.wait(0.2)
                        for version, event in new:
                            seen = version
                            if fits(event["object"], q):
                                tell(event)
                except OSError:
                    pass
                self.close_connection = True

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads, allow_reuse_address = True, True

        self.server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def stop(self):
        server, self.server = self.server, None
        server.shutdown()
        server.server_close()

    def _tell(self, kind, pod):
        with self.changed:
            self.version += 1
            pod["metadata"]["resourceVersion"] = str(self.version)
            key = pod["metadata"]["namespace"], pod["metadata"]["name"]
            if kind == "DELETED":
                self.pods.pop(key, None)
            else:
                kind = "MODIFIED" if key in self.pods else "ADDED"
                self.pods[key] = pod
            self.events.append((self.version, {"type": kind, "object": copy.deepcopy(pod)}))
            self.changed.notify_all()

    def put(self, pod):
        self._tell("ADDED", copy.deepcopy(pod))

    def remove(self, namespace, name):
        self._tell("DELETED", copy.deepcopy(self.pods[namespace, name]))


def fits(pod, q):
    wanted = urllib.parse.unquote(q.get("fieldSelector", ""))
    return all(pod["spec"]["nodeName"] == w.split("=")[1] for w in wanted.split(",") if w.startswith("spec.nodeName="))


def pod(name, namespace="shop", uid=None, node="node-e2e", labels=None, annotations=None, owner=None, containers=("app",), init=(), ip="10.0.0.7",
        ports=None):
    """owner: "Kind/name". ports: {container: [(number, name)]}"""
    ports = ports or {}
    p = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": name, "namespace": namespace, "uid": uid, "labels": labels or {}, "annotations": annotations or {}},
         "spec": {"nodeName": node, "containers": [], "initContainers": [{"name": c, "image": f"{c}:1"} for c in init]},
         "status": {"phase": "Running", "podIP": ip, "hostIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}],
                    "containerStatuses": [{"name": c, "containerID": f"containerd://{name}-{c}", "ready": True, "image": f"{c}:1", "imageID": "", "restartCount": 0}
                                          for c in containers]}}
    for c in containers:
        p["spec"]["containers"].append({"name": c, "image": f"{c}:1", "ports": [{"containerPort": n, "name": w, "protocol": "TCP"} for n, w in ports.get(c, [])]})
    if owner:
        kind, _, owned_by = owner.partition("/")
        p["metadata"]["ownerReferences"] = [{"apiVersion": "apps/v1", "kind": kind, "name": owned_by, "uid": "o", "controller": True}]
    return p
