"""The receiver is away for AWAY seconds (30; 600 for the full proof) and the agent is killed -9 in the middle, more than once: no sample
missing, none out of order, when it is back. And a spool that is too small for the outage: what it shed is counted exactly."""
import os
import time

from fake_receiver import STALE, Answer, Receiver, Target, number
from lib import Agent, free_ports, main, total, wait_for
from servers import Prometheus


def config(addresses, url, spool="64MiB", interval="1s"):
    return f"""metrics:
  global: {{scrape_interval: {interval}}}
  spool: {{max_bytes: {spool}}}
  scrape_configs:
    - job_name: t
      static_configs: [{{targets: [{", ".join(addresses)}]}}]
  remote_write:
    - url: {url}
      queue_config: {{batch_send_deadline: 500ms, max_backoff: 1s}}
"""


class Counted:
    """A target that says how often it was asked, and remembers when it answered: the truth."""

    def __init__(self, series=50):
        self.series, self.served = series, []
        self.target = Target(free_ports(1), self.body)
        self.address = self.target.address

    def body(self, n):
        self.served.append(n)
        return "# TYPE asked counter\n" + "".join(f'asked{{i="{i}"}} {n}\n' for i in range(self.series))


def away(s):
    seconds = float(os.environ.get("AWAY", "30"))
    prometheus = Prometheus(f"{s.work}/prometheus", 3, "global: {scrape_interval: 1h}\n")
    prometheus.start()
    truth = [Counted() for _ in range(3)]
    agent = Agent(s.work, config=config([c.address for c in truth], prometheus.write_url)).start(scrape=False)
    time.sleep(4)
    prometheus.stop()
    end = time.monotonic() + seconds
    kills = 0
    while time.monotonic() < end:
        time.sleep(min(seconds / 4, 20) + kills * 0.37)
        agent.kill9()
        kills += 1
        agent.start(scrape=False)
    prometheus.start()
    time.sleep(4)
    agent.kill9()  # and once more while the backlog goes out
    agent.start()
    time.sleep(3)
    for c in truth:
        c.target.stop()
    time.sleep(1.5)
    served = {c.address: list(c.served) for c in truth}

    def stored():
        out = {}
        for key, rows in prometheus.raw("asked", "2h").items():
            out[(dict(key)["instance"], dict(key)["i"])] = rows
        return out

    def missing():
        got = stored()
        return [(a, i, sorted(set(map(float, ns)) - {v for _, v in got.get((a, str(i)), [])}))
                for a, ns in served.items() for i in (0, 49) if set(map(float, ns)) - {v for _, v in got.get((a, str(i)), [])}]

    # A scrape that was answered but not yet written down when the agent was killed is the one thing that may miss: at most one for each kill.
    wait_for(lambda: f"at most {kills + 1} samples a series missing: {missing()[:3]}", lambda: all(len(m[2]) <= kills + 1 for m in missing()), 60, 1)
    got = stored()
    s.expect(len(got) == 150, f"{len(got)} series, want 150")
    lost = sum(len(m[2]) for m in missing() if m[1] == 0)
    for key, rows in got.items():
        times = [t for t, _ in rows]
        values = [v for _, v in rows]
        s.expect(times == sorted(set(times)) and values == sorted(values), f"{key}: not in order")
        gaps = [b - a for a, b in zip(times, times[1:])]
        s.expect(max(gaps) < 4500, f"{key}: a gap of {max(gaps)} ms")
    m = agent.scrape()
    s.expect(total(m, "spoor_samples_dropped_total") == 0 or total(m, "spoor_samples_dropped_total", reason="out_of_order") == total(m, "spoor_samples_dropped_total"),
             f"dropped: {m.get('spoor_samples_dropped_total')}")
    s.note(f"{seconds:.0f} s away, {kills + 1} kills, {sum(len(r) for r in got.values())} samples, {lost} scrapes in flight at a kill not stored")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()
    prometheus.stop()


def too_small(s):
    """The spool's cap is passed: the oldest go, counted; what is left arrives in order."""
    receiver = Receiver(free_ports(1), lambda push: Answer(503))
    truth = Counted(series=3000)
    agent = Agent(s.work, config=config([truth.address], receiver.url, spool="1MiB", interval="100ms")).start()
    wait_for("the spool sheds", lambda: total(agent.scrape(), "spoor_samples_dropped_total", reason="shed") > 0, 60, 0.5)
    receiver.behave = lambda push: Answer()
    wait_for("nothing pending", lambda: total(agent.scrape(), "spoor_samples_pending") < 7000 and receiver.stored, 60, 0.5)
    truth.target.stop()
    wait_for("all sent", lambda: total(agent.scrape(), "spoor_samples_pending") == 0, 30, 0.3)
    m = agent.scrape()
    shed = total(m, "spoor_samples_dropped_total", reason="shed")
    stored = sum(len(x.samples) for x in receiver.snapshot())
    appended = total(m, "spoor_samples_scraped_total")
    s.expect(appended == stored + shed, f"scraped {appended:.0f} != stored {stored} + shed {shed:.0f}")
    rows = [[number(b) for _, b in row if b != STALE] for row in receiver.history(name="asked").values()]
    s.expect(all(r == sorted(r) for r in rows), "values out of order")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()
    s.note(f"{shed:.0f} of {appended:.0f} samples shed")


main(away, too_small)
