"""A stage that asks a model: what was asked before is found in the ledger, the rest is asked, kept, and then read."""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import pyarrow as pa

from affectory.pipelines.runner.media import without_changed
from affectory.pipelines.runner.stage import Stage
from affectory.pipelines.store.answers import Answers, Writer, answer_id
from affectory.pipelines.store.files import Files
from affectory.schemas.ids import digest
from affectory.transforms.asking import REPLIES, REPLY, ask_step, read_step, unpacked, with_replies
from affectory.transforms.base import Asking, Columns, Failed, Rejected, Resources, Result, Said, Sent, Step

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
class Questions:
    """What a stage asks about some rows; nothing about a row whose id is None."""

    rows: pa.Table
    sent: list[Sent | None]
    ids: list[str | None]

    @classmethod
    def of(cls, stage: Stage, rows: pa.Table) -> "Questions":
        assert stage.whom is not None
        sent = cast(Asking, stage.transform).sends(rows)
        return cls(rows, sent, [None if x is None else answer_id(stage.whom, x) for x in sent])

    def known(self) -> list[str]:
        """Every question once."""
        return list(dict.fromkeys(key for key in self.ids if key is not None))

    def without(self, found: Collection[str]) -> "Questions":
        """The questions that are not among those found, each once, about the first row that has it."""
        first = {key: row for row, key in reversed(list(enumerate(self.ids))) if key is not None and key not in found}
        chosen = sorted(first.values())
        rows = self.rows.take(pa.array(chosen, pa.int64()))
        return Questions(rows, [self.sent[i] for i in chosen], [self.ids[i] for i in chosen])


@dataclass(frozen=True)
class Desk:
    """Where a partition asks: the ledger, how stages run, how media get their paths, which files changed meanwhile.

    `refused` says why questions that were asked elsewhere in this build got no reply: they are not asked again.
    """

    answers: Answers
    partition: str
    run: Run
    hydrate: Callable[[pa.Table], pa.Table] = lambda rows: rows
    stale: Callable[[pa.Table], set[int]] = lambda rows: set()
    refused: Mapping[str, Said] = field(default_factory=dict)

    def outcomes(self, stage: Stage, rows: pa.Table) -> tuple[Result, int]:
        """What becomes of the rows, and how many questions were asked for it."""
        questions = Questions.of(stage, rows)
        found, lost = self.answers.find(self.partition, questions.known()), dict(self.refused)
        new = questions.without({**found, **lost})
        if new.ids:
            lost |= self.ask(stage, new)
            # What is read is what is kept, whoever was the first to keep it.
            found = self.answers.find(self.partition, questions.known())
        said = [None if key is None else found.get(key) or lost.get(key, _UNANSWERED) for key in questions.ids]
        told = with_replies(rows, said)
        whole = told.then(self.run(reads(stage), told.rows))
        return replace(whole, rows=whole.rows.drop_columns([REPLIES])), len(new.ids)

    def pending(self, stage: Stage, rows: pa.Table) -> Questions:
        """What a model would be asked now."""
        questions = Questions.of(stage, rows)
        return questions.without({**self.answers.find(self.partition, questions.known()), **self.refused})

    def ask(self, stage: Stage, questions: Questions) -> dict[str, Said]:
        """Put questions to the model and keep its replies as they come; why some got none."""
        lost: dict[str, Said] = {}
        writer, half, size = Writer(self.answers, self.partition), asks(stage), stage.transform.resources.batch_rows
        try:
            for start in range(0, questions.rows.num_rows, size):
                batch = self.hydrate(questions.rows.slice(start, size))
                # A reply to a file that is not what its hash says would be kept for the wrong question.
                result = without_changed(self.run(half, batch), self.stale(batch))
                replies = map(unpacked, result.rows.column(REPLIES).to_pylist(maps_as_pydicts="strict"))
                writer.add(zip([questions.sent[start + row] or () for row in result.origin], replies, strict=True))
                why: list[Rejected | Failed] = [*result.rejected, *result.failed]
                lost.update({questions.ids[start + x.row] or "": x for x in why})
        finally:
            writer.flush()
        return lost


@dataclass(frozen=True)
class Tries:
    """How often some questions were put to a model: whoever begins leaves a mark, and cannot take it away by dying."""

    files: Files
    folder: str

    def begin(self, partition: str, ids: Sequence[str | None]) -> int:
        """How often it was tried before; another partition may well ask the same."""
        name, tries = f"{self.folder}/{digest(partition, list(ids))}", 0
        while not self.files.create(f"{name}.{tries}", uuid.uuid4().bytes):
            tries += 1
        return tries


_UNANSWERED = Failed(0, "Unanswered", "the reply is missing from the ledger; build again")
