"""Talks of many rows side by side: what they ask now, and how they go on once they are told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from affectory.pipelines.runner.stage import Stage
from affectory.pipelines.store.answers import answer_id
from affectory.transforms.base import Failed, Rejected, Reply, Said, Whom
from affectory.transforms.models._conversing import failure
from affectory.transforms.models._messages import Ask
from affectory.transforms.models._talking import Talk, lost_among
from affectory.transforms.rows import Values

People = tuple[str, ...] | None
Withhold = Callable[[Ask, People], Rejected | None]
"""Why a question about a row with these people may never be put to its model."""
UNANSWERED = Failed(0, "Unanswered", "the reply is missing from the ledger; build again")


@dataclass(frozen=True)
class Question:
    """A question, whom it is put to, the row that it is about first, who is in that, and its id in the ledger.

    Where the model is local nobody looks who is in a row: `people` is None.
    """

    ask: Ask
    whom: Whom
    row: int
    id: str
    people: People = None

    @classmethod
    def of(cls, stage: Stage, ask: Ask, row: int, people: People = None) -> "Question":
        whom = replace(stage.models[ask.model], prompt=ask.prompt)
        return cls(ask, whom, row, answer_id(whom, ask.sent(), ask.repeat), people)


class Talks:
    """`ended` is what came of each row in the end: what is written, or the error that ended its talk."""

    def __init__(
        self,
        stage: Stage,
        rows: Sequence[Values],
        begin: Callable[[Values], Talk],
        people: Sequence[People] | None = None,
        withhold: Withhold = lambda *_: None,
        may_go: Callable[[Question], bool] = lambda _: True,
    ) -> None:
        self.ended: list[Any] = [None] * len(rows)
        self._people, self._withhold, self._may_go = people or [None] * len(rows), withhold, may_go
        self._stage, self._talks = stage, [begin(row) for row in rows]
        self._asking: dict[int, list[Question]] = {}
        self._withheld: dict[int, dict[str, Said]] = {}
        for row in range(len(rows)):
            self._go_on(row, lambda talk: next(talk))

    @property
    def open(self) -> bool:
        return bool(self._asking)

    def questions(self) -> dict[str, Question]:
        """What is asked now, each question once, about the first row for which it may go; not what may not be."""
        found: dict[str, Question] = {}
        for row, questions in self._asking.items():
            for question in questions:
                known = found.get(question.id)
                if question.id not in self._withheld[row] and (known is None or not self._may_go(known)):
                    found[question.id] = question
        return found

    def tell(self, said: Mapping[str, Said]) -> None:
        """Every row that asks goes on; of a question that is not among these, nothing came."""
        for row, questions in list(self._asking.items()):
            kept = self._withheld[row]
            self._tell(row, [kept.get(q.id) or said.get(q.id, UNANSWERED) for q in questions])

    def tell_known(self, said: Mapping[str, Said]) -> bool:
        """Rows of which all is known go on; whether there was one."""
        ready = {
            row: questions
            for row, questions in self._asking.items()
            if all(q.id in said or q.id in self._withheld[row] for q in questions)
        }
        for row, questions in ready.items():
            kept = self._withheld[row]
            self._tell(row, [kept.get(q.id) or said[q.id] for q in questions])
        return bool(ready)

    def _tell(self, row: int, said: Sequence[Said]) -> None:
        replies = [x if isinstance(x, Reply) else failure(x) for x in said]
        if lost := lost_among(replies):
            self._go_on(row, lambda talk: talk.throw(lost))
        else:
            self._go_on(row, lambda talk: talk.send([x for x in replies if isinstance(x, Reply)]))

    def _go_on(self, row: int, step: Callable[[Talk], list[Ask]]) -> None:
        self._asking.pop(row, None)
        try:
            asks = step(self._talks[row])
            while not asks:
                asks = self._talks[row].send([])
            self._asking[row] = [Question.of(self._stage, ask, row, self._people[row]) for ask in asks]
        except StopIteration as end:
            self.ended[row] = end.value
        except Exception as error:  # one bad row never takes its batch along
            self.ended[row] = error
        else:
            self._keep_back(row)

    def _keep_back(self, row: int) -> None:
        """What may not be asked has no answer, which is told with the others: a talk may be able to do without."""
        why = {question.id: self._withhold(question.ask, self._people[row]) for question in self._asking[row]}
        self._withheld[row] = {name: said for name, said in why.items() if said is not None}
        if all(question.id in self._withheld[row] for question in self._asking[row]):
            self._tell(row, [self._withheld[row][question.id] for question in self._asking[row]])
