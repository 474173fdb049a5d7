"""Steps that go wrong on purpose: a row's text says what happens. Child processes import this module by its name."""

import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from affectory.pipelines.runner.partition import root_schema
from affectory.pipelines.runner.stage import Stage
from affectory.schemas.derived import SAMPLES
from affectory.schemas.errors import UserError
from affectory.schemas.ids import sample_id
from affectory.schemas.opinion import OPINIONS
from affectory.transforms.base import Columns, Rejected, Resources, Result, Step
from affectory.transforms.rows import Reject, Values, by_row

_SUPPORT = Path(__file__).resolve().parent
BACKENDS = str(_SUPPORT / "backends")
PYTHON_PATH = os.pathsep.join(filter(None, (str(_SUPPORT.parent), BACKENDS, os.environ.get("PYTHONPATH"))))
"""PYTHONPATH for children, so that they find `support`, and the backends there as if these were installed."""
_NUMBERS = count()


def stage(transform: Any, name: str = "faulty") -> Stage:
    """A stage that no process has set up yet."""
    return Stage(name, "assist", transform, f"{name}-{os.getpid()}-{next(_NUMBERS)}")


def flow(texts: Sequence[str], kind: str = "text", **columns: Any) -> pa.Table:
    """Rows as they enter the first stage, each the whole of a record of its own."""
    rows = [
        {
            "sample_id": sample_id(f"r_{i}", "whole"),
            "kind": kind,
            "anchor": {"record": f"r_{i}"},
            "source": "test",
            "uri": f"{i}.txt",
            "text": text,
            **columns,
        }
        for i, text in enumerate(texts)
    ]
    return pa.table(SAMPLES.from_rows(rows).columns, schema=root_schema())


@dataclass(frozen=True)
class _OfText:
    resources: Resources = Resources()  # noqa: RUF009
    on: frozenset[str] = frozenset({"text"})

    def reads(self) -> Columns:
        return {"text": pa.string()}

    def writes(self) -> Columns:
        return {"length": pa.int64()}


def _act(text: str) -> None:
    if text == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif text == "exit":
        os._exit(0)
    elif text == "hang":
        time.sleep(60)
    elif text == "user":
        raise UserError("the key is missing", "set it")
    elif text == "raise":
        raise ValueError("bad text")
    elif text == "unpicklable":
        raise type("Local", (Exception,), {})("of nowhere")


@dataclass(frozen=True)
class Faulty(_OfText):
    """A vectorised step: one bad text takes its whole batch along."""

    def setup(self) -> Step:
        def step(batch: pa.Table) -> Result:
            texts = batch.column("text").to_pylist()
            for text in texts:
                _act(text)
            if "junk" in texts:
                return "junk"  # type: ignore[return-value]
            kept = [i for i, text in enumerate(texts) if text not in ("reject", "lose")]
            rejected = tuple(Rejected(i, "filtered", "no") for i, text in enumerate(texts) if text == "reject")
            lengths: list[Any] = ["long" if text == "mistyped" else len(text) for text in texts]
            try:
                column = pa.array([lengths[i] for i in kept], pa.int64())
            except pa.ArrowInvalid:
                column = pa.array([str(lengths[i]) for i in kept], pa.string())
            rows = batch.take(pa.array(kept, pa.int64())).append_column("length", column)
            return Result(rows, np.array(kept, np.int64), rejected)

        return step


@dataclass(frozen=True)
class FaultyByRow(_OfText):
    """A step of per-row work; `twice` makes two rows of one."""

    def setup(self) -> Step:
        def work(row: Values) -> Values | list[Values]:
            _act(row["text"])
            if row["text"] == "reject":
                raise Reject("filtered", "no")
            made = {"length": len(row["text"])}
            return [made, made] if row["text"] == "twice" else made

        return by_row(self.reads(), self.writes(), work)


@dataclass(frozen=True)
class NeverStarts(_OfText):
    """A step that cannot be set up."""

    error: str = "missing weights"

    def setup(self) -> Step:
        if self.error == "user":
            raise UserError("no key", "set it")
        if self.error == "segfault":
            _act("segfault")
        raise FileNotFoundError(self.error)


@dataclass(frozen=True)
class SlowStart(Faulty):
    """A step that takes long to set up, and no time for its rows."""

    seconds: float = 1.0

    def setup(self) -> Step:
        time.sleep(self.seconds)
        return super().setup()


@dataclass(frozen=True)
class Counting(_OfText):
    """Writes down in `folder` how often it was set up and which batches it saw."""

    folder: str = ""

    def setup(self) -> Step:
        self._note("setup")

        def step(batch: pa.Table) -> Result:
            self._note(f"batch {batch.num_rows}")
            return Result.keep_all(batch.append_column("length", pa.array([0] * batch.num_rows, pa.int64())))

        return step

    def _note(self, what: str) -> None:
        Path(self.folder, f"{time.monotonic_ns()}-{next(_NUMBERS)}").write_text(what)


@dataclass(frozen=True)
class Opines(_OfText):
    """A rater with the same opinion of everything."""

    def writes(self) -> Columns:
        return {"votes": OPINIONS}

    def setup(self) -> Step:
        asked = {"question": "which", "labels": ["joy"], "response": "simplex"}
        said = {"rater": "m", "rater_kind": "model", "perspective": "expressed"}
        vote = {**said, "asked": asked, "answer": {"weights": [1.0]}}
        return by_row(self.reads(), self.writes(), lambda row: {"votes": [vote]})


def add(a: int, b: int) -> int:
    return a + b


def act(text: str) -> str:
    """What a text asks for, in whichever process this is."""
    _act(text)
    return text


def pid() -> int:
    return os.getpid()


def loads_pandas() -> bool:
    """Whether a list that becomes an array brings pandas along."""
    pa.array([1])
    return "pandas" in sys.modules


def threads() -> dict[str, str | None]:
    return {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


class LethalView:
    """A view that ends its process: it runs outside of every stage, where isolating stages does not help."""

    def view(self, opinions: pa.Table, taxonomy: Any) -> pa.Table:
        os._exit(5)
