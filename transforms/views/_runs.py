"""Which judgements lie in runs of one answer that are too long to be honest."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.transforms.views._grouping import Floats, Ints

LONG = 8
_ODD, _COUNT, _LEAST = 1e-5, 5.0, 0.05
Marks = NDArray[np.bool_]


def in_runs(judged: pa.Table, rater: Ints, column: str) -> Marks:
    """A run is too long where the chance that a rater has it, given how often its answer is given and repeated by
    themselves elsewhere and by others, is below 1 in 100,000. Where the order of judging is unknown, only one answer
    throughout is a run."""
    sequence = _sequence(judged, rater, column)
    runs = _Runs.of(sequence)
    long = (runs.length >= LONG) & (sequence.ordered[runs.rater] | (runs.length == sequence.sizes[runs.rater]))
    odd = (runs.length - 1) * np.log(_chance(sequence, runs)) + np.log(sequence.sizes[runs.rater]) < np.log(_ODD)
    found = np.zeros(judged.num_rows, dtype=bool)
    found[sequence.rows] = (long & odd)[runs.run]
    return found


@dataclass(frozen=True)
class _Sequence:
    """Judgements in the order in which they were made, rater by rater. `answer` and `pair` (of rater and answer) are
    small numbers for each; `ordered` and `sizes` are of each rater."""

    rows: Ints
    rater: Ints
    answer: Ints
    pair: Ints
    ordered: Marks
    sizes: Ints


def _sequence(judged: pa.Table, rater: Ints, column: str) -> _Sequence:
    n = int(rater.max(initial=-1)) + 1
    known = np.flatnonzero(pc.is_valid(judged.column(column)).to_numpy())
    places = judged.column("position")
    missing = np.bincount(rater, weights=~pc.is_valid(places).to_numpy(), minlength=n)
    rows = known[np.lexsort((known, pc.fill_null(places, 0).to_numpy()[known], rater[known]))]
    answer = np.unique(judged.column(column).take(pa.array(rows)).to_numpy(), return_inverse=True)[1].astype(np.int64)
    who = rater[rows]
    pair = np.unique(who * (answer.max(initial=-1) + 1) + answer, return_inverse=True)[1].astype(np.int64)
    return _Sequence(rows, who, answer, pair, missing == 0, np.bincount(who, minlength=n).astype(np.int64))


@dataclass(frozen=True)
class _Runs:
    """Of each judgement its run; of each run where it begins, its rater and length."""

    run: Ints
    first: Ints
    rater: Ints
    length: Ints

    @classmethod
    def of(cls, sequence: _Sequence) -> "_Runs":
        begins = np.ones(len(sequence.rows), dtype=bool)
        begins[1:] = sequence.pair[1:] != sequence.pair[:-1]
        run, first = np.cumsum(begins) - 1, np.flatnonzero(begins)
        return cls(run, first, sequence.rater[first], np.bincount(run).astype(np.int64))


def _chance(sequence: _Sequence, runs: _Runs) -> Floats:
    """Of each run the chance that its answer comes once more: by how often its rater gives it outside of the run and
    others give it, or by how often others repeat it, whichever is more."""
    every = np.arange(len(sequence.rows))
    own, others, rest = _counts(sequence, runs, every, np.ones(len(every)))
    share = np.where(rest > 0, others / np.maximum(rest, 1), 0.5)
    elsewhere = (own - runs.length + _COUNT * share) / (sequence.sizes[runs.rater] - runs.length + _COUNT)
    follows = (sequence.rater[1:] == sequence.rater[:-1]) & sequence.ordered[sequence.rater[1:]]
    before = np.flatnonzero(follows)
    again = (sequence.pair[1:] == sequence.pair[:-1])[before].astype(np.float64)
    repeated = _counts(sequence, runs, before, again)[1]
    followed = _counts(sequence, runs, before, np.ones(len(before)))[1]
    repeats = (repeated + _COUNT * share) / (followed + _COUNT)
    return np.asarray(np.clip(np.maximum(elsewhere, repeats), _LEAST, 1.0))


def _counts(sequence: _Sequence, runs: _Runs, rows: Ints, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """For each run, of some judgements: its rater's with its answer, those of others with it, all of others."""
    pair, answer, rater = sequence.pair, sequence.answer, sequence.rater
    sums = [
        np.bincount(of[rows], weights=weights, minlength=int(of.max(initial=-1)) + 1)[of[runs.first]]
        for of in (pair, answer, rater)
    ]
    return sums[0], sums[1] - sums[0], weights.sum() - sums[2]
