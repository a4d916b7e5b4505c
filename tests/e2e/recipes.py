"""The files that stand in docs/RECIPES.md, so that what is documented is what runs."""
import os
import re
import subprocess

import yaml

from lib import ROOT, Failed, Skip

CHART = f"{ROOT}/deploy/helm/spoor"
BLOCK = re.compile(r"^```yaml\n# (spoor\.yaml|values\.yaml|Grafana)\n(.*?)^```", re.M | re.S)


def all_recipes():
    """{heading: [(kind, text)]} in the order of the page"""
    with open(f"{ROOT}/docs/RECIPES.md") as f:
        parts = re.split(r"^## (.*)\n", f.read(), flags=re.M)[1:]
    return {heading: BLOCK.findall(text) for heading, text in zip(parts[::2], parts[1::2])}


def recipe(heading, kind, n=0):
    """The n-th file of the kind"""
    found = [text for k, text in all_recipes()[heading] if k == kind]
    if n >= len(found):
        raise Failed(f"docs/RECIPES.md, {heading}: there is no {kind} number {n}")
    return found[n]


def put(text, *pairs):
    """text with each pair (old, new) replaced; the old must be there"""
    for old, new in pairs:
        if old not in text:
            raise Failed(f"the recipe has no {old!r}")
        text = text.replace(old, new)
    return text


def rendered(work, values, **more):
    """The objects of the chart with values (text of YAML)"""
    program = os.environ.get("HELM")
    if not program:
        raise Skip("no helm")
    path = f"{work}/values.yaml"
    with open(path, "w") as f:
        f.write(values)
    p = subprocess.run([program, "template", "spoor", CHART, "--namespace", "spoor", "--values", path, *(f"--set={k}={v}" for k, v in more.items())],
                       capture_output=True, text=True)
    if p.returncode:
        raise Failed(f"helm template: {p.stderr.strip()[-500:]}")
    return [o for o in yaml.safe_load_all(p.stdout) if o]


def only(objects, kind):
    found = [o for o in objects if o["kind"] == kind]
    if len(found) != 1:
        raise Failed(f"{len(found)} objects of kind {kind}")
    return found[0]


def config_of(objects):
    return next(o for o in objects if o["kind"] == "ConfigMap" and o["metadata"]["name"] == "spoor")["data"]["spoor.yaml"]
