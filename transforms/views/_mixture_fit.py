"""How a mixture of products of Dirichlet distributions is found: by expectation and maximisation."""

from dataclasses import dataclass

import numpy as np

from affectory.transforms.views._grouping import Floats, Ints
from affectory.transforms.views._mixture import GRAIN, Coded, Mixture, coded, grains, likelihood, responsibilities, sums

_LEAST = 1e-6


@dataclass(frozen=True)
class Search:
    """How it is looked for. A component leans towards the base rates as if by `lean` further items."""

    components: int = 24
    lean: float = 2.0
    rounds: int = 100
    seed: int = 0


def fit(counts: Floats, sizes: tuple[int, ...], search: Search = Search(), weights: Floats | None = None) -> Mixture:
    """The mixture that these items come from; rows of equal counts are one, so that their order does not matter."""
    rows, times = _distinct(grains(counts), np.ones(len(counts)) if weights is None else weights)
    base = _base(rows, times, sizes)
    if not len(rows):
        return Mixture(sizes, np.ones(1), base[None] * np.repeat(sizes, sizes))
    return _Fit(rows, times, sizes, base, search).run()


def _distinct(rows: Ints, weights: Floats) -> tuple[Ints, Floats]:
    """Rows that say something, each once, and how much each weighs."""
    used = (rows.sum(axis=1) > 0) & (weights > 0)
    rows, of = np.unique(rows[used], axis=0, return_inverse=True)
    whole = np.rint(weights[used] * GRAIN)  # whole numbers have one sum whatever their order
    return rows, np.bincount(of, weights=whole, minlength=len(rows)) / GRAIN


def _base(rows: Ints, times: Floats, sizes: tuple[int, ...]) -> Floats:
    """Base rates of the answers of each question; those of a question nobody answered are equal."""
    said = (rows * times[:, None]).sum(axis=0) / GRAIN + 1.0
    return np.asarray(said / np.repeat(sums(said, sizes), sizes))


class _Fit:
    """The state of one search: `means` of the components side by side and the `strength` of each question."""

    def __init__(self, rows: Ints, times: Floats, sizes: tuple[int, ...], base: Floats, search: Search) -> None:
        self.times, self.sizes, self.base, self.search = times, sizes, base, search
        self.question = np.repeat(np.arange(len(sizes)), sizes)
        self.columns, self.totals = coded(rows), coded(sums(rows, sizes))
        self.size = min(search.components, len(rows))
        self.weights = np.full(self.size, 1 / self.size)
        self.means = self._begin(rows)
        self.strength = np.full((self.size, len(sizes)), 6.0)

    def _begin(self, rows: Ints) -> Floats:
        """Each component begins at an item, drawn by how often its counts occur."""
        rng = np.random.default_rng(self.search.seed)
        picked = rows[rng.choice(len(rows), size=self.size, p=self.times / self.times.sum())] / GRAIN
        return np.asarray((picked + self.base) / (sums(picked, self.sizes)[:, self.question] + 1.0))

    def run(self) -> Mixture:
        before = -np.inf
        for turn in range(self.search.rounds):
            mixture = self._mixture()
            logs = likelihood(self.columns, self.totals, mixture.alphas, mixture.totals)
            shares, evidence = responsibilities(logs, self.weights)
            now = float((evidence * self.times).sum())
            if now - before < 1e-5 * self.times.sum() and turn > 20:
                break
            before = now
            self._learn(shares * self.times[:, None])
        return self._mixture()

    def _mixture(self) -> Mixture:
        alphas = np.maximum(self.means * self.strength[:, self.question], _LEAST)
        return Mixture(self.sizes, self.weights, alphas)

    def _learn(self, shares: Floats) -> None:
        self.weights = (shares.sum(axis=0) + 1) / (self.times.sum() + self.size)
        columns, totals = _held(self.columns, shares), _held(self.totals, shares)
        for _ in range(4):
            mixture = self._mixture()
            told = mixture.alphas * _slopes(self.columns, columns, mixture.alphas)
            seen = _slopes(self.totals, totals, mixture.totals)
            self.strength = (sums(told, self.sizes) + 1.0) / (seen + 0.2)
            leaned = told + self.search.lean * self.base
            self.means = leaned / sums(leaned, self.sizes)[:, self.question]


def _held(columns: list[Coded], shares: Floats) -> list[Floats]:
    """Of each column how much of each of its values each component holds."""
    return [
        np.stack([np.bincount(x.places, weights=share, minlength=len(x.values)) for share in shares.T], axis=1)
        for x in columns
    ]


def _slopes(columns: list[Coded], held: list[Floats], alphas: Floats) -> Floats:
    """The derivative of the log likelihood by each parameter, without its sign: components x columns."""
    from scipy.special import digamma

    found = [
        (much * (digamma(alpha + x.values[:, None]) - digamma(alpha))).sum(axis=0)
        for x, much, alpha in zip(columns, held, alphas.T, strict=True)
    ]
    return np.stack(found, axis=1)
