"""What the generator wrote, worked out independently of it, and a tally of what came back.

`expect(container, seq)` is the Python twin of tests/e2e/text.c. A Tally takes every record that a reader saw and tells
missing, repeated, reordered, corrupt and unexpected ones apart; it checks trace ids, spans, flags, levels and labels too.
"""
import re
import zlib

MASK = (1 << 64) - 1
KINDS = 10
LEVELS = ("info", "warn", "error", "debug")
ID = re.compile(r"c(\d{5})-(\d{10})")
CRC = re.compile(r'(?:,"crc":"([0-9a-f]{8})"\}| crc=([0-9a-f]{8}))$')


def mix(x):
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def expect(container, seq):
    """(stream, {trace_id, span_id, trace_flags}, level or None when the line does not say it by a key)"""
    base = (container << 40) + seq * 4
    kind = seq % KINDS
    stream = "stderr" if kind == 6 or seq % 8 == 5 else "stdout"
    level = LEVELS[seq // KINDS % 4] if kind in (0, 1, 3, 5, 7, 8, 9) else {2: "info", 4: "info", 6: "error"}[kind]
    if kind in (2, 6, 9):
        return stream, {}, level
    high, low, span = mix(base + 1), mix(base + 2), mix(base + 3)
    meta = {"trace_id": f"{high:016x}{low:016x}", "span_id": f"{span:016x}"}
    if kind == 5:
        meta["trace_id"] = f"{low:032x}"
    if kind == 8:
        del meta["span_id"]
    if kind in (0, 3, 7):
        meta["trace_flags"] = "01"
    return stream, meta, level


def identify(line):
    """(container, seq) of an intact record, None for anything else"""
    m, c = ID.search(line), CRC.search(line)
    if not m or not c:
        return None
    if zlib.crc32(line[: c.start()].encode()) != int(c.group(1) or c.group(2), 16):
        return None
    return int(m.group(1)), int(m.group(2))


class Manifest:
    """The generator's manifest; several runs add up (an index that comes again goes on where it ended)."""

    def __init__(self, *paths):
        self.rows = {}
        for path in paths:
            self.add(path)

    def add(self, path):
        with open(path) as f:
            for line in f:
                v = line.rstrip("\n").split("\t")
                self.rows[int(v[0])] = dict(namespace=v[1], pod=v[2], uid=v[3], container=v[4], records=int(v[5]), path=v[9])

    @property
    def records(self):
        return sum(r["records"] for r in self.rows.values())

    @property
    def traced(self):
        return sum(sum(1 for k in range(KINDS) if k not in (2, 6, 9)) * (r["records"] // KINDS)
                   + sum(1 for k in range(r["records"] % KINDS) if k not in (2, 6, 9)) for r in self.rows.values())


class Tally:
    """Every record seen, against the manifest. With is_wire, identical re-sends (same labels, timestamp, line and metadata:
    what Loki itself drops) are counted apart as `resent`; a record that comes again in any other form is `duplicated`."""

    def __init__(self, manifest, labels=("namespace", "pod", "container"), with_stream=True, is_wire=False):
        self.manifest, self.labels, self.with_stream, self.is_wire = manifest, labels, with_stream, is_wire
        self.seen = {}  # (container, seq) -> key of its first form
        self.last = {}  # (container, stream) -> highest seq
        self.duplicated = self.reordered = self.resent = 0
        self.corrupt, self.unexpected, self.wrong = [], [], []

    def add(self, labels, timestamp, line, meta):
        who = identify(line)
        if who is None:
            self.corrupt.append(line[:200])
            return
        key = (tuple(sorted(labels.items())), timestamp, tuple(sorted(meta.items())))
        first = self.seen.get(who)
        if first is not None:
            if self.is_wire and first == key:
                self.resent += 1
            else:
                self.duplicated += 1
            return
        self.seen[who] = key
        row = self.manifest.rows.get(who[0])
        if row is None or who[1] >= row["records"]:
            self.unexpected.append(who)
            return
        self._check(who, row, labels, meta)
        lane = (who[0], labels.get("stream"))
        if who[1] < self.last.get(lane, -1):
            self.reordered += 1
        else:
            self.last[lane] = who[1]

    def _check(self, who, row, labels, meta):
        stream, ids, level = expect(*who)
        got = {k: meta[k] for k in ("trace_id", "span_id", "trace_flags") if k in meta}
        if got != ids:
            self.wrong.append(f"{who}: trace context {got}, want {ids}")
        if meta.get("detected_level") != level:
            self.wrong.append(f"{who}: detected_level {meta.get('detected_level')}, want {level}")
        if self.with_stream and labels.get("stream") != stream:
            self.wrong.append(f"{who}: stream {labels.get('stream')}, want {stream}")
        for name in self.labels:
            if labels.get(name) != row[name]:
                self.wrong.append(f"{who}: label {name}={labels.get(name)}, want {row[name]}")

    def missing(self):
        return [(c, s) for c, row in sorted(self.manifest.rows.items()) for s in range(row["records"]) if (c, s) not in self.seen]

    def problems(self, may_miss=False):
        """One sentence for each kind of damage; an empty list when all is as written."""
        missing = [] if may_miss else self.missing()
        out = []
        if missing:
            out.append(f"{len(missing)} of {self.manifest.records} missing, first {missing[:5]}, last {missing[-1]}")
        for name in ("duplicated", "reordered"):
            if getattr(self, name):
                out.append(f"{getattr(self, name)} {name}")
        for name in ("corrupt", "unexpected", "wrong"):
            rows = getattr(self, name)
            if rows:
                out.append(f"{len(rows)} {name}, first {rows[0]}")
        return out
