"""The Helm chart, judged by a real helm: it renders with every set of values, what it renders keeps to the least rights, its configuration is
valid for the program, its alerts are valid rules over metrics that there are, and what is generated from it is up to date."""
import glob
import importlib.util
import os
import re
import subprocess

import yaml

from lib import Agent, Failed, Skip, main, spoor_binary

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
CHART = f"{ROOT}/deploy/helm/spoor"
VALUES = sorted(glob.glob(f"{CHART}/ci/*-values.yaml"))


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


def kind(objects, wanted):
    return [o for o in objects if o["kind"] == wanted]


def walk(value, path=()):
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from walk(inner, path + (key,))


FORBIDDEN = {"hostNetwork": True, "hostPID": True, "hostIPC": True, "privileged": True, "allowPrivilegeEscalation": True}


def problems_of(o):
    name = f"{o['kind']} {o['metadata']['name']}"
    for path, value in walk(o):
        if path and path[-1] in FORBIDDEN and value == FORBIDDEN[path[-1]]:
            yield f"{name}: {'.'.join(map(str, path))}"
    for rule in o.get("rules") or []:
        if "nodes/proxy" in rule["resources"] or "*" in rule["resources"] + rule["verbs"]:
            yield f"{name}: {rule}"
        if "secrets" in rule["resources"]:
            yield f"{name}: a right to secrets"
    spec = o.get("spec", {}).get("template", {}).get("spec", {}) if o["kind"] == "DaemonSet" else o.get("spec", {}) if o["kind"] == "Pod" else {}
    for c in spec.get("containers", []):
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
    for values in [None] + VALUES:
        helm("lint", CHART, *(["--values", values] if values else []))
        objects = render(values)
        s.expect(len(kind(objects, "DaemonSet")) == 1, f"{values}: no DaemonSet")
        s.no_problems([p for o in objects for p in problems_of(o)])
    s.note(f"{len(VALUES) + 1} sets of values")


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


def configurations(s):
    """The program takes the file and the arguments that the chart gives it."""
    for i, values in enumerate([None] + VALUES):
        objects = render(values)
        config = next(o for o in kind(objects, "ConfigMap") if o["metadata"]["name"] == "spoor")["data"]["spoor.yaml"]
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
    """README and plain manifests are what deploy/helm/generate.py makes."""
    spec = importlib.util.spec_from_file_location("generate", f"{ROOT}/deploy/helm/generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    helm("version")
    for path, text in ((f"{CHART}/README.md", generate.readme()), (f"{ROOT}/deploy/kubernetes/spoor.yaml", generate.plain(os.environ["HELM"]))):
        with open(path) as f:
            s.expect(f.read() == text, f"{os.path.relpath(path, ROOT)} is not up to date: run deploy/helm/generate.py HELM")
    with open(f"{CHART}/values.yaml") as f:
        values = yaml.safe_load(f)
    documented = {path.split(".")[0] for path, _, _ in generate.rows()}
    s.no_problems([f"{key} has no `# --` comment in values.yaml" for key in values if key not in documented])


main(renders, levels, schema, configurations, alerts, up_to_date)
