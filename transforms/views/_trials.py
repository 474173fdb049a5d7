"""Trials of attention: of each its rater, how far it was failed, how probable that is with attention and without."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.views._grouping import Floats, Ints
from affectory.transforms.views._runs import LONG, in_order, in_runs

_SEPARATOR = "\x1f"
_KNOWN_FAILS = 0.1
_AGAIN_COUNT = 10.0
_FAST_FAILS, _FAST_CLICKING, _FAST_HABIT, _HABIT_COUNT = 0.02, 0.5, 5.0, 20
_LEAST_SECONDS = 0.4
_SAME_FAILS, _SAME_CLICKING = 0.01, 0.8
_DECLARED_COUNT = 2.0


@dataclass(frozen=True)
class Trials:
    """`failed` is between 0 and 1, `attending` and `clicking` are the probabilities of a failure; a row stands for as
    many trials as `times`."""

    rater: Ints
    failed: Floats
    attending: Floats
    clicking: Floats
    times: Floats


def _trials(rater: Ints, failed: Floats, attending: Floats, clicking: Floats, times: Floats | None = None) -> Trials:
    """A failure is never less probable without attention: where it would be, the trial says nothing."""
    attending = np.clip(attending, 1e-3, 1 - 1e-3)
    clicking = np.maximum(np.clip(clicking, 1e-3, 1 - 1e-3), attending)
    return Trials(rater, failed, attending, clicking, np.ones(len(rater)) if times is None else times)


def _rows(lists: pa.ChunkedArray) -> Floats:
    flat = pc.list_flatten(lists).to_numpy(zero_copy_only=False)
    return np.asarray(flat.reshape(len(lists), -1) if len(lists) else flat.reshape(0, 0), np.float64)


def _codes(*columns: pa.ChunkedArray) -> Ints:
    joined = pc.binary_join_element_wise(*(column.cast(pa.string()) for column in columns), _SEPARATOR)
    codes = pa.chunked_array(joined).combine_chunks().dictionary_encode().indices
    return np.asarray(codes.to_numpy(), np.int64)


def known_answers(judged: pa.Table, rater: Ints, taxonomy: Taxonomy, gold: pa.Table) -> Trials:
    """Failed where less than half of the vote is on a right label. An answer that others miss too says little."""
    place = pc.index_in(judged.column("sample_id"), value_set=gold.column("sample_id").combine_chunks())
    votes = _rows(judged.column("votes"))
    rows = np.flatnonzero(pc.is_valid(place).to_numpy() & ~np.isnan(votes).all(axis=1))
    item = place.to_numpy(zero_copy_only=False)[rows].astype(np.int64)
    right = np.zeros((gold.num_rows, len(taxonomy.labels)), dtype=bool)
    for row, labels in enumerate(gold.column("labels").to_pylist()):
        meant = [taxonomy.resolve(label) for label in labels]
        right[row, [taxonomy.index(label) for label in meant if label is not None]] = True
    hit = np.nansum(np.where(right[item], votes[rows], 0.0), axis=1)
    failed = (hit < 0.5 - 1e-9).astype(np.float64)
    asked = ~np.isnan(votes[rows])
    chance = (right[item] & asked).sum(axis=1) / np.maximum(asked.sum(axis=1), 1)
    missed, tried = (np.bincount(item, weights=w, minlength=gold.num_rows) for w in (failed, np.ones(len(failed))))
    others, of = missed[item] - failed, tried[item] - 1
    usual = (others + _KNOWN_FAILS * _DECLARED_COUNT) / (of + _DECLARED_COUNT)
    return _trials(rater[rows], failed, usual, 1 - chance)


def judged_again(judged: pa.Table, rater: Ints) -> Trials:
    """Failed as far as a rater says otherwise of the same sample. Without attention answers are as far apart as the
    rater's own about different samples. Words, rankings and traces are not compared."""
    answered = pc.is_valid(judged.column("answer"))
    judged, rater = judged.filter(answered), rater[answered.to_numpy()]
    pair = _codes(judged.column("rater"), judged.column("sample_id"), judged.column("question"))
    order = np.lexsort((np.arange(len(pair)), pair))
    same = np.flatnonzero(pair[order][1:] == pair[order][:-1])
    apart = _apart(judged, order[same], order[same + 1])
    others = _codes(judged.column("rater"), judged.column("question"))
    row = np.lexsort((np.arange(len(pair)), others))
    mixed = np.flatnonzero((others[row][1:] == others[row][:-1]) & (pair[row][1:] != pair[row][:-1]))
    by_chance = _apart(judged, row[mixed], row[mixed + 1])
    whole = by_chance.mean() if len(by_chance) else 0.5
    n = int(rater.max(initial=-1)) + 1
    sums, counts = (np.bincount(rater[row[mixed]], weights=w, minlength=n) for w in (by_chance, np.ones(len(mixed))))
    own = (sums + whole * _AGAIN_COUNT) / (counts + _AGAIN_COUNT)
    who = rater[order[same]]
    usual = _usual(who, apart, float(whole) / 2)
    return _trials(who, apart, np.full(len(who), usual), own[who])


def _apart(judged: pa.Table, one: Ints, two: Ints) -> Floats:
    """0 for the same answer: by votes, else by place in VAD, else by the answer's number."""
    answers = judged.column("answer").to_numpy()
    found = np.where(answers[one] == answers[two], 0.0, 1.0)
    vad, votes = (_rows(judged.column(name)) for name in ("vad", "votes"))
    far = np.abs(vad[one] - vad[two])
    known = ~np.isnan(far)
    in_vad = np.nansum(far, axis=1) / np.maximum(known.sum(axis=1), 1) / 2
    found = np.where(known.any(axis=1), in_vad, found)
    both = (~np.isnan(votes[one])).any(axis=1) & (~np.isnan(votes[two])).any(axis=1)
    shared = np.nan_to_num(np.minimum(votes[one], votes[two])).sum(axis=1)
    return np.asarray(np.clip(np.where(both, 1 - shared, found), 0.0, 1.0))


def fast(judged: pa.Table, rater: Ints, floors: Mapping[str, float]) -> Trials:
    """Failed where nobody could have judged, or where the rater took a fifth of their usual time. Pauses are none."""
    spent = judged.column("spent_s").to_numpy(zero_copy_only=False).astype(np.float64)
    rows = np.flatnonzero(np.isfinite(spent) & (spent > 0))
    seen = judged.column("seen").combine_chunks().dictionary_encode()
    floor = np.array([max(floors.get(x, _LEAST_SECONDS) for x in s.split("+")) for s in seen.dictionary.to_pylist()])
    least = np.maximum(floor[seen.indices.to_numpy()[rows]], _habit(spent[rows], rater[rows]) / _FAST_HABIT)
    failed = (spent[rows] < least).astype(np.float64)
    usual = max(_FAST_FAILS, _usual(rater[rows], failed, _FAST_FAILS))
    return _counted(rater[rows], failed, usual, _FAST_CLICKING)


def _habit(spent: Floats, rater: Ints) -> Floats:
    """Of each judgement the median time of its rater, 0 where there are too few."""
    order = np.lexsort((spent, rater))
    who, first, many = np.unique(rater[order], return_index=True, return_counts=True)
    middle = spent[order][first + (many - 1) // 2]
    known = np.zeros(int(rater.max(initial=-1)) + 1)
    known[who] = np.where(many >= _HABIT_COUNT, middle, 0.0)
    return np.asarray(known[rater])


def _counted(rater: Ints, failed: Floats, attending: float, clicking: float) -> Trials:
    """Trials that are all alike: two rows for each rater."""
    n = int(rater.max(initial=-1)) + 1
    counts, sums = (np.bincount(rater, weights=w, minlength=n) for w in (np.ones(len(rater)), failed))
    who = np.flatnonzero(counts)
    times = np.concatenate([sums[who], (counts - sums)[who]])
    outcome = np.repeat([1.0, 0.0], len(who))
    return _trials(np.tile(who, 2), outcome, np.full(len(times), attending), np.full(len(times), clicking), times)


def _usual(rater: Ints, failed: Floats, declared: float) -> float:
    """How often an attentive rater fails: as often as the middle one of all, since what everybody does is no failure.
    What was declared counts as two raters."""
    counts, sums = (np.bincount(rater, weights=w) for w in (np.ones(len(rater)), failed))
    rates = np.sort(sums[counts > 0] / counts[counts > 0])
    middle = float(rates[(len(rates) - 1) // 2]) if len(rates) else 0.0
    return (middle * len(rates) + declared * _DECLARED_COUNT) / (len(rates) + _DECLARED_COUNT)


def same_again(judged: pa.Table, rater: Ints) -> Trials:
    """Failed within a run of one whole answer, or of one pattern on forms of different order, that is too long for how
    often the answer is given. Where the order of judging is unknown, only one answer throughout is such a run."""
    by_answer = in_runs(judged, rater, "answer")
    orders = _codes(judged.column("rater"), judged.column("offer").cast(pa.string()).fill_null(""))
    n = int(rater.max(initial=-1)) + 1
    various = np.bincount(rater[np.unique(orders, return_index=True)[1]], minlength=n)[rater] > 1
    failed = by_answer | (in_runs(judged, rater, "spots") & various)
    enough = np.bincount(rater, minlength=n)[rater] >= LONG
    rows = np.flatnonzero(enough & pc.is_valid(judged.column("answer")).to_numpy())
    usual = max(_SAME_FAILS, _usual(rater[rows], failed[rows].astype(np.float64), _SAME_FAILS))
    rows = rows[failed[rows] | in_order(judged, rater)[rater[rows]]]
    return _counted(rater[rows], failed[rows].astype(np.float64), usual, _SAME_CLICKING)
