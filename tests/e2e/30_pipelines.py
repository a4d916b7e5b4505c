"""Stages that keep lines back, send them elsewhere or count them, against a real Loki: blocks of lines whole and once under rotation, kill -9
and restarts."""
import os
import random
import threading
import time

from lib import Agent, Loki, Pod, main, total, wait_for


def config(url, stages, job="", client=""):
    return f"""logs:
  clients: [{{url: {url}/loki/api/v1/push, batchwait: 200ms, backoff_config: {{min_period: 100ms, max_period: 1s}}{client}}}]
  scrape_configs:
    - job_name: pods
      kubernetes_sd_configs: [{{role: pod}}]
{job}      pipeline_stages:
        - cri: {{}}
{stages}"""


class BlockWriter:
    """Containers that write blocks of lines on stdout and stderr, mingled, under rotation; and the truth of what was written."""

    def __init__(self, pods, names, seed):
        self.random = random.Random(seed)
        self.pods = [Pod(pods, n).create() for n in names]
        self.truth = {}  # (pod, stream): [block]
        self.lines = self.rotations = 0
        self.is_stopped = False
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        open_blocks, made = {}, 0
        while not self.is_stopped or open_blocks:
            pod, stream = self.random.choice(self.pods), self.random.choice(("stdout", "stderr"))
            key = (pod.name, stream)
            if key not in open_blocks and not self.is_stopped:
                made += 1
                open_blocks[key] = [f"B{made} {'x' * self.random.choice((5, 80, 3000))}", *(f"  {made}.{i}" for i in range(self.random.choice((0, 0, 1, 3, 9))))]
                self.truth.setdefault(key, []).append("\n".join(open_blocks[key]))
            if key in open_blocks:
                line = open_blocks[key].pop(0)
                if len(line) > 1000:  # in pieces
                    pod.write(line[:1000], stream=stream, tag="P")
                    line = line[1000:]
                pod.write(line, stream=stream)
                self.lines += 1
                if not open_blocks[key]:
                    del open_blocks[key]
            if self.random.random() < 0.004:
                self.rotations += 1
                pod.rotate(time.strftime("%Y%m%d-%H%M%S", time.gmtime(1795251600 + self.rotations)))
                pod.raw(b"")
            time.sleep(0.0015)

    def stop(self):
        self.is_stopped = True
        self.thread.join()
        return self.truth


def read_back(loki, start_s):
    """{(pod, stream): [(timestamp, line)]}"""
    got = {}
    for r in loki.ask("query_range", query='{namespace="files"}', start=int(start_s * 1e9), end=int((time.time() + 60) * 1e9), limit=200000, direction="forward"):
        got.setdefault((r["stream"]["pod"], r["stream"]["stream"]), []).extend((int(v[0]), v[1]) for v in r["values"])
    return got


def compare(s, truth, got):
    for key, blocks in truth.items():
        lines = [line for _, line in sorted(got.get(key, []), key=lambda p: p[0])]
        missing, unexpected = set(blocks) - set(lines), set(lines) - set(blocks)
        s.expect(not missing, f"{key}: {len(missing)} of {len(blocks)} blocks are missing, first {str(sorted(missing)[:1])[:80]}")
        s.expect(not unexpected, f"{key}: {len(unexpected)} entries that are no block, first {str(sorted(unexpected)[:1])[:80]}")
        s.expect(len(lines) == len(blocks), f"{key}: {len(lines)} entries, {len(blocks)} blocks: some came twice")
        s.expect(lines == blocks, f"{key}: out of order")


def blocks(s, job, stages):
    kills, seed = int(os.environ.get("KILLS", "12")), int(os.environ.get("SEED", time.time_ns() % 10**6))
    s.note(f"{kills} kills, SEED={seed}")
    random.seed(seed)
    loki = Loki(f"{s.work}/loki").start()
    start = time.time() - 1
    agent = Agent(s.work, config=config(loki.url, stages, job), dev=True)
    writer = BlockWriter(agent.pods, [f"p{i}" for i in range(6)], seed)
    for i in range(kills):
        agent.start(wait=i % 2 == 0)
        time.sleep(random.choice((random.uniform(0.05, 0.5), random.uniform(0.5, 2.5))))
        if i % 4 == 3:
            s.expect(agent.stop() == 0, "exit status is not 0")
        else:
            agent.kill9()
    agent.start()
    truth = writer.stop()
    count = sum(len(b) for b in truth.values())
    s.note(f"{writer.lines} lines in {count} blocks, {writer.rotations} rotations")
    wait_for(lambda: f"{count} blocks, there are {loki.count()}", lambda: loki.count() >= count and sum(len(v) for v in read_back(loki, start).values()) >= count, 60, 1)
    time.sleep(1)
    compare(s, truth, read_back(loki, start))
    s.note(f"count_over_time counts {loki.count() - count} repeats")
    m = agent.scrape()
    s.expect(total(m, "spoor_log_lines_pending") == 0, f"pending: {m.get('spoor_log_lines_pending')}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def multiline(s):
    # Nothing here may depend on how fast this machine is: time ends only the last block of each stream.
    blocks(s, "", "        - multiline: {firstline: '^B[0-9]', max_wait_time: 10s}\n")


main(multiline)
