"""What the scenarios share: processes started and ended by id, waiting, /metrics/self and its ledger, LogQL.

From outside only: the command line, files, HTTP. Environment (set by tests/run.sh): SPOOR the program, SPOOR_DEV the one with
sanitizers, LOKI a real Loki, TOOLS where the generator is, WORK a directory for this run. Everything listens on 127.0.0.1.
"""
import atexit
import functools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request

import oracle

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TICK = os.sysconf("SC_CLK_TCK")
SANITIZER = re.compile(r"(ERROR: (Address|Leak)Sanitizer.*|.*runtime error:.*|==\d+==.*Sanitizer.*)")
LOOPBACK = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy of the environment
NODE = "node-e2e"


class Skip(Exception):
    """The machine cannot run this scenario; the message says why."""


class Failed(Exception):
    pass


def wait_for(what, condition, timeout, every=0.1):
    """Returns the first true value of condition(); fails with `what` after timeout seconds."""
    end = time.monotonic() + timeout
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise Failed(f"after {timeout:g} s still not: {what() if callable(what) else what}")
        time.sleep(every)


def get(url, timeout=20, headers=None, method="GET", data=None):
    """(status, body as text); never raises for a status"""
    request = urllib.request.Request(url, headers=headers or {}, method=method, data=data)
    try:
        with LOOPBACK.open(request, timeout=timeout) as r:
            return r.status, r.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode("utf-8", "replace")


first_port, last_port = map(int, os.environ.get("PORTS", "24100-31999").split("-"))  # run.py gives each of several their own
next_port = [first_port + os.getpid() % 300 * 20 % ((last_port - first_port) // 2)]


def free_ports(n):
    """n neighbouring ports that nobody listens on, PORTS or from 24100 up; never the same twice in one run"""
    while next_port[0] + n - 1 <= last_port:
        base, held = next_port[0], []
        next_port[0] += n
        try:
            for i in range(n):
                s = socket.socket()
                held.append(s)
                s.bind(("127.0.0.1", base + i))
            return base
        except OSError:
            pass
        finally:
            for s in held:
                s.close()
    raise Failed("no free ports")


# ---- processes

class Process:
    """A child in the foreground; ended by its own id only."""
    running = []

    def __init__(self, argv, log, **kw):
        self.argv, self.log = argv, log
        with open(log, "ab") as out:
            self.child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, **kw)
        self.pid = self.child.pid
        Process.running.append(self)

    def is_alive(self):
        return self.child.poll() is None

    def kill(self):
        if self.is_alive():
            self.child.kill()
            self.child.wait()

    def signal(self, number):
        self.child.send_signal(number)

    def wait(self, timeout):
        try:
            return self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failed(f"{os.path.basename(self.argv[0])} still runs after {timeout:g} s; end of its log:\n{self.log_text()[-600:]}")

    def terminate(self, timeout=30):
        if self.is_alive():
            self.child.terminate()
        return self.wait(timeout)

    def log_text(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def memory_mib(self, field="VmRSS"):
        with open(f"/proc/{self.pid}/status") as f:
            return int(re.search(field + r":\s+(\d+)", f.read()).group(1)) / 1024

    def cpu_s(self):
        with open(f"/proc/{self.pid}/stat") as f:
            v = f.read().rsplit(")", 1)[1].split()
        return (int(v[11]) + int(v[12])) / TICK

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))


def end_processes():
    for p in Process.running:
        p.kill()
    Process.running.clear()


atexit.register(end_processes)


class Loki:
    """A real Loki, all in one process, limits out of the way. It may be stopped and started again on its data."""

    def __init__(self, directory, limits="", tenants=False):
        self.binary = os.environ.get("LOKI") or os.path.expanduser("~/.cache/spoor-tests/loki-dev")
        if not os.access(self.binary, os.X_OK):
            raise Skip("no Loki: $LOKI does not name one")
        self.directory = directory
        os.makedirs(directory, exist_ok=True)
        self.port = free_ports(3)
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = f"{directory}/loki.yaml"
        with open(self.config, "w") as f:
            f.write(LOKI_CONFIG.format(dir=directory, port=self.port, grpc=self.port + 1, gossip=self.port + 2, limits=limits,
                                       auth=str(tenants).lower()))
        self.process = None

    def start(self):
        self.process = Process([self.binary, f"-config.file={self.config}"], f"{self.directory}/loki.log", env=dict(os.environ, GOMAXPROCS="1"))
        wait_for("Loki ready", self._is_ready, 60, 0.2)
        return self

    def _is_ready(self):
        if not self.process.is_alive():
            raise Failed(f"Loki ended: {self.process.log_text()[-800:]}")
        try:
            return get(self.url + "/ready", 2)[0] == 200
        except OSError:
            return False

    def stop(self):
        self.process.terminate(60)

    def kill(self):
        self.process.kill()

    def ask(self, path, tenant="none", **params):
        """tenant: for one that was made with tenants"""
        status, body = get(f"{self.url}/loki/api/v1/{path}?" + urllib.parse.urlencode(params), 120,
                           {"X-Loki-Response-Encoding-Flags": "categorize-labels", "X-Scope-OrgID": tenant})
        if status != 200:
            raise Failed(f"Loki answers {status} to {params}: {body[:300]}")
        return json.loads(body)["data"]["result"]

    def number(self, query):
        result = self.ask("query", query=query)
        return sum(int(float(r["value"][1])) for r in result)

    def count(self, selector='{namespace=~".+"}', window="2h"):
        return self.number(f"sum(count_over_time({selector} [{window}]))")

    def has_all(self, truth, start_s):
        """Whether every record of a manifest can be read back. A count would not tell: metric queries count what came twice."""
        return self.count() >= truth.records and not self.tally_all(oracle.Tally(truth), start_s).missing()

    def read_back(self, tally, selector, start_ns, end_ns, limit=50000):
        """Every record of a selector in order of time, page by page, into the tally; stream labels and structured metadata apart."""
        seen_at_edge = set()
        while True:
            page = []
            for r in self.ask("query_range", query=selector, start=start_ns, end=end_ns, limit=limit, direction="forward"):
                labels = r["stream"]
                for v in r["values"]:
                    page.append((int(v[0]), v[1], labels, v[2].get("structuredMetadata", {}) if len(v) > 2 else {}))
            page.sort(key=lambda p: p[0])
            for p in page:
                edge = (p[0], p[1], tuple(sorted(p[2].items())))
                if p[0] == start_ns and edge in seen_at_edge:
                    continue
                tally.add({k: w for k, w in p[2].items() if k != "service_name"}, p[0], p[1], p[3])
            if len(page) < limit:
                return tally
            if page[-1][0] == start_ns:
                raise Failed(f"more than {limit} records with one timestamp")
            start_ns = page[-1][0]
            seen_at_edge = {(p[0], p[1], tuple(sorted(p[2].items()))) for p in page if p[0] == start_ns}

    def tally_all(self, tally, start_s, end_s=None):
        """Container by container, so that a page holds few streams."""
        for row in tally.manifest.rows.values():
            self.read_back(tally, f'{{pod="{row["pod"]}"}}', int(start_s * 1e9), int((end_s or time.time() + 60) * 1e9))
        return tally


LOKI_CONFIG = """auth_enabled: {auth}
analytics: {{reporting_enabled: false}}
server: {{http_listen_address: 127.0.0.1, http_listen_port: {port}, grpc_listen_address: 127.0.0.1, grpc_listen_port: {grpc}, log_level: warn,
  grpc_server_max_recv_msg_size: 268435456, grpc_server_max_send_msg_size: 268435456, graceful_shutdown_timeout: 2s,
  http_server_read_timeout: 2m, http_server_write_timeout: 2m}}
common:
  instance_addr: 127.0.0.1
  path_prefix: {dir}
  replication_factor: 1
  storage: {{filesystem: {{chunks_directory: {dir}/chunks, rules_directory: {dir}/rules}}}}
  ring: {{instance_addr: 127.0.0.1, kvstore: {{store: inmemory}}}}
memberlist: {{bind_addr: [127.0.0.1], bind_port: {gossip}}}
schema_config:
  configs:
    - {{from: 2024-01-01, store: tsdb, object_store: filesystem, schema: v13, index: {{prefix: index_, period: 24h}}}}
ingester: {{lifecycler: {{min_ready_duration: 0s, final_sleep: 0s}}}}
ingester_client: {{grpc_client_config: {{max_recv_msg_size: 268435456, max_send_msg_size: 268435456}}}}
querier: {{query_ingesters_within: 0s}}
query_range: {{cache_results: false}}
limits_config:
  allow_structured_metadata: true
  ingestion_rate_mb: 512
  ingestion_burst_size_mb: 512
  per_stream_rate_limit: 512MB
  per_stream_rate_limit_burst: 512MB
  max_global_streams_per_user: 0
  max_entries_limit_per_query: 1000000
  max_query_series: 100000
  split_queries_by_interval: 0s
  reject_old_samples: false
  discover_log_levels: false
{limits}frontend: {{address: 127.0.0.1}}
frontend_worker: {{frontend_address: 127.0.0.1:{grpc}, grpc_client_config: {{max_recv_msg_size: 268435456, max_send_msg_size: 268435456}}}}
query_scheduler: {{max_outstanding_requests_per_tenant: 4096}}
"""


def parse_metrics(text):
    """{name: {labels as sorted tuple: value}}"""
    out = {}
    for line in text.split("\n"):
        if not line or line[0] == "#":
            continue
        m = re.match(r'([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$', line)
        if not m:
            raise Failed(f"not an exposition line: {line!r}")
        labels = tuple(sorted(re.findall(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"', m.group(2) or "")))
        series = out.setdefault(m.group(1), {})
        if labels in series:
            raise Failed(f"series twice in one scrape: {line!r}")
        series[labels] = float(m.group(3))
    return out


def total(metrics, name, **want):
    return sum(v for labels, v in metrics.get(name, {}).items() if all(dict(labels).get(k) == w for k, w in want.items()))


def ledger_faults(metrics):
    """[] when read = sent + dropped + pending for every destination, exactly"""
    read = total(metrics, "spoor_log_lines_read_total")
    faults = []
    names = {dict(labels).get("destination") for name in ("spoor_log_lines_sent_total", "spoor_log_lines_pending") for labels in metrics.get(name, {})}
    for d in sorted(n for n in names if n is not None):
        sent, pending, dropped = (total(metrics, f"spoor_log_lines_{k}", destination=d) for k in ("sent_total", "pending", "dropped_total"))
        if read != sent + pending + dropped:
            faults.append(f"{d}: read {read:.0f} != sent {sent:.0f} + dropped {dropped:.0f} + pending {pending:.0f}")
    return faults + sample_ledger_faults(metrics)


def sample_ledger_faults(metrics):
    """[] when scraped + found in the spool at the start = sent + dropped + pending for every receiver, exactly"""
    scraped, faults = total(metrics, "spoor_samples_scraped_total"), []
    for labels in metrics.get("spoor_samples_pending", {}):
        r = dict(labels)["destination"]
        found, sent, pending, dropped = (total(metrics, f"spoor_samples_{k}", destination=r) for k in ("found_total", "sent_total", "pending", "dropped_total"))
        if scraped + found != sent + dropped + pending:
            faults.append(f"{r}: scraped {scraped:.0f} + found {found:.0f} != sent {sent:.0f} + dropped {dropped:.0f} + pending {pending:.0f}")
    return faults


class Agent:
    """spoor run, restartable on one state directory. While it runs, a thread scrapes it and keeps what does not balance."""

    def __init__(self, work, clients=(), config=None, pods=None, name="agent", dev=False, args=(), kubernetes=True):
        self.binary = spoor_binary(dev)
        self.work, self.name = work, name
        self.state = f"{work}/{name}-state"
        self.pods = pods or f"{work}/pods"
        self.config = f"{work}/{name}.yaml"
        self.log = f"{work}/{name}.log"
        self.args, self.kubernetes, self.process = list(args), kubernetes, None
        self.prefix, self.env = [], {}
        self.port = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self.faults, self.scrapes, self.peak_mib = [], 0, 0.0
        os.makedirs(self.pods, exist_ok=True)
        self.write_config((config if config is not None else clients_config(clients)) or None)

    def write_config(self, text):
        self.text = text
        if text is not None:
            with open(self.config + ".new", "w") as f:
                f.write(text)
            os.rename(self.config + ".new", self.config)

    def argv(self):
        # The leak check of a sanitizer build traces its own process, which the sandbox forbids.
        sandbox = ["--no-sandbox"] if has_sanitizers(self.binary) else []
        a = self.prefix + [self.binary, "run", *sandbox, f"--state.dir={self.state}", f"--web.listen-address=127.0.0.1:{self.port}", "--web.enable-lifecycle"]
        if self.text is not None:
            a.append(f"--config.file={self.config}")
        if self.kubernetes:
            a.append(f"--path.pod-logs={self.pods}")
        return a + self.args

    def start(self, wait=True, scrape=True, **kw):
        env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        if self.kubernetes:
            env["KUBERNETES_SERVICE_HOST"] = "192.0.2.1"  # as in a pod: the kubelet's tree, even while it is empty
        env.update({"NODE_NAME": NODE, "ASAN_OPTIONS": "abort_on_error=0:detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"}, **self.env)
        self.process = Process(self.argv(), self.log, env=env, **kw)
        if wait:
            wait_for(lambda: f"agent ready; its log ends\n{self.process.log_text()[-800:]}", self.is_ready, 15, 0.02)
        if scrape:
            self._scraper = threading.Thread(target=self._watch, args=(self.process,), daemon=True)
            self._scraper.start()
        return self

    def is_ready(self):
        if not self.process.is_alive():
            raise Failed(f"the agent ended with {self.process.child.returncode}: {self.process.log_text()[-800:]}")
        try:
            return get(self.url + "/-/ready", 3)[0] == 200
        except OSError:
            return False

    def _watch(self, process):
        while process is self.process and process.is_alive():
            try:
                self.scrape()
                self.peak_mib = max(self.peak_mib, process.memory_mib("VmHWM"))
            except (OSError, AttributeError, ValueError):
                pass  # it is being ended
            except Failed as e:
                self.faults.append(str(e))
            time.sleep(0.25)

    def scrape(self):
        status, body = get(self.url + "/metrics/self", 10)
        if status != 200:
            raise Failed(f"/metrics/self answers {status}")
        m = parse_metrics(body)
        self.scrapes += 1
        self.faults += ledger_faults(m)
        return m

    def api(self, path):
        status, body = get(f"{self.url}/api/v1/{path}")
        if status != 200:
            raise Failed(f"/api/v1/{path} answers {status}")
        return json.loads(body)

    def stop(self, timeout=30):
        """SIGTERM; the exit status"""
        process, self.process = self.process, None
        code = process.terminate(timeout)
        self._sanitizers(process)
        return code

    def kill9(self):
        process, self.process = self.process, None
        process.kill()

    def reload(self, by="signal"):
        if by == "signal":
            self.process.signal(signal.SIGHUP)
            return None, None
        return get(self.url + "/-/reload", method="POST", data=b"")

    def _sanitizers(self, process):
        found = SANITIZER.search(process.log_text())
        if found:
            self.faults.append(f"sanitizer: {found.group(0)[:300]}")

    def check(self, min_scrapes=1):
        """What must hold after any scenario."""
        if self.process:
            self._sanitizers(self.process)
        if self.faults:
            raise Failed(f"{len(self.faults)} faults seen by scraping, first: {self.faults[0]}")
        if self.scrapes < min_scrapes:
            raise Failed(f"only {self.scrapes} scrapes")


def clients_config(urls, extra="", batchwait="200ms"):
    """A small configuration; extra is appended to each client (6 blanks deep)."""
    text = "logs:\n  clients:\n"
    for u in urls:
        text += f"    - url: {u}/loki/api/v1/push\n      batchwait: {batchwait}\n      backoff_config: {{min_period: 100ms, max_period: 1s}}\n{extra}"
    return text if urls else ""


@functools.cache
def has_sanitizers(binary):
    with open(binary, "rb") as f:
        return b"__asan_init" in f.read()


def spoor_binary(dev=False):
    path = (dev and os.environ.get("SPOOR_DEV")) or os.environ.get("SPOOR") or f"{ROOT}/build/release/spoor"
    if not os.access(path, os.X_OK):
        raise Failed(f"no program at {path}: set SPOOR")
    return path


def generate(work, name="truth", wait=True, **options):
    """Runs the generator; returns the path of its manifest (or the Process when not waited for)."""
    tools = os.environ.get("TOOLS") or "/tmp/spoor-e2e-tools"
    subprocess.run([f"{HERE}/build.sh", tools], check=True)
    manifest = f"{work}/{name}.tsv"
    options.setdefault("root", work)
    argv = [f"{tools}/generate", "--manifest", manifest]
    for k, v in options.items():
        argv += ["--" + k.replace("_", "-"), str(v)]
    p = Process(argv, f"{work}/{name}.log")
    p.manifest = manifest
    if not wait:
        return p
    finish(p)
    return manifest


def finish(p, timeout=300):
    if p.wait(timeout):
        raise Failed(f"generator: {p.log_text()[-400:]}")
    return p.manifest


class Pod:
    """One container's log, written by hand."""

    def __init__(self, pods, pod, namespace="files", container="app", uid=None, restarts=0):
        self.name = pod
        uid = uid or "%08x-0000-4000-8000-000000000000" % (hash(pod) & 0xFFFFFFFF)
        self.directory = f"{pods}/{namespace}_{pod}_{uid}/{container}"
        self.path = f"{self.directory}/{restarts}.log"
        self.stamp = 0

    def create(self):
        os.makedirs(self.directory, exist_ok=True)
        return self

    def cri(self, text, stream="stdout", tag="F"):
        """One line as the runtime writes it, with a timestamp that rises"""
        self.stamp = max(self.stamp + 1, time.time_ns())
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.stamp // 10**9)) + f".{self.stamp % 10**9:09d}Z"
        return f"{at} {stream} {tag} ".encode() + (text if isinstance(text, bytes) else text.encode()) + b"\n"

    def raw(self, data):
        self.create()
        with open(self.path, "ab", buffering=0) as f:
            f.write(data)
        return self

    def write(self, *texts, stream="stdout", tag="F"):
        return self.raw(b"".join(self.cri(t, stream, tag) for t in texts))

    def rotate(self, stamp="20261121-000000"):
        os.rename(self.path, f"{self.path}.{stamp}")
        return f"{self.path}.{stamp}"


def certificate(directory, name, days="2", host="localhost", ip="127.0.0.1", ca=None):
    """NAME.key and NAME.crt: signed by itself, or by ca; days "0": expired"""
    run = lambda *a: subprocess.run(["openssl", *a], check=True, capture_output=True, cwd=directory)
    if ca is None:
        run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", days, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt")
        return
    run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={host}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
    with open(f"{directory}/{name}.ext", "w") as f:
        f.write(f"subjectAltName=DNS:{host},IP:{ip}\n")
    begin = ["-not_before", "20200101000000Z", "-not_after", "20200102000000Z"] if days == "0" else ["-days", days]
    try:
        run("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.crt", "-CAkey", f"{ca}.key", "-CAcreateserial", "-extfile", f"{name}.ext", "-out", f"{name}.crt", *begin)
    except subprocess.CalledProcessError:  # openssl before 3.4 cannot date back: x509 -days -1
        run("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.crt", "-CAkey", f"{ca}.key", "-CAcreateserial", "-extfile", f"{name}.ext", "-out", f"{name}.crt", "-days", "-1")


def bcrypt(password):
    """By the C library, cost 10"""
    p = subprocess.run(["perl", "-e", 'print crypt($ARGV[0], q($2y$10$abcdefghijklmnopqrstuu))', password], capture_output=True, text=True)
    if not p.stdout.startswith("$2"):
        raise Skip("the C library here knows no bcrypt")
    return p.stdout


# ---- running scenarios

class Scenario:
    """with Scenario("name") as s: ... prints the verdict; s.work is a directory of its own, removed when all went well."""
    failed = 0

    def __init__(self, name):
        self.name, self.notes = name, []

    def __enter__(self):
        base = os.environ.get("WORK") or tempfile.gettempdir()
        os.makedirs(base, exist_ok=True)
        self.work = tempfile.mkdtemp(prefix=f"e2e-{self.name.replace('/', '-')}-", dir=base)
        self.started = time.monotonic()
        return self

    def note(self, text):
        self.notes.append(text)

    def expect(self, condition, why):
        if not condition:
            raise Failed(why)

    def no_problems(self, problems):
        if problems:
            raise Failed("; ".join(problems))

    def __exit__(self, kind, error, trace):
        seconds = time.monotonic() - self.started
        notes = "".join(f"; {n}" for n in self.notes)
        if kind is None:
            print(f"ok {self.name} ({seconds:.0f} s{notes})", flush=True)
        elif issubclass(kind, Skip):
            print(f"skip {self.name}: {error}", flush=True)
        else:
            Scenario.failed += 1
            why = str(error) if issubclass(kind, Failed) else "".join(traceback.format_exception(kind, error, trace)[-3:])
            print(f"not ok {self.name}: {' | '.join(why.strip().splitlines())}{notes} [{self.work}]", flush=True)
        self._end_processes()
        if kind is None or issubclass(kind, Skip):
            shutil.rmtree(self.work, ignore_errors=True)
        return kind is None or issubclass(kind, Exception)

    def _end_processes(self):
        end_processes()


def main(*scenarios):
    """Each is a function of one Scenario, named by its function; arguments pick some by name."""
    wanted = sys.argv[1:]
    prefix = os.path.splitext(os.path.basename(sys.argv[0]))[0].split("_", 1)[1]
    for f in scenarios:
        name = prefix if f.__name__ == prefix else f"{prefix}/{f.__name__}"
        if wanted and f.__name__ not in wanted:
            continue
        with Scenario(name) as s:
            f(s)
    sys.exit(1 if Scenario.failed else 0)
