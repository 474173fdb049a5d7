"""The Ray cluster of a build: one of its own on this machine, or one that runs already; reached when first needed."""

import contextlib
import io
import json
import logging
import os
import re
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from affectory.pipelines.engines.base import Choice
from affectory.pipelines.engines.local import workers_for
from affectory.pipelines.runner.child import ONE_THREAD
from affectory.pipelines.wheel import write_wheel
from affectory.schemas.errors import AffectoryError, UserError

_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_SCHEDULER_EVENTS": "0"}
_OURS_WINS = {"RAY_OVERRIDE_JOB_RUNTIME_ENV": "1"}
"""A submitted job has an environment for its workers too; that we compute with one thread is not for it to say."""
_ADDRESSES = "address: auto (a cluster on this machine), HOST:PORT of its head (port 6379), or ray://HOST:10001"
_TOKEN = (
    "Ray asks for a token unless told otherwise: set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH (or RAY_AUTH_TOKEN) "
    "to the cluster's token, the same here and on every node; `ray get-auth-token --generate` makes one"
)
_PATIENCE_S = 10.0


class Cluster:
    """A connection to Ray, made at most once; what it started is shut down with it."""

    def __init__(self, choice: Choice) -> None:
        self.address = choice.address or os.environ.get("RAY_ADDRESS", "")
        self.own = self.address in ("", "local")
        self.cores = max(1, workers_for() if choice.workers is None else choice.workers)
        self.task_options: Mapping[str, Any] = {}
        self._open = contextlib.ExitStack()
        self._connected = False

    def connect(self) -> None:
        if self._connected:
            return
        with _environment(_QUIET):
            import ray
        self._connected = True
        self._open.enter_context(contextlib.redirect_stdout(_WithoutRay(sys.stderr)))
        if ray.is_initialized():  # somebody else's connection: theirs to close
            self.own = False
            self.task_options = {"runtime_env": {"env_vars": ONE_THREAD}}
            return
        self._open.callback(ray.shutdown)
        try:
            self._init(ray)
        except Exception as error:
            raise translated(error, self.address) from error

    def _init(self, ray: Any) -> None:
        quiet = {"logging_level": logging.ERROR, "log_to_driver": False}
        if self.own:
            with _environment({**_QUIET, **ONE_THREAD}):  # its processes take it from here
                ray.init("local", num_cpus=self.cores, include_dashboard=False, **quiet)
            return
        _knock(self.address)
        with tempfile.TemporaryDirectory(prefix="affectory-") as folder, _environment(_OURS_WINS):
            ray.init(self.address, runtime_env=_code_and_threads(Path(folder)), **quiet)

    @property
    def keeps_metrics(self) -> bool:
        """A driver that is no process of the cluster (ray://) has nowhere to keep them."""
        return self._connected and not self.address.startswith("ray://")

    def nodes(self) -> list[dict[str, float]]:
        """The resources of each node that lives."""
        import ray

        return [node["Resources"] for node in ray.nodes() if node["Alive"]]

    def load(self) -> str:
        """How busy the cluster is, for people."""
        import ray

        nodes, free = self.nodes(), ray.available_resources()
        counts = [
            f"{free.get(name, 0):g} of {sum(n.get(name, 0) for n in nodes):g} {name}s free"
            for name in ("CPU", "GPU")
            if any(name in node for node in nodes)
        ]
        return f"the cluster has {len(nodes)} nodes, {', '.join(counts) or 'nothing to work with'}"

    def close(self) -> None:
        self._open.close()
        self._connected = False


def _code_and_threads(folder: Path) -> dict[str, Any]:
    """What workers of a cluster that runs already must have of us."""
    submitted = json.loads(os.environ.get("RAY_JOB_CONFIG_JSON_ENV_VAR", "{}")).get("runtime_env") or {}
    code = {} if submitted.get("py_modules") else {"py_modules": [str(write_wheel(folder))]}
    return {"env_vars": ONE_THREAD, **code}


def _knock(address: str) -> None:
    """See that something listens there: Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        try:
            socket.create_connection((host, int(port)), _PATIENCE_S).close()
        except OSError as error:
            raise UserError(f"nothing answers at {address!r}: {error}", _ADDRESSES) from error


def translated(error: Exception, address: str = "") -> AffectoryError | Exception:
    """What Ray raises, in words that help; anything else as it is."""
    from ray import exceptions

    what = " ".join(str(error).split())
    if isinstance(error, exceptions.AuthenticationError):
        return UserError(f"the Ray cluster {address} asks for a token: {what.partition('. ')[0]}", _TOKEN)
    if isinstance(error, exceptions.RuntimeEnvSetupError):
        return UserError(f"a node could not take our code: {what[-600:]}", "pip must be there on every node")
    if isinstance(error, exceptions.RayError) and (missing := re.search(r"No module named '([\w.]+)'", what)):
        hint = "every node needs the same packages, in the same versions: one image for all of them"
        return UserError(f"a node of the cluster lacks the module {missing[1]}", hint)
    if isinstance(error, ConnectionError | ValueError | RuntimeError) and address:
        return UserError(f"no Ray cluster lets us in at {address!r}: {what[:400]}", f"{_ADDRESSES}. {_TOKEN}")
    return error


@contextlib.contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class _WithoutRay(io.TextIOBase):
    """Passes on what is printed, but for what Ray's own thread prints: we tell of lost workers ourselves."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        if threading.current_thread().name.startswith("ray_"):
            return len(text)
        return self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()
