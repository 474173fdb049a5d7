"""Where the next rating is worth most: what is still unknown of a sample, what a rating would tell, why raters differ.

All rests on the mixture that the `bayes` view fits. A sample is asked until its distribution is known well enough, not
until raters agree: more ratings make the interval of an ambiguous sample narrow too.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from affectory.quality._causes import causes
from affectory.quality._counted import ROW, counted
from affectory.quality._diversity import spread_out
from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.views._calibration import Calibration
from affectory.transforms.views._grouping import Floats, Ints
from affectory.transforms.views._mixture import Mixture

By = Literal["gain", "entropy", "random"]


def routing_values(
    opinions: pa.Table,
    taxonomy: Taxonomy,
    mixture: Mixture | None = None,
    calibrations: Mapping[str, Calibration] | None = None,
    vectors: Mapping[str, Floats] | None = None,
) -> pa.Table:
    """A row for each sample, perspective, whose feeling and what people saw (empty where there are only models').

    `entropy` is the expected one of the distribution over log K, `width` the mean width of its 90 % intervals, `gain`
    what one more rating is expected to add to the log-likelihood of further ones (nats), `cause` why raters differ,
    `diversity` how far the sample is from those that would be taken before it. Models, whatever they saw, count as
    `calibrations` say (by perspective/model, as the fit of the `calibrated` view has them), several as much as the
    best of them, and not at all without. `vectors` (by sample) describe samples beyond their labels.
    """
    found = counted(opinions, taxonomy, calibrations or {})
    mixture = mixture or found.learned()
    known, of = np.unique(found.counts, axis=0, return_inverse=True)
    posterior, of = mixture.posterior(known), of.ravel()
    measures = (posterior.entropy_mean() / np.log(max(len(taxonomy.labels), 2)), posterior.width())
    columns = {name: pa.array(x[of, 0]) for name, x in zip(("entropy", "width"), measures, strict=True)}
    ids = found.keys.column("sample_id").to_pylist()
    columns["gain"] = pa.array(posterior.expected_gain()[of, 0])
    columns["cause"] = pa.array(causes(found.keys, found.row, found.rater, found.cast, mixture), pa.string())
    columns["diversity"] = pa.array(spread_out(posterior.mean()[of], ids, vectors))
    return pa.table({**{name: found.keys.column(name) for name in ROW}, **columns})


def known_well_enough(mixture: Mixture, counts: Floats, width: float = 0.25) -> NDArray[np.bool_]:
    """Items x questions: whether the 90 % intervals are no wider than this on average, however much raters differ."""
    rows, of = np.unique(counts, axis=0, return_inverse=True)
    return np.asarray(mixture.posterior(rows).width()[of.ravel()] <= width)


def routing_scores(mixture: Mixture, counts: Floats, by: By = "gain", ahead: int = 1) -> Floats:
    """Items x questions x ratings ahead: what each further rating is worth, the later ones never more than the earlier.

    Where two ratings tell more than twice as much as one, both are worth their mean.
    """
    if by not in ("gain", "entropy"):
        raise UserError(f"nothing is routed by {by!r}", "by gain or entropy; random needs no scores")
    rows, of = np.unique(counts, axis=0, return_inverse=True)
    if by == "entropy":
        entropy: Floats = mixture.posterior(rows).entropy()[of.ravel(), :, None]
        return np.repeat(entropy, ahead, axis=2)
    return _levelled(_gains(mixture, rows, ahead))[of.ravel()]


def plan_extra(
    counts: Floats,
    budget: int,
    mixture: Mixture,
    by: By = "gain",
    left: Ints | None = None,
    ahead: int = 2,
    enough: float | None = None,
    seed: int = 0,
) -> Ints:
    """Items x questions: how many further ratings to ask for, `budget` of them altogether or as many as there can be.

    Taken where they are worth most, up to `ahead` for each, before any answer is known: plan small batches, and again
    with their answers. `left` (items x questions) is how many can be had, `enough` a width of intervals at which an
    item is asked no more.
    """
    shape = (len(counts), len(mixture.sizes))
    left = np.full(shape, ahead) if left is None else left
    if enough is not None:
        left = np.where(known_well_enough(mixture, counts, enough), 0, left)
    if by != "random":
        return take_best(routing_scores(mixture, counts, by, ahead), left, budget)
    drawn = np.random.default_rng(seed).random((*shape, ahead))
    return take_best(-np.sort(-drawn, axis=2), left, budget)


def take_best(scores: Floats, left: Ints, budget: int) -> Ints:
    """Items x asks: how many of the ratings ahead are among the best `budget` that can be had; of equals the first."""
    worth = np.where(np.arange(scores.shape[2]) < left[:, :, None], scores, -np.inf).ravel()
    taken = np.argsort(-worth, kind="stable")[: max(budget, 0)]
    chosen = np.zeros(worth.shape, dtype=np.int64)
    chosen[taken[np.isfinite(worth[taken])]] = 1
    return np.asarray(chosen.reshape(scores.shape).sum(axis=2))


def _gains(mixture: Mixture, rows: Floats, ahead: int) -> Floats:
    """Items x questions x ratings: what the first further rating is expected to add, the second, and so on."""
    posterior = mixture.posterior(rows)
    first = posterior.expected_gain()[:, :, None]
    if ahead < 2:
        return first
    chance, later = posterior.mean(), np.zeros((len(rows), len(mixture.sizes), ahead - 1))
    for column, place in enumerate(mixture.question):
        told = rows.copy()
        told[:, column] += 1.0
        later[:, place] += chance[:, [column]] * _gains(mixture, told, ahead - 1)[:, place]
    return np.concatenate([first, later], axis=2)


def _levelled(gains: Floats) -> Floats:
    """Along the last axis the slopes of the least concave curve above the sums."""
    found = gains.copy()
    ahead = gains.shape[-1]
    for start in range(ahead):
        run = np.cumsum(found[..., start:], axis=-1) / np.arange(1, ahead - start + 1)
        best = run.max(axis=-1, keepdims=True)
        length = run.argmax(axis=-1)[..., None]
        inside = np.arange(ahead - start) <= length
        found[..., start:] = np.where(inside, best, found[..., start:])
    return found
