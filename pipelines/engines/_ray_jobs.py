"""Ray's job submission: a build sent to a cluster by HTTP, followed, and told how it ended."""

import asyncio
import contextlib
import logging
import os
import shlex
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from affectory.schemas.errors import AffectoryError, Exit, UserError

_OVERRIDING = ("RAY_ADDRESS", "RAY_API_SERVER_ADDRESS")
"""Variables that Ray's client prefers to the address it was given."""
_TALKATIVE = (
    "ray.dashboard.modules.dashboard_sdk",
    "ray.dashboard.modules.job.sdk",
    "ray._private.runtime_env.packaging",
)
TRIES, PAUSE_S = 20, 3.0
_GIVE_TOKEN = (
    "give the cluster's token: --token-file FILE, RAY_AUTH_TOKEN_PATH or RAY_AUTH_TOKEN; the cluster has it in "
    "~/.ray/auth_token of its head, or in the Secret that KubeRay named after it"
)


@dataclass(frozen=True)
class Job:
    """What a cluster is to run: a command in a folder that travels with it, with our code as a wheel."""

    id: str
    command: tuple[str, ...]
    folder: Path | None
    wheel: Path
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    about: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """How a job ended: succeeded, failed or stopped, and with which exit code."""

    status: str
    exit_code: int
    message: str


@dataclass(eq=False)
class JobLost(AffectoryError):
    """The cluster no longer answers while a job is followed."""

    job: str
    address: str
    detail: str

    def __str__(self) -> str:
        return f"the cluster at {self.address} no longer answers: {self.detail}\n  job {self.job} may still be running"


class Jobs:
    """A cluster's job server; a token lets us in."""

    def __init__(self, address: str, token: str) -> None:
        self.address = address
        client = _client_class()
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        with _without(_OVERRIDING), self._told():
            self._client = client(address, headers={"Authorization": f"Bearer {token}"} if token else None)

    def submit(self, job: Job) -> None:
        """Send a job; it runs from here on, whoever follows it."""
        runtime: dict[str, Any] = {"py_modules": [str(job.wheel)], "env_vars": dict(job.env)}
        if job.folder is not None:
            runtime["working_dir"] = str(job.folder)
        with self._told():
            self._client.submit_job(
                entrypoint=shlex.join(job.command),
                submission_id=job.id,
                runtime_env=runtime,
                metadata=dict(job.about),
            )

    def follow(self, job: str) -> Iterator[str]:
        """What the job prints, from its start to its end; where the connection breaks, it is made again."""
        seen, tries = 0, 0
        while True:
            skip = seen
            try:
                for text in self._tail(job):
                    new, skip = text[skip:], max(0, skip - len(text))
                    if new:
                        seen, tries = seen + len(new), 0
                        yield new
                if self._ended(job):
                    return
            except (OSError, RuntimeError) as error:
                tries += 1
                if tries >= TRIES:
                    raise JobLost(job, self.address, str(error)) from error
            time.sleep(PAUSE_S if tries else 0.5)

    def outcome(self, job: str) -> Outcome:
        """How a job ended, once it has."""
        try:
            while not self._ended(job):
                time.sleep(0.5)
            found = self._client.get_job_info(job)
        except (OSError, RuntimeError) as error:
            raise JobLost(job, self.address, str(error)) from error
        status, code = found.status.value.lower(), found.driver_exit_code
        if status == "succeeded":
            return Outcome(status, Exit.OK, found.message or "")
        return Outcome(status, code if code and code > 0 else Exit.INTERNAL, found.message or "")

    def _ended(self, job: str) -> bool:
        return bool(self._client.get_job_status(job).is_terminal())

    def _tail(self, job: str) -> Iterator[str]:
        # A runner ends what waits when the user interrupts, and closes the connection.
        with asyncio.Runner() as runner:
            stream = self._client.tail_job_logs(job)
            try:
                while (text := runner.run(_next(stream))) is not None:
                    yield text
            except Exception as error:
                if type(error).__module__.startswith("aiohttp."):  # a proxy that says 502, a head that hangs up
                    raise ConnectionError(f"{type(error).__name__}: {error}") from error
                raise

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """What goes wrong on the way to the cluster, in words that help."""
        from ray.exceptions import AuthenticationError

        try:
            yield
        except AuthenticationError as error:
            raise UserError(f"the cluster at {self.address} refused us", _GIVE_TOKEN) from error
        except OSError as error:  # errors of requests among them
            hint = "the address is that of the head's dashboard, such as http://head:8265 (a tunnel may lead to it)"
            raise UserError(f"no Ray cluster answers at {self.address}", hint) from error
        except RuntimeError as error:
            raise UserError(f"the cluster at {self.address} did not take the job: {error}") from error


async def _next(stream: AsyncIterator[str]) -> str | None:
    return await anext(stream, None)


def token(file: Path | None) -> str:
    """The cluster's token, from where Ray looks for it, or from a file; empty where there is none."""
    if file is not None:
        return _read(file)
    if given := os.environ.get("RAY_AUTH_TOKEN", "").strip():
        return given
    if path := os.environ.get("RAY_AUTH_TOKEN_PATH"):
        return _read(Path(path))
    usual = Path.home() / ".ray" / "auth_token"
    return _read(usual) if usual.is_file() else ""


def _read(file: Path) -> str:
    try:
        found = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"the token in {file} cannot be read", getattr(error, "strerror", None) or "") from error
    if not found or not found.isprintable():
        raise UserError(f"there is no token in {file}", _GIVE_TOKEN)
    return found


def _client_class() -> Any:
    try:
        from ray.job_submission import JobSubmissionClient
    except ModuleNotFoundError as error:
        hint = "install it: pip install 'affectory[ray]'"
        raise UserError(f"submitting needs the package {error.name}, which is not installed", hint) from error
    return JobSubmissionClient


@contextlib.contextmanager
def _without(names: tuple[str, ...]) -> Iterator[None]:
    before = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(before)
