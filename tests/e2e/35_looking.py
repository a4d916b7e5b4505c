"""spoor top and the other commands that look into a running agent, as a person at a terminal and as a script use them."""
import base64
import bz2
import json
import os
import pty
import re
import select
import signal
import socket
import ssl
import subprocess
import tarfile
import threading
import time

import oracle
from fake_kubernetes import FakeKubernetes, pod as kube_pod
from fake_loki import FakeLoki, Reply
from lib import HERE, NODE, Agent, Failed, Loki, Pod, Skip, bcrypt, certificate, finish, free_ports, generate, get, main, parse_metrics, spoor_binary, total, wait_for
from servers import Prometheus


def spoor(*args, timeout=120, prefix=(), **kw):
    env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    env["ASAN_OPTIONS"] = "detect_leaks=1"
    r = subprocess.run([*prefix, spoor_binary(dev=True), *args], capture_output=True, timeout=timeout, env=env, **kw)
    r.text, r.errors = r.stdout.decode("utf-8", "replace"), r.stderr.decode("utf-8", "replace")
    if "Sanitizer" in r.errors or "runtime error" in r.errors:
        raise Failed(f"{args}: {r.errors[-1500:]}")
    return r


def at(agent):
    return f"--web.listen-address=127.0.0.1:{agent.port}"


class Terminal:
    """A command in a terminal of its own; what it shows is collected."""

    def __init__(self, *args, lines=24, columns=100):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["LINES"], os.environ["COLUMNS"] = "", ""
            os.execv(args[0], args)
        self.resize(lines, columns)
        self.seen = b""

    def resize(self, lines, columns):
        import fcntl
        import struct
        import termios
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self, seconds=0.2):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    more = os.read(self.fd, 65536)
                except OSError:
                    return self.seen
                if not more:
                    return self.seen
                self.seen += more
        return self.seen

    def press(self, keys):
        os.write(self.fd, keys)

    def end(self, timeout=10):
        """Exit status, once it ends on its own"""
        limit = time.monotonic() + timeout
        while time.monotonic() < limit:
            self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)
        raise Failed(f"it does not end; it shows {self.seen[-300:]!r}")


def top(s):
    """`top --once` says what the metrics say; the live view fits the terminal, follows its size and leaves it as it was."""
    loki = Loki(f"{s.work}/loki").start()
    agent = Agent(s.work, clients=[loki.url]).start()
    pod, other = Pod(agent.pods, "web", namespace="shop"), Pod(agent.pods, "cart", namespace="shop")
    pod.write(*[f"line {i}" for i in range(300)])
    other.write(*[f"other {i}" for i in range(40)])
    wait_for("340 lines in Loki", lambda: total(agent.scrape(), "spoor_log_lines_sent_total") == 340, 20)
    r = spoor("top", "--once", at(agent))
    s.expect(r.returncode == 0, f"exit {r.returncode}: {r.errors}")
    m = {**agent.scrape(), **parse_metrics(get(agent.url + "/metrics/logs")[1])}
    s.expect(f"read: lines {total(m, 'spoor_log_lines_read_total'):.0f}, bytes {total(m, 'spoor_log_bytes_read_total'):.0f};" in r.text, f"totals:\n{r.text}")
    row = re.search(r"^127\.0\.0\.1:\d+ +(?:ok|sending) +(\d+) +(\d+) +(\d+) +(\d+)", r.text, re.M)
    s.expect(row, f"no row of the destination:\n{r.text}")
    want = [total(m, f"spoor_{n}") for n in ("log_lines_sent_total", "log_lines_dropped_total", "log_lines_pending", "destination_sent_bytes_total")]
    s.expect([float(x) for x in row.groups()] == want, f"{row.groups()}, the metrics say {want}")
    for p in (pod, other):
        size = os.path.getsize(p.path)
        lines = total(m, "log_lines_total", pod=p.name)
        s.expect(re.search(rf"^shop/{p.name} +{lines:.0f} +0 +{size} +0 +- +1  at_end$", r.text, re.M), f"no row of {p.name} with {lines:.0f} lines, {size} bytes:\n{r.text}")
    r = spoor("top", "--once", "--web.listen-address", f"127.0.0.1:{free_ports(1)}")
    s.expect(r.returncode == 1 and "no agent answers" in r.errors and "--web.listen-address" in r.errors, f"nobody there: {r.returncode} {r.errors}")
    r = spoor("top", at(agent))
    s.expect(r.returncode == 0 and "shop/web" in r.text and "\x1b" not in r.text, f"not a terminal: {r.text[:300]!r}")
    live(s, agent, pod)
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


PIPELINE = '''
      pipeline_stages:
        - cri: {}
        - json: {expressions: {level: level, msg: message}}
        - drop: {source: level, value: debug, drop_counter_reason: debug_line}
        - labels: {level: }
        - output: {source: msg}
'''


def config(url, pipeline=PIPELINE, extra=""):
    return f'''logs:
  clients: [{{url: '{url}/loki/api/v1/push', batchwait: 100ms, backoff_config: {{min_period: 100ms, max_period: 1s}}}}]
  scrape_configs:
    - job_name: pods
      kubernetes_sd_configs: [{{role: pod}}]{pipeline}{extra}'''


class Tap:
    """spoor tap in the background; its lines as they come."""

    def __init__(self, agent, *args):
        self.child = subprocess.Popen([spoor_binary(dev=True), "tap", at(agent), *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.text = b""
        # It is there once the agent has it: a connection of /api/v1/tap shows nothing before a line passes.
        time.sleep(0.2)

    def read(self, seconds=0.2):
        end = time.monotonic() + seconds
        while time.monotonic() < end and select.select([self.child.stdout], [], [], 0.05)[0]:
            more = os.read(self.child.stdout.fileno(), 65536)
            if not more:
                break
            self.text += more
        return self.text.decode("utf-8", "replace")

    def lines(self):
        return self.read().splitlines()

    def end(self):
        self.child.terminate()
        self.child.communicate(timeout=20)


def tap(s):
    """Lines as they are read, behind a stage, as they go out, dropped by a stage or by Loki; refused to other machines."""
    loki = Loki(f"{s.work}/loki", limits="  max_line_size: 300\n  max_line_size_truncate: false\n").start()
    agent = Agent(s.work, config=config(loki.url), dev=True).start()
    shop, other = Pod(agent.pods, "web", namespace="shop"), Pod(agent.pods, "web", namespace="other")
    shop.write(json.dumps({"level": "info", "message": "warm up"}))
    wait_for("one line in Loki", lambda: loki.count() == 1, 20)
    taps = {"read": Tap(agent, "shop/*", "--stage=0"), "sent": Tap(agent, "shop/web"), "stage": Tap(agent, "--stage=2", "--limit=4"),
            "dropped": Tap(agent, "--dropped")}
    n = [0]

    def passed():
        n[0] += 1
        shop.write(json.dumps({"level": "info", "message": f"paid {n[0]} \x1b[31m trace_id={'ab' * 16}"}), json.dumps({"level": "debug", "message": f"noise {n[0]}"}))
        other.write(json.dumps({"level": "warn", "message": f"elsewhere {n[0]}"}))
        time.sleep(0.3)
        return all(len(t.lines()) >= 2 for t in taps.values())
    wait_for(lambda: f"lines in every view, there are { {k: t.text[-200:] for k, t in taps.items()} }", passed, 30)
    text = {k: t.read() for k, t in taps.items()}
    s.expect("[read]" in text["read"] and '"level": "debug"' in text["read"] and "elsewhere" not in text["read"], f"as read: {text['read'][:400]}")
    s.expect(re.search(r"^\d\d:\d\d:\d\d\.\d{3} shop/web/app info: paid \d+ \\x1b\[31m", text["sent"], re.M) and "noise" not in text["sent"] and "{" not in text["sent"],
             f"as sent: {text['sent'][:400]}")
    s.expect("[stage 2 json]" in text["stage"] and "elsewhere" in text["stage"] and "noise" in text["stage"], f"behind stage 2: {text['stage'][:400]}")
    s.expect(all(l.endswith("dropped: debug_line") and "noise" in l for l in text["dropped"].splitlines()), f"dropped: {text['dropped'][:400]}")
    s.expect("\x1b" not in "".join(text.values()), "an escape sequence went through to the terminal")
    wait_for("the end after --limit lines", lambda: taps["stage"].lines() and taps["stage"].child.poll() == 0, 15)
    s.expect(len(taps["stage"].lines()) == 4, f"--limit=4: {taps['stage'].lines()}")
    shop.write(json.dumps({"level": "info", "message": "long " + "x" * 400}))
    wait_for("what Loki refuses, with its reason", lambda: re.search(r"long x+.*refused by .*line_too_long: ", taps["dropped"].read()), 20)
    fourth = Tap(agent, "--format=json")
    fifth = Tap(agent)
    wait_for("a fifth one is refused", lambda: fifth.child.poll() == 1, 15)
    s.expect(b"4 are looking already" in fifth.child.stderr.read(), "why a fifth is refused")
    wait_for("a line as JSON", lambda: passed() or fourth.lines(), 20)
    row = json.loads(fourth.lines()[0])
    s.expect(row["at"] == "sent" and row["namespace"] in ("shop", "other") and row["labels"].startswith("{") and row["line"], f"{row}")
    for t in (*taps.values(), fourth, fifth):
        t.end()
    status, body = get(agent.url + "/api/v1/tap", headers={"X-Forwarded-For": "192.0.2.7"})
    s.expect(status == 403 and "--web.enable-tap" in body, f"for another machine: {status} {body}")
    s.expect(get(agent.url + "/api/v1/tap?stage=x")[0] == 400, "a stage that is no number")
    wait_for("everything is sent", lambda: total(agent.scrape(), "spoor_log_lines_pending") == 0, 20)
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def slow_reader(s):
    """Four that never read: memory is bounded, nothing of delivery is lost or late, and they are cut off; a reload in between is none of their business."""
    fake = FakeLoki(free_ports(1)).start()
    agent = Agent(s.work, config=config(f"http://127.0.0.1:{fake.port}", pipeline="")).start()
    p = generate(s.work, wait=False, containers=8, rate=2000, seconds=6)
    wait_for("lines", lambda: fake.count() > 100, 20)
    before = agent.process.memory_mib()
    sockets = []
    for _ in range(4):
        c = socket.create_connection(("127.0.0.1", agent.port))
        c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        c.sendall(b"GET /api/v1/tap HTTP/1.1\r\nHost: x\r\n\r\n")
        sockets.append(c)
    time.sleep(1)
    agent.reload()
    truth = oracle.Manifest(finish(p))
    wait_for(lambda: f"{truth.records} records, there are {fake.count()}", lambda: fake.has_all(truth), 40, 0.3)
    s.no_problems(fake.tally(oracle.Tally(truth, is_wire=True)).problems())
    grown = agent.process.memory_mib("VmHWM") - before
    s.expect(grown < 24, f"memory grew by {grown:.1f} MiB")
    s.note(f"{truth.records} records, {grown:.1f} MiB more at the peak")

    def is_free():
        r = subprocess.run([spoor_binary(dev=True), "tap", at(agent), "--limit=1"], capture_output=True, timeout=60)
        return r.returncode == 0
    pod = Pod(agent.pods, "late")
    stop = threading.Event()

    def write():
        while not stop.wait(0.2):
            pod.write("a line")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        wait_for("a place is free again once the idle timeout has cut them off", is_free, 60, 1)
    finally:
        stop.set()
        writer.join()
    for c in sockets:
        c.close()
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


DOORS = """
    - {name: good, url: '%(loki)s/loki/api/v1/push', basic_auth: {username: ann, password_file: %(work)s/password}}
    - {name: closed, url: 'http://127.0.0.1:%(closed)d/loki/api/v1/push'}
    - {name: nowhere, url: 'http://no-such-host.invalid/loki/api/v1/push'}
    - {name: expired, url: 'https://127.0.0.1:%(expired)d/loki/api/v1/push', tls_config: {ca_file: %(work)s/ca.crt}}
    - {name: wrongca, url: 'https://127.0.0.1:%(tls)d/loki/api/v1/push', tls_config: {ca_file: %(work)s/otherca.crt}}
    - {name: tls, url: 'https://127.0.0.1:%(tls)d/loki/api/v1/push', tls_config: {ca_file: %(work)s/ca.crt}, bearer_token: %(canary)s-bearer}
    - {name: token, url: 'http://127.0.0.1:%(refusing)d/loki/api/v1/push', bearer_token_file: %(work)s/token}
    - {name: refusing, url: 'http://127.0.0.1:%(refusing)d/loki/api/v1/push', headers: {X-Key: %(canary)s-header}}
"""
CANARY = "canaryS3cret7f3a"


def rows(r):
    return [(x["level"], x["area"], x["subject"], x["text"], x["advice"]) for x in json.loads(r.text)["findings"]]


def diagnose(s):
    """Each broken door is told by its cause, good ones are ok; state directory and token that cannot be used; the bundle holds no secret."""
    for name, more in (("ca", {}), ("otherca", {}), ("server", {"ca": "ca", "days": "90"}), ("expired", {"ca": "ca", "days": "0"})):
        certificate(s.work, name, **more)

    def context(name):
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.load_cert_chain(f"{s.work}/{name}.crt", f"{s.work}/{name}.key")
        return c
    loki = Loki(f"{s.work}/loki").start()
    prometheus = Prometheus(f"{s.work}/prometheus").start()
    fakes = {"tls": FakeLoki(free_ports(1), tls=context("server")), "expired": FakeLoki(free_ports(1), tls=context("expired")),
             "refusing": FakeLoki(free_ports(1), lambda r: Reply(401, f"no {CANARY}-header here"))}
    for f in fakes.values():
        f.start()
    for name, mode in (("password", 0o644), ("token", 0)):
        with open(f"{s.work}/{name}", "w") as f:
            f.write(f"{CANARY}-{name}\n")
        os.chmod(f"{s.work}/{name}", mode)
    values = {"loki": loki.url, "work": s.work, "closed": free_ports(1), "canary": CANARY, **{k: f.port for k, f in fakes.items()}}
    text = "logs:\n  clients:" + DOORS % values + "  scrape_configs: [{job_name: pods, kubernetes_sd_configs: [{role: pod}]}]\n"
    text += f"metrics:\n  remote_write: [{{name: prom, url: 'http://user:{CANARY}-url@127.0.0.1:{prometheus.port}/api/v1/write?token={CANARY}-query'}}]\n"
    agent = Agent(s.work, config=text)
    agent.start(scrape=False)
    state = f"{s.work}/readonly"
    os.mkdir(state, 0o555)
    # Without these two capabilities uid 0 is stopped by a file's mode, as it is in a hardened container.
    prefix = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    common = [f"--config.file={agent.config}", f"--path.pod-logs={agent.pods}", at(agent)]
    r = spoor("diagnose", "--format=json", f"--state.dir={state}", *common, prefix=prefix)
    found = rows(r)
    s.expect(r.returncode == 1, f"exit {r.returncode}: {r.errors}")
    for name, level, word in (("good ", "ok", "takes requests"), ("prom ", "ok", "takes requests"), ("tls ", "ok", "takes requests"),
                              ("tls ", "ok", "certificate CN = localhost, issued by CN = ca, valid until"), ("good ", "ok", "clock"),
                              ("closed ", "fail", "cannot be connected to"), ("nowhere ", "fail", "name cannot be resolved"), ("expired ", "fail", "expired on 20"),
                              ("wrongca ", "fail", "is not trusted"), ("refusing ", "fail", "answers 401")):
        s.expect(any(x[0] == level and x[1] == "destination" and x[2].startswith(name) and re.sub(r" ?= ?", "=", word) in re.sub(r" ?= ?", "=", x[3]) for x in found),
                 f"{name}: want {level} {word}; there is {[x for x in found if x[2].startswith(name)]}")
    for name, words in (("token", "Permission denied"), ("readonly", "cannot be written: Permission denied")):
        s.expect(any(x[0] == "fail" and x[2].endswith("/" + name) and words in x[3] and x[4] for x in found), f"{name}: {[x for x in found if name in x[2]]}")
    s.expect(not any(x[0] == "fail" and x[2].startswith(("good ", "prom ", "tls ")) for x in found), "a good door failed")
    s.expect(loki.count() == 0 and not fakes["tls"].count(), "something was written to a server")
    s.expect(all(x[4] for x in found if x[0] == "fail" and x[1] != "agent"), f"a failure without advice: {[x for x in found if x[0] == 'fail' and not x[4]]}")
    bundle(s, agent, common)
    s.expect(CANARY not in r.text + r.errors, "a secret in the findings")
    r = spoor("diagnose", "--self-test", f"--config.file={agent.config}", f"--web.listen-address=127.0.0.1:{free_ports(1)}")
    s.expect(r.returncode == 1 and re.search(r"^FAIL  agent ", r.text, re.M) and "state" not in r.text.split("destination")[0], f"self-test without an agent: {r.text[:600]}")
    with open(f"{s.work}/right.yaml", "w") as f:
        f.write(f"logs: {{clients: [{{url: '{loki.url}/loki/api/v1/push'}}]}}\n")
    r = spoor("diagnose", f"--config.file={s.work}/right.yaml", f"--path.pod-logs={agent.pods}", f"--state.dir={s.work}", at(agent))
    s.expect(r.returncode == 0 and "FAIL" not in r.text, f"nothing wrong: exit {r.returncode}: {r.text}")


def bundle(s, agent, common):
    for where in ("file", "pipe"):
        path = f"{s.work}/bundle-{where}.tar"
        if where == "file":
            r = spoor("diagnose", f"--bundle={path}", *common)
            s.expect(os.stat(path).st_mode & 0o777 == 0o600, "others may read the bundle")
        else:
            r = spoor("diagnose", "--bundle=-", *common)
            with open(path, "wb") as f:
                f.write(r.stdout)
            s.expect("FAIL" in r.errors, "where the findings go when the archive is piped")
        with tarfile.open(path) as t:
            files = {m.name.removeprefix("spoor-diagnosis/"): t.extractfile(m).read().decode() for m in t.getmembers()}
        want = {"version.txt", "diagnosis.txt", "diagnosis.json", "config-on-disk.yaml", "config-in-force.yaml", "metrics-1.txt", "metrics-2.txt", "api/status.json",
                "api/destinations.json", "api/files.json", "api/drops.json", "api/targets.json", "api/buildinfo.json"}
        s.expect(set(files) == want, f"in the bundle: {sorted(files)}")
        for name, content in files.items():
            for secret in (CANARY, base64.b64encode(f"ann:{CANARY}-password".encode()).decode()):
                s.expect(secret not in content, f"a secret in {name}: {content[max(0, content.find(secret) - 80):][:160]!r}")
        s.expect("spoor_log_lines_read_total" in files["metrics-1.txt"] and "spoor_log_lines_read_total" in files["metrics-2.txt"], "metrics in the bundle")
        for name in ("diagnosis.json", "api/status.json", "api/destinations.json", "api/drops.json"):
            json.loads(files[name])


def explained(agent, target, *args, **kw):
    r = spoor("explain", "--format=json", at(agent), target, *args, **kw)
    if r.returncode not in (0, 1) or not r.text:
        raise Failed(f"explain {target}: exit {r.returncode}: {r.errors}")
    e = json.loads(r.text)
    e["exit"] = r.returncode
    return e


def explain(s):
    """Why a line is or is not in Loki: every kind of answer, against what a real Loki has."""
    loki = Loki(f"{s.work}/loki", limits="  max_line_size: 300\n  max_line_size_truncate: false\n").start()
    host = f"{s.work}/host"
    os.makedirs(f"{host}/sub")
    extra = f"""    - job_name: host
      static_configs: [{{labels: {{team: edge, __path__: '{host}/*.log', __path_exclude__: '{host}/*private*'}}}}]
    - job_name: chosen
      static_configs: [{{labels: {{env: dev, __path__: '{host}/sub/*.txt'}}}}]
      relabel_configs: [{{source_labels: [env], regex: dev, action: drop}}]
    - {{job_name: wide, encoding: utf-16, static_configs: [{{labels: {{__path__: '{host}/wide.txt'}}}}]}}
    - {{job_name: packed, encoding: iso-8859-1, decompression: {{enabled: true, format: bz2}}, static_configs: [{{labels: {{__path__: '{host}/*.bz2'}}}}]}}
"""
    text = config(loki.url, extra=extra)
    agent = Agent(s.work, config=text, dev=True)
    with open(f"{host}/wide.txt", "wb") as f:
        f.write("first é\r\nsecond \u0a00\u0a0a 😀\r\n".encode("utf-16"))
    with open(f"{host}/old.bz2", "wb") as f:
        f.write(bz2.compress("one\ncafé\n".encode("latin-1")))
    fifo = f"{host}/pipe.log"
    os.mkfifo(fifo)
    for name in ("app.log", "app-private.log", "sub/x.txt", "other.dat"):
        with open(f"{host}/{name}", "w") as f:
            f.write("a plain line level=warn\n")
    os.symlink("/etc/hostname", f"{host}/link.log")
    os.symlink(f"{host}/app.log", f"{s.work}/elsewhere")
    stray = f"{agent.pods}/not-a-pod/c"
    os.makedirs(stray)
    with open(f"{stray}/0.log", "w") as f:
        f.write("x\n")
    pod = Pod(agent.pods, "web", namespace="shop")
    pod.write(json.dumps({"level": "info", "message": "first", "trace_id": "ab" * 16}), json.dumps({"level": "debug", "message": "noise"}),
              json.dumps({"level": "info", "message": "y" * 400}))
    pod.write("one ", tag="P").write("two")
    agent.start(scrape=False)
    wait_for(lambda: f"seven lines in Loki; {agent.scrape().get('spoor_log_lines_sent_total')}",
             lambda: total(agent.scrape(), "spoor_log_lines_sent_total") == 7, 30)
    line = f"{pod.path}:%s"
    cases = []

    def case(name, e, verdict, *words):
        cases.append(name)
        s.expect(e["verdict"] == verdict and all(w in e["text"] for w in words), f"{name}: {e['verdict']}: {e['text']}; want {verdict} {words}")
        s.expect(e["exit"] == (verdict != "yes"), f"{name}: exit {e['exit']}")
        return e
    e = case("in Loki", explained(agent, line % 1), "yes", "acknowledged")
    got = e["line"]
    entry = [r for r in loki.ask("query_range", query='{pod="web"} |= "first"', start=int((time.time() - 3600) * 1e9), limit=5)][0]
    labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', got["sent_labels"]))
    s.expect(labels == {k: v for k, v in entry["stream"].items() if k != "service_name"}, f"labels {labels}, Loki has {entry['stream']}")
    meta = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', got["sent_metadata"]))
    s.expect(meta == entry["values"][0][2]["structuredMetadata"] and got["sent_line"] == entry["values"][0][1] == "first", f"{meta} {got['sent_line']}, Loki has {entry['values']}")
    s.expect(got["trace_behind"] == '"trace_id": "' and got["format"] == "CRI" and [x["stage"] for x in got["stages"]] == ["json", "drop", "labels", "output"], f"{got}")
    s.expect(e["jobs"][0]["fit"] == "read" and "__meta_kubernetes_pod_name" in e["jobs"][0]["discovered"], f"{e['jobs'][0]}")
    case("dropped by a stage", explained(agent, line % 2), "dropped", "stage 3 of job pods", "debug_line")
    e = case("refused by Loki", explained(agent, line % 3), "refused", "line_too_long", "max")
    e = case("joined of pieces", explained(agent, line % 4), "yes")
    s.expect(e["line"]["pieces"] == 2 and e["line"]["message"] == "one two", f"{e['line']}")
    s.expect(explained(agent, line % "last")["line"]["number"] == 5, "the last line")
    case("a plain file", explained(agent, f"{host}/app.log:1"), "yes")
    case("a link to it", explained(agent, f"{s.work}/elsewhere:1"), "yes")
    for name, target, want in (("UTF-16", "wide.txt:2", "second \u0a00\u0a0a 😀"), ("UTF-16, the first line", "wide.txt:1", "first é"),
                               ("UTF-16, the last line", "wide.txt:last", "second \u0a00\u0a0a 😀"), ("bzip2", "old.bz2:2", "café")):
        e = case(name, explained(agent, f"{host}/{target}"), "yes")
        s.expect(e["line"]["sent_line"] == want, f"{name}: {e['line']}")
        s.expect(loki.ask("query_range", query='{job=~"wide|packed"} |= `%s`' % want, start=int((time.time() - 3600) * 1e9), limit=5), f"{want} is not in Loki")
    case("the file alone", explained(agent, pod.path), "yes", "acknowledged")
    case("excluded", explained(agent, f"{host}/app-private.log:1"), "not_read", "no job takes it", "__path_exclude__")
    case("dropped by a rule", explained(agent, f"{host}/sub/x.txt:1"), "not_read", "no job takes it", "chosen", "relabel")
    case("nobody's", explained(agent, f"{host}/other.dat:1"), "not_read", "no job takes it")
    case("a pipe", explained(agent, fifo), "not_read", "a named pipe")
    case("a link out of the tree", explained(agent, f"{host}/link.log"), "not_read", "symbolic link")
    case("no pod's folder", explained(agent, f"{stray}/0.log:1"), "not_read", "<namespace>_<pod>_<uid>")
    case("no such file", explained(agent, f"{host}/nothing.log:3"), "not_read", "no such file")
    case("no such line", explained(agent, line % 99), "unknown", "the file has 5 lines")
    loki.stop()
    pod.write(json.dumps({"level": "info", "message": "while Loki is away"}))
    e = wait_for("a failed attempt", lambda: (lambda x: x if "Couldn't connect" in x["text"] else None)(explained(agent, line % 6)), 30)
    case("read, not sent", e, "not_yet", "has not acknowledged it", "Couldn't connect")
    with open(f"{host}/app.log", "a") as f:
        f.write("unfinished")
    time.sleep(1)
    case("without a line feed", explained(agent, f"{host}/app.log:2"), "not_yet", "no line feed yet")
    big = Pod(agent.pods, "big", namespace="shop")
    big.create()
    with open(big.path, "wb") as f:
        text_line = b"z" * 150
        for i in range(80000):
            f.write(big.cri(b'{"level":"info","message":"%d %s"}' % (i, text_line)))
    e = wait_for("back-pressure", lambda: (lambda x: x if "not yet read" in x["text"] else None)(explained(agent, f"{big.path}:last")), 30, 0.5)
    case("not read yet", e, "not_yet", "read up to byte", "does not take more now")
    s.expect(e["line"]["number"] == 80000 and e["files"][0]["destinations"][0]["read_bytes"] < e["line"]["offset"], f"{e['files']}")
    loki.start()
    wait_for(lambda: f"the big one in Loki: {explained(agent, f'{big.path}:last')['text']}", lambda: explained(agent, f"{big.path}:last")["verdict"] == "yes", 90, 1)
    case("sent after the outage", explained(agent, line % 6), "yes")
    agent.write_config(text.replace("debug_line", "other_reason"))
    s.expect(explained(agent, line % 2)["is_other_config"], "the file on disk is another one than the agent runs, and nothing is told")
    agent.write_config(text)
    s.expect(agent.stop() == 0, "exit status is not 0")
    common = [f"--config.file={agent.config}", f"--path.pod-logs={agent.pods}", f"--state.dir={agent.state}"]
    before = {n: os.stat(f"{agent.state}/{n}").st_mtime_ns for n in os.listdir(agent.state) if not n.startswith("spool")}
    case("no agent, saved", explained(agent, line % 1, *common), "yes", "saved last", "no agent answers")
    pod.write(json.dumps({"level": "info", "message": "nobody reads"}))
    e = case("no agent, not saved", explained(agent, line % 7, *common), "unknown", "no agent answers", "not acknowledged yet")
    s.expect(e["jobs"][0]["labels"].startswith("{") and 'pod="web"' in e["jobs"][0]["labels"], f"labels without an agent: {e['jobs'][0]}")
    after = {n: os.stat(f"{agent.state}/{n}").st_mtime_ns for n in os.listdir(agent.state) if not n.startswith("spool")}
    s.expect(before == after, f"the state directory was touched: {before} {after}")
    r = spoor("explain", at(agent), line % 2, *common)
    s.expect(r.text.startswith("in Loki: no: dropped by stage 3") and "stages   2 json: extracted level=" in r.text, f"as text: {r.text}")
    s.note(f"{len(cases)} cases")
    agent.check(min_scrapes=0)


def secured(s):
    """A port with TLS, users and client certificates is asked as one that may ask; what is missing is told."""
    certificate(s.work, "ca")
    certificate(s.work, "server", host="node.example", ip="192.0.2.1", ca="ca")  # it is not for the loopback's address
    certificate(s.work, "client", ca="ca")
    certificate(s.work, "otherca")
    web, password = f"{s.work}/web.yml", f"{s.work}/password"
    with open(password, "w") as f:
        f.write("first\n")
    for mutual in ("", ", client_ca_file: ca.crt, client_auth_type: RequireAndVerifyClientCert"):
        with open(web, "w") as f:
            f.write(f"tls_server_config: {{cert_file: server.crt, key_file: server.key{mutual}}}\nbasic_auth_users: {{ann: {bcrypt('first')}}}\n")
        agent = Agent(s.work, config=f"server: {{web_config_file: {web}}}\n", name="mutual" if mutual else "plain", dev=True)
        agent.start(wait=False, scrape=False)
        pod = Pod(agent.pods, "web", namespace="shop")
        pod.write("one")
        common = ["top", "--once", f"--config.file={agent.config}", at(agent)]
        own = [f"--web.cert-file={s.work}/client.crt", f"--web.key-file={s.work}/client.key"] if mutual else []
        user = ["--web.user=ann", f"--web.password-file={password}"]
        wait_for(lambda: f"an answer; {spoor(*common, *own, *user).errors}", lambda: "shop/web" in spoor(*common, *own, *user).text, 15)
        wait_for("with the authority", lambda: "shop/web" in spoor(*common, *own, *user, f"--web.ca-file={s.work}/ca.crt").text, 5)
        r = spoor(*common, *own)
        s.expect(r.returncode == 1 and "wants a user: --web.user" in r.errors, f"without a user: {r.returncode} {r.errors}")
        r = spoor(*common, *own, *user, f"--web.ca-file={s.work}/otherca.crt")
        s.expect(r.returncode == 1 and "--web.ca-file" in r.errors, f"another authority: {r.returncode} {r.errors}")
        if mutual:
            r = spoor(*common, *user)
            s.expect(r.returncode == 1 and "no agent answers" in r.errors, f"without a certificate: {r.returncode} {r.errors}")
        r = spoor(*common, *user, f"--web.password-file={s.work}/none")
        s.expect(r.returncode == 2 and "No such file" in r.errors, f"no password file: {r.returncode} {r.errors}")
        agent.process.terminate()


def beside(s):
    """Beside the one agent of a container a command needs no flags: here in a namespace of processes of its own."""
    agent = Agent(s.work, config="server: {log_level: warn}\n", dev=True)
    pod = Pod(agent.pods, "web", namespace="shop").write("one")
    script = f"{s.work}/inside.sh"
    with open(script, "w") as f:
        f.write("#!/bin/sh\n" + " ".join(agent.argv()) + " &\nagent=$!\nfor i in $(seq 100); do\n"
                f"\t{agent.binary} top --once >{s.work}/out 2>{s.work}/err && grep -q shop/web {s.work}/out && break\n\tsleep 0.1\ndone\n"
                f"{agent.binary} explain {pod.path}:1 >{s.work}/explained\nkill $agent\nwait $agent\n")
    env = {**os.environ, "KUBERNETES_SERVICE_HOST": "192.0.2.1", "ASAN_OPTIONS": "detect_leaks=0"}  # the leak checker needs ptrace
    r = subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "sh", script], env=env, capture_output=True, text=True, timeout=120)
    if r.returncode and "unshare" in r.stderr and "failed" in r.stderr:
        raise Skip(f"no namespaces here: {r.stderr.strip()}")
    with open(f"{s.work}/out") as out, open(f"{s.work}/err") as err, open(f"{s.work}/explained") as explained:
        text, errors, why = out.read(), err.read(), explained.read()
    s.expect(re.search(r"^shop/web +\d", text, re.M), f"top without flags: {text} {errors} {r.stderr[-500:]}")
    s.expect("kept in memory" in why and "takes it" in why, f"explain without flags: {why}")


def pods(s):
    """With pods' objects: labels that only they have, and a rule that drops by one of them; diagnose tells whether they may be listed."""
    certificates = f"{s.work}/certificates"
    subprocess.run([f"{os.path.dirname(HERE)}/unit/certificates.sh", certificates], check=True, capture_output=True)
    with open(f"{s.work}/token", "w") as f:
        f.write("right\n")
    api = FakeKubernetes(free_ports(1), certificates, ["right"], NODE).start()
    uids = {n: f"{i:08x}-0000-4000-8000-000000000000" for i, n in enumerate(("kept", "skipped"))}
    api.put(kube_pod("kept", uid=uids["kept"], labels={"app": "checkout"}), kube_pod("skipped", uid=uids["skipped"], labels={"skip": "yes"}))
    fake = FakeLoki(free_ports(1)).start()
    agent = Agent(s.work, dev=True, config=f"""kubernetes:
  api_server: {api.url}
  bearer_token_file: {s.work}/token
  tls_config: {{ca_file: {certificates}/ca.pem}}
logs:
  clients: [{{url: 'http://127.0.0.1:{fake.port}/loki/api/v1/push', batchwait: 100ms}}]
  scrape_configs:
    - job_name: chosen
      kubernetes_sd_configs: [{{role: pod}}]
      pipeline_stages: [{{cri: {{}}}}]
      relabel_configs:
        - {{source_labels: [__meta_kubernetes_pod_label_skip], regex: 'yes', action: drop}}
        - {{source_labels: [__meta_kubernetes_pod_label_app], target_label: app}}
        - {{source_labels: [__meta_kubernetes_pod_uid, __meta_kubernetes_pod_container_name], separator: /, target_label: __path__, replacement: /var/log/pods/*$1/*.log}}
""")
    logs = {n: Pod(agent.pods, n, namespace="shop", uid=uids[n]).write("a line") for n in uids}
    agent.start(scrape=False)
    wait_for("a line of the pod that is kept", lambda: fake.lines(app="checkout") == ["a line"], 30)
    e = wait_for("its acknowledgement", lambda: (lambda x: x if x["verdict"] == "yes" else None)(explained(agent, f"{logs['kept'].path}:1")), 15)
    s.expect(e["jobs"][0]["fit"] == "read" and '__meta_kubernetes_pod_label_app="checkout"' in e["jobs"][0]["discovered"] and 'app="checkout"' in e["line"]["sent_labels"], f"{e['jobs']}")
    e = explained(agent, f"{logs['skipped'].path}:1")
    s.expect(e["verdict"] == "not_read" and "no job takes it: job chosen" in e["text"] and "relabel" in e["text"], f"{e['text']}")
    s.expect('__meta_kubernetes_pod_label_skip="yes"' in e["jobs"][0]["discovered"], f"{e['jobs']}")
    common = ["--format=json", f"--config.file={agent.config}", f"--path.pod-logs={agent.pods}", f"--state.dir={agent.state}", at(agent)]
    node = {**os.environ, "NODE_NAME": "node-e2e", "ASAN_OPTIONS": "detect_leaks=1"}
    for token, level, word in (("right", "ok", "can be listed"), ("wrong", "fail", "answers 401")):
        with open(f"{s.work}/token", "w") as f:
            f.write(token)
        r = subprocess.run([spoor_binary(dev=True), "diagnose", *common], env=node, capture_output=True, text=True, timeout=120)
        found = [x for x in json.loads(r.stdout)["findings"] if x["area"] == "kubernetes" and x["level"] == level]
        s.expect(any(word in x["text"] for x in found), f"{token} token: {r.stdout} {r.stderr}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check(min_scrapes=0)


def live(s, agent, pod):
    for leave in ("q", "interrupt"):
        t = Terminal(spoor_binary(dev=True), "top", at(agent), lines=10, columns=60)
        wait_for(lambda: f"the first screen, there is {t.seen!r}", lambda: b"shop/web" in t.read(), 15)
        pod.write("more")
        wait_for(lambda: f"rates, there is {t.seen[-500:]!r}", lambda: b"BYTES/s" in t.read(), 15)
        before = len(t.seen)
        t.resize(5, 40)
        wait_for("another screen after the size changed", lambda: len(t.read()) > before, 10)
        screen = t.read(0.5)[before:].decode("utf-8", "replace").split("\x1b[H")[-1]
        lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen).replace("\r", "").split("\n")
        s.expect(len(lines) <= 5 and max(map(len, lines)) <= 40, f"a screen of 5 x 40: {lines}")
        t.press(b"n")
        wait_for("another order", lambda: b"by name" in t.read(), 10)
        t.press(b"q") if leave == "q" else os.kill(t.pid, signal.SIGINT)
        s.expect(t.end() == 0, f"{leave}: exit status")
        s.expect(t.seen.endswith(b"\x1b[?25h\x1b[?1049l"), f"{leave}: the terminal is left with {t.seen[-60:]!r}")


main(top, tap, slow_reader, diagnose, explain, pods, secured, beside)
