"""Pods of a Ray cluster: image, resources, storage, secrets, and where they may run."""

from collections.abc import Mapping, Sequence
from typing import Any

from affectory.pipelines.deploy.files import base, merged
from affectory.pipelines.deploy.site import RECIPE_FOLDER, Site
from affectory.schemas.recipe.deploy import GpuWorkers, Head, Workers

Node = Head | Workers
Yaml = dict[str, Any]

HEAD_PORTS = (("gcs", 6379), ("dashboard", 8265), ("client", 10001))
GPU = "nvidia.com/gpu"


def config_name(site: Site) -> str:
    return f"{site.name}-recipe"


def secret_name(site: Site) -> str:
    return f"{site.name}-secrets"


def labels(site: Site) -> dict[str, str]:
    return {"app.kubernetes.io/name": "affectory", "app.kubernetes.io/instance": site.name}


def metadata(site: Site, name: str) -> Yaml:
    return {"name": name, "namespace": site.deploy.namespace, "labels": labels(site)}


def pod(site: Site, node: Node, image: str, *, head: bool = False) -> Yaml:
    """The template of a pod that runs Ray."""
    template: Yaml = base("kuberay/pod.yaml")
    spec = template["spec"]
    ports = [{"name": name, "containerPort": port} for name, port in HEAD_PORTS] if head else []
    fixed = merged({"name": "", "image": image, "resources": _resources(node)}, spec["containers"][0])
    added = {"env": environment(site), "ports": ports, "volumeMounts": _mounts(site, head)}
    spec["containers"][0] = merged(fixed, added)
    spec["volumes"] += _volumes(site, head)
    template["metadata"] = merged(template["metadata"], {"labels": labels(site)})
    return {**template, "spec": merged(spec, _placing(site, node, head))}


def environment(site: Site) -> list[Yaml]:
    """Plain variables with their values, secret ones with where to find them."""
    plain = [{"name": name, "value": value} for name, value in sorted(site.deploy.env.items())]
    return plain + [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": secret_name(site), "key": name}}}
        for name in site.deploy.secrets
    ]


def _resources(node: Node) -> Yaml:
    wanted: Yaml = {"cpu": node.cpus, "memory": f"{node.memory_gb}Gi"}
    if isinstance(node, GpuWorkers):
        wanted[GPU] = node.gpus
    return {"requests": wanted, "limits": wanted}


def _mounts(site: Site, head: bool) -> list[Yaml]:
    """The recipe is read where the build is planned, on the head."""
    storage = site.deploy.storage
    data = [{"name": "data", "mountPath": storage.path}] if storage.claim else []
    recipe = {"name": "recipe", "mountPath": RECIPE_FOLDER, "readOnly": True}
    return [*data, *([recipe] if head and not storage.recipe else [])]


def _volumes(site: Site, head: bool) -> list[Yaml]:
    storage = site.deploy.storage
    data = [{"name": "data", "persistentVolumeClaim": {"claimName": storage.claim}}] if storage.claim else []
    recipe = {"name": "recipe", "configMap": {"name": config_name(site), "items": _items(site)}}
    return [*data, *([recipe] if head and not storage.recipe else [])]


def _items(site: Site) -> list[Yaml]:
    return [{"key": key, "path": path} for key, path in recipe_keys(site).items()]


def recipe_keys(site: Site) -> Mapping[str, str]:
    """Keys of the recipe's files, which may hold no slash, and their paths in the bundle."""
    bundle = site.bundle
    return {f"file-{i}": file.relative_to(bundle.root).as_posix() for i, file in enumerate(bundle.files)}


def _placing(site: Site, node: Node, head: bool) -> Yaml:
    account = site.deploy.service_account
    # The head's autoscaler asks Kubernetes for workers; workers ask for nothing, unless storage knows them by account.
    own: Yaml = {"serviceAccountName": account} if account else {}
    if not head and not account:
        own["automountServiceAccountToken"] = False
    selector = {"nodeSelector": dict(node.node_selector)} if node.node_selector else {}
    tolerations = _tolerations(node)
    return {**own, **selector, **({"tolerations": tolerations} if tolerations else {})}


def _tolerations(node: Node) -> Sequence[Yaml]:
    return [
        {"key": t.key, "operator": "Exists"}
        if t.value is None
        else {"key": t.key, "operator": "Equal", "value": t.value}
        for t in node.tolerations
    ]
