"""A build as a job of a Ray cluster: what travels, what is said of it, and what its output looks like here."""

import os
import re
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TextIO

from affectory.pipelines.deploy.bundle import Bundle
from affectory.pipelines.deploy.site import Site
from affectory.pipelines.engines._ray_jobs import Job
from affectory.pipelines.wheel import write_wheel
from affectory.schemas.errors import UserError

_PROGRESS = re.compile(r"\w+ [\d,]+/[\d,]+ \w+(?: \(\d+ %\))?, ")
_REWRITE = "\r\x1b[2K"


@dataclass(frozen=True)
class Submission:
    """A recipe to build on a cluster, with options of `build` and the names of variables to pass on."""

    site: Site
    options: tuple[str, ...] = ()
    env: tuple[str, ...] = ()

    def notes(self) -> list[str]:
        """What a person should know before the job starts."""
        places = self._bundle.stays(self.site.on_claim) if self._carries else []
        return [f"{place} does not travel: every node of the cluster must see it" for place in places]

    @contextmanager
    def job(self) -> Iterator[Job]:
        """The job; its files last as long as the context."""
        env = passed_on(self.env, self.site.deploy.env)
        with tempfile.TemporaryDirectory(prefix="affectory-job-") as folder:
            wheel, files = Path(folder, "wheel"), Path(folder, "recipe")
            wheel.mkdir()
            files.mkdir()
            command = self._command(files)
            where = files if self._carries else None
            yield Job(self._id(), command, where, write_wheel(wheel), env, self._about())

    @property
    def _carries(self) -> bool:
        return not self.site.deploy.storage.recipe

    @property
    def _bundle(self) -> Bundle:
        return Bundle(self.site.recipe)

    def _command(self, folder: Path) -> tuple[str, ...]:
        storage = self.site.deploy.storage
        if storage.recipe:
            return (*self.site.command(storage.recipe), *self.options)
        bundle = self._bundle
        command = self.site.command(bundle.main, ".")
        bundle.check_size()
        bundle.copy(folder)
        return (*command, *self.options)

    def _id(self) -> str:
        return f"{self.site.name}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"

    def _about(self) -> dict[str, str]:
        return {"dataset": self.site.recipe.spec.dataset, "affectory": version("affectory")}


def passed_on(names: Sequence[str], plain: Mapping[str, str]) -> dict[str, str]:
    """Variables for the job: plain ones as the recipe has them, named ones as they are here."""
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        raise UserError(f"environment variable {missing[0]} is not set", f"export {missing[0]}=... and submit again")
    if taken := [name for name in names if name.startswith("RAY_")]:
        raise UserError(f"--env {taken[0]}: Ray's own variables are the cluster's", "set it where the cluster starts")
    return {**plain, **{name: os.environ[name] for name in names}}


class Following:
    """A job's output on this side: progress on one line of a terminal, events for machines on their own stream."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None, *, json: bool = False) -> None:
        self._out, self._err, self._json = out or sys.stdout, err or sys.stderr, json
        self._live, self._open, self._rest = self._out.isatty() and not json, False, ""

    def __call__(self, text: str) -> None:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._line(line)

    def close(self) -> None:
        if self._rest:
            self._line(self._rest)
        self._clear()
        self._rest = ""

    def _line(self, line: str) -> None:
        if self._live and _PROGRESS.match(line):
            self._out.write(_REWRITE + line)
            self._open = True
        else:
            self._clear()
            stream = self._err if self._json and not line.startswith('{"event"') else self._out
            stream.write(line + "\n")
        self._out.flush()

    def _clear(self) -> None:
        if self._open:
            self._out.write(_REWRITE)
            self._open = False
