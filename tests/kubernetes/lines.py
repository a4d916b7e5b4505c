"""What lines.c wrote and Loki has: every run of it by its id, so that what is missing, there twice, changed or under other labels than its
neighbours shows without a list of what was written."""
import collections
import re

LINE = re.compile(r"level=(\w+) msg=tick run=([0-9a-f]{16}) seq=(\d+) trace_id=([0-9a-f]{32}) (?:last=(\d+)|pad=(x*))$")
LEVELS = ("info", "warn", "error", "debug")
IDENTITY = ("namespace", "pod", "container", "app", "node_name")


class Run:
    def __init__(self, identity):
        self.identity, self.seen, self.last, self.lengths, self.wrong = identity, collections.Counter(), None, collections.Counter(), []
        self.stderr = set()

    def missing(self):
        return [n for n in range(1, (self.last or max(self.seen)) + 1) if n not in self.seen]

    def problems(self):
        missing, twice = self.missing(), [n for n, times in self.seen.items() if times > 1]
        found = list(self.wrong[:3])
        if missing:
            found.append(f"{len(missing)} of {self.last or max(self.seen)} missing: {missing[:5]}…{missing[-1]}")
        if twice:
            found.append(f"{len(twice)} twice: {sorted(twice)[:5]}")
        if len(self.lengths) > 1:
            found.append(f"lines of {sorted(self.lengths.items())} bytes")
        return found


class Runs:
    """Given to Loki.read_back as the tally."""

    def __init__(self):
        self.by_id, self.strange = {}, []

    def add(self, labels, timestamp, line, meta):
        m = LINE.match(line)
        if not m:
            self.strange.append(line[:200])
            return
        level, run_id, seq, trace, last, pad = m.groups()
        identity = tuple(labels.get(k) for k in IDENTITY)
        run = self.by_id.setdefault(run_id, Run(identity))
        n = int(seq)
        run.seen[n] += 1
        if last:
            run.last = int(last)
        else:
            run.lengths[len(line)] += 1
        if labels.get("stream") == "stderr":
            run.stderr.add(n)
        wanted = {"trace_id": f"{run_id}{n:016x}", "detected_level": LEVELS[n % 4]}
        if {k: meta.get(k) for k in wanted} != wanted or trace != wanted["trace_id"] or level != wanted["detected_level"]:
            run.wrong.append(f"seq {n} has metadata {meta}")
        if identity != run.identity:
            run.wrong.append(f"seq {n} has labels {labels}, others {run.identity}")

    @property
    def lines(self):
        return sum(len(r.seen) for r in self.by_id.values())

    def of(self, **wanted):
        """Runs whose labels have these values; a value that ends with * is a beginning"""
        def fits(run):
            have = dict(zip(IDENTITY, run.identity))
            return all((have[k] or "").startswith(v[:-1]) if v.endswith("*") else have[k] == v for k, v in wanted.items())
        return [r for r in self.by_id.values() if fits(r)]

    def problems(self, must_have_ended=True):
        """One sentence for each run that is not whole; an empty list when all are"""
        out = [f"{r.identity[:3]}: {'; '.join(r.problems())}" for r in self.by_id.values() if r.problems()]
        if must_have_ended:
            out += [f"{r.identity[:3]}: no last line after {max(r.seen)}" for r in self.by_id.values() if not r.last]
        if self.strange:
            out.append(f"{len(self.strange)} lines are nobody's, first {self.strange[0]!r}")
        return out


def read(loki, selector, since_ns, until_ns):
    return loki.read_back(Runs(), selector, since_ns, until_ns)
