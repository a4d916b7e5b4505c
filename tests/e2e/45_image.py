"""The container image: what is in it and what is not, that the same commit gives the same bytes, and that a container of it, started by a real
runc with the rights that the chart gives it, brings a log to a real Loki. Needs root: without it, nothing here can be proven."""
import glob
import json
import os
import re
import shutil
import ssl
import stat
import subprocess
import tarfile
import time

from journals import Journal
from lib import ROOT, Loki, Pod, Process, Skip, free_ports, get, main, spoor_binary, wait_for

LIMIT_MIB = 32  # of the small one, not compressed
SMALL = re.compile(r"etc(/(group|nsswitch\.conf|passwd|spoor|ssl(/certs(/ca-certificates\.crt)?)?))?|usr(/(local(/bin(/spoor)?)?|share(/zoneinfo(/.*)?)?))?"
                   r"|usr/lib(64|/[a-z0-9_-]+)?(/gconv(/[\w.+-]+(/gconv-modules-extra\.conf)?)?)?"
                   r"|var(/lib(/spoor)?)?|lib(64|/[a-z0-9_-]+)?(/(lib[\w.+-]+\.so[.0-9]*|ld-linux[\w.-]+))?")
built = []


def run(*argv, ok=True, **kw):
    p = subprocess.run(argv, capture_output=True, text=True, **kw)
    if ok and p.returncode:
        raise AssertionError(f"{' '.join(argv)}: {p.returncode}\n{p.stdout[-800:]}{p.stderr[-1200:]}")
    return p


def build(folder):
    if os.geteuid():
        raise Skip("not root: no image is built")
    return run(f"{ROOT}/deploy/image/build.sh", "--program", spoor_binary(), "--output", folder).stdout.split()


def archives():
    """(small, debug), built once"""
    if not built:
        built.extend(build(f"{os.environ.get('WORK', '/tmp')}/image"))
    return built


def layers(archive):
    """The one layer as a tar file, and the image's configuration."""
    outer = tarfile.open(archive)
    manifest = json.load(outer.extractfile("manifest.json"))[0]
    if len(manifest["Layers"]) != 1:
        raise AssertionError(f"layers {manifest['Layers']}")
    return tarfile.open(fileobj=outer.extractfile(manifest["Layers"][0])), json.load(outer.extractfile(manifest["Config"])), manifest["RepoTags"]


def unpack(archive, folder):
    layers(archive)[0].extractall(folder, numeric_owner=True)
    return folder


def contents(s):
    members = {m.name.rstrip("/"): m for m in layers(archives()[0])[0]}
    s.no_problems([f"{name} is in the image" for name in members if not SMALL.fullmatch(name)])
    s.no_problems([f"{name} has mode {m.mode:o}" for name, m in members.items() if m.mode & (stat.S_ISUID | stat.S_ISGID) or (not m.issym() and m.mode & 0o022)])
    s.no_problems([f"{name} belongs to {m.uid}:{m.gid}" for name, m in members.items() if m.uid or m.gid])
    programs = [name for name, m in members.items() if m.isfile() and m.mode & 0o111 and ".so" not in name]
    s.expect(programs == ["usr/local/bin/spoor"], f"programs: {programs}")
    s.no_problems([f"{name} is missing" for name in ("etc/passwd", "usr/share/zoneinfo/Europe/Berlin", "usr/share/zoneinfo/UTC") if name not in members])
    s.expect(any(name.endswith("/libsystemd.so.0") for name in members), "no libsystemd: the journal could not be read")
    tables = {name.rsplit("/", 1)[1] for name in members if "/gconv/" in name}
    s.expect(tables >= {"gconv-modules", "ISO8859-15.so", "CP1252.so", "CP932.so", "libJIS.so", "UTF-16.so", "UHC.so"}, f"tables of encodings: {sorted(tables)}")
    root = unpack(archives()[0], f"{s.work}/root")
    known = ssl.create_default_context(cafile=f"{root}/etc/ssl/certs/ca-certificates.crt").cert_store_stats()["x509_ca"]
    s.expect(known == len(glob.glob("/usr/share/ca-certificates/mozilla/*.crt")), f"{known} authorities")
    size = os.path.getsize(archives()[0]) / (1 << 20)
    s.expect(size < LIMIT_MIB, f"{size:.1f} MiB")
    s.note(f"{len(members)} files, {size:.1f} MiB, {os.path.getsize(archives()[0].replace('.tar', '.oci.tar')) / (1 << 20):.1f} MiB compressed")


def configuration(s):
    for archive, variant in zip(archives(), ("", "-debug")):
        _, image, tags = layers(archive)
        version = run(spoor_binary(), "--version").stdout.split()[1]
        s.expect(tags == [f"docker.io/library/spoor:{version}{variant}"], f"names {tags}")
        c = image["config"]
        s.expect(c["Entrypoint"] == ["/usr/local/bin/spoor"] and not c.get("Cmd"), f"starts {c}")
        s.expect(c["User"] == "0:0" and list(c["ExposedPorts"]) in (["9195"], ["9195/tcp"]), f"user and port: {c}")
        labels = {k.removeprefix("org.opencontainers.image."): v for k, v in c["Labels"].items()}
        s.expect(labels["version"] == version + variant and labels["licenses"] == "Apache-2.0" and labels["title"] == "spoor", f"labels {labels}")
        s.expect(labels["created"] == image["created"] and re.fullmatch(r"[0-9a-f]{40}", labels["revision"]), f"labels {labels}")


def reproducible(s):
    """Byte for byte: the archives that docker and containerd read, and the manifest that a registry knows the other by."""
    again = build(f"{s.work}/again")
    for one, other in zip(archives(), again):
        s.expect(run("cmp", one, other, ok=False).returncode == 0, f"{one} and {other} differ")
        indexes = [json.load(tarfile.open(a.replace(".tar", ".oci.tar")).extractfile("index.json"))["manifests"][0]["digest"] for a in (one, other)]
        s.expect(indexes[0] == indexes[1], f"digests {indexes}")


def debug(s):
    """The same and a shell."""
    small, larger = ({m.name: (m.type, m.size, m.mode) for m in layers(a)[0]} for a in archives())
    s.expect(all(larger.get(name) == what for name, what in small.items()), "the debug variant differs in what both have")
    s.no_problems([f"{name} is in the debug variant" for name in larger.keys() - small.keys() if not re.fullmatch(r"tmp|bin(/[\w\[.-]+)?", name)])
    root = unpack(archives()[1], f"{s.work}/root")
    p = run("chroot", root, "/bin/sh", "-c", "spoor --version | grep -c spoor && id -u")
    s.expect(p.stdout.split() == ["1", "0"], p.stdout)


def bundle(folder, archive, arguments, mounts=(), uid=0, capabilities=()):
    """What the kubelet makes of the chart's security context: a container of its own, on this machine's network so that it finds Loki."""
    unpack(archive, f"{folder}/rootfs")
    for target, source, _ in mounts:  # runtimes make them in a layer above; runc wants them there
        path = f"{folder}/rootfs{target}"
        os.makedirs(path if os.path.isdir(source) else os.path.dirname(path), exist_ok=True)
        if os.path.isfile(source):
            open(path, "w").close()
    image = layers(archive)[1]["config"]
    sets = {k: list(capabilities) for k in ("bounding", "effective", "permitted")}
    bind = [{"destination": t, "source": source, "type": "bind", "options": ["rbind", mode]} for t, source, mode in mounts]
    with open(f"{folder}/config.json", "w") as f:
        json.dump({
            "ociVersion": "1.0.2", "hostname": "node-e2e", "root": {"path": "rootfs", "readonly": True},
            "process": {"user": {"uid": uid, "gid": uid}, "args": image["Entrypoint"] + arguments, "env": image["Env"] + ["NODE_NAME=node-e2e"], "cwd": "/",
                        "noNewPrivileges": True, "capabilities": sets, "terminal": False},
            "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
                       {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]}] + bind,
            "linux": {"namespaces": [{"type": t} for t in ("pid", "ipc", "uts", "mount")],
                      "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list"], "readonlyPaths": ["/proc/sys", "/proc/sysrq-trigger"]}}, f)
    return ["runc", "--root", f"{folder}/runc", "run", "--bundle", folder, f"spoor-{os.getpid()}-{os.path.basename(folder)}"]


def runc_works(s):
    if os.geteuid() or not shutil.which("runc"):
        raise Skip("no root, or no runc: the image is not started")
    p = run(*bundle(f"{s.work}/probe", archives()[0], ["--version"]), ok=False)
    if p.returncode and re.search(r"operation not permitted|unable to start container process", p.stderr):
        raise Skip(f"runc may not make containers here: {p.stderr.strip()[-200:]}")
    s.expect(p.stdout.startswith("spoor "), f"{p.stdout}{p.stderr}")


CONFIG = """logs:
  clients: [{{ url: {loki}/loki/api/v1/push, batchwait: 200ms }}]
  scrape_configs:
    - job_name: pods
      kubernetes_sd_configs: [{{ role: pod }}]
      pipeline_stages:
        - cri: {{}}
        - regex: {{ expression: '^(?P<time>\\d{{4}}-\\S+ \\S+) ' }}
        - timestamp: {{ source: time, format: '2006-01-02 15:04:05', location: Europe/Berlin }}
    - job_name: journal
      journal: {{ labels: {{ job: journal }} }}
"""


def ships(s):
    """Read-only, every capability dropped: a pod's log with its trace id, at the time that the zone says, and the journal, are in Loki."""
    runc_works(s)
    loki = Loki(f"{s.work}/loki").start()
    for name in ("etc", "state", "pods"):
        os.makedirs(f"{s.work}/{name}")
    machine = "00112233445566778899aabbccddeeff"
    with open(f"{s.work}/machine-id", "w") as f:
        f.write(machine + "\n")
    journal = Journal(f"{s.work}/journal/{machine}")
    journal.write("unit started", at=time.time())
    journal.rotate()
    with open(f"{s.work}/etc/spoor.yaml", "w") as f:
        f.write(CONFIG.format(loki=loki.url))
    pod = Pod(f"{s.work}/pods", "shop-0", namespace="shop")
    pod.create()
    then = int(time.time()) - 600
    stamp = run("date", "-d", f"@{then}", "+%Y-%m-%d %H:%M:%S", env=dict(os.environ, TZ="Europe/Berlin")).stdout.strip()
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    pod.write(f"{stamp} order placed trace_id={trace}")
    port = free_ports(1)
    mounts = [("/etc/spoor", f"{s.work}/etc", "ro"), ("/var/log/pods", f"{s.work}/pods", "ro"), ("/var/lib/spoor", f"{s.work}/state", "rw"),
              ("/var/log/journal", f"{s.work}/journal", "ro"), ("/etc/machine-id", f"{s.work}/machine-id", "ro")]
    arguments = ["run", "--config.file=/etc/spoor/spoor.yaml", "--state.dir=/var/lib/spoor", "--path.pod-logs=/var/log/pods", f"--web.listen-address=127.0.0.1:{port}"]
    agent = Process(bundle(f"{s.work}/agent", archives()[0], arguments, mounts), f"{s.work}/log")

    def is_ready():
        try:
            return get(f"http://127.0.0.1:{port}/-/ready", 3)[0] == 200
        except OSError:
            return False
    wait_for(lambda: f"the container ready: {agent.log_text()[-600:]}", is_ready, 20)
    rows = wait_for(lambda: f"the line in Loki: {agent.log_text()[-600:]}", lambda: loki.ask("query_range", query='{namespace="shop"}', start=(then - 60) * 10**9), 30)
    time_ns, line, more = rows[0]["values"][0]
    s.expect(int(time_ns) == then * 10**9, f"time {time_ns}, wanted {then} s: is the zone known?")
    s.expect(line.endswith(f"trace_id={trace}") and more["structuredMetadata"]["trace_id"] == trace, f"{line} {more}")
    wait_for(lambda: f"the journal in Loki: {agent.log_text()[-600:]}", lambda: loki.ask("query_range", query='{job="journal"} |= "unit started"', start=(then - 60) * 10**9), 30)
    agent.terminate(30)
    s.expect(os.listdir(f"{s.work}/state"), "no offsets were kept")


def checks(s):
    """As `helm test` starts it: an ordinary user, a configuration, an answer."""
    runc_works(s)
    os.makedirs(f"{s.work}/etc")
    for text, code in (("logs: {clients: [{url: 'http://loki:3100/loki/api/v1/push'}]}\n", 0), ("logs: {clientz: []}\n", 78)):
        with open(f"{s.work}/etc/spoor.yaml", "w") as f:
            f.write(text)
        p = run(*bundle(f"{s.work}/check-{code}", archives()[0], ["check", "/etc/spoor/spoor.yaml"], [("/etc/spoor", f"{s.work}/etc", "ro")], uid=65534), ok=False)
        s.expect(p.returncode == code, f"{p.returncode}: {p.stdout}{p.stderr}")


main(contents, configuration, reproducible, debug, ships, checks)
