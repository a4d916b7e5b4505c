"""A Loki that does what a script says: any status, body and header, half-stored batches, resets, silence, slow drips, TLS.

Snappy and protobuf are decoded here by hand, independently of the libraries that the agent links. `behave(request)` gives a
Reply for each push; everything stored is kept in order of arrival in `records`, everything received in `requests`.
"""
import re
import socket
import ssl
import struct
import threading
import time

import oracle


class Damage(Exception):
    pass


def varint(b, i):
    value = shift = 0
    while True:
        if i >= len(b) or shift > 63:
            raise Damage("varint")
        c = b[i]
        i += 1
        value |= (c & 127) << shift
        if c < 128:
            return value, i
        shift += 7


def unsnappy(b):
    """Snappy's block format: a length, then literals and copies."""
    want, i = varint(b, 0)
    out = bytearray()
    while i < len(b):
        tag = b[i]
        i += 1
        kind = tag & 3
        if kind == 0:
            n = tag >> 2
            if n >= 60:
                extra = n - 59
                n = int.from_bytes(b[i:i + extra], "little")
                i += extra
            n += 1
            if i + n > len(b):
                raise Damage("literal past the end")
            out += b[i:i + n]
            i += n
            continue
        if kind == 1:
            n, offset = ((tag >> 2) & 7) + 4, (tag >> 5) << 8 | b[i]
            i += 1
        else:
            size = 2 if kind == 2 else 4
            n, offset = (tag >> 2) + 1, int.from_bytes(b[i:i + size], "little")
            i += size
        if not 0 < offset <= len(out):
            raise Damage("copy from before the start")
        start = len(out) - offset
        if offset >= n:
            out += out[start:start + n]
        else:
            piece = bytes(out[start:])
            out += (piece * (n // offset + 1))[:n]
    if len(out) != want:
        raise Damage(f"snappy length {len(out)}, said {want}")
    return bytes(out)


def fields(b):
    i = 0
    while i < len(b):
        key, i = varint(b, i)
        kind = key & 7
        if kind == 0:
            value, i = varint(b, i)
        elif kind == 2:
            n, i = varint(b, i)
            if i + n > len(b):
                raise Damage("field past the end")
            value = b[i:i + n]
            i += n
        elif kind in (1, 5):
            n = 8 if kind == 1 else 4
            if i + n > len(b):
                raise Damage("field past the end")
            value = b[i:i + n]
            i += n
        else:
            raise Damage(f"wire type {kind}")
        yield key >> 3, value


LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
GO_ESCAPE = re.compile(r'\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|.)')


def unquote(text):
    """A Go-quoted string's contents."""
    simple = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", '"': '"', "\\": "\\"}

    def one(m):
        code = m.group(1)
        return chr(int(code[1:], 16)) if len(code) > 1 else simple[code]

    return GO_ESCAPE.sub(one, text)


def parse_labels(text):
    if not (text.startswith("{") and text.endswith("}")):
        raise Damage(f"labels {text!r}")
    pairs = LABEL.findall(text)
    if "{" + ", ".join(f'{n}="{v}"' for n, v in pairs) + "}" != text:
        raise Damage(f"labels {text!r}")
    names = [n for n, _ in pairs]
    if names != sorted(set(names)) or not names:
        raise Damage(f"labels not sorted or repeated {text!r}")
    return {n: unquote(v) for n, v in pairs}


class Entry:
    __slots__ = ("labels", "timestamp", "line", "meta")

    def __init__(self, labels, timestamp, line, meta):
        self.labels, self.timestamp, self.line, self.meta = labels, timestamp, line, meta


def decode_entry(labels, b):
    seconds = nanos = 0
    line, meta = "", {}
    for number, value in fields(b):
        if number == 1:
            parts = dict(fields(value))
            seconds, nanos = parts.get(1, 0), parts.get(2, 0)
        elif number == 2:
            line = value.decode("utf-8")  # strict: Loki refuses anything else
        elif number == 3:
            pair = dict(fields(value))
            meta[pair[1].decode()] = pair.get(2, b"").decode("utf-8")
        else:
            raise Damage(f"entry field {number}")
    if nanos >= 10**9:
        raise Damage("nanos")
    return Entry(labels, seconds * 10**9 + nanos, line, meta)


def decode_push(body):
    """[(labels as text, [Entry])] of a snappy-compressed PushRequest"""
    streams = []
    for number, stream in fields(unsnappy(body)):
        if number != 1:
            raise Damage(f"push field {number}")
        text, raw = None, []
        for n, value in fields(stream):
            if n == 1:
                text = value.decode()
            elif n == 2:
                raw.append(value)
            else:
                raise Damage(f"stream field {n}")
        labels = parse_labels(text)
        streams.append((text, [decode_entry(labels, r) for r in raw]))
    return streams


class Reply:
    """What to answer. store: None = as the status says (2xx but 260: all, else nothing), or a predicate on entries.
    then: "" | "reset" (RST instead of an answer) | "hang" (no answer) | "drip" (a byte every `pause` s) | "close"."""

    def __init__(self, status=204, body=b"", headers=(), store=None, then="", pause=0.0, raw=None):
        self.status, self.body, self.headers = status, body.encode() if isinstance(body, str) else body, list(headers)
        self.store, self.then, self.pause, self.raw = store, then, pause, raw


class Request:
    __slots__ = ("n", "at", "path", "headers", "raw_bytes", "streams", "status", "entries", "damage")


def keep_all(entry):
    return True


class FakeLoki:
    decode = staticmethod(decode_push)

    def __init__(self, port, behave=None, tls=None, host="127.0.0.1"):
        self.port, self.behave, self.tls, self.host = port, behave or (lambda request: Reply()), tls, host
        self.requests, self.records, self.damage = [], [], []
        self.lock = threading.Lock()
        self.read_pause = 0.0  # s between 256-byte reads of a body: a slow server
        self.reset_in_body = 0  # reset after so many bytes of this many next bodies
        self.is_open = False
        self.keep = keep_all  # what is worth remembering of what is stored; the rest is only counted
        self.not_kept = 0

    def start(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((self.host, self.port))
        self.listener.listen(64)
        self.is_open = True
        self.connections = set()
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()
        return self

    def stop(self):
        self.is_open = False
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        with self.lock:
            open_ones = list(self.connections)
        for c in open_ones:
            self._reset(c)

    def _reset(self, conn):
        try:
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
        conn.close()

    def _accept(self, listener):
        while self.is_open:
            try:
                conn, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    def _serve(self, conn):
        with self.lock:
            self.connections.add(conn)
        raw = conn
        try:
            if self.tls:
                context = self.tls() if callable(self.tls) else self.tls
                conn = context.wrap_socket(conn, server_side=True)
                with self.lock:
                    self.connections.discard(raw)
                    self.connections.add(conn)
            held = b""
            while self.is_open:
                held = self._one(conn, held)
                if held is None:
                    return
        except (OSError, ssl.SSLError):
            pass
        finally:
            with self.lock:
                self.connections.discard(conn)
            conn.close()

    def _read(self, conn, held, n):
        while len(held) < n:
            got = conn.recv(256 if self.read_pause else 1 << 18)
            if not got:
                return None
            held += got
            if self.read_pause:
                time.sleep(self.read_pause)
        return held

    def _one(self, conn, held):
        while b"\r\n\r\n" not in held:
            got = conn.recv(65536)
            if not got:
                return None
            held += got
        head, held = held.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        headers = {k.strip().lower(): v.strip() for k, v in (l.split(":", 1) for l in lines[1:])}
        if headers.get("expect"):
            conn.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = int(headers.get("content-length", 0))
        with self.lock:
            is_victim = self.reset_in_body > 0 and length > 200
            if is_victim:
                self.reset_in_body -= 1
        if is_victim:
            self._read(conn, held, 100)
            self._reset(conn)
            return None
        body = self._read(conn, held, length)
        if body is None:
            return None
        body, held = body[:length], body[length:]
        return held if self._answer(conn, lines[0], headers, body) else None

    def _answer(self, conn, first, headers, body):
        r = Request()
        r.at, r.path, r.headers, r.raw_bytes, r.damage = time.monotonic(), first, headers, len(body), None
        try:
            r.streams = self.decode(body) if body else []
        except (Damage, UnicodeDecodeError, IndexError, KeyError, AttributeError, OSError, EOFError) as e:
            r.streams, r.damage = [], repr(e)
        r.entries = sum(len(e) for _, e in r.streams)
        with self.lock:
            r.n = len(self.requests)
            if r.damage:
                self.damage.append(r.damage)
            self.requests.append(r)
        reply = self.behave(r)
        r.status = reply.status
        keep = reply.store or (keep_all if 200 <= reply.status < 300 and reply.status != 260 else None)
        if keep:
            with self.lock:
                stored = [e for _, entries in r.streams for e in entries if keep(e)]
                kept = [e for e in stored if self.keep(e)]
                self.records += kept
                self.not_kept += len(stored) - len(kept)
        return self._send(conn, reply)

    def _send(self, conn, reply):
        if reply.then == "reset":
            self._reset(conn)
            return False
        if reply.then == "hang":
            while self.is_open:
                time.sleep(0.2)
            return False
        if reply.raw is not None:
            conn.sendall(reply.raw)
            return False
        head = f"HTTP/1.1 {reply.status} Scripted\r\n" + "".join(f"{k}: {v}\r\n" for k, v in reply.headers)
        if reply.status != 204:
            head += f"Content-Length: {len(reply.body)}\r\n"
        answer = head.encode() + b"\r\n" + (reply.body if reply.status != 204 else b"")
        if reply.then == "drip":
            for i in range(len(answer)):
                conn.sendall(answer[i:i + 1])
                time.sleep(reply.pause)
        else:
            if reply.pause:
                time.sleep(reply.pause)
            conn.sendall(answer)
        return reply.then != "close"

    # What the scenarios ask.
    def snapshot(self):
        with self.lock:
            return list(self.records)

    def count(self):
        with self.lock:
            return len(self.records)

    def has_all(self, truth):
        """Whether every record of a manifest is here. A count would not tell: records may come twice."""
        return self.count() >= truth.records and len(self.tally(oracle.Tally(truth, is_wire=True)).seen) >= truth.records

    def request_count(self):
        with self.lock:
            return len(self.requests)

    def lines(self, **labels):
        """Lines of the streams with these labels as Loki would keep them: in order of arrival, identical re-sends once."""
        seen, out = set(), []
        for e in self.snapshot():
            if any(e.labels.get(k) != v for k, v in labels.items()):
                continue
            form = (tuple(sorted(e.labels.items())), e.timestamp, e.line, tuple(sorted(e.meta.items())))
            if form not in seen:
                seen.add(form)
                out.append(e.line)
        return out

    def tally(self, tally):
        for e in self.snapshot():
            tally.add(e.labels, e.timestamp, e.line, e.meta)
        return tally
