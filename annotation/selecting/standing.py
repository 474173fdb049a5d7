"""How each sample that was chosen stands: who has it, who said what of it, and whom it still needs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from affectory.annotation.selecting.history import BACK, Answer, Ask, Past, most_declines
from affectory.schemas.ids import fractions
from affectory.schemas.recipe.review import Question

CORE = ("routed", "explored", "overlap", "second", "recheck")
"""Purposes of asking about a sample the first time."""


class Further(NamedTuple):
    """How many people more, why, and with which probability the sample came to be asked about."""

    many: int
    purpose: str
    probability: float | None


@dataclass
class Standing:
    """A sample that was chosen: `purpose` and `probability` are those of its first ask, `people` cannot be asked."""

    purpose: str
    probability: float | None
    open: int = 0
    answers: list[tuple[str, ...]] = field(default_factory=list)
    declined: int = 0
    overlapped: int = 0
    uninvited: int = 0
    people: set[str] = field(default_factory=set)

    @property
    def live(self) -> int:
        return self.open + len(self.answers)

    def note(self, ask: Ask) -> None:
        """One of its asks."""
        self.open += ask.state == "open"
        self.overlapped += ask.live and ask.purpose == "overlap"
        if ask.state == "answered":
            self.answers.append(ask.labels)
        if ask.rater and (ask.live or ask.state in BACK):
            self.people.add(ask.rater)


def standings(past: Past, closing: Iterable[str]) -> dict[str, Standing]:
    """By sample, once the asks in `closing` (their ids) are closed."""
    shut = set(closing)
    found: dict[str, Standing] = {}
    for ask in sorted(past.asks, key=lambda ask: (ask.purpose not in ("routed", "explored"), ask.id)):
        if ask.occasion == "" and ask.purpose in CORE:
            stands = found.setdefault(ask.sample, Standing(ask.purpose, ask.probability))
            stands.note(ask._replace(state="closed") if ask.id in shut and ask.state == "open" else ask)
    samples = past.sample_of()
    for answer in past.answers.values():
        sample, occasion = samples.get(answer.task, ("", "again"))
        if occasion == "" and sample in found:
            found[sample].people.add(answer.rater)
            found[sample].declined += answer.state == "declined"
    _note_uninvited(found, past.uninvited, samples)
    return found


def _note_uninvited(
    found: dict[str, Standing], uninvited: Iterable[Answer], samples: dict[str, tuple[str, str]]
) -> None:
    for answer in uninvited:
        sample, occasion = samples[answer.task]
        if occasion == "" and sample in found and answer.state == "taken":
            found[sample].uninvited += 1


def refused_by_many(stands: Standing, question: Question) -> bool:
    """Whether so many people declined it that it is asked no more."""
    return stands.declined >= most_declines(question)


def further(sample: str, stands: Standing, question: Question, seed: str) -> Further:
    """Whom a sample needs that was chosen before; the second of an overlap is not counted here."""
    if refused_by_many(stands, question):
        return Further(0, stands.purpose, None)
    if question.second is not None:
        return _conditional(sample, stands, question, seed)
    have = stands.live - stands.overlapped + stands.uninvited
    return Further(max(question.raters - have, 0), stands.purpose, stands.probability)


def _conditional(sample: str, stands: Standing, question: Question, seed: str) -> Further:
    """The next rater only where all before said yes; after a single no by chance."""
    assert question.second is not None
    nobody = Further(0, stands.purpose, None)
    chance = 1.0 if stands.probability is None else stands.probability
    if stands.open or len(stands.answers) >= max(question.raters, 2):
        return nobody
    if not stands.answers:
        return Further(0 if stands.uninvited else 1, stands.purpose, stands.probability)
    yes = set(question.second.after)
    if all(yes.intersection(labels) for labels in stands.answers):
        return Further(1, "second", chance)
    again = len(stands.answers) == 1 and fractions(f"{seed}/recheck", [sample])[0] < question.second.noes
    return Further(1, "recheck", chance * question.second.noes) if again else nobody


def first_round(question: Question) -> int:
    """How many people a sample is given at first."""
    return 1 if question.second is not None else question.raters
