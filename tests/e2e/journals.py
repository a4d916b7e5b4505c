"""Real journal files: entries in the export format, written by systemd-journal-remote (Debian package of that name) while the agent reads.

What was written is kept, so that it can be compared with what arrives."""
import os
import signal
import subprocess
import time

from lib import Failed, Process, Skip, wait_for

REMOTE = "/lib/systemd/systemd-journal-remote"
BOOT = "0123456789abcdef0123456789abcdef"


class Entry:
    def __init__(self, realtime_us, fields):
        self.realtime_us, self.fields = realtime_us, fields

    @property
    def timestamp(self):
        return self.realtime_us * 1000

    def field(self, name):
        return next((v for k, v in reversed(self.fields) if k == name), None)

    def export(self):
        out = [b"__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=%s\n" % (self.realtime_us, self.realtime_us % 10**12, BOOT.encode())]
        for name, value in self.fields:
            is_text = value.isascii() and value.decode().isprintable()  # an empty one can be written only so
            out.append(name.encode() + (b"=" + value if is_text else b"\n" + len(value).to_bytes(8, "little") + value) + b"\n")
        return b"".join(out) + b"\n"


class Journal:
    """A directory with journal files; one is being written, as journald does it, until it is rotated away."""

    def __init__(self, directory):
        if not os.access(REMOTE, os.X_OK):
            raise Skip(f"no {REMOTE}: tests/setup.sh tests installs it")
        self.directory, self.written, self.archived = directory, [], 0
        os.makedirs(directory, exist_ok=True)
        self.child = None
        self.last_us = 0
        self.clock = time.time  # of entries that are given no time

    def _open(self):
        if not self.child:
            self.child = subprocess.Popen([REMOTE, "-o", f"{self.directory}/system.journal", "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                          stderr=subprocess.DEVNULL)

    def write(self, *messages, at=None, **fields):
        """An entry for each message (None: without MESSAGE), written out before this returns to its caller's next write."""
        for message in messages:
            row = [] if message is None else [("MESSAGE", message)]
            self.write_fields(row + list(fields.items()), at)
        return self

    def write_fields(self, fields, at=None):
        """One entry of (name, value) in this order; a name may come twice."""
        self._open()
        self.last_us = max(int((at or self.clock()) * 1e6), self.last_us + 1)
        entry = Entry(self.last_us, [(k, v if isinstance(v, bytes) else str(v).encode()) for k, v in fields])
        self.written.append(entry)
        self.child.stdin.write(entry.export())
        self.child.stdin.flush()
        return self

    def close(self):
        """All that was given is in the file."""
        if self.child:
            self.child.stdin.close()
            if self.child.wait(60) != 0:
                raise Failed(f"{REMOTE} ended with {self.child.returncode}")
            self.child = None
        return self

    def rotate(self):
        """What was written so far stays in a file of its own; new entries go to a new one, under the same name as before."""
        self.close()
        self.archived += 1
        name = f"{self.directory}/system@{self.archived:05}.journal"
        os.rename(f"{self.directory}/system.journal", name)
        return name

    def vacuum(self, keep=0):
        """Deletes the oldest archived files."""
        old = sorted(n for n in os.listdir(self.directory) if "@" in n)
        for name in old[:len(old) - keep]:
            os.unlink(f"{self.directory}/{name}")


class Journald:
    """A systemd-journald of our own in a mount namespace, which those join whose command begins with `inside`."""

    def __init__(self, work):
        journald = "/lib/systemd/systemd-journald"
        if os.geteuid() != 0 or not os.access(journald, os.X_OK) or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
            raise Skip("needs root, mount namespaces and systemd-journald")
        self.pid_file = f"{work}/journald.pid"
        script = f"""mount -t tmpfs none /run && mount -t tmpfs none /var/log && mkdir -p /run/systemd/journal /run/log/journal
{journald} >{work}/journald.log 2>&1 & echo $! >{self.pid_file}
while [ ! -S /run/systemd/journal/stdout ]; do sleep 0.05; done
exec "$@"
"""
        self.holder = Process(["unshare", "-m", "sh", "-c", script, "sh", "sleep", "600"], f"{work}/holder.log")
        self.inside = ["nsenter", "-t", str(self.holder.pid), "-m"]
        wait_for("journald", lambda: os.path.exists(self.pid_file) and
                 subprocess.run(self.inside + ["test", "-S", "/run/systemd/journal/stdout"]).returncode == 0, 10)

    def say(self, text, program="demo", priority="warning"):
        """Written when this returns."""
        subprocess.run(self.inside + ["systemd-cat", "-t", program, "-p", priority], input=text.encode() + b"\n", check=True)
        wait_for(f"{text!r} in the journal", lambda: text in subprocess.run(self.inside + ["journalctl", "-n", "5", "--no-pager"], capture_output=True,
                                                                            text=True).stdout, 10)

    def rotate(self):
        with open(self.pid_file) as f:
            subprocess.run(self.inside + ["kill", "-USR2", f.read().strip()], check=True)

    def stop(self):
        try:
            with open(self.pid_file) as f:
                os.kill(int(f.read()), signal.SIGTERM)
        except (OSError, ValueError):
            pass
        self.holder.kill()


def arrived(what, fake, lines, timeout=20):
    """Waits until a fake Loki has these lines, each at least once; returns its entries by line."""
    def missing():
        have = {e.line for e in fake.snapshot()}
        return [line for line in lines if line not in have]
    wait_for(lambda: f"{what}: {len(missing())} of {len(lines)} lines are missing, such as {missing()[:3]}", lambda: not missing(), timeout)
    return {e.line: e for e in fake.snapshot()}
