"""What operators of Promtail bring along and other scenarios do not: several destinations at one address, patterns that no line may make
slow, and commands that are asked where they cannot know."""
import os
import subprocess
import time

from lib import Agent, Failed, Loki, Skip, free_ports, get, main, parse_metrics, spoor_binary, total, wait_for


def spoor(*args, data=b""):
    env = dict({k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}, ASAN_OPTIONS="detect_leaks=1")
    r = subprocess.run([spoor_binary(dev=True), *args], input=data, capture_output=True, timeout=120, env=env)
    r.text, r.errors = r.stdout.decode("utf-8", "replace"), r.stderr.decode("utf-8", "replace")
    if "Sanitizer" in r.errors or "runtime error" in r.errors:
        raise Failed(f"{args}: {r.errors[-1500:]}")
    return r


def lines_of(loki, query):
    return sorted(v[1] for r in loki.ask("query_range", query=query, start=time.time_ns() - 3600 * 10**9, end=time.time_ns() + 10**10, limit=5000) for v in r["values"])


def promtail_file(s, clients, stages):
    return f"""clients:
{clients}positions: {{filename: {s.work}/positions.yaml}}
scrape_configs:
  - job_name: app
    pipeline_stages: {stages}
    static_configs: [{{targets: [localhost], labels: {{job: app, __path__: {s.work}/logs/*.log}}}}]
"""


def log(s, *lines):
    os.makedirs(f"{s.work}/logs", exist_ok=True)
    with open(f"{s.work}/logs/a.log", "a") as f:
        f.writelines(line + "\n" for line in lines)


def one_address(s):
    """Two clients with one url, as Promtail takes them: each has its own labels, its own name, its own progress. The same twice is refused."""
    loki = Loki(f"{s.work}/loki").start()
    url = f"{loki.url}/loki/api/v1/push"
    clients = "".join(f"  - {{url: '{url}', external_labels: {{cluster: {c}}}, http_headers: {{X-Cluster: {{values: [{c}]}}}}}}\n" for c in ("eu", "us"))
    agent = Agent(s.work, config=promtail_file(s, clients, "[]"), kubernetes=False, dev=True)
    log(s, *(f"line {i}" for i in range(20)))
    agent.start()
    wait_for("both have all", lambda: all(len(lines_of(loki, f'{{cluster="{c}"}}')) == 20 for c in ("eu", "us")), 30)
    names = {dict(labels)["destination"] for labels in agent.scrape()["spoor_log_lines_sent_total"]}
    s.expect(len(names) == 2 and all(n.startswith(f"127.0.0.1:{loki.port}/") for n in names), f"names {names}")
    r = spoor("tap", "--destination=nobody", "--limit=1", f"--web.listen-address=127.0.0.1:{agent.port}")
    s.expect(r.returncode == 1 and "no destination nobody, but 127.0.0.1" in r.errors, f"exit {r.returncode}: {r.errors}")
    # In another order they are the same two: nothing is sent again, nothing is skipped.
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.write_config(promtail_file(s, "".join(reversed(clients.splitlines(True))), "[]"))
    log(s, "one more")
    agent.start()
    wait_for("the line that came since", lambda: all(len(lines_of(loki, f'{{cluster="{c}"}}')) == 21 for c in ("eu", "us")), 30)
    s.expect(total(agent.scrape(), "spoor_log_lines_sent_total") == 2, "lines were sent again")
    agent.stop()
    agent.check()
    agent.write_config(promtail_file(s, clients.splitlines(True)[0] * 2, "[]"))
    r = spoor("check", agent.config)
    s.expect(r.returncode == 78 and "the same destination as in line 2" in r.text, r.text[-400:])
    loki.stop()


STAGES = "[{drop: {expression: '(a|aa)+b$'}}, {match: {selector: '{job=\"app\"} |~ \"(a|aa)+b$\"', action: drop}}]"


def hostile_pattern(s):
    """A match that would take too long ends, counts as none, is counted, and is told of the line: it does not vanish, and holds nobody up."""
    loki = Loki(f"{s.work}/loki").start()
    agent = Agent(s.work, config=promtail_file(s, f"  - {{url: '{loki.url}/loki/api/v1/push'}}\n", STAGES), kubernetes=False, dev=True)
    long = "a" * 200000 + "b"
    log(s, "aab", *[long] * 20, "x")
    began = time.monotonic()
    agent.start()
    wait_for("the last line", lambda: "x" in lines_of(loki, '{job="app"}'), 60)
    took_s = time.monotonic() - began
    wait_for("the long line", lambda: long in lines_of(loki, '{job="app"}'), 30)
    s.expect("aab" not in lines_of(loki, '{job="app"}'), "what is short enough is not dropped")
    m = parse_metrics(get(agent.url + "/metrics/logs", 10)[1])
    s.expect(total(m, "spoor_pipeline_regex_given_up_total") == 40, f"given up: {total(m, 'spoor_pipeline_regex_given_up_total')}")
    r = spoor("explain", f"{s.work}/logs/a.log:2", f"--web.listen-address=127.0.0.1:{agent.port}")
    s.expect(r.returncode == 0 and r.text.count("given up") == 2, f"exit {r.returncode}: {r.text[:300]} … {r.text[-1500:]}")
    agent.stop()
    agent.check()
    loki.stop()
    s.note(f"40 matches given up, the last line after {took_s:.1f} s")


def asked_in_vain(s):
    """Commands that cannot know say so, and what to do, with an exit code for scripts."""
    log(s, "one")
    path, nobody = f"{s.work}/logs/a.log", f"--web.listen-address=127.0.0.1:{free_ports(1)}"
    config = f"{s.work}/p.yaml"
    with open(config, "w") as f:
        f.write(promtail_file(s, "  - {url: 'http://127.0.0.1:1/loki/api/v1/push'}\n", "[]"))
    r = spoor("explain", f"{path}:1", nobody)
    s.expect(r.returncode == 1 and r.text.startswith("in Loki: unknown: no agent was found") and "--config.file" in r.text.split("\n")[0], r.text[:400])
    r = spoor("explain", f"{path}:1", nobody, f"--config.file={config}")
    s.expect(r.returncode == 1 and "job      app takes it" in r.text, r.text[:800])
    for word in ("abc", "0", "-1", "9" * 30):
        r = spoor("explain", f"{path}:{word}", nobody)
        s.expect(r.returncode == 2 and f'"{word}" is no line' in r.errors, f"{word}: exit {r.returncode}, {r.errors}")
    r = spoor("top", "--once", f"--config.file={s.work}/nowhere.yaml")
    s.expect(r.returncode == 1 and "the configuration that was named cannot be read" in r.errors, f"exit {r.returncode}: {r.errors}")
    r = spoor("inspect", f"--config.file={config}", "--job=ap", data=b"x\n")
    s.expect(r.returncode == 2 and "no such job in the file, which has app" in r.errors, r.errors)
    r = spoor("--help")
    headings = [line for line in r.text.split("\n") if line and line[0] != " "]
    s.expect(len(headings) == len(set(headings)), f"a heading stands twice: {headings}")
    s.expect("DURATIONlook" not in r.text, "an argument runs into its words")


def rights_and_tls(s):
    """A file that may not be read, TLS where there is none, files of certificates that are not there: what is told says what to do."""
    if os.geteuid() != 0:
        raise Skip("only root can become a user who may not read the file")
    loki = Loki(f"{s.work}/loki").start()
    log(s, "one")
    os.chmod(f"{s.work}/logs/a.log", 0o600)
    os.makedirs(f"{s.work}/agent-state")
    for path in (s.work, f"{s.work}/agent-state"):
        os.chmod(path, 0o777)
    agent = Agent(s.work, config=promtail_file(s, f"  - {{url: '{loki.url}/loki/api/v1/push'}}\n", "[]"), kubernetes=False)
    agent.prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    agent.start()
    wait_for("the refusal in the log", lambda: "Permission denied: let this user read it" in agent.process.log_text(), 10)
    r = spoor("explain", f"{s.work}/logs/a.log", f"--web.listen-address=127.0.0.1:{agent.port}")
    s.expect(r.returncode == 1 and "cannot open it: Permission denied: let its user read the file" in r.text.split("\n")[0], r.text[:300])
    agent.stop()
    config = f"{s.work}/tls.yaml"
    for more, words, advice in (("", "TLS does not come about", "Is http:// meant?"),
                                (", tls_config: {ca_file: /nowhere/ca.pem}", "/nowhere/ca.pem: tls_config.ca_file cannot be read", "is it mounted")):
        with open(config, "w") as f:
            f.write(promtail_file(s, f"  - {{url: 'https://127.0.0.1:{loki.port}/loki/api/v1/push'{more}}}\n", "[]"))
        r = spoor("diagnose", f"--config.file={config}", f"--state.dir={s.work}/agent-state")
        s.expect(r.returncode == 1 and words in r.text and advice in r.text, f"exit {r.returncode}: {r.text[-1500:]}")
    loki.stop()


main(one_address, hostile_pattern, asked_in_vain, rights_and_tls)
