"""Objects that the tests put onto the node; all of them run lines.c (see there for its arguments) out of the image `box`."""

BOX = "localhost/box:1"
NAMESPACE = "work"


def container(name, *arguments):
    return {"name": name, "image": BOX, "imagePullPolicy": "Never", "command": ["/bin/lines", *arguments]}


def pod_spec(*containers, restart="Always", **more):
    return {"restartPolicy": restart, "terminationGracePeriodSeconds": 5, "automountServiceAccountToken": False, "enableServiceLinks": False,
            "containers": list(containers), **more}


def meta(name, namespace=NAMESPACE, **labels):
    return {"name": name, "namespace": namespace, "labels": {"app": name, **labels}}


def namespace(name, **labels):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def pod(name, *containers, restart="Never", annotations=None, **more):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {**meta(name), "annotations": annotations or {}}, "spec": pod_spec(*containers, restart=restart, **more)}


def job(name, arguments, completions=1, ttl=None):
    spec = {"backoffLimit": 0, "completions": completions, "parallelism": completions,
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod_spec(container("job", *arguments), restart="Never")}}
    if ttl is not None:
        spec["ttlSecondsAfterFinished"] = ttl
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta(name), "spec": spec}


def deployment(name, *containers, replicas=1, **more):
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta(name),
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
                     "template": {"metadata": {"labels": {"app": name}}, "spec": pod_spec(*containers, **more)}}}


def stateful_set(name, *containers):
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta(name),
            "spec": {"serviceName": name, "replicas": 1, "selector": {"matchLabels": {"app": name}},
                     "template": {"metadata": {"labels": {"app": name}}, "spec": pod_spec(*containers)}}}
