"""Promtail's discovery for logs: the rules of its charts over a node's pods give the streams that the real Promtail gives, also after a kill
in the middle; targets that come and go; labels that want to do harm; a thousand containers."""
import collections
import json
import os
import time

from fake_kubernetes import FakeKubernetes, pod
from lib import NODE, Agent, Failed, Loki, Pod, free_ports, main, spoor_binary, wait_for
from promtail import Promtail, binary as promtail_binary

COMMON = """
          - {action: replace, source_labels: [__meta_kubernetes_pod_node_name], target_label: node_name}
          - {action: replace, source_labels: [__meta_kubernetes_namespace], target_label: namespace}
          - {action: replace, replacement: $1, separator: /, source_labels: [namespace, app], target_label: job}
          - {action: replace, source_labels: [__meta_kubernetes_pod_name], target_label: pod}
          - {action: replace, source_labels: [__meta_kubernetes_pod_container_name], target_label: container}"""
PATH = """
          - {action: replace, replacement: '@PODS@/*$1/*.log', separator: /, source_labels: [__meta_kubernetes_pod_uid, __meta_kubernetes_pod_container_name],
             target_label: __path__}"""

# The one job of Promtail's chart 6.x, as it is rendered by default.
CHART = """      - job_name: kubernetes-pods
        pipeline_stages: [{cri: {}}]
        kubernetes_sd_configs: [@SD@]
        relabel_configs:
          - {source_labels: [__meta_kubernetes_pod_controller_name], regex: '([0-9a-z-.]+?)(-[0-9a-f]{8,10})?', action: replace, target_label: __tmp_controller_name}
          - {source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_name, __meta_kubernetes_pod_label_app, __tmp_controller_name, __meta_kubernetes_pod_name],
             regex: '^;*([^;]+)(;.*)?$', action: replace, target_label: app}
          - {source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_instance, __meta_kubernetes_pod_label_instance], regex: '^;*([^;]+)(;.*)?$',
             action: replace, target_label: instance}
          - {source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_component, __meta_kubernetes_pod_label_component], regex: '^;*([^;]+)(;.*)?$',
             action: replace, target_label: component}""" + COMMON + PATH + """
          - {action: replace, regex: 'true/(.*)', replacement: '@PODS@/*$1/*.log', separator: /, source_labels:
             [__meta_kubernetes_pod_annotationpresent_kubernetes_io_config_hash, __meta_kubernetes_pod_annotation_kubernetes_io_config_hash,
              __meta_kubernetes_pod_container_name], target_label: __path__}
"""

# The five of its older charts, which split the pods among them.
OLD_COMMON = """
          - {source_labels: [__meta_kubernetes_pod_node_name], target_label: __host__}
          - {action: drop, regex: '', source_labels: [__service__]}
          - {action: labelmap, regex: __meta_kubernetes_pod_label_(.+)}
          - {action: replace, replacement: $1, separator: /, source_labels: [__meta_kubernetes_namespace, __service__], target_label: job}
          - {action: replace, source_labels: [__meta_kubernetes_namespace], target_label: namespace}
          - {action: replace, source_labels: [__meta_kubernetes_pod_name], target_label: pod}
          - {action: replace, source_labels: [__meta_kubernetes_pod_container_name], target_label: container}"""


def old_job(name, head, path=PATH):
    return f"""      - job_name: {name}
        pipeline_stages: [{{cri: {{}}}}]
        kubernetes_sd_configs: [@SD@]
        relabel_configs:{head}{OLD_COMMON}{path}
"""


OLD_CHART = (
    old_job("kubernetes-pods-name", """
          - {source_labels: [__meta_kubernetes_pod_label_name], target_label: __service__}""") +
    old_job("kubernetes-pods-app", """
          - {action: drop, regex: .+, source_labels: [__meta_kubernetes_pod_label_name]}
          - {source_labels: [__meta_kubernetes_pod_label_app], target_label: __service__}""") +
    old_job("kubernetes-pods-direct-controllers", """
          - {action: drop, regex: .+, separator: '', source_labels: [__meta_kubernetes_pod_label_name, __meta_kubernetes_pod_label_app]}
          - {action: drop, regex: '[0-9a-z-.]+-[0-9a-f]{8,10}', source_labels: [__meta_kubernetes_pod_controller_name]}
          - {source_labels: [__meta_kubernetes_pod_controller_name], target_label: __service__}""") +
    old_job("kubernetes-pods-indirect-controller", """
          - {action: drop, regex: .+, separator: '', source_labels: [__meta_kubernetes_pod_label_name, __meta_kubernetes_pod_label_app]}
          - {action: keep, regex: '[0-9a-z-.]+-[0-9a-f]{8,10}', source_labels: [__meta_kubernetes_pod_controller_name]}
          - {action: replace, regex: '([0-9a-z-.]+)-[0-9a-f]{8,10}', source_labels: [__meta_kubernetes_pod_controller_name], target_label: __service__}""") +
    old_job("kubernetes-pods-static", """
          - {action: drop, regex: '', source_labels: [__meta_kubernetes_pod_annotation_kubernetes_io_config_mirror]}
          - {action: replace, source_labels: [__meta_kubernetes_pod_label_component], target_label: __service__}""", """
          - {action: replace, replacement: '@PODS@/*$1/*.log', separator: /, source_labels: [__meta_kubernetes_pod_annotation_kubernetes_io_config_mirror,
             __meta_kubernetes_pod_container_name], target_label: __path__}
"""))

HASH = "0123456789abcdef0123456789abcdef"


def the_pods():
    """What runs on the node: the kinds of pods that the rules tell apart. (object, UID of the log folder)"""
    u = "%08x-1111-4000-8000-000000000000"
    rows = [
        pod("cart-7c9d6c5f4d-x2x2x", uid=u % 1, labels={"app": "cart", "pod-template-hash": "7c9d6c5f4d"}, owner="ReplicaSet/cart-7c9d6c5f4d",
            containers=("web", "sidecar"), init=("migrate",), ports={"web": [(80, "http"), (443, "https"), (9090, "metrics")]}),
        pod("till-5b8f9c7d6-abcde", uid=u % 2, labels={"app.kubernetes.io/name": "till", "app.kubernetes.io/instance": "blue",
                                                         "app.kubernetes.io/component": "api", "app": "other"}, owner="ReplicaSet/till-5b8f9c7d6"),
        pod("store-0", "data", u % 3, owner="StatefulSet/store"),
        pod("indirect-66b6c48dd5-zzzzz", "data", u % 4, owner="ReplicaSet/indirect-66b6c48dd5"),
        pod("named", "misc", u % 5, labels={"name": "by-name", "component": "c"}),
        pod("bare", "misc", u % 6, annotations={"example.com/a.b": "x"}),
        pod("etcd-node-e2e", "kube-system", u % 7, labels={"component": "etcd", "tier": "control-plane"}, owner="Node/node-e2e", containers=("etcd",),
            annotations={"kubernetes.io/config.hash": HASH, "kubernetes.io/config.mirror": HASH}),
    ]
    return [(p, HASH if "etcd" in p["metadata"]["name"] else p["metadata"]["uid"]) for p in rows]


def logs_of(pods, rows):
    """A log for each container, init containers and one without an object among them"""
    logs = []
    for p, uid in rows:
        for c in p["spec"]["containers"] + p["spec"]["initContainers"]:
            logs.append(Pod(pods, p["metadata"]["name"], p["metadata"]["namespace"], c["name"], uid).create())
    return logs


def write(logs, text):
    for i, log in enumerate(logs):
        log.write(f"{text} of {log.name} {i}", stream="stderr" if i % 3 == 2 else "stdout")


def indented(text, by):
    return "".join(line[by:] + "\n" for line in text.splitlines())


def promtail_config(loki, jobs, sd, port, work):
    jobs = indented(jobs.replace("@SD@", sd).replace("@PODS@", f"{work}/pods"), 4)
    return f"""server: {{http_listen_address: 127.0.0.1, http_listen_port: {port}, grpc_listen_port: {port + 1}, log_level: info}}
positions: {{filename: {work}/promtail-positions.yaml, sync_period: 100ms}}
clients: [{{url: '{loki.url}/loki/api/v1/push', tenant_id: promtail, batchwait: 200ms}}]
target_config: {{sync_period: 1s}}
scrape_configs:
{jobs}"""


def spoor_config(loki, jobs, kubernetes, pods="/var/log/pods", more=""):
    return f"""kubernetes: {kubernetes}
logs:
  clients: [{{url: '{loki.url}/loki/api/v1/push', tenant_id: spoor, batchwait: 200ms, backoff_config: {{min_period: 100ms, max_period: 1s}}}}]
  scrape_configs:
{indented(jobs.replace("@SD@", "{role: pod}").replace("@PODS@", pods), 2)}{more}"""


def api(fake, wait="10s"):
    return f"{{metadata: api, api_server: '{fake.url}', metadata_wait: {wait}}}"


def everything(loki, tenant):
    """Counter of (labels, line): what was stored, what came twice among it"""
    found, streams = collections.Counter(), set()
    for r in loki.ask("query_range", tenant, query='{filename=~".+"}', start=int((time.time() - 3600) * 1e9), end=int((time.time() + 60) * 1e9), limit=900000):
        labels = tuple(sorted((k, v) for k, v in r["stream"].items() if k != "service_name"))
        streams.add(labels)
        for v in r["values"]:
            found[labels, v[1]] += 1
    return found


def lines_in(loki, tenant):
    result = loki.ask("query", tenant, query='sum(count_over_time({filename=~".+"} [2h]))')
    return sum(int(float(r["value"][1])) for r in result)


def differences(want, got):
    only_there, only_here = want - got, got - want
    if not only_there and not only_here:
        return ""
    show = lambda c: "; ".join(f"{dict(k[0])} {k[1]!r} x{n}" for k, n in sorted(c.items())[:4])
    return f"{sum(only_there.values())} only from Promtail: {show(only_there)} | {sum(only_here.values())} only from Spoor: {show(only_here)}"


def same_as_promtail(s, jobs):
    """Both read the same tree with the same rules, each for a tenant of its own; Spoor is killed in the middle, the pods change, the API server
    goes away."""
    promtail_binary()
    loki = Loki(f"{s.work}/loki", tenants=True).start()
    fake = FakeKubernetes(free_ports(1)).start()
    rows = the_pods()
    for p, _ in rows:
        fake.put(p)
    agent = Agent(s.work, config=spoor_config(loki, jobs, api(fake), f"{s.work}/pods"), dev=True)
    logs = logs_of(agent.pods, rows)
    write(logs, "first")
    port = free_ports(2)
    promtail = Promtail(s.work, promtail_config(loki, jobs, f"{{role: pod, api_server: '{fake.url}'}}", port, s.work), port).start(HOSTNAME=NODE)
    agent.start()
    compare(s, loki, "the first lines")
    promtail.stop()  # it would make new streams of what changes now
    before = everything(loki, "spoor")
    agent.kill9()
    write(logs, "second")
    for p, _ in rows:  # the pods have other labels by now, and then nobody can be asked
        p["metadata"]["labels"]["app"] = p["metadata"]["labels"]["name"] = "changed"
        fake.put(p)
    fake.stop()
    agent.start()
    want = before + collections.Counter({(labels, line.replace("first", "second")): n for (labels, line), n in before.items()})
    wait_for(lambda: f"{sum(want.values())} lines, there are {lines_in(loki, 'spoor')}", lambda: lines_in(loki, "spoor") >= sum(want.values()), 60, 0.5)
    got = everything(loki, "spoor")
    s.expect(got == want, f"after the kill: {differences(want, got)}")
    s.expect(lines_in(loki, "spoor") == sum(want.values()), f"lines came twice: {lines_in(loki, 'spoor')} in Loki, {sum(want.values())} were written")
    s.note(f"{len({k[0] for k in got})} streams")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def compare(s, loki, what):
    """The same labels and lines from both, when neither has more to come"""
    last = {}

    def is_same():
        want, got = everything(loki, "promtail"), everything(loki, "spoor")
        last["why"] = differences(want, got)
        s.expect(not (got and max(got.values()) > 1), f"{what}: repeated")
        return sum(want.values()) > 0 and not last["why"]

    try:
        wait_for(what, is_same, 60, 0.5)
    except Failed:
        raise Failed(f"{what}: {last.get('why') or 'Promtail sent nothing'}")
    time.sleep(2)
    s.expect(is_same(), f"{what}, a little later: {last['why']}")


def chart(s):
    same_as_promtail(s, CHART)


def five_jobs(s):
    same_as_promtail(s, OLD_CHART)


def late_objects(s):
    """The API server comes late: logs that need it wait, others go on; a pod that it does not know goes on by its path."""
    loki = Loki(f"{s.work}/loki", tenants=True).start()
    fake = FakeKubernetes(free_ports(1))
    plain = """      - job_name: plain
        pipeline_stages: [{cri: {}}]
        kubernetes_sd_configs: [@SD@]
        relabel_configs:
          - {replacement: plain, target_label: job}""" + PATH
    agent = Agent(s.work, config=spoor_config(loki, CHART + plain, api(fake, "60s")), dev=True)
    rows = the_pods()[:1]
    logs = logs_of(agent.pods, rows) + [Pod(agent.pods, "unknown", "shop", "app", "ffff-1").create()]
    write(logs, "first")
    agent.start()
    wait_for("the job that needs no object", lambda: lines_in(loki, "spoor") == len(logs), 30, 0.3)
    states = collections.Counter(f["state"] for f in agent.api("files")["data"]["files"] if f["job"] == "kubernetes-pods")
    s.expect(states == {"waiting": len(logs)}, f"states {states}")
    targets = agent.api("log-targets?job=kubernetes-pods")["data"]["targets"]
    s.expect([t["state"] for t in targets] == ["waiting"] * len(logs), f"targets {targets}")
    fake.put(rows[0][0])
    fake.start()
    wait_for("all of both jobs", lambda: lines_in(loki, "spoor") == 2 * len(logs), 60, 0.3)
    got = {dict(labels).get("app") for labels, _ in everything(loki, "spoor") if dict(labels)["job"] != "plain"}
    s.expect(got == {"cart", "unknown"}, f"apps {got}")
    targets = agent.api("log-targets?job=kubernetes-pods&state=active")["data"]["targets"]
    web = [t for t in targets if t["labels"].get("container") == "web"]
    s.expect(len(web) == 1 and web[0]["discoveredLabels"]["__meta_kubernetes_pod_label_app"] == "cart" and web[0]["labels"]["job"] == "shop/cart", f"target {web}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


FILES = """      - job_name: files
        file_sd_configs: [{files: ['%s/sd/*.json'], refresh_interval: 1m}]
        relabel_configs:
          - {source_labels: [team], regex: nobody, action: drop}
          - {source_labels: [__address__], regex: (.*), target_label: address}
"""


def files(s):
    """Targets of files come, change and go while lines are written; the ledger holds, nothing repeats, nothing of a target that stays is lost."""
    loki = Loki(f"{s.work}/loki", tenants=True).start()
    os.makedirs(f"{s.work}/sd")
    os.makedirs(f"{s.work}/logs")

    def targets(*rows):
        """(pattern, team) each"""
        groups = [{"targets": ["localhost"], "labels": {"__path__": f"{s.work}/logs/{path}", "team": team}} for path, team in rows]
        with open(f"{s.work}/sd/new", "w") as f:
            json.dump(groups, f)
        os.rename(f"{s.work}/sd/new", f"{s.work}/sd/targets.json")

    written = collections.Counter()

    def line(name, text):
        with open(f"{s.work}/logs/{name}", "a") as f:
            f.write(text + "\n")
        written[name] += 1

    def seen(team):
        return sorted(line for (labels, line), n in everything(loki, "spoor").items() for _ in range(n) if ("team", team) in labels)

    agent = Agent(s.work, config=spoor_config(loki, FILES % s.work, "{metadata: none}"), dev=True).start()
    line("a.log", "a1")
    line("b.log", "b1")
    targets(("*.log", "all"), ("a.log", "nobody"), ("b.log", "b"))
    wait_for("both teams", lambda: seen("all") == ["a1", "b1"] and seen("b") == ["b1"], 30, 0.3)
    s.expect(not seen("nobody"), "what a rule dropped is read")
    s.expect({f["job"] for f in agent.api("files")["data"]["files"]} == {"files"}, "files without their job")
    targets(("a.log", "all"), ("b.log", "renamed"))  # one is left of the first, the second has another label
    wait_for("the targets changed", lambda: len([t for t in agent.api("log-targets?state=active")["data"]["targets"]]) == 2 and
             len(agent.api("files")["data"]["files"]) == 2, 30, 0.3)
    line("a.log", "a2")
    line("b.log", "b2")
    wait_for("the new label goes on", lambda: seen("renamed") == ["b2"] and seen("all") == ["a1", "a2", "b1"], 30, 0.3)
    agent.kill9()
    line("b.log", "b3")
    targets(("a.log", "all"))
    agent.start()
    line("a.log", "a3")
    wait_for("the one that stays", lambda: seen("all") == ["a1", "a2", "a3", "b1"], 30, 0.3)
    with open(f"{s.work}/sd/targets.json", "w") as f:  # half a file, and no UTF-8: what was known stays
        f.write('[{"targets": ["localhost"], "labels": {"__path__": "/')
    with open(f"{s.work}/sd/other.json", "wb") as f:
        f.write(b'[{"targets": ["x"], "labels": {"__path__": "' + s.work.encode() + b'/logs/*.log", "team": "\xff\xfe"}}]')
    wait_for("both complaints", lambda: agent.process.log_text().count("file_sd_configs: ") >= 2, 30, 0.3)
    line("a.log", "a4")
    wait_for("reading goes on", lambda: seen("all") == ["a1", "a2", "a3", "a4", "b1"], 30, 0.3)
    targets(("a.log", "all"), ("b.log", "renamed"))
    wait_for("what came back goes on where it was", lambda: seen("renamed") == ["b2", "b3"], 30, 0.3)
    s.expect(lines_in(loki, "spoor") == 8 and seen("b") == ["b1"], f"{lines_in(loki, 'spoor')} lines in Loki")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def hostile(s):
    """Labels out of pods and files that would spoil a stream or lead somewhere else"""
    loki = Loki(f"{s.work}/loki", tenants=True).start()
    fake = FakeKubernetes(free_ports(1)).start()
    jobs = """      - job_name: mapped
        pipeline_stages: [{cri: {}}]
        kubernetes_sd_configs: [@SD@]
        relabel_configs:
          - {action: labelmap, regex: __meta_kubernetes_pod_annotation_(.+)}
          - {action: labelmap, regex: __meta_kubernetes_pod_annotation_(odd), replacement: 'x{$1}'}
          - {replacement: mapped, target_label: job}""" + PATH + """
      - job_name: led
        pipeline_stages: [{cri: {}}]
        kubernetes_sd_configs: [@SD@]
        relabel_configs:
          - {source_labels: [__meta_kubernetes_pod_annotation_path], target_label: __path__}
      - job_name: odd-files
        static_configs: [{labels: {__path__: '%s/odd/*.log', job: odd}}]
        relabel_configs: [{source_labels: [job], target_label: again}]
      - job_name: targets
        file_sd_configs: [{files: ['%s/targets.json']}]
""" % (s.work, s.work)
    secret = f"{s.work}/secret"
    with open(secret, "w") as f:
        f.write("root:secret\n")
    os.makedirs(f"{s.work}/odd")
    with open(f"{s.work}/odd/".encode() + b"\xff\xfe{a=\"b\"}\n.log", "w") as f:
        f.write("from an odd name\n")
    with open(f"{s.work}/listed.log", "w") as f:
        f.write("from a listed file\n")
    with open(f"{s.work}/targets.json", "w") as f:
        json.dump([{"targets": ["x"], "labels": {"__path__": f"{s.work}/listed.log", "long": "y" * 10000, "a{b}": "c", "job": "listed"}}], f)
    long = "ä" * 1900  # 3,800 bytes: more than Loki takes
    fake.put(pod("evil", uid="e-1", annotations={"long": long, "odd": "y", "brace": '{a="b"}, c="d"', "feed": "a\nb\"\\", "quote/key{x}": "v", "path": secret,
                                                  **{f"many-{i}": "x" for i in range(5)}}))
    fake.put(pod("climber", uid="e-2", annotations={"path": f"/var/log/pods/../../..{secret}"}))
    fake.put(pod("huge", uid="e-3", annotations={f"k{i}": "z" * 200 for i in range(60)}))
    agent = Agent(s.work, config=spoor_config(loki, jobs, api(fake)), dev=True)
    for name, uid in (("evil", "e-1"), ("climber", "e-2"), ("huge", "e-3")):
        Pod(agent.pods, name, "shop", "app", uid).write(f"from {name}")
    agent.start()
    wait_for(lambda: f"four lines, there are {lines_in(loki, 'spoor')}", lambda: lines_in(loki, "spoor") == 4, 30, 0.3)
    got = {line: dict(labels) for labels, line in everything(loki, "spoor")}
    s.expect(got["from evil"]["long"] == "ä" * 1024, f"a value of {len(got['from evil']['long'])} letters")
    s.expect(got["from evil"]["brace"] == '{a="b"}, c="d"' and got["from evil"]["feed"] == 'a\nb"\\' and got["from evil"]["quote_key_x_"] == "v", f"{got['from evil']}")
    s.expect(got["from a listed file"]["long"] == "y" * 2048 and "c" not in got["from a listed file"].values(), "the listed file's labels")
    s.expect(not any("{" in k for labels in got.values() for k in labels), "a name with a brace")
    s.expect("from an odd name" in got and got["from an odd name"]["filename"].endswith("/odd/__{a=\"b\"}\n.log"), f"lines {sorted(got)}")
    s.expect("root:secret" not in got, "a pod has led the agent to a file of the host")
    why = {t["state"]: t["why"] for t in agent.api("log-targets?job=led&state=dropped")["data"]["targets"] if "evil" in json.dumps(t)}
    s.expect("leads out" in why.get("dropped", ""), f"why: {why}")
    # Too many labels for Loki: its answer is told, the lines are counted as dropped, everything else goes on.
    wait_for("the refusal", lambda: any(d["reason"] for d in agent.api("drops")["data"].get("entries", agent.api("drops")["data"].get("recent", []))), 30, 0.3)
    Pod(agent.pods, "evil", "shop", "app", "e-1").write("and on")
    wait_for("the others go on", lambda: "and on" in {line for _, line in everything(loki, "spoor")}, 30, 0.3)
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def thousand(s):
    """A node with a thousand containers and the chart's rules: start-up and memory"""
    fake = FakeKubernetes(free_ports(1)).start()
    loki = Loki(f"{s.work}/loki", tenants=True).start()
    agent = Agent(s.work, config=spoor_config(loki, CHART, api(fake)))
    for i in range(1000):
        name, uid = f"app-{i}-5b8f9c7d6-abcde", f"{i:08x}-2222-4000-8000-000000000000"
        fake.put(pod(name, f"ns-{i % 20}", uid, labels={"app": f"app-{i}", "app.kubernetes.io/name": f"name-{i}", "team": "x"}, owner=f"ReplicaSet/app-{i}-5b8f9c7d6",
                     annotations={f"example.com/note-{k}": "some words " * 5 for k in range(10)}, ports={"app": [(80, "http"), (81, "admin")]}))
        Pod(agent.pods, name, f"ns-{i % 20}", "app", uid).write("hello")
    agent.start()
    wait_for(lambda: f"a thousand lines, there are {lines_in(loki, 'spoor')}", lambda: lines_in(loki, "spoor") == 1000, 120, 0.5)
    cpu, memory = agent.process.cpu_s(), agent.process.memory_mib()
    idle = cpu
    time.sleep(12)  # a reconciliation
    idle = agent.process.cpu_s() - idle
    s.note(f"{cpu:.2f} s of CPU to the last line, {memory:.1f} MiB, {idle:.2f} s for 12 s without news")
    if "asan" not in open(spoor_binary(), "rb").read(50 << 20).decode("latin-1"):
        s.expect(memory < 64, f"{memory:.1f} MiB for a thousand containers")
        s.expect(cpu < 5, f"{cpu:.2f} s of CPU to start a thousand containers")
    targets = agent.api("log-targets?limit=5000")["data"]
    s.expect(targets["is_cut"] or len({t["labels"]["job"] for t in targets["targets"]}) == 1000, f"{len(targets['targets'])} targets")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


main(chart, five_jobs, late_objects, files, hostile, thousand)
