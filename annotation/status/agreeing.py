"""How far raters agree about each emotion, set of questions by set: none of them knew what others said."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from affectory.annotation.status.matching import CONDITIONAL, Asks
from affectory.annotation.status.said import Said, comparable
from affectory.schemas.taxonomy import Taxonomy

if TYPE_CHECKING:
    from affectory.quality.agreement import Figure

_MEASURES = {
    "nominal": ("alpha nominal",),
    "ordinal": ("alpha ordinal",),
    "interval": ("alpha interval", "icc 1"),
    "ratio": ("alpha ratio",),
    "multi-label": ("alpha masi",),
    "ranking": ("kendall w",),
    "trace": ("ccc",),
    "spans": ("alpha unitizing",),
}
_MANY, _DRAWS_OF_MANY = 20_000, 100
"""Of so many opinions intervals are narrow, and fewer draws tell them."""
ONLY_AFTER = "raters were asked only after an answer of others: agreement would be of those answers alone"


@dataclass(frozen=True)
class Agreed:
    """One measure of one question in one set of questions; `state` says in words why there is none."""

    set: str
    about: str
    question: str
    measure: str
    value: float | None
    low: float | None
    high: float | None
    items: int
    raters: int | None
    ratings: int
    state: str = ""


@dataclass(frozen=True)
class Agreements:
    """Figures, and what one must know of them."""

    figures: tuple[Agreed, ...]
    notes: tuple[str, ...]


def agreements(given: Said, asks: Asks, taxonomy: Taxonomy, draws: int) -> Agreements:
    """Of each set of questions. Intervals (95 %) are over items."""
    fit = comparable(given, asks)
    sets = asks.question[given.ask]
    figures: list[Agreed] = []
    notes: dict[str, list[str]] = {}
    for name in sorted(set(sets.tolist())):
        mine = (sets == name).astype(bool)
        found, said = _of_set(name, given.only(mine & fit), taxonomy, draws)
        figures += found or _none(name, given.only(mine), asks)
        for note in (*said, *_left_out(given.only(mine & ~fit), asks)):
            notes.setdefault(note, []).append(name)
    parts = [f"{given.parts:,} judgements about parts of samples are not compared"] if given.parts else []
    return Agreements(tuple(figures), (*(f"{', '.join(of)}: {note}" for note, of in notes.items()), *parts))


def _of_set(name: str, given: Said, taxonomy: Taxonomy, draws: int) -> tuple[list[Agreed], list[str]]:
    from affectory.quality.agreement import Ratings, agreement

    ratings = Ratings.of_opinions(given.opinions, taxonomy)
    fewer = draws if given.opinions.num_rows < _MANY else min(draws, _DRAWS_OF_MANY)
    figures, notes = [], []
    for level in dict.fromkeys(question.level for question in ratings.questions):
        some = Ratings(tuple(question for question in ratings.questions if question.level == level))
        report = agreement(some, measures=_MEASURES[level], draws=fewer, by_rater=False)
        figures += [_agreed(name, figure) for figure in report.figures]
        notes += [note.text for note in report.notes]
    return figures, list(dict.fromkeys(notes))


def _agreed(name: str, f: "Figure") -> Agreed:
    ends = (f.value, f.items_low, f.items_high)
    return Agreed(name, f.about, f.question, f.measure, *ends, f.items, f.raters, f.ratings, f.state)


def _none(name: str, given: Said, asks: Asks) -> Iterator[Agreed]:
    """Where nothing is left that can be compared."""
    if len(given.ask):
        after = np.isin(asks.purpose[given.ask].astype(str), CONDITIONAL).any()
        state = ONLY_AFTER if after else "no first answers that can be compared"
        yield Agreed(name, "", "all", "alpha", None, None, None, 0, None, len(given.ask), state)


def _left_out(given: Said, asks: Asks) -> Iterator[str]:
    """What was not compared, and why."""
    purpose = asks.purpose[given.ask].astype(str)
    again = (given.occasion != "").astype(bool)
    after = np.isin(purpose, CONDITIONAL) & ~again
    later = ~after & ~again
    for rows, why in (
        (again, "of a later occasion: these say whether raters agree with themselves"),
        (after, "asked for after an answer of others"),
        (later, "of raters who were chosen later, with another probability"),
    ):
        many = len(np.unique(given.back[rows]))
        if many:
            yield f"not compared: {many} answers {why}"
