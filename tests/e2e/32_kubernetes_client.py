"""Pod objects: an API server and a kubelet over TLS that show every fault on demand, then a real API server with RBAC. What the agent knows is read from
kube_pod_info, its targets and its status."""
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import time

from fake_kubernetes import FakeKubernetes, chunk, event, pod, send, status, status_text
import fake_kubelet
from fake_receiver import Receiver
from kube_api import KubeApi
from lib import HERE, NODE, Agent, Pod, free_ports, get, has_sanitizers, main, parse_metrics, total, wait_for

TOKEN = "s3cr3t-token-of-the-agent"


def certificates(s):
    path = f"{s.work}/certificates"
    subprocess.run([f"{os.path.dirname(HERE)}/unit/certificates.sh", path], check=True, capture_output=True)
    return path


def write(path, text):
    with open(path + ".new", "w") as f:
        f.write(text)
    os.rename(path + ".new", path)
    return path


def config(url, token_file, ca_file, extra="", wait="10s"):
    return f"""kubernetes:
  api_server: {url}
  bearer_token_file: {token_file}
  metadata_wait: {wait}
  tls_config: {{ca_file: {ca_file}}}
{extra}"""


def agent_for(s, text, **kw):
    return Agent(s.work, config=text, args=["--collector.kube_pod", "--collector.kube_pod.labels=*"], **kw)


def known(agent):
    """Names of the pods that the agent knows"""
    code, text = get(agent.url + "/metrics/pods?collect[]=kube_pod")
    if code != 200:
        raise OSError(f"/metrics/pods answers {code}")
    return {dict(labels)["pod"] for labels in parse_metrics(text).get("kube_pod_info", {})}


def kubernetes(agent):
    return agent.api("status")["data"]["kubernetes"]


def wait_known(agent, what, names, timeout=30, exactly=True):
    names = set(names)
    return wait_for(lambda: f"{what}: {sorted(names ^ known(agent))[:6]} differ; {kubernetes(agent)}",
                    lambda: (known(agent) == names if exactly else known(agent) >= names), timeout, 0.2)


def fake(s):
    api = FakeKubernetes(free_ports(1), certificates(s), [TOKEN], NODE).start()
    return api, write(f"{s.work}/token", TOKEN + "\n")


def tls_and_token(s):
    """A wrong authority, then the right one; a token that is not taken any more, then a new one; a new certificate: no restart."""
    api, token = fake(s)
    api.put(pod("one"))
    ca = f"{s.work}/ca.pem"
    shutil.copy(f"{api.certificates}/stranger.pem", ca)
    agent = agent_for(s, config(api.url, token, ca), dev=True).start()
    wait_for("the certificate is refused", lambda: "ertificate" in kubernetes(agent)["last_error"], 20)
    s.expect(kubernetes(agent)["state"] == "away" and not api.requests, "it spoke to a server that it cannot know")
    shutil.copy(f"{api.certificates}/ca.pem", ca + ".new")
    os.rename(ca + ".new", ca)
    wait_known(agent, "the right authority", ["one"], 60)
    api.tokens = {"another-token"}
    api.put(pod("two"))
    api.break_connections()
    wait_for("the token is refused", lambda: kubernetes(agent)["last_error"].startswith("401"), 20)
    s.expect(known(agent) == {"one"}, "what was known is gone")
    write(token, "another-token")
    wait_known(agent, "a new token", ["one", "two"], 60)
    s.expect(kubernetes(agent)["last_error"] == "", "the error is still told")
    api.stop()
    api.start("server2")
    api.put(pod("three"))
    wait_known(agent, "a new certificate", ["one", "two", "three"], 60)
    for place in (agent.process.log_text(), get(agent.url + "/config")[1], get(agent.url + "/api/v1/status")[1]):
        s.expect(TOKEN not in place and "another-token" not in place, "the token is shown")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


# ---- what a watch can do wrong; each is asked once, the next one is well

def gone_status(api, h, query):
    api.forget()
    status(h, 410, "Expired", "too old resource version")


def gone_event(api, h, query):
    api.forget()
    api.begin(h)
    chunk(h, event("ERROR", status_text(410, "Expired", "too old resource version")))
    h.wfile.write(b"0\r\n\r\n")


def half_event(api, h, query):
    api.begin(h)
    text = event("MODIFIED", json.dumps(api.pods["uid-base"]))
    chunk(h, text[:len(text) // 2])
    h.close_connection = True


def junk(api, h, query):
    api.begin(h)
    chunk(h, b"<html><body>504 Gateway Time-out</body></html>\n")
    h.wfile.write(b"0\r\n\r\n")


def deep(api, h, query):
    api.begin(h)
    chunk(h, b'{"type":"ADDED","object":' + b'{"a":' * 100000 + b"1" + b"}" * 100000 + b"}\n")
    h.wfile.write(b"0\r\n\r\n")


def hundred_megabytes(api, h, query):
    """An object that nobody can keep, then what everybody can"""
    api.begin(h)
    chunk(h, b'{"type":"ADDED","object":{"kind":"Pod","metadata":{"name":"huge","uid":"huge","annotations":{"a":"')
    for _ in range(100):
        chunk(h, b"x" * (1 << 20))
    chunk(h, b'"}}}}\n')
    api.follow(h, query)


def never_ending_line(api, h, query):
    api.begin(h)
    try:
        for _ in range(400):
            chunk(h, b"x" * (1 << 20))
    except OSError:
        pass
    h.close_connection = True


def slow_stream(api, h, query):
    """Three bytes at a time"""
    def slowly(g, text):
        for at in range(0, len(text), 3):
            chunk(g, text[at:at + 3])
            time.sleep(0.002)
    api.begin(h)
    api.follow(h, query, slowly)


def server_error(api, h, query):
    status(h, 500, "InternalError", "etcdserver: request timed out")


def too_many(api, h, query):
    h.send_response(429)
    h.send_header("Retry-After", "1")
    h.send_header("Content-Length", "0")
    h.end_headers()


def reset(api, h, query):
    h.close_connection = True


def ends_at_once(api, h, query):
    api.begin(h)
    h.wfile.write(b"0\r\n\r\n")


def bad_lists(api, h, query):
    """The list that follows is cut, none, or of nobody"""
    left = [lambda g: send(g, 200, "{}"), lambda g: send(g, 200, '{"kind":"PodList","metadata":{"resourceVersion":"1"},"items":['),
            lambda g: send(g, 200, '{"kind":"SecretList","metadata":{"resourceVersion":"1"},"items":[]}'), lambda g: send(g, 200, "")]

    def next_list(g, kind, q):
        if kind != "list" or not left:
            return False
        left.pop()(g)
        return True
    api.behave = next_list
    gone_status(api, h, query)


FAULTS = [gone_status, gone_event, half_event, junk, deep, hundred_megabytes, never_ending_line, slow_stream, server_error, too_many, reset, ends_at_once,
          bad_lists]


def faults(s):
    """After each fault a pod appears and one goes, and the agent learns of both; what it knew stays known meanwhile."""
    api, token = fake(s)
    api.put(pod("base"))
    agent = agent_for(s, config(api.url, token, f"{api.certificates}/ca.pem")).start()
    wait_known(agent, "the beginning", ["base"])
    expected, lost = {"base"}, []
    for n, fault in enumerate(FAULTS):
        begun = []

        def once(h, kind, query):
            if kind == "watch" and not begun:
                begun.append(1)
                api.behave = None
                fault(api, h, query)
                return True
            return False
        at = time.monotonic()
        api.behave = once
        api.break_connections()
        wait_for(f"{fault.__name__}: a watch", lambda: begun, 60, 0.05)
        name = f"after-{n}"
        api.put(pod(name))
        if n:
            api.delete(f"after-{n - 1}")
        expected = {p["metadata"]["name"] for p in api.pods.values()}
        end = time.monotonic() + 90
        while (now := known(agent)) != expected:
            if "base" not in now:
                lost.append(fault.__name__)
            s.expect(time.monotonic() < end, f"{fault.__name__}: {sorted(now ^ expected)} differ; {kubernetes(agent)}")
            time.sleep(0.2)
        s.note(f"{fault.__name__} {time.monotonic() - at:.0f} s")
    s.expect(not lost, f"a pod was forgotten that was always there: {lost}")
    m = agent.scrape()
    s.expect(total(m, "spoor_kubernetes_events_skipped_total") >= 3, "nothing was counted as skipped")
    s.expect(total(m, "spoor_kubernetes_pods") == len(expected), "spoor_kubernetes_pods is wrong")
    s.expect(total(m, "spoor_kubernetes_requests_total", code="410") >= 2, "410 was not counted")
    peak = agent.process.memory_mib("VmHWM")
    s.note(f"peak RSS {peak:.0f} MiB")
    s.expect(peak < 64 or "SPOOR_DEV" in os.environ and os.environ["SPOOR_DEV"] == os.environ.get("SPOOR"), f"peak RSS {peak:.0f} MiB")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def pages(s):
    """A list that is too large to take at once is taken in pages; what makes it large is not kept."""
    api, token = fake(s)
    api.put(*[pod(f"p{i}", annotations={"large": "x" * 100000, "small": "y"}) for i in range(200)])
    agent = agent_for(s, config(api.url, token, f"{api.certificates}/ca.pem")).start()
    wait_known(agent, "all pages", [f"p{i}" for i in range(200)], 60)
    limits = [q.get("limit") for kind, q, _ in api.requests if kind == "list"]
    s.expect(limits[0] is None and limits[1:] and all(limits[1:]), f"limits of the lists: {limits}")
    m = agent.scrape()
    s.expect(total(m, "spoor_kubernetes_pods_bytes") < 1 << 20, f"{total(m, 'spoor_kubernetes_pods_bytes'):.0f} bytes are kept of 200 pods")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def churn(s):
    """500 pods come, change and go while connections break: in the end it knows exactly those that are there, by resuming, not by listing."""
    api, token = fake(s)
    api.put(pod("base"))
    agent = agent_for(s, config(api.url, token, f"{api.certificates}/ca.pem"), dev=True).start()
    wait_known(agent, "the beginning", ["base"])
    rows = random.Random(7)
    for i in range(500):
        api.put(pod(f"churn-{i}", phase="Pending"))
        api.put(pod(f"churn-{i}", labels={"n": str(i)}))
        if i >= 40 or rows.random() < 0.3:
            alive = sorted(p["metadata"]["name"] for p in api.pods.values() if p["metadata"]["name"] != "base")
            api.delete(rows.choice(alive))
        if i % 100 == 50:
            api.break_connections()
        time.sleep(0.005)
    wait_known(agent, "after the churn", {p["metadata"]["name"] for p in api.pods.values()}, 60)
    s.expect(api.count("list") == 1, f"{api.count('list')} lists: a watch goes on where it ended")
    s.expect(api.count("watch") < 40, f"{api.count('watch')} watches")
    m = agent.scrape()
    s.expect(total(m, "spoor_kubernetes_events_total") >= 1000, "events were not counted")
    s.expect(total(m, "spoor_kubernetes_watch_restarts_total") >= 3, "restarts were not counted")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def level_0(s):
    """Nobody answers, or says no: logs flow at once, with what their paths say; it is told once; rights that are given later are used."""
    api, token = fake(s)
    api.stop()
    api.put(pod("one"))
    agent = agent_for(s, config(api.url, token, f"{api.certificates}/ca.pem"), dev=True)
    log = Pod(agent.pods, "web").write("before", "the", "start")
    agent.start()
    wait_for("lines while nobody answers", lambda: total(agent.scrape(), "spoor_log_lines_read_total") == 3, 10)
    wait_for("the error is told", lambda: "no answer" in kubernetes(agent)["last_error"], 10)
    log.write("later")
    wait_for("more lines", lambda: total(agent.scrape(), "spoor_log_lines_read_total") == 4, 10)
    api.is_forbidden = True
    api.start()
    wait_for("the refusal is told", lambda: "403" in kubernetes(agent)["last_error"], 90)
    s.expect(kubernetes(agent)["state"] == "off", f"state {kubernetes(agent)['state']}")
    wait_for("it asks again", lambda: api.count() >= 3, 90)
    text = agent.process.log_text()
    s.expect(len(re.findall("resources: \\[pods\\], verbs: \\[list, watch\\]", text)) == 1, "the rule that is missing is not told exactly once")
    s.expect(text.count("no answer") == 1, "the outage is not told exactly once")
    api.is_forbidden = False
    wait_known(agent, "the right is there", ["one"], 90)
    s.expect("answers again" in agent.process.log_text(), "the recovery is not told")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()
    asked = api.count()
    agent = agent_for(s, config(api.url, token, f"{api.certificates}/ca.pem", "  metadata: none\n"), name="none").start()
    time.sleep(1)
    s.expect(api.count() == asked and kubernetes(agent)["source"] == "none", "metadata: none, and still it asks")
    s.expect(total(agent.scrape(), "spoor_kubernetes_pods") == 0 and "spoor_kubernetes_pods" not in agent.scrape(), "metrics of nobody")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


# ---- the real one

def kubelet_faults(s):
    """The list of a kubelet: whatever goes wrong, what was known stays known and logs go on; what is right again is taken over, with a new
    token and a new certificate too."""
    kubelet = fake_kubelet.FakeKubelet(free_ports(1), certificates(s), [TOKEN]).start()
    kubelet.put(pod("base"))
    token, ca = write(f"{s.work}/token", TOKEN), f"{s.work}/ca.pem"
    shutil.copy(f"{kubelet.certificates}/stranger.pem", ca)
    text = f"kubernetes:\n  metadata: kubelet\n  kubelet_url: {kubelet.url}\n  bearer_token_file: {token}\n  poll_interval: 1s\n  tls_config: {{ca_file: {ca}}}\n"
    agent = agent_for(s, text)
    log = Pod(agent.pods, "web")
    agent.start()
    lines = [0]

    def logs_go_on(what):
        lines[0] += 1
        log.write(what)
        wait_for(f"{what}: its line", lambda: total(agent.scrape(), "spoor_log_lines_read_total") == lines[0], 10)

    def replace_ca(name):
        shutil.copy(f"{kubelet.certificates}/{name}.pem", ca + ".new")
        os.rename(ca + ".new", ca)

    wait_for("a certificate that nobody trusts is refused", lambda: "ertificate" in kubernetes(agent)["last_error"], 20)
    s.expect(not kubelet.requests and kubernetes(agent)["source"] == "kubelet", "it spoke to a kubelet that it cannot know")
    logs_go_on("no certificate")
    replace_ca("ca")
    wait_known(agent, "the right authority", ["base"], 60)
    expected = ["base"]

    def recovers(what, timeout=60):
        name = f"after-{len(expected)}"
        kubelet.put(pod(name))
        expected.append(name)
        wait_known(agent, f"after {what}", expected, timeout)
        wait_for(f"after {what}: the error is gone", lambda: kubernetes(agent)["last_error"] == "" and kubernetes(agent)["state"] == "complete", 10)

    faults = {"slow": fake_kubelet.slow, "huge": fake_kubelet.huge, "cut connection": fake_kubelet.cut_connection(kubelet),
              "cut text": fake_kubelet.cut_text(kubelet), "not a list": fake_kubelet.not_a_list, "500": fake_kubelet.server_error}
    for what, fault in faults.items():
        at = time.monotonic()
        kubelet.put(pod("never-whole"))  # stands in the second half of what is cut
        kubelet.behave = fault
        wait_for(f"{what} is told", lambda: kubernetes(agent)["last_error"] != "", 30)
        s.expect(known(agent) == set(expected), f"{what}: {sorted(known(agent) ^ set(expected))} differ")
        logs_go_on(what)
        kubelet.behave = None
        del kubelet.pods["uid-never-whole"]
        recovers(what)
        s.note(f"{what} {time.monotonic() - at:.0f} s")
    s.expect(agent.process.log_text().count("answers again") >= len(faults), "a recovery is not told")

    kubelet.tokens = {"another-token"}
    wait_for("the token is refused", lambda: kubernetes(agent)["last_error"].startswith("401"), 20)
    s.expect(known(agent) == set(expected), "what was known is gone with the token")
    logs_go_on("401")
    write(token, "another-token")
    recovers("a new token")
    kubelet.is_forbidden = True
    wait_for("the refusal is told", lambda: "403" in kubernetes(agent)["last_error"] and kubernetes(agent)["state"] == "off", 20)
    s.expect("resources: [nodes/pods], verbs: [get]" in agent.process.log_text(), "the rule that is missing is not told")
    logs_go_on("403")
    kubelet.is_forbidden = False
    recovers("403", 90)
    kubelet.stop()
    wait_for("the outage is told", lambda: "no answer" in kubernetes(agent)["last_error"], 20)
    kubelet.start("stranger")  # its certificate is another authority's now, and a moment later that is the one that is trusted
    wait_for("a strange certificate is refused", lambda: "ertificate" in kubernetes(agent)["last_error"], 60)
    s.expect(known(agent) == set(expected), "what was known is gone with the certificate")
    kubelet.stop()
    kubelet.start("server2")
    recovers("a renewed certificate", 90)
    m = agent.scrape()
    s.expect(total(m, "spoor_kubernetes_requests_total", code="401") >= 1 and total(m, "spoor_kubernetes_requests_total", code="403") >= 1, "refusals were not counted")
    for place in (agent.process.log_text(), get(agent.url + "/config")[1], get(agent.url + "/api/v1/status")[1]):
        s.expect(TOKEN not in place and "another-token" not in place, "the token is shown")
    peak = agent.process.memory_mib("VmHWM")
    s.note(f"peak RSS {peak:.0f} MiB")
    s.expect(peak < 80 or has_sanitizers(agent.binary), f"peak RSS {peak:.0f} MiB: an answer of 32 MiB is the most that is read")
    s.expect({path for path, _ in kubelet.requests} == {"/pods"}, "it asked for something else")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def targets(agent):
    """{pod: labels} of the active targets that have a pod"""
    rows = json.loads(get(agent.url + "/api/v1/targets")[1])["data"]["activeTargets"]
    return {r["labels"]["pod"]: r["labels"] for r in rows if "pod" in r["labels"]}


def kube_labels(agent, name):
    """Labels of a pod as kube_pod_labels tells them"""
    rows = parse_metrics(get(agent.url + "/metrics/pods?collect[]=kube_pod")[1]).get("kube_pod_labels", {})
    found = [dict(labels) for labels in rows if dict(labels)["pod"] == name]
    return {k[6:]: v for k, v in found[0].items() if k.startswith("label_")} if found else None


def own_address():
    """An address of this machine that pods may have: whoever asks there is refused here, and nothing leaves the machine"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
            return probe.getsockname()[0]
        except OSError:
            return "192.0.2.1"


def records(agent):
    """{(line, label app)} of the newest records"""
    return {(r["line"], dict(re.findall(r'(\w+)="([^"]*)"', r["labels"])).get("app")) for r in agent.api("records")["data"]["records"]}


JOBS = """logs:
  scrape_configs:
    - job_name: pods
      kubernetes_sd_configs: [{{role: pod}}]
      relabel_configs:
        - {{source_labels: [__meta_kubernetes_pod_label_app], target_label: app}}
        - {{source_labels: [__meta_kubernetes_pod_uid, __meta_kubernetes_pod_container_name], separator: /, replacement: /var/log/pods/*$1/*.log, target_label: __path__}}
metrics:
  global: {{scrape_interval: 1s, scrape_timeout: 500ms}}
  scrape_configs:
    - job_name: annotated
      kubernetes_sd_configs: [{{role: pod}}]
    - job_name: relabelled
      kubernetes_sd_configs: [{{role: pod}}]
      relabel_configs:
        - {{source_labels: [__meta_kubernetes_pod_label_app], regex: chosen, action: keep}}
        - {{source_labels: [__meta_kubernetes_pod_name], target_label: pod}}
        - {{source_labels: [__meta_kubernetes_pod_label_tier], target_label: tier}}
        - {{source_labels: [__meta_kubernetes_pod_container_port_name], target_label: port}}
  remote_write: [{{url: {url}, queue_config: {{batch_send_deadline: 300ms}}}}]
"""


def in_cluster(s, api, token, text, name="agent"):
    """An agent as in a pod: host, port and service account from its surroundings"""
    account = f"{s.work}/{name}-account"
    os.makedirs(account, exist_ok=True)
    shutil.copy(f"{api.certificates}/ca.pem", f"{account}/ca.crt")
    write(f"{account}/token", token)
    agent = agent_for(s, text, name=name, dev=True, pods=f"{s.work}/{name}-pods")
    agent.args.append(f"--path.service-account={account}")
    agent.env = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(api.port)}
    return agent


def real(s):
    """etcd and kube-apiserver: pods, labels, targets and metrics follow; the server restarts, forgets, refuses; the least of rights is enough."""
    api = KubeApi(f"{s.work}/kube", certificates(s)).start()
    api.namespace("shop")
    token = api.service_account("default", "spoor")
    api.role("spoor", [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]}])
    api.bind("spoor", "default", "spoor")
    s.expect(api.call("GET", "/api/v1/secrets", token=token)[0] == 403, "the service account may do more than it should")
    ip, port = own_address(), free_ports(2)
    api.create_pod("shop", "first", labels={"app": "web"}, ip=ip, port=port)
    api.create_pod("shop", "elsewhere", node="another-node", ip=ip)

    receiver = Receiver(free_ports(1))
    agent = in_cluster(s, api, token, JOBS.format(url=receiver.url)).start()
    wait_known(agent, "the list", ["first"])
    s.expect(kubernetes(agent)["source"] == "api" and kubernetes(agent)["url"] == f"{api.url}/", f"asks {kubernetes(agent)}")
    s.expect(not targets(agent), f"targets that nobody asked for: {targets(agent)}")

    # Pods come, change, and go.
    api.create_pod("shop", "second", labels={"app": "web"}, annotations={"prometheus.io/scrape": "true", "prometheus.io/port": f"{port + 1}"})
    wait_known(agent, "a new pod", ["first", "second"])
    s.expect(kube_labels(agent, "second") == {"app": "web"}, f"labels {kube_labels(agent, 'second')}")
    s.expect("second" not in targets(agent), "a target without an address")
    api.set_status("shop", "second", {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}]})
    wait_for("the annotated pod is a target", lambda: "second" in targets(agent), 10)
    row = targets(agent)["second"]
    s.expect((row["job"], row["instance"], row["namespace"], row["node"]) == ("annotated", f"{ip}:{port + 1}", "shop", "node-e2e"), f"labels {row}")
    wait_for("it is asked", lambda: receiver.values(name="up", pod="second"), 15)
    api.patch_pod("shop", "first", {"labels": {"app": "chosen", "tier": "front"}})
    wait_for("labels follow", lambda: kube_labels(agent, "first") == {"app": "chosen", "tier": "front"}, 10)
    wait_for("relabelled target", lambda: targets(agent).get("first", {}).get("tier") == "front", 10)
    s.expect(targets(agent)["first"]["port"] == "http", f"labels {targets(agent)['first']}")
    api.patch_pod("shop", "second", {"annotations": {"prometheus.io/scrape": None}})
    wait_for("the annotation is gone, and the target", lambda: "second" not in targets(agent), 10)
    wait_for("its series end", lambda: None in receiver.values(name="up", pod="second"), 20)
    api.delete_pod("shop", "second")
    wait_known(agent, "a deleted pod", ["first"])

    # Logs: labels of the object, and pods that ask not to be read.
    quiet = api.create_pod("shop", "quiet", annotations={"fluentbit.io/exclude": "true"})["metadata"]["uid"]
    loud = api.create_pod("shop", "loud", labels={"app": "till"})["metadata"]["uid"]
    wait_known(agent, "two more", ["first", "quiet", "loud"])
    Pod(agent.pods, "quiet", "shop", uid=quiet).write("nobody should see this")
    log = Pod(agent.pods, "loud", "shop", uid=loud).write("hello")
    wait_for("a line with a label of its pod", lambda: ("hello", "till") in records(agent), 20)
    api.patch_pod("shop", "loud", {"annotations": {"spoor.io/logs": "off"}})
    wait_for("it asks not to be read", lambda: total(agent.scrape(), "spoor_log_containers_excluded") == 2, 20)
    log.write("nor this")
    time.sleep(2)
    s.expect({text for text, _ in records(agent)} == {"hello"}, f"read: {records(agent)}")
    api.delete_pod("shop", "quiet")
    api.delete_pod("shop", "loud")
    wait_known(agent, "both gone", ["first"])

    # The server goes away and comes back; what happened meanwhile is learned, without a new start.
    api.kill()
    wait_for("the outage is told", lambda: kubernetes(agent)["last_error"] != "", 60)
    s.expect(known(agent) == {"first"} and "first" in targets(agent), "what was known is gone with the server")
    api.start()
    api.create_pod("shop", "third", ip=ip)
    wait_known(agent, "after a restart of the server", ["first", "third"], 90)
    # It sleeps while the server changes, restarts and compacts: the version that it goes on from is forgotten, 410.
    lists = total(agent.scrape(), "spoor_kubernetes_lists_total")
    agent.process.signal(signal.SIGSTOP)
    api.kill()
    api.start()
    api.delete_pod("shop", "third")
    for i in range(5):
        api.create_pod("shop", f"more-{i}", ip=ip)
    api.kill()
    api.compact()
    api.start()
    agent.process.signal(signal.SIGCONT)
    wait_known(agent, "after 410", ["first"] + [f"more-{i}" for i in range(5)], 120)
    m = agent.scrape()
    s.expect(total(m, "spoor_kubernetes_lists_total") > lists, "nothing was forgotten: this proves no 410")
    s.expect(kubernetes(agent)["state"] == "complete" and kubernetes(agent)["last_error"] == "", f"{kubernetes(agent)}")
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()

    # No right at all: level 0, until it is given.
    api.unbind("spoor")
    agent = in_cluster(s, api, api.new_token("default", "spoor"), JOBS.format(url=receiver.url), name="refused")
    Pod(agent.pods, "web").write("a line")
    agent.start()
    wait_for("the refusal is told", lambda: "403" in kubernetes(agent)["last_error"], 30)
    s.expect('cannot list resource "pods"' in kubernetes(agent)["last_error"], f"the server's words are missing: {kubernetes(agent)['last_error']}")
    wait_for("its line", lambda: total(agent.scrape(), "spoor_log_lines_read_total") == 1, 10)
    api.bind("spoor", "default", "spoor")
    wait_known(agent, "the right is given", ["first"] + [f"more-{i}" for i in range(5)], 120)
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()
    api.stop()


main(tls_and_token, faults, pages, churn, level_0, kubelet_faults, real)
