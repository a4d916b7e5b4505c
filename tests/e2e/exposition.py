"""An exposition read independently of the agent: families with type, help and samples, in the text format or OpenMetrics."""
import re

LINE = re.compile(r'([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: (\S+))?(?: # (\{.*\} \S+.*))?$')
PAIR = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')


class Family:
    def __init__(self, name):
        self.name, self.type, self.help, self.samples = name, "untyped", "", {}


def parse(text):
    """{family: Family}; the key of a sample is (name, labels as sorted tuple). A sample twice, or a family in two places: an error."""
    families, current, closed = {}, None, set()

    def family(name):
        nonlocal current
        if current and current.name != name:
            closed.add(current.name)
        if name in closed:
            raise ValueError(f"family {name} is not in one place")
        current = families.setdefault(name, Family(name))
        return current

    for line in text.split("\n"):
        if line.startswith("# HELP "):
            name, _, help_ = line[7:].partition(" ")
            family(name).help = help_
        elif line.startswith("# TYPE "):
            name, _, kind = line[7:].partition(" ")
            family(name).type = kind
        elif line and line[0] != "#":
            m = LINE.match(line)
            if not m:
                raise ValueError(f"not a sample: {line!r}")
            name = m.group(1)
            owner = current if current and belongs(name, current) else family(name)
            key = (name, tuple(sorted(PAIR.findall(m.group(2) or ""))))
            if key in owner.samples:
                raise ValueError(f"sample twice: {line!r}")
            owner.samples[key] = float(m.group(3))
    return families


def belongs(name, family):
    if name == family.name:
        return True
    tails = {"histogram": ("_bucket", "_sum", "_count", "_created"), "summary": ("_sum", "_count", "_created"), "counter": ("_total", "_created"),
             "info": ("_info",)}
    return any(name == family.name + t for t in tails.get(family.type, ()))
