"""The Terraform module and its example, judged by a real OpenTofu and a real helm. What its providers must know (whether a resource has such an
attribute) takes the providers, which no package client brings: TOFU_PROVIDERS names a folder with them (`tofu providers mirror FOLDER`), without
it that part is not run. What becomes of the variables takes none: those are evaluated, and the chart takes the result."""
import json
import os
import re
import shutil
import subprocess

import yaml

from lib import ROOT, Skip, free_ports, main, spoor_binary
from servers import program

MODULE = f"{ROOT}/deploy/terraform"
EXAMPLE = f"{MODULE}/examples/complete"


def tofu(s, *arguments, cwd=None, ok=True):
    """In a copy: it writes beside what it reads. Never through the network: no registry is asked."""
    path = f"{s.work}/tofurc"
    mirror = os.environ.get("TOFU_PROVIDERS", f"{s.work}/none")
    with open(path, "w") as f:
        f.write(f'disable_checkpoint = true\nprovider_installation {{\n  filesystem_mirror {{ path = "{mirror}" }}\n}}\n')
    env = dict(os.environ, TF_CLI_CONFIG_FILE=path, TF_IN_AUTOMATION="1", CHECKPOINT_DISABLE="1")
    p = subprocess.run([program("TOFU"), *arguments], cwd=cwd, env=env, capture_output=True, text=True)
    if ok and p.returncode:
        raise AssertionError(f"tofu {' '.join(arguments)}: {p.returncode}\n{p.stdout[-1500:]}{p.stderr[-1500:]}")
    return p


def formatted(s):
    p = tofu(s, "fmt", "-check", "-recursive", "-diff", MODULE, ok=False)
    s.expect(p.returncode == 0, f"{p.stdout[-800:]}{p.stderr[-300:]}")
    bad = f"{s.work}/bad"
    os.makedirs(bad)
    with open(f"{bad}/main.tf", "w") as f:
        f.write('locals {\n a   = 1\n}\n')
    s.expect(tofu(s, "fmt", "-check", bad, ok=False).returncode != 0, "it takes what is not formatted")


def copied(s, name, files, text):
    """A folder with parts of a module, and outputs of what its locals are."""
    folder = f"{s.work}/{name}"
    os.makedirs(folder)
    for path in files:
        shutil.copy(path, folder)
    with open(f"{folder}/outputs_of_the_test.tf", "w") as f:
        f.write(text)
    tofu(s, "init", "-backend=false", "-input=false", cwd=folder)
    tofu(s, "validate", cwd=folder)
    return folder


def outputs(s, folder, *variables, ok=True):
    state = f"-state={folder}/{free_ports(1)}.tfstate"
    p = tofu(s, "apply", "-auto-approve", "-input=false", state, *(f"-var={v}" for v in variables), cwd=folder, ok=ok)
    if p.returncode:
        return p.stderr
    return {k: json.loads(v["value"]) for k, v in json.loads(tofu(s, "output", "-json", state, cwd=folder).stdout).items()}


def variables(s):
    """Each variable arrives in the chart; a wrong one is refused before."""
    folder = copied(s, "module", [f"{MODULE}/locals.tf", f"{MODULE}/variables.tf"], 'output "values" { value = jsonencode(local.values) }\noutput "chart" { value = jsonencode(local.chart) }\n')
    cases = [
        ([], lambda v: v["rbac"]["level"] == 1 and v["secretMounts"] == [] and not v["serviceMonitor"]["enabled"]),
        (["image_repository=r/spoor", "image_tag=1"], lambda v: v["image"] == {"repository": "r/spoor", "tag": "1"}),
        (["loki_url=http://l:3100/loki/api/v1/push", "remote_write_url=http://p:9090/api/v1/write"], lambda v: v["lokiUrl"].startswith("http://l") and v["remoteWriteUrl"].startswith("http://p")),
        (["existing_secret=s"], lambda v: v["secretMounts"] == [{"name": "s", "mountPath": "/etc/spoor-secrets"}]),
        (['service_monitor_labels={ release = "kps" }'], lambda v: v["serviceMonitor"] == {"enabled": True, "additionalLabels": {"release": "kps"}}),
        (["rbac_level=2"], lambda v: v["rbac"] == {"level": 2}),
    ]
    for given, holds in cases:
        got = outputs(s, folder, *given)
        s.expect(holds(got["values"]), f"{given}: {got}")
        path = f"{s.work}/values.yaml"
        with open(path, "w") as f:
            yaml.safe_dump(got["values"], f)
        p = subprocess.run([program("HELM"), "template", "spoor", f"{ROOT}/deploy/helm/spoor", "--values", path], capture_output=True, text=True)
        s.expect(p.returncode == 0 and "DaemonSet" in p.stdout, f"{given}: {p.stderr[-500:]}")
    refused = outputs(s, folder, "rbac_level=3", ok=False)
    s.expect("rbac_level is 0, 1 or 2" in str(refused), f"rbac_level=3: {refused}")
    s.expect(outputs(s, folder)["chart"].endswith("/../helm/spoor") and outputs(s, folder, "chart=c")["chart"] == "c", "the chart's place")
    with open(f"{MODULE}/README.md") as f:
        s.expect("variables.tf" in f.read(), "the README names another file")
    s.note(f"{len(cases)} sets of variables")


def behind_tls(s):
    """The README's way to a Loki with TLS and a user: as OpenTofu evaluates it, helm renders it and the program reads it."""
    with open(f"{MODULE}/README.md") as f:
        extra = re.search(r"extra_values = \[(yamlencode\(.*?\n  \}\))\]", f.read(), re.S).group(1)
    folder = copied(s, "module", [f"{MODULE}/locals.tf", f"{MODULE}/variables.tf"], f'output "values" {{ value = jsonencode(yamlencode(local.values)) }}\noutput "extra" {{ value = jsonencode({extra}) }}\n')
    got, arguments = outputs(s, folder, "create_namespace=false", "existing_secret=loki-credentials"), []
    for name, text in got.items():
        with open(f"{s.work}/{name}.yaml", "w") as f:
            f.write(text)
    for name in ("values", "extra"):
        arguments += ["--values", f"{s.work}/{name}.yaml"]
    p = subprocess.run([program("HELM"), "template", "spoor", f"{ROOT}/deploy/helm/spoor", *arguments], capture_output=True, text=True)
    s.expect(p.returncode == 0, p.stderr[-500:])
    objects = [o for o in yaml.safe_load_all(p.stdout) if o]
    text = next(o for o in objects if o["kind"] == "ConfigMap")["data"]["spoor.yaml"]
    mounted = {m["mountPath"] for o in objects if o["kind"] == "DaemonSet" for m in o["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]}
    for key in ("password", "ca.crt"):
        s.expect(f"/etc/spoor-secrets/{key}" in text and "/etc/spoor-secrets" in mounted, f"{key} is not where it is looked for: {text}")
    with open(f"{s.work}/spoor.yaml", "w") as f:
        f.write(text)
    p = subprocess.run([spoor_binary(), "check", f"{s.work}/spoor.yaml"], capture_output=True, text=True)
    s.expect(p.returncode == 0 and "https://loki.example.net" in p.stdout, f"{p.returncode}: {p.stdout}{p.stderr}")


def block(text, head):
    """A block of the file, as text, from its head to the brace in the first column"""
    return re.search(rf"^{re.escape(head)} {{\n.*?^}}\n", text, re.M | re.S).group(0)


def example(s):
    """Whom Grafana and the module are told to ask are parts of the example, on the ports that they have, with an image each."""
    with open(f"{EXAMPLE}/main.tf") as f:
        text = f.read()
    own = f"{s.work}/parts.tf"
    with open(own, "w") as f:
        f.write(block(text, "locals") + block(text, 'variable "images"'))
    folder = copied(s, "example", [own], 'output "parts" { value = jsonencode(local.parts) }\noutput "images" { value = jsonencode(var.images) }\noutput "namespace" { value = jsonencode(local.namespace) }\n')
    got = outputs(s, folder)
    s.expect(set(got["parts"]) == {"prometheus", "loki", "jaeger", "grafana"} and set(got["images"]) == {*got["parts"], "hotrod"}, f"{got}")
    source = re.search(r'grafana/(datasources[\w-]*\.yaml)', text).group(1)
    with open(f"{ROOT}/deploy/grafana/{source}") as f:
        sources = yaml.safe_load(f)["datasources"]
    asked = {re.fullmatch(r"http://(\w+):(\d+)", d["url"]).groups() for d in sources}
    s.expect(asked == {(name, str(part["port"])) for name, part in got["parts"].items() if name != "grafana"}, f"data sources ask {asked}")
    module = dict(re.findall(r'^  (\w+_url) += "(\S+)"$', block(text, 'module "spoor"'), re.M))
    s.expect(module == {"loki_url": "http://loki.${local.namespace}.svc:3100/loki/api/v1/push", "remote_write_url": "http://prometheus.${local.namespace}.svc:9090/api/v1/write"}, f"{module}")
    s.expect({"--web.enable-remote-write-receiver", "--enable-feature=exemplar-storage"} <= set(got["parts"]["prometheus"]["args"]), "Prometheus would refuse what is sent, or its exemplars")
    with open(f"{MODULE}/variables.tf") as f:
        known = set(re.findall(r'^variable "(\w+)"', f.read(), re.M))
    s.expect(set(module) <= known, f"{set(module) - known} are no variables of the module")


def validates(s):
    if not os.environ.get("TOFU_PROVIDERS"):
        raise Skip("no providers: TOFU_PROVIDERS names no folder that `tofu providers mirror` has made")
    shutil.copytree(f"{ROOT}/deploy", f"{s.work}/deploy")
    for folder in ("deploy/terraform", "deploy/terraform/examples/complete"):
        tofu(s, "init", "-backend=false", "-input=false", cwd=f"{s.work}/{folder}")
        tofu(s, "validate", cwd=f"{s.work}/{folder}")
    with open(f"{s.work}/deploy/terraform/main.tf", "a") as f:
        f.write('resource "helm_release" "wrong" {\n  name      = "x"\n  chart     = "y"\n  namespaze = "z"\n}\n')
    s.expect(tofu(s, "validate", cwd=f"{s.work}/deploy/terraform", ok=False).returncode != 0, "an attribute that there is not was taken")


main(formatted, variables, behind_tls, example, validates)
