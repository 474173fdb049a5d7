"""A stage that talks with models: rounds of questions of all its rows, looked for in the ledger and asked if new."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

import pyarrow as pa

from affectory.pipelines.runner.asking import Run
from affectory.pipelines.runner.execute import join
from affectory.pipelines.runner.stage import Stage
from affectory.pipelines.runner.talks import Question, Talks
from affectory.pipelines.store.answers import Answers, Writer
from affectory.schemas.ids import digest
from affectory.transforms.asking import REPLIES, REPLY, unpacked
from affectory.transforms.base import ALL_KINDS, Columns, Failed, Rejected, Reply, Resources, Result, Said, Step, Whom
from affectory.transforms.models._asked import AskedModel, needs_of
from affectory.transforms.models._asking import COLUMNS, PLACES, asking, asks_of, rows_of
from affectory.transforms.models._conversing import Conversing, Outcomes
from affectory.transforms.models._messages import Chat
from affectory.transforms.rows import by_row

AT_ONCE = 1024
"""Rows whose talks go on side by side, and questions that are made ready at once."""
_CHATS: dict[str, Chat] = {}


@dataclass(frozen=True)
class _Asks:
    """The half of a stage that holds one of its models, run as a stage of its own over questions."""

    model: AskedModel
    resources: Resources
    on: frozenset[str] = ALL_KINDS

    def reads(self) -> Columns:
        return COLUMNS

    def writes(self) -> Columns:
        return {REPLIES: REPLY}

    def setup(self) -> Step:
        return asking(self.model)


def asks(stage: Stage, model: AskedModel) -> Stage:
    """The stage that puts questions to one model of a stage."""
    identity = digest("asks", model.identity, repr(model.spec), str(model.path), stage.models[model.name].revision)
    return Stage(f"{stage.name} asks {model.name}", stage.verb, _Asks(model, needs_of([model])), identity)


@dataclass(frozen=True)
class Rounds:
    """Where a partition talks with models: its ledgers, how stages run, how media get their paths.

    `refused` says why questions that were asked elsewhere in this build got no reply: they are not asked again.
    """

    answers: Callable[[Whom], Answers]
    partition: str
    run: Run
    hydrate: Callable[[pa.Table, Columns], pa.Table]
    refused: Mapping[str, Said] = field(default_factory=dict)
    alone: bool = True
    """Whether models that cannot crash may be asked in this process."""

    def outcomes(self, stage: Stage, rows: pa.Table) -> tuple[Result, int]:
        """What becomes of the rows, and how many questions were asked for it."""
        parts, asked = list[tuple[int, Result]](), 0
        for start in range(0, rows.num_rows, AT_ONCE):
            some = rows.slice(start, AT_ONCE)
            talks = _talks(stage, some)
            while talks.open:
                questions = talks.questions()
                said: dict[str, Said] = {**self.refused, **self._found(questions.values())}
                new = [question for key, question in questions.items() if key not in said]
                if new:
                    asked += len(new)
                    said |= self.ask(stage, new, some)
                    # What is read is what is kept, whoever was the first to keep it.
                    said |= self._found(new)
                talks.tell(said)
            parts.append((start, _read(stage, some, talks)))
        return join(parts, stage.output_schema(rows.schema)), asked

    def pending(self, stage: Stage, rows: pa.Table) -> pa.Table:
        """The questions that models would be asked now, as rows, as far as the ledger brings the talks."""
        parts = [_asked_of([], rows.slice(0, 0))]
        for start in range(0, rows.num_rows, AT_ONCE):
            some = rows.slice(start, AT_ONCE)
            talks, said = _talks(stage, some), dict[str, Said](self.refused)
            while talks.open:
                said |= self._found(q for key, q in talks.questions().items() if key not in said)
                if not talks.tell_known(said):
                    break
            parts.append(_asked_of([q for key, q in talks.questions().items() if key not in said], some))
        return pa.concat_tables(parts)

    def ask(self, stage: Stage, questions: Iterable[Question], rows: pa.Table) -> dict[str, Said]:
        """Put questions to their models and keep the replies as they come; why some got none."""
        by_model: defaultdict[str, list[Question]] = defaultdict(list)
        for question in questions:
            by_model[question.ask.model].append(question)
        lost: dict[str, Said] = {}
        models = {model.name: model for model in cast(Conversing, stage.transform).models()}
        for name, some in by_model.items():
            lost |= self._put(asks(stage, models[name]), models[name], some, rows)
        return lost

    def _put(self, half: Stage, model: AskedModel, questions: list[Question], rows: pa.Table) -> dict[str, Said]:
        lost: dict[str, Said] = {}
        with _Writers(self.answers, self.partition) as writers:
            for start in range(0, len(questions), AT_ONCE):
                some = questions[start : start + AT_ONCE]
                table = self.hydrate(_asked_of(some, rows), COLUMNS)
                for index, said in self._said(half, model, table):
                    if isinstance(said, Reply):
                        writers.add(some[index], said)
                    else:
                        lost[some[index].id] = said
        return lost

    def _said(self, half: Stage, model: AskedModel, table: pa.Table) -> Iterator[tuple[int, Said]]:
        """Replies as they come: one by one from a model in this process, batch by batch from a child."""
        if self.alone and not model.isolated:
            chat = _CHATS.get(half.identity) or _CHATS.setdefault(half.identity, model.load())
            yield from chat(asks_of(table))
            return
        size = half.transform.resources.batch_rows
        for start in range(0, table.num_rows, size):
            result = self.run(half, table.slice(start, size))
            replies = result.rows.column(REPLIES).to_pylist(maps_as_pydicts="strict")
            yield from ((start + int(row), unpacked(x)) for row, x in zip(result.origin, replies, strict=True))
            why: list[Rejected | Failed] = [*result.rejected, *result.failed]
            yield from ((start + x.row, x) for x in why)

    def _found(self, questions: Iterable[Question]) -> dict[str, Said]:
        by_whom: defaultdict[Whom, list[str]] = defaultdict(list)
        for question in questions:
            by_whom[question.whom].append(question.id)
        found: dict[str, Said] = {}
        for whom, ids in by_whom.items():
            found |= self.answers(whom).find(self.partition, ids)
        return found


class _Writers:
    """A writer for each way in which models are asked."""

    def __init__(self, answers: Callable[[Whom], Answers], partition: str) -> None:
        self._answers, self._partition = answers, partition
        self._open: dict[Whom, Writer] = {}

    def add(self, question: Question, reply: Reply) -> None:
        if question.whom not in self._open:
            self._open[question.whom] = Writer(self._answers(question.whom), self._partition)
        self._open[question.whom].add([(question.ask.sent(), reply, question.ask.repeat)])

    def __enter__(self) -> "_Writers":
        return self

    def __exit__(self, *_: object) -> None:
        for writer in self._open.values():
            writer.flush()


def _talks(stage: Stage, rows: pa.Table) -> Talks:
    transform = cast(Conversing, stage.transform)
    given = rows.select(list(transform.reads())).to_pylist(maps_as_pydicts="strict")
    return Talks(stage, given, transform.talk)


def _asked_of(questions: list[Question], rows: pa.Table) -> pa.Table:
    places = rows.select(list(PLACES)).take(pa.array([q.row for q in questions], pa.int64()))
    return rows_of([question.ask for question in questions], places)


def _read(stage: Stage, rows: pa.Table, talks: Talks) -> Result:
    transform = stage.transform
    result = by_row(transform.reads(), transform.writes(), Outcomes(talks.ended))(rows)
    result.check(rows.num_rows, stage.name)
    return replace(result, rows=_cast(stage, rows, result.rows))


def _cast(stage: Stage, before: pa.Table, rows: pa.Table) -> pa.Table:
    from affectory.schemas.tables import cast_table

    return cast_table(rows, stage.output_schema(before.schema), f"output of {stage.name}")
