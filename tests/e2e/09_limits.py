"""The machine runs out of something: inotify watches, the event queue, file descriptors, the state directory's disk."""
import os
import resource
import signal
import subprocess
import time

import oracle
from fake_loki import FakeLoki
from lib import Agent, Pod, Skip, end_processes, finish, free_ports, generate, get, main, total, wait_for


class Sysctl:
    """Sets a kernel knob for the time of a scenario and puts it back."""

    def __init__(self, name, value):
        self.path, self.value = "/proc/sys/fs/inotify/" + name, str(value)

    def __enter__(self):
        try:
            with open(self.path) as f:
                self.old = f.read().strip()
            with open(self.path, "w") as f:
                f.write(self.value)
        except OSError as e:
            raise Skip(f"{self.path} cannot be set here: {e.strerror}")

    def __exit__(self, *_):
        with open(self.path, "w") as f:
            f.write(self.old)


def inotify_watches(s):
    """The watches are used up: the rest is polled, nothing stays unread, and it says so."""
    with Sysctl("max_user_watches", 20):
        fake = FakeLoki(free_ports(1)).start()
        agent = Agent(s.work, [f"http://127.0.0.1:{fake.port}"], dev=True).start()
        truth = oracle.Manifest(finish(generate(s.work, wait=False, containers=60, rate=50, seconds=5, rotate_ms=2000)))
        wait_for(lambda: f"{truth.records} records, there are {fake.count()}: {fake.tally(oracle.Tally(truth, is_wire=True)).problems()}", lambda: fake.has_all(truth), 30, 0.3)
        s.no_problems(fake.tally(oracle.Tally(truth, is_wire=True)).problems())
        s.expect("inotify" in agent.process.log_text() or "watch" in agent.process.log_text(), "nothing about it in the agent's log")
        s.expect(agent.stop() == 0, "exit status is not 0")
        agent.check()


def inotify_overflow(s):
    """The event queue holds 4 events, and the agent is stopped while 200 files appear and grow."""
    with Sysctl("max_queued_events", 4):
        fake = FakeLoki(free_ports(1)).start()
        agent = Agent(s.work, [f"http://127.0.0.1:{fake.port}"], dev=True).start(scrape=False)
        time.sleep(0.5)
        agent.process.signal(signal.SIGSTOP)
        manifest = generate(s.work, containers=200, records=30, rate=0, rotate_bytes=4000, keep=9)
        agent.process.signal(signal.SIGCONT)
        truth = oracle.Manifest(manifest)
        wait_for(lambda: f"{truth.records} records, there are {fake.count()}", lambda: fake.has_all(truth), 40, 0.3)
        s.no_problems(fake.tally(oracle.Tally(truth, is_wire=True)).problems())
        overflows = total(agent.scrape(), "spoor_inotify_overflows_total")
        s.expect(overflows >= 1, f"{overflows:.0f} overflows counted")
        s.expect(agent.stop() == 0, "exit status is not 0")
        agent.check()


def descriptors(s):
    """64 descriptors, 200 containers: files take turns, sockets keep working."""
    fake = FakeLoki(free_ports(1)).start()
    agent = Agent(s.work, [f"http://127.0.0.1:{fake.port}"])
    agent.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
    p = generate(s.work, wait=False, containers=200, rate=10, seconds=6)
    truth = oracle.Manifest(finish(p))
    wait_for(lambda: f"{truth.records} records, there are {fake.count()}", lambda: fake.has_all(truth), 45, 0.3)
    s.no_problems(fake.tally(oracle.Tally(truth, is_wire=True)).problems())
    cpu = agent.process.cpu_s()
    time.sleep(2)
    idle = agent.process.cpu_s() - cpu
    s.expect(idle < 0.3, f"{idle:.2f} s of CPU in 2 idle seconds: it spins")
    s.expect(get(agent.url + "/-/healthy")[0] == 200, "not healthy")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def state_disk_full(s):
    """The state directory's file system is full: it tails and sends on and says that it is degraded; freed, it recovers alone."""
    agent_state = f"{s.work}/agent-state"
    os.makedirs(agent_state)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", agent_state], capture_output=True).returncode:
        raise Skip("mounting a tmpfs is not allowed here")
    try:
        fake = FakeLoki(free_ports(1)).start()
        agent = Agent(s.work, [f"http://127.0.0.1:{fake.port}"]).start()
        p = generate(s.work, wait=False, containers=10, rate=100, seconds=9, rotate_ms=3000)
        time.sleep(2)
        filler = os.open(f"{agent_state}/filler", os.O_WRONLY | os.O_CREAT)
        try:
            while True:
                os.write(filler, b"x" * 4096)
        except OSError:
            os.close(filler)
        time.sleep(3)
        errors = total(agent.scrape(), "spoor_checkpoint_errors_total")
        before = fake.count()
        s.expect(errors >= 1, f"{errors:.0f} checkpoint errors counted with a full disk")
        time.sleep(1)
        s.expect(fake.count() > before, "delivery stopped when the state directory was full")
        os.unlink(f"{agent_state}/filler")
        truth = oracle.Manifest(finish(p))
        wait_for("all records", lambda: fake.has_all(truth), 15)
        time.sleep(1.5)
        late = total(agent.scrape(), "spoor_checkpoint_errors_total")
        time.sleep(1.5)
        s.expect(total(agent.scrape(), "spoor_checkpoint_errors_total") == late, "checkpoints still fail after the disk was freed")
        agent.kill9()
        agent.start()
        time.sleep(1.5)
        tally = fake.tally(oracle.Tally(truth, is_wire=True))
        s.no_problems(tally.problems())
        s.expect(tally.resent < truth.records / 4, f"{tally.resent} records sent again: progress was not saved after the recovery")
        s.expect(agent.stop() == 0, "exit status is not 0")
        agent.check()
    finally:
        end_processes()
        subprocess.run(["umount", agent_state], check=False)


def state_read_only(s):
    """A state directory that cannot be written at all."""
    agent_state = f"{s.work}/agent-state"
    os.makedirs(agent_state)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,ro", "none", agent_state], capture_output=True).returncode:
        raise Skip("mounting a tmpfs is not allowed here")
    try:
        fake = FakeLoki(free_ports(1)).start()
        agent = Agent(s.work, [f"http://127.0.0.1:{fake.port}"]).start(wait=False)
        Pod(agent.pods, "ro").write("one", "two")
        wait_for("delivery without a state directory", lambda: fake.lines(pod="ro") == ["one", "two"], 15)
        text = get(agent.url + "/-/ready")[1] + get(agent.url + "/")[1] + agent.process.log_text()
        s.expect("state" in text, "nothing says that the state directory cannot be written")
        agent.stop()
    finally:
        end_processes()
        subprocess.run(["umount", agent_state], check=False)


def two_on_one_state(s):
    """A second agent on the same state directory ends at once; after kill -9 no stale lock stands in the way."""
    fake = FakeLoki(free_ports(1)).start()
    one = Agent(s.work, [f"http://127.0.0.1:{fake.port}"]).start()
    two = Agent(s.work, [f"http://127.0.0.1:{fake.port}"], name="second")
    two.state = one.state
    two.start(wait=False, scrape=False)
    code = two.process.wait(10)
    s.expect(code != 0, "a second agent runs on the same state directory")
    s.expect(one.process.is_alive(), "the first one ended")
    one.kill9()
    one.start()
    s.expect(one.stop() == 0, "exit status is not 0")
    one.check(min_scrapes=0)


def frozen(s):
    """SIGSTOP for a while under load and rotation, then SIGCONT."""
    fake = FakeLoki(free_ports(1)).start()
    agent = Agent(s.work, [f"http://127.0.0.1:{fake.port}"]).start(scrape=False)
    p = generate(s.work, wait=False, containers=10, rate=100, rotate_ms=4000, keep=6, seconds=10)
    time.sleep(2)
    agent.process.signal(signal.SIGSTOP)
    time.sleep(7)
    agent.process.signal(signal.SIGCONT)
    truth = oracle.Manifest(finish(p))
    wait_for(lambda: f"{truth.records} records, there are {fake.count()}", lambda: fake.has_all(truth), 20, 0.3)
    s.no_problems(fake.tally(oracle.Tally(truth, is_wire=True)).problems())
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check(min_scrapes=0)


main(inotify_watches, inotify_overflow, descriptors, state_disk_full, state_read_only, two_on_one_state, frozen)
