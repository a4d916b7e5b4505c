"""Targets that hang, never end, lie, explode or contradict themselves: each costs bounded time and memory, the others are on time."""
import gzip
import os
import subprocess
import time

from fake_receiver import Receiver, Target
from lib import Agent, Skip, free_ports, get, main, total, wait_for

GOOD = "good 1\n"


def endless(h):
    h.send_response(200)
    h.send_header("Content-Type", "text/plain")
    h.end_headers()
    try:
        while True:
            h.wfile.write(b"#")
            h.wfile.flush()
            time.sleep(0.3)
    except OSError:
        pass


def hangs(h):
    time.sleep(8)


def hangs_in_body(h):
    h.send_response(200)
    h.send_header("Content-Type", "text/plain")
    h.send_header("Content-Length", "1000")
    h.end_headers()
    h.wfile.write(b"a 1\n")
    h.wfile.flush()
    time.sleep(8)


def huge(h):
    """2 GB, if somebody reads it"""
    h.send_response(200)
    h.send_header("Content-Type", "text/plain")
    h.end_headers()
    line = b"# " + b"x" * 1022 + b"\n"
    try:
        for _ in range(2000):
            h.wfile.write(line * 1024)
    except OSError:
        pass


def bomb(h):
    data = gzip.compress(b"a" * (200 << 20), 9)
    h.send_response(200)
    h.send_header("Content-Type", "text/plain")
    h.send_header("Content-Encoding", "gzip")
    h.send_header("Content-Length", str(len(data)))
    h.end_headers()
    try:
        h.wfile.write(data)
    except OSError:
        pass


def redirects(h):
    h.send_response(302)
    h.send_header("Location", "http://169.254.169.254/latest/meta-data/")
    h.send_header("Content-Length", "0")
    h.end_headers()


BAD = {
    "hangs": lambda n: hangs, "hangs_in_body": lambda n: hangs_in_body, "endless": lambda n: endless, "huge": lambda n: huge, "bomb": lambda n: bomb,
    "not_text": "\xff garbage {{{\n", "cut_off": "a 1\nb{x=\"1", "repeated_label": 'a{x="1",x="2"} 1\n',
    "openmetrics_without_eof": ("a 1\n", "application/openmetrics-text; version=1.0.0"), "no_content_type": ("a 1\n", "application/pdf"),
    "too_many_series": "".join(f'a{{i="{i}"}} 1\n' for i in range(120)), "long_label": 'a{x="' + "y" * 2000 + '"} 1\n', "redirects": lambda n: redirects,
}
FINE = {
    "duplicates": "a 1\na 2\nb 3\n", "future": "a 1 99999999999999\nb 3\n",
    "no_last_newline": "c 1\nb 2",  # Prometheus takes it too
}


def config(targets, url):
    jobs = "".join(f"""    - job_name: {name}
      body_size_limit: 10MB
      sample_limit: 100
      label_value_length_limit: 1000
      static_configs: [{{targets: [{t.address}]}}]
""" for name, t in targets.items())
    return f"""metrics:
  global: {{scrape_interval: 1s, scrape_timeout: 900ms}}
  scrape_configs:
{jobs}  remote_write:
    - url: {url}
      queue_config: {{batch_send_deadline: 200ms}}
"""


def targets(s):
    receiver = Receiver(free_ports(1))
    rows = {name: Target(free_ports(1), body) for name, body in {**BAD, **FINE}.items()}
    rows["good"] = Target(free_ports(1), GOOD)
    agent = Agent(s.work, config=config(rows, receiver.url), dev=False).start()
    time.sleep(9)
    peak = agent.process.memory_mib("VmHWM")
    for name in BAD:
        ups = receiver.values(name="up", job=name)
        s.expect(ups and set(ups) == {0.0}, f"{name}: up is {ups}, want 0 only")
        s.expect(not [x for x in receiver.snapshot() if x.labels.get("job") == name and x.name in ("a", "b")], f"{name}: samples of a failed scrape were kept")
    for name in FINE:
        ups = receiver.values(name="up", job=name)
        s.expect(ups and set(ups) == {1.0}, f"{name}: up is {ups}, want 1 only")
        s.expect(receiver.values(name="b", job=name), f"{name}: the good sample is missing")
    s.expect(set(receiver.values(name="a", job="duplicates")) == {1.0}, "of two equal series the first must win")
    s.expect(not receiver.values(name="a", job="future"), "a sample of the far future was kept")
    good = [t for row in receiver.history(name="good", job="good").values() for t, _ in row]
    gaps = [b - a for a, b in zip(good, good[1:])]
    s.expect(len(good) >= 7 and max(gaps) < 1500, f"the good target was scraped {len(good)} times, gaps {gaps}")
    s.expect(peak < 64, f"peak RSS {peak:.0f} MiB")
    s.note(f"{len(BAD)} bad targets, peak RSS {peak:.0f} MiB")
    status, page = get(agent.url + "/api/v1/targets")
    s.expect(status == 200 and page.count('"health":"down"') == len(BAD), f"/api/v1/targets says down {page.count(chr(34) + 'down')} times, want {len(BAD)}")
    m = agent.scrape()
    s.expect(total(m, "spoor_log_lines_read_total") == 0, "it read logs")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def comes_and_goes(s):
    """A target that fails for a while: one stale marker for each series, none after; it comes back with what it has."""
    state = {"body": "x 1\ny 2\n"}
    receiver = Receiver(free_ports(1))
    target = Target(free_ports(1), lambda n: state["body"])
    agent = Agent(s.work, config=config({"t": target}, receiver.url)).start()
    wait_for("first samples", lambda: receiver.values(name="x"), 10)
    state["body"] = "x 1\n"
    wait_for("y goes stale", lambda: None in receiver.values(name="y"), 10)
    state["body"] = "{{{ not an exposition\n"
    wait_for("x goes stale", lambda: None in receiver.values(name="x"), 10)
    time.sleep(2)
    state["body"] = "x 3\n"
    wait_for("x is back", lambda: 3.0 in receiver.values(name="x"), 10)
    s.expect(receiver.values(name="y").count(None) == 1 and receiver.values(name="x").count(None) == 1, f"stale markers: {receiver.values(name='x')}, {receiver.values(name='y')}")
    ups = receiver.values(name="up")
    s.expect(0.0 in ups and ups[-1] == 1.0, f"up: {ups}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    s.expect(receiver.values(name="x")[-1] == 3.0, "a stale marker at shutdown")
    agent.check()


def files(s):
    """file_sd_configs: targets come, change and go with the file; a broken file changes nothing."""
    receiver = Receiver(free_ports(1))
    one, two = Target(free_ports(1), GOOD), Target(free_ports(1), GOOD)
    path = f"{s.work}/targets.yaml"

    def write(text):
        with open(path + ".new", "w") as f:
            f.write(text)
        os.rename(path + ".new", path)
    write(f"- targets: ['{one.address}']\n  labels: {{team: a}}\n")
    agent = Agent(s.work, config=f"""metrics:
  global: {{scrape_interval: 1s, scrape_timeout: 900ms}}
  scrape_configs:
    - job_name: files
      file_sd_configs: [{{files: ['{s.work}/*.yaml', '{s.work}/*.json'], refresh_interval: 5s}}]
      relabel_configs: [{{source_labels: [team], regex: unwanted, action: drop}}]
  remote_write:
    - url: {receiver.url}
      queue_config: {{batch_send_deadline: 200ms}}
""").start()
    wait_for("the first", lambda: receiver.values(name="good", team="a"), 15)
    write(f"- targets: ['{two.address}']\n  labels: {{team: b}}\n")
    wait_for("the second", lambda: receiver.values(name="good", team="b"), 15)
    wait_for("the first goes stale", lambda: receiver.values(name="good", team="a")[-1] is None, 15)
    s.expect(receiver.values(name="up", team="a")[-1] is None, "up of a target that is gone is not stale")
    write("- targets: [")
    time.sleep(6)
    s.expect(receiver.values(name="good", team="b")[-1] == 1.0, "a broken file took its targets away")
    write(f"- targets: ['{two.address}']\n  labels: {{team: unwanted}}\n")
    wait_for("dropped by relabelling", lambda: receiver.values(name="good", team="b")[-1] is None, 15)
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def dead_name_server(s):
    """Nobody answers for a target's name: its scrapes fail, and nothing else waits for that."""
    resolv = f"{s.work}/resolv.conf"
    with open(resolv, "w") as f:
        f.write("nameserver 192.0.2.1\n")
    alone = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', resolv]
    if subprocess.run(alone + ["true"], capture_output=True).returncode:
        raise Skip("no mount namespace of its own")
    receiver, good = Receiver(free_ports(1)), Target(free_ports(1), GOOD)
    named = Target(free_ports(1), GOOD)
    named.address = "nobody.example.com:80"
    agent = Agent(s.work, config=config({"good": good, "named": named}, receiver.url))
    agent.prefix = alone
    agent.start()
    wait_for("a scrape of the named target failed", lambda: 0.0 in receiver.values(name="up", job="named"), 20)
    slowest = 0
    for _ in range(40):
        at = time.monotonic()
        get(agent.url + "/-/healthy")
        slowest = max(slowest, time.monotonic() - at)
        time.sleep(0.1)
    s.note(f"slowest answer {slowest * 1000:.0f} ms")
    s.expect(slowest < 1, f"an answer took {slowest:.1f} s")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


main(targets, comes_and_goes, files, dead_name_server)
