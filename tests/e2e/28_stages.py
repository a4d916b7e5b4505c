"""Pipeline stages on the way to Loki: what is extracted, relabelled, dropped and rewritten arrives so, and the ledger balances with it."""
import json
import subprocess
import time

import oracle
from fake_loki import FakeLoki
from lib import Agent, Pod, finish, free_ports, generate, main, spoor_binary, total, wait_for

PIPELINE = r"""
      pipeline_stages:
        - cri: {}
        - json: {expressions: {level: level, msg: message, user: user.name, at: time}}
        - drop: {source: level, value: debug, drop_counter_reason: debug}
        - match:
            selector: '{container="app"} |= "payment"'
            stages:
              - regex: {expression: 'order=(?P<order>\d+)'}
              - structured_metadata: {order: }
        - labels: {level: , who: user}
        - labeldrop: [stream]
        - timestamp: {source: at, format: RFC3339Nano}
        - output: {source: msg}
"""


def config(port, pipeline=PIPELINE):
    return f"""logs:
  clients: [{{url: 'http://127.0.0.1:{port}/loki/api/v1/push', batchwait: 200ms}}]
  scrape_configs:
    - job_name: pods
      kubernetes_sd_configs: [{{role: pod}}]{pipeline}"""


def stages(s):
    fake = FakeLoki(free_ports(1)).start()
    agent = Agent(s.work, config=config(fake.port), dev=True).start()
    pod = Pod(agent.pods, "shop")
    pod.write(json.dumps({"level": "info", "message": "payment order=17 done", "user": {"name": "ann"}, "time": "2026-11-21T09:00:00.5Z"}))
    pod.write(json.dumps({"level": "debug", "message": "noise"}))
    pod.write(json.dumps({"level": "warn", "message": "slow", "user": {"name": "bob"}}))
    pod.write("not json at all")
    wait_for(lambda: f"three entries, there are {fake.count()}", lambda: fake.count() >= 3, 15)
    got = {e.line: e for e in fake.snapshot()}
    s.expect(set(got) == {"payment order=17 done", "slow", "not json at all"}, f"lines {sorted(got)}")
    one = got["payment order=17 done"]
    s.expect(one.labels.get("level") == "info" and one.labels.get("who") == "ann" and "stream" not in one.labels, f"labels {one.labels}")
    s.expect(one.meta.get("order") == "17", f"structured metadata {one.meta}")
    s.expect(one.timestamp == 1795251600500000000, f"timestamp {one.timestamp}")
    s.expect(got["slow"].labels.get("level") == "warn" and "order" not in got["slow"].meta, f"{got['slow'].labels} {got['slow'].meta}")
    s.expect("level" not in got["not json at all"].labels, "labels of a line that had none")
    m = agent.scrape()
    s.expect(total(m, "spoor_log_lines_dropped_total", reason="pipeline/debug") == 1, f"dropped: {m.get('spoor_log_lines_dropped_total')}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def nothing_lost(s):
    """A pipeline over many logs under rotation: every record is there once, and none that was to be dropped."""
    fake = FakeLoki(free_ports(1)).start()
    pipeline = """
      pipeline_stages:
        - cri: {}
        - regex: {expression: '(?P<digit>\\d)'}
        - labels: {digit: }
        - labeldrop: [digit]
"""
    agent = Agent(s.work, config=config(fake.port, pipeline)).start()
    p = generate(s.work, wait=False, containers=10, rate=200, seconds=6, rotate_ms=1500, keep=6)
    truth = oracle.Manifest(finish(p))
    wait_for(lambda: f"{truth.records} records, there are {fake.count()}", lambda: fake.has_all(truth), 20, 0.3)
    s.no_problems(fake.tally(oracle.Tally(truth, is_wire=True)).problems())
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def limits(s):
    """older_than goes by the clock on the wall; a limit that does not drop holds its own log back, and only that."""
    fake = FakeLoki(free_ports(1)).start()
    pipeline = """
      pipeline_stages:
        - cri: {}
        - drop: {older_than: 24h, drop_counter_reason: old}
        - match: {selector: '{pod="slow"}', stages: [limit: {rate: 10, burst: 10}]}
"""
    agent = Agent(s.work, config=config(fake.port, pipeline)).start()
    old, slow, fast = Pod(agent.pods, "old"), Pod(agent.pods, "slow"), Pod(agent.pods, "fast")
    old.raw(b"2020-01-01T00:00:00.000000000Z stdout F from another age\n").write("from today")
    slow.write(*[f"slow {i}" for i in range(20)])
    wait_for("twenty of the slow one", lambda: len(fake.lines(pod="slow")) == 20, 20)
    for i in range(30):
        slow.write(f"slow {20 + i}")
        fast.write(f"fast {i}")
        time.sleep(0.02)
    wait_for("all of the fast one", lambda: len(fake.lines(pod="fast")) == 30, 6)
    s.expect(fake.lines(pod="old") == ["from today"], f"the old pod has {fake.lines(pod='old')}")
    wait_for("all of the slow one", lambda: len(fake.lines(pod="slow")) == 50, 20)
    m = agent.scrape()
    s.expect(total(m, "spoor_log_lines_dropped_total", reason="pipeline/old") == 1, f"dropped: {m.get('spoor_log_lines_dropped_total')}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def refused(s):
    """What is wrong in a pipeline is told with its place."""
    for stage, line, word in (("jsn: {}", 6, "json"), ("json: {expresions: {a: b}}", 6, "expressions"), ("regex: {expression: '(a'}", 6, "regex"),
                              ("multiline: {firstline: "'('"}", 6, "multiline")):
        path = f"{s.work}/bad.yaml"
        with open(path, "w") as f:
            f.write("logs:\n  scrape_configs:\n    - job_name: a\n      kubernetes_sd_configs: [{role: pod}]\n      pipeline_stages:\n        - " + stage + "\n")
        p = subprocess.run([spoor_binary(), "check", path], capture_output=True, text=True)
        text = p.stdout + p.stderr
        s.expect(p.returncode == 78 and word in text, f"{stage}: exit {p.returncode}: {text}")
        s.expect(f":{line}:" in text or f":{line - 1}:" in text, f"{stage}: no place: {text}")


main(stages, nothing_lost, limits, refused)
