"""An API server for pods that can be told to misbehave: list with pages, watch with bookmarks, tokens, rights, TLS; for faults that a
real one does not show on demand. Pods are those of one node; every change has a version, and old ones can be forgotten (410)."""
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


def pod(name, uid=None, node="node-e2e", namespace="shop", labels=None, annotations=None, phase="Running", ip="10.1.0.1", port=8080, **more):
    return {"kind": "Pod", "apiVersion": "v1",
            "metadata": {"name": name, "namespace": namespace, "uid": uid or f"uid-{name}", "creationTimestamp": "2026-11-21T09:00:00Z",
                         "labels": labels or {}, "annotations": annotations or {}, "managedFields": [{"manager": "kubelet", "fieldsV1": {"f:x": {}}}], **more},
            "spec": {"nodeName": node, "containers": [{"name": "app", "image": "web:1", "ports": [{"containerPort": port, "name": "http"}]}]},
            "status": {"phase": phase, "podIP": ip, "hostIP": "10.0.0.5", "conditions": [{"type": "Ready", "status": "True"}]}}


class FakeKubernetes:
    """behave: None, or function(handler, kind, query) for each request ("list" or "watch"); true: it has answered by itself."""

    def __init__(self, port, certificates, tokens=("token",)):
        self.port, self.tokens, self.node = port, set(tokens), "node-e2e"
        self.changed = threading.Condition()
        self.pods, self.log, self.version, self.oldest = {}, [], 100, 0
        self.requests, self.behave, self.is_forbidden, self.bookmark_every = [], None, False, 1.0
        self.certificates = certificates
        self.httpd, self.open, self.is_stopped = None, set(), False
        self.url = f"https://127.0.0.1:{port}"

    # ---- what the test does

    def start(self, certificate="server"):
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                with fake.changed:
                    fake.open.add(self.connection)

            def finish(self):
                with fake.changed:
                    fake.open.discard(self.connection)
                super().finish()

            def do_GET(self):
                fake._answer(self)

            def log_message(self, *_):
                pass
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{self.certificates}/{certificate}.pem", f"{self.certificates}/{certificate}.key")
        Quiet = type("Quiet", (ThreadingHTTPServer,), {"daemon_threads": True, "allow_reuse_address": True, "handle_error": lambda *_: None})
        self.httpd, self.is_stopped = Quiet(("127.0.0.1", self.port), Handler), False
        self.httpd.socket = context.wrap_socket(self.httpd.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.httpd.serve_forever, args=(0.05,), daemon=True).start()
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
        with self.changed:
            for p in pods:
                self.version += 1
                p["metadata"]["resourceVersion"] = str(self.version)
                uid = p["metadata"]["uid"]
                self.log.append((self.version, "MODIFIED" if uid in self.pods else "ADDED", json.dumps(p)))
                self.pods[uid] = p
            self.changed.notify_all()

    def delete(self, *names):
        with self.changed:
            for p in [p for p in self.pods.values() if p["metadata"]["name"] in names]:
                self.version += 1
                p["metadata"]["resourceVersion"] = str(self.version)
                del self.pods[p["metadata"]["uid"]]
                self.log.append((self.version, "DELETED", json.dumps(p)))
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
            return
        url = urlsplit(h.path)
        query = {k: v[0] for k, v in parse_qs(url.query).items()}
        kind = "watch" if query.get("watch") == "true" else "list"
        with self.changed:
            self.requests.append((kind, query, time.monotonic()))
        if h.headers.get("Authorization", "")[7:] not in self.tokens:
            return status(h, 401, "Unauthorized", "Unauthorized")
        if self.is_forbidden:
            return status(h, 403, "Forbidden", 'pods is forbidden: User "x" cannot list resource "pods" in API group "" at the cluster scope')
        if url.path != "/api/v1/pods" or query.get("fieldSelector") != f"spec.nodeName={self.node}":
            return status(h, 400, "BadRequest", f"not asked for the pods of {self.node}: {h.path}")
        if self.behave and self.behave(h, kind, query):
            return None
        return self.list(h, query) if kind == "list" else self.watch(h, query)

    def list(self, h, query):
        with self.changed:
            pods, version = list(self.pods.values()), self.version
        at = int(query.get("continue", "0"))
        limit = int(query.get("limit", "0")) if query.get("resourceVersion") != "0" else 0
        page = pods[at:at + limit] if limit else pods
        metadata = {"resourceVersion": str(version)}
        if limit and at + limit < len(pods):
            metadata["continue"] = str(at + limit)
        send(h, 200, json.dumps({"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": page}))

    def begin(self, h):
        h.send_response(200)
        h.send_header("Content-Type", "application/json")
        h.send_header("Transfer-Encoding", "chunked")
        h.end_headers()

    def watch(self, h, query):
        since = int(query["resourceVersion"])
        with self.changed:
            if since < self.oldest:
                return status(h, 410, "Expired", f"too old resource version: {since} ({self.oldest})")
        self.begin(h)
        return self.follow(h, query)

    def follow(self, h, query, write=None):
        """Every event in order from where the query goes on, until its time is over"""
        write, since = write or chunk, int(query["resourceVersion"])
        end = time.monotonic() + min(float(query.get("timeoutSeconds", "60")), 60)
        try:
            while time.monotonic() < end and not self.is_stopped:
                with self.changed:
                    events = [e for e in self.log if e[0] > since]
                    if not events:
                        self.changed.wait(self.bookmark_every)
                        events = [e for e in self.log if e[0] > since]
                    version = self.version
                for v, kind, text in events:
                    write(h, event(kind, text))
                    since = v
                if not events and query.get("allowWatchBookmarks") == "true":
                    since = max(since, version)
                    write(h, event("BOOKMARK", json.dumps({"kind": "Pod", "metadata": {"resourceVersion": str(since), "creationTimestamp": None}})))
            h.wfile.write(b"0\r\n\r\n")
        except OSError:
            h.close_connection = True
        return None


def event(kind, text):
    return b'{"type":"' + kind.encode() + b'","object":' + (text if isinstance(text, bytes) else text.encode()) + b"}\n"


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
