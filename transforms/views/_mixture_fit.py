"""How a mixture of products of Dirichlet distributions is found: by expectation and maximisation."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from affectory.transforms.views._grouping import Floats, Ints
from affectory.transforms.views._mixture import GRAIN, Coded, Mixture, coded, grains, likelihood, responsibilities, sums

_LEAST = 1e-6


@dataclass(frozen=True)
class Search:
    """How it is looked for: all questions together, or each for itself; of several starts the components are kept.

    Each component leans towards the base rates as if by `lean` further items. `near` (answers x answers, rows sum to
    1) says what an answer says of its neighbours: these are what half of the leaning goes to.
    """

    components: int = 24
    lean: float = 5.0
    together: bool = True
    across: float = 1.0
    starts: int = 1
    rounds: int = 100


def fit(
    counts: Floats,
    sizes: tuple[int, ...],
    search: Search | None = None,
    weights: Floats | None = None,
    near: Floats | None = None,
) -> Mixture:
    """The mixture that these items come from; rows of equal counts are one, so that their order does not matter."""
    search, counts = search or Search(), np.asarray(counts, np.float64)
    rows, times = _distinct(grains(counts), np.ones(len(counts)) if weights is None else weights)
    if search.together or len(sizes) == 1:
        return _joined([_Fit(rows, times, sizes, search, near, seed).run() for seed in range(search.starts)])
    return _apart(rows, times, sizes, search, near)


def _apart(rows: Ints, times: Floats, sizes: tuple[int, ...], search: Search, near: Floats | None) -> Mixture:
    """Each question fitted for itself, side by side."""
    parts = []
    ends = np.cumsum([0, *sizes])
    for start, end in pairwise(ends):
        mine = rows[:, start:end]
        within = None if near is None else near[start:end, start:end]
        parts.append(fit(mine / GRAIN, (int(end - start),), search, times, within))
    most = max(len(part.alphas) for part in parts)
    weights = np.full((len(sizes), most), _LEAST)
    alphas = np.ones((most, sum(sizes)))
    for place, (part, start, end) in enumerate(zip(parts, ends[:-1], ends[1:], strict=True)):
        weights[place, : len(part.alphas)] = part.weights[0]
        alphas[: len(part.alphas), start:end] = part.alphas
    return Mixture(sizes, weights / weights.sum(axis=1, keepdims=True), alphas, 0.0)


def _joined(found: list[Mixture]) -> Mixture:
    """The components of all, which is the mean of what each of the mixtures says before anybody is asked."""
    weights = np.concatenate([x.weights for x in found], axis=1) / len(found)
    return Mixture(found[0].sizes, weights, np.concatenate([x.alphas for x in found]), found[0].across)


def _distinct(rows: Ints, weights: Floats) -> tuple[Ints, Floats]:
    """Rows that say something, each once, and how much each weighs."""
    used = (rows.sum(axis=1) > 0) & (weights > 0)
    rows, of = np.unique(rows[used], axis=0, return_inverse=True)
    whole = np.rint(weights[used] * GRAIN)  # whole numbers have one sum whatever their order
    return rows, np.bincount(of, weights=whole, minlength=len(rows)) / GRAIN


class _Fit:
    """The state of one search: `means` of the components side by side and the `strength` of each question."""

    def __init__(
        self, rows: Ints, times: Floats, sizes: tuple[int, ...], search: Search, near: Floats | None, seed: int
    ) -> None:
        self.times, self.sizes, self.search, self.near = times, sizes, search, near
        self.question = np.repeat(np.arange(len(sizes)), sizes)
        self.columns, self.totals = coded(rows), coded(sums(rows, sizes))
        said = (rows * times[:, None]).sum(axis=0) / GRAIN + 1.0
        self.base = said / sums(said, sizes)[self.question]
        self.size = max(1, min(search.components, len(rows)))
        self.weights = np.full(self.size, 1 / self.size)
        self.means = self._begin(rows, seed)
        self.strength = np.full((self.size, len(sizes)), 6.0)
        self.known = (times.sum() + 5) / (times.sum() + 50)

    def _begin(self, rows: Ints, seed: int) -> Floats:
        """Each component begins at an item, drawn by how often its counts occur."""
        if not len(rows):
            return np.asarray(self.base[None])
        rng = np.random.default_rng(seed)
        picked = rows[rng.choice(len(rows), size=self.size, p=self.times / self.times.sum())] / GRAIN
        return np.asarray((picked + self.base) / (sums(picked, self.sizes)[:, self.question] + 1.0))

    def run(self) -> Mixture:
        before = -np.inf
        for turn in range(self.search.rounds):
            mixture = self._mixture()
            logs = likelihood(self.columns, self.totals, mixture, joint=True)[:, 0]
            shares, evidence = responsibilities(logs, self.weights)
            now = float((evidence * self.times).sum())
            if now - before <= 1e-5 * self.times.sum() and turn > 20:
                break
            before = now
            self._learn(shares * self.times[:, None])
        return self._mixture()

    def _mixture(self) -> Mixture:
        alphas = np.maximum(self.means * self.strength[:, self.question], _LEAST)
        weights = np.repeat(self.weights[None], len(self.sizes), axis=0)
        return Mixture(self.sizes, weights, alphas, self.search.across)

    def _learn(self, shares: Floats) -> None:
        self.weights = (shares.sum(axis=0) + 1) / (self.times.sum() + self.size)
        columns, totals = _held(self.columns, shares), _held(self.totals, shares)
        for _ in range(4):
            mixture = self._mixture()
            told = mixture.alphas * _slopes(self.columns, columns, mixture.alphas)
            seen = _slopes(self.totals, totals, mixture.totals)
            # Of few items it is not known how alike they are: then one that is new may be anything.
            self.strength = (sums(told, self.sizes) + self.known) / (seen + 0.02)
            leaned = told + self.search.lean * self._leaning()
            self.means = leaned / sums(leaned, self.sizes)[:, self.question]

    def _leaning(self) -> Floats:
        if self.near is None:
            return np.asarray(self.base)
        return np.asarray(0.5 * self.base + 0.5 * np.einsum("cj,jk->ck", self.means, self.near))


def _held(counts: Coded, shares: Floats) -> Floats:
    """Of each column how much of each of its values each component holds: columns x values x components."""
    columns, values = counts.values.shape
    size = shares.shape[1]
    cells = np.arange(size)
    found = [
        np.bincount((places[:, None] * size + cells).ravel(), weights=shares.ravel(), minlength=values * size)
        for places in counts.places.T
    ]
    return np.asarray(found, np.float64).reshape(columns, values, size)


def _slopes(counts: Coded, held: Floats, alphas: Floats) -> Floats:
    """The derivative of the log likelihood by each parameter, without its sign: components x columns."""
    from scipy.special import digamma

    several = alphas.T[:, None, :]
    return np.asarray((held * (digamma(several + counts.values[:, :, None]) - digamma(several))).sum(axis=1).T)
