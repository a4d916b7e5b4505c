"""Real receivers. A Prometheus scrapes targets itself and receives what the agent scraped of the same targets: both must have stored the
same series, values, exemplars and staleness. Prometheus 2 (1.0), Prometheus 3 (2.0), VictoriaMetrics."""
import time

from fake_receiver import OPENMETRICS, Receiver, Target
from lib import Agent, free_ports, main, wait_for
from servers import Prometheus, VictoriaMetrics

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def shop(n):
    """OpenMetrics: every type, an exemplar that is new at each scrape, a series that goes away after the 8th"""
    at = time.time()
    gone = "" if n >= 8 else 'shop_carts{user="leaves"} 4\n'
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
shop_latency_seconds_bucket{{le="0.1"}} 8 # {{trace_id="{TRACE}"}} 0.054 {at:.3f}
shop_latency_seconds_bucket{{le="+Inf"}} 10
shop_latency_seconds_sum 1.25
shop_latency_seconds_count 10
# TYPE shop info
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
# TYPE plain_odd gauge
plain_odd{what="big"} 1.7976931348623157e+308
plain_odd{what="small"} 4.9e-324
plain_odd{what="inf"} +Inf
plain_odd{what="minus"} -Inf
plain_odd{what="negative zero"} -0
untyped_thing{job="mine",instance="theirs"} 12345678901234567890
with_time 5 %d
"""


def agent_config(addresses, write_url, extra=""):
    return f"""metrics:
  global: {{scrape_interval: 1s, scrape_timeout: 900ms, external_labels: {{via: spoor}}}}
  scrape_configs:
    - job_name: t
      static_configs: [{{targets: [{", ".join(addresses)}]}}]
  remote_write:
    - url: {write_url}
      queue_config: {{batch_send_deadline: 300ms}}
{extra}"""


def without(labels, *names):
    return tuple((k, v) for k, v in labels if k not in names)


def same_as_prometheus(s, version):
    start = time.time() - 5
    # Prometheus 3 writes le="1" as le="1.0", and so do we.
    counted = (lambda n: (shop(n)[0].replace('le="0.1"', 'le="1"'), OPENMETRICS)) if version == 3 else shop
    targets = [Target(free_ports(1), counted), Target(free_ports(1), lambda n: PLAIN % int(time.time() * 1000))]
    addresses = [t.address for t in targets]
    prometheus = Prometheus(f"{s.work}/prometheus", version, f"""global: {{scrape_interval: 1s, scrape_timeout: 900ms}}
scrape_configs:
  - job_name: t
    scrape_protocols: [OpenMetricsText1.0.0, PrometheusText0.0.4]
    static_configs: [{{targets: [{", ".join(addresses)}]}}]
""" if version == 3 else f"""global: {{scrape_interval: 1s, scrape_timeout: 900ms}}
scrape_configs:
  - job_name: t
    static_configs: [{{targets: [{", ".join(addresses)}]}}]
""").start()
    agent = Agent(s.work, config=agent_config(addresses, prometheus.write_url)).start()

    def both():
        theirs = set(prometheus.series('{job="t",via=""}', '{exported_job="mine",via=""}'))
        ours = {without(x, "via") for x in prometheus.series('{via="spoor"}')}
        # Start timestamps are not series: shop_orders_created is one to this Prometheus.
        return {x for x in theirs if dict(x)["__name__"] != "shop_orders_created"}, ours

    wait_for(lambda: f"the same series: {[sorted(a - b)[:3] for a, b in (both(), both()[::-1])]}", lambda: both()[0] == both()[1] and len(both()[0]) > 25, 20, 0.5)
    s.note(f"{len(both()[0])} series")
    wait_for("both saw the series go", lambda: not prometheus.instant('shop_carts{user="leaves"}'), 25, 0.3)
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
    found = prometheus.exemplars('{__name__=~"shop_.*",via="spoor"}', start, time.time() + 5)
    rows = {x["seriesLabels"]["__name__"]: x["exemplars"] for x in found}
    s.expect(len(rows.get("shop_orders_total", [])) >= 3 and "shop_latency_seconds_bucket" in rows, f"exemplars stored: {[(k, len(v)) for k, v in rows.items()]}")
    s.expect(all(e["labels"].get("trace_id") == TRACE for e in rows.get("shop_orders_total", [])), "an exemplar without its trace id")
    targets[1].stop()
    wait_for("up 0 and staleness of a target that is away", lambda: prometheus.instant(f'up{{via="spoor",instance="{targets[1].address}"}} == 0')
             and not prometheus.instant('plain_seconds_sum'), 15, 0.3)
    m = agent.scrape()
    dropped = sum(m.get("spoor_samples_dropped_total", {}).values())
    s.expect(dropped == 0, f"{dropped} samples dropped")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()
    prometheus.stop()


def prometheus2(s):
    same_as_prometheus(s, 2)


def prometheus3(s):
    same_as_prometheus(s, 3)


def victoria_metrics(s):
    vm = VictoriaMetrics(f"{s.work}/vm").start()
    fake = Receiver(free_ports(1))
    targets = [Target(free_ports(1), shop), Target(free_ports(1), lambda n: PLAIN % int(time.time() * 1000))]
    agent = Agent(s.work, config=agent_config([t.address for t in targets], vm.write_url, f"    - url: {fake.url}\n")).start()

    def names():
        return {dict(k)["__name__"] for k in vm.instant('{via="spoor"}')}

    want = {"shop_orders_total", "shop_carts", "shop_latency_seconds_bucket", "shop_info", "plain_seconds_sum", "untyped_thing", "up", "scrape_samples_scraped"}
    wait_for(lambda: f"{sorted(want - names())} in VictoriaMetrics", lambda: want <= names(), 30, 0.5)
    got = vm.instant('shop_orders_total{kind="repeat"}')
    s.expect(list(got.values()) == [7], f"a value came back as {got}")
    m = agent.scrape()
    s.expect(sum(m.get("spoor_samples_dropped_total", {}).values()) == 0, "samples dropped")
    # Beside it the second receiver has everything too, in 2.0.
    s.expect(fake.requests and not fake.damage, f"requests {len(fake.requests)}, damage {fake.damage[:2]}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()
    vm.stop()


main(prometheus2, prometheus3, victoria_metrics)
