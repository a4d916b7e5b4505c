"""What pods ask for their own logs, by annotations, judged by what a real Loki has afterwards: stack traces, rate, parser, trace key, changed under
load; a job's own key for stack traces; annotations that want to do harm; the same at a real API server."""
import collections
import os
import shutil
import subprocess
import threading
import time

from fake_kubernetes import FakeKubernetes, pod
from kube_api import KubeApi
from lib import HERE, Agent, Loki, Pod, free_ports, has_sanitizers, main, total, wait_for

ALLOW = "pod_annotations: [exclude, stack_traces, parser, rate, trace_key]"
ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACE = ["2026-11-21 ERROR it broke {n}", "java.lang.IllegalStateException: {n}", "\tat shop.Cart.add(Cart.java:{n})", "\tat shop.Main.main(Main.java:3)"]


def config(urls, kubernetes, more=""):
    clients = "".join(f"    - {{url: {u}/loki/api/v1/push, batchwait: 200ms, backoff_config: {{min_period: 100ms, max_period: 1s}}}}\n" for u in urls)
    return f"kubernetes: {{{kubernetes}}}\nlogs:\n{more}  clients:\n{clients}"


def entries(loki, start_s, query='{namespace="shop"}'):
    """{pod: [(line, structured metadata)]}, in order"""
    found = collections.defaultdict(list)
    for r in loki.ask("query_range", query=query, start=int(start_s * 1e9), end=int((time.time() + 60) * 1e9), limit=200000, direction="forward"):
        found[r["stream"]["pod"]] += [(int(v[0]), v[1], v[2].get("structuredMetadata", {}) if len(v) > 2 else {}) for v in r["values"]]
    return {name: [(line, meta) for _, line, meta in sorted(rows, key=lambda row: row[0])] for name, rows in found.items()}


def lines(loki, start_s, name):
    return [line for line, _ in entries(loki, start_s).get(name, [])]


def trace(n):
    return [part.format(n=n) for part in TRACE]


def asked_for(agent):
    return {t["discoveredLabels"]["__meta_kubernetes_pod_name"]: t["asks"] for t in agent.api("log-targets")["data"]["targets"]}


def settle(agent):
    """Everything that was read is sent or dropped"""
    def is_quiet():
        m = agent.scrape()
        return total(m, "spoor_log_lines_pending") == 0 and total(m, "spoor_log_lag_seconds") == 0
    wait_for("nothing is pending", is_quiet, 60, 0.3)
    return agent.scrape()


def asked(s):
    """Each word has its effect, for the pod or one container; nothing is asked of the others; changes take effect in a running pod."""
    start = time.time() - 5
    loki = Loki(f"{s.work}/loki").start()
    fake = FakeKubernetes(free_ports(1)).start()
    u = "%08x-3900-4000-8000-000000000000"
    fake.put(pod("traces", uid=u % 1, annotations={"spoor.io/logs.stack_traces": "true"}))
    fake.put(pod("plain", uid=u % 2))
    fake.put(pod("keyed", uid=u % 3, annotations={"spoor.io/logs.trace_key": "corr"}))
    fake.put(pod("bare", uid=u % 4, annotations={"spoor.io/logs.parser": "none"}))
    fake.put(pod("json", uid=u % 5, annotations={"spoor.io/logs.parser": "json"}))
    agent = Agent(s.work, config=config([loki.url], f"metadata: api, api_server: '{fake.url}', {ALLOW}"), dev=True)
    logs = {name: Pod(agent.pods, name, "shop", uid=u % i).create() for i, name in enumerate(("traces", "plain", "keyed", "bare", "json"), 1)}
    for name in ("traces", "plain"):
        logs[name].write(*trace(1), *trace(2), "quiet again")
    for name in ("keyed", "bare", "json"):
        logs[name].write(f"ERROR corr={ID}", f'{{"level":"warn","trace_id":"{ID}"}}')
    agent.start()
    wait_for("all entries", lambda: sum(map(len, entries(loki, start).values())) == 3 + 9 + 6, 60, 0.3)
    got = entries(loki, start)
    s.expect([e[0] for e in got["traces"]] == ["\n".join(trace(1)), "\n".join(trace(2)), "quiet again"], f"traces: {got['traces']}")
    s.expect([e[0] for e in got["plain"]] == trace(1) + trace(2) + ["quiet again"], f"plain: {got['plain']}")
    meta = {name: [(e[1].get("trace_id"), e[1].get("detected_level")) for e in got[name]] for name in ("keyed", "bare", "json")}
    s.expect(meta["keyed"] == [(ID, "error"), (ID, "warn")], f"keyed: {meta['keyed']}")
    s.expect(meta["bare"] == [(None, None)] * 2, f"bare: {meta['bare']}")
    s.expect(meta["json"] == [(None, None), (ID, "warn")], f"json: {meta['json']}")
    asks = asked_for(agent)
    s.expect(asks["traces"] == "stack_traces: true" and asks["keyed"] == "trace_key: corr" and asks["plain"] == "", f"asks {asks}")
    m = settle(agent)
    s.expect(total(m, "spoor_log_lines_joined_total") == 6, "the joined lines are not counted")
    # now the other way round
    fake.put(pod("traces", uid=u % 1))
    fake.put(pod("plain", uid=u % 2, annotations={"spoor.io/logs.stack_traces-app": "true"}))
    wait_for("the change is known", lambda: asked_for(agent)["plain"] != "", 10)
    time.sleep(0.5)
    for name in ("traces", "plain"):
        logs[name].write(*trace(3))
    wait_for("the changed ones", lambda: len(lines(loki, start, "traces")) == 7 and len(lines(loki, start, "plain")) == 10, 30, 0.3)
    s.expect(lines(loki, start, "plain")[-1] == "\n".join(trace(3)) and lines(loki, start, "traces")[-4:] == trace(3), "they are not the other way round")
    # explain says so
    out = subprocess.run([agent.binary, "explain", f"--web.listen-address=127.0.0.1:{agent.port}", f"--config.file={agent.config}", f"--path.pod-logs={agent.pods}", logs["plain"].path],
                         capture_output=True, text=True)
    s.expect("its pod asks for stack_traces: true" in out.stdout, f"explain: {out.stdout} {out.stderr}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def toggled(s):
    """The wish comes and goes while traces are written, over kill -9: whatever the entries are, their lines are those that were written, once."""
    start = time.time() - 5
    loki = Loki(f"{s.work}/loki").start()
    fake = FakeKubernetes(free_ports(1)).start()
    uid = "39000000-0000-4000-8000-000000000000"
    fake.put(pod("busy", uid=uid))
    agent = Agent(s.work, config=config([loki.url], f"metadata: api, api_server: '{fake.url}', {ALLOW}"), dev=True)
    log, written, stop = Pod(agent.pods, "busy", "shop", uid=uid).create(), [], threading.Event()

    def write():
        n = 0
        while not stop.is_set():
            n += 1
            for part in trace(n):
                log.write(part)
                written.append(part)
                time.sleep(0.001)

    writer = threading.Thread(target=write)
    agent.start()
    writer.start()
    try:
        for i in range(24):
            fake.put(pod("busy", uid=uid, annotations={"spoor.io/logs.stack_traces": "true"} if i % 2 == 0 else {}))
            time.sleep(0.4)
            if i % 8 == 7:
                agent.kill9()
                agent.start()
    finally:
        stop.set()
        writer.join()
    wait_for(lambda: f"{len(written)} lines, there are {sum(line.count(chr(10)) + 1 for line in lines(loki, start, 'busy'))}",
             lambda: len({part for line in lines(loki, start, "busy") for part in line.split("\n")}) >= len(set(written)), 60, 0.5)
    settle(agent)
    got = lines(loki, start, "busy")
    seen, wanted = collections.Counter(part for line in got for part in line.split("\n")), collections.Counter(written)
    missing = wanted - seen
    s.expect(not missing, f"{sum(missing.values())} lines are missing, first {list(missing)[:2]}")
    whole = sum(line.count("\n") == 3 for line in got)
    # An entry that was sent just before the kill may come again in another shape when the wish had changed in between: a handful of lines, no more.
    twice = sum((seen - wanted).values())
    s.expect(twice <= 3 * 400, f"{twice} lines came twice")
    s.expect(whole > 100 and any("\n" not in line for line in got), f"{whole} whole traces among {len(got)} entries")
    s.note(f"{len(written)} lines, {whole} whole traces, {twice} twice after 3 kills")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def rate(s):
    """A pod that floods is cut to what it asked for in each second of its own time, the same lines at both destinations; its neighbour loses nothing."""
    start = time.time() - 5
    loki = Loki(f"{s.work}/loki", tenants=True).start()
    fake = FakeKubernetes(free_ports(1)).start()
    u = "%08x-3901-4000-8000-000000000000"
    fake.put(pod("loud", uid=u % 1, annotations={"spoor.io/logs.rate": "100"}))
    fake.put(pod("good", uid=u % 2))
    clients = "".join(f"    - {{name: {t}, url: {loki.url}/loki/api/v1/push, tenant_id: {t}, batchwait: 200ms}}\n" for t in ("one", "two"))
    agent = Agent(s.work, config=f"kubernetes: {{metadata: api, api_server: '{fake.url}', {ALLOW}}}\nlogs:\n  clients:\n{clients}")
    loud, good = Pod(agent.pods, "loud", "shop", uid=u % 1).create(), Pod(agent.pods, "good", "shop", uid=u % 2).create()
    agent.start()
    wait_for("the pods are known", lambda: len(agent.api("log-targets")["data"]["targets"]) == 2, 20)
    by_second = collections.Counter()
    for i in range(60):
        batch = [loud.cri(f"flood {i}.{k}") for k in range(500)]
        for line in batch:
            by_second[line[:19]] += 1
        loud.raw(b"".join(batch))
        good.write(f"good {i}")
        time.sleep(0.1)
    want = sum(min(n, 100) for n in by_second.values())
    m = settle(agent)

    def counts(tenant):
        return {r["metric"]["pod"]: int(float(r["value"][1])) for r in loki.ask("query", tenant, query='sum by (pod) (count_over_time({namespace="shop"}[2h]))')}

    wait_for(lambda: f"{want} and 60 lines: {counts('one')} {counts('two')}", lambda: counts("one") == counts("two") == {"loud": want, "good": 60}, 30, 0.5)
    for name in ("one", "two"):
        s.expect(total(m, "spoor_log_lines_dropped_total", destination=name, reason="pod_rate") == 30000 - want, f"{name}: dropped lines are not counted")
    s.expect(total(m, "log_lines_total", pod="loud") in (30000, 0), "metrics out of logs lack what was dropped")
    s.note(f"{want} of 30000 lines in {len(by_second)} seconds")
    fake.put(pod("loud", uid=u % 1))  # and without
    time.sleep(1)
    loud.write(*[f"free {k}" for k in range(1000)])
    wait_for("all of it", lambda: counts("one").get("loud") == want + 1000, 30, 0.3)
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def keys(s):
    """stack_traces of logs and of a job, without a pipeline, without anybody to ask for pods."""
    start = time.time() - 5
    loki = Loki(f"{s.work}/loki").start()
    agent = Agent(s.work, config=config([loki.url], "metadata: none", "  stack_traces: true\n"), dev=True)
    python = ["Traceback (most recent call last):", '  File "a.py", line 1, in <module>', "    f()", "ValueError: no"]
    go = ["panic: gone", "", "goroutine 1 [running]:", "main.main()", "\t/src/main.go:4 +0x1d", "exit status 2"]
    Pod(agent.pods, "java", "shop").write("before", *trace(1), "after")
    Pod(agent.pods, "python", "shop").write("before", *python, "after")
    Pod(agent.pods, "go", "shop").write("before", *go)
    agent.start()
    wait_for("the entries", lambda: {k: len(v) for k, v in entries(loki, start).items()}.items() >= {"java": 3, "python": 3}.items(), 30, 0.3)
    s.expect(lines(loki, start, "java") == ["before", "\n".join(trace(1)), "after"], f"{lines(loki, start, 'java')}")
    s.expect("\n".join(python) in lines(loki, start, "python"), f"{lines(loki, start, 'python')}")
    wait_for("Go's", lambda: any("main.main()" in line and "panic: gone" in line for line in lines(loki, start, "go")), 20, 0.3)
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def hostile(s):
    """Annotations that want to do harm: large, many, junk, changed all the time. Lines flow as if there were none; what is not allowed is not even read."""
    start = time.time() - 5
    loki = Loki(f"{s.work}/loki").start()
    fake = FakeKubernetes(free_ports(1)).start()
    u = "%08x-3902-4000-8000-000000000000"
    junk = {
        "large": {"spoor.io/logs.trace_key": "k" * 200000, "spoor.io/logs.rate": "9" * 100000},
        "many": {f"spoor.io/logs.x{i}": "y" for i in range(3000)},
        "odd": {"spoor.io/logs.rate": "-1", "spoor.io/logs.parser": "(a+)+$", "spoor.io/logs.trace_key": 'a"}\n', "spoor.io/logs.stack_traces": "maybe",
                "spoor.io/logs": "\u0000off", "spoor.io/logs.rate-": "1", "spoor.io/logs.rate-APP": "1", "spoor.io/logs-../../etc": "off"},
        "zero": {"spoor.io/logs.rate": "0"},
        "flapping": {},
    }
    agent = Agent(s.work, config=config([loki.url], f"metadata: api, api_server: '{fake.url}', {ALLOW}"))
    logs = {}
    for i, (name, annotations) in enumerate(junk.items(), 1):
        fake.put(pod(name, uid=u % i, annotations=annotations))
        logs[name] = Pod(agent.pods, name, "shop", uid=u % i).create()
    agent.start()
    before, written = agent.process.cpu_s(), 0
    for round_ in range(100):
        for k in range(20):
            fake.put(pod("flapping", uid=u % 5, annotations={"spoor.io/logs.rate": "lots" if k % 2 else "1000000", "spoor.io/logs.stack_traces": "true" if k % 3 else "no"}))
        for name in logs:
            logs[name].write(f"{name} {round_}")
        written += len(logs)
        time.sleep(0.05)
    wait_for("every line", lambda: len([e for rows in entries(loki, start).values() for e in rows]) >= written, 60, 0.5)
    settle(agent)
    got = collections.Counter(line for rows in entries(loki, start).values() for line, _ in rows)
    s.expect(got == collections.Counter(f"{name} {i}" for name in logs for i in range(100)), f"{sum(got.values())} lines, {written} written")
    m = agent.scrape()
    s.expect(total(m, "spoor_log_annotations_ignored_total") > 8, "nothing was counted")
    cpu, told = agent.process.cpu_s() - before, agent.process.log_text().count("not understood")
    s.expect(told < 200, f"{told} lines of complaint")
    if not has_sanitizers(agent.binary):
        s.expect(agent.process.memory_mib() < 64 and cpu < 10, f"{agent.process.memory_mib():.0f} MiB, {cpu:.1f} s")
    s.note(f"2000 changes: {cpu:.1f} s of CPU, {agent.process.memory_mib():.0f} MiB, {told} lines of complaint")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()
    # The administrator allows nothing but exclude: none of it has an effect, and none of it is complained of but what is about exclude.
    again = Agent(f"{s.work}", config=config([loki.url], f"metadata: api, api_server: '{fake.url}'"), name="strict", pods=agent.pods)
    fake.put(pod("zero", uid=u % 4, annotations={"spoor.io/logs.rate": "1", "spoor.io/logs.stack_traces": "true"}))
    again.start()
    logs["zero"].write(*[f"free {i}" for i in range(50)])
    wait_for("all of it", lambda: sum(line.startswith("free") for line in lines(loki, start, "zero")) == 50, 30, 0.3)
    s.expect(again.stop() == 0, "exit status is not 0")
    again.check()


def real(s):
    """The same from a real API server, which refuses what no annotation may be: created, changed and removed."""
    start = time.time() - 5
    loki = Loki(f"{s.work}/loki").start()
    certificates = f"{s.work}/certificates"
    subprocess.run([f"{os.path.dirname(HERE)}/unit/certificates.sh", certificates], check=True, capture_output=True)
    api = KubeApi(f"{s.work}/kube", certificates).start()
    api.namespace("shop")
    token = api.service_account("default", "spoor")
    api.role("spoor", [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]}])
    api.bind("spoor", "default", "spoor")
    uid = api.create_pod("shop", "cart", annotations={"spoor.io/logs.stack_traces-app": "true", "spoor.io/logs.rate": "1000"})["metadata"]["uid"]
    agent = Agent(s.work, config=config([loki.url], ALLOW), dev=True)
    account = f"{s.work}/account"
    os.makedirs(account)
    shutil.copy(f"{certificates}/ca.pem", f"{account}/ca.crt")
    with open(f"{account}/token", "w") as f:
        f.write(token)
    agent.args.append(f"--path.service-account={account}")
    agent.env = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(api.port)}
    log = Pod(agent.pods, "cart", "shop", uid=uid).create()
    agent.start()
    asks = lambda: [t["asks"] for t in agent.api("log-targets")["data"]["targets"]]
    wait_for(lambda: f"what the pod asks for: {asks()}", lambda: asks() == ["stack_traces: true, rate: 1000"], 30)
    log.write(*trace(1))
    wait_for("a trace", lambda: lines(loki, start, "cart") == ["\n".join(trace(1))], 30, 0.3)
    api.patch_pod("shop", "cart", {"annotations": {"spoor.io/logs.stack_traces-app": None, "spoor.io/logs.rate": "2"}})
    wait_for("the change", lambda: asks() == ["rate: 2"], 30)
    time.sleep(0.5)
    wait_for("a second begins", lambda: time.time() % 1 < 0.2, 5, 0.02)
    log.write(*trace(2))
    wait_for("two lines", lambda: lines(loki, start, "cart")[1:] == trace(2)[:2], 30, 0.3)
    m = settle(agent)
    s.expect(total(m, "spoor_log_lines_dropped_total", reason="pod_rate") == 2, "dropped lines are not counted")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


main(asked, toggled, rate, keys, hostile, real)
