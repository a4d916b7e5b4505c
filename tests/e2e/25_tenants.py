"""Thanos Receive and Cortex take the agent's writes under a tenant, and nobody sees the other tenant's series. The stage `tenant` gives each
line of a log to whom it belongs: in a real Loki with tenants nothing is missing, nothing is there twice, and nobody has what is another's."""
import collections
import http.server
import json
import threading
import time
import urllib.request

from fake_loki import FakeLoki, Reply
from fake_receiver import Target
from lib import LOOPBACK, Agent, Loki, Pod, free_ports, main, total, wait_for
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


# ---- the stage tenant

TEAMS = ("team-a", "team-b", "team-c")
PIPELINE = """      pipeline_stages:
        - cri: {}
        - json: {expressions: {team: , n: }}
        - tenant: {source: team}
        - match:
            selector: '{__tenant_id__="team-c"}'
            stages: [{static_labels: {level: c}}]
"""


def logs_config(urls, tenant="home", more=""):
    clients = "".join(f"    - {{url: '{u}/loki/api/v1/push', name: d{i}, tenant_id: '{tenant}', batchwait: 200ms, backoff_config: {{min_period: 100ms, "
                      f"max_period: 1s}}{more}}}\n" for i, u in enumerate(urls))
    return f"logs:\n  clients:\n{clients}  scrape_configs:\n    - job_name: pods\n      kubernetes_sd_configs: [{{role: pod}}]\n{PIPELINE}"


class Door:
    """In front of a Loki: answers for it to the tenants that it turns away."""

    def __init__(self, loki):
        self.refused, self.seen = {}, collections.Counter()
        door, port = self, free_ports(1)

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                tenant = self.headers.get("X-Scope-OrgID", "")
                status, text = door.refused.get(tenant, (0, ""))
                door.seen[tenant, status] += 1
                if not status:
                    request = urllib.request.Request(loki.url + self.path, data=body, method="POST",
                                                     headers={k: self.headers[k] for k in ("Content-Type", "X-Scope-OrgID") if self.headers[k]})
                    try:
                        with LOOPBACK.open(request, timeout=30) as r:
                            status, text = r.status, r.read().decode()
                    except urllib.error.HTTPError as e:
                        status, text = e.code, e.read().decode()
                self.send_response(status)
                if status != 204:
                    self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode() if status != 204 else b"")

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Logs:
    """A pod for each team, one in which the teams mingle, and what belongs where."""

    def __init__(self, pods):
        self.pods = {name: Pod(pods, name) for name in (*TEAMS, "mixed", "nobody")}
        self.want, self.n = collections.defaultdict(set), 0

    def write(self, rounds, only=None):
        for _ in range(rounds):
            for name, pod in self.pods.items():
                if only and name not in only:
                    continue
                team = TEAMS[self.n // len(self.pods) % 3] if name == "mixed" else name if name in TEAMS else ""
                line = json.dumps({"n": self.n, "team": team} if team else {"n": self.n})
                pod.write(line)
                self.want[team or "home"].add(line)
                self.n += 1

    def faults(self, loki, tenant):
        """[] when the tenant has exactly its own, each once"""
        got = collections.Counter(v[1] for r in loki.ask("query_range", tenant=tenant, query='{pod=~".+"}', start=int((time.time() - 3600) * 1e9),
                                                         end=int((time.time() + 60) * 1e9), limit=100000) for v in r["values"])
        want = self.want[tenant]
        twice, missing, foreign = [k for k, c in got.items() if c > 1], want - set(got), set(got) - want
        return [f"{tenant}: {len(x)} {what}, such as {list(x)[:2]}" for what, x in (("missing", missing), ("twice", twice), ("not its own", foreign)) if x]


def refused_tenant(s, answer):
    """One tenant is turned away for a while, and the agent is killed meanwhile: the others do not notice, and nobody loses a line."""
    loki = Loki(f"{s.work}/loki", tenants=True).start()
    door, agent = Door(loki), None
    agent = Agent(s.work, config=logs_config([door.url]), dev=True).start()
    logs = Logs(agent.pods)
    logs.write(20)
    for tenant in ("home", *TEAMS):
        wait_for(lambda: f"all of the first lines: {logs.faults(loki, tenant)}", lambda: not logs.faults(loki, tenant), 30)
    door.refused["team-b"] = answer
    logs.write(30)
    wait_for("team-b is turned away", lambda: door.seen["team-b", answer[0]] > 0, 20)
    for _ in range(5):
        logs.write(10, only=("team-a", "team-b", "nobody"))
        time.sleep(0.2)
    wait_for(lambda: f"all of those that are let in and share no log: {logs.faults(loki, 'home')}", lambda: not logs.faults(loki, "home"), 20)
    s.expect(any("missing" in f for f in logs.faults(loki, "team-b")), "team-b was not turned away")
    m = agent.scrape()
    s.expect(total(m, "spoor_destination_parked_streams") > 0 and total(m, "spoor_log_lines_pending") > 0, "nothing waits")
    s.expect(total(m, "spoor_log_lines_dropped_total") == 0, f"dropped: {m.get('spoor_log_lines_dropped_total')}")
    agent.kill9()
    logs.write(30)
    agent.start()
    wait_for(lambda: f"team-a's own log, after the kill: {logs.faults(loki, 'home')}", lambda: not logs.faults(loki, "home"), 30)
    asked = door.seen["team-b", answer[0]]
    time.sleep(3)
    s.expect(door.seen["team-b", answer[0]] - asked <= 40, f"{door.seen['team-b', answer[0]] - asked} requests in 3 s for a tenant that is turned away")
    door.refused.clear()
    logs.write(10)
    for tenant in ("home", *TEAMS):
        wait_for(lambda: f"all: {logs.faults(loki, tenant)}", lambda: not logs.faults(loki, tenant), 40)
    result = loki.ask("query", tenant="team-c", query='sum(count_over_time({pod=~".+", level!="c"} [1h]))')
    s.expect(not result, "a stage behind the tenant did not see it")
    s.expect(not loki.ask("query", tenant="team-c", query='count_over_time({pod=~".+", __tenant_id__=~".+"} [1h])'), "the tenant is a label")
    wait_for("an empty ledger", lambda: total(agent.scrape(), "spoor_log_lines_pending") == 0, 20)
    m = agent.scrape()
    s.expect(total(m, "spoor_log_lines_dropped_total") == 0, f"dropped: {m.get('spoor_log_lines_dropped_total')}")
    s.note(f"{logs.n} lines, {sum(door.seen.values())} requests, {door.seen['team-b', answer[0]]} turned away")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()
    loki.stop()


def tenant_over_its_rate(s):
    refused_tenant(s, (429, "ingestion rate limit exceeded for user team-b (limit: 1024 bytes/sec) while attempting to ingest '10' lines totaling '1000' "
                            "bytes, reduce log volume or contact your Loki administrator to see if the limit can be increased"))


def tenant_not_let_in(s):
    refused_tenant(s, (401, "no such tenant"))


def tenant_with_a_small_limit(s):
    """Loki's own limit of one tenant, far below what its pods write: its lines come in parts, as fast as they may, and the others at once."""
    loki = Loki(f"{s.work}/loki", tenants=True)
    with open(f"{s.work}/overrides.yaml", "w") as f:
        f.write("overrides: {team-b: {ingestion_rate_mb: 0.008, ingestion_burst_size_mb: 0.008}}\n")
    with open(loki.config, "a") as f:
        f.write(f"runtime_config: {{file: '{s.work}/overrides.yaml', period: 1s}}\n")
    loki.start()
    agent = Agent(s.work, config=logs_config([loki.url]), dev=True)
    logs = Logs(agent.pods)
    logs.write(100)
    for i in range(60):
        line = json.dumps({"n": 10**6 + i, "team": "team-b", "text": "x" * 1000})
        logs.pods["team-b"].write(line)
        logs.want["team-b"].add(line)
    agent.start()
    for tenant in ("home", "team-a", "team-c"):
        wait_for(lambda: f"those without a limit: {logs.faults(loki, tenant)}", lambda: not logs.faults(loki, tenant), 15)
    s.expect(logs.faults(loki, "team-b"), "the limit of team-b is none")
    agent.kill9()
    agent.start()
    wait_for(lambda: f"what is over the limit: {logs.faults(loki, 'team-b')}", lambda: not logs.faults(loki, "team-b"), 60)
    wait_for("an empty ledger", lambda: total(agent.scrape(), "spoor_log_lines_pending") == 0, 20)
    m = agent.scrape()
    s.expect(total(m, "spoor_log_lines_dropped_total") == 0, f"dropped: {m.get('spoor_log_lines_dropped_total')}")
    s.expect(total(m, "spoor_destination_requests_total", code="4xx") > 0, f"nothing was refused: {m.get('spoor_destination_requests_total')}")
    for tenant in ("home", "team-a", "team-c"):
        s.expect(not logs.faults(loki, tenant), f"in the end: {logs.faults(loki, tenant)}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()
    loki.stop()


def tenant_with_bad_lines(s):
    """What is refused for good is dropped and counted, and is the only thing that is."""
    def behave(request):
        if request.headers.get("x-scope-orgid") != "team-b":
            return Reply()
        return Reply(400, "error at least one label pair is required per stream")

    fake, other = FakeLoki(free_ports(1), behave).start(), FakeLoki(free_ports(1)).start()
    agent = Agent(s.work, config=logs_config([f"http://127.0.0.1:{f.port}" for f in (fake, other)]), dev=True).start()
    logs = Logs(agent.pods)
    logs.write(30)
    wait_for(lambda: f"two destinations served, {fake.count()} and {other.count()} of {logs.n}",
             lambda: fake.count() == logs.n - len(logs.want["team-b"]) and other.count() == logs.n, 20)
    wait_for("nothing pending", lambda: total(agent.scrape(), "spoor_log_lines_pending") == 0, 10)
    m = agent.scrape()
    dropped = [total(m, "spoor_log_lines_dropped_total", destination=d) for d in ("d0", "d1")]
    s.expect(dropped == [len(logs.want["team-b"]), 0], f"dropped {dropped}")
    for f in (fake, other):
        for r in f.requests:
            teams = {json.loads(e.line).get("team", "home") for _, entries in r.streams for e in entries}
            s.expect(teams == {r.headers.get("x-scope-orgid")}, f"a request of {r.headers.get('x-scope-orgid')} with lines of {teams}")
    logs.pods["mixed"].write(json.dumps({"team": "no tenant"}), json.dumps({"team": "x" * 151}))
    wait_for("what is no tenant is dropped", lambda: total(agent.scrape(), "spoor_log_lines_dropped_total", reason="pipeline/invalid_tenant") == 4, 10)
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


main(cortex, thanos, tenant_over_its_rate, tenant_not_let_in, tenant_with_a_small_limit, tenant_with_bad_lines)
