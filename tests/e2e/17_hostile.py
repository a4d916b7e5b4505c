"""A pod that wants to harm (fault table, rows 142 to 147): labels through content, terminal escapes, JSON bombs, fake trace ids,
streams without end; and a client that wants to harm the agent's own port."""
import json
import os
import random
import socket
import time

from fake_loki import FakeLoki
from lib import Agent, Pod, free_ports, get, main, total, wait_for


def content(s):
    fake = FakeLoki(free_ports(1)).start()
    agent = Agent(s.work, [f"http://127.0.0.1:{fake.port}"], dev=True).start()
    pod = Pod(agent.pods, "hostile")
    random.seed(3)
    lines = ['"}, {job="forged', '{namespace="kube-system", pod="victim"} forged', "\x1b]0;title\x07\x1b[2J cleared", "{" * 15000, '{"a":' * 3000 + "1" + "}" * 3000,
             '{"k":1,' * 2000, '{"n":' + "9" * 10000 + "}", '{"trace_id":"' + "0" * 32 + '"}', "trace_id=" + "f" * 33, "trace_id=\uff11" * 50,
             " ".join(f"trace_id={'g' * 32}" for _ in range(300)), "<script>alert(1)</script><img src=x onerror=alert(1)>", "%s%n%d%x", "\\" * 5000, '"' * 5001,
             json.dumps({"level": "<b>", "message": "\u0000"}), "\u202e\u2066 rtl", "trace_id=" * 1500]
    lines += ["".join(chr(random.randrange(32, 127)) for _ in range(random.randrange(1, 400))) for _ in range(300)]
    pod.write(*lines)
    wait_for(lambda: f"{len(lines)} lines, there are {len(fake.lines(pod='hostile'))}", lambda: len(fake.lines(pod="hostile")) >= len(lines), 20)
    got = fake.lines(pod="hostile")
    different = [(a, b) for a, b in zip(lines, got) if a != b]
    s.expect(not different, f"changed on the way: {different[0] if different else ''}")
    s.expect(not fake.damage, f"undecodable requests: {fake.damage[:2]}")
    labels = {tuple(sorted(e.labels.items())) for e in fake.snapshot()}
    s.expect(len(labels) == 1, f"{len(labels)} streams from one container: {list(labels)[:3]}")
    s.expect(not any("trace_id" in e.meta for e in fake.snapshot()), f"a fake trace id was taken: {[e.line[:80] for e in fake.snapshot() if 'trace_id' in e.meta][:2]}")
    s.expect("\x1b" not in agent.process.log_text(), "an escape sequence in the agent's log")
    for path in ("/", "/api/v1/records", "/api/v1/files", "/metrics"):
        status, body = get(agent.url + path)
        s.expect(status == 200, f"{path} answers {status}")
        s.expect("\x1b" not in body, f"an escape sequence in {path}")
    s.expect("<script>alert" not in get(agent.url + "/")[1], "markup from a log line in the page")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def streams_without_end(s):
    """max_streams holds: beyond it everything goes to one stream, counted."""
    fake = FakeLoki(free_ports(1)).start()
    config = f"logs:\n  clients:\n    - url: http://127.0.0.1:{fake.port}/loki/api/v1/push\n      batchwait: 100ms\n  limits_config: {{max_streams: 20}}\n"
    agent = Agent(s.work, config=config, dev=True).start()
    for i in range(60):
        Pod(agent.pods, f"many{i:03}").write(f"line {i}")
    wait_for(lambda: f"60 lines, there are {fake.count()}", lambda: fake.count() >= 60, 20)
    labels = {tuple(sorted(e.labels.items())) for e in fake.snapshot()}
    s.expect(len(labels) <= 21, f"{len(labels)} streams with max_streams 20")
    s.expect(any("__overflow__" in str(l) for l in labels), "no __overflow__ stream")
    agent.stop()
    agent.check()


def port(s):
    """Half requests, giant heads, odd methods, many connections: 4xx or closed, and the agent goes on."""
    fake = FakeLoki(free_ports(1)).start()
    agent = Agent(s.work, [f"http://127.0.0.1:{fake.port}"], dev=True).start()
    random.seed(5)
    attacks = [b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200000 + b"\r\n\r\n", b"POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
               b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n" % (b"../" * 3000 + b"etc/passwd"),
               b"GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
               b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /api/v1/records?limit=99999999999999999999&trace_id=%00%ff HTTP/1.0\r\n\r\n",
               b"GET /api/v1/files?" + b"a=b&" * 5000 + b" HTTP/1.0\r\n\r\n", b"\r\n" * 1000, b"GET"] + [os.urandom(300) for _ in range(40)]
    held = []
    for data in attacks:
        c = socket.create_connection(("127.0.0.1", agent.port), 5)
        c.settimeout(0.3)
        try:
            c.sendall(data)
            reply = c.recv(65536)
            s.expect(b"root:" not in reply, "a file was given out")
        except OSError:
            pass
        held.append(c)
    crowd = []
    for _ in range(300):
        try:
            c = socket.create_connection(("127.0.0.1", agent.port), 0.2)
            c.send(b"GET /metrics HTTP/1.1\r\n")
            crowd.append(c)
        except OSError:
            break
    pod = Pod(agent.pods, "meanwhile")
    pod.write("still shipping")
    wait_for("delivery under attack", lambda: fake.lines(pod="meanwhile") == ["still shipping"], 10)
    for c in held + crowd:
        c.close()
    def answers():
        try:
            return get(agent.url + "/-/healthy", 3)[0] == 200
        except OSError:
            return False
    wait_for("an answer after the attack", answers, 15)
    s.expect(total(agent.scrape(), "spoor_log_lines_read_total") == 1, "the ledger")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.faults = [f for f in agent.faults if "sanitizer" in f or "!=" in f]  # a scrape may have been refused in the crowd
    agent.check()


main(content, streams_without_end, port)
