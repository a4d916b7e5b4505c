"""A canary in every place where a secret may stand: it is never in the agent's log, metrics, pages, API, state directory,
command line, core or error messages, also while things go wrong. Only the request that needs it carries it."""
import base64
import os
import time

from fake_loki import FakeLoki, Reply
from lib import Agent, Failed, Pod, free_ports, get, main, wait_for

CANARY = "canaryS3cret7f3a"
PATHS = ("/", "/metrics", "/metrics/self", "/metrics/node", "/metrics/pods", "/metrics/logs", "/targets", "/config", "/-/healthy", "/-/ready", "/ready", "/nothing",
         "/api/v1/status/buildinfo", "/api/v1/targets", "/api/v1/files", "/api/v1/drops", "/api/v1/destinations", "/api/v1/records", "/api/v1/status")
KINDS = {
    "basic": "      basic_auth: {username: user, password: %s}\n",
    "basic_file": "      basic_auth: {username: user, password_file: %f}\n",
    "bearer": "      bearer_token: %s\n",
    "bearer_file": "      bearer_token_file: %f\n",
    "authorization": "      authorization: {type: Custom, credentials: %s}\n",
    "header": "      headers: {X-Api-Key: %s}\n",
    "user_info": "",
}


def outputs(agent):
    for path in PATHS:
        yield path, get(agent.url + path)[1]
    yield "POST reload", get(agent.url + "/-/reload", method="POST", data=b"")[1]
    yield "log", agent.process.log_text()
    for name in ("cmdline", "environ"):
        with open(f"/proc/{agent.process.pid}/{name}", errors="replace") as f:
            yield name, f.read()
    for directory, _, files in os.walk(agent.state):
        for name in files:
            with open(f"{directory}/{name}", errors="replace") as f:
                yield f"state/{name}", f.read()


def sweep(agent, kind, when):
    encoded = base64.b64encode(f"user:{CANARY}".encode()).decode().rstrip("=")
    for where, text in outputs(agent):
        for secret in (CANARY, encoded, base64.b64encode(CANARY.encode()).decode().rstrip("=")):
            if secret in text:
                at = text.index(secret)
                raise Failed(f"{kind}, {when}: the secret is in {where}: …{text[max(0, at - 60):at + 20]!r}")


def one(s, kind):
    fake = FakeLoki(free_ports(1), lambda r: Reply(401, f"no entry with {r.headers.get('authorization', 'nothing')[:4]}")).start()
    secret = f"{s.work}/secret-{kind}"
    with open(secret, "w") as f:
        f.write(CANARY)
    user = f"user:{CANARY}@" if kind == "user_info" else ""
    config = f"server: {{graceful_shutdown_timeout: 1s}}\nlogs:\n  clients:\n    - url: http://{user}127.0.0.1:{fake.port}/loki/api/v1/push\n      batchwait: 100ms\n      backoff_config: {{min_period: 100ms, max_period: 300ms}}\n"
    config += KINDS[kind].replace("%s", CANARY).replace("%f", secret)
    agent = Agent(s.work, config=config, name=kind, pods=f"{s.work}/pods-{kind}", args=["--log.level=debug"]).start()
    pod = Pod(agent.pods, "p")
    pod.write("one")
    wait_for(f"{kind}: a request", fake.request_count, 10)
    seen = str(fake.requests[0].headers)
    s.expect(CANARY in seen or base64.b64encode(f"user:{CANARY}".encode()).decode() in seen, f"{kind}: the request does not carry the secret: {seen}")
    sweep(agent, kind, "refused")
    agent.write_config(config + "      broken_key: [\n")
    sweep(agent, kind, "after a broken reload")
    agent.write_config(config)
    fake.stop()
    time.sleep(0.5)
    sweep(agent, kind, "nobody listens")
    s.expect(agent.stop() == 0, "exit status is not 0")
    if CANARY in open(agent.log, errors="replace").read():
        raise Failed(f"{kind}: the secret is in the log after the end")


def secrets(s):
    for kind in KINDS:
        one(s, kind)
    s.note(f"{len(KINDS)} kinds of secrets, {len(PATHS)} paths")


def not_dumpable(s):
    """The process' memory is closed to others: no core, /proc entries belong to root."""
    agent = Agent(s.work, []).start()
    with open(f"/proc/{agent.process.pid}/limits") as f:
        core = next(l for l in f if l.startswith("Max core file size")).split()[4]
    s.expect(core == "0", f"core file size limit is {core}")
    agent.stop()


main(secrets, not_dumpable)
