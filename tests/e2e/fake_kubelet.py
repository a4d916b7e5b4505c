"""A kubelet's list of pods over TLS, with every fault on demand. What a real one does with rights and certificates is seen elsewhere."""
import json
import time

from fake_kubernetes import send, serve, status


class FakeKubelet:
    """behave: None, or function(handler) for each request for /pods with a good token; true: it has answered by itself"""

    def __init__(self, port, certificates, tokens):
        self.port, self.certificates, self.tokens = port, certificates, set(tokens)
        self.url = f"https://127.0.0.1:{port}"
        self.pods, self.requests, self.behave, self.is_forbidden, self.httpd = {}, [], None, False, None

    def start(self, certificate="server"):
        self.httpd = serve(self.port, self._answer, self.certificates, certificate)
        return self

    def stop(self):
        httpd, self.httpd = self.httpd, None
        httpd.shutdown()
        httpd.server_close()

    def put(self, *pods):
        for p in pods:
            self.pods[p["metadata"]["uid"]] = p

    def text(self):
        return json.dumps({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": list(self.pods.values())})

    def _answer(self, h):
        if not self.httpd:  # on a connection that was kept
            h.close_connection = True
            return None
        self.requests.append((h.path, time.monotonic()))
        if h.headers.get("Authorization", "")[7:] not in self.tokens:
            return status(h, 401, "Unauthorized", "Unauthorized")
        if self.is_forbidden:
            return send(h, 403, "Forbidden (user=system:serviceaccount:spoor:spoor, verb=get, resource=nodes, subresource(s)=[pods proxy])")
        if h.path != "/pods":
            return send(h, 404, "404 page not found")
        if self.behave and self.behave(h):
            return None
        return send(h, 200, self.text())


# ---- what an answer can be; each returns true

def head(h, length):
    h.send_response(200)
    h.send_header("Content-Type", "application/json")
    h.send_header("Content-Length", str(length))
    h.end_headers()


def slow(h):
    """A byte each second, longer than anybody waits"""
    head(h, 1000)
    try:
        for _ in range(20):
            h.wfile.write(b" ")
            h.wfile.flush()
            time.sleep(1)
    except OSError:
        pass
    h.close_connection = True
    return True


def huge(h):
    """A list of 200 MiB"""
    size = 200 << 20
    head(h, size)
    try:
        h.wfile.write(b'{"kind":"PodList","items":[{"metadata":{"name":"huge","uid":"huge","annotations":{"a":"')
        for _ in range(200):
            h.wfile.write(b"x" * (1 << 20))
    except OSError:
        pass
    h.close_connection = True
    return True


def cut_connection(fake):
    """The connection ends in the middle of what the length promised"""
    def answer(h):
        text = fake.text().encode()
        head(h, len(text))
        h.wfile.write(text[:len(text) // 2])
        h.close_connection = True
        return True
    return answer


def cut_text(fake):
    """HTTP is well, the list ends in the middle"""
    def answer(h):
        text = fake.text()
        send(h, 200, text[:text.index('"metadata"', len(text) // 2)])
        return True
    return answer


def not_a_list(h):
    send(h, 200, '{"kind":"Status","status":"Success"}')
    return True


def server_error(h):
    send(h, 500, "container runtime is down")
    return True
