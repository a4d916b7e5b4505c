"""A remote-write receiver that does what a script says, and a scrape target that says what a script says.

Both versions of the protocol are decoded here by hand, strictly: whatever the specification forbids is kept in `damage`.
`behave(request)` gives an Answer for each push; accepted series are kept in `stored`, everything received in `requests`.
"""
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from fake_loki import Damage, fields, unsnappy, varint

STALE = 0x7FF0000000000002
V1, V2 = "prometheus.WriteRequest", "io.prometheus.write.v2.Request"
TYPES = ["unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset"]


def signed(v):
    return v - (1 << 64) if v >> 63 else v


def bits(b):
    return struct.unpack("<Q", b)[0]


def number(value_bits):
    return struct.unpack("<d", struct.pack("<Q", value_bits))[0]


def packed(value):
    """A repeated uint32 field, packed or one by one"""
    if isinstance(value, int):
        return [value]
    out, i = [], 0
    while i < len(value):
        v, i = varint(value, i)
        out.append(v)
    return out


class Series:
    def __init__(self):
        self.pairs, self.samples, self.exemplars, self.histograms = [], [], [], []
        self.type = self.help = self.unit = None
        self.starts = []

    @property
    def labels(self):
        return dict(self.pairs)

    @property
    def name(self):
        return self.labels.get("__name__", "")


def read_sample(b):
    f = dict(fields(b))
    return signed(f.get(2, 0)), bits(f[1]) if 1 in f else 0, signed(f.get(3, 0))


def read_pairs_v1(items):
    out = []
    for item in items:
        f = dict(fields(item))
        out.append((f.get(1, b"").decode(), f.get(2, b"").decode()))
    return out


def decode_v1(raw):
    series, metadata = [], []
    for n, value in fields(raw):
        if n == 1:
            s = Series()
            for k, v in fields(value):
                if k == 1:
                    s.pairs += read_pairs_v1([v])
                elif k == 2:
                    t, b, _ = read_sample(v)
                    s.samples.append((t, b))
                elif k == 3:
                    parts = list(fields(v))
                    e = dict(parts)
                    s.exemplars.append((read_pairs_v1([x for i, x in parts if i == 1]), number(bits(e[2])) if 2 in e else 0.0, signed(e.get(3, 0))))
                elif k == 4:
                    s.histograms.append(v)
                else:
                    raise Damage(f"TimeSeries field {k}")
            series.append(s)
        elif n == 3:
            f = dict(fields(value))
            metadata.append((f.get(2, b"").decode(), TYPES[f.get(1, 0)], f.get(4, b"").decode(), f.get(5, b"").decode()))
        else:
            raise Damage(f"WriteRequest field {n}")
    return series, metadata, None


def resolve(symbols, refs):
    if len(refs) % 2:
        raise Damage("odd number of label references")
    if any(r >= len(symbols) for r in refs):
        raise Damage("label reference outside the symbols")
    return [(symbols[refs[i]], symbols[refs[i + 1]]) for i in range(0, len(refs), 2)]


def decode_v2(raw):
    symbols, rows, series = [], [], []
    for n, value in fields(raw):
        if n == 4:
            symbols.append(value.decode())
        elif n == 5:
            rows.append(value)
        else:
            raise Damage(f"Request field {n}")
    if not symbols or symbols[0] != "":
        raise Damage("symbols[0] is not empty")
    if len(set(symbols)) != len(symbols):
        raise Damage("symbols are repeated")
    for row in rows:
        s, refs = Series(), []
        for k, v in fields(row):
            if k == 1:
                refs += packed(v)
            elif k == 2:
                t, b, start = read_sample(v)
                s.samples.append((t, b))
                s.starts.append(start)
            elif k == 3:
                s.histograms.append(v)
            elif k == 4:
                parts = list(fields(v))
                e = dict(parts)
                at = [r for i, x in parts if i == 1 for r in packed(x)]
                s.exemplars.append((resolve(symbols, at), number(bits(e[2])) if 2 in e else 0.0, signed(e.get(3, 0))))
            elif k == 5:
                m = dict(fields(v))
                s.type = TYPES[m.get(1, 0)]
                s.help, s.unit = symbols[m.get(3, 0)], symbols[m.get(4, 0)]
            else:
                raise Damage(f"TimeSeries field {k}")
        s.pairs = resolve(symbols, refs)
        series.append(s)
    return series, [], symbols


def check_series(s):
    names = [n for n, _ in s.pairs]
    if names != sorted(names) or len(set(names)) != len(names):
        raise Damage(f"labels not sorted or repeated: {s.pairs}")
    if "__name__" not in names or any(not n or not v for n, v in s.pairs):
        raise Damage(f"no name, or an empty label: {s.pairs}")
    if not s.samples and not s.histograms:
        raise Damage(f"neither sample nor histogram: {s.pairs}")
    if s.samples and s.histograms:
        raise Damage(f"samples and histograms in one series: {s.pairs}")
    times = [t for t, _ in s.samples]
    if times != sorted(times):
        raise Damage(f"samples of {s.pairs} not in order of time")
    for pairs, _, at in s.exemplars:
        if at < 10**12 or any(not n for n, _ in pairs):
            raise Damage(f"exemplar of {s.pairs}: time {at}, labels {pairs}")


class Push:
    def __init__(self, headers, body):
        self.headers, self.at = headers, time.monotonic()
        kind = headers.get("Content-Type", "")
        self.message = V2 if V2 in kind else V1
        self.damage = None
        self.series, self.metadata, self.symbols = [], [], None
        try:
            self.raw = unsnappy(body)
            self.series, self.metadata, self.symbols = (decode_v2 if self.message == V2 else decode_v1)(self.raw)
            for s in self.series:
                check_series(s)
        except (Damage, UnicodeDecodeError, KeyError, IndexError) as e:
            self.damage = f"{type(e).__name__} {e}"
        self.status = 0

    @property
    def sample_count(self):
        return sum(len(s.samples) for s in self.series)


class Answer:
    """written=None: the Written headers that the contents of a 2.0 request deserve; False: none."""

    def __init__(self, status=204, body=b"", headers=(), written=None, pause=0, store=None):
        self.status, self.body, self.headers, self.written, self.pause = status, body, list(headers), written, pause
        self.store = store if store is not None else status // 100 == 2


def knows_v1_only(push):
    """A 1.0 receiver that says so."""
    return Answer(415, b"unsupported") if push.message == V2 else Answer()


def mute_v1(push):
    """Prometheus 2.42 and others: 204 to a 2.0 body, nothing stored, no Written headers."""
    return Answer(204, written=False, store=push.message == V1)


class Server:
    """A threading HTTP server on 127.0.0.1 with one handler function(handler)."""

    def __init__(self, port, handle):
        server = self
        self.is_stopped = False

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if server.is_stopped:  # on a connection that was kept
                    self.close_connection = True
                else:
                    handle(self)

            def do_POST(self):
                self.do_GET()

            def log_message(self, *_):
                pass
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        Quiet = type("Quiet", (ThreadingHTTPServer,), {"daemon_threads": True, "allow_reuse_address": True, "handle_error": lambda *_: None})
        self.httpd = Quiet(("127.0.0.1", port), Handler)
        threading.Thread(target=self.httpd.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.is_stopped = True
        self.httpd.shutdown()
        self.httpd.server_close()


class Receiver:
    def __init__(self, port, behave=None):
        self.behave = behave or (lambda push: Answer())
        self.lock = threading.Lock()
        self.requests, self.stored, self.damage, self.metadata = [], [], [], {}
        self.server = Server(port, self._handle)
        self.url = self.server.url + "/api/v1/write"

    def stop(self):
        self.server.stop()

    def _handle(self, h):
        body = h.rfile.read(int(h.headers.get("Content-Length", 0)))
        push = Push(h.headers, body)
        push.method, push.path = h.command, h.path
        answer = self.behave(push)
        push.status = answer.status
        with self.lock:
            self.requests.append(push)
            if push.damage:
                self.damage.append(push.damage)
            if answer.store:
                self.stored += push.series
                self.metadata.update({name: rest for name, *rest in push.metadata})
        if answer.pause:
            time.sleep(answer.pause)
        h.send_response(answer.status)
        for k, v in answer.headers:
            h.send_header(k, v)
        if answer.written is None and push.message == V2 and answer.status // 100 == 2:
            counts = {"Samples": push.sample_count, "Histograms": sum(len(s.histograms) for s in push.series),
                      "Exemplars": sum(len(s.exemplars) for s in push.series)}
            for k, v in counts.items():
                h.send_header(f"X-Prometheus-Remote-Write-{k}-Written", str(v))
        h.send_header("Content-Length", str(len(answer.body)))
        h.end_headers()
        h.wfile.write(answer.body)

    def snapshot(self):
        with self.lock:
            return list(self.stored)

    def history(self, **labels):
        """{labels as sorted tuple: [(ms, value bits) in order of arrival]} of the series with these labels (name= is __name__)"""
        want = {("__name__" if k == "name" else k): v for k, v in labels.items()}
        out = {}
        for s in self.snapshot():
            have = s.labels
            if all(have.get(k) == v for k, v in want.items()):
                out.setdefault(tuple(sorted(s.pairs)), []).extend(s.samples)
        return out

    def values(self, **labels):
        """Values of one series, in order of arrival; stale markers as None"""
        rows = list(self.history(**labels).values())
        return [None if b == STALE else number(b) for row in rows for _, b in row]


class Target:
    """body(n) for the n-th scrape, from 0: text, (text, content type), or a function of the handler that answers by itself."""

    def __init__(self, port, body):
        self.body, self.count, self.lock, self.headers = body, 0, threading.Lock(), []
        self.server = Server(port, self._handle)
        self.address = f"127.0.0.1:{port}"

    def stop(self):
        self.server.stop()

    def _handle(self, h):
        with self.lock:
            n = self.count
            self.count += 1
            self.headers.append((h.path, h.headers))
        got = self.body(n) if callable(self.body) else self.body
        if callable(got):
            return got(h)
        text, kind = got if isinstance(got, tuple) else (got, "text/plain; version=0.0.4")
        data = text if isinstance(text, bytes) else text.encode()
        h.send_response(200)
        h.send_header("Content-Type", kind)
        h.send_header("Content-Length", str(len(data)))
        h.end_headers()
        h.wfile.write(data)


OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
