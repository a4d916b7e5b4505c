"""No configuration at all: it starts, finds logs, keeps the newest records and shows them; searchable by trace id."""
import json
import os
import time

import oracle
from lib import Agent, Failed, Pod, finish, generate, get, main, wait_for


def records(agent, query=""):
    status, body = get(f"{agent.url}/api/v1/records{query}")
    if status != 200:
        raise Failed(f"/api/v1/records answers {status}")
    data = json.loads(body)["data"]
    return data["records"] if isinstance(data, dict) else data


def standalone(s):
    agent = Agent(s.work, config="", clients=())
    agent.start()
    truth = oracle.Manifest(finish(generate(s.work, wait=False, containers=5, rate=60, seconds=3, rotate_ms=1500)))
    row = truth.rows[2]
    newest = row["records"] - 1
    want = max(q for q in range(newest + 1) if oracle.expect(2, q)[1])
    trace = oracle.expect(2, want)[1]["trace_id"]
    got = wait_for("the newest record by its trace id", lambda: records(agent, f"?trace_id={trace}"), 10)
    s.expect(len(got) == 1 and oracle.identify(got[0]["line"]) == (2, want), f"search by trace id: {got}")
    text = json.dumps(got[0])
    for part in (row["namespace"], row["pod"], row["container"], trace):
        s.expect(part in text, f"the record does not tell {part}: {text}")
    s.expect(len(records(agent)) > 50, f"only {len(records(agent))} records")
    status, page = get(agent.url + "/")
    s.expect(status == 200 and "<html" in page.lower(), "no page")
    s.expect(get(agent.url + "/-/healthy")[0] == 200 and get(agent.url + "/-/ready")[0] == 200, "not healthy or not ready")
    m = agent.scrape()
    valid = sum(v for k, v in m["spoor_trace_lines_total"].items() if dict(k)["result"] == "valid")
    s.expect(valid == truth.traced, f"coverage says {valid:.0f} lines with a trace id, want {truth.traced}")
    for k, v in m["spoor_trace_lines_total"].items():
        labels = dict(k)
        want_n = sum(1 for i, r in truth.rows.items() if r["namespace"] == labels["namespace"] for q in range(r["records"]) if oracle.expect(i, q)[1])
        s.expect(labels["result"] != "valid" or v == want_n, f"coverage of {labels['namespace']}: {v:.0f}, want {want_n}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def bounded(s):
    """The ring is bounded: 60 MiB of logs leave memory where it was."""
    agent = Agent(s.work, config="")
    agent.start()
    pod = Pod(agent.pods, "flood")
    pod.write("start")
    time.sleep(1)
    before = agent.process.memory_mib()
    block = b"".join(pod.cri(f"line {i} " + "x" * 200) for i in range(4000))
    for _ in range(60):
        pod.raw(block)
    pod.write("the very last one")
    wait_for("the last line on the page", lambda: any(r["line"] == "the very last one" for r in records(agent)), 20)
    after = agent.process.memory_mib()
    s.note(f"RSS {before:.0f} -> {after:.0f} MiB")
    s.expect(after < before + 24, f"memory grew from {before:.0f} to {after:.0f} MiB")
    agent.stop()
    agent.check()


def nothing_there(s):
    """No logs at all, and a pod log directory that comes later: ready all the same, and found when it comes."""
    agent = Agent(s.work, config="", pods=f"{s.work}/later")

    os.rmdir(agent.pods)
    agent.start()
    s.expect(get(agent.url + "/-/ready")[0] == 200, "not ready without logs")
    Pod(agent.pods, "late").write("found")
    wait_for("the first line", lambda: any(r["line"] == "found" for r in records(agent)), 20)
    agent.stop()
    agent.check()


main(standalone, bounded, nothing_there)
