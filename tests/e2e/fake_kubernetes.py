"""An API server with nothing but pods: list with pages, watch with bookmarks, the list as a stream; over plain HTTP or over TLS, for anybody or
for tokens. A test puts, changes and removes pods, takes the server away, forgets versions (410) and has it misbehave, which a real one does not
on demand. For what a real one does with clients there is kube_api.py."""
import copy
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from lib import NODE


def pod(name, namespace="shop", uid=None, node=NODE, labels=None, annotations=None, owner=None, containers=("app",), init=(), ip="10.0.0.7",
        ports=None, phase="Running"):
    """owner: "Kind/name". ports: {container: [(number, name)]}"""
    ports = ports or {}
    p = {"kind": "Pod", "apiVersion": "v1",
         "metadata": {"name": name, "namespace": namespace, "uid": uid or f"uid-{name}", "creationTimestamp": "2026-11-21T09:00:00Z", "labels": labels or {},
                      "annotations": annotations or {}, "managedFields": [{"manager": "kubelet", "fieldsV1": {"f:x": {}}}]},
         "spec": {"nodeName": node, "containers": [], "initContainers": [{"name": c, "image": f"{c}:1"} for c in init]},
         "status": {"phase": phase, "podIP": ip, "hostIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}],
                    "containerStatuses": [{"name": c, "containerID": f"containerd://{name}-{c}", "ready": True, "image": f"{c}:1", "imageID": "", "restartCount": 0}
                                          for c in containers]}}
    for c in containers:
        p["spec"]["containers"].append({"name": c, "image": f"{c}:1", "ports": [{"containerPort": n, "name": w, "protocol": "TCP"} for n, w in ports.get(c, [])]})
    if owner:
        kind, _, owned_by = owner.partition("/")
        p["metadata"]["ownerReferences"] = [{"apiVersion": "apps/v1", "kind": kind, "name": owned_by, "uid": "o", "controller": True}]
    return p


class FakeKubernetes:
    """certificates: a folder; None: plain HTTP. tokens: who may ask; None: everybody. only_node: whoever does not ask for this node's pods is refused.
    behave: None, or function(handler, kind, query) for each request ("list" or "watch"); true: it has answered by itself."""

    def __init__(self, port, certificates=None, tokens=None, only_node=None):
        self.port, self.certificates, self.only_node = port, certificates, only_node
        self.tokens = None if tokens is None else set(tokens)
        self.changed = threading.Condition()
        self.pods, self.log, self.version, self.oldest = {}, [], 100, 0
        self.requests, self.behave, self.is_forbidden, self.bookmark_every = [], None, False, 1.0
        self.httpd, self.open, self.is_stopped = None, set(), False
        self.url = f"{'https' if certificates else 'http'}://127.0.0.1:{port}"

    # ---- what the test does

    def start(self, certificate="server"):
        self.is_stopped = False
        self.httpd = serve(self.port, self._answer, self.certificates, certificate, self.open)
        return self

    def stop(self):
        self.is_stopped = True
        self.httpd.shutdown()
        self.httpd.server_close()
        self.break_connections()

    def break_connections(self):
        with self.changed:
            for c in list(self.open):
                try:
                    c.shutdown(2)
                except OSError:
                    pass
            self.changed.notify_all()

    def put(self, *pods):
        for p in pods:
            p = copy.deepcopy(p)
            self._tell("MODIFIED" if p["metadata"]["uid"] in self.pods else "ADDED", p)

    def delete(self, *names):
        for p in [p for p in self.pods.values() if p["metadata"]["name"] in names]:
            self._tell("DELETED", p)

    def _tell(self, kind, p):
        with self.changed:
            self.version += 1
            p["metadata"]["resourceVersion"] = str(self.version)
            self.log.append((self.version, kind, json.dumps(p), p["spec"]["nodeName"]))
            if kind == "DELETED":
                del self.pods[p["metadata"]["uid"]]
            else:
                self.pods[p["metadata"]["uid"]] = p
            self.changed.notify_all()

    def forget(self):
        """Everything up to now: whoever goes on from before gets 410"""
        with self.changed:
            self.oldest, self.log = self.version, []

    def count(self, kind=None):
        with self.changed:
            return len([r for r in self.requests if kind in (None, r[0])])

    # ---- answers

    def _answer(self, h):
        if self.is_stopped:
            h.close_connection = True
            return None
        url = urlsplit(h.path)
        query = dict(parse_qsl(url.query))
        kind = "watch" if query.get("watch") in ("true", "1") else "list"
        with self.changed:
            self.requests.append((kind, query, time.monotonic()))
        if self.tokens is not None and h.headers.get("Authorization", "")[7:] not in self.tokens:
            return status(h, 401, "Unauthorized", "Unauthorized")
        if self.is_forbidden:
            return status(h, 403, "Forbidden", 'pods is forbidden: User "x" cannot list resource "pods" in API group "" at the cluster scope')
        if url.path != "/api/v1/pods":
            return status(h, 404, "NotFound", "the server could not find the requested resource")
        if self.only_node and query.get("fieldSelector") != f"spec.nodeName={self.only_node}":
            return status(h, 400, "BadRequest", f"not asked for the pods of {self.only_node}: {h.path}")
        if self.behave and self.behave(h, kind, query):
            return None
        return self.list(h, query) if kind == "list" else self.watch(h, query)

    def _state(self, query):
        with self.changed:
            return [json.dumps(p) for p in self.pods.values() if fits(p["spec"]["nodeName"], query)], self.version

    def list(self, h, query):
        pods, version = self._state(query)
        at = int(query.get("continue", "0"))
        limit = int(query.get("limit", "0")) if query.get("resourceVersion") != "0" else 0
        page = pods[at:at + limit] if limit else pods
        metadata = {"resourceVersion": str(version)}
        if limit and at + limit < len(pods):
            metadata["continue"] = str(at + limit)
        send(h, 200, '{"kind":"PodList","apiVersion":"v1","metadata":%s,"items":[%s]}' % (json.dumps(metadata), ",".join(page)))

    def begin(self, h):
        h.send_response(200)
        h.send_header("Content-Type", "application/json")
        h.send_header("Transfer-Encoding", "chunked")
        h.end_headers()

    def watch(self, h, query):
        since = int(query.get("resourceVersion") or 0)
        if query.get("sendInitialEvents") == "true":  # the list as a stream, ended by a bookmark
            pods, since = self._state(query)
            self.begin(h)
            for text in pods:
                chunk(h, event("ADDED", text))
            chunk(h, bookmark(since, annotations={"k8s.io/initial-events-end": "true"}))
            return self.follow(h, {**query, "resourceVersion": str(since)})
        if since < self.oldest:
            return status(h, 410, "Expired", f"too old resource version: {since} ({self.oldest})")
        self.begin(h)
        return self.follow(h, query)

    def follow(self, h, query, write=None):
        """Every event in order from where the query goes on, until its time is over"""
        write, since = write or chunk, int(query.get("resourceVersion") or 0)
        end = time.monotonic() + min(float(query.get("timeoutSeconds", "60")), 60)
        try:
            while time.monotonic() < end and not self.is_stopped:
                with self.changed:
                    events = [e for e in self.log if e[0] > since]
                    if not events:
                        self.changed.wait(self.bookmark_every)
                        events = [e for e in self.log if e[0] > since]
                    version = self.version
                for v, kind, text, node in events:
                    if fits(node, query):
                        write(h, event(kind, text))
                    since = v
                if not events and query.get("allowWatchBookmarks") == "true":
                    since = max(since, version)
                    write(h, bookmark(since, creationTimestamp=None))
            h.wfile.write(b"0\r\n\r\n")
        except OSError:
            h.close_connection = True
        return None


def fits(node, query):
    wanted = query.get("fieldSelector", "")
    return all(node == w.split("=")[1] for w in wanted.split(",") if w.startswith("spec.nodeName="))


# ---- the parts of an answer, also for those who misbehave

def event(kind, text):
    return b'{"type":"' + kind.encode() + b'","object":' + (text if isinstance(text, bytes) else text.encode()) + b"}\n"


def bookmark(version, **metadata):
    return event("BOOKMARK", json.dumps({"kind": "Pod", "apiVersion": "v1", "metadata": {"resourceVersion": str(version), **metadata}}))


def chunk(h, data):
    h.wfile.write(b"%x\r\n" % len(data) + data + b"\r\n")
    h.wfile.flush()


def send(h, code, text):
    data = text.encode()
    h.send_response(code)
    h.send_header("Content-Type", "application/json")
    h.send_header("Content-Length", str(len(data)))
    h.end_headers()
    h.wfile.write(data)


def status(h, code, reason, message):
    send(h, code, status_text(code, reason, message))


def status_text(code, reason, message):
    return json.dumps({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason, "code": code})


def serve(port, answer, certificates=None, certificate="server", connections=None):
    """answer(handler) for each GET, on threads; over TLS where there is a folder of certificates. connections: a set that is told of those that are open"""
    connections = set() if connections is None else connections

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self):
            super().setup()
            connections.add(self.connection)

        def finish(self):
            connections.discard(self.connection)
            super().finish()

        def do_GET(self):
            answer(self)

        def log_message(self, *_):
            pass

    Quiet = type("Quiet", (ThreadingHTTPServer,), {"daemon_threads": True, "allow_reuse_address": True, "handle_error": lambda *_: None})
    httpd = Quiet(("127.0.0.1", port), Handler)
    if certificates:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{certificates}/{certificate}.pem", f"{certificates}/{certificate}.key")
        httpd.socket = context.wrap_socket(httpd.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=httpd.serve_forever, args=(0.05,), daemon=True).start()
    return httpd
