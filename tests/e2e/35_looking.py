"""spoor top and the other commands that look into a running agent, as a person at a terminal and as a script use them."""
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import time

import oracle
from fake_loki import FakeLoki
from lib import Agent, Failed, Loki, Pod, finish, free_ports, generate, get, main, spoor_binary, total, wait_for


def spoor(*args, timeout=60, **kw):
    env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    env["ASAN_OPTIONS"] = "detect_leaks=1"
    r = subprocess.run([spoor_binary(dev=True), *args], capture_output=True, timeout=timeout, env=env, **kw)
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
    m = agent.scrape()
    s.expect(f"read: lines {total(m, 'spoor_log_lines_read_total'):.0f}, bytes {total(m, 'spoor_log_bytes_read_total'):.0f};" in r.text, f"totals:\n{r.text}")
    row = re.search(r"^127\.0\.0\.1:\d+ +(?:ok|sending) +(\d+) +(\d+) +(\d+) +(\d+)", r.text, re.M)
    s.expect(row, f"no row of the destination:\n{r.text}")
    want = [total(m, f"spoor_{n}") for n in ("log_lines_sent_total", "log_lines_dropped_total", "log_lines_pending", "destination_sent_bytes_total")]
    s.expect([float(x) for x in row.groups()] == want, f"{row.groups()}, the metrics say {want}")
    for p in (pod, other):
        size = os.path.getsize(p.path)
        s.expect(re.search(rf"^shop/{p.name} +{size} +0 +- +1  at_end$", r.text, re.M), f"no row of {p.name} with {size} bytes:\n{r.text}")
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
    import threading
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


main(top, tap, slow_reader)
