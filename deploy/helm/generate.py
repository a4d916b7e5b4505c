#!/usr/bin/env python3
"""generate.py [HELM] - writes what is made from the chart's values: the table of values in spoor/README.md, and, with a helm program, the
plain manifests deploy/kubernetes/spoor.yaml and what each of spoor/ci renders to (tests/fixtures/chart), so that a change of the chart is seen as
one of its objects. tests/e2e/42_chart checks that all are up to date."""
import glob
import os
import re
import subprocess
import sys

here = os.path.dirname(os.path.abspath(__file__))
chart = os.path.join(here, "spoor")
manifests = os.path.join(here, "..", "kubernetes")
renders = os.path.join(here, "..", "..", "tests", "fixtures", "chart")


def rows():
    """(path, default, what it says) of each value that has a `# --` comment."""
    path, says = [], None
    for line in open(f"{chart}/values.yaml"):
        comment = re.match(r"\s*# -- (.*)", line)
        key = re.match(r"(\s*)([A-Za-z]\w*):\s*(.*?)\s*$", line)
        if comment:
            says = comment.group(1)
        elif key:
            path = path[: len(key.group(1)) // 2] + [key.group(2)]
            if says is not None:
                yield ".".join(path), key.group(3) or "see values.yaml", says
            says = None


def readme():
    with open(f"{chart}/README.head.md") as f:
        head = f.read()
    table = ["## Values", "", "| value | default | |", "|---|---|---|"]
    table += [f"| `{path}` | `{default}` | {says.replace('|', chr(92) + '|')} |" for path, default, says in rows()]
    return head.rstrip("\n") + "\n\n" + "\n".join(table) + "\n"


def template(helm, *arguments):
    return subprocess.run([helm, "template", "spoor", chart, "--namespace", "spoor", *arguments], check=True, capture_output=True, text=True).stdout


def rendered(helm):
    """{path: text} for each of spoor/ci; of dashboards, which are files of the chart, the names."""
    made = {}
    for values in sorted(glob.glob(f"{chart}/ci/*-values.yaml")):
        text = template(helm, "--values", values)
        made[f"{renders}/{os.path.basename(values).replace('-values', '')}"] = re.sub(r"^(  [\w-]+\.json: )\|\n(?:(?:    .*)?\n)+", r"\1…\n", text, flags=re.M)
    return made


def plain(helm):
    text = template(helm, "--no-hooks", "--values", f"{manifests}/values.yaml")
    return "# Made from deploy/helm/spoor by deploy/helm/generate.py: change the chart, not this file.\n" + text.lstrip("-\n")


def main():
    made = {f"{chart}/README.md": readme()}
    if len(sys.argv) > 1:
        made[f"{manifests}/spoor.yaml"] = plain(sys.argv[1])
        made.update(rendered(sys.argv[1]))
    for path, text in made.items():
        with open(path, "w") as f:
            f.write(text)


if __name__ == "__main__":
    main()
