"""From a few raters of each item, what will the others say? Six sets with many raters an item, some of them hidden.

    .venv/bin/python benchmarks/unseen_raters.py            # 20 seeds: 10 to 20 minutes on two cores
    .venv/bin/python benchmarks/unseen_raters.py --seeds 2 --sets FER+ CREMA-D

For each seed k = 2, 3, 5 votes of each item (CREMA-D: of each modality of a clip) are drawn and seen; nothing else is.
The number is the cross-entropy in nats of the votes that were not drawn: of each vote the mean over the questions that
it answers (labels, scales), then the mean over the votes of an item, then over items. "floor" is what a method that
knows the distribution of the hidden votes has. Two rows choose their constant by the hidden votes: no real method can.
"""

import argparse
import json
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from _votes import SETS, Floats, Votes, intended, split

from affectory.transforms.views._bayes_choice import Told, crossed
from affectory.transforms.views._bayes_model import learn
from affectory.transforms.views._bayes_tilts import leaning
from affectory.transforms.views._mixture import sums
from affectory.transforms.views._mixture_fit import Search, fit
from affectory.transforms.views._rater_models import RaterFit, fit_dawid_skene, fit_mace

SEEN = (2, 3, 5)
OURS, FLOOR = "ours", "floor"
CONSTANTS = np.geomspace(0.02, 60, 50)


def measured(name: str, seen: int, seed: int) -> dict[str, float]:
    """Of one set and draw the mean cross-entropy of each method."""
    votes = SETS[name]()
    given, hidden = split(votes, seen, seed)
    unit = hidden.item * (hidden.block.max(initial=0) + 1) + hidden.block
    weight = 1 / np.bincount(unit)[unit]
    said, weight = hidden.said(), weight / weight.sum()
    found = {}

    def score(method: str, foretold: Floats) -> None:
        """`foretold` has a row for each item, or for each hidden vote."""
        rows = foretold if len(foretold) == len(said) else foretold[hidden.item]
        found[method] = float((crossed(rows, said, votes.sizes) * weight).sum())

    counts = given.counts()
    _smoothed(votes, counts, score, found)
    for method, components in (("one Dirichlet a question", 1), ("12 Dirichlets a question", 12)):
        score(method, fit(counts, votes.sizes, Search(components, 0.1, False)).posterior(counts).mean())
    for method, model in (("Dawid-Skene", fit_dawid_skene), ("MACE", fit_mace)):
        if votes.raters:
            score(method, _one_truth(given, model))
    _ours(votes, given, hidden, score)
    score(FLOOR, _shares(hidden.counts(), 0.0, votes.sizes))
    return found


def _smoothed(votes: Votes, counts: Floats, score: Callable[[str, Floats], None], found: dict[str, float]) -> None:
    """Vote share towards equal shares and towards base rates, each with the constant that turns out best."""
    rates = _shares(counts.sum(axis=0)[None], 1e-9, votes.sizes)
    even = np.repeat(1 / np.array(votes.sizes), votes.sizes)[None]
    for method, towards in (("vote share, best constant", even), ("towards base rates, best", rates)):
        tried = []
        for constant in CONSTANTS:
            score(method, _shares(counts + constant * towards, 0.0, votes.sizes))
            tried.append(found[method])
        found[method] = min(tried)


def _shares(counts: Floats, add: float, sizes: tuple[int, ...]) -> Floats:
    counts = counts + add
    return np.asarray(counts / np.maximum(np.repeat(sums(counts, sizes), sizes, axis=1), 1e-12))


def _one_truth(given: Votes, model: Callable[..., RaterFit]) -> Floats:
    """What a model with one true answer expects of a rater it has not met, question by question."""
    parts = []
    for answers, size in zip(given.answers.T, given.sizes, strict=True):
        rows = np.flatnonzero(answers >= 0)
        told = (given.item[rows], given.rater[rows], answers[rows], np.ones(len(rows)))
        parts.append(model(*told, given.items, given.raters, size).predicted)
    return np.concatenate(parts, axis=1)


def _ours(votes: Votes, given: Votes, hidden: Votes, score: Callable[[str, Floats], None]) -> None:
    told = Told(votes.items, given.item, given.rater, given.said())
    learned = learn(told, votes.sizes, votes.raters)
    mean = learned.posterior(told).mean()
    score(OURS, mean)
    if learned.leanings.any():
        score("ours, told who answers", leaning(mean[hidden.item], learned.leanings[hidden.rater], votes.sizes))
    if votes.name == "CREMA-D":
        more = intended(given)
        told = Told(votes.items, more.item, more.rater, more.said())
        mean = learn(told, more.sizes, 0).posterior(told).mean()
        score("ours, told what was meant", mean[:, : sum(votes.sizes)])


def _job(job: tuple[str, int, int]) -> tuple[tuple[str, int, int], dict[str, float]]:
    return job, measured(*job)


def summary(rows: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Of each method its mean and standard error over seeds, and the same of its difference from ours."""
    table = {}
    for method in rows[0]:
        values = np.array([row[method] for row in rows])
        apart = values - np.array([row[OURS] for row in rows])
        root = np.sqrt(len(rows))
        table[method] = {
            "mean": float(values.mean()),
            "error": float(values.std(ddof=1) / root) if len(rows) > 1 else float("nan"),
            "apart": float(apart.mean()),
            "apart_error": float(apart.std(ddof=1) / root) if len(rows) > 1 else float("nan"),
        }
    return table


def show(name: str, tables: dict[int, dict[str, dict[str, float]]]) -> None:
    """A block of the table: methods by k, mean and standard error, difference from ours and its standard error."""
    print(f"\n{name:<28}" + "".join(f"{f'k = {k}: mean (error), from ours (error)':>44}" for k in tables))
    for method in next(iter(tables.values())):
        cells = [_cell(table[method]) for table in tables.values()]
        print(f"{method:<28}" + "".join(f"{cell:>44}" for cell in cells), flush=True)


def _cell(found: dict[str, float]) -> str:
    return f"{found['mean']:.4f} ({found['error']:.4f}) {found['apart']:+.4f} ({found['apart_error']:.4f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument(
        "--first", type=int, default=1000, help="of them; those below were looked at while the view was made"
    )
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=list(SETS))
    parser.add_argument("--seen", nargs="*", type=int, default=list(SEEN))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", type=Path, help="also write the numbers here")
    asked = parser.parse_args()
    start, everything, seeds = time.perf_counter(), {}, range(asked.first, asked.first + asked.seeds)
    with ProcessPoolExecutor(asked.processes, get_context("spawn")) as pool:
        for name in asked.sets:
            jobs = [(name, k, seed) for k in asked.seen for seed in seeds]
            found = dict(pool.map(_job, jobs))
            tables = {k: summary([found[name, k, seed] for seed in seeds]) for k in asked.seen}
            everything[name] = {str(k): table for k, table in tables.items()}
            show(name, tables)
    print(f"\n{time.perf_counter() - start:.0f} s, seeds {seeds.start} to {seeds.stop - 1}")
    if asked.json:
        asked.json.write_text(json.dumps(everything, indent=1) + "\n")


if __name__ == "__main__":
    main()
