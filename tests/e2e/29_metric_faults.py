"""Rows 121, 131, 136, 137, 139 and 140 of the fault table: both destinations away, targets without end, counters that fall, a mount that
hangs, control groups that come and go, readers of /metrics that do not read."""
import ctypes
import os
import re
import socket
import subprocess
import time

import exposition
import oracle
from fake_loki import FakeLoki, Reply
from fake_receiver import Answer, Receiver, Target
from lib import Agent, Skip, finish, free_ports, generate, get, main, wait_for


def metrics_config(jobs, url, head="", interval="1s", timeout="900ms"):
    out = head + f"metrics:\n  global: {{scrape_interval: {interval}, scrape_timeout: {timeout}}}\n  scrape_configs:\n"
    for name, address in jobs.items():
        out += f"    - job_name: {name}\n      static_configs: [{{targets: [{address}]}}]\n"
    return out + f"  remote_write:\n    - url: {url}\n      queue_config: {{batch_send_deadline: 200ms, max_backoff: 1s}}\n"


def both_away(s):
    """Loki and the receiver refuse everything at the same time: neither's backlog touches the other's, and both get all."""
    fake = FakeLoki(free_ports(1), lambda request: Reply(503)).start()
    receiver = Receiver(free_ports(1), lambda push: Answer(503))
    target = Target(free_ports(1), lambda n: f"asked {n}\n")
    logs = f"logs:\n  clients: [{{url: '{f'http://127.0.0.1:{fake.port}'}/loki/api/v1/push', batchwait: 200ms, backoff_config: {{min_period: 100ms, max_period: 1s}}}}]\n"
    agent = Agent(s.work, config=metrics_config({"t": target.address}, receiver.url, logs)).start()
    truth = oracle.Manifest(finish(generate(s.work, wait=False, containers=10, rate=200, seconds=6, rotate_ms=2000, keep=6)))
    asked = target.count
    fake.behave, receiver.behave = (lambda request: Reply()), (lambda push: Answer())
    wait_for("all lines", lambda: fake.has_all(truth), 30, 0.3)
    s.no_problems(fake.tally(oracle.Tally(truth, is_wire=True)).problems())
    wait_for("all samples", lambda: len(receiver.values(name="asked")) >= asked, 20)
    got = receiver.values(name="asked")
    s.expect(got == [float(i) for i in range(len(got))], f"samples {got}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def without_end(s):
    """More series than the built-in limit, with nothing configured; a counter that falls; timestamps of long ago."""
    receiver = Receiver(free_ports(1))
    many = "".join(f'a{{i="{i}"}} 1\n' for i in range(520000))
    targets = {"many": Target(free_ports(1), many), "falls": Target(free_ports(1), lambda n: f"# TYPE c counter\nc_total {n % 3}\n"),
               "past": Target(free_ports(1), f"old 5 {int(time.time() * 1000) - 3600000}\n")}
    agent = Agent(s.work, config=metrics_config({k: t.address for k, t in targets.items()}, receiver.url, interval="2s", timeout="1900ms")).start()
    time.sleep(13)  # half a million series keep a slow machine so busy that its neighbours would not be in time within a second
    ups = receiver.values(name="up", job="many")
    s.expect(ups and set(ups) == {0.0}, f"520,000 series: up is {ups}")
    s.expect(not [x for x in receiver.snapshot() if x.name == "a"], "series of a target over the limit were kept")
    falls = receiver.values(name="c_total", job="falls")
    s.expect(len(falls) >= 5 and all(b == (a + 1) % 3 for a, b in zip(falls, falls[1:])), f"a counter that falls came as {falls}")
    old = [t for row in receiver.history(name="old").values() for t, _ in row]
    s.expect(old and max(old) < time.time() * 1000 - 3500000, f"timestamps of the target were not kept: {old[:2]}")
    peak = agent.process.memory_mib("VmHWM")
    s.expect(peak < 160, f"peak RSS {peak:.0f} MiB")
    s.note(f"peak RSS {peak:.0f} MiB")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def hung_mount(s):
    """A FUSE file system whose server never answers: statfs on it hangs for ever."""
    point = f"{s.work}/hung"
    os.makedirs(point)
    if os.geteuid() or not os.path.exists("/dev/fuse"):
        raise Skip("needs root and /dev/fuse")
    libc = ctypes.CDLL(None, use_errno=True)
    fd = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={fd},rootmode=40000,user_id=0,group_id=0".encode()
    if libc.mount(b"hung", point.encode(), b"fuse.hung", 0, options) < 0:
        os.close(fd)
        raise Skip(f"mounting FUSE is not allowed here: {os.strerror(ctypes.get_errno())}")
    try:
        agent = Agent(s.work, config="").start()
        took = []
        for _ in range(3):
            t = time.monotonic()
            status, body = get(agent.url + "/metrics/node", 20)
            took.append(time.monotonic() - t)
            s.expect(status == 200, f"/metrics/node answers {status}")
        page = exposition.parse(body)
        errors = {dict(k[1]).get("mountpoint"): v for k, v in page["node_filesystem_device_error"].samples.items()}
        s.expect(errors.get(point) == 1, f"device_error of {point} is {errors.get(point)}")
        s.expect("node_load1" in page and len(page["node_filesystem_size_bytes"].samples) >= 1, "other collectors or mounts are missing")
        s.expect(took[0] < 8 and max(took[1:]) < 1, f"scrapes took {[round(x, 1) for x in took]} s")
        s.note(f"scrapes took {[round(x, 2) for x in took]} s")
    finally:
        os.close(fd)  # the kernel gives up on the file system: nobody hangs any more
        subprocess.run(["umount", "-l", point], check=False, capture_output=True)
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def control_groups(s):
    """Three hundred control groups of pods, created and removed while scrapes go on: no series stays behind, memory stays flat."""
    # Version 1's memory controller, or the one tree of version 2.
    root = next((d for d in ("/sys/fs/cgroup/memory", "/sys/fs/cgroup") if os.access(d, os.W_OK) and os.path.exists(f"{d}/cgroup.procs")), None)
    name = f"e2e-{os.getpid()}"
    if not root:
        raise Skip("no control group hierarchy can be written to here")
    try:
        os.mkdir(f"{root}/{name}")
    except OSError as e:
        raise Skip(f"control groups cannot be made here: {e}")

    def paths(turn):
        for i in range(100):
            pod = f"{root}/{name}/kubepods/pod{turn:08x}-0000-4000-8000-{i:012x}"
            yield pod, f"{pod}/{turn:032x}{i:032x}"
    agent = Agent(s.work, config="").start()
    memory = []
    try:
        os.mkdir(f"{root}/{name}/kubepods")
        for turn in range(3):
            for pod, container in paths(turn):
                os.mkdir(pod)
                os.mkdir(container)
            body = get(agent.url + "/metrics/pods", 30)[1]
            s.expect(len(set(re.findall(r'/([0-9a-f]{64})"', body))) >= 100, f"turn {turn}: the containers are not there")
            for pod, container in paths(turn):
                os.rmdir(container)
                os.rmdir(pod)
            body = get(agent.url + "/metrics/pods", 30)[1]
            left = set(re.findall(r'id="[^"]*/([0-9a-f]{64})"', body))
            s.expect(not left, f"turn {turn}: {len(left)} containers are still shown")
            memory.append(agent.process.memory_mib())
    finally:
        for turn in range(3):
            for pod, container in paths(turn):
                for d in (container, pod):
                    if os.path.isdir(d):
                        os.rmdir(d)
        for d in (f"{root}/{name}/kubepods", f"{root}/{name}"):
            if os.path.isdir(d):
                os.rmdir(d)
    s.expect(memory[-1] < memory[0] + 4, f"memory grew: {memory}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def slow_readers(s):
    """Hundreds of connections that ask for /metrics and never read: logs flow, and the port answers again when they are gone."""
    fake = FakeLoki(free_ports(1)).start()
    agent = Agent(s.work, [f"http://127.0.0.1:{fake.port}"]).start(scrape=False)
    p = generate(s.work, wait=False, containers=10, rate=200, seconds=5)
    held = []
    for _ in range(300):
        c = socket.socket()
        c.settimeout(2)
        try:
            c.connect(("127.0.0.1", agent.port))
            c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            c.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
            held.append(c)
        except OSError:
            c.close()
    truth = oracle.Manifest(finish(p))
    wait_for("all lines in spite of them", lambda: fake.has_all(truth), 15, 0.3)
    s.expect(agent.process.memory_mib() < 64, f"RSS {agent.process.memory_mib():.0f} MiB")
    for c in held:
        c.close()
    wait_for("the port answers again", lambda: get(agent.url + "/-/healthy", 2)[0] == 200, 40, 0.5)
    s.note(f"{len(held)} connections, RSS {agent.process.memory_mib():.0f} MiB")
    s.expect(agent.stop() == 0, "exit status is not 0")


main(both_away, without_end, hung_mount, control_groups, slow_readers)
