"""Everything a file can do to a reader (docs/OPERATIONS.md, fault table): short-lived pods, deletion while the destination is
away, truncation, regrowth, inode numbers used again, equal first lines, giant lines, NUL bytes, holes, links and pipes."""
import errno
import gzip
import os
import subprocess
import time

import oracle
from fake_loki import FakeLoki, Reply
from lib import Agent, Pod, Skip, clients_config, end_processes, finish, free_ports, generate, main, total, wait_for


def setup(s, behave=None, **kw):
    fake = FakeLoki(free_ports(1), behave).start()
    return fake, Agent(s.work, [f"http://127.0.0.1:{fake.port}"], dev=True, **kw)


def arrived(s, fake, pod, want, timeout=12):
    def now():
        return fake.lines(pod=pod)
    wait_for(lambda: f"pod {pod} delivered as {short(want)}; it is {short(now())}", lambda: len(now()) >= len(want), timeout)
    time.sleep(0.3)
    s.expect(now() == want, f"pod {pod} is {short(now())}, want {short(want)}")


def short(lines):
    text = repr([l if len(l) < 60 else l[:40] + f"…({len(l)})" for l in lines[:6]])
    return text + (f" and {len(lines) - 6} more" if len(lines) > 6 else "")


def end(s, agent, lost=0):
    m = agent.scrape()
    got = sum(m.get("spoor_log_bytes_lost_total", {}).values())
    s.expect(lost is None or got == lost, f"{got:.0f} bytes counted as lost, want {lost}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()
    s.note(f"peak RSS {agent.peak_mib:.0f} MiB")


def short_pods(s):
    """60 pods that live 200 ms each and are removed 900 ms later; then 20 removed right after their last line."""
    fake, agent = setup(s)
    agent.start()
    p = generate(s.work, wait=False, containers=60, records=40, rate=200, spawn_ms=50, remove_ms=900)
    truth = oracle.Manifest(finish(p))
    wait_for(lambda: f"{truth.records} records, there are {fake.count()}", lambda: fake.has_all(truth), 12)
    s.no_problems(fake.tally(oracle.Tally(truth, is_wire=True)).problems())
    at_once = oracle.Manifest(generate(s.work, name="fast", containers=20, first=1000, records=20, rate=100, spawn_ms=30, remove_ms=40))
    time.sleep(2.5)
    tally = oracle.Tally(at_once, is_wire=True)
    for e in fake.snapshot():
        who = oracle.identify(e.line)
        if who and who[0] >= 1000:
            tally.add(e.labels, e.timestamp, e.line, e.meta)
    s.no_problems(tally.problems())
    end(s, agent)


def deleted_while_away(s):
    """Pods are removed with all their files while Loki refuses everything: the held descriptors bring it home."""
    fake, agent = setup(s, lambda request: Reply(503, "away"))
    agent.start()
    p = generate(s.work, wait=False, containers=10, records=900, rate=300, rotate_ms=1500, keep=3, remove_ms=300)
    truth = oracle.Manifest(finish(p))
    time.sleep(1.5)
    fake.behave = lambda request: Reply()
    wait_for(lambda: f"{truth.records} records, there are {fake.count()}", lambda: fake.has_all(truth), 20)
    s.no_problems(fake.tally(oracle.Tally(truth, is_wire=True)).problems())
    wait_for("descriptors released", lambda: agent.process.descriptors() < 40, 15)
    end(s, agent)


def truncate_and_regrow(s):
    fake, agent = setup(s)
    agent.start()
    small, same = Pod(agent.pods, "truncated"), Pod(agent.pods, "regrown")
    small.write("one", "two", "three")
    same.write("one", "two")
    arrived(s, fake, "truncated", ["one", "two", "three"])
    arrived(s, fake, "regrown", ["one", "two"])
    os.truncate(small.path, 0)
    small.write("four")
    # Past the old offset before anybody looks: only the bytes in front of the offset tell.
    new = b"".join(same.cri(f"new {i}") for i in range(20))
    with open(same.path, "r+b") as f:
        f.truncate(0)
        f.write(new)
    arrived(s, fake, "truncated", ["one", "two", "three", "four"])
    arrived(s, fake, "regrown", ["one", "two"] + [f"new {i}" for i in range(20)])
    end(s, agent, lost=None)


def regrown_while_stopped(s):
    """Truncated and grown past the saved offset while the agent is down; another file gets the number of a deleted one."""
    fake, agent = setup(s)
    agent.start()
    pod = Pod(agent.pods, "regrown")
    pod.write("one", "two")
    arrived(s, fake, "regrown", ["one", "two"])
    time.sleep(1.3)
    agent.stop()
    with open(pod.path, "r+b") as f:
        f.truncate(0)
        f.write(b"".join(pod.cri(f"new {i}") for i in range(20)))
    agent.start()
    arrived(s, fake, "regrown", ["one", "two"] + [f"new {i}" for i in range(20)])
    end(s, agent, lost=None)


def copytruncate(s):
    """A log that is copied and cut in place, with pauses long enough to be read: nothing is lost, nothing repeated."""
    fake = FakeLoki(free_ports(1)).start()
    config = clients_config([f"http://127.0.0.1:{fake.port}"]) + f"""  target_config: {{sync_period: 2s}}
  scrape_configs:
    - job_name: plain
      static_configs: [{{targets: [localhost], labels: {{app: cut, __path__: {s.work}/plain/*.log}}}}]
"""
    agent = Agent(s.work, config=config, dev=True, kubernetes=False).start()
    for i in range(4):
        m = generate(s.work, mode="copytruncate", containers=3, rate=0, records=100, from_seq=i * 100, rotate_first=int(i > 0))
        # The folder is not there at the start: the reconciliation finds it.
        wait_for(lambda: f"part {i}, there are {fake.count()}", lambda: fake.count() >= 300 * (i + 1), 15)
    tally = oracle.Tally(oracle.Manifest(m), labels=(), with_stream=False, is_wire=True)
    s.no_problems(fake.tally(tally).problems())
    truncated = total(agent.scrape(), "spoor_log_files_truncated_total")
    s.expect(truncated >= 9, f"{truncated:.0f} truncations counted, want 9")
    end(s, agent, lost=None)


def fill_inodes(directory):
    """Takes every free inode of a small file system: the next file has to get the number of the one deleted last."""
    for i in range(10000):
        try:
            with open(f"{directory}/filler{i}", "x"):
                pass
        except OSError as e:
            if e.errno == errno.ENOSPC:
                return
            raise
    raise RuntimeError(f"{directory} has no end of inodes")


def write_when_free(pod, *lines):
    """The number is free once the agent has let go of the deleted file."""
    def one():
        try:
            pod.write(*lines)
        except OSError as e:
            if e.errno != errno.ENOSPC:
                raise
            return False
        return True
    wait_for("a free inode: the agent holds on to a deleted file that is read and acknowledged", one, 20, 0.02)
    return os.stat(pod.path).st_ino


def inode_reuse(s):
    """On a file system that is out of inodes a new file gets the inode number of the deleted one."""
    image, tree = f"{s.work}/image", f"{s.work}/tree"
    with open(image, "wb") as f:
        f.truncate(3 << 20)
    os.makedirs(tree)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-N", "32", image], check=True, capture_output=True)
    if subprocess.run(["mount", "-o", "loop", image, tree], capture_output=True).returncode:
        raise Skip("mounting a loop device is not allowed here")
    try:
        fake, agent = setup(s, pods=tree)
        agent.start()
        pod = Pod(tree, "reused")
        pod.write("first 0", "second 0")
        fill_inodes(tree)
        number, want = os.stat(pod.path).st_ino, ["first 0", "second 0"]
        arrived(s, fake, "reused", want)
        for i in range(1, 12):
            down = i == 6
            if down:
                time.sleep(1.3)
                agent.stop()
            os.unlink(pod.path)
            again = write_when_free(pod, f"first {i}", f"second {i}")
            s.expect(again == number, f"the file system gave number {again} after {number}: nothing was tested")
            want += [f"first {i}", f"second {i}"]
            if down:
                agent.start()
            arrived(s, fake, "reused", want)
        end(s, agent, lost=None)
    finally:
        end_processes()
        subprocess.run(["umount", tree], check=False)


def identical_and_empty(s):
    """Files with the same content are all read; an empty file is read as soon as it has something, from its first byte."""
    fake, agent = setup(s)
    twins = [Pod(agent.pods, f"twin{i}") for i in range(3)]
    at = time.time_ns()
    for t in twins:
        t.stamp = at + 10**9
        t.write("same first line", "same second line")
    empty = Pod(agent.pods, "empty")
    empty.create().raw(b"")
    agent.start()
    for t in twins:
        arrived(s, fake, t.name, ["same first line", "same second line"])
    time.sleep(0.5)
    half = empty.cri("at last")
    empty.raw(half[:20])
    time.sleep(0.7)
    s.expect(fake.lines(pod="empty") == [], "a half-written line was shipped")
    empty.raw(half[20:])
    arrived(s, fake, "empty", ["at last"])
    end(s, agent)


def partials(s):
    """P and F: interleaved stdout and stderr, across a rotation, across a restart, and one that is never closed."""
    fake, agent = setup(s)
    agent.start()
    pod = Pod(agent.pods, "partials")

    def streams(out, err):
        def now():
            return fake.lines(pod="partials", stream="stdout"), fake.lines(pod="partials", stream="stderr")
        wait_for(lambda: f"{out} and {err}, there are {now()}", lambda: now() == (out, err), 12)

    pod.write("out-1 ", tag="P")
    pod.write("err-1 ", stream="stderr", tag="P")
    pod.write("out-2", tag="F")
    pod.write("err-2", stream="stderr", tag="F")
    pod.write("head ", tag="P")
    pod.rotate()
    pod.write("tail")
    streams(["out-1 out-2", "head tail"], ["err-1 err-2"])
    pod.write("before ", tag="P")
    time.sleep(1.3)
    agent.kill9()
    pod.write("after")
    agent.start()
    streams(["out-1 out-2", "head tail", "before after"], ["err-1 err-2"])
    # A container that ends without a newline leaves a P behind and no F ever follows.
    pod.write("never closed", tag="P")
    time.sleep(0.2)
    next_life = Pod(agent.pods, "partials", restarts=1)
    next_life.write("restarted")
    wait_for("the unclosed partial shipped", lambda: "never closed" in fake.lines(pod="partials"), 45)
    end(s, agent)


def giant_line(s):
    """100 MB without a newline: a cut head with a marker, constant memory, and the file goes on."""
    fake, agent = setup(s)
    agent.start()
    pod = Pod(agent.pods, "giant")
    pod.write("before")
    at = pod.cri("x")[:-2]
    with open(pod.path, "ab") as f:
        f.write(at)
        for _ in range(100):
            f.write(b"0123456789abcdef" * 62500)
        f.write(b"\n")
    pod.write("after")
    wait_for(lambda: f"three lines, there are {len(fake.lines(pod='giant'))}", lambda: len(fake.lines(pod="giant")) >= 3, 30)
    lines = fake.lines(pod="giant")
    s.expect(lines[0] == "before" and lines[-1] == "after" and len(lines) == 3, f"lines are {short(lines)}")
    s.expect(100_000 < len(lines[1]) <= 262144, f"the head is {len(lines[1])} bytes, Loki takes 262144")
    s.expect(total(agent.scrape(), "spoor_log_lines_truncated_total") == 1, "the cut line is not counted")
    if not os.environ.get("SPOOR_DEV"):
        s.expect(agent.peak_mib < 48, f"peak RSS {agent.peak_mib:.0f} MiB")
    end(s, agent)


def odd_bytes(s):
    """NUL bytes, CRLF, invalid UTF-8, a colour, an empty line, a broken CRI head, times that stand still or go back."""
    fake, agent = setup(s)
    agent.start()
    pod = Pod(agent.pods, "odd")
    pod.write(b"nul \0 inside", b"carriage\r", b"bad \xff\xfe utf8 \xc3", b"\x1b[31mred\x1b[0m", b"", "naïve ☃ 😀")
    pod.raw(b"not a cri line at all\n")
    wait_for("seven lines", lambda: len(fake.lines(pod="odd")) >= 7, 10)
    lines = fake.lines(pod="odd")
    s.expect("inside" in lines[0] and lines[0].startswith("nul "), f"NUL: {lines[0]!r}")
    s.expect(lines[1] == "carriage", f"CRLF: {lines[1]!r}")
    s.expect(lines[2] == "bad \ufffd\ufffd utf8 \ufffd", f"UTF-8: {lines[2]!r}")
    s.expect(lines[3] == "\x1b[31mred\x1b[0m" and lines[4] == "" and lines[5] == "naïve ☃ 😀", f"lines {lines[3:6]!r}")
    s.expect(lines[6] == "not a cri line at all", f"malformed: {lines[6]!r}")
    s.expect(total(agent.scrape(), "spoor_log_parse_errors_total") >= 1, "the malformed head is not counted")
    still = Pod(agent.pods, "still")
    at = b"2026-11-21T10:00:00.123Z stdout F "
    still.raw(b"".join(at + b"same time %d\n" % i for i in range(50)) + b"2026-11-21T09:00:00Z stdout F back\n" + at + b"again\n")
    arrived(s, fake, "still", [f"same time {i}" for i in range(50)] + ["back", "again"])
    s.expect(not fake.damage, f"undecodable requests: {fake.damage[:2]}")
    end(s, agent)


def holes(s):
    """A sparse hole of 10 GB between two lines."""
    fake, agent = setup(s)
    agent.start()
    pod = Pod(agent.pods, "hole")
    pod.write("before")
    arrived(s, fake, "hole", ["before"])
    with open(pod.path, "r+b") as f:
        f.truncate(10 << 30)
    pod.raw(b"\n").write("after")
    cpu = agent.process.cpu_s()
    wait_for(lambda: f"the line after the hole: {short(fake.lines(pod='hole'))}", lambda: "after" in [l.strip("\0") for l in fake.lines(pod="hole")], 20)
    s.note(f"{agent.process.cpu_s() - cpu:.1f} s of CPU for the hole")
    s.expect(max(len(l) for l in fake.lines(pod="hole")) < 300000, "a giant line of NUL bytes")
    end(s, agent, lost=None)


def not_files(s):
    """FIFO, directory, socket and device names, links out of the tree, dangling links, names that are no pods."""
    fake, agent = setup(s)
    secret = f"{s.work}/secret"
    with open(secret, "wb") as f:
        f.write(b"2026-11-21T10:00:00Z stdout F root:$6$canary:19000:0:99999:7:::\n")
    for i, make in enumerate((lambda p: os.mkfifo(p), lambda p: os.mkdir(p), lambda p: os.symlink("/etc/shadow", p), lambda p: os.symlink(secret, p),
                              lambda p: os.symlink("nowhere", p), lambda p: os.symlink("/dev/zero", p), lambda p: os.symlink("../../..", p))):
        pod = Pod(agent.pods, f"odd{i}").create()
        make(pod.path)
    for name in ("no-underscore", "a_b", "_p_u", "ns__u", "a_b_c_d_e", "..._x_y", "n" * 250, "new\nline_p_u", "esc\x1b[2J_p_u", 'q"uote_p{od}_u', "ns_-_u"):
        d = f"{agent.pods}/{name}/app"
        os.makedirs(d)
        with open(f"{d}/0.log", "wb") as f:
            f.write(Pod(agent.pods, "x").cri("from an odd name"))
    os.symlink(s.work, f"{agent.pods}/shop_link_u1")
    good = Pod(agent.pods, "good")
    good.write("one")
    agent.start()
    arrived(s, fake, "good", ["one"])
    time.sleep(1)
    everything = "\n".join(e.line for e in fake.snapshot())
    s.expect("canary" not in everything and "root:" not in everything, "a file outside the tree was read")
    s.expect(not fake.damage, f"undecodable requests: {fake.damage[:2]}")
    good.write("two")
    arrived(s, fake, "good", ["one", "two"])
    s.expect("\x1b" not in agent.process.log_text(), "an escape sequence in the agent's own log")
    end(s, agent)


def burst(s):
    """10,000 files at once."""
    fake, agent = setup(s)
    agent.start()
    time.sleep(0.5)
    before = agent.process.memory_mib()
    t = time.monotonic()
    truth = oracle.Manifest(generate(s.work, containers=10000, records=1, rate=0, first=0))
    wrote = time.monotonic() - t
    wait_for(lambda: f"10000 records, there are {fake.count()}", lambda: fake.count() >= 10000, 60, 0.3)
    s.note(f"written in {wrote:.1f} s, all there after {time.monotonic() - t:.1f} s; RSS {before:.0f} -> {agent.process.memory_mib():.0f} MiB, {agent.process.descriptors()} descriptors")
    s.no_problems(fake.tally(oracle.Tally(truth, is_wire=True)).problems())
    end(s, agent)


def compressed_twice(s):
    """A plain rotated file and its .gz for a moment both there, a .tmp lying about: each line is delivered once."""
    fake, agent = setup(s)
    pod = Pod(agent.pods, "gz")
    pod.write("one", "two")
    old = pod.rotate("20261121-090000")
    with open(old, "rb") as f:
        data = f.read()
    with gzip.open(old + ".gz", "wb") as f:
        f.write(data)
    with open(f"{pod.path}.20261121-080000.tmp", "wb") as f:
        f.write(gzip.compress(data)[:20])
    pod.write("three")
    agent.start()
    arrived(s, fake, "gz", ["one", "two", "three"])
    os.unlink(old)
    pod.write("four")
    arrived(s, fake, "gz", ["one", "two", "three", "four"])
    end(s, agent)


def directories_again(s):
    """The pod's directory goes and comes back; a second container appears in a pod; a file that was unreadable opens up."""
    fake, agent = setup(s)
    agent.write_config(agent.text + "  target_config: {sync_period: 2s}\n")
    agent.start()
    pod = Pod(agent.pods, "again", uid="11111111-0000-4000-8000-000000000000")
    pod.write("first life")
    arrived(s, fake, "again", ["first life"])
    os.unlink(pod.path)
    os.rmdir(pod.directory)
    os.rmdir(os.path.dirname(pod.directory))
    time.sleep(0.3)
    pod.write("second life")
    arrived(s, fake, "again", ["first life", "second life"])
    side = Pod(agent.pods, "again", container="side", uid="11111111-0000-4000-8000-000000000000")
    side.write("sidecar")
    wait_for("the second container", lambda: fake.lines(pod="again", container="side") == ["sidecar"], 10)
    end(s, agent, lost=None)


main(short_pods, deleted_while_away, truncate_and_regrow, regrown_while_stopped, copytruncate, inode_reuse, identical_and_empty, partials,
     giant_line, odd_bytes, holes, not_files, burst, compressed_twice, directories_again)
