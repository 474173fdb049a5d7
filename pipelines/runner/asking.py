"""A stage that asks a model: what was asked before is found in the ledger, the rest is asked, kept, and then read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pyarrow as pa

from affectory.pipelines.runner.stage import Stage
from affectory.pipelines.store.answers import Answers, Writer, answer_id
from affectory.transforms.asking import REPLIES, REPLY, ask_step, read_step, unpacked, with_replies
from affectory.transforms.base import Asking, Columns, Failed, Rejected, Reply, Resources, Result, Said, Sent, Step

Run = Callable[[Stage, pa.Table], Result]
"""Runs a stage over rows: in batches, in a child where it may crash, down to the one bad row."""


@dataclass(frozen=True)
class _Half:
    """One half of a stage that asks, run as a stage of its own."""

    asking: Asking
    resources: Resources

    @property
    def on(self) -> frozenset[str]:
        return self.asking.on

    def reads(self) -> Columns:
        return self.asking.reads()


@dataclass(frozen=True)
class _Asks(_Half):
    def writes(self) -> Columns:
        return {REPLIES: REPLY}

    def setup(self) -> Step:
        return ask_step(self.asking)


@dataclass(frozen=True)
class _Reads(_Half):
    def writes(self) -> Columns:
        return self.asking.writes()

    def setup(self) -> Step:
        return read_step(self.asking)


def asks(stage: Stage) -> Stage:
    """The half that loads the model, with the needs of the whole."""
    transform = _Asks(cast(Asking, stage.transform), stage.transform.resources)
    return replace(stage, transform=transform, identity=f"{stage.identity}-asks")


def reads(stage: Stage) -> Stage:
    """The half that makes outcomes of replies, which needs nothing."""
    transform = _Reads(cast(Asking, stage.transform), Resources(stage.transform.resources.batch_rows))
    return replace(stage, transform=transform, identity=f"{stage.identity}-reads")


@dataclass(frozen=True)
class Desk:
    """Where a partition asks: the ledger, how stages are run here, and which rows' files changed meanwhile."""

    answers: Answers
    partition: str
    run: Run
    stale: Callable[[pa.Table], set[int]]

    def answered(self, stage: Stage, rows: pa.Table) -> tuple[Result, int]:
        """The stage's outcomes, and how many questions were asked for them."""
        questions = Questions.of(stage, rows)
        found = self.answers.find(self.partition, questions.ids)
        missing = [key for key in questions.ids if key not in found]
        lost: dict[str, Said] = {}
        if missing:
            lost = self.ask(stage, questions, missing)
            # What is read is what is kept, whoever kept it first.
            found = self.answers.find(self.partition, questions.ids)
        said = {**lost, **found}
        ...
