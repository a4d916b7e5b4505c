"""SIGHUP and POST /-/reload under load: a good configuration is taken, a broken one refused with the reason and the old one
kept; nothing lost and nothing repeated by any of it."""
import os
import shutil
import time

import oracle
from fake_loki import FakeLoki
from lib import Agent, clients_config, finish, free_ports, generate, get, main, total, wait_for


def reload(s):
    fake = FakeLoki(free_ports(1)).start()
    url = f"http://127.0.0.1:{fake.port}"
    agent = Agent(s.work, [url]).start()
    good = agent.text
    p = generate(s.work, wait=False, containers=10, rate=150, rotate_ms=2500)
    for i in range(8):
        time.sleep(0.7)
        agent.write_config(good.replace("batchwait: 200ms", f"batchwait: {200 + i}ms"))
        status, body = agent.reload("post" if i % 2 else "signal")
        s.expect(status in (None, 200), f"POST /-/reload answers {status}: {body}")
        time.sleep(0.4)
        agent.write_config(good + "      no_such_key: 1\n")
        status, body = agent.reload("post")
        s.expect(status is not None and status >= 400 and "no_such_key" in body, f"a broken file: {status} {body[:200]!r}")
        agent.reload("signal")
    time.sleep(0.5)
    s.expect(agent.process.is_alive(), "the agent ended")
    s.expect(get(agent.url + "/-/ready")[0] == 200, "not ready after refused reloads")
    p.child.terminate()
    truth = oracle.Manifest(finish(p))
    wait_for("all records", lambda: fake.has_all(truth), 15, 0.5)
    tally = fake.tally(oracle.Tally(truth, is_wire=True))
    s.no_problems(tally.problems())
    s.note(f"{tally.resent} records sent again (identical)")
    agent.stop()
    agent.check()


def other_destination(s):
    """The configuration moves from one Loki to another: no record is lost in between."""
    one, two = FakeLoki(free_ports(1)).start(), FakeLoki(free_ports(1)).start()
    agent = Agent(s.work, [f"http://127.0.0.1:{one.port}"]).start()
    p = generate(s.work, wait=False, containers=5, rate=100, seconds=4)
    time.sleep(2)
    agent.write_config(clients_config([f"http://127.0.0.1:{two.port}"]))
    s.expect(agent.reload("post")[0] == 200, "reload refused")
    truth = oracle.Manifest(finish(p))
    def both():
        return two.tally(one.tally(oracle.Tally(truth, is_wire=True)))
    wait_for(lambda: f"{truth.records} records at one or the other, there are {len(both().seen)}", lambda: len(both().seen) >= truth.records, 15, 0.3)
    s.note(f"{one.count()} at the first, {two.count()} at the second")
    s.no_problems([p for p in both().problems() if "reordered" not in p and "duplicated" not in p])
    agent.stop()
    agent.check()


class ConfigMap:
    """A folder as the kubelet mounts one: the file is a link through ..data, which an edit swaps."""

    def __init__(self, path):
        self.path, self.edits = path, 0
        os.makedirs(path)

    def edit(self, text):
        self.edits += 1
        os.mkdir(f"{self.path}/..{self.edits}")
        with open(f"{self.path}/..{self.edits}/spoor.yaml", "w") as f:
            f.write(text)
        os.symlink(f"..{self.edits}", f"{self.path}/..data_tmp")
        os.rename(f"{self.path}/..data_tmp", f"{self.path}/..data")
        if self.edits == 1:
            os.symlink("..data/spoor.yaml", f"{self.path}/spoor.yaml")
        else:
            shutil.rmtree(f"{self.path}/..{self.edits - 1}")


def config_map(s):
    """An edited ConfigMap is taken over by itself; a broken one is refused once, and the one after it counts again."""
    one, two = FakeLoki(free_ports(1)).start(), FakeLoki(free_ports(1)).start()
    agent = Agent(s.work, [f"http://127.0.0.1:{one.port}"], args=["--config.auto-reload-interval=1s"])
    mounted, good = ConfigMap(f"{s.work}/etc"), agent.text
    mounted.edit(good)
    agent.config = f"{mounted.path}/spoor.yaml"
    agent.start()
    p = generate(s.work, wait=False, containers=5, rate=100, seconds=8)
    wait_for("records at the first destination", lambda: one.count() > 0, 15, 0.1)
    mounted.edit(good + "      no_such_key: 1\n")
    def value(name):
        return total(agent.scrape(), name)
    wait_for("the broken one refused", lambda: value("spoor_config_last_reload_successful") == 0, 15, 0.2)
    time.sleep(3)
    refused = agent.process.log_text().count("configuration refused")
    s.expect(refused == 1, f"the broken one was refused {refused} times")
    mounted.edit(clients_config([f"http://127.0.0.1:{two.port}"]))
    wait_for("the good one taken over", lambda: value("spoor_config_last_reload_successful") == 1, 15, 0.2)
    truth = oracle.Manifest(finish(p))
    def both():
        return two.tally(one.tally(oracle.Tally(truth, is_wire=True)))
    wait_for(lambda: f"{truth.records} records at one or the other, there are {len(both().seen)}", lambda: len(both().seen) >= truth.records, 15, 0.3)
    s.no_problems([p for p in both().problems() if "reordered" not in p and "duplicated" not in p])
    s.expect(two.count() > 0, "nothing came to the second destination")
    agent.stop()
    agent.check()


main(reload, other_destination, config_map)
