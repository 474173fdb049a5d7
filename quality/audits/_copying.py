"""Pairs of raters who say the same more often than what they say beside others can explain.

Two who both see well agree much, and so do two who share a minority's view: neither copies. Two things foretell how
often a pair says the same. What each says where third raters say one thing, as a habit of seeing that otherwise is the
rater's own. And what each says beside third raters, and these beside each other: if nothing but what there is to see
makes them agree, the one follows from the other, whichever name each has for it. Whichever foretells more counts.
"""

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import combinations

import numpy as np

from affectory.quality.audits._chance import Floats, Ints, generator
from affectory.quality.audits._suspects import COPYING, Judgements, Suspect, cells

_FINE = 0.5
"""Where so many of all answers are different ones, saying exactly the same is no matter of seeing well."""
_KINDS = 12
"""So many answers are told apart when third raters foretell: all but the most frequent are one."""
_FAINT, _BLIND = 0.05, 0.15
"""What third raters agree on less than this, of what they say at all, would be noise made large; and who agree on
nothing by more than this see too little for anything to follow."""
_DRAWS, _HIGH = 100, 0.9
_MOST_RATERS = 100
"""Of a sample; of more, those whose names come first are paired."""
Rows = Sequence[tuple[int, int]]


def copied(judgements: Judgements, alike: float, shared: int) -> list[Suspect]:
    """Each pair with enough samples that at least two others judged too, as one suspect under both names."""
    answers = _Answers(judgements)
    return [answers.compared(pair, rows, alike) for pair, rows in answers.pairs(shared)]


class _Answers:
    """Answers by cell (a sample and a question), as small numbers, the most frequent ones first; each rater's first."""

    def __init__(self, judgements: Judgements) -> None:
        rows, self.raters = judgements.rows, judgements.raters
        known = np.flatnonzero(rows["answer"].is_valid().to_numpy())
        place = np.stack([cells(rows)[known], judgements.rater[known]])
        (cell, self.rater), first = np.unique(place, axis=1, return_index=True)
        self.cell: Ints = np.unique(cell, return_inverse=True)[1].astype(np.int64)
        codes = rows["answer"].to_numpy(zero_copy_only=False)[known][first]
        names, answer, often = np.unique(codes, return_inverse=True, return_counts=True)
        self.answer: Ints = np.argsort(np.argsort(-often, kind="stable"), kind="stable")[answer].astype(np.int64)
        self.fine = len(names) > _FINE * len(self.answer)
        self.size = int(self.cell.max(initial=-1)) + 1
        self.starts = np.searchsorted(self.cell, np.arange(self.size + 1))

    def pairs(self, shared: int) -> Iterator[tuple[tuple[int, int], Rows]]:
        """Pairs of raters with the two rows of each cell that they and two others judged."""
        found: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for start, end in zip(self.starts[:-1].tolist(), self.starts[1:].tolist(), strict=True):
            if end - start > 3:
                for a, b in combinations(range(start, min(end, start + _MOST_RATERS)), 2):
                    found.setdefault((int(self.rater[a]), int(self.rater[b])), []).append((a, b))
        yield from ((pair, rows) for pair, rows in sorted(found.items()) if len(rows) >= shared)

    def compared(self, pair: tuple[int, int], rows: Rows, alike: float) -> Suspect:
        """How often they say the same, of what is left beyond what can be foretold."""
        a, b = (self.answer[np.array(side)] for side in zip(*rows, strict=True))
        same, n = int((a == b).sum()), len(a)
        expected = n * _in_common(a, b)
        if not self.fine and same >= alike * n:  # of less nothing can be left that is so much
            expected = max(expected, _by_habit(a, b, self._most(rows)))
        if not self.fine and _left(same, expected, n) >= alike:
            expected = max(expected, n * self._foretold(*pair))
        p = float(f"{math.exp(-n * _divergence(same / n, expected / n)):.6g}") if same > expected else 1.0
        name, other = (self.raters[who] for who in pair)
        why = f"the same as {other} in {same} of {n}, where {expected:.1f} are to be expected"
        left = _left(same, expected, n)
        return Suspect(COPYING, (name, other), max(left, 0.0), n, p, left >= alike, why)

    def _most(self, rows: Rows) -> Ints:
        """What most others say of each sample that both judged; of equals the most frequent answer of all."""
        of = np.array(rows)
        counts, at = self._all[self.cell[of[:, 0]]], np.arange(len(of))
        for side in of.T:
            counts[at, np.minimum(self.answer[side], _KINDS - 1)] -= 1
        return np.asarray(counts.argmax(axis=1), np.int64)

    @cached_property
    def _all(self) -> Floats:
        return self._counted(np.ones(len(self.cell), bool))

    def _foretold(self, *pair: int) -> float:
        """The share of the same answers that follows from what each says beside third raters and these beside each
        other, where what there is to see is all that they have in common: J_ab = J_ac J_cc^-1 J_cb. Of few samples it
        is not known well, so it is the most that may well be, by drawing samples again."""
        counts = self._counted(~np.isin(self.rater, pair))
        used = counts.sum(axis=1) > 0
        a, b = (self._counted(self.rater == who)[used] for who in pair)
        counts = counts[used]
        random = generator("copying", *(self.raters[who] for who in pair))
        draws = random.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), _DRAWS)
        found = [_follows(a, b, counts, weights[:, None].astype(np.float64)) for weights in draws]
        return float(np.clip(np.quantile(found, _HIGH), 0.0, 1.0))

    def _counted(self, rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Floats:
        """Cells x kinds of answers."""
        places = self.cell[rows] * _KINDS + np.minimum(self.answer[rows], _KINDS - 1)
        return np.bincount(places, minlength=self.size * _KINDS).astype(np.float64).reshape(self.size, _KINDS)


def _follows(a: Floats, b: Floats, thirds: Floats, weights: Floats) -> float:
    """How often they say the same; always, where third raters foretell nothing."""
    many = thirds.sum(axis=1, keepdims=True)
    several = np.divide(weights, many * (many - 1), out=np.zeros_like(many), where=many > 1)
    among = (thirds * several).T @ thirds - np.diag((thirds * several).sum(axis=0))
    with_a, with_b = (of.T @ (thirds / many * weights) for of in (a, b))
    if not all(joint.sum() > 0 for joint in (among, with_a, with_b)):
        return 1.0
    values, vectors = np.linalg.eigh((among + among.T) / (2 * among.sum()))
    if values[-2] < _BLIND * values[-1]:
        return 1.0
    kept = values > _FAINT * values[-1]
    inverse = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
    return float(np.trace((with_a / with_a.sum()) @ inverse @ (with_b / with_b.sum()).T))


def _left(same: int, expected: float, n: int) -> float:
    return (same - expected) / max(n - expected, 1e-9)


def _by_habit(a: Ints, b: Ints, block: Ints) -> float:
    """How many would be the same if each said by chance what they say where most others say one thing."""
    _, place, sizes = np.unique(block, return_inverse=True, return_counts=True)
    size = int(max(a.max(), b.max())) + 1
    (mine, my), (yours, your) = (np.unique(place * size + x, return_counts=True) for x in (a, b))
    both, at, of = np.intersect1d(mine, yours, assume_unique=True, return_indices=True)
    return float((my[at] * your[of] / sizes[both // size]).sum())


def _in_common(a: Ints, b: Ints) -> float:
    """How often two say the same who each say what they say by chance."""
    return _by_habit(a, b, np.zeros(len(a), np.int64)) / len(a)


def _divergence(found: float, expected: float) -> float:
    """Of two chances of a hit, in nats: n times this bounds how often chance gives as many hits (Chernoff)."""
    expected = min(max(expected, 1e-9), 1 - 1e-9)
    parts = ((found, expected), (1 - found, 1 - expected))
    return sum(x * math.log(x / y) for x, y in parts if x > 0)
