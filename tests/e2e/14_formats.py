"""Docker's json-file driver and plain files by glob, with their rotations, into a real Loki."""
import os
import time

import oracle
from lib import Agent, Loki, clients_config, finish, generate, main, wait_for


def follow(s, mode, job, timeout=25, **options):
    loki = Loki(f"{s.work}/loki").start()
    start = time.time() - 1
    os.makedirs(f"{s.work}/{mode}")
    agent = Agent(s.work, config=clients_config([loki.url]) + "  scrape_configs:\n" + job, kubernetes=False).start()
    p = generate(s.work, wait=False, mode=mode, containers=10, rate=80, seconds=7, **options)
    time.sleep(4)
    agent.stop()
    time.sleep(0.5)
    agent.start()
    truth = oracle.Manifest(finish(p))
    wait_for(lambda: f"{truth.records} records, there are {loki.count(ALL)}", lambda: loki.count(ALL) >= truth.records, timeout, 0.3)
    time.sleep(1)
    tally = oracle.Tally(truth, labels=(), with_stream=mode == "docker")
    loki.read_back(tally, ALL, int(start * 1e9), time.time_ns() + 10**9, limit=100000)
    s.no_problems(tally.problems())
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()
    return loki


ALL = '{job=~".+"}'


def docker(s):
    """Names need not match a glob of *.log after rotation: the generations of a file belong to it."""
    follow(s, "docker", f"""    - job_name: docker
      pipeline_stages: [{{docker: {{}}}}]
      static_configs: [{{targets: [localhost], labels: {{job: docker, __path__: "{s.work}/docker/*/*-json.log"}}}}]
""", rotate_bytes=60000, keep=5)


def plain(s):
    loki = follow(s, "plain", f"""    - job_name: plain
      static_configs: [{{targets: [localhost], labels: {{job: varlogs, team: blue, __path__: "{s.work}/plain/*.log"}}}}]
""", rotate_bytes=60000, keep=9)
    names = loki.ask("query", query='sum by (filename, job, team) (count_over_time({job="varlogs"}[1h]))')
    s.expect(len(names) == 10 and all(r["metric"].get("team") == "blue" for r in names), f"labels {[r['metric'] for r in names][:3]}")
    s.expect(all(r["metric"].get("filename", "").startswith(f"{s.work}/plain/app-") for r in names), f"filename: {names[0]['metric']}")


def globs(s):
    """**, {a,b}, [], ?, __path_exclude__; files that appear later in directories that appear later."""
    loki = Loki(f"{s.work}/loki").start()
    job = f"""  target_config: {{sync_period: 2s}}
  scrape_configs:
    - job_name: globs
      static_configs: [{{targets: [localhost], labels: {{job: g, __path__: "{s.work}/var/**/*.{{log,out}}", __path_exclude__: "{s.work}/var/**/no*.log"}}}}]
"""
    agent = Agent(s.work, config=clients_config([loki.url]) + job, kubernetes=False).start()
    for path, wanted in (("a.log", 1), ("b.txt", 0), ("x/c.out", 1), ("x/y/d.log", 1), ("x/y/not.log", 0), ("deep/e/f/g/h.log", 1)):
        os.makedirs(os.path.dirname(f"{s.work}/var/{path}"), exist_ok=True)
        with open(f"{s.work}/var/{path}", "w") as f:
            f.write(f"wanted={wanted} {path}\n")
    wait_for(lambda: f"4 files, there are {loki.count(ALL)}", lambda: loki.count(ALL) >= 4, 25)
    time.sleep(1)
    s.expect(loki.count(ALL) == 4 and loki.count('{job="g"} |= "wanted=1"') == 4, "the wrong files are read")
    agent.stop()
    agent.check()


main(docker, plain, globs)
