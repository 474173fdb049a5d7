"""Which judgements lie in runs of one answer that are too long to be honest."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.transforms.views._grouping import Floats, Ints

LONG = 8
_ODD, _COUNT, _LEAST = 1e-5, 5.0, 0.05
Marks = NDArray[np.bool_]


def in_runs(judged: pa.Table, rater: Ints, column: str) -> Marks:
    """A run is too long where the chance that a rater has it, given how often they give the answer elsewhere, how far
    raters repeat themselves and how alike its samples are to others, is below 1 in 100,000. Where the order of judging
    is unknown, only one answer throughout is a run."""
    sequence = _sequence(judged, rater, column)
    runs = _Runs.of(sequence)
    size = sequence.sizes[runs.rater]
    long = (runs.length >= LONG) & (sequence.ordered[runs.rater] | (runs.length == size))
    chance = _chance(sequence, runs)
    for run in np.flatnonzero(long & _odd(chance, runs.length, size)):
        chance[run] = max(chance[run], _alike(sequence, runs, run))
    found = np.zeros(judged.num_rows, dtype=bool)
    found[sequence.rows] = (long & _odd(chance, runs.length, size))[runs.run]
    return found


def _odd(chance: Floats, length: Ints, size: Ints) -> Marks:
    return np.asarray((length - 1) * np.log(chance) + np.log(np.maximum(size, 1)) < np.log(_ODD))


def in_order(judged: pa.Table, rater: Ints) -> Marks:
    """Of each rater whether it is known in which order they judged."""
    missing = ~pc.is_valid(judged.column("position")).to_numpy()
    return np.asarray(np.bincount(rater, weights=missing, minlength=int(rater.max(initial=-1)) + 1) == 0)


@dataclass(frozen=True)
class _Sequence:
    """Judgements in the order in which they were made, rater by rater. `answer`, `pair` (of rater and answer) and
    `sample` are small numbers for each; `ordered` and `sizes` are of each rater."""

    rows: Ints
    rater: Ints
    answer: Ints
    pair: Ints
    sample: Ints
    ordered: Marks
    sizes: Ints

    @cached_property
    def _by_sample(self) -> tuple[Ints, Ints]:
        order = np.argsort(self.sample, kind="stable")
        return order, self.sample[order]

    def of_sample(self, sample: int) -> Ints:
        """The judgements of a sample."""
        order, samples = self._by_sample
        return order[np.searchsorted(samples, sample) : np.searchsorted(samples, sample, "right")]


def _sequence(judged: pa.Table, rater: Ints, column: str) -> _Sequence:
    n = int(rater.max(initial=-1)) + 1
    known = np.flatnonzero(pc.is_valid(judged.column(column)).to_numpy())
    rows = known[np.lexsort((known, pc.fill_null(judged.column("position"), 0).to_numpy()[known], rater[known]))]
    answer = np.unique(judged.column(column).take(pa.array(rows)).to_numpy(), return_inverse=True)[1].astype(np.int64)
    who = rater[rows]
    pair = np.unique(who * (answer.max(initial=-1) + 1) + answer, return_inverse=True)[1].astype(np.int64)
    samples = judged.column("sample_id").combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    return _Sequence(
        rows, who, answer, pair, samples[rows], in_order(judged, rater), np.bincount(who, minlength=n).astype(np.int64)
    )


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


def _alike(sequence: _Sequence, runs: _Runs, run: int) -> float:
    """Of what others answered to the samples of a run the share of one answer, whichever it is."""
    begin = runs.first[run]
    samples = np.unique(sequence.sample[begin : begin + runs.length[run]])
    of = np.concatenate([sequence.of_sample(sample) for sample in samples])
    others = sequence.answer[of[sequence.rater[of] != runs.rater[run]]]
    return float(np.bincount(others).max() / len(others)) if len(others) >= LONG else 0.0


def _chance(sequence: _Sequence, runs: _Runs) -> Floats:
    """Of each run the chance that its answer comes once more: by how often its rater gives it outside of the run, by
    how often the middle rater gives their most frequent answer, or repeats any, whichever is more. Which answer it is
    does not matter: a rater is not odd for an answer that others seldom give."""
    given = np.bincount(sequence.pair).astype(np.float64)
    often = np.zeros(len(sequence.sizes))
    np.maximum.at(often, sequence.rater, given[sequence.pair])
    usual = _middle(often, sequence.sizes, sequence.sizes >= LONG)
    outside, elsewhere = given[sequence.pair[runs.first]] - runs.length, sequence.sizes[runs.rater] - runs.length
    own = (outside + _COUNT * usual) / (elsewhere + _COUNT)
    after = np.flatnonzero(sequence.rater[1:] == sequence.rater[:-1])
    same = (sequence.pair[1:] == sequence.pair[:-1])[after].astype(np.float64)
    repeats = np.bincount(sequence.rater[after], weights=same, minlength=len(often)).astype(np.float64)
    repeated = _middle(repeats, sequence.sizes - 1, sequence.ordered & (sequence.sizes >= LONG))
    return np.asarray(np.clip(np.maximum(own, repeated), _LEAST, 1.0))


def _middle(counts: Floats, whole: Ints, raters: Marks) -> float:
    """The share of the middle one of these raters; a half where there is none."""
    shares = np.sort(counts[raters] / whole[raters])
    return float(shares[(len(shares) - 1) // 2]) if len(shares) else 0.5
