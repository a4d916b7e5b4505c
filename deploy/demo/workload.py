#!/usr/bin/env python3
"""A small shop whose services log in the ways of their stacks, sharing trace ids: something to look at before there is a cluster.

Writes DIR/pods/<namespace>_<pod>_<uid>/<container>/0.log as a container runtime does (CRI lines, long ones in pieces) and rotates as
the kubelet does (rename to 0.log.YYYYMMDD-HHMMSS, the one before that is compressed, five are kept).
A request crosses several services, so one trace id stands in lines of several formats, and as an exemplar in the shop's metrics: their
address is written to DIR/targets.json, for file_sd_configs. Ends by itself after --seconds.
"""
import argparse
import glob
import gzip
import json
import os
import random
import secrets
import shutil
import signal
import sys
import time
import uuid

import shop_metrics

PIECE_BYTES = 16384  # the runtime cuts longer lines
KEEP = 5
CHECK_SECONDS = 5  # like the kubelet, sizes are looked at once in a while, so no two generations share a name


class Container:
    """One container's log: CRI lines into 0.log, and the kubelet's rotation."""

    def __init__(self, root, namespace, service, rotate_bytes):
        uid = uuid.uuid5(uuid.NAMESPACE_DNS, service + "." + namespace)
        pod = "%s-%s-%s" % (service, uid.hex[:9], uid.hex[9:14])
        self.folder = os.path.join(root, "pods", "%s_%s_%s" % (namespace, pod, uid), service)
        self.path = os.path.join(self.folder, "0.log")
        self.rotate_bytes = rotate_bytes
        self.check_at = time.monotonic() + CHECK_SECONDS
        os.makedirs(self.folder, exist_ok=True)
        self.file = open(self.path, "ab", buffering=0)

    def write(self, line, stream="stdout"):
        data = line.encode()
        pieces = [data[i:i + PIECE_BYTES] for i in range(0, len(data), PIECE_BYTES)] or [b""]
        for i, piece in enumerate(pieces):
            tag = b"F" if i == len(pieces) - 1 else b"P"
            self.file.write(b" ".join((runtime_time().encode(), stream.encode(), tag, piece)) + b"\n")

    def rotate_if_due(self):
        if time.monotonic() < self.check_at:
            return
        self.check_at = time.monotonic() + CHECK_SECONDS
        if os.fstat(self.file.fileno()).st_size < self.rotate_bytes:
            return
        rotated = sorted(glob.glob(self.path + ".*"))
        for old in rotated[:max(0, len(rotated) - (KEEP - 2))]:
            os.unlink(old)
        for plain in glob.glob(self.path + ".*[0-9]"):
            with open(plain, "rb") as source, gzip.open(plain + ".tmp", "wb") as target:
                shutil.copyfileobj(source, target)
            os.rename(plain + ".tmp", plain + ".gz")
            os.unlink(plain)
        os.rename(self.path, self.path + time.strftime(".%Y%m%d-%H%M%S"))
        self.file.close()
        self.file = open(self.path, "ab", buffering=0)


def runtime_time():
    """RFC 3339 with nanoseconds, trailing zeros cut, as container runtimes print it."""
    ns = time.time_ns()
    fraction = ("%09d" % (ns % 1000000000)).rstrip("0")
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ns // 1000000000)) + ("." + fraction if fraction else "") + "Z"


def clock(form):
    ms = int(time.time() * 1000) % 1000
    return time.strftime(form, time.gmtime()).replace("{ms}", "%03d" % ms)


def span():
    return secrets.token_hex(8)


# Each stack's way to write one line: what is logged, its level, and the ids of the request.

def nginx(trace, text, level):
    status = 502 if level == "error" else 200
    return '10.42.0.%d - - [%s] "GET %s HTTP/1.1" %d %d "-" "Mozilla/5.0" rt=%.3f traceparent="00-%s-%s-01"' % (
        random.randint(2, 250), clock("%d/%b/%Y:%H:%M:%S +0000"), text, status, random.randint(200, 9000), random.random() / 4, trace, span())


def spring(trace, text, level):
    return "%s %5s 1 --- [checkout] [nio-8080-exec-%d] [%s-%s] c.example.checkout.CheckoutController    : %s" % (
        clock("%Y-%m-%dT%H:%M:%S.{ms}Z"), level.upper(), random.randint(1, 9), trace, span(), text)


def otel_python(trace, text, level):
    return "%s %s [recommend] [app.py:%d] [trace_id=%s span_id=%s resource.service.name=recommend trace_sampled=True] - %s" % (
        clock("%Y-%m-%d %H:%M:%S,{ms}"), level.upper(), random.randint(20, 90), trace, span(), text)


def zap(trace, text, level):
    return json.dumps({"level": level, "ts": time.time(), "caller": "driver/server.go:73", "msg": text, "service": "driver",
                       "trace_id": trace, "span_id": span()}, separators=(",", ":"))


def dotnet(trace, text, level):
    short = {"info": "info", "warn": "warn", "error": "fail"}[level]
    return "%s: Billing.Charges.ChargeService[14] => SpanId:%s, TraceId:%s, ParentId:0000000000000000 => RequestPath:/charge %s" % (
        short, span(), trace, text)


def datadog(trace, text, level):
    return "%s %s [dd.service=stock, dd.env=demo, dd.version=1.4, dd.trace_id=%s, dd.span_id=%d] com.example.Stock - %s" % (
        clock("%Y-%m-%d %H:%M:%S"), level.upper(), trace, secrets.randbits(63), text)


def logback(trace, text, level):
    return "%s [worker-%d] %-5s com.example.mail.Sender trace_id=%s span_id=%s trace_flags=01 - %s" % (
        clock("%H:%M:%S.{ms}"), random.randint(1, 4), level.upper(), trace, span(), text)


def plain(trace, text, level):
    return text


SERVICES = {  # name: (namespace, format)
    "front": ("shop", nginx), "checkout": ("shop", spring), "recommend": ("shop", otel_python), "driver": ("delivery", zap),
    "billing": ("finance", dotnet), "stock": ("shop", datadog), "mail": ("shop", logback), "backup": ("ops", plain),
}
STACK_TRACE = """java.net.SocketTimeoutException: Read timed out
\tat java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:288)
\tat com.example.mail.Sender.send(Sender.java:71)
\tat com.example.mail.Sender.run(Sender.java:40)
Caused by: java.io.IOException: connection to smtp.example.net:587 lost
\t... 3 more"""


def request(number):
    """The lines of one request, in order: (service, text, level, stream), all with one trace id."""
    order, amount = random.randint(10000, 99999), random.randint(500, 20000) / 100
    yield "front", "/checkout/%d" % order, "info", "stdout"
    yield "checkout", "Order %d received" % order, "info", "stdout"
    if random.random() < 0.6:
        yield "recommend", "3 products recommended for order %d" % order, "info", "stderr"
    yield "stock", "Reserved 2 items of order %d" % order, "info", "stdout"
    if random.random() < 0.7:
        yield "billing", "Charged %.2f EUR for order %d" % (amount, order), "info", "stdout"
        yield "driver", "Searching for nearby drivers", "info", "stdout"
    else:
        yield "billing", "Card refused for order %d: insufficient funds" % order, "warn", "stdout"
    if number % 7 == 3:
        yield "mail", "Confirmation of order %d not sent" % order, "error", "stderr"
        for line in STACK_TRACE.split("\n"):
            yield "mail", line, None, "stderr"
    if number % 11 == 5:
        yield "backup", "backup: %d files in %d s" % (random.randint(100, 900), random.randint(1, 9)), "info", "stdout"
    if number % 40 == 20:
        yield "recommend", "Model reloaded: " + json.dumps([round(random.random(), 6) for _ in range(4000)]), "info", "stdout"


def write_target(folder, address):
    """The whole file or none: somebody may be reading it."""
    path = os.path.join(folder, "targets.json")
    with open(path + ".tmp", "w") as f:
        json.dump([{"targets": [address], "labels": {"service": "shop"}}], f)
    os.rename(path + ".tmp", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("dir", help="the pod log tree is made in DIR/pods, targets.json beside it")
    parser.add_argument("--seconds", type=float, default=0, help="end after so many seconds (0: until it is ended)")
    parser.add_argument("--rate", type=float, default=1, help="requests a second, of about six lines each (1)")
    parser.add_argument("--rotate-bytes", type=int, default=65536, help="rotate a log at this size (64 KiB)")
    options = parser.parse_args()

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    metrics = shop_metrics.Metrics()
    write_target(options.dir, shop_metrics.serve(metrics))
    containers = {name: Container(options.dir, namespace, name, options.rotate_bytes) for name, (namespace, _) in SERVICES.items()}
    start = time.monotonic()
    number = 0
    while not options.seconds or time.monotonic() - start < options.seconds:
        trace = secrets.token_hex(16)
        outcome = "charged"
        for service, text, level, stream in request(number):
            outcome = "refused" if text.startswith("Card refused") else outcome
            line = text if level is None else SERVICES[service][1](trace, text, level)
            containers[service].write(line, stream)
        metrics.observe(outcome, random.lognormvariate(-2, 0.8), trace, span())
        for container in containers.values():
            container.rotate_if_due()
        number += 1
        time.sleep(max(0.0, start + number / options.rate - time.monotonic()))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
