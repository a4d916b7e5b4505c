"""A shop: what it says as a target, every type of OpenMetrics and of the text format; and the judge of what becomes of it. A Prometheus scrapes it
itself and receives what the agent scraped of it: both must have stored the same series, values, exemplars and staleness."""
import time

from fake_receiver import OPENMETRICS
from lib import total, wait_for

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def shop(n):
    """The n-th answer: exemplars that are new each time, start timestamps, series that go away after the 8th"""
    at = time.time()
    gone = "" if n >= 8 else 'shop_carts{user="leaves"} 4\n'
    old = "" if n >= 8 else """shop_latency_seconds_bucket{path="/old",le="0.1"} 1
shop_latency_seconds_bucket{path="/old",le="+Inf"} 2
shop_latency_seconds_sum{path="/old"} 0.5
shop_latency_seconds_count{path="/old"} 2
"""
    return (f"""# HELP shop_orders Orders taken.
# TYPE shop_orders counter
shop_orders_total{{kind="new"}} {100 + n} # {{trace_id="{TRACE}",span_id="00f067aa0ba902b7"}} 1 {at:.3f}
shop_orders_total{{kind="repeat"}} 7
shop_orders_created{{kind="new"}} 1700000000.5
shop_orders_created{{kind="repeat"}} 1700000000.5
# HELP shop_carts Open carts.
# TYPE shop_carts gauge
shop_carts{{user="a \\"quoted\\" one\\\\\\n"}} 3
{gone}# TYPE shop_latency_seconds histogram
# UNIT shop_latency_seconds seconds
# HELP shop_latency_seconds How long orders take.
shop_latency_seconds_bucket{{path="/",le="0.1"}} 8 # {{trace_id="{TRACE}"}} 0.054 {at:.3f}
shop_latency_seconds_bucket{{path="/",le="2.5"}} 9
shop_latency_seconds_bucket{{path="/",le="+Inf"}} 10
shop_latency_seconds_sum{{path="/"}} 1.25
shop_latency_seconds_count{{path="/"}} 10
{old}# TYPE shop info
shop_info{{version="1.2.3"}} 1
# TYPE shop_state stateset
shop_state{{shop_state="open"}} 1
shop_state{{shop_state="closed"}} 0
# EOF
""", OPENMETRICS)


PLAIN = """# HELP plain_seconds A summary.
# TYPE plain_seconds summary
plain_seconds{quantile="0.5"} 0.25
plain_seconds{quantile="0.99"} NaN
plain_seconds_sum 17.5
plain_seconds_count 42
# TYPE plain_calls counter
plain_calls 5
# TYPE plain_odd gauge
plain_odd{what="big"} 1.7976931348623157e+308
plain_odd{what="small"} 4.9e-324
plain_odd{what="inf"} +Inf
plain_odd{what="minus"} -Inf
plain_odd{what="negative zero"} -0
untyped_thing{job="mine",instance="theirs"} 12345678901234567890
"""


def without(labels, *names):
    return tuple((k, v) for k, v in labels if k not in names)


def judge(s, prometheus, agent, plain, start):
    """Its own job is "t"; the agent's samples have via="spoor". plain: the target of PLAIN, which is stopped. start: s, before the first scrape."""
    def both():
        theirs = set(prometheus.series('{job="t",via=""}', '{exported_job="mine",via=""}'))
        ours = {without(x, "via") for x in prometheus.series('{via="spoor"}')}
        # Start timestamps are not series: shop_orders_created is one to this Prometheus.
        return {x for x in theirs if dict(x)["__name__"] != "shop_orders_created"}, ours

    wait_for(lambda: f"the same series: {[sorted(a - b)[:3] for a, b in (both(), both()[::-1])]} {agent.api('destinations')}"[:1500],
             lambda: both()[0] == both()[1] and len(both()[0]) > 30, 25, 0.5)
    s.note(f"{len(both()[0])} series")
    wait_for("both saw the series go", lambda: not prometheus.instant('shop_carts{user="leaves"}') and not prometheus.instant('{path="/old"}'), 25, 0.3)
    values(s, prometheus)
    exemplars(s, prometheus.exemplars('{__name__=~"shop_.*",via="spoor"}', start, time.time() + 5))
    plain.stop()
    wait_for("up 0 and staleness of a target that is away", lambda: prometheus.instant(f'up{{via="spoor",instance="{plain.address}"}} == 0')
             and not prometheus.instant('{__name__=~"plain_.*"}'), 15, 0.3)
    dropped = total(agent.scrape(), "spoor_samples_dropped_total")
    s.expect(dropped == 0, f"{dropped} samples dropped")


def values(s, prometheus):
    raw = {via: {without(k, "via"): v for k, v in prometheus.raw('{job="t",via="%s",__name__!~"scrape_.*"}' % via, "2m").items()} for via in ("", "spoor")}
    for key, theirs in raw[""].items():
        name = dict(key)["__name__"]
        if name in ("shop_orders_created", "with_time", "up"):
            continue
        a, b = {repr(v) for _, v in theirs}, {repr(v) for _, v in raw["spoor"].get(key, [])}
        if name == "shop_orders_total" and ("kind", "new") in key:
            s.expect(max(map(float, b)) > 104, f"{key}: {sorted(b)}")
        else:
            s.expect(a == b, f"{key}: stored {sorted(b)}, Prometheus {sorted(a)}")
        times = [t for t, _ in raw["spoor"].get(key, [])]
        s.expect(times == sorted(set(times)), f"{key}: times {times}")
        gaps = [y - x for x, y in zip(times, times[1:])]
        s.expect(not gaps or max(gaps) < 2200, f"{key}: gaps of {max(gaps or [0])} ms at an interval of 1 s")


def exemplars(s, found):
    rows = {x["seriesLabels"]["__name__"]: x["exemplars"] for x in found}
    s.expect(len(rows.get("shop_orders_total", [])) >= 3 and "shop_latency_seconds_bucket" in rows, f"exemplars stored: {[(k, len(v)) for k, v in rows.items()]}")
    s.expect(all(e["labels"] == {"trace_id": TRACE, "span_id": "00f067aa0ba902b7"} for e in rows["shop_orders_total"]), f"exemplars {rows['shop_orders_total'][:2]}")
