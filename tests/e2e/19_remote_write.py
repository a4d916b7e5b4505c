"""Real receivers. A Prometheus scrapes targets itself and receives what the agent scraped of the same targets: both must have stored the
same series, values, exemplars and staleness. Prometheus 2 (1.0), Prometheus 3 (2.0), VictoriaMetrics."""
import time

from fake_receiver import OPENMETRICS, Receiver, Target
from lib import Agent, free_ports, main, wait_for
from servers import Prometheus, VictoriaMetrics
from shop import PLAIN, judge, shop


def plain(n):
    return PLAIN + f"with_time 5 {int(time.time() * 1000)}\n"


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


def same_as_prometheus(s, version):
    start = time.time() - 5
    # Prometheus 3 writes le="1" as le="1.0", and so do we.
    counted = (lambda n: (shop(n)[0].replace('le="0.1"', 'le="1"'), OPENMETRICS)) if version == 3 else shop
    targets = [Target(free_ports(1), counted), Target(free_ports(1), plain)]
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
    judge(s, prometheus, agent, targets[1], start)
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
    targets = [Target(free_ports(1), shop), Target(free_ports(1), plain)]
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
