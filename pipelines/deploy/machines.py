"""Machines of one's own: a cluster file for `ray up`, Ray in containers of one machine, and lines for cron."""

import shlex
import sys
from pathlib import Path
from typing import Any

from affectory.pipelines.deploy.files import Written, base, merged
from affectory.pipelines.deploy.site import RECIPE_FOLDER, Site
from affectory.schemas.errors import UserError
from affectory.schemas.recipe.deploy import Machines
from affectory.schemas.urls import is_url

Yaml = dict[str, Any]

NOT_ROOT = "10001:10001"
PERCENT = "\\%"
"""cron takes a bare one for the end of the line."""
METRICS = "--metrics-export-port=8080"
HEAD = ["ray", "start", "--head", "--block", "--num-cpus=0", "--port=6379", "--dashboard-host=0.0.0.0", METRICS]
WORKER = ["ray", "start", "--block", "--address=head:6379", METRICS]


def ray_up(site: Site, out: Path) -> list[Written]:
    """A cluster file for `ray up`."""
    machines = site.deploy.machines
    if machines is None:
        hint = "deploy: {machines: {head: 10.0.0.1, workers: [10.0.0.2, 10.0.0.3], user: affectory}}"
        raise UserError("the recipe does not say which machines to use", hint)
    comment = """\
A Ray cluster on machines of your own. The same version of affectory lies in the same folder on all of them.
  ray get-auth-token --generate          # once; the token is copied to every machine
  ray up cluster.yaml
  ray down cluster.yaml                  # when it is no longer needed"""
    return [Written("cluster.yaml", comment, (_cluster(site, machines),))]


def _cluster(site: Site, machines: Machines) -> Yaml:
    fixed: Yaml = base("ray_up/cluster.yaml")
    own = {
        "cluster_name": site.name,
        "max_workers": len(machines.workers),
        "provider": {"head_ip": machines.head, "worker_ips": list(machines.workers)},
        "auth": {"ssh_user": machines.user, "ssh_private_key": machines.key},
    }
    made = merged({"cluster_name": "", **fixed}, own)
    for key in ("head_start_ray_commands", "worker_start_ray_commands"):
        made[key] = [f". {machines.environment}/bin/activate && {line}" for line in made[key]]
    return made


def compose(site: Site, out: Path) -> list[Written]:
    """Ray in containers of one machine, and the schedule for that machine's cron."""
    bundle = site.bundle
    recipes = [
        Written(f"recipe/{file.relative_to(bundle.root).as_posix()}", "", text=file.read_text(encoding="utf-8-sig"))
        for file in bundle.files
    ]
    comment = """\
Ray on this machine: a head and workers in containers. Copy env.example to .env and fill it in, then:
  docker compose up -d
  docker compose exec -T head sh /build.sh        # one build now; the exit code says how it went
and put the line of `crontab` into the crontab of a user who may run docker."""
    run = Written(
        "build.sh", "The build, as cron and people start it inside the head.", text=f"exec {site.nightly()}\n"
    )
    line = f"cd {_quoted(out)} && docker compose exec -T head sh /build.sh >>build.log 2>&1"
    return [
        Written("compose.yaml", comment, (_services(site),)),
        Written("env.example", "Copy to .env, which stays out of the repository.", text=_variables(site)),
        run,
        _crontab(site, line),
        *([] if site.deploy.storage.recipe else recipes),
    ]


def _services(site: Site) -> Yaml:
    deploy, storage = site.deploy, site.deploy.storage
    shared = _service(site)
    head = {
        **shared,
        "command": HEAD,
        "ports": ["127.0.0.1:8265:8265"],
        "cpus": deploy.head.cpus,
        "mem_limit": f"{deploy.head.memory_gb}g",
        "healthcheck": {"test": ["CMD", "ray", "health-check"], "interval": "10s", "timeout": "10s", "retries": 12},
    }
    head["volumes"] = [*shared["volumes"], "./build.sh:/build.sh:ro"]
    if not storage.recipe:
        head["volumes"].append(f"./recipe:{RECIPE_FOLDER}:ro")
    worker = {
        **shared,
        "command": WORKER,
        "depends_on": {"head": {"condition": "service_healthy"}},
        "deploy": {"replicas": max(1, deploy.workers.min)},
        "cpus": deploy.workers.cpus,
        "mem_limit": f"{deploy.workers.memory_gb}g",
    }
    volumes: Yaml = {storage.claim: {}} if storage.claim else {}
    return {"name": site.name, "services": {"head": head, "worker": worker}, "volumes": volumes}


def _service(site: Site) -> Yaml:
    deploy, storage = site.deploy, site.deploy.storage
    secret = {name: f"${{{name}:?put it into .env}}" for name in ("RAY_AUTH_TOKEN", *deploy.secrets)}
    plain = {name: value.replace("$", "$$") for name, value in sorted(deploy.env.items())}
    return {
        "image": deploy.image,
        "user": NOT_ROOT,
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "shm_size": "2g",
        "restart": "unless-stopped",
        "environment": {"HOME": "/tmp", "RAY_AUTH_MODE": "token", **plain, **secret},
        "volumes": ["/tmp", *([f"{storage.claim}:{storage.path}"] if storage.claim else [])],
    }


def _variables(site: Site) -> str:
    token = "# openssl rand -hex 32\nRAY_AUTH_TOKEN=\n"
    return token + "".join(f"{name}=\n" for name in site.deploy.secrets)


def cron(site: Site, out: Path) -> list[Written]:
    """A script for cron: a job for the cluster at `deploy.address`, or a build on this machine."""
    if site.deploy.address:
        site.command("")  # what submitting would refuse is told now, not at night
    script = Written("nightly.sh", _explained(site), text=_script(site), executable=True)
    return [script, _crontab(site, _quoted(out / script.name))]


def _explained(site: Site) -> str:
    where = f"the cluster at {site.deploy.address}" if site.deploy.address else "this machine"
    return f"""\
Builds {site.recipe.spec.dataset} on {where}. Exit codes: 0 done, 3 another build holds the lease, 4 the gate is closed,
5 too many rows failed, 2 a mistake to mend. Secrets come from the file that AFFECTORY_ENV names (NAME=value lines),
which only the user of the crontab may read."""


def _script(site: Site) -> str:
    recipe = site.recipe.file
    command = [Path(sys.executable).with_name("affectory").as_posix()]
    if site.deploy.address:
        command += ["submit", recipe.name, "--address", site.deploy.address]
        command += [word for name in site.deploy.secrets for word in ("--env", name)]
    else:
        command += ["build", recipe.name]
    command += _given(site)
    return (
        "#!/bin/sh\nset -eu\n"
        'if [ -n "${AFFECTORY_ENV:-}" ]; then set -a; . "$AFFECTORY_ENV"; set +a; fi\n'
        f"cd {_quoted(recipe.parent)}\nexec {shlex.join(command)}\n"
    )


def _given(site: Site) -> list[str]:
    """What was given when the script was written, seen from any folder."""
    places = {"--workspace": site.workspace_given, "--releases": site.releases_given}
    found = [(name, place if is_url(place) else str(Path(place).absolute())) for name, place in places.items() if place]
    bounds = site.recipe.bounds
    found += [("--root", str(root)) for root in (*bounds.roots, *bounds.urls)]
    return [*(word for pair in found for word in pair), *site.settings]


def _quoted(path: Path) -> str:
    return shlex.quote(path.absolute().as_posix())


def _crontab(site: Site, line: str) -> Written:
    zone = site.deploy.time_zone
    comment = """\
For `crontab -e`. CRON_TZ is known to cronie; other crons use the machine's time zone.
A build that still runs holds its lease: the next one says so and ends with exit code 3."""
    return Written("crontab", comment, text=f"CRON_TZ={zone}\n{site.deploy.schedule} {line.replace('%', PERCENT)}\n")
