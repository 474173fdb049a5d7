"""The schedule where RayCronJob is not to be had: a CronJob of Kubernetes that creates a RayJob."""

import json
from typing import Any

from affectory.pipelines.deploy.files import Written, base, merged
from affectory.pipelines.deploy.kuberay import common, job
from affectory.pipelines.deploy.pods import labels, metadata
from affectory.pipelines.deploy.site import Site

Yaml = dict[str, Any]


def files(site: Site) -> list[Written]:
    name = f"{site.name}-start"
    account, role, binding, cron = base("kuberay/cronjob.yaml")
    subject = {"kind": "ServiceAccount", "name": name, "namespace": site.deploy.namespace}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    documents = (
        _named(site, account),
        _named(site, role),
        {**_named(site, binding), "roleRef": reference, "subjects": [subject]},
        _job_file(site),
        _scheduled(site, cron),
    )
    comment = """\
The build by schedule on any KubeRay: a CronJob whose pod creates a RayJob, and may do nothing else.
  kubectl apply -f cronjob.yaml
A build that is still running holds its lease: the next one says so and ends with exit code 3; nothing is lost."""
    return [*common(site), Written("cronjob.yaml", comment, documents)]


def _named(site: Site, document: Yaml) -> Yaml:
    head = {key: document[key] for key in ("apiVersion", "kind")}
    return {**head, "metadata": metadata(site, f"{site.name}-start"), **document}


def _job_file(site: Site) -> Yaml:
    meta = {"generateName": f"{site.name}-", "labels": labels(site)}
    text = json.dumps(job(site, meta), indent=1) + "\n"
    name = f"{site.name}-start"
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(site, name), "data": {"rayjob.json": text}}


def _scheduled(site: Site, cron: Yaml) -> Yaml:
    name, deploy = f"{site.name}-start", site.deploy
    pod = cron["spec"]["jobTemplate"]["spec"]["template"]
    container = {**pod["spec"]["containers"][0], "image": deploy.image}
    own = {"serviceAccountName": name, "volumes": [{"name": "job", "configMap": {"name": name}}]}
    template = {"metadata": {"labels": labels(site)}, "spec": {**pod["spec"], **own, "containers": [container]}}
    times = {"schedule": deploy.schedule, "timeZone": deploy.time_zone}
    spec = merged(times, cron["spec"])
    spec["jobTemplate"]["spec"]["template"] = template
    return {**_named(site, cron), "spec": spec}
