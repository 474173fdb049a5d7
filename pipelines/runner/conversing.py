"""A stage that talks with models: rounds of questions of all its rows, looked for in the ledger and asked if new."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import cast

import pyarrow as pa

from affectory.pipelines.consent import Consent, Crowd, asks_consent, imitates, others
from affectory.pipelines.runner.asking import Run
from affectory.pipelines.runner.execute import SetUpFailed, join
from affectory.pipelines.runner.kinds import there
from affectory.pipelines.runner.media import SOURCE_CHANGED
from affectory.pipelines.runner.stage import Stage
from affectory.pipelines.runner.talks import People, Question, Talks
from affectory.pipelines.runner.till import OutOfBudget, Till
from affectory.pipelines.store.answers import Answers, Writer
from affectory.pipelines.store.usage import Usage, summed
from affectory.schemas.errors import UserError
from affectory.schemas.ids import digest
from affectory.transforms.asking import REPLIES, REPLY, unpacked
from affectory.transforms.base import ALL_KINDS, Columns, Failed, Rejected, Reply, Resources, Result, Said, Step, Whom
from affectory.transforms.models._asked import AskedModel, needs_of
from affectory.transforms.models._asking import COLUMNS, PEOPLE, PLACES, asking, asks_of, heard, rows_of
from affectory.transforms.models._conversing import Conversing, Outcomes
from affectory.transforms.models._messages import Ask, Chat
from affectory.transforms.rows import Values, by_row

AT_ONCE = 1024
"""Rows whose talks go on side by side, and questions that are made ready at once."""
_CHATS: dict[str, Chat] = {}
_LOADING = threading.Lock()


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
class Outcome:
    """What became of rows, how many questions were asked for it now, and the usage of all answers it is made of."""

    result: Result
    asked: int
    used: Mapping[str, Usage]


@dataclass(frozen=True)
class Rounds:
    """Where a partition talks with models: its ledgers, how stages run, how media get their paths.

    `refused` says why questions that were asked elsewhere in this build got no reply: they are not asked again.
    """

    answers: Callable[[Whom], Answers]
    partition: str
    run: Run
    hydrate: Callable[[pa.Table, Columns], pa.Table]
    till: Callable[[AskedModel], Till]
    refused: Mapping[str, Said] = field(default_factory=dict)
    alone: bool = True
    """Whether models that cannot crash may be asked in this process."""
    crowd: Callable[[pa.Table], Sequence[People]] = Crowd()  # noqa: RUF009
    """Who is in rows."""
    consent: Consent = Consent({})  # noqa: RUF009
    """What these agreed to: nothing, where nobody says otherwise."""
    turn: str = ""
    """Of a build that has a limit to what it may ask: each begins with other questions, as one without a reply is not
    kept, and would otherwise use up the limit of every build to come."""
    stale: Callable[[pa.Table], set[int]] = lambda _: set()
    """Which questions, as rows, show a file that is no longer what was hashed."""

    def outcomes(self, stage: Stage, rows: pa.Table) -> Outcome:
        """What becomes of the rows; `OutOfBudget` where that would take more questions than the build may ask."""
        parts, asked, used = list[tuple[int, Result]](), 0, dict[str, tuple[str, Usage]]()
        for start in range(0, rows.num_rows, AT_ONCE):
            some = rows.slice(start, AT_ONCE)
            talks = self._talks(stage, some)
            while talks.open:
                questions = talks.questions()
                said: dict[str, Said] = {**self.refused, **self._found(questions.values())}
                new = [question for key, question in questions.items() if key not in said]
                if new:
                    asked += len(new)
                    said |= self.ask(stage, new, some)
                    # What is read is what is kept, whoever was the first to keep it.
                    said |= self._found(new)
                    if self.turn and any(question.id not in said for question in new):
                        raise OutOfBudget(self.pending(stage, rows).num_rows)
                used |= {key: _usage(questions[key], said[key]) for key in questions.keys() & said.keys()}
                talks.tell(said)
            parts.append((start, _read(stage, some, talks)))
        return Outcome(join(parts, stage.output_schema(rows.schema)), asked, summed(used.values()))

    def pending(self, stage: Stage, rows: pa.Table) -> pa.Table:
        """The questions that models would be asked now, as rows, as far as the ledger brings the talks."""
        parts = [_asked_of([], rows.slice(0, 0))]
        for some, talks, said in self._replayed(stage, rows):
            left = [q for key, q in talks.questions().items() if key not in said]
            parts.append(_asked_of([q for q in left if q.people is None or self._may_go(stage, q)], some))
        return pa.concat_tables(parts)

    def usage(self, stage: Stage, rows: pa.Table) -> Mapping[str, Usage]:
        """That of all answers in the ledger that talks about these rows are made of."""
        used = dict[str, tuple[str, Usage]]()
        for _ in self._replayed(stage, rows, used):
            pass
        return summed(used.values())

    def _replayed(
        self, stage: Stage, rows: pa.Table, used: dict[str, tuple[str, Usage]] | None = None
    ) -> Iterator[tuple[pa.Table, Talks, Mapping[str, Said]]]:
        """Talks about some rows after others, with what is known of their questions, as far as that brings them."""
        for start in range(0, rows.num_rows, AT_ONCE):
            some = rows.slice(start, AT_ONCE)
            talks, said = self._talks(stage, some), dict[str, Said](self.refused)
            while talks.open:
                questions = talks.questions()
                said |= self._found(q for key, q in questions.items() if key not in said)
                if used is not None:
                    used |= {key: _usage(questions[key], said[key]) for key in questions.keys() & said.keys()}
                if not talks.tell_known(said):
                    break
            yield some, talks, said

    def _may_go(self, stage: Stage, question: Question) -> bool:
        """Whether it may be put now; why not, those are told who put it themselves."""
        people, model = question.people or (), question.ask.model
        may = model not in others(stage) or self.consent.stops(people, model) is None
        return may and (not imitates(stage) or self.consent.stops_imitation(people, model) is None)

    def _talks(self, stage: Stage, rows: pa.Table) -> Talks:
        transform, elsewhere = cast(Conversing, stage.transform), others(stage)
        given = told_of(stage, rows)
        if not asks_consent(stage):
            return Talks(stage, given, transform.talk)

        def withhold(ask: Ask, people: People) -> Rejected | None:
            refused = self.consent.refuses(people or (), ask.model) if ask.model in elsewhere else None
            return refused or (self.consent.refuses_imitation(people or (), ask.model) if imitates(stage) else None)

        return Talks(stage, given, transform.talk, self.crowd(rows), withhold, partial(self._may_go, stage))

    def ask(self, stage: Stage, questions: Iterable[Question], rows: pa.Table) -> dict[str, Said]:
        """Put questions to their models and keep the replies as they come; why some got none."""
        by_model: defaultdict[str, list[Question]] = defaultdict(list)
        lost: dict[str, Said] = {}
        questions = list(questions)
        if imitates(stage):
            stopped = ((q.id, self.consent.stops_imitation(q.people or (), q.ask.model)) for q in questions)
            lost = {name: why for name, why in stopped if why is not None}
        models = {model.name: model for model in cast(Conversing, stage.transform).models()}
        for question in (q for q in questions if q.id not in lost):
            by_model[question.ask.model].append(question)
        for name, some in by_model.items():
            lost |= self._put(asks(stage, models[name]), models[name], some, rows)
        return lost

    def put(self, stage: Stage, rows: pa.Table, begin: Callable[[list[str]], int], most: int) -> dict[str, Said] | None:
        """Put questions that came as rows, as `pending` gives them; `begin` counts how often these were put before.

        None after more than that many tries. After the first, the ledger is looked into: a part may have come in.
        """
        questions = questions_of(stage, rows)
        if (tries := begin([question.id for question in questions])) > most:
            return None
        known = self._found(questions) if tries else {}
        return self.ask(stage, [question for question in questions if question.id not in known], rows)

    def answered(self, stage: Stage, rows: pa.Table) -> int:
        """How many questions that came as rows have a reply."""
        return len(self._found(questions_of(stage, rows)))

    def leave(self, model: AskedModel, rows: pa.Table) -> tuple[pa.Table, dict[int, Said]]:
        """Those of some questions that came as rows which may be put to a model elsewhere now, with their media here;
        and by row why others may never be."""
        stopped = {} if model.local else _stopped(model, rows.column(PEOPLE).to_pylist(), self.consent)
        sent = [row for row in range(rows.num_rows) if row not in stopped]
        with self.till(model) as till:
            granted = till.granted(sent)
        return self.hydrate(rows.take(pa.array(granted, pa.int64())), COLUMNS), stopped

    def keep(self, stage: Stage, model: AskedModel, rows: pa.Table, said: Sequence[Said]) -> dict[str, Said]:
        """Keep replies to questions that came as rows and were put elsewhere; why some got none."""
        lost: dict[str, Said] = {}
        with Writers(self.answers, self.partition) as writers, self.till(model) as till:
            till.expect(len(said))
            for question, one in zip(questions_of(stage, rows), said, strict=True):
                till.heard(question.ask, one)
                if isinstance(one, Reply):
                    writers.add(question, one)
                else:
                    lost[question.id] = one
        return lost

    def _put(self, half: Stage, model: AskedModel, questions: list[Question], rows: pa.Table) -> dict[str, Said]:
        lost: dict[str, Said] = {}
        if self.turn:
            questions = sorted(questions, key=lambda question: digest(self.turn, question.id))
        with Writers(self.answers, self.partition) as writers, self.till(model) as till:
            size = till.at_once(AT_ONCE)
            till.expect(len(questions))
            for start in range(0, len(questions), size):
                sent, stopped = self._parted(model, questions[start : start + size])
                lost |= stopped
                some = till.granted(sent)
                for question, said in self._said(half, model, some, rows) if some else ():
                    till.heard(question.ask, said)
                    if isinstance(said, Reply):
                        writers.add(question, said)
                    else:
                        lost[question.id] = said
                if len(some) < len(sent):
                    break
        return lost

    def _parted(self, model: AskedModel, questions: Sequence[Question]) -> tuple[list[Question], dict[str, Said]]:
        """Questions that may be put, and why others may not. Whatever asks a model here asks past this."""
        stopped = {} if model.local else _stopped(model, [q.people for q in questions], self.consent)
        sent = [question for row, question in enumerate(questions) if row not in stopped]
        return sent, {questions[row].id: why for row, why in stopped.items()}

    def _said(
        self, half: Stage, model: AskedModel, questions: Sequence[Question], rows: pa.Table
    ) -> Iterator[tuple[Question, Said]]:
        """Replies as they come. One to a file that is not what its hash says would be kept for the wrong question."""
        table = self.hydrate(_asked_of(questions, rows), COLUMNS)
        for index, said in self._replies(half, model, table):
            stale = questions[index].ask.media and self.stale(table.slice(index, 1))
            yield questions[index], SOURCE_CHANGED if stale else said

    def _replies(self, half: Stage, model: AskedModel, table: pa.Table) -> Iterator[tuple[int, Said]]:
        """One by one from a model in this process, batch by batch from a child."""
        if self.alone and not model.isolated:
            yield from heard(_loaded(half, model), asks_of(table))
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


def _loaded(half: Stage, model: AskedModel) -> Chat:
    """The model in this process, which threads that ask it share."""
    with _LOADING:
        if half.identity not in _CHATS:
            try:
                _CHATS[half.identity] = model.load()
            except UserError:
                raise
            except Exception as error:
                raise SetUpFailed(half.name, type(error).__name__, str(error)[:2000]) from error
        return _CHATS[half.identity]


def _usage(question: Question, said: Said) -> tuple[str, Usage]:
    return question.ask.model, Usage.of(said, question.ask.again > 0)


class Writers:
    """A writer for each way in which models are asked."""

    def __init__(self, answers: Callable[[Whom], Answers], partition: str) -> None:
        self._answers, self._partition = answers, partition
        self._open: dict[Whom, Writer] = {}

    def add(self, question: Question, reply: Reply) -> None:
        if question.whom not in self._open:
            self._open[question.whom] = Writer(self._answers(question.whom), self._partition)
        self._open[question.whom].add([(question.ask.sent(), reply, question.ask.repeat)])

    def __enter__(self) -> "Writers":
        return self

    def __exit__(self, *_: object) -> None:
        with ExitStack() as stack:  # where one cannot write, the others still do
            for writer in self._open.values():
                stack.callback(writer.flush)


def _stopped(model: AskedModel, people: Sequence[Sequence[str] | None], consent: Consent) -> dict[int, Said]:
    """Questions that may not go to a third party now, and why; none of which nobody knows whom it is about."""
    unknown = Failed(0, "WhoIsInIt", f"nobody looked who is in it, so nothing of it is sent to model {model.name}")
    found = {row: unknown if who is None else consent.stops(who, model.name) for row, who in enumerate(people)}
    return {row: why for row, why in found.items() if why is not None}


def questions_of(stage: Stage, rows: pa.Table) -> list[Question]:
    """Questions that came as rows."""
    asked = zip(asks_of(rows), rows.column(PEOPLE).to_pylist(), strict=True)
    return [Question.of(stage, ask, row, None if who is None else tuple(who)) for row, (ask, who) in enumerate(asked)]


def _asked_of(questions: Sequence[Question], rows: pa.Table) -> pa.Table:
    places = rows.select(list(PLACES)).take(pa.array([q.row for q in questions], pa.int64()))
    return rows_of([question.ask for question in questions], places, [question.people for question in questions])


def told_of(stage: Stage, rows: pa.Table) -> list[Values]:
    """What talks are told of rows: null of columns that were written for other kinds of samples only."""
    absent = dict.fromkeys(stage.transform.reads())
    known = rows.select(list(there(stage, rows))).to_pylist(maps_as_pydicts="strict")
    return [{**absent, **row} for row in known]


def _read(stage: Stage, rows: pa.Table, talks: Talks) -> Result:
    transform = stage.transform
    result = by_row(there(stage, rows), transform.writes(), Outcomes(talks.ended))(rows)
    result.check(rows.num_rows, stage.name)
    return replace(result, rows=_cast(stage, rows, result.rows))


def _cast(stage: Stage, before: pa.Table, rows: pa.Table) -> pa.Table:
    from affectory.schemas.tables import cast_table

    return cast_table(rows, stage.output_schema(before.schema), f"output of {stage.name}")
