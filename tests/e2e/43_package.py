"""The .deb: what is in it, that what is in it runs, and that its unit is hardened. It is unpacked, not installed: the tests leave the machine as
it is. Where the tests may, as root, its scripts are run in a root of their own."""
import os
import re
import shutil
import subprocess

from lib import ROOT, Process, Skip, free_ports, get, main, wait_for

DEB = []


def run(*argv, ok=True, **kw):
    p = subprocess.run(argv, capture_output=True, text=True, **kw)
    if ok and p.returncode:
        raise AssertionError(f"{' '.join(argv)}: {p.returncode}\n{p.stdout[-800:]}{p.stderr[-800:]}")
    return p


def package():
    if not DEB:
        DEB.append(run(f"{ROOT}/deploy/debian/build.sh").stdout.split()[-1])
    return DEB[0]


def contents(s):
    text = run("dpkg-deb", "--contents", package()).stdout
    files = {row.split()[5]: (row.split()[0], row.split()[1]) for row in text.splitlines()}
    for path in ("./usr/bin/spoor", "./usr/lib/systemd/system/spoor.service", "./usr/lib/sysusers.d/spoor.conf", "./etc/spoor/spoor.yaml", "./usr/share/doc/spoor/spoor.yaml"):
        s.expect(path in files, f"{path} is not in the package: {sorted(files)}")
    s.no_problems([f"{path} belongs to {owner}" for path, (_, owner) in files.items() if owner != "root/root"])
    s.no_problems([f"{path} is writable by others" for path, (mode, _) in files.items() if mode[8] == "w"])
    control = run("dpkg-deb", "--info", package()).stdout
    for what in ("libcurl3", "libmicrohttpd12", "libyaml-0-2", "libpcre2-8-0", "libbz2-1.0", "conffiles", "postinst", "postrm", "prerm"):
        s.expect(what in control, f"{what} is not in the control data: {control}")
    s.note(f"{os.path.getsize(package()) >> 10} KiB")


def runs(s):
    """The program of the package with the configuration of the package: quiet, and useful."""
    run("dpkg-deb", "-x", package(), f"{s.work}/root")
    port = free_ports(1)
    program = f"{s.work}/root/usr/bin/spoor"
    s.expect("valid" in run(program, "check", f"{s.work}/root/etc/spoor/spoor.yaml").stdout, "the configuration of the package")
    agent = Process([program, "run", f"--config.file={s.work}/root/etc/spoor/spoor.yaml", f"--state.dir={s.work}/state", f"--web.listen-address=127.0.0.1:{port}"], f"{s.work}/log")
    url = f"http://127.0.0.1:{port}"

    def is_ready():
        try:
            return get(url + "/-/ready", 3)[0] == 200
        except OSError:
            return False
    wait_for("the packaged agent ready", is_ready, 20)
    s.expect("node_load1 " in get(url + "/metrics")[1], "no metrics of the node")
    s.expect(re.search(r"^spoor_log_lines_read_total 0$", get(url + "/metrics/self")[1], re.M), "it reads logs that nobody named")
    s.expect(agent.terminate(20) == 0, "it does not end well")


def unit(s):
    run("dpkg-deb", "-x", package(), f"{s.work}/root")
    path = f"{s.work}/root/usr/lib/systemd/system/spoor.service"
    if not shutil.which("systemd-analyze"):
        raise Skip("no systemd-analyze")
    text = run("systemd-analyze", "security", "--offline=true", "--threshold=22", path, ok=False)
    level = re.search(r"Overall exposure level for spoor.service: ([\d.]+)", text.stdout)
    s.expect(level and float(level.group(1)) <= 2.2, f"exposure {level and level.group(1)}: {text.stdout[-300:]}")
    with open(path) as f:
        s.expect("ExecStart=/usr/bin/spoor run" in f.read(), "the unit starts another program")
    s.note(f"exposure {level.group(1)}")


def scripts(s):
    """postinst twice, prerm, postrm purge, in a root made of the package and this machine's programs (read-only)."""
    if os.geteuid():
        raise Skip("not root: the package's scripts are not run")
    root = f"{s.work}/root"
    run("dpkg-deb", "-x", package(), root)
    run("dpkg-deb", "-e", package(), f"{root}/DEBIAN")
    for name in ("passwd", "group", "shadow", "gshadow", "adduser.conf", "deluser.conf", "login.defs", "nsswitch.conf"):
        if os.path.exists(f"/etc/{name}"):
            shutil.copy2(f"/etc/{name}", f"{root}/etc/{name}")
    mounts = " && ".join(f"mkdir -p {root}{d} && mount --rbind -o ro {d} {root}{d}" for d in ("/bin", "/sbin", "/lib", "/lib64", "/usr", "/dev") if os.path.isdir(d))
    inside = f"/DEBIAN/postinst configure && /DEBIAN/postinst configure 0.1.0 && id spoor && stat -c '%U:%G %a' /etc/spoor/spoor.yaml /var/lib/spoor " \
             f"&& /DEBIAN/prerm remove && /DEBIAN/postrm remove && /DEBIAN/postrm purge && ! id spoor 2>/dev/null && ! test -e /var/lib/spoor"
    with open(f"{root}/check.sh", "w") as f:
        f.write(inside)
    p = run("unshare", "--mount", "sh", "-c", f"{mounts} && mkdir -p {root}/tmp {root}/run {root}/var/lib && chroot {root} sh /check.sh", ok=False)
    if p.returncode and "unshare" in p.stderr and "not permitted" in p.stderr:
        raise Skip("this machine does not let us mount")
    s.expect(p.returncode == 0, f"{p.stdout[-400:]}{p.stderr[-600:]}")
    s.expect("root:spoor 640" in p.stdout and "spoor:spoor 750" in p.stdout, f"owners and modes: {p.stdout}")


main(contents, runs, unit, scripts)
