"""TLS and users on our own port, in the file that Prometheus' exporters read; promtool judges every exposition."""
import os
import subprocess

from lib import Agent, bcrypt, main, wait_for


# Names that promtool would have otherwise, and that node_exporter's and cAdvisor's users know.
FOREIGN_NAMES = ("node_entropy", "node_memory", "node_netstat", "node_wifi", "container_memory_failcnt")


def curl(*args):
    p = subprocess.run(["curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", "10", "--output", "-", "--write-out", "\n%{http_code}"] + list(args),
                       capture_output=True, text=True, errors="replace")
    body, _, code = p.stdout.rpartition("\n")
    return int(code or 0), body


def certificate(s, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", f"{s.work}/{name}.key", "-out", f"{s.work}/{name}.crt"],
                   check=True, capture_output=True)


def tls_and_users(s):
    certificate(s, "one")
    web = f"{s.work}/web.yml"

    def write(cert, users):
        with open(web + ".new", "w") as f:
            f.write(f"tls_server_config: {{cert_file: {cert}.crt, key_file: {cert}.key}}\nbasic_auth_users:\n" + "".join(f"  {u}: {h}\n" for u, h in users.items()))
        os.rename(web + ".new", web)
    write("one", {"prometheus": bcrypt("first")})
    agent = Agent(s.work, config="", args=[f"--web.config.file={web}"])
    agent.url = f"https://localhost:{agent.port}"
    agent.start(wait=False, scrape=False)
    ca = ["--cacert", f"{s.work}/one.crt"]
    wait_for("TLS with a user", lambda: curl(*ca, "-u", "prometheus:first", agent.url + "/metrics/self")[0] == 200, 15)
    for args, want in ((["-u", "prometheus:second"], 401), (["-u", "nobody:first"], 401), ([], 401)):
        code, _ = curl(*ca, *args, agent.url + "/metrics/self")
        s.expect(code == want, f"{args} answers {code}, want {want}")
    code, _ = curl(agent.url.replace("https", "http") + "/metrics/self")
    s.expect(code in (0, 400), f"plain HTTP on a TLS port answers {code}")
    certificate(s, "two")
    write("two", {"prometheus": bcrypt("second")})
    wait_for("the new certificate and the new password", lambda: curl("--cacert", f"{s.work}/two.crt", "-u", "prometheus:second", agent.url + "/metrics/self")[0] == 200, 20, 0.3)
    code, _ = curl("--cacert", f"{s.work}/two.crt", "-u", "prometheus:first", agent.url + "/metrics/self")
    s.expect(code == 401, f"the old password answers {code}")
    agent.stop()


def refused(s):
    for text, word in (("tls_server_config: {cert_file: /nowhere.crt, key_file: /nowhere.key}\n", "nowhere"), ("basic_auth_user: {a: b}\n", "basic_auth_users"),
                       ("basic_auth_users: {a: plain}\n", "bcrypt")):
        with open(f"{s.work}/web.yml", "w") as f:
            f.write(text)
        agent = Agent(s.work, config="", args=[f"--web.config.file={s.work}/web.yml"]).start(wait=False, scrape=False)
        code = agent.process.wait(10)
        s.expect(code != 0 and word in agent.process.log_text(), f"{text!r}: exit {code}: {agent.process.log_text()[-300:]}")


def promtool(s):
    agent = Agent(s.work, config="").start(scrape=False)
    for path in ("/metrics", "/metrics/node", "/metrics/pods", "/metrics/logs", "/metrics/self"):
        for accept in ("text/plain", "application/openmetrics-text"):
            code, body = curl("-H", f"Accept: {accept}", agent.url + path)
            s.expect(code == 200, f"{path} answers {code}")
            s.expect(body.rstrip().endswith("# EOF") == ("openmetrics" in accept), f"{path} as {accept} ends with {body[-40:]!r}")
            if "openmetrics" in accept:
                continue
            p = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True, text=True)
            words = [l for l in (p.stdout + p.stderr).splitlines() if not l.startswith(FOREIGN_NAMES)]
            s.expect(not words, f"promtool on {path}: {words[:5]}")
    code, body = curl("-H", "Accept-Encoding: gzip", "-D", "-", agent.url + "/metrics/node")
    s.expect("content-encoding: gzip" in body[:1000].lower(), f"not compressed: {body[:200]!r}")
    agent.stop()


main(tls_and_users, refused, promtool)
