"""100 containers under rotation into a real Loki: every record comes back once, in order, under the right labels, with its
trace context and level; the counts by container and by trace id are what was written."""
import time

import oracle
from lib import NODE, Agent, Loki, finish, generate, main, wait_for

CONTAINERS = 100


def delivery(s):
    loki = Loki(f"{s.work}/loki").start()
    agent = Agent(s.work, [loki.url]).start()
    start = time.time() - 1
    p = generate(s.work, wait=False, containers=CONTAINERS, rate=25, seconds=14, rotate_bytes=60000, keep=5)
    truth = oracle.Manifest(finish(p))
    s.note(f"{truth.records} records")
    wait_for(lambda: f"{truth.records} records in Loki, there are {loki.count()}", lambda: loki.has_all(truth, start), 30, 0.5)
    cpu = agent.process.cpu_s()
    tally = loki.tally_all(oracle.Tally(truth), start)
    s.no_problems(tally.problems())
    for index in (0, 1, CONTAINERS - 1):
        row = truth.rows[index]
        got = loki.count(f'{{namespace="{row["namespace"]}", pod="{row["pod"]}", container="{row["container"]}"}}')
        s.expect(got == row["records"], f"container {index}: count {got}, want {row['records']}")
        for seq in (0, 3, 5, 8):
            trace = oracle.expect(index, seq)[1]["trace_id"]
            got = loki.count(f'{{namespace=~".+"}} | trace_id="{trace}"')
            s.expect(got == 1, f"trace_id {trace} of {index}/{seq}: {got} records, want 1")
    got = loki.count('{namespace=~".+"} | trace_id != ""')
    s.expect(got == truth.traced, f"{got} records with a trace id, want {truth.traced}")
    labels = loki.ask("query", query='sum by (node_name, stream) (count_over_time({namespace=~".+"}[1h]))')
    for r in labels:
        s.expect(r["metric"].get("node_name") == NODE, f"label node_name is {r['metric'].get('node_name')}, want {NODE}")
        s.expect(r["metric"].get("stream") in ("stdout", "stderr"), f"label stream is {r['metric'].get('stream')}")
    m = agent.scrape()
    s.expect(sum(m["spoor_log_lines_read_total"].values()) >= truth.records, "the ledger has read less than was written")
    wait_for("lag 0 when all is acknowledged", lambda: max(agent.scrape()["spoor_log_lag_seconds"].values()) == 0, 5)
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check(min_scrapes=10)
    s.note(f"agent CPU {cpu:.2f} s, peak RSS {agent.peak_mib:.1f} MiB, {agent.scrapes} scrapes")


main(delivery)
