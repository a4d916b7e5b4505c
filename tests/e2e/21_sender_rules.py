"""What the remote-write specifications, 1.0 and 2.0, ask of a sender: every rule of the public compliance suite as a row of its own, over
requests decoded here. Each run must have seen at least one request; a rule without anything to judge fails."""
import re
import time

from fake_receiver import OPENMETRICS, STALE, V1, V2, Answer, Receiver, Target, knows_v1_only, mute_v1, number
from lib import Agent, free_ports, get, main, wait_for

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
LONG = "v" * 10240


def rich(n):
    at = time.time()
    return (f"""# HELP c Counts things.\\nOn two lines, with \\\\ and \\"quotes\\".
# TYPE c counter
c_total{{path="/a"}} {n + 1} # {{trace_id="{TRACE}",span_id="00f067aa0ba902b7",user="u1"}} 0.5 {at:.3f}
c_total{{path="/b"}} 42
c_created{{path="/a"}} {at - 100:.3f}
# HELP g A gauge.
# TYPE g gauge
g{{kind="float"}} 1.5
g{{kind="integer"}} 7
g{{kind="zero"}} 0
g{{kind="negative"}} -3.25
g{{kind="inf"}} +Inf
g{{kind="minus_inf"}} -Inf
g{{kind="nan"}} NaN
g{{kind="large"}} 1.7976931348623157e+308
g{{kind="small"}} 4.9e-324
g{{kind="scientific"}} 1.23e5
g{{kind="precise"}} 0.1234567890123456
g{{kind="unicode ☃ 雪"}} 1
g{{kind="special \\"\\\\\\n"}} 1
g{{kind="",other="kept"}} 1
g{{kind="long",long="{LONG}"}} 1
g{{{",".join(f'l{i:02d}="x"' for i in range(40))},kind="many"}} 1
# TYPE h_seconds histogram
# UNIT h_seconds seconds
# HELP h_seconds A histogram.
h_seconds_bucket{{le="0.1"}} 3 # {{trace_id="{TRACE}"}} 0.05 {at:.3f}
h_seconds_bucket{{le="1.0"}} 5
h_seconds_bucket{{le="+Inf"}} 9007199254740992
h_seconds_sum 2.5
h_seconds_count 9007199254740992
# TYPE s summary
s{{quantile="0.5"}} 1
s_sum 10
s_count 5
# TYPE a_very_long_name_{"x" * 200} gauge
a_very_long_name_{"x" * 200} 1
# TYPE with:colons gauge
with:colons 1
# TYPE explicit gauge
explicit 3 {at - 2:.3f}
{"".join(f'# TYPE many_{i} gauge' + chr(10) + f'many_{i} {i}' + chr(10) for i in range(60))}{"" if n >= 2 else "# TYPE leaves gauge" + chr(10) + "leaves 1" + chr(10)}# EOF
""", OPENMETRICS)


class Seen:
    """All requests of one run, and the series in them."""

    def __init__(self, receiver):
        self.requests = list(receiver.requests)
        self.version = self.requests[0].message if self.requests else None
        self.series = [x for r in self.requests for x in r.series]
        self.metadata = receiver.metadata

    def of(self, name, **labels):
        return [x for x in self.series if x.name == name and all(x.labels.get(k) == v for k, v in labels.items())]

    def values(self, name, **labels):
        return [number(b) for x in self.of(name, **labels) for _, b in x.samples if b != STALE]


def every(items, test):
    items = list(items)
    return bool(items) and all(test(i) for i in items)


def has_value(kind, want):
    return lambda v: every(v.values("g", kind=kind), lambda x: x == want or (want != want and x != x))


def ordered(v):
    last = {}
    for x in v.series:
        for t, _ in x.samples:
            if last.get(tuple(x.pairs), 0) > t:
                return False
            last[tuple(x.pairs)] = t
    return bool(last)


LEGAL_METRIC, LEGAL_LABEL = re.compile(r"^[a-zA-Z_:][a-zA-Z0-9_:]*$"), re.compile(r"^[a-zA-Z_][a-zA-Z0-9_]*$")
COMMON = [
    ("method is POST", lambda v: every(v.requests, lambda r: r.method == "POST")),
    ("snappy", lambda v: every(v.requests, lambda r: r.headers["Content-Encoding"] == "snappy")),
    ("user agent", lambda v: every(v.requests, lambda r: r.headers.get("User-Agent"))),
    ("decodes, sorted labels, no empty or repeated names, no mixed series", lambda v: every(v.requests, lambda r: not r.damage)),
    ("float", has_value("float", 1.5)), ("integer", has_value("integer", 7)), ("zero", has_value("zero", 0)),
    ("negative", has_value("negative", -3.25)), ("infinity", has_value("inf", float("inf"))), ("minus infinity", has_value("minus_inf", float("-inf"))),
    ("NaN", has_value("nan", float("nan"))), ("large", has_value("large", 1.7976931348623157e308)), ("small", has_value("small", 4.9e-324)),
    ("scientific", has_value("scientific", 123000.0)), ("precision", has_value("precise", 0.1234567890123456)),
    ("unicode", has_value("unicode ☃ 雪", 1)), ("special characters", has_value('special "\\\n', 1)),
    ("timestamps in ms, recent", lambda v: every(v.series, lambda x: every(x.samples or [(time.time() * 1000, 0)], lambda t: abs(t[0] - time.time() * 1000) < 300000))),
    ("explicit timestamps are kept", lambda v: every(v.of("explicit"), lambda x: every((p for p in x.samples if p[1] != STALE), lambda p: p[0] < time.time() * 1000 - 1500))),
    ("order in each series", ordered),
    ("job and instance", lambda v: every(v.series, lambda x: x.labels.get("job") == "test" and re.match(r"127\.0\.0\.1:\d+$", x.labels.get("instance", "")))),
    ("legal names", lambda v: every(v.series, lambda x: LEGAL_METRIC.match(x.name) and every(x.labels, LEGAL_LABEL.match))),
    ("empty label is absent", lambda v: every(v.of("g", other="kept"), lambda x: "kind" not in x.labels)),
    ("10 KB label value", lambda v: every(v.of("g", kind="long"), lambda x: x.labels["long"] == LONG)),
    ("40 labels", lambda v: every(v.of("g", kind="many"), lambda x: len(x.pairs) == 44)),
    ("long name", lambda v: every(v.of("a_very_long_name_" + "x" * 200), lambda x: x.samples)),
    ("colons in a name", lambda v: bool(v.of("with:colons"))),
    ("up", lambda v: 1.0 in v.values("up")),
    ("stale marker, bit for bit", lambda v: any(b == STALE for x in v.of("leaves") for _, b in x.samples)),
    ("no stale marker of what stays", lambda v: every(v.of("g", kind="float"), lambda x: all(b != STALE for _, b in x.samples))),
    ("a NaN of the target is no stale marker", lambda v: every(v.of("g", kind="nan"), lambda x: all(b != STALE for _, b in x.samples))),
    ("start timestamps are no series", lambda v: bool(v.series) and not v.of("c_created")),
    ("histogram complete", lambda v: all(v.values(n) for n in ("h_seconds_bucket", "h_seconds_sum", "h_seconds_count"))),
    ("buckets with large counts", lambda v: 9007199254740992.0 in v.values("h_seconds_bucket", le="+Inf")),
    ("summary complete", lambda v: all(v.values(n) for n in ("s", "s_sum", "s_count"))),
    ("many series in one request", lambda v: any(len(r.series) >= 50 for r in v.requests)),
    ("requests of at most 10,000 samples", lambda v: every(v.requests, lambda r: r.sample_count <= 10000)),
    ("exemplar with trace and span id", lambda v: any(dict(e[0]).get("trace_id") == TRACE and dict(e[0]).get("span_id") for x in v.of("c_total") for e in x.exemplars)),
    ("exemplar with a label of its own", lambda v: any(dict(e[0]).get("user") == "u1" for x in v.of("c_total") for e in x.exemplars)),
    ("exemplar on a bucket", lambda v: any(e[1] == 0.05 for x in v.of("h_seconds_bucket", le="0.1") for e in x.exemplars)),
    ("exemplars only beside their sample", lambda v: every((x for x in v.series if x.exemplars), lambda x: x.samples)),
    ("exemplars of a series are newer each time", lambda v: (lambda ts: len(ts) >= 2 and ts == sorted(set(ts)))([e[2] for x in v.of("c_total", path="/a") for e in x.exemplars])),
]
OF_V1 = [
    ("content type", lambda v: every(v.requests, lambda r: r.headers["Content-Type"] == "application/x-protobuf")),
    ("version header", lambda v: every(v.requests, lambda r: r.headers["X-Prometheus-Remote-Write-Version"] == "0.1.0")),
    ("metadata: type, help, unit", lambda v: v.metadata.get("c", v.metadata.get("c_total", [""]))[0] == "counter" and v.metadata.get("h_seconds") == ["histogram", "A histogram.", "seconds"]),
]
OF_V2 = [
    ("content type", lambda v: every(v.requests, lambda r: r.headers["Content-Type"] == "application/x-protobuf;proto=io.prometheus.write.v2.Request")),
    ("version header", lambda v: every(v.requests, lambda r: re.match(r"2\.0\.\d+$", r.headers["X-Prometheus-Remote-Write-Version"]))),
    ("symbols used once and all used", lambda v: every(v.requests, lambda r: len(set(r.symbols)) == len(r.symbols))),
    ("type of a counter", lambda v: every(v.of("c_total"), lambda x: x.type == "counter")),
    ("type of a gauge", lambda v: every(v.of("g"), lambda x: x.type == "gauge")),
    ("type of a histogram, in all of it", lambda v: every(v.of("h_seconds_bucket") + v.of("h_seconds_sum") + v.of("h_seconds_count"), lambda x: x.type == "histogram")),
    ("type of a summary", lambda v: every(v.of("s") + v.of("s_sum"), lambda x: x.type == "summary")),
    ("help with newlines and quotes", lambda v: every(v.of("c_total"), lambda x: x.help == 'Counts things.\nOn two lines, with \\ and "quotes".')),
    ("unit", lambda v: every(v.of("h_seconds_sum"), lambda x: x.unit == "seconds")),
    ("metadata in every request", lambda v: every(v.requests, lambda r: every(r.series, lambda x: x.help is not None or x.name == "up" or x.name.startswith("scrape_")))),
    ("start timestamp of a counter, before its sample", lambda v: every(v.of("c_total", path="/a"), lambda x: every(zip(x.starts, x.samples), lambda p: p[1][1] == STALE or 0 < p[0] < p[1][0]))),
]


def config(addresses, receivers, protocol="", deadline="5s", extra=""):
    out = f"""metrics:
  global: {{scrape_interval: 1s, scrape_timeout: 900ms}}
  scrape_configs:
    - job_name: test
      static_configs: [{{targets: [{", ".join(addresses)}]}}]
  remote_write:
"""
    for r in receivers:
        out += f"    - url: {r if isinstance(r, str) else r.url}\n{protocol}      queue_config: {{batch_send_deadline: {deadline}{extra}}}\n"
    return out


def judge(s, receiver, rules):
    s.expect(receiver.requests, "no request at all")
    seen = Seen(receiver)
    bad = []
    for name, rule in rules:
        try:
            good = rule(seen)
        except (KeyError, IndexError, TypeError) as e:
            good, name = False, f"{name} ({type(e).__name__}: {e})"
        if not good:
            bad.append(name)
    s.expect(not bad, f"{len(bad)} of {len(rules)} rules broken: {'; '.join(bad)}; damage {receiver.damage[:2]}")
    s.note(f"{len(rules)} rules, {len(receiver.requests)} requests")


def contents(s, behave, rules, protocol=""):
    target, receiver = Target(free_ports(1), rich), Receiver(free_ports(1), behave)
    agent = Agent(s.work, config=config([target.address], [receiver], protocol, "2s")).start()
    time.sleep(7.5)
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()
    first = [r for r in receiver.requests if r.status // 100 == 2]
    receiver.requests = first
    judge(s, receiver, rules)


def v1(s):
    contents(s, None, COMMON + OF_V1, "      protobuf_message: prometheus.WriteRequest\n")


def v2(s):
    contents(s, None, COMMON + OF_V2)


def refusals(s):
    """Ten receivers at once, each with its own way to say no; eight seconds."""
    def always(status, **kw):
        return lambda push: Answer(status, b"no: " + str(status).encode(), **kw)
    final, again = (400, 401, 404, 413), (429, 500, 502, 503, 504)
    receivers = {status: Receiver(free_ports(1), always(status, written=False)) for status in final + again}
    flaky = Receiver(free_ports(1), lambda push: Answer(503) if len(flaky.requests) % 2 == 0 else Answer())
    target = Target(free_ports(1), lambda n: f"asked {n}\n")
    agent = Agent(s.work, config=config([target.address], list(receivers.values()) + [flaky], "      protobuf_message: prometheus.WriteRequest\n")).start()
    time.sleep(1)
    at = len(target.headers)
    time.sleep(8)
    for status in final:
        n = len(receivers[status].requests)
        s.expect(1 <= n <= 2, f"{n} requests in 9 s after {status}, want 1 or 2")
    for status in again:
        n = len(receivers[status].requests)
        bodies = {r.raw for r in receivers[status].requests if r.sample_count}  # metadata goes by itself, and is not kept for ever
        s.expect(n >= 3, f"{n} requests after {status}: it must try again")
        s.expect(len(bodies) == 1, f"the batch changed between attempts after {status}")
    s.expect(len(target.headers) > at + 5, "scraping stopped because a receiver refuses")
    wait_for("the flaky one has it all", lambda: flaky.values(name="asked")[:5] == [0, 1, 2, 3, 4], 15)
    text = get(agent.url + "/api/v1/destinations")[1]
    s.expect("no: 400" in text, "the receiver's words are nowhere to be seen")
    agent.stop()
    agent.check()


def backoff(s):
    receiver = Receiver(free_ports(1), lambda push: Answer(503))
    exact = Receiver(free_ports(1), lambda push: Answer(429, headers=[("Retry-After", "3")]))
    target = Target(free_ports(1), lambda n: f"asked {n}\n")
    agent = Agent(s.work, config=config([target.address], [receiver, exact], deadline="500ms")).start()
    time.sleep(20)
    times = [r.at for r in receiver.requests]
    gaps = [b - a for a, b in zip(times, times[1:])]
    s.expect(len(times) >= 3, f"{len(times)} attempts in 20 s")
    s.expect(all(b >= 0.8 * a for a, b in zip(gaps[1:], gaps[2:])), f"waits do not grow: {[round(g, 2) for g in gaps]}")
    s.expect(max(gaps) <= 60, f"a wait of {max(gaps):.0f} s")
    times = [r.at for r in exact.requests]
    gaps = [b - a for a, b in zip(times, times[1:])]
    s.expect(gaps and all(2.9 < g < 4.5 for g in gaps), f"Retry-After: 3 was taken as {[round(g, 2) for g in gaps]}")
    s.note(f"{len(receiver.requests)} attempts in 20 s")
    agent.stop()
    agent.check()


def fallback(s):
    """A receiver that knows only 1.0 and says 415, or says nothing, or 400; and one that knows 2.0 and stays with it."""
    receivers = [Receiver(free_ports(1), knows_v1_only), Receiver(free_ports(1), mute_v1),
                 Receiver(free_ports(1), lambda p: Answer(400, b"unknown message", written=False) if p.message == V2 else Answer()), Receiver(free_ports(1))]
    target = Target(free_ports(1), lambda n: f"# TYPE asked counter\nasked {n}\n")
    agent = Agent(s.work, config=config([target.address], receivers, deadline="500ms")).start()
    wait_for("1.0 at the one that answers 400, which may be about the samples: so not at once", lambda: len(receivers[2].requests) >= 4, 25)
    for r, name in zip(receivers[:3], ("415", "no Written headers", "400")):
        kinds = [q.message for q in r.requests]
        s.expect(1 <= kinds.count(V2) <= 2 and kinds[0] == V2 and kinds[-1] == V1 and kinds.count(V1) >= 3, f"{name}: {kinds}")
        s.expect(all(q.headers["X-Prometheus-Remote-Write-Version"] == ("2.0.0" if q.message == V2 else "0.1.0") for q in r.requests), f"{name}: header and body differ")
        s.expect(r.values(name="asked")[:4] == [0, 1, 2, 3], f"{name}: samples were lost on the way: {r.values(name='asked')}")
        s.expect(not r.damage, f"{name}: {r.damage[:2]}")
    s.expect({q.message for q in receivers[3].requests} == {V2}, "2.0 was given up for no reason")
    agent.stop()
    agent.check()


def odd_answers(s):
    """Answers that are more or less than the specification asks for change nothing."""
    ways = {
        "200 with a body": lambda p: Answer(200, b"x" * 100000),
        "written counts that are too small": lambda p: Answer(204, written=False, headers=[("X-Prometheus-Remote-Write-Samples-Written", "0")]),
        "a large error body, then fine": lambda p: Answer(500, b"e" * 3000000) if len(big.requests) == 0 else Answer(),
        "broken off, then fine": lambda p: Answer(299, store=True),
    }
    receivers = [Receiver(free_ports(1), f) for f in ways.values()]
    big = receivers[2]
    target = Target(free_ports(1), lambda n: f"asked {n}\n")
    bad = ["http://127.0.0.1:1/api/v1/write", "http://name.invalid/api/v1/write"]
    agent = Agent(s.work, config=config([target.address], receivers + bad, deadline="500ms")).start()
    time.sleep(5)
    for r, name in zip(receivers, ways):
        got = r.values(name="asked")
        s.expect(got[:3] == [0, 1, 2], f"{name}: {got}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def many_series(s):
    """A thousand series, a receiver that sleeps: order holds, nothing is lost, several requests may be under way."""
    receiver = Receiver(free_ports(1), lambda push: Answer(pause=0.7))
    target = Target(free_ports(1), lambda n: "".join(f'asked{{i="{i}"}} {n}\n' for i in range(1000)))
    agent = Agent(s.work, config=config([target.address], [receiver], deadline="200ms")).start()
    time.sleep(8)
    target.stop()
    s.expect(agent.stop() == 0, "exit status is not 0")
    rows = [[number(b) for _, b in row if b != STALE] for row in receiver.history(name="asked").values()]
    s.expect(len(rows) == 1000, f"{len(rows)} series")
    s.expect(all(r == sorted(set(r)) for r in rows), "values out of order or repeated")
    s.expect(min(len(r) for r in rows) >= 6, f"only {min(len(r) for r in rows)} samples of a series")
    agent.check()


main(v1, v2, refusals, backoff, fallback, odd_answers, many_series)
