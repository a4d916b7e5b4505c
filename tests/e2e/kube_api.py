"""A real API server: etcd and kube-apiserver on 127.0.0.1, with RBAC and service accounts, and what a test does with them."""
import base64
import json
import os
import shutil
import ssl
import subprocess
import time
import urllib.error
import urllib.request

from lib import Failed, Process, Skip, free_ports, wait_for


def program(variable, name):
    path = os.environ.get(variable) or shutil.which(name)
    if path and os.access(path, os.X_OK):
        return path
    why = f"no {name}: set {variable} to its program (tests/servers/get.sh kubernetes {name}; etcd is Debian's etcd-server)"
    raise Failed(why) if os.environ.get("CI") == "true" else Skip(why)


class KubeApi:
    """start() waits until it is ready; stop() and start() again go on with what etcd has."""
    ADMIN = "admin-token-of-the-test"

    def __init__(self, directory, certificates):
        self.binary, self.etcd_binary = program("KUBE_APISERVER", "kube-apiserver"), program("ETCD", "etcd")
        os.makedirs(directory, exist_ok=True)
        self.directory, self.certificates = directory, certificates
        base = free_ports(3)
        self.port, self.etcd_port, self.peer_port = base, base + 1, base + 2
        self.url = f"https://127.0.0.1:{self.port}"
        self.etcd = self.process = None
        with open(f"{directory}/tokens.csv", "w") as f:
            f.write(f'{self.ADMIN},admin,admin,"system:masters"\n')
        for command in (["genrsa", "-out", f"{directory}/sa.key", "2048"], ["rsa", "-in", f"{directory}/sa.key", "-pubout", "-out", f"{directory}/sa.pub"]):
            subprocess.run(["openssl", *command], check=True, capture_output=True)
        self.tls = ssl.create_default_context(cafile=f"{certificates}/ca.pem")

    def start(self):
        d, here = self.directory, "http://127.0.0.1"
        if not self.etcd:
            self.etcd = Process([self.etcd_binary, "--name=e2e", f"--data-dir={d}/etcd", "--unsafe-no-fsync=true", f"--listen-client-urls={here}:{self.etcd_port}",
                                 f"--advertise-client-urls={here}:{self.etcd_port}", f"--listen-peer-urls={here}:{self.peer_port}",
                                 f"--initial-advertise-peer-urls={here}:{self.peer_port}", f"--initial-cluster=e2e={here}:{self.peer_port}"], f"{d}/etcd.log")
        self.process = Process([self.binary, f"--etcd-servers={here}:{self.etcd_port}", "--bind-address=127.0.0.1", f"--secure-port={self.port}",
                                f"--tls-cert-file={self.certificates}/server.pem", f"--tls-private-key-file={self.certificates}/server.key",
                                f"--cert-dir={d}", f"--token-auth-file={d}/tokens.csv", "--authorization-mode=RBAC", "--endpoint-reconciler-type=none",
                                "--service-cluster-ip-range=10.96.0.0/24", "--service-account-issuer=https://kubernetes.default.svc",
                                f"--service-account-key-file={d}/sa.pub", f"--service-account-signing-key-file={d}/sa.key",
                                "--disable-admission-plugins=ServiceAccount", "--profiling=false"], f"{d}/apiserver.log",
                               env=dict(os.environ, GOMAXPROCS="1"))
        wait_for(lambda: f"kube-apiserver ready; its log ends\n{self.process.log_text()[-1500:]}", self.is_ready, 120, 0.3)
        return self

    def is_ready(self):
        if not self.process.is_alive():
            raise Failed(f"kube-apiserver ended: {self.process.log_text()[-1500:]}")
        try:
            return self.call("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def kill(self):
        """Not asked: with open watches it takes a minute to go by itself"""
        self.process.kill()

    def stop(self):
        self.process.kill()
        self.etcd.kill()

    def call(self, method, path, body=None, kind="application/json", token=None):
        """(status, answer); never raises for a status"""
        request = urllib.request.Request(self.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
                                         headers={"Authorization": f"Bearer {token or self.ADMIN}", "Content-Type": kind})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self.tls))
        try:
            with opener.open(request, timeout=30) as r:
                text = r.read()
                return r.status, json.loads(text) if text[:1] == b"{" else text.decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode("utf-8", "replace")

    def must(self, method, path, body=None, kind="application/json"):
        status, answer = self.call(method, path, body, kind)
        if status >= 300:
            raise Failed(f"{method} {path} answers {status}: {answer[:600]}")
        return answer

    def namespace(self, name):
        self.must("POST", "/api/v1/namespaces", {"metadata": {"name": name}})

    def create_pod(self, namespace, name, node="node-e2e", labels=None, annotations=None, ip=None, phase="Running", port=8080):
        """As the scheduler and the kubelet leave it; the object"""
        path = f"/api/v1/namespaces/{namespace}/pods"
        pod = self.must("POST", path, {"metadata": {"name": name, "labels": labels or {}, "annotations": annotations or {}},
                                       "spec": {"nodeName": node, "automountServiceAccountToken": False, "terminationGracePeriodSeconds": 0,
                                                "containers": [{"name": "app", "image": "web:1", "ports": [{"containerPort": port, "name": "http"}]}]}})
        if ip:
            self.set_status(namespace, name, {"phase": phase, "podIP": ip, "podIPs": [{"ip": ip}], "hostIP": "10.0.0.5",
                                              "conditions": [{"type": "Ready", "status": "True"}]})
        return pod

    def set_status(self, namespace, name, status):
        self.must("PATCH", f"/api/v1/namespaces/{namespace}/pods/{name}/status", {"status": status}, "application/strategic-merge-patch+json")

    def patch_pod(self, namespace, name, metadata):
        self.must("PATCH", f"/api/v1/namespaces/{namespace}/pods/{name}", {"metadata": metadata}, "application/merge-patch+json")

    def delete_pod(self, namespace, name):
        self.must("DELETE", f"/api/v1/namespaces/{namespace}/pods/{name}", {"gracePeriodSeconds": 0})

    def service_account(self, namespace, name):
        """Its token"""
        self.must("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": name}})
        return self.new_token(namespace, name)

    def new_token(self, namespace, name):
        answer = self.must("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token", {"spec": {"expirationSeconds": 3600}})
        return answer["status"]["token"]

    def role(self, name, rules):
        self.must("POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", {"metadata": {"name": name}, "rules": rules})

    def bind(self, role, namespace, account):
        self.must("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
                  {"metadata": {"name": role}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
                   "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}]})

    def unbind(self, role):
        self.must("DELETE", f"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{role}")

    def compact(self):
        """Makes etcd forget everything before now, through its JSON gateway"""
        def ask(path, body):
            r = urllib.request.Request(f"http://127.0.0.1:{self.etcd_port}/v3/{path}", data=json.dumps(body).encode())
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(r, timeout=10) as answer:
                return json.loads(answer.read())
        key = base64.b64encode(b"/").decode()
        ask("kv/compaction", {"revision": ask("kv/range", {"key": key, "limit": "1"})["header"]["revision"], "physical": True})
        time.sleep(0.1)
