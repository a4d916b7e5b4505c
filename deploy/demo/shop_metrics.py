"""The demo shop's own metrics, in OpenMetrics, with exemplars: the trace ids that stand in its log lines. Also a receiver of remote-write
that throws away what it gets, for a trial without a server of one's own.
"""
import bisect
import http.server
import threading
import time

BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0)


class Metrics:
    """Counts requests; the newest trace of each bucket is kept as its exemplar."""

    def __init__(self):
        self.lock = threading.Lock()
        self.started = time.time()
        self.orders = {"charged": 0, "refused": 0}
        self.order_exemplars = {}
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.bucket_exemplars = [""] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def observe(self, outcome, seconds, trace, span):
        where = bisect.bisect_left(BOUNDS, seconds)
        ids = '{trace_id="%s",span_id="%s"}' % (trace, span)
        with self.lock:
            self.orders[outcome] += 1
            self.order_exemplars[outcome] = " # %s 1 %.3f" % (ids, time.time())
            self.buckets[where] += 1
            self.bucket_exemplars[where] = " # %s %.6f %.3f" % (ids, seconds, time.time())
            self.seconds += seconds

    def text(self):
        with self.lock:
            lines = ["# HELP shop_orders Orders, by how they ended.", "# TYPE shop_orders counter"]
            for outcome, count in self.orders.items():
                labels = '{outcome="%s"}' % outcome
                lines.append("shop_orders_total%s %d%s" % (labels, count, self.order_exemplars.get(outcome, "")))
                lines.append("shop_orders_created%s %.3f" % (labels, self.started))
            lines += ["# HELP shop_checkout_seconds Time that a checkout takes.", "# TYPE shop_checkout_seconds histogram", "# UNIT shop_checkout_seconds seconds"]
            total = 0
            for bound, count, exemplar in zip(list(map(str, BOUNDS)) + ["+Inf"], self.buckets, self.bucket_exemplars):
                total += count
                lines.append('shop_checkout_seconds_bucket{le="%s"} %d%s' % (bound, total, exemplar))
            lines += ["shop_checkout_seconds_count %d" % total, "shop_checkout_seconds_sum %.6f" % self.seconds,
                      "shop_checkout_seconds_created %.3f" % self.started]
        return "\n".join(lines) + "\n# EOF\n"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b"", kind="text/plain; charset=utf-8"):
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path.partition("?")[0] != "/metrics":
            self.answer(404, b"only /metrics is here\n")
            return
        self.answer(200, self.server.metrics.text().encode(), "application/openmetrics-text; version=1.0.0; charset=utf-8")

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer(204 if self.path == "/discard" else 404)

    def log_message(self, *_):
        pass


def serve(metrics):
    """On a free port of this machine, in a thread; returns the address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.metrics = metrics
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return "127.0.0.1:%d" % server.server_port
