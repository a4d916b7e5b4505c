"""The systemd collector and the real node_exporter, both on one real bus, asking one manager: the same families, types, help and values.
Then what a bus can do to the agent: not be there, be there without a manager, never answer, answer slowly, die in the middle."""
import os
import socket
import time

import exposition
from fake_systemd import Bus, Manager
from lib import ROOT, Agent, get, main, wait_for
from servers import NodeExporter

ANSWERS = f"{ROOT}/tests/fixtures/collectors/systemd.bus"
ONLY = ["--collector.disable-defaults", "--collector.systemd"]
EVERYTHING = ["--collector.systemd.enable-task-metrics", "--collector.systemd.enable-restarts-metrics", "--collector.systemd.enable-start-time-metrics"]
VARIANTS = {
    "plain": [],
    "everything": EVERYTHING + ["--collector.systemd.unit-exclude="],
    "chosen": EVERYTHING + ["--collector.systemd.unit-include=(ssh|old)\\..*|.*mount", "--collector.systemd.unit-exclude=.*socket"],
    "old names": ["--collector.systemd.unit-whitelist=.*\\.service", "--collector.systemd.unit-blacklist=ssh.*"],
    "nothing": ["--collector.systemd.unit-include="],
}
NOT_OURS = "node_scrape_collector_duration_seconds"


def read(url, path):
    status, body = get(url + path, 30)
    if status != 200:
        raise RuntimeError(f"{path} answers {status}: {body[:200]}")
    return {n: (f.type, f.help, f.samples) for n, f in exposition.parse(body).items() if n not in (NOT_OURS, "node_exporter_build_info")}


def success(families):
    return next(iter(families["node_scrape_collector_success"][2].values()))


def compare(s, what, flags):
    theirs = NodeExporter(f"{s.work}/node_exporter", *ONLY, *flags).start()
    agent = Agent(s.work, config="", args=ONLY + flags).start(scrape=False)
    a, b = read(theirs.url, "/metrics"), read(agent.url, "/metrics/node")
    theirs.stop()
    s.expect(agent.stop() == 0, "the agent did not end well")
    agent.check(min_scrapes=0)
    wrong = [f"{n}: {b.get(n)}, want {a.get(n)}" for n in sorted(set(a) | set(b)) if a.get(n) != b.get(n)]
    s.expect(not wrong, f"{what}: {len(wrong)} differences: " + "; ".join(wrong[:8]))
    s.note(f"{what}: {len(b)} families, {sum(len(f[2]) for f in b.values())} samples")
    return a


def same_as_node_exporter(s):
    bus = Bus()
    os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = bus.address
    manager = Manager(bus, ANSWERS)
    for what, flags in VARIANTS.items():
        seen = compare(s, what, flags)
        s.expect(success(seen) == 1, f"{what}: node_exporter itself failed")
        if what == "everything":  # what the unit test asks for
            with open(ANSWERS[:-3] + "txt") as f:
                golden = {n: (x.type, x.help, x.samples) for n, x in exposition.parse(f.read()).items()}
            seen.pop("node_scrape_collector_success", None)
            s.expect(golden == seen, "systemd.txt is not what node_exporter says")
    for version in ("v255", "211", "212", "systemd 99 then 254.1.2~rc3", "", "none", None):
        manager.properties[("/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", "Version")] = ("s", version)
        manager.properties[("/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", "Virtualization")] = ("s", "" if version else "vm-other")
        if version is None:  # a manager that tells little
            for name in ("Version", "Virtualization", "SystemState"):
                manager.properties.pop(("/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", name))
        compare(s, f"version {version!r}", [])
    manager.properties[("/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", "Version")] = ("s", "252")
    s.expect(success(compare(s, "no state", [])) == 0, "a manager without a state is a success")
    manager.leave()
    s.expect(success(compare(s, "no manager", [])) == 0, "a bus without a manager is a success")
    bus.stop()
    del os.environ["DBUS_SYSTEM_BUS_ADDRESS"]


def timed(agent):
    start = time.monotonic()
    families = read(agent.url, "/metrics/node")
    return families, time.monotonic() - start


def faults(s):
    bus = Bus()
    agent = Agent(s.work, config="", args=["--collector.systemd"])
    agent.env["DBUS_SYSTEM_BUS_ADDRESS"] = bus.address
    agent.start(scrape=False)
    before = agent.process.descriptors()

    def expect(what, ok, within):
        families, took = timed(agent)
        marks = {dict(k[1])["collector"]: v for k, v in families["node_scrape_collector_success"][2].items()}
        s.expect(marks["systemd"] == ok and marks["loadavg"] == 1 and "node_load1" in families, f"{what}: success is {marks}")
        s.expect(took < within, f"{what}: the scrape took {took:.1f} s")
        s.note(f"{what}: {took:.2f} s")
        return families

    expect("a bus without a manager", 0, 2)
    manager = Manager(bus, ANSWERS)
    whole = expect("a manager", 1, 2)
    manager.wait_s = 0.5
    slow = expect("a slow manager", 0, 9.5)
    s.expect("node_systemd_version" in slow, "what was told in time is left out")
    manager.wait_s, manager.is_silent = 0, True
    time.sleep(1)
    expect("a silent manager", 0, 3.5)
    manager.is_silent = False

    def is_whole_again():  # what the silence has left in the queue may still be answered first
        families, took = timed(agent)
        return took < 2 and families.keys() == whole.keys()
    wait_for("all families again, in time", is_whole_again, 30, 0.2)
    manager.die_after = manager.asked + 10
    expect("a manager that dies", 0, 3)
    bus.stop()
    expect("no bus", 0, 2)
    os.makedirs(bus.folder)
    with socket.socket(socket.AF_UNIX) as deaf:  # somebody listens and says nothing
        deaf.bind(bus.path)
        deaf.listen(8)
        expect("a deaf bus", 0, 3.5)
    os.unlink(bus.path)
    os.rmdir(bus.folder)
    s.expect(agent.process.descriptors() <= before + 64, "descriptors are left open")
    s.expect(agent.stop() == 0, "the agent did not end well")
    agent.check(min_scrapes=0)


main(same_as_node_exporter, faults)
