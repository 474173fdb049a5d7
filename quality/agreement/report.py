"""How far raters agree: question by question and rater by rater, people and models apart, with intervals."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa

from affectory.quality.agreement import _alpha
from affectory.quality.agreement._coded import FEWEST, Coded, Floats, Interval, by_items, by_raters, interval, tail
from affectory.quality.agreement._measures import MEASURES, USUAL, Asked, Measure
from affectory.quality.agreement._states import UNNAMED, notes_of, why_none
from affectory.quality.ratings import MODELS, PEOPLE, Ratings
from affectory.schemas.errors import UserError

_METRICS = {"multi-label": "masi"}
_FEWEST_DRAWS, _MOST_WORK, _MOST_PAIRS = 100, 200_000_000, 50_000_000
_LISTS = ("ranking", "trace", "spans")


@dataclass(frozen=True)
class Figure:
    """One measure of one question, of all raters of a pool or of one; `state` says in words why there is none."""

    pool: str
    about: str
    question: str
    rater: str | None
    measure: str
    value: float | None
    items_low: float | None
    items_high: float | None
    raters_low: float | None
    raters_high: float | None
    items: int
    """Items with two ratings or more."""
    raters: int | None
    """None where nobody said who rated."""
    ratings: int
    pairs: int
    """Comparisons of two ratings of an item."""
    state: str = ""


_NUMBERS = ("value", "items_low", "items_high", "raters_low", "raters_high")
_COUNTS = ("items", "raters", "ratings", "pairs")


@dataclass(frozen=True)
class Note:
    """What one must know of the figures of some questions."""

    pool: str
    questions: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Report:
    """Figures in the order of pools and questions, and what one must know of them."""

    figures: tuple[Figure, ...]
    notes: tuple[Note, ...] = ()

    def of(self, question: str, measure: str, pool: str = PEOPLE, about: str | None = None) -> Figure:
        """One figure of all raters of a pool."""
        for f in self.figures:
            named = (f.question, f.measure, f.pool, f.rater) == (question, measure, pool, None)
            if named and about in (None, f.about):
                return f
        known = sorted({f"{f.question}: {f.measure}" for f in self.figures if f.pool == pool and f.rater is None})
        raise UserError(f"no {measure!r} of {question!r} among {pool}", f"there are: {', '.join(known) or 'none'}")

    def facts(self) -> dict[str, Any]:
        """All of it as plain data, for JSON."""
        return {"figures": [asdict(f) for f in self.figures], "notes": [asdict(n) for n in self.notes]}

    def table(self) -> pa.Table:
        """The figures as an Arrow table."""
        types = {**dict.fromkeys(_NUMBERS, pa.float64()), **dict.fromkeys(_COUNTS, pa.int64())}
        columns = {name: [getattr(f, name) for f in self.figures] for name in (f.name for f in fields(Figure))}
        return pa.table({name: pa.array(found, types.get(name, pa.string())) for name, found in columns.items()})

    def as_text(self, by: str = "emotion") -> str:
        """A table for people, by emotion (or whatever was asked) or by rater, and the notes."""
        from affectory.quality.agreement._text import text_of

        return text_of(self, by)


@dataclass(frozen=True)
class _Plan:
    measures: tuple[str, ...]
    draws: int
    seed: int
    level: float
    by_rater: bool

    def of(self, cost: int) -> int:
        """How many draws: fewer of very many ratings, but never less than a hundred unless fewer were asked for."""
        return min(self.draws, max(_FEWEST_DRAWS, _MOST_WORK // max(cost, 1)))


def agreement(
    ratings: Ratings,
    *,
    measures: Sequence[str] = (),
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
    by_rater: bool = True,
) -> Report:
    """How far raters agree about each question, people apart from models.

    Intervals are percentiles of a bootstrap of `draws` over items (whole clusters of them, where ratings name these)
    and over raters; of more than 200,000 ratings there are fewer draws, but at least 100. 0 draws leave intervals out.
    `measures` are those of `MEASURES`, where they fit a question.
    """
    odd = [name for name in measures if name not in MEASURES]
    if odd:
        raise UserError(f"no measure {odd[0]!r}", f"there are: {', '.join(MEASURES)}")
    plan = _Plan(tuple(measures), draws, seed, level, by_rater)
    figures: list[Figure] = []
    notes: dict[tuple[str, str], list[str]] = {}
    for pool in (PEOPLE, MODELS):
        for question in (q.of(pool) for q in ratings.questions):
            if question.rows.num_rows or (pool == PEOPLE and not _anybody(ratings, question.name)):
                asked = Asked(question, seed)
                found = list(_figures(asked, pool, plan))
                figures += found
                for text in notes_of(question, asked.ratings) if any(f.value is not None for f in found) else ():
                    notes.setdefault((pool, text), []).append(question.name)
    return Report(tuple(figures), tuple(Note(pool, tuple(of), text) for (pool, text), of in notes.items()))


def _anybody(ratings: Ratings, name: str) -> bool:
    return any(q.rows.num_rows for q in ratings.questions if q.name == name)


def _figures(asked: Asked, pool: str, plan: _Plan) -> Iterator[Figure]:
    why = why_none(asked.question, asked.ratings)
    level = asked.question.level
    wanted = [m for m in plan.measures if level in MEASURES[m].levels] or ([] if plan.measures else USUAL[level])
    for name in wanted:
        yield _figure(asked, pool, name, why, plan)
    if plan.by_rater and asked.ratings.raters and level not in _LISTS:
        yield from _by_rater(asked, pool, why, plan)


def _figure(asked: Asked, pool: str, name: str, why: str, plan: _Plan) -> Figure:
    measure = MEASURES[name]
    why = why or _unfit(asked, measure)
    value = float("nan") if why else measure.found(asked)
    if not np.isfinite(value):
        return _made(asked, pool, name, state=why or measure.otherwise)
    items, raters = (_interval(asked, name, value, over, plan) or (None, None) for over in ("items", "raters"))
    ends = {"items_low": items[0], "items_high": items[1], "raters_low": raters[0], "raters_high": raters[1]}
    return _made(asked, pool, name, value=value, **ends)


def _unfit(asked: Asked, measure: Measure) -> str:
    """Why these ratings are not for that measure."""
    ratings = asked.ratings
    if measure.named and not ratings.raters:
        return UNNAMED
    if int((ratings.sizes > 1).sum()) < measure.items:
        return f"fewer than {measure.items} items have two ratings: luck would decide"
    too_many = measure.named and (int((ratings.sizes**2).sum()) > _MOST_PAIRS or measure.cost(asked) > _MOST_PAIRS)
    return "too many pairs of ratings; alpha needs none of them" if too_many else ""


def _interval(asked: Asked, name: str, value: float, over: str, plan: _Plan) -> Interval:
    ratings, measure = asked.ratings, MEASURES[name]
    many = len(ratings.raters) if over == "raters" else int(ratings.cluster.max(initial=-1)) + 1
    if over not in measure.over or measure.draws is None or many < FEWEST or not plan.draws:
        return None
    drawn = (by_raters if over == "raters" else by_items)(ratings, plan.of(measure.cost(asked)), plan.seed)
    return interval(value, measure.draws(asked), drawn, tail(plan.level, many), measure.most)


def _by_rater(asked: Asked, pool: str, why: str, plan: _Plan) -> Iterator[Figure]:
    """The part of alpha that each rater has: the comparisons that the rater takes part in."""
    metric: Any = _METRICS.get(asked.question.level, asked.question.level)
    ratings, many = asked.ratings, len(asked.ratings.raters)
    found = np.full(many, np.nan) if why else _alpha.alpha_by_rater(ratings, metric)
    ends = np.full((2, many), np.nan) if why else _ends_by_rater(ratings, metric, plan)
    compared = ratings.sizes[ratings.item] > 1
    items, given, pairs = (
        np.bincount(ratings.rater, of, many).astype(int).tolist()
        for of in (compared, np.ones(ratings.size), ratings.sizes[ratings.item] - 1.0)
    )
    for place, rater in enumerate(ratings.raters):
        value, low, high = (float(x) if np.isfinite(x) else None for x in (found[place], *ends[:, place]))
        counts = {"items": items[place], "ratings": given[place], "pairs": pairs[place], "raters": 1}
        state = "" if value is not None else why or "nobody else rated the same items"
        more = {"rater": rater, "value": value, "items_low": low, "items_high": high, "state": state}
        yield _made(asked, pool, f"alpha {metric}", **more, **counts)


def _ends_by_rater(ratings: Coded, metric: Any, plan: _Plan) -> Floats:
    """Intervals over items; NaN for raters of too few items, or clusters of them."""
    ends = np.full((2, len(ratings.raters)), np.nan)
    met = np.unique(np.stack([ratings.rater, ratings.cluster[ratings.item]]), axis=1)[0]
    units = np.bincount(met, minlength=len(ratings.raters))
    enough = np.flatnonzero(units >= FEWEST)
    if plan.draws and len(enough):
        drawn, part = by_items(ratings, plan.of(ratings.size), plan.seed), _alpha.Alpha(ratings, metric).by_rater
        found = np.stack([part(items)[enough] for items, _ in drawn])
        for rater, parts in zip(enough.tolist(), found.T, strict=True):
            if np.isfinite(parts).mean() >= 0.9:
                beyond = tail(plan.level, int(units[rater]))
                ends[:, rater] = np.quantile(parts[np.isfinite(parts)], [beyond, 1 - beyond])
    return ends


def _made(asked: Asked, pool: str, measure: str, **given: Any) -> Figure:
    """A figure with what it rests on."""
    sizes, question = asked.ratings.sizes, asked.question
    counts = {
        "items": int((sizes > 1).sum()),
        "raters": len(asked.ratings.raters) or (None if asked.ratings.size else 0),
        "ratings": asked.ratings.size,
        "pairs": int((sizes * (sizes - 1)).sum() // 2),
    }
    absent = dict.fromkeys(("rater", "value", "items_low", "items_high", "raters_low", "raters_high"))
    named = {"pool": pool, "about": question.about, "question": question.name, "measure": measure}
    return Figure(**{**absent, **counts, **named, **given})
