"""On whom one may rely: known answers, agreement with others, the same said again, changes, and whether they attended.

Who sees things as few others do is not suspected for it: agreement stands there for information.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.annotation.status.columns import Floats, Ints, by_group, codes, named, texts
from affectory.annotation.status.drift import Drift, drifts
from affectory.annotation.status.inputs import StatusInputs
from affectory.annotation.status.matching import NOBODY, Asks, Returns
from affectory.annotation.status.said import Said, alike, comparable, right, votes
from affectory.annotation.status.times import timed, usual

_ASIDE = 0.8
"""Of attention: below it something speaks against a rater."""
_UNKNOWN = ("agreement", "agreement_of_others", "same_again", "attention")
_OFTEN, _SOME = 0.1, 5


@dataclass(frozen=True)
class Rater:
    """One person, by pseudonym. What cannot be known is None."""

    rater: str
    relation: str
    answered: int
    declined: int
    refused: int
    left: int
    median_s: float | None
    hits: int
    """Of `known` samples whose answer is known; the interval is Wilson's, 95 %."""
    known: int
    hits_low: float | None
    hits_high: float | None
    agreement: float | None
    """The chance that another rater of the same sample says the same, and that two others do; for information."""
    agreement_of_others: float | None
    shared: int
    same_again: float | None
    """How far they say the same of samples that came `again`."""
    again: int
    attention: float | None
    inattentive: str = ""
    """What speaks against their attention: never that they are in a minority."""
    changes: tuple[str, ...] = ()
    pace: tuple[float, ...] = ()
    """Time against what is usual, in the middle of ten parts of their work or fewer, one after the other."""

    @property
    def concerns(self) -> tuple[str, ...]:
        """What a lead should look at."""
        given = self.answered + self.refused
        often = self.refused >= max(_SOME, _OFTEN * given)
        aside = (f"{self.refused} of {given} answers put aside",) if often else ()
        return (*((self.inattentive,) if self.inattentive else ()), *aside, *self.changes)


@dataclass(frozen=True)
class Reliability:
    """Raters by pseudonym, and what was looked at for changes."""

    raters: tuple[Rater, ...]
    drifts: tuple[Drift, ...]


def reliability(inputs: StatusInputs, asks: Asks, returns: Returns, given: Said) -> Reliability:
    """What is known of each rater of the review."""
    hit = _hits(given, inputs.gold, inputs)
    changes = _drifts(asks, returns, given, hit)
    attended = _attended(given, inputs)
    relations = _relations(inputs.people)
    known, pace = _known(given, hit), _pace(asks, returns)
    worked = _worked(returns)
    found = []
    left = Counter(asks.rater[(asks.state == "left").astype(bool)].tolist())
    for name in sorted({*worked, *attended, *left} - {NOBODY}):
        told = {
            **worked.get(name, _IDLE),
            "left": left[name],
            **_share(known.get(name, (0, 0))),
            **_evidence(attended.get(name)),
        }
        words = tuple(drift.words for drift in changes if drift.rater == name and drift.words)
        found.append(Rater(name, relations.get(name, ""), changes=words, pace=pace.get(name, ()), **told))
    return Reliability(tuple(found), changes)


_IDLE: dict[str, Any] = {"answered": 0, "declined": 0, "refused": 0, "median_s": None}


def _worked(returns: Returns) -> dict[str, dict[str, Any]]:
    """Of each rater how many annotations came to what, and the time in the middle."""
    group, names = named(returns.rater)
    known = timed(returns)
    found = {}
    for place, rows in by_group(group):
        verdicts = returns.verdict[rows]
        counts = {name: int((verdicts == of).sum()) for name, of in _VERDICTS.items()}
        spent = returns.spent_s[rows[known[rows]]]
        found[names[place]] = {**counts, "median_s": float(np.median(spent)) if len(spent) else None}
    return found


_VERDICTS = {"answered": "taken", "declined": "declined", "refused": "refused"}


def _hits(given: Said, gold: Mapping[str, Collection[str]], inputs: StatusInputs) -> Floats:
    return right(votes(given.opinions), texts(given.opinions, "sample_id"), gold, inputs.taxonomy)


def _known(given: Said, hit: Floats) -> dict[str, tuple[int, int]]:
    """Of each rater how many known answers were given as they are known, of how many."""
    rows = np.flatnonzero(np.isfinite(hit))
    group, names = named(texts(given.opinions, "rater")[rows])
    return {names[place]: (int(hit[rows[mine]].sum()), len(mine)) for place, mine in by_group(group)}


def _share(found: tuple[int, int]) -> dict[str, Any]:
    from affectory.quality.calibration import wilson

    hits, known = found
    low, high = wilson(hits / max(known, 1), known)
    ends = (float(low), float(high)) if known else (None, None)
    return {"hits": hits, "known": known, "hits_low": ends[0], "hits_high": ends[1]}


def _attended(given: Said, inputs: StatusInputs) -> dict[str, dict[str, Any]]:
    from affectory.quality.raters import rater_report

    gold = pa.table({
        "sample_id": pa.array([*inputs.gold], pa.string()),
        "labels": pa.array([sorted(labels) for labels in inputs.gold.values()], pa.list_(pa.string())),
    })  # fmt: skip
    return {row["rater"]: row for row in rater_report(given.opinions, inputs.taxonomy, gold).to_pylist()}


def _evidence(row: Mapping[str, Any] | None) -> dict[str, Any]:
    if row is None:
        return dict.fromkeys(("agreement", "agreement_of_others", "same_again", "attention")) | {
            "shared": 0,
            "again": 0,
        }
    again = row["again_trials"]
    return {
        **{name: row[name] for name in ("agreement", "agreement_of_others", "shared", "attention")},
        "same_again": 1 - row["again_failed"] / again if again else None,
        "again": int(again),
        "inattentive": row["why"] if row["attention"] < _ASIDE else "",
    }


def _relations(people: pa.Table | None) -> dict[str, str]:
    """The newest of each person."""
    if people is None:
        return {}
    rows = people.select(["person_id", "revision", "relation"]).sort_by("revision").to_pylist()
    return {row["person_id"]: row["relation"] or "" for row in rows}


def _drifts(asks: Asks, returns: Returns, given: Said, hit: Floats) -> tuple[Drift, ...]:
    """Of time by annotation, of known answers and agreement by opinion; each in the order of first answering."""
    group, names = named(returns.rater)
    by_annotation = {"known answers": _spread(hit, given.back, len(returns))}
    fit = comparable(given, asks)
    by_annotation["agreement"] = _spread(_agreeing(given.only(fit), asks), given.back[fit], len(returns))
    figures = {"time": usual(asks, returns), **by_annotation}
    return drifts(group, names, returns.began, figures)


def _agreeing(given: Said, asks: Asks) -> Floats:
    """Of each opinion how far others say the same of the same."""
    asked = pc.struct_field(given.opinions.column("asked").combine_chunks(), "question").to_pylist()
    sample, of = texts(given.opinions, "sample_id"), asks.question[given.ask]
    return alike(votes(given.opinions), codes(of, sample, asked))


def _spread(values: Floats, back: Ints, many: int) -> Floats:
    """Of each annotation the mean of what its opinions have; NaN where they have nothing."""
    known = np.isfinite(values)
    sums, counts = (np.bincount(back[known], w, many) for w in (values[known], np.ones(int(known.sum()))))
    means: Floats = np.divide(sums, counts, out=np.full(many, np.nan), where=counts > 0)
    return means


def _pace(asks: Asks, returns: Returns) -> dict[str, tuple[float, ...]]:
    pace, names = usual(asks, returns), returns.rater
    rows = np.flatnonzero(np.isfinite(pace))
    group, distinct = named(names[rows])
    return {
        distinct[place]: tuple(
            float(np.median(part)) for part in np.array_split(pace[rows[mine]], min(10, len(mine) // 5))
        )
        for place, mine in by_group(group, np.nan_to_num(returns.began[rows]))
        if len(mine) >= 10
    }
