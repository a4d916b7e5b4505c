"""A target whose series are new ones at each scrape: memory stays where it was, every end is told, every sample is accounted for."""
import time

from fake_receiver import STALE, V2, Answer, Receiver, Target, number
from lib import Agent, free_ports, main, total, wait_for

SERIES, SECONDS = 5000, 30


class Tally:
    """Keeps (time, bits) for each series that churns, and nothing else of what comes."""

    def __init__(self):
        self.churn, self.samples = {}, 0

    def behave(self, push):
        samples = push.sample_count
        self.samples += samples
        for s in push.series:
            if s.name == "churn":
                self.churn.setdefault((s.labels["generation"], s.labels["i"]), []).extend(s.samples)
        push.series, push.symbols, push.raw = [], None, b""
        return Answer(headers=[("X-Prometheus-Remote-Write-Samples-Written", str(samples))] if push.message == V2 else (), written=False)


def rows(generation):
    return "".join(f'churn{{generation="{generation}",i="{i}",path="/api/v1/things/{i}"}} {generation}\n' for i in range(SERIES))


def config(url, target):
    return f"""metrics:
  global: {{scrape_interval: 1s, scrape_timeout: 900ms}}
  scrape_configs:
    - job_name: churn
      static_configs: [{{targets: [{target.address}]}}]
    - job_name: steady
      static_configs: [{{targets: [{target.address}], labels: {{__metrics_path__: /steady}}}}]
  remote_write:
    - url: {url}
      queue_config: {{batch_send_deadline: 200ms}}
"""


def memory(s):
    tally, state = Tally(), {"generation": 0, "is_over": False}
    receiver = Receiver(free_ports(1), tally.behave)

    def body(_):
        def answer(h):
            text = "steady 1\n"
            if h.path != "/steady" and not state["is_over"]:
                text = rows(state["generation"])
                state["generation"] += 1
            h.send_response(200)
            h.send_header("Content-Type", "text/plain")
            h.send_header("Content-Length", str(len(text)))
            h.end_headers()
            h.wfile.write(text.encode())
        return answer
    agent = Agent(s.work, config=config(receiver.url, Target(free_ports(1), body))).start()
    process, rss = agent.process, []
    wait_for("the first generation", lambda: tally.churn, 15)
    for _ in range(SECONDS):
        time.sleep(1)
        rss.append(process.memory_mib())
    state["is_over"] = True
    wait_for("the end of the last generation", lambda: state["generation"] * SERIES == len(tally.churn) and
             all(len(row) == 2 for row in list(tally.churn.values())), 20, 1)
    wait_for("nothing pending", lambda: total(agent.scrape(), "spoor_samples_pending") < 20, 10)
    peak = process.memory_mib("VmHWM")
    s.note(f"{state['generation']} generations, RSS after 8 s {max(rss[5:10]):.0f} MiB, at the end {max(rss[-5:]):.0f} MiB, peak {peak:.0f} MiB")
    s.expect(peak < 40, f"peak RSS {peak:.0f} MiB; by second: {' '.join('%.0f' % v for v in rss)}")
    s.expect(max(rss[-10:]) < max(rss[5:20]) + 3, f"memory grows: {' '.join('%.0f' % v for v in rss)}")
    wrong = {k: v for k, v in tally.churn.items()
             if number(v[0][1]) != float(k[0]) or v[1][1] != STALE or not 0 < v[1][0] - v[0][0] < 2500}
    s.expect(not wrong, f"{len(wrong)} series are not one sample and its end, such as {next(iter(wrong.items()), None)}")
    m = agent.scrape()
    s.expect(total(m, "spoor_scrape_series") < 20, f"{total(m, 'spoor_scrape_series'):.0f} series are still known")
    s.expect(total(m, "spoor_samples_dropped_total") == 0, "samples were dropped")
    s.expect(not receiver.damage, f"damaged requests: {receiver.damage[:2]}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check(min_scrapes=60)


main(memory)
