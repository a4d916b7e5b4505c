"""A pod that wants to harm (fault table, rows 142 to 147, 150, 152, 153): labels through content, terminal escapes, JSON bombs, fake trace ids,
streams without end, targets that are none of its business, names that change under the reader's hand; and a client that wants to harm the
agent's own port (141, 155)."""
import json
import os
import random
import socket
import threading
import time

from fake_kubernetes import FakeKubernetes, pod as pod_object
from fake_loki import FakeLoki
from fake_receiver import Receiver, Target
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


def targets(s):
    """Annotations that lead to loopback, a cloud's metadata, the host's own address or another server: none of them is asked. A job of the
    administrator at the same address is."""
    trap, receiver, kube = Target(free_ports(1), "up_to_no_good 1\n"), Receiver(free_ports(1)), FakeKubernetes(free_ports(1)).start()
    number = int(trap.address.rpartition(":")[2])
    scrape = {"prometheus.io/scrape": "true", "prometheus.io/port": str(number)}
    ips = ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "0.0.0.0", "169.254.169.254", "fe80::1", "fd00:ec2::254", "10.0.0.1", "localhost", ""]  # 10.0.0.1: the host's
    for i, ip in enumerate(ips):
        kube.put(pod_object(f"ip-{i}", uid=f"i-{i}", ip=ip, annotations=scrape, ports={"app": [(number, "http")]}))
    odd = [{"prometheus.io/port": f"80@127.0.0.1:{number}"}, {"prometheus.io/path": f"@127.0.0.1:{number}/metrics"}, {"prometheus.io/path": f"//127.0.0.1:{number}/"},
           {"prometheus.io/scheme": "file"}, {"prometheus.io/path": "/\r\nHost: x"}, {"prometheus.io/port": "99999999999999999999"}, {"prometheus.io/scheme": "http://127.0.0.1#"}]
    for i, more in enumerate(odd):
        kube.put(pod_object(f"odd-{i}", uid=f"o-{i}", ip="192.0.2.77", annotations={**scrape, **more}, ports={"app": [(number, "http")]}))
    agent = Agent(s.work, config=f"""kubernetes: {{metadata: api, api_server: '{kube.url}'}}
metrics:
  global: {{scrape_interval: 1s, scrape_timeout: 500ms}}
  scrape_configs:
    - job_name: annotated
      kubernetes_sd_configs: [{{role: pod}}]
    - job_name: of-the-administrator
      static_configs: [{{targets: ['{trap.address}']}}]
      metrics_path: /allowed
  remote_write: [{{url: '{receiver.url}', queue_config: {{batch_send_deadline: 300ms}}}}]
""", dev=True).start()
    wait_for("the administrator's job is asked", lambda: trap.count >= 4, 20)
    wait_for("all pods are known", lambda: agent.api("status")["data"]["kubernetes"]["pods"] == len(ips) + len(odd), 20)
    time.sleep(4)
    s.expect({path for path, _ in trap.headers} == {"/allowed"}, f"asked: {sorted({path for path, _ in trap.headers})}")
    rows = agent.api("targets")["data"]["activeTargets"]
    found = [r["labels"] for r in rows if r["labels"]["job"] == "annotated"]
    s.expect(all(labels["instance"].startswith("192.0.2.77:") for labels in found), f"targets {found}")
    s.expect(not receiver.values(name="up_to_no_good", job="annotated"), "samples of a target that nobody may ask for")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def changing_names(s):
    """A log, and the folder it lies in, are exchanged for links to a secret again and again while the reader looks and opens."""
    fake = FakeLoki(free_ports(1)).start()
    agent = Agent(s.work, [f"http://127.0.0.1:{fake.port}"], dev=True)
    os.makedirs(f"{s.work}/elsewhere")
    for name in ("secret", "elsewhere/0.log"):
        with open(f"{s.work}/{name}", "wb") as f:
            f.write(b"2026-11-21T10:00:00Z stdout F root:$6$canary:19000:0:99999:7:::\n")
    pods = [Pod(agent.pods, f"swapped-{i}").create() for i in range(4)]
    is_over = threading.Event()

    def swap(pod, n=0):
        while not is_over.is_set():
            n += 1
            with open(pod.path + ".new", "wb") as f:
                f.write(pod.cri(f"line {n}"))
            os.rename(pod.path + ".new", pod.path)
            time.sleep(random.uniform(0, 0.003))
            os.symlink(f"{s.work}/secret", pod.path + ".new")
            os.rename(pod.path + ".new", pod.path)
            if n % 3 == 0:
                os.rename(pod.directory, pod.directory + ".old")
                os.symlink(f"{s.work}/elsewhere", pod.directory)
                time.sleep(random.uniform(0, 0.003))
                os.unlink(pod.directory)
                os.rename(pod.directory + ".old", pod.directory)
    threads = [threading.Thread(target=swap, args=(pod,), daemon=True) for pod in pods]
    for t in threads:
        t.start()
    agent.start()
    good = Pod(agent.pods, "good")
    for i in range(10):
        good.write(f"line {i}")
        time.sleep(1)
    is_over.set()
    for t in threads:
        t.join()
    wait_for("the other pod's lines", lambda: fake.lines(pod="good") == [f"line {i}" for i in range(10)], 15)
    lines = [e.line for e in fake.snapshot()]
    s.expect(any(line.startswith("line") for line in lines if line not in fake.lines(pod="good")), "the test is none: nothing of the exchanged logs was read")
    s.expect(not any("canary" in line for line in lines), "a file outside of the tree was read")
    s.note(f"{len(lines) - 10} lines between the exchanges")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def two_names(s):
    """One file under two pods' names: each has all of it, once, over a restart too; the ledger holds."""
    fake = FakeLoki(free_ports(1)).start()
    agent = Agent(s.work, [f"http://127.0.0.1:{fake.port}"], dev=True)
    agent.write_config(agent.text + "  target_config: {sync_period: 2s}\n")
    first, second = Pod(agent.pods, "first"), Pod(agent.pods, "second").create()
    first.write("one", "two")
    os.link(first.path, second.path)
    agent.start()
    both = lambda *want: wait_for(lambda: f"{want} under both names: {fake.lines(pod='first')}, {fake.lines(pod='second')}",
                                  lambda: fake.lines(pod="first") == fake.lines(pod="second") == list(want), 20)
    both("one", "two")
    first.write("three")
    both("one", "two", "three")
    wait_for("the places are written down", lambda: agent.scrape()["spoor_log_lines_pending"] and total(agent.scrape(), "spoor_log_lines_pending") == 0, 10)
    time.sleep(1.5)
    agent.kill9()
    first.write("four")
    os.unlink(first.path)
    agent.start()
    wait_for("the rest under the name that is left", lambda: fake.lines(pod="second")[3:] == ["four"], 20)
    time.sleep(1)
    s.expect(fake.lines(pod="second") == ["one", "two", "three", "four"], f"under the second name: {fake.lines(pod='second')}")
    s.expect(fake.lines(pod="first")[:3] == ["one", "two", "three"] and len(fake.lines(pod="first")) <= 4, f"under the first: {fake.lines(pod='first')}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def own_address(s):
    """Outside of Kubernetes, and with nothing said about it, nobody but this machine can ask; what would change something is not there."""
    number = free_ports(1)
    agent = Agent(s.work, config=f"server: {{http_listen_port: {number}}}\n", kubernetes=False)
    agent.port, agent.url = number, f"http://127.0.0.1:{number}"
    plain = agent.argv
    agent.argv = lambda: [a for a in plain() if not a.startswith("--web.")]
    agent.start()
    with open(f"/proc/{agent.process.pid}/net/tcp") as f4, open(f"/proc/{agent.process.pid}/net/tcp6") as f6:
        rows = [line.split() for line in list(f4)[1:] + list(f6)[1:]]
    sockets = {os.readlink(f"/proc/{agent.process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{agent.process.pid}/fd")}
    listening = [r[1] for r in rows if r[3] == "0A" and f"socket:[{r[9]}]" in sockets]
    s.expect(listening == [f"0100007F:{number:04X}"], f"listens at {listening}")
    for method, path in (("POST", "/-/reload"), ("POST", "/-/quit"), ("PUT", "/-/reload"), ("POST", "/-/log-level?level=debug"), ("GET", "/debug/pprof/"), ("GET", "/env")):
        status, _ = get(agent.url + path, method=method, data=b"" if method != "GET" else None)
        s.expect(status in (403, 404, 405), f"{method} {path} answers {status}")
    s.expect(agent.stop() == 0, "exit status is not 0")


main(content, streams_without_end, targets, changing_names, two_names, port, own_address)
