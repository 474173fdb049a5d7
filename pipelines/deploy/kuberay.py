"""The files of a build on KubeRay: cluster, job, and the schedule that starts the job."""

from typing import Any

from affectory.pipelines.deploy.bundle import LARGEST
from affectory.pipelines.deploy.files import Written, base, merged
from affectory.pipelines.deploy.pods import (
    config_name,
    labels,
    metadata,
    pod,
    recipe_keys,
    secret_name,
)
from affectory.pipelines.deploy.site import Site
from affectory.schemas.recipe.deploy import GpuWorkers, Workers

Yaml = dict[str, Any]

LARGEST_CONFIG = min(LARGEST, 900_000)
"""Kubernetes takes 1 MiB for all keys of a ConfigMap."""


def files(site: Site) -> list[Written]:
    """Standing things, one build now, the nightly build, and a cluster that stays."""
    return [*common(site), _job(site), _nightly(site), _cluster(site)]


def common(site: Site) -> list[Written]:
    """What every job needs before it starts."""
    documents = [_namespace(site), *_claim(site), *([] if site.deploy.storage.recipe else [_recipe(site)])]
    comment = f"""\
What builds of {site.recipe.spec.dataset} need before they start. Apply first, and again whenever the recipe changes:
  kubectl apply -f base.yaml"""
    return [Written("base.yaml", comment, tuple(documents)), *_secrets(site)]


def cluster_spec(site: Site) -> Yaml:
    """Head, workers and, where asked for, workers with GPUs."""
    deploy = site.deploy
    spec: Yaml = base("kuberay/raycluster.yaml")
    spec["headGroupSpec"]["template"] = pod(site, deploy.head, deploy.image, head=True)
    spec["workerGroupSpecs"] = [_group(site, "cpu", deploy.workers, deploy.image)]
    if deploy.gpu_workers.max:
        spec["workerGroupSpecs"].append(_group(site, "gpu", deploy.gpu_workers, deploy.gpu_workers.image))
    return spec


def job_spec(site: Site) -> Yaml:
    """One build on a cluster of its own."""
    deploy = site.deploy
    spec: Yaml = base("kuberay/rayjob.yaml")
    spec["submitterPodTemplate"]["spec"]["containers"][0]["image"] = deploy.image
    spec["submitterPodTemplate"]["metadata"] = {"labels": labels(site)}
    own = {
        "entrypoint": site.nightly(),
        "ttlSecondsAfterFinished": deploy.keep_hours * 3600,
        "activeDeadlineSeconds": deploy.deadline_hours * 3600,
        "backoffLimit": deploy.retries,
        "metadata": {"dataset": site.recipe.spec.dataset},
    }
    return merged(own, {**spec, "rayClusterSpec": cluster_spec(site)})


def job(site: Site, meta: Yaml) -> Yaml:
    return {"apiVersion": "ray.io/v1", "kind": "RayJob", "metadata": meta, "spec": job_spec(site)}


def _group(site: Site, name: str, workers: Workers | GpuWorkers, image: str) -> Yaml:
    return {
        "groupName": name,
        "replicas": workers.min,
        "minReplicas": workers.min,
        "maxReplicas": workers.max,
        "rayStartParams": {"metrics-export-port": "8080"},
        "template": pod(site, workers, image),
    }


def _job(site: Site) -> Written:
    made = job(site, {**metadata(site, f"{site.name}-now")})
    comment = """\
One build now, on a cluster of its own that goes when it is done:
  kubectl create -f rayjob.yaml
To build again, delete it first. A build that ended early goes on where it stopped."""
    return Written("rayjob.yaml", comment, (made,))


def _nightly(site: Site) -> Written:
    deploy = site.deploy
    made = {
        "apiVersion": "ray.io/v1",
        "kind": "RayCronJob",
        "metadata": metadata(site, site.name),
        "spec": {"schedule": deploy.schedule, "timeZone": deploy.time_zone, "jobTemplate": job_spec(site)},
    }
    comment = """\
The build by schedule, for KubeRay 1.6 or newer whose operator has --feature-gates=RayCronJob=true (alpha):
  kubectl apply -f raycronjob.yaml
RayCronJob starts a build also while the last one runs. The second finds the lease held, says by whom, and ends with
exit code 3; nothing is lost. Without the feature gate: affectory schedule --kind cronjob."""
    return Written("raycronjob.yaml", comment, (made,))


def _cluster(site: Site) -> Written:
    made = {
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": metadata(site, site.name),
        "spec": cluster_spec(site),
    }
    comment = f"""\
A cluster that stays, to send builds to with `affectory submit`:
  kubectl apply -f raycluster.yaml
  kubectl -n {site.deploy.namespace} port-forward service/{site.name}-head-svc 8265
  kubectl -n {site.deploy.namespace} get secret {site.name} -o jsonpath='{{.data.auth_token}}' | base64 -d > token
  affectory submit RECIPE --address http://127.0.0.1:8265 --token-file token"""
    return Written("raycluster.yaml", comment, (made,))


def _namespace(site: Site) -> Yaml:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": site.deploy.namespace}}


def _claim(site: Site) -> list[Yaml]:
    storage = site.deploy.storage
    if not storage.claim or not storage.size_gb:
        return []
    wanted: Yaml = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": f"{storage.size_gb}Gi"}}}
    if storage.storage_class:
        wanted["storageClassName"] = storage.storage_class
    meta = metadata(site, storage.claim)
    return [{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": wanted}]


def _recipe(site: Site) -> Yaml:
    bundle = site.bundle
    bundle.check_size(LARGEST_CONFIG)
    data = {key: (bundle.root / path).read_text(encoding="utf-8-sig") for key, path in recipe_keys(site).items()}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(site, config_name(site)), "data": data}


def _secrets(site: Site) -> list[Written]:
    if not site.deploy.secrets:
        return []
    made = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(site, secret_name(site)),
        "type": "Opaque",
        "stringData": dict.fromkeys(site.deploy.secrets, ""),
    }
    name, space = secret_name(site), site.deploy.namespace
    comment = f"""\
Names of the secrets; the values never lie in a recipe or here. Make it from a file of NAME=value lines:
  kubectl -n {space} create secret generic {name} --from-env-file=secrets.env
or copy this file out of the repository, fill it in, apply it, delete it. `kubectl apply -f FOLDER` passes it by."""
    return [Written("secrets.yaml.template", comment, (made,))]
