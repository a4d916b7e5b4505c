"""Thanos Receive and Cortex take the agent's writes under a tenant, and nobody sees the other tenant's series."""
import time

from fake_receiver import Target
from lib import Agent, free_ports, main, wait_for
from servers import Cortex, ThanosReceive


def config(address, writes):
    out = f"""metrics:
  global: {{scrape_interval: 1s, scrape_timeout: 900ms}}
  scrape_configs:
    - job_name: t
      static_configs: [{{targets: [{address}]}}]
  remote_write:
"""
    for url, tenant, header in writes:
        out += f"    - url: {url}\n      name: {tenant}\n      headers: {{{header}: {tenant}}}\n      queue_config: {{batch_send_deadline: 300ms}}\n"
    return out


def target():
    return Target(free_ports(1), lambda n: f"# TYPE shop_orders counter\nshop_orders_total {n}\n# TYPE fixed gauge\nfixed{{a=\"b\"}} 7\n")


def cortex(s):
    server, shop = Cortex(f"{s.work}/cortex").start(), target()
    writes = [(server.write_url, "team-a", "X-Scope-OrgID"), (server.write_url, "team-b", "X-Scope-OrgID")]
    agent = Agent(s.work, config=config(shop.address, writes)).start()
    for tenant in ("team-a", "team-b"):
        rows = wait_for(f"fixed at {tenant}", lambda: server.instant("fixed", {"X-Scope-OrgID": tenant}), 30, 0.5)
        s.expect(list(rows.values()) == [7.0], f"{tenant}: {rows}")
    s.expect(not server.instant("fixed", {"X-Scope-OrgID": "team-c"}), "another tenant sees it")
    dropped = sum(agent.scrape().get("spoor_samples_dropped_total", {}).values())
    s.expect(dropped == 0, f"{dropped} samples dropped")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()
    server.stop()


def thanos(s):
    server, shop = ThanosReceive(f"{s.work}/thanos").start(), target()
    agent = Agent(s.work, config=config(shop.address, [(server.write_url, "team-a", "THANOS-TENANT")])).start()
    rows = wait_for("fixed in Thanos", lambda: server.instant("fixed"), 40, 0.5)
    (labels, value), = rows.items()
    s.expect(value == 7.0 and dict(labels).get("tenant_id") == "team-a", f"came back as {rows}")
    time.sleep(2)
    rows = server.instant("rate(shop_orders_total[10s]) > 0")
    s.expect(rows, "the counter does not move")
    dropped = sum(agent.scrape().get("spoor_samples_dropped_total", {}).values())
    s.expect(dropped == 0, f"{dropped} samples dropped")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()
    server.stop()


main(cortex, thanos)
