#!/usr/bin/env python3
"""Runs scenarios of this folder, several at a time, and tells what each one said as a whole, always in the same order.

    tests/e2e/run.py [--jobs N] [--counts FILE] [NAME ...]     all of them without names; two at a time without N

A scenario is an executable NAME.sh here. It gets the environment that tests/run.sh describes, and of its own: WORK, a fresh folder, and PORTS, a
range that nobody else at work takes ports from (lib.py, free_ports). One whose file has a line "# alone: WHY" runs with nothing beside it, after
the others: it changes or measures something that is the whole machine's. FILE is given "passed failed skipped" for tests/run.sh to add up.
"""
import argparse
import collections
import concurrent.futures
import ctypes
import glob
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
LIMIT_S, GRACE_S = 15 * 60, 10
PORTS = range(24100, 32000)  # below those that the kernel gives out
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36

Result = collections.namedtuple("Result", "name out err status seconds work")


class Runner:
    def __init__(self, lanes):
        self.lanes, self.running, self.lock, self.is_over = queue.Queue(), set(), threading.Lock(), False
        width = len(PORTS) // lanes
        for i in range(lanes):
            self.lanes.put(PORTS[i * width:(i + 1) * width])

    def run(self, name):
        """One scenario from its start to its end; the Result"""
        ports = self.lanes.get()
        work, began = f"{ROOT}/build/e2e-work/{name}", time.monotonic()
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = self._start([f"{HERE}/{name}.sh"], dict(os.environ, WORK=work, PORTS=f"{ports[0]}-{ports[-1]}"), out, err)
            try:
                status = child.wait(LIMIT_S)
            except subprocess.TimeoutExpired:
                self._end([child])
                status = None
            self._signal(child, signal.SIGKILL)  # what it started and left behind
            self.running.discard(child)
            self.lanes.put(ports)
            return Result(name, text(out), text(err), status, time.monotonic() - began, work)

    def _start(self, argv, env, out, err):
        """In a session of its own: it is ended with all that it started."""
        with self.lock:
            if self.is_over:
                raise InterruptedError
            child = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)
            self.running.add(child)
            return child

    def _end(self, children):
        """As Ctrl-C would: a scenario unmounts and puts back what it changed."""
        for child in children:
            self._signal(child, signal.SIGINT)
        end = time.monotonic() + GRACE_S
        while time.monotonic() < end and any(c.poll() is None for c in children):
            time.sleep(0.05)
        for child in children:
            self._signal(child, signal.SIGKILL)

    @staticmethod
    def _signal(child, number):
        try:
            os.killpg(child.pid, number)
        except ProcessLookupError:
            pass

    def end(self):
        """All that runs, and what left its session and became ours."""
        with self.lock:
            self.is_over = True
        self._end(list(self.running))
        for pid in orphans():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def orphans():
    """Processes whose parent is this one"""
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path) as f:
                fields = f.read().rsplit(")", 1)[1].split()
            if int(fields[1]) == os.getpid():
                found.append(int(path.split("/")[2]))
        except OSError:
            pass  # it has ended
    return found


def text(file):
    file.seek(0)
    return file.read().decode("utf-8", "replace").splitlines()


def tell(result):
    """What a scenario said; (passed, failed, skipped)"""
    verdicts = [line for line in result.out if re.match(r"(ok|not ok|skip) ", line)]
    good, bad, left = (sum(line.startswith(word) for line in verdicts) for word in ("ok ", "not ok ", "skip "))
    if result.status is None:
        verdicts.append(f"not ok {result.name}: not done after {LIMIT_S // 60} minutes")
    elif not bad and (result.status or not good + left):
        verdicts.append(f"not ok {result.name}: exit {result.status} after {good} passed and {left} skipped")
    bad = sum(line.startswith("not ok ") for line in verdicts)
    print(f"\n== End to end: {result.name}", *verdicts, sep="\n")
    if bad:
        print(*[line for line in result.out if line not in verdicts][-40:], *result.err[-40:], f"what it left: {os.path.relpath(result.work, ROOT)}", sep="\n")
    else:
        shutil.rmtree(result.work, ignore_errors=True)
    sys.stdout.flush()
    return good, bad, left


def reason_alone(name):
    with open(f"{HERE}/{name}.sh") as f:
        found = re.search(r"^# alone: (.+)$", f.read(), re.M)
    return found and found.group(1)


def close(results, counts, seconds, file):
    slowest = sorted(results, key=lambda r: -r.seconds)
    print(f"\n== End to end: {seconds:.0f} seconds, {sum(r.seconds for r in results):.0f} one after the other; each, slowest first (*: ran alone)")
    for i in range(0, len(slowest), 5):
        print("  ".join(f"{r.seconds:6.0f} {r.name + ('*' if reason_alone(r.name) else ''):22}" for r in slowest[i:i + 5]).rstrip())
    sys.stdout.flush()
    if file:
        with open(file, "w") as f:
            print(*counts, file=f)


def main():
    parser = argparse.ArgumentParser(usage="run.py [--jobs N] [--counts FILE] [NAME ...]")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--counts")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    known = sorted(os.path.basename(p)[:-3] for p in glob.glob(f"{HERE}/*.sh") if os.access(p, os.X_OK) and not p.endswith("/build.sh"))
    unknown = set(options.names) - set(known)
    if unknown:
        parser.error(f"no scenario {sorted(unknown)[0]}; there are {' '.join(known)}")
    names = [n for n in known if n in options.names or not options.names]
    beside, alone = [n for n in names if not reason_alone(n)], [n for n in names if reason_alone(n)]

    libc, parent = ctypes.CDLL(None), os.getppid()
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _: sys.exit(128 + n))
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)  # also when tests/run.sh is killed
    if os.getppid() != parent:
        sys.exit(1)

    runner, results, counts, began = Runner(options.jobs), [], [0, 0, 0], time.monotonic()
    pool = concurrent.futures.ThreadPoolExecutor(options.jobs)
    try:
        coming = [pool.submit(runner.run, n) for n in beside]
        for get in [c.result for c in coming] + [lambda n=n: runner.run(n) for n in alone]:
            results.append(get())
            counts = [a + b for a, b in zip(counts, tell(results[-1]))]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        runner.end()
    close(results, counts, time.monotonic() - began, options.counts)
    sys.exit(1 if counts[1] else 0)


if __name__ == "__main__":
    main()
