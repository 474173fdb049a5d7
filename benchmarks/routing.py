"""Which ratings to ask for: by expected gain, by entropy, at random; what further raters say, foretold at each budget.

    .venv/bin/python benchmarks/routing.py                  # 5 seeds; CREMA-D takes minutes a seed
    .venv/bin/python benchmarks/routing.py --seeds 2 --sets FER+

Of each item (of each of its modalities) some votes are held out and two (of HS-Brexit one) are seen at first. Further
ones come in batches of 1 % of the items, each where the routing wants it; an item without votes left is not asked.
Foretold is the mean cross-entropy of the held-out votes, in nats. `once` is a mixture of 12 Dirichlets fitted to the
votes seen at first; `ours` is what the `bayes` view learns, also from the other modalities of a clip, and learns again
as votes come in. The shares are of the ratings that random routing needs for the same cross-entropy: random routing
with the same model, and random routing with the mixture fitted once. Errors are standard errors over seeds.
"""

import argparse
import json
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from _votes import SETS, Floats, Ints, Votes

from affectory.quality.routing import routing_scores, take_best
from affectory.transforms.views._bayes_choice import Told
from affectory.transforms.views._bayes_model import learn
from affectory.transforms.views._confidence import fit_isotonic
from affectory.transforms.views._mixture import Mixture, sums
from affectory.transforms.views._mixture_fit import Search, fit

LEVELS = (0.3, 0.5, 1.0)
BUDGETS = np.arange(21) / 20
LEARN_AGAIN = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.85)
SPLITS = {"FER+": (2, 5), "CREMA-D": (2, 5), "BRIGHTER arq": (2, 3), "HS-Brexit": (1, 3)}
"""Votes seen at first and held out; BRIGHTER arq and HS-Brexit have too few to hold out five."""
KNOWN = {
    "FER+": {"entropy": (77, 65, 62), "gain": (56, 51, 49)},
    "CREMA-D": {"entropy": (82, 81, 96), "gain": (60, 68, 88)},
}
ONCE, OURS = "once", "ours"
ROUTINGS = ("random", "entropy", "gain")


@dataclass(frozen=True)
class Game:
    """Counts seen and held out (rows x answers), and of each row and ask the votes that can still be had, in order.

    `first` are the votes seen at first, `row` says of each vote which row it is about.
    """

    sizes: tuple[int, ...]
    seen: Floats
    held: Floats
    pool: Ints
    said: Floats
    row: Ints
    rater: Ints
    first: Ints

    @property
    def units(self) -> int:
        """How many asks there are: budgets are per ask."""
        asked = sums(self.held, self.sizes) > 0
        return int(asked.sum() if self.pool.shape[1] > 1 else asked.any(axis=1).sum())

    def learned(self, system: str, asked: list[Ints]) -> Mixture:
        """From the votes seen at first and those asked for since."""
        rows = np.sort(np.concatenate([self.first, *asked]))
        told = Told(len(self.seen), self.row[rows], self.rater[rows], self.said[rows])
        return (
            learn(told, self.sizes, 0).mixture if system == OURS else fit(self.seen, self.sizes, Search(12, 0.1, False))
        )

    def scores(self, mixture: Mixture, counts: Floats, by: str, rng: np.random.Generator) -> Floats:
        """Rows x asks; where one vote answers all questions, the sum over them."""
        if by == "random":
            return rng.random((len(counts), self.pool.shape[1]))
        scores = routing_scores(mixture, counts, "gain" if by == "gain" else "entropy")[:, :, 0]
        return scores if self.pool.shape[1] > 1 else scores.sum(axis=1, keepdims=True)

    def loss(self, mixture: Mixture, counts: Floats) -> float:
        rows, of = np.unique(counts, axis=0, return_inverse=True)
        foretold = mixture.posterior(rows).mean()[of.ravel()]
        return float(-(self.held * np.log(np.maximum(foretold, 1e-12))).sum() / self.held.sum())


def game(votes: Votes, seed: int, apart: bool) -> Game:
    """One split; `apart` makes each modality an item of its own."""
    blocks = int(votes.block.max(initial=0)) + 1
    unit = votes.item * blocks + votes.block
    seen, held = SPLITS[votes.name]
    order = np.lexsort((np.random.default_rng(seed).random(len(unit)), unit))
    each = np.bincount(unit)
    place = np.arange(len(unit)) - (np.cumsum(each) - each)[unit[order]]
    enough = each[unit[order]] >= seen + held
    order, place = order[enough], place[enough]
    apart = apart and blocks > 1
    said = votes.said().reshape(len(unit), blocks, -1).sum(axis=1) if apart else votes.said()
    row = np.full(len(unit), -1)
    row[order] = np.unique((unit if apart else votes.item)[order], return_inverse=True)[1]
    asks = np.zeros(len(unit), dtype=int) if apart else votes.block
    counts = np.zeros((2, row.max() + 1, said.shape[1]))
    np.add.at(counts[0], row[order[place < seen]], said[order[place < seen]])
    hidden = order[(place >= seen) & (place < seen + held)]
    np.add.at(counts[1], row[hidden], said[hidden])
    pool = np.full((len(counts[0]), 1 if apart else blocks, int(each.max()) - seen - held + 1), -1)
    later = order[place >= seen + held]
    pool[row[later], asks[later], place[place >= seen + held] - seen - held] = later
    sizes = votes.sizes[:1] if apart else votes.sizes
    return Game(sizes, *counts, pool, said, row, votes.rater, order[place < seen])


def played(play: Game, system: str, by: str, seed: int) -> list[float]:
    """The loss at each budget."""
    rng, counts, losses = np.random.default_rng(seed), play.seen.copy(), []
    used, whole, due = np.zeros(play.pool.shape[:2], dtype=int), play.units, list(LEARN_AGAIN if system == OURS else ())
    asked: list[Ints] = []
    mixture = play.learned(system, asked)
    scores = play.scores(mixture, counts, by, rng)
    for budget in BUDGETS:
        while (spent := int(used.sum())) < round(budget * whole):
            if due and spent >= due[0] * whole:
                mixture, due = play.learned(system, asked), due[1:]
                scores = play.scores(mixture, counts, by, rng)
            left = np.minimum((play.pool >= 0).sum(axis=2) - used, 1)
            batch = min(max(1, whole // 100), round(budget * whole) - spent)
            rows, asks = np.nonzero(take_best(scores[:, :, None], left, batch))
            if not len(rows):
                break
            asked.append(play.pool[rows, asks, used[rows, asks]])
            np.add.at(counts, rows, play.said[asked[-1]])
            used[rows, asks] += 1
            changed = np.unique(rows) if by != "random" else np.arange(len(counts))
            scores[changed] = play.scores(mixture, counts[changed], by, rng)
        losses.append(play.loss(mixture, counts))
    return losses


def _job(job: tuple[str, str, str, int]) -> list[float]:
    name, system, by, seed = job
    return played(game(SETS[name](), seed, system == ONCE), system, by, seed)


def needed(curve: Floats, level: float) -> float:
    """The budget at which a curve comes down to a level, between two of those tried; NaN where it does not."""
    below = np.flatnonzero(curve <= level + 1e-12)
    if not len(below):
        return float("nan")
    place = max(int(below[0]), 1)
    part = (curve[place - 1] - level) / max(curve[place - 1] - curve[place], 1e-12)
    return float(BUDGETS[place - 1] + np.clip(part, 0, 1) * (BUDGETS[place] - BUDGETS[place - 1]))


def smooth(curves: Floats) -> Floats:
    """The mean over seeds, which more votes make fall but for chance."""
    return -np.asarray(fit_isotonic(BUDGETS, -curves.mean(axis=0)).values)


def shares(curves: Floats, random: Floats) -> list[tuple[float, float]]:
    """Per cent of random routing's ratings at each level, of mean curves; standard errors by leaving out one seed."""
    places = [int(np.argmin(np.abs(BUDGETS - level))) for level in LEVELS]

    def found(seeds: Ints) -> Floats:
        ours, theirs = smooth(curves[seeds]), smooth(random[seeds])
        return np.array([100 * needed(ours, theirs[p]) / BUDGETS[p] for p in places])

    every = np.arange(len(curves))
    left_out = np.array([found(every[every != seed]) for seed in every if len(every) > 1] or [[np.nan] * len(LEVELS)])
    error = np.sqrt((len(every) - 1) * left_out.var(axis=0))
    return list(zip(found(every).tolist(), error.tolist(), strict=True))


def show(name: str, curves: dict[str, Floats]) -> None:
    """A block of the table: cross-entropies at 0 and at each level, and shares of random routing's ratings."""
    heads = "  ".join(f"{level:<6}" for level in (0, *LEVELS))
    print(f"\n{name:<24}{heads}      {'% of random, same model':<26}% of random, once")
    for key, found in curves.items():
        system = key.split()[0]
        mean = found.mean(axis=0)
        values = "  ".join(f"{mean[int(np.argmin(np.abs(BUDGETS - x)))]:.4f}" for x in (0, *LEVELS))
        columns = [_text(shares(found, curves[f"{other} random"])) for other in (system, ONCE)]
        print(f"{key:<24}{values}      {columns[0]:<26}{columns[1]}")
    for by, known in KNOWN.get(name, {}).items():
        print(f"{f'known, {by}':<60}{_text([(x, float('nan')) for x in known])}")


def _text(shares: list[tuple[float, float]]) -> str:
    return " ".join(f"{mean:3.0f}{'' if np.isnan(error) else f' ±{error:.0f}':<5}" for mean, error in shares)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=list(SPLITS), default=list(SPLITS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", type=Path, help="also write all curves here")
    asked = parser.parse_args()
    start, everything = time.perf_counter(), {}
    with ProcessPoolExecutor(asked.processes, get_context("spawn")) as pool:
        for name in asked.sets:
            jobs = [(name, s, by, seed) for s in (ONCE, OURS) for by in ROUTINGS for seed in range(asked.seeds)]
            found = np.array(list(pool.map(_job, jobs))).reshape(-1, asked.seeds, len(BUDGETS))
            curves = dict(zip((f"{s} {by}" for s in (ONCE, OURS) for by in ROUTINGS), found, strict=True))
            everything[name] = {key: curve.tolist() for key, curve in curves.items()}
            show(name, curves)
            print(end="", flush=True)
    print(f"\n{time.perf_counter() - start:.0f} s, {asked.seeds} seeds")
    if asked.json:
        asked.json.write_text(json.dumps({"budgets": BUDGETS.tolist(), "curves": everything}))


if __name__ == "__main__":
    main()
