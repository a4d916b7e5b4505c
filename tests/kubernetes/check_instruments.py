"""Proof of what judges the lines: planted damage of each kind is told."""
import lines

LABELS = {"namespace": "work", "pod": "web", "container": "web", "app": "web", "node_name": "node"}
RUN = "00000000000000ab"


def line(n, last=None):
    head = f"level={lines.LEVELS[n % 4]} msg=tick run={RUN} seq={n} trace_id={RUN}{n:016x} "
    return f"{head}last={last}" if last else f"{head}pad=".ljust(110, "x")


def meta(n):
    return {"trace_id": f"{RUN}{n:016x}", "detected_level": lines.LEVELS[n % 4]}


WHOLE = [(LABELS, line(n, 5 if n == 5 else None), meta(n)) for n in range(1, 6)]
DAMAGE = {  # name: (records, what is told of them)
    "none": (WHOLE, None),
    "missing": (WHOLE[:2] + WHOLE[3:], "1 of 5 missing"),
    "twice": (WHOLE + WHOLE[1:2], "1 twice"),
    "cut at the end": (WHOLE[:4], "no last line"),
    "other labels": (WHOLE[:1] + [({**LABELS, "app": None}, *WHOLE[1][1:])] + WHOLE[2:], "others"),
    "no trace id": (WHOLE[:1] + [(LABELS, WHOLE[1][1], {})] + WHOLE[2:], "metadata {}"),
    "a cut line": (WHOLE[:1] + [(LABELS, line(2)[:-1], meta(2))] + WHOLE[2:], "bytes"),
    "a line of nobody's": (WHOLE + [(LABELS, "hello", {})], "nobody's"),
}


def instruments(s, x):
    for name, (records, wanted) in DAMAGE.items():
        runs = lines.Runs()
        for labels, text, more in records:
            runs.add(labels, 1, text, more)
        told = "; ".join(runs.problems())
        s.expect((wanted in told) if wanted else not told, f"{name}: told {told!r}")
    s.note(f"{len(DAMAGE) - 1} kinds of damage")


CHECKS = [instruments]
