"""The measuring instruments themselves: each kind of damage, planted on purpose, must be told by its name, both by the fake
Loki's decoder and by reading back from the real one. Without this an `ok` of the other scenarios would mean little."""
import glob
import json
import time

import fake_loki
import oracle
from lib import Failed, Loki, free_ports, generate, get, ledger_faults, main, parse_metrics


def cri_records(directory):
    """A plain reader of one container's live file: (timestamp, stream, line) with partial lines joined."""
    held = {}
    with open(glob.glob(f"{directory}/*.log")[0], newline="\n") as f:
        for raw in f:
            at, stream, tag, text = raw.rstrip("\n").split(" ", 3)
            held[stream] = held.get(stream, "") + text
            if tag == "F":
                seconds, fraction = at[:19], (at[20:-1] + "0" * 9)[:9] if "." in at else "0" * 9
                ns = int(time.mktime(time.strptime(seconds + "UTC", "%Y-%m-%dT%H:%M:%S%Z")) - time.timezone) * 10**9 + int(fraction)
                yield ns, stream, held.pop(stream)


def records_of(s, **options):
    truth = oracle.Manifest(generate(s.work, root=f"{s.work}/logs", containers=3, records=600, rate=0, **options))
    rows = []
    for index, row in truth.rows.items():
        for ns, stream, line in cri_records(row["path"].rsplit("/", 1)[0]):
            who = oracle.identify(line)
            if who is None:
                raise Failed(f"generator wrote what the oracle does not know: {line[:200]!r}")
            _, ids, level = oracle.expect(*who)
            labels = {"namespace": row["namespace"], "pod": row["pod"], "container": row["container"], "stream": stream}
            rows.append((labels, ns, line, dict(ids, detected_level=level)))
    return truth, rows


def damage(rows):
    """name -> (rows with that damage, the word that must be in the verdict)"""
    cut = list(rows)
    cut[7] = (cut[7][0], cut[7][1], cut[7][2][:-1] + "x", cut[7][3])
    late = [(r[0], r[1] + (5 if i == 9 else 0), r[2], r[3]) for i, r in enumerate(rows)]
    wrong_trace = [(r[0], r[1], r[2], dict(r[3], trace_id="f" * 32) if i == 3 else r[3]) for i, r in enumerate(rows)]
    wrong_label = [(dict(r[0], pod="other") if i == 4 else r[0], *r[1:]) for i, r in enumerate(rows)]
    lanes = [i for i, r in enumerate(rows) if r[0] == rows[0][0]]
    swapped = list(rows)
    swapped[lanes[1]], swapped[lanes[2]] = rows[lanes[2]], rows[lanes[1]]
    return {
        "nothing": (rows, None), "lost": (rows[:20] + rows[21:], "missing"), "lost tail": (rows[:-1], "missing"),
        "duplicate hides loss": (rows[:20] + [late[9]] + rows[21:], "duplicated"), "corrupt": (cut, "corrupt"),
        "wrong trace id": (wrong_trace, "wrong"), "wrong label": (wrong_label, "wrong"), "swapped": (swapped, "reordered"),
        "foreign": (rows + [(rows[0][0], 1, rows[0][2].replace("c00000", "c00777"), {})], "corrupt"),
    }


def tally(s):
    truth, rows = records_of(s)
    for name, (damaged, word) in damage(rows).items():
        t = oracle.Tally(truth, is_wire=True)
        for r in damaged:
            t.add(*r)
        problems = "; ".join(t.problems())
        s.expect((not problems) if word is None else word in problems, f"{name}: the verdict is {problems!r}, want {word}")
    again = oracle.Tally(truth, is_wire=True)
    for r in rows + rows[:50]:
        again.add(*r)
    s.expect(not again.problems() and again.resent == 50, f"identical re-sends: {again.problems()}, {again.resent}")


def key(number, kind):
    return varint(number << 3 | kind)


def varint(v):
    out = b""
    while v > 127:
        out += bytes([v & 127 | 128])
        v >>= 7
    return out + bytes([v])


def part(number, b):
    return key(number, 2) + varint(len(b)) + b


def push_body(rows):
    """A PushRequest of literal-only snappy."""
    body = b""
    for labels, ns, line, meta in rows:
        text = "{" + ", ".join(f'{k}="{v}"' for k, v in sorted(labels.items())) + "}"
        stamp = key(1, 0) + varint(ns // 10**9) + key(2, 0) + varint(ns % 10**9)
        pairs = b"".join(part(3, part(1, k.encode()) + part(2, v.encode())) for k, v in meta.items())
        body += part(1, part(1, text.encode()) + part(2, part(1, stamp) + part(2, line.encode()) + pairs))
    out = varint(len(body))
    for i in range(0, len(body), 60000):
        piece = body[i:i + 60000]
        out += b"\xf4" + (len(piece) - 1).to_bytes(2, "little") + piece
    return out


def fake(s):
    truth, rows = records_of(s)
    server = fake_loki.FakeLoki(free_ports(1)).start()
    url = f"http://127.0.0.1:{server.port}/loki/api/v1/push"
    for i in range(0, len(rows), 500):
        s.expect(get(url, method="POST", data=push_body(rows[i:i + 500]))[0] == 204, "push refused")
    t = oracle.Tally(truth, is_wire=True)
    for e in server.snapshot():
        t.add(e.labels, e.timestamp, e.line, e.meta)
    s.no_problems(t.problems())
    get(url, method="POST", data=push_body(rows[:1])[:-3])
    s.expect(len(server.damage) == 1, "a cut body must be told as damage")
    s.expect(fake_loki.unsnappy(bytes([11, 0x08]) + b"abc" + bytes([0x01 | 4 << 2, 3])) == b"abcabcabcab", "snappy copy with overlap")
    server.stop()


def loki(s):
    truth, rows = records_of(s)
    server = Loki(f"{s.work}/loki").start()
    start = time.time() - 600

    def push(some):
        streams = [{"stream": r[0], "values": [[str(r[1]), r[2], r[3]]]} for r in some]
        code, text = get(server.url + "/loki/api/v1/push", method="POST", headers={"Content-Type": "application/json"},
                         data=json.dumps({"streams": streams}).encode())
        s.expect(code == 204, f"Loki refuses: {code} {text}")

    push(rows[:-1])
    lost = server.tally_all(oracle.Tally(truth), start).problems()
    s.expect(len(lost) == 1 and lost[0].startswith("1 of 1800 missing"), f"one lost record: {lost}")
    push(rows[-1:])
    push(rows[100:200])  # identical again: Loki drops them
    whole = oracle.Tally(truth)
    for row in truth.rows.values():
        server.read_back(whole, f'{{pod="{row["pod"]}"}}', int(start * 1e9), int(time.time() * 1e9), limit=70)  # many pages
    s.no_problems(whole.problems())
    s.expect(server.count() == 1800, f"count_over_time says {server.count()}")
    s.expect(server.count('{namespace=~".+"} | trace_id != ""') == truth.traced, "count by trace_id")
    push([(rows[5][0], rows[5][1] + 1, rows[5][2], rows[5][3])])
    twice = server.tally_all(oracle.Tally(truth), start).problems()
    s.expect(twice == ["1 duplicated"], f"one duplicate: {twice}")
    server.stop()
    server.start()
    s.expect(server.count() == 1801, f"after a restart {server.count()}")
    s.note(f"Loki RSS {server.process.memory_mib():.0f} MiB")


def ledger(s):
    text = 'spoor_log_lines_read_total 10\nspoor_log_lines_sent_total{destination="a"} 7\nspoor_log_lines_pending{destination="a"} 2\n' \
        'spoor_log_lines_dropped_total{destination="a",reason="x"} %d\n'
    s.expect(not ledger_faults(parse_metrics(text % 1)) and ledger_faults(parse_metrics(text % 0)), "the ledger equation")


main(tally, fake, loki, ledger)
