#!/usr/bin/env python3
"""Prints what a running Spoor reads, as it comes: time, labels, trace id, line. Polls its JSON API; control bytes are escaped, because
log lines are written by strangers and a terminal obeys them.
"""
import argparse
import json
import os
import shutil
import signal
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # this is loopback: no proxy


def escape(text):
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def show(record, width, colour):
    labels = escape(record["labels"])
    trace = escape(record.get("trace_id") or "-")
    line = "%s %s %s %s" % (escape(record["timestamp"])[11:23], labels, trace, escape(record["line"]))
    if width and len(line) > width:
        line = line[:width - 1] + "\u2026"
    if colour and trace != "-":
        line = line.replace(trace, "\033[36m%s\033[0m" % trace, 1)
    print(line, flush=True)


def alive(pid):
    """A process that ended and was not yet waited for does not count."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("url", help="address of the agent, e.g. http://127.0.0.1:9195")
    parser.add_argument("--seconds", type=float, default=0, help="end after so many seconds (0: until interrupted)")
    parser.add_argument("--pid", type=int, default=0, help="end when this process has ended")
    options = parser.parse_args()

    ended = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.append(True))
    is_terminal = sys.stdout.isatty()
    start, since, records, traced, answered = time.monotonic(), 0, 0, 0, False
    while not ended and (not options.seconds or time.monotonic() - start < options.seconds):
        if options.pid and not alive(options.pid):
            return 1
        try:
            # What was there before is history: a few lines of it are enough.
            query = urllib.parse.urlencode({"since": since, "limit": 1000 if answered else 20})
            with OPENER.open("%s/api/v1/records?%s" % (options.url, query), timeout=5) as reply:
                found = json.load(reply)["data"]["records"]
            answered = True
        except (urllib.error.URLError, OSError):
            found = []
        width = shutil.get_terminal_size().columns if is_terminal else 0
        for record in sorted(found, key=lambda r: r["seq"]):
            since = max(since, record["seq"])
            records += 1
            traced += bool(record.get("trace_id"))
            show(record, width, is_terminal)
        time.sleep(0.5)
    print("%d records shown, %d of them with a trace id" % (records, traced), file=sys.stderr)
    return 0 if answered else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:  # | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
