"""How far raters agree in two releases: Krippendorff's alpha of each question, and where its shift lies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.pipelines.consuming.published import Published
from affectory.quality.agreement._alpha import Alpha
from affectory.quality.agreement._coded import FEWEST, Coded, coded
from affectory.quality.agreement._states import why_none
from affectory.quality.audits._chance import generator
from affectory.quality.ratings import MODELS, PEOPLE, Question, Ratings
from affectory.schemas.derived import OPINIONS_TABLE

MOST_OPINIONS = 300_000
"""Of more, those about the samples whose ids come first are compared, as ids are hashes."""
_METRICS = {**{level: level for level in ("nominal", "ordinal", "interval", "ratio")}, "multi-label": "masi"}
_MOST_WORK, _FEWEST_DRAWS, _MOST_DRAWS, _LEVEL = 100_000_000, 100, 400, 0.95
Floats = NDArray[np.float64]
_Key = tuple[str, str, str, str]
"""Pool, what it is about, question, level."""


@dataclass(frozen=True)
class AgreementShift:
    """Alpha of a question in both; None where there is none to tell."""

    pool: str
    about: str
    question: str
    measure: str
    a: float | None
    b: float | None
    low: float | None
    high: float | None
    """Ends of the interval of the shift over items, whole speakers of them."""
    items: tuple[int, int]
    """Those with two ratings or more."""

    @property
    def shift(self) -> float | None:
        return None if self.a is None or self.b is None else self.b - self.a

    @property
    def state(self) -> str:
        """In words, why there is no interval."""
        if self.shift is None:
            return "only one of both has an alpha"
        return f"no interval: fewer than {FEWEST} speakers, or items without one" if self.low is None else ""

    @property
    def shifted(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


@dataclass(frozen=True)
class _Side:
    """A question in one release; `units` are its items' speakers, or the items themselves."""

    ratings: Coded
    alpha: Alpha
    units: tuple[str, ...]
    known: bool
    """Whether an alpha of it tells anything."""

    @classmethod
    def of(cls, question: Question) -> "_Side":
        ratings, metric = coded(question), _METRICS[question.level]
        rows = question.rows
        pairs = zip(rows.column("item").to_pylist(), rows.column("cluster").to_pylist(), strict=True)
        speakers = {item: f"speaker {speaker}" for item, speaker in pairs if speaker}
        units = tuple(speakers.get(item, item) for item in ratings.items)
        return cls(ratings, Alpha(ratings, metric), units, not why_none(question, ratings))  # type: ignore[arg-type]

    @property
    def compared(self) -> int:
        return int((self.ratings.sizes > 1).sum())

    def value(self, items: Floats | None = None) -> float | None:
        found = self.alpha.value(items) if self.known else float("nan")
        return found if np.isfinite(found) else None


def agreement_shifts(a: Published, b: Published, draws: int = 400, seed: int = 0) -> tuple[AgreementShift, ...]:
    """Of each question of people and of models that one of both can tell an alpha of."""
    if not (a.has_opinions and b.has_opinions):
        return ()
    old, new = _questions(a), _questions(b)
    keys = sorted({*old, *new}, key=lambda key: (key[0] != PEOPLE, *key))
    found = (_shift(key, old.get(key), new.get(key), draws, seed) for key in keys)
    return tuple(shift for shift in found if shift.a is not None or shift.b is not None)


def _questions(release: Published) -> dict[_Key, _Side]:
    ratings = Ratings.of_opinions(_opinions(release), release.taxonomy, release.speakers())
    found: dict[_Key, _Side] = {}
    for pool in (PEOPLE, MODELS):
        for question in (q.of(pool) for q in ratings.questions if q.level in _METRICS):
            if question.rows.num_rows:
                found[pool, question.about, question.name, question.level] = _Side.of(question)
    return found


def _opinions(release: Published) -> pa.Table:
    """All, or those of so many samples that they are not too many."""
    parts = [rows for split in release.splits for rows in release.opinions(split)]
    whole = pa.concat_tables([OPINIONS_TABLE.empty(), *parts])
    if whole.num_rows <= MOST_OPINIONS:
        return whole
    last = whole["sample_id"].take(pc.sort_indices(whole["sample_id"])[MOST_OPINIONS - 1 : MOST_OPINIONS])[0]
    return whole.filter(pc.less_equal(whole["sample_id"], last))


def _shift(key: _Key, a: _Side | None, b: _Side | None, draws: int, seed: int) -> AgreementShift:
    pool, about, question, level = key
    old, new = (None if side is None else side.value() for side in (a, b))
    ends = _ends(a, b, key, draws, seed) if a and b and old is not None and new is not None else (None, None)
    items = (a.compared if a else 0, b.compared if b else 0)
    return AgreementShift(pool, about, question, f"alpha {_METRICS[level]}", old, new, *ends, items)


def _ends(a: _Side, b: _Side, key: _Key, draws: int, seed: int) -> tuple[float | None, float | None]:
    """Both sides with the same items, or speakers, drawn again: what they share does not add to the interval."""
    units = sorted({*a.units, *b.units})
    if min(len(set(a.units)), len(set(b.units))) < FEWEST:
        return None, None
    place: Mapping[str, int] = {unit: number for number, unit in enumerate(units)}
    at = [np.array([place[unit] for unit in side.units]) for side in (a, b)]
    random, found = generator("agreement", seed, *key), []
    for _ in range(_times(draws, a, b)):
        often = np.bincount(random.integers(0, len(units), len(units)), minlength=len(units)).astype(np.float64)
        old, new = (side.value(often[where]) for side, where in zip((a, b), at, strict=True))
        found.append(np.nan if old is None or new is None else new - old)
    return _middle(np.array(found), (b.value() or 0.0) - (a.value() or 0.0))


def _times(draws: int, *sides: _Side) -> int:
    return min(draws, _MOST_DRAWS, max(_FEWEST_DRAWS, _MOST_WORK // max(sum(s.ratings.size for s in sides), 1)))


def _middle(found: Floats, shift: float) -> tuple[float | None, float | None]:
    """None where a tenth of the draws tell nothing."""
    defined: Any = found[np.isfinite(found)]
    if not len(found) or len(defined) < 0.9 * len(found):
        return None, None
    low, middle, high = np.quantile(defined, [(1 - _LEVEL) / 2, 0.5, (1 + _LEVEL) / 2])
    return shift + float(low - middle), shift + float(high - middle)
