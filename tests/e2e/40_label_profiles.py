"""Label profiles: what a real Loki has of the same lines under each of them. otel is what Loki's own OTLP endpoint makes of a pod's resource
attributes; a kill in the middle repeats nothing and changes no stream."""
import json
import shutil
import subprocess
import time

from lib import NODE, Agent, Loki, Pod, get, main, spoor_binary, wait_for

UID = "11111111-1111-4000-8000-000000000000"
IDS = "trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7"


def config(loki, profile, jobs=""):
    return f"""global: {{external_labels: {{cluster: blue}}}}
logs:
  label_profile: {profile}
  clients: [{{url: '{loki.url}/loki/api/v1/push', batchwait: 200ms, backoff_config: {{min_period: 100ms, max_period: 1s}}}}]
{jobs}"""


def entries(loki, query):
    """[(stream labels, line, structured metadata)], what came twice too"""
    found = []
    for r in loki.ask("query_range", query=query, start=int((time.time() - 3600) * 1e9), end=int((time.time() + 60) * 1e9), limit=10000):
        found += [(r["stream"], v[1], (v[2] if len(v) > 2 else {}).get("structuredMetadata", {})) for v in r["values"]]
    return sorted(found, key=lambda e: e[1])


def wait_lines(loki, query, n):
    wait_for(lambda: f"{n} lines for {query}, there are {len(entries(loki, query))}", lambda: len(entries(loki, query)) >= n, 30, 0.3)
    got = entries(loki, query)
    if len(got) != n:
        raise AssertionError(f"{len(got)} lines for {query}: {got}")
    return got


def by_otlp(loki, attributes, line_attributes, line):
    """The line as an OpenTelemetry collector would send it to Loki"""
    pairs = lambda d: [{"key": k, "value": {"stringValue": v}} for k, v in d.items()]
    record = {"timeUnixNano": str(time.time_ns()), "body": {"stringValue": line}, "attributes": pairs(line_attributes)}
    body = {"resourceLogs": [{"resource": {"attributes": pairs(attributes)}, "scopeLogs": [{"logRecords": [record]}]}]}
    status, text = get(f"{loki.url}/otlp/v1/logs", headers={"Content-Type": "application/json"}, method="POST", data=json.dumps(body).encode())
    if status not in (200, 204):
        raise AssertionError(f"Loki's OTLP endpoint answers {status}: {text[:300]}")


def otel(s):
    """Datalayer's tracesToLogsV2 tags select the lines, and Loki's own mapping of OTLP makes the same streams."""
    loki = Loki(f"{s.work}/loki").start()
    agent = Agent(s.work, config=config(loki, "otel").replace("{external_labels: {cluster: blue}}", "{}"))
    pod = Pod(agent.pods, "cart-0", "shop", "web", UID).create()
    pod.write("out " + IDS)
    pod.write("err", stream="stderr")
    agent.start()
    selector = f'{{service_name="web", service_namespace="shop", service_instance_id="{UID}"}}'
    err, out = wait_lines(loki, selector, 2)
    by_otlp(loki, {"service.name": "web", "service.namespace": "shop", "service.instance.id": UID, "k8s.namespace.name": "shop", "k8s.pod.name": "cart-0",
                   "k8s.container.name": "web", "k8s.node.name": NODE}, {"log.iostream": "stderr"}, "judge")
    err, judge, out = wait_lines(loki, selector, 3)
    s.expect(judge[0] == err[0] == out[0], f"streams: Loki's own {judge[0]}, ours {err[0]}")
    only_ours = set(err[2].items()) ^ set(judge[2].items())
    s.expect({k for k, _ in only_ours} <= {"observed_timestamp", "detected_level"}, f"metadata: Loki's own {judge[2]}, ours {err[2]}")
    s.expect(out[2]["log_iostream"] == "stdout" and out[2]["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736", f"metadata {out[2]}")
    by_trace = entries(loki, selector + ' | trace_id="4bf92f3577b34da6a3ce929d0e0e4736"')
    s.expect([e[1] for e in by_trace] == [out[1]], f"by trace: {by_trace}")
    agent.stop()
    agent.check()


def minimal(s):
    """Few streams; what tells pods apart is structured metadata. Stages see both."""
    loki = Loki(f"{s.work}/loki").start()
    jobs = f"""  scrape_configs:
    - job_name: pods
      kubernetes_sd_configs: [{{role: pod}}]
      pipeline_stages: [{{match: {{selector: '{{service_name="web"}}', stages: [{{regex: {{expression: 'n=(?P<n>.*)'}}}}, {{structured_metadata: {{n: }}}}]}}}}]
    - job_name: files
      static_configs: [{{labels: {{__path__: '{s.work}/app.log', team: x}}}}]
"""
    agent = Agent(s.work, config=config(loki, "minimal", jobs))
    for i in range(3):
        Pod(agent.pods, f"cart-{i}", "shop", "web", f"{i}{UID[1:]}").create().write(f"n={i}", stream=("stdout", "stderr")[i % 2])
    with open(f"{s.work}/app.log", "w") as f:
        f.write("of a file\n")
    agent.start()
    got = wait_lines(loki, '{cluster="blue", service_name=~".+"}', 4)
    files, pods = got[3:], got[:3]
    s.expect(all(e[0] == {"cluster": "blue", "namespace": "shop", "service_name": "web"} for e in pods), f"streams {[e[0] for e in pods]}")
    s.expect(files[0][0] == {"cluster": "blue", "service_name": "files", "team": "x"}, f"stream {files[0][0]}")
    for i, (_, line, metadata) in enumerate(pods):
        want = {"pod": f"cart-{i}", "container": "web", "stream": ("stdout", "stderr")[i % 2], "node_name": NODE, "n": str(i)}
        s.expect({k: v for k, v in metadata.items() if k != "detected_level"} == want, f"{line}: {metadata}")
    s.expect(files[0][2] == {"filename": f"{s.work}/app.log", "node_name": NODE}, f"metadata {files[0][2]}")
    s.expect([e[1] for e in entries(loki, '{service_name="web"} | pod="cart-1"')] == ["n=1"], "pods are not told apart")
    agent.stop()
    agent.check()


def replay(s):
    """Killed, and its places are lost: what is sent again is the same, metadata too, and Loki keeps one."""
    for profile, name in (("otel", "k8s_pod_name"), ("minimal", "pod")):
        loki = Loki(f"{s.work}/loki-{profile}").start()
        agent = Agent(s.work, config=config(loki, profile), name=profile, pods=f"{s.work}/pods-{profile}")
        pod = Pod(agent.pods, "cart-0", "shop", "web", UID).create()
        pod.write(*[f"line {i:04d}" for i in range(500)])
        agent.start()
        wait_lines(loki, '{service_name="web"}', 500)
        agent.kill9()
        shutil.rmtree(agent.state)  # the second life begins at the start of the file
        pod.write(*[f"line {i:04d}" for i in range(500, 600)], stream="stderr")
        agent.start()
        got = wait_lines(loki, '{service_name="web"}', 600)
        sent = agent.scrape()["spoor_log_lines_sent_total"]
        s.expect(sum(sent.values()) == 600, f"{profile}: the test is none, only {sum(sent.values()):.0f} lines were sent in the second life")
        s.expect([e[1] for e in got] == [f"line {i:04d}" for i in range(600)], f"{profile}: lines are missing or there twice")
        s.expect({e[0].get(name, e[2].get(name)) for e in got} == {"cart-0"} and len({json.dumps(e[0]) for e in got}) == 1, f"{profile}: other labels now")
        agent.stop()
        agent.check()


def looking(s):
    """explain, inspect and the page of targets say the names that the lines have then."""
    loki = Loki(f"{s.work}/loki").start()
    agent = Agent(s.work, config=config(loki, "otel"))
    pod = Pod(agent.pods, "cart-0", "shop", "web", UID).create()
    pod.write("a line")
    agent.start()
    (labels, _, metadata), = wait_lines(loki, '{service_name="web"}', 1)
    for running in (True, False):
        if not running:
            agent.stop()
        where = ["--web.listen-address", f"127.0.0.1:{agent.port}"] if running else [f"--config.file={agent.config}", f"--path.pod-logs={agent.pods}", f"--state.dir={agent.state}"]
        p = subprocess.run([spoor_binary(), "explain", *where, "--format=json", f"{pod.path}:1"], capture_output=True, text=True, env={"NODE_NAME": NODE, "PATH": "/bin"})
        for k, v in [*labels.items(), *metadata.items()]:
            s.expect(f'{k}=\\"{v}\\"' in p.stdout or f'"{k}":"{v}"' in p.stdout, f"running {running}: explain knows no {k}={v}: {p.stdout}{p.stderr}")
        s.expect('stream=\\"stdout' not in p.stdout.replace("log_iostream", ""), f"running {running}: a label that is not there: {p.stdout}")
    p = subprocess.run([spoor_binary(), "inspect", f"--config.file={agent.config}", "--format=cri"], input=pod.cri("x", "stderr").decode(), capture_output=True, text=True)
    s.expect("log_iostream" in p.stdout and " stream=" not in p.stdout, f"inspect: {p.stdout}{p.stderr}")
    agent.check()


main(otel, minimal, replay, looking)
