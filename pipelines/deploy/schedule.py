"""Writes the files by which a recipe is built by schedule."""

from collections.abc import Callable
from pathlib import Path

from affectory.pipelines.deploy import cronjob, kuberay, machines
from affectory.pipelines.deploy.files import Written
from affectory.pipelines.deploy.site import Site
from affectory.schemas.errors import UserError

KINDS: dict[str, Callable[[Site, Path], list[Written]]] = {
    "kuberay": lambda site, _: kuberay.files(site),
    "cronjob": lambda site, _: cronjob.files(site),
    "ray-up": machines.ray_up,
    "compose": machines.compose,
    "cron": machines.cron,
}


def write_schedule(site: Site, kind: str, out: Path) -> list[Path]:
    """The files of a kind of schedule, the same each time for the same recipe."""
    if kind not in KINDS:
        raise UserError(f"there is no kind of schedule {kind!r}", f"allowed: {', '.join(KINDS)}")
    return [file.write(out) for file in KINDS[kind](site, out)]
