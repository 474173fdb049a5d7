"""A step that asks a model which counts what it is asked, and goes wrong on demand."""

import json
import os
import pickle
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
from support.project import Project

from affectory.pipelines import discovery
from affectory.pipelines.runner.stage import Stage, asked_by
from affectory.pipelines.store import answers
from affectory.transforms.asking import composed, read_by_row, text_hash
from affectory.transforms.base import (
    STRICT,
    Columns,
    Failed,
    Model,
    Reader,
    Rejected,
    Reply,
    Resources,
    Said,
    Sent,
    Step,
    Whom,
)
from affectory.transforms.rows import Values

_NUMBERS = count()


@dataclass(frozen=True)
class Oracle:
    """Answers with a text's length, and writes each text it was asked into a file in `folder`.

    Texts say what goes wrong: `raise`, `reject`, `die`, `garbled`. With `dies_after`, the process ends with that many
    calls behind it, unless it is the last of `lives`.
    """

    folder: str = ""
    revision: str = "1"
    batch_rows: int = 4
    isolated: bool = False
    gpus: float = 0.0
    dies_after: int = 0
    lives: int = 0
    starts: bool = True

    on: ClassVar[frozenset[str]] = frozenset({"text"})
    __pydantic_config__ = STRICT

    @property
    def resources(self) -> Resources:
        return Resources(batch_rows=self.batch_rows, isolated=self.isolated, gpus=self.gpus)

    def reads(self) -> Columns:
        return {"text": pa.string()}

    def writes(self) -> Columns:
        return {"length": pa.int32()}

    def whom(self) -> Whom:
        return Whom("test", "oracle/1", self.revision)

    def sends(self, rows: pa.Table) -> list[Sent | None]:
        return [(text_hash(text),) if text else None for text in rows.column("text").to_pylist()]

    def model(self) -> Model:
        calls = count()
        if not self.starts:
            raise FileNotFoundError("no such model")

        def model(rows: pa.Table) -> Sequence[Said]:
            texts = rows.column("text").to_pylist()
            if "die" in texts:
                os._exit(3)
            return [self._answer(row, text, next(calls)) for row, text in enumerate(texts)]

        return model

    def _answer(self, row: int, text: str, call: int) -> Said:
        if self.dies_after and call >= self.dies_after and self._may_die():
            os.kill(os.getpid(), signal.SIGKILL)
        Path(self.folder, f"{os.getpid()}-{next(_NUMBERS)}.asked").write_text(text)
        if text == "raise":
            return Failed(row, "ConnectionError", "the service is away")
        if text == "reject":
            return Rejected(row, "unreadable", "not a text")
        said = "?" if text == "garbled" else json.dumps({"length": len(text), "nth": call})
        return Reply(said, ((text[:3], -0.1),), {"tokens": len(text)})

    def _may_die(self) -> bool:
        """Every death leaves a file; the one that can leave no more lives."""
        for life in range(self.lives):
            try:
                Path(self.folder, f"{life}.life").touch(exist_ok=False)
            except FileExistsError:
                continue
            return True
        return False

    def reader(self) -> Reader:
        def work(row: Values, reply: Reply | None) -> Values:
            return {"length": None if reply is None else json.loads(reply.text or "")["length"]}

        return read_by_row(self.reads(), self.writes(), work)

    def setup(self) -> Step:
        return composed(self)


def asked(folder: Path) -> list[str]:
    """Every text that a model was asked about, sorted; asked twice, it is there twice."""
    return sorted(path.read_text() for path in folder.glob("*.asked"))


def oracle_stage(folder: Path, **settings: Any) -> Stage:
    """A stage that no process has set up yet."""
    oracle = Oracle(str(folder), **settings)
    return Stage("oracle", "assist", oracle, f"oracle-{os.getpid()}-{next(_NUMBERS)}", asked_by(oracle))


def build_in_fours(folder: Path) -> None:
    """A build in a process of its own, which writes answers every four."""
    known = {**discovery.steps(), "oracle": __name__}
    discovery.steps = lambda: known  # type: ignore[assignment]
    answers.FLUSH_ANSWERS = 4
    Project(folder).build()


def streamed_with_a_gpu(folder: str) -> None:
    """Run the partitions that lie in a folder, on a Ray that believes in a GPU; print the GPUs of its tasks."""
    import ray

    from affectory.pipelines.engines import _ray_tasks
    from affectory.pipelines.engines.base import Choice, opened

    ray.init("local", num_cpus=2, num_gpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    gpus: list[float] = []
    ahead = _ray_tasks.Tasks._ahead

    def noted(task: Any) -> Any:
        task = ahead(task)
        gpus.append(task.hop.needs.gpus)
        return task

    _ray_tasks.Tasks._ahead = staticmethod(noted)  # type: ignore[method-assign]
    partitions = pickle.loads(Path(folder, "partitions").read_bytes())
    with opened(Choice("ray")) as engine:
        list(engine.run(partitions))
    ray.shutdown()
    print(json.dumps(gpus))
