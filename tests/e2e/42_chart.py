"""The Helm chart, judged by a real helm and a real API server: it renders with every set of values, what it renders keeps to the least rights and
is taken by the server as it is, its configuration is valid for the program, its alerts are valid rules over metrics that there are, and what is
generated from it is up to date."""
import copy
import glob
import importlib.util
import os
import re
import subprocess

import yaml

import chart_crds
from kube_api import KubeApi
from lib import HERE, Agent, Failed, Loki, Skip, main, spoor_binary, wait_for

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
CHART = f"{ROOT}/deploy/helm/spoor"
VALUES = sorted(glob.glob(f"{CHART}/ci/*-values.yaml"))
# Besides those and the defaults: each level by itself, and what excludes one another.
MORE = {
    "level-0": {"rbac": {"level": 0}}, "level-1": {"rbac": {"level": 1}}, "level-2": {"rbac": {"level": 2}},
    "strict": {"securityProfile": "strict"}, "pod-monitors": {"monitors": {"podMonitors": True}}, "service-monitors": {"monitors": {"serviceMonitors": True}},
    "monitors": {"monitors": {"podMonitors": True, "serviceMonitors": True}, "remoteWriteUrl": "http://prometheus:9090/api/v1/write"},
    "own-roles": {"rbac": {"create": False}, "serviceAccount": {"create": False}},
    "service-monitor": {"serviceMonitor": {"enabled": True, "scrapeTimeout": "10s", "relabelings": [{"action": "labeldrop", "regex": "x"}],
                                           "endpointConfig": {"scheme": "https", "tlsConfig": {"insecureSkipVerify": True}}}},
    "pod-monitor": {"podMonitor": {"enabled": True, "interval": "15s", "metricRelabelings": [{"sourceLabels": ["__name__"], "regex": "go_.*", "action": "drop"}]}},
    "rules": {"prometheusRule": {"enabled": True, "severity": "critical", "namespace": "monitoring"}},
    "journal": {"journal": {"enabled": True}, "metrics": {"enabled": False}},
}


def helm(*arguments, may_fail=False):
    program = os.environ.get("HELM")
    if not program:
        raise Skip("no helm")
    p = subprocess.run([program, *arguments], capture_output=True, text=True)
    if p.returncode and not may_fail:
        raise Failed(f"helm {' '.join(arguments)}: {p.stderr.strip()[-500:]}")
    return p


def render(values=None):
    text = helm("template", "spoor", CHART, "--namespace", "spoor", *(["--values", values] if values else [])).stdout
    return [o for o in yaml.safe_load_all(text) if o]


def sets(s):
    """Paths of every set of values; None for the defaults"""
    for name, values in MORE.items():
        with open(f"{s.work}/{name}.yaml", "w") as f:
            yaml.safe_dump(values, f)
    return [None, *VALUES, *(f"{s.work}/{name}.yaml" for name in MORE)]


def kind(objects, wanted):
    return [o for o in objects if o["kind"] == wanted]


def walk(value, path=()):
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from walk(inner, path + (key,))


FORBIDDEN = {"hostNetwork": True, "hostPID": True, "hostIPC": True, "privileged": True, "allowPrivilegeEscalation": True}
READING = {"get", "list", "watch"}


def pod_of(o):
    return o["spec"]["template"] if o["kind"] == "DaemonSet" else o if o["kind"] == "Pod" else {}


def problems_of(o):
    name = f"{o['kind']} {o['metadata']['name']}"
    for path, value in walk(o):
        if path and path[-1] in FORBIDDEN and value == FORBIDDEN[path[-1]]:
            yield f"{name}: {'.'.join(map(str, path))}"
        if path and path[-1] == "hostPort":
            yield f"{name}: a port of the node"
    for rule in (o.get("rules") or []) if "Role" in o["kind"] else []:
        known = {"": {"pods", "nodes/pods", "services"}, "monitoring.coreos.com": {"podmonitors", "servicemonitors"}}
        if len(rule["apiGroups"]) != 1 or set(rule["resources"]) - known.get(rule["apiGroups"][0], set()) or set(rule["verbs"]) - READING:
            yield f"{name}: more than reading pods, and what names targets among them: {rule}"
    spec = pod_of(o).get("spec", {})
    if spec and spec["securityContext"]["seccompProfile"] != {"type": "RuntimeDefault"}:
        yield f"{name}: no seccomp profile"
    for c in spec.get("containers", []) + spec.get("initContainers", []):
        s = c.get("securityContext", {})
        if not s.get("readOnlyRootFilesystem") or s.get("allowPrivilegeEscalation") is not False or s["capabilities"]["drop"] != ["ALL"]:
            yield f"{name}: container {c['name']} may more than it should: {s}"
        if set(s["capabilities"].get("add", [])) - {"DAC_READ_SEARCH"}:
            yield f"{name}: container {c['name']} adds {s['capabilities']['add']}"
    for v in spec.get("volumes", []):
        mounts = [m for c in spec["containers"] for m in c["volumeMounts"] if m["name"] == v["name"]]
        if "hostPath" in v and v["name"] != "state" and not all(m.get("readOnly") for m in mounts):
            yield f"{name}: {v['hostPath']['path']} of the node is writable"


def renders(s):
    for values in sets(s):
        helm("lint", CHART, *(["--values", values] if values else []))
        objects = render(values)
        s.expect(len(kind(objects, "DaemonSet")) == 1, f"{values}: no DaemonSet")
        s.no_problems([f"{values}: {p}" for o in objects for p in problems_of(o)])
        agents = kind(objects, "DaemonSet")[0]["spec"]["selector"]["matchLabels"]
        s.no_problems([f"{values}: {o['metadata']['name']} would be taken for an agent" for o in kind(objects, "Pod") if agents.items() <= o["metadata"]["labels"].items()])
        s.no_problems([f"{values}: {o['kind']} {o['metadata']['name']} selects no agent" for o in kind(objects, "Service")
                       if not o["spec"]["selector"].items() <= pod_of(kind(objects, "DaemonSet")[0])["metadata"]["labels"].items()])
    s.note(f"{len(VALUES) + len(MORE) + 1} sets of values")


def catches(s):
    """That the rules above see what they forbid."""
    objects = render(f"{CHART}/ci/everything-values.yaml")
    daemon = next(i for i, o in enumerate(objects) if o["kind"] == "DaemonSet")
    role = next(i for i, o in enumerate(objects) if o["kind"] == "ClusterRole")
    worse = {
        "hostPID": lambda o: o[daemon]["spec"]["template"]["spec"].update(hostPID=True),
        "hostNetwork": lambda o: o[daemon]["spec"]["template"]["spec"].update(hostNetwork=True),
        "privileged": lambda o: o[daemon]["spec"]["template"]["spec"]["containers"][0]["securityContext"].update(privileged=True),
        "a port of the node": lambda o: o[daemon]["spec"]["template"]["spec"]["containers"][0]["ports"][0].update(hostPort=9195),
        "adds": lambda o: o[daemon]["spec"]["template"]["spec"]["containers"][0]["securityContext"]["capabilities"].update(add=["SYS_ADMIN"]),
        "is writable": lambda o: next(m for m in o[daemon]["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] if m["name"] == "pod-logs").pop("readOnly"),
        "no seccomp": lambda o: o[daemon]["spec"]["template"]["spec"]["securityContext"].update(seccompProfile={"type": "Unconfined"}),
        "nodes/proxy": lambda o: o[role]["rules"][0]["resources"].append("nodes/proxy"),
        "secrets": lambda o: o[role]["rules"].append({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}),
        "create": lambda o: o[role]["rules"][0]["verbs"].append("create"),
    }
    for words, change in worse.items():
        changed = copy.deepcopy(objects)
        change(changed)
        found = [p for o in changed for p in problems_of(o)]
        s.expect(len(found) == 1 and words in found[0], f"{words}: {found}")


def at(o, path):
    for key in path.split("."):
        o = o[int(key)] if isinstance(o, list) else o.get(key)
        if o is None:
            return None
    return o


# values → of which object, which field, what stands there
RENDERS = [
    ({}, "DaemonSet", "spec.template.spec.containers.0.image", "spoor:0.1.0"),
    ({"image": {"tag": "1.2.3-debug"}}, "DaemonSet", "spec.template.spec.containers.0.image", "spoor:1.2.3-debug"),
    ({"image": {"digest": "sha256:" + "a" * 64, "tag": "x"}}, "DaemonSet", "spec.template.spec.containers.0.image", "spoor@sha256:" + "a" * 64),
    ({"rbac": {"level": 0}}, "DaemonSet", "spec.template.spec.automountServiceAccountToken", False),
    ({"rbac": {"level": 2}}, "DaemonSet", "spec.template.spec.automountServiceAccountToken", True),
    ({"rbac": {"level": 0}}, "ClusterRole", "", None),
    ({"rbac": {"create": False}}, "ClusterRoleBinding", "", None),
    ({}, "ClusterRole", "rules", [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]}]),
    ({"monitors": {"podMonitors": True}}, "ClusterRole", "rules.1", {"apiGroups": ["monitoring.coreos.com"], "resources": ["podmonitors"], "verbs": ["list", "watch"]}),
    ({"monitors": {"podMonitors": True}}, "ConfigMap", "data", {"spoor.yaml": "metrics:\n  pod_monitors:\n    enabled: true\n"}),
    ({"monitors": {"podMonitors": True, "serviceMonitors": True}}, "ClusterRole", "rules.1.resources", ["podmonitors", "servicemonitors"]),
    ({"monitors": {"serviceMonitors": True}}, "ClusterRole", "rules.2", {"apiGroups": [""], "resources": ["services"], "verbs": ["list", "watch"]}),
    ({"serviceAccount": {"create": False, "name": "ours"}}, "ClusterRoleBinding", "subjects.0.name", "ours"),
    ({"serviceAccount": {"create": False}}, "DaemonSet", "spec.template.spec.serviceAccountName", "default"),
    ({"probe": {"scheme": "HTTPS"}}, "DaemonSet", "spec.template.spec.containers.0.livenessProbe.httpGet.scheme", "HTTPS"),
    ({"service": {"port": 9100}}, "DaemonSet", "spec.template.spec.containers.0.ports.0.containerPort", 9100),
    ({"service": {"port": 9100}}, "NetworkPolicy", "", None),
    ({"service": {"port": 9100}, "networkPolicy": {"enabled": True}}, "NetworkPolicy", "spec.ingress.0.ports.0.port", 9100),
    ({"networkPolicy": {"enabled": True}}, "NetworkPolicy", "spec.ingress.0.from", None),
    ({"networkPolicy": {"enabled": True, "from": [{"podSelector": {}}]}}, "NetworkPolicy", "spec.ingress.0.from.1.podSelector.matchLabels",
     {"app.kubernetes.io/name": "spoor-test", "app.kubernetes.io/instance": "spoor"}),
    ({"existingConfigMap": "theirs"}, "ConfigMap", "", None),
    ({"existingConfigMap": "theirs"}, "DaemonSet", "spec.template.spec.volumes.0.configMap.name", "theirs"),
    ({"existingConfigMap": "theirs"}, "Pod", "spec.volumes.0.configMap.name", "theirs"),
    ({"service": {"enabled": False}}, "Pod", "spec.containers.0.args", ["check", "/etc/spoor/spoor.yaml"]),
    ({"test": {"extraArgs": ["--web.user=u"]}}, "Pod", "spec.containers.0.args.4", "--web.user=u"),
    ({"fullnameOverride": "n" * 63}, "Pod", "metadata.name", "n" * 58 + "-test"),
    ({"fullnameOverride": "agent"}, "Pod", "spec.containers.0.args.3", "--web.listen-address=agent.spoor.svc:9195"),
    ({"namespace": {"create": True}}, "Namespace", "metadata.labels", {"pod-security.kubernetes.io/enforce": "privileged"}),
    ({"updateStrategy": {"type": "OnDelete", "rollingUpdate": None}}, "DaemonSet", "spec.updateStrategy", {"type": "OnDelete"}),
    ({"serviceMonitor": {"enabled": True, "interval": "7s"}}, "ServiceMonitor", "spec.endpoints.2.interval", "7s"),
    ({"podMonitor": {"enabled": True, "namespace": "monitoring"}}, "PodMonitor", "metadata.namespace", "monitoring"),
    ({"prometheusRule": {"enabled": True, "runbookUrl": "https://r/#"}}, "PrometheusRule", "spec.groups.0.rules.0.annotations.runbook_url", "https://r/#{alert}"),
]


def decides(s):
    """A value at a time: what becomes of it."""
    path = f"{s.work}/values.yaml"
    for values, of, field, wanted in RENDERS:
        with open(path, "w") as f:
            yaml.safe_dump(values, f)
        found = kind(render(path), of)
        got = (found[0] if found else None) if not field else at(found[0], field)
        if isinstance(wanted, str) and "{alert}" in wanted:
            wanted = wanted.replace("{alert}", found[0]["spec"]["groups"][0]["rules"][0]["alert"].lower())
        s.expect(got == wanted, f"{values}: {of} {field}: got {got}, want {wanted}")
    s.note(f"{len(RENDERS)} values")


def mounts(s):
    """Of the journal: nothing unless asked for, and never a folder made where journald would begin to fill it."""
    def hosts(values):
        path = f"{s.work}/values.yaml"
        with open(path, "w") as f:
            yaml.safe_dump(values, f)
        spec = pod_of(kind(render(path), "DaemonSet")[0])["spec"]
        return {v["hostPath"]["path"]: v["hostPath"].get("type") for v in spec["volumes"] if "hostPath" in v}
    s.expect(not [p for p in hosts({}) if "journal" in p or "machine" in p], "the journal is mounted though nobody asked")
    s.expect({"/etc/machine-id": "File", "/run/log/journal": "DirectoryOrCreate", "/var/log/journal": "Directory"}.items() <= hosts({"journal": {"enabled": True}}).items(),
             f"{hosts({'journal': {'enabled': True}})}")
    s.expect("/var/log/journal" not in hosts({"journal": {"enabled": True, "persistent": False}}), "/var/log/journal is mounted though it is not there")


def api_server(s):
    certificates = f"{s.work}/certificates"
    subprocess.run([f"{os.path.dirname(HERE)}/unit/certificates.sh", certificates], check=True, capture_output=True)
    api = KubeApi(f"{s.work}/api", certificates).start()
    for name in ("spoor", "monitoring"):
        api.must("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": {"pod-security.kubernetes.io/enforce": "privileged"}}})
    for one in chart_crds.SPECS:
        api.must("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", chart_crds.definition(one))
        wait_for(f"the resource {one}", lambda: api.call("GET", f"/apis/monitoring.coreos.com/v1/{chart_crds.plural(one)}")[0] == 200, 30)
    return api


RESOURCES = {"NetworkPolicy": "networkpolicies"}
CLUSTER = {"Namespace", "ClusterRole", "ClusterRoleBinding"}


def apply(api, o, dry=True):
    """As `kubectl apply --server-side [--dry-run=server] --validate=strict` sends it: (status, answer)"""
    base = "/api/v1" if o["apiVersion"] == "v1" else f"/apis/{o['apiVersion']}"
    where = "" if o["kind"] in CLUSTER else f"/namespaces/{o['metadata'].get('namespace', 'spoor')}"
    path = f"{base}{where}/{RESOURCES.get(o['kind'], chart_crds.plural(o['kind']))}/{o['metadata']['name']}"
    return api.call("PATCH", f"{path}?fieldManager=e2e&force=true&fieldValidation=Strict{'&dryRun=All' if dry else ''}", o, "application/apply-patch+yaml")


def server_side(s):
    """Every object of every set of values, the pods of the DaemonSet too, admitted by Pod Security as the chart says, refused where it says so."""
    api, count, kinds = api_server(s), 0, set()
    for values in sets(s):
        for o in render(values):
            status, answer = apply(api, o)
            s.expect(status < 300, f"{values}: {o['kind']} {o['metadata']['name']}: {status} {answer if isinstance(answer, str) else ''}"[:700])
            count, kinds = count + 1, kinds | {o["kind"]}
    s.expect(kinds >= {"DaemonSet", "Pod", "ServiceMonitor", "PodMonitor", "PrometheusRule", "NetworkPolicy", "ClusterRole", "Namespace"}, f"only {kinds}")
    daemon = kind(render(), "DaemonSet")[0]
    wrong = copy.deepcopy(daemon)
    wrong["spec"]["template"]["spec"]["containers"][0]["livenessProb"] = {}
    s.expect(apply(api, wrong)[0] >= 400, "a field that there is not was taken: nothing is proven")
    pod = {"apiVersion": "v1", "kind": "Pod", **copy.deepcopy(daemon["spec"]["template"])}
    pod["metadata"].update(name="spoor-x", namespace="spoor")
    s.expect(apply(api, pod)[0] < 300, f"Pod Security, privileged: {apply(api, pod)[1]}")
    test = kind(render(), "Pod")[0]
    for level in ("baseline", "restricted"):
        name = {"metadata": {"name": level, "labels": {"pod-security.kubernetes.io/enforce": level}}}
        api.must("POST", "/api/v1/namespaces", name)
        status, answer = apply(api, {**pod, "metadata": {**pod["metadata"], "namespace": level}})
        s.expect(status == 403 and "hostPath" in answer, f"Pod Security, {level}: {status} {answer}")
        s.expect(apply(api, {**test, "metadata": {**test["metadata"], "namespace": level}})[0] < 300, f"the pod of helm test asks for more than {level}")
    s.note(f"{count} objects of {len(kinds)} kinds")


def rights(s):
    """The roles, in force: what the agents' account may, asked of the server that decides it."""
    sets(s)
    api, asked = api_server(s), 0
    may = {0: set(), 1: {("list", "pods"), ("watch", "pods")}, 2: {("get", "nodes/pods")}}
    things = ["pods", "nodes/pods", "nodes/proxy", "nodes", "nodes/metrics", "nodes/stats", "nodes/log", "secrets", "configmaps", "pods/exec", "pods/log", "serviceaccounts/token", "namespaces"]
    for level, allowed in may.items():
        for o in render(f"{s.work}/level-{level}.yaml"):
            if o["kind"] in ("ServiceAccount", "ClusterRole", "ClusterRoleBinding"):
                status, answer = apply(api, o, dry=False)
                s.expect(status < 300, f"{o['kind']}: {status} {answer}")
        for resource in things:
            for verb in ("get", "list", "watch", "create", "update", "patch", "delete", "*"):
                name, _, part = resource.partition("/")
                review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
                          "spec": {"user": "system:serviceaccount:spoor:spoor", "groups": ["system:serviceaccounts", "system:serviceaccounts:spoor", "system:authenticated"],
                                   "resourceAttributes": {"verb": verb, "resource": name, "subresource": part, "namespace": "" if name == "nodes" else "spoor"}}}
                got = api.must("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)["status"]["allowed"]
                s.expect(got == ((verb, resource) in allowed), f"level {level}: {verb} {resource}: {'allowed' if got else 'not allowed'}")
                asked += 1
    s.note(f"{asked} questions")


def self_test(s):
    """What `helm test` starts, beside an agent: it passes; it fails without one, and when the destination is not there."""
    arguments = kind(render(f"{CHART}/ci/minimal-values.yaml"), "Pod")[0]["spec"]["containers"][0]["args"]
    loki = Loki(f"{s.work}/loki").start()
    agent = Agent(s.work, [loki.url]).start(scrape=False)

    def test(address):
        argv = [f"--config.file={agent.config}" if a.startswith("--config.file=") else f"--web.listen-address={address}" if a.startswith("--web.listen") else a for a in arguments]
        return subprocess.run([spoor_binary(), *argv], capture_output=True, text=True, timeout=60)
    p = test(f"127.0.0.1:{agent.port}")
    s.expect(p.returncode == 0 and "ready" in p.stdout and "takes requests" in p.stdout, f"{p.returncode}: {p.stdout}{p.stderr}")
    loki.stop()
    p = test(f"127.0.0.1:{agent.port}")
    s.expect(p.returncode == 1 and "cannot be connected" in p.stdout, f"without Loki: {p.returncode}: {p.stdout}{p.stderr}")
    agent.stop()
    p = test(f"127.0.0.1:{agent.port}")
    s.expect(p.returncode == 1 and "no agent answers" in p.stdout, f"without an agent: {p.returncode}: {p.stdout}{p.stderr}")


def levels(s):
    """Each level has exactly its rights, and the strict profile no capability."""
    wanted = {0: [], 1: [("pods", "list watch")], 2: [("nodes/pods", "get")]}
    for level, rules in wanted.items():
        path = f"{s.work}/level.yaml"
        with open(path, "w") as f:
            yaml.safe_dump({"rbac": {"level": level}, "securityProfile": "strict"}, f)
        objects = render(path)
        found = [(" ".join(sorted(r["resources"])), " ".join(r["verbs"])) for o in kind(objects, "ClusterRole") for r in o["rules"]]
        s.expect(found == rules, f"level {level}: {found}")
        container = kind(objects, "DaemonSet")[0]["spec"]["template"]["spec"]["containers"][0]
        s.expect("add" not in container["securityContext"]["capabilities"], "strict adds a capability")


def schema(s):
    """What no schema would let pass to the cluster."""
    bad = ["lokiURL=http://x/", "lokiUrl=loki:3100", "rbac.level=3", "image.digest=latest", "serviceMonitor.enabled=yes-please", "reloadInterval=10",
           "securityProfile=none", "labelProfile=OTEL", "service.port=0"]
    for setting in bad:
        p = helm("template", "spoor", CHART, "--set", setting, may_fail=True)
        s.expect(p.returncode != 0, f"--set {setting} was taken")
    p = helm("template", "spoor", CHART, "--set", "serviceMonitor.enabled=true,podMonitor.enabled=true", may_fail=True)
    s.expect(p.returncode != 0 and "scraped twice" in p.stderr, f"both monitors: {p.stderr[-200:]}")
    p = helm("template", "spoor", CHART, "--set", "monitors.podMonitors=true,rbac.level=2", may_fail=True)
    s.expect(p.returncode != 0 and "set rbac.level to 1" in p.stderr, f"monitors without the API server: {p.stderr[-200:]}")


def configurations(s):
    """The program takes the file and the arguments that the chart gives it."""
    for i, values in enumerate(sets(s)):
        objects = render(values)
        config = next((o for o in kind(objects, "ConfigMap") if o["metadata"]["name"] == "spoor"), {"data": {"spoor.yaml": ""}})["data"]["spoor.yaml"]
        path = f"{s.work}/{i}.yaml"
        with open(path, "w") as f:
            f.write(config)
        arguments = kind(objects, "DaemonSet")[0]["spec"]["template"]["spec"]["containers"][0]["args"]
        s.expect(arguments[0] == "run", f"arguments {arguments}")
        flags = [a for a in arguments[1:] if not a.startswith("--config.file=")]
        p = subprocess.run([spoor_binary(), "check", path, *flags], capture_output=True, text=True)
        s.expect(p.returncode == 0, f"{values}: {p.stdout}{p.stderr}")


def alerts(s):
    """Valid rules, each with its runbook, over metrics that the agent has."""
    objects = render(f"{CHART}/ci/everything-values.yaml")
    spec = kind(objects, "PrometheusRule")[0]["spec"]
    path = f"{s.work}/rules.yaml"
    with open(path, "w") as f:
        yaml.safe_dump(spec, f)
    p = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True)
    s.expect(p.returncode == 0, f"promtool: {p.stdout}{p.stderr}")
    with open(f"{ROOT}/tests/fixtures/alerts.yaml") as f:  # names rules.yaml, which is made here
        tests = f.read().replace("rules.yaml", path)
    with open(f"{s.work}/tests.yaml", "w") as f:
        f.write(tests)
    p = subprocess.run(["promtool", "test", "rules", f"{s.work}/tests.yaml"], capture_output=True, text=True)
    s.expect(p.returncode == 0, f"promtool test: {p.stdout}{p.stderr}")
    rules = [r for g in spec["groups"] for r in g["rules"]]
    with open(f"{ROOT}/docs/OPERATIONS.md") as f:
        headings = set(re.findall(r"^### (\w+)$", f.read(), re.M))
    s.no_problems([f"{r['alert']} has no runbook in docs/OPERATIONS.md" for r in rules if r["alert"] not in headings])
    with open(f"{ROOT}/docs/OPERATIONS.md") as f:
        known = set(re.findall(r"`(spoor_\w+)", f.read()))
    agent = Agent(s.work, ["http://127.0.0.1:1"]).start()
    known |= set(agent.scrape())
    agent.stop()
    used = {name for r in rules for name in re.findall(r"\bspoor_\w+", r["expr"])}
    s.no_problems([f"{name} is in an alert, and nowhere else" for name in sorted(used - known)])
    s.note(f"{len(rules)} alerts")


def up_to_date(s):
    """README, plain manifests and renders are what deploy/helm/generate.py makes."""
    spec = importlib.util.spec_from_file_location("generate", f"{ROOT}/deploy/helm/generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    helm("version")
    for path, text in ((f"{CHART}/README.md", generate.readme()), (f"{ROOT}/deploy/kubernetes/spoor.yaml", generate.plain(os.environ["HELM"])),
                       *generate.rendered(os.environ["HELM"]).items()):
        with open(path) as f:
            s.expect(f.read() == text, f"{os.path.relpath(path, ROOT)} is not up to date: run deploy/helm/generate.py HELM")
    with open(f"{CHART}/values.yaml") as f:
        values = yaml.safe_load(f)
    documented = {path.split(".")[0] for path, _, _ in generate.rows()}
    s.no_problems([f"{key} has no `# --` comment in values.yaml" for key in values if key not in documented])


main(renders, catches, decides, levels, mounts, schema, configurations, self_test, server_side, rights, alerts, up_to_date)
