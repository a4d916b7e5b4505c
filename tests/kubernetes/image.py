"""An image without a registry and without a builder: one layer, as `ctr images import` takes it.

   image.py OUT.tar NAME:TAG ENTRYPOINT PATH=FILE ...      each FILE of this machine as PATH in the image
"""
import hashlib
import io
import json
import os
import sys
import tarfile

FOLDERS = ("tmp", "etc", "proc", "sys", "dev", "run", "var/log", "var/lib")


def add(tar, name, kind=tarfile.REGTYPE, data=b"", mode=0o755):
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.size = kind, mode, len(data)
    tar.addfile(entry, io.BytesIO(data))


def layer(files):
    """One tar out of {path in the image: file here}"""
    out, seen = io.BytesIO(), set()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        def folder(path):
            if path and path not in seen:
                folder(os.path.dirname(path))
                seen.add(path)
                add(tar, path + "/", tarfile.DIRTYPE, mode=0o1777 if path == "tmp" else 0o755)
        for path in FOLDERS:
            folder(path)
        for path, source in sorted(files.items()):
            folder(os.path.dirname(path.lstrip("/")))
            with open(source, "rb") as f:
                add(tar, path.lstrip("/"), data=f.read())
    return out.getvalue()


def archive(path, name, entrypoint, files):
    data = layer(files)
    digest = hashlib.sha256(data).hexdigest()
    config = json.dumps({"architecture": "amd64" if os.uname().machine == "x86_64" else "arm64", "os": "linux",
                         "config": {"Entrypoint": [entrypoint], "WorkingDir": "/", "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"]},
                         "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]}}).encode()
    config_name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = [{"Config": config_name, "RepoTags": [name], "Layers": [f"{digest}/layer.tar"]}]
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        add(tar, config_name, data=config, mode=0o644)
        add(tar, f"{digest}/layer.tar", data=data, mode=0o644)
        add(tar, "manifest.json", data=json.dumps(manifest).encode(), mode=0o644)


path, name, entrypoint, *items = sys.argv[1:]
archive(path, name, entrypoint, dict(item.split("=", 1) for item in items))
