"""Samples placed by a fit of the calibrated Bayesian view: values, intervals and uncertainty of each group."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.transforms.views import _models
from affectory.transforms.views._bayes_choice import Told
from affectory.transforms.views._bayes_fit import Known, calibrated, pseudo
from affectory.transforms.views._bayes_votes import Form, contexts, people, raters, shares, widened
from affectory.transforms.views._grouping import Floats, Grouped, Ints, coded
from affectory.transforms.views._mixture import grains, sums

_CELLS = 4_000_000
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Placed:
    """A row for each group. `machine`: of models; `unknown`: of models that nobody compared with people; `strange`: of
    a context that the fit did not see."""

    values: Floats
    low: Floats
    high: Floats
    uncertainty: Floats
    machine: Mask
    unknown: Mask
    strange: Mask

    @classmethod
    def of(cls, groups: Grouped, said: Floats, found: Floats, form: Form, known: Known, interval: float) -> "Placed":
        items = _Items.of(groups, known)
        votes, calibrated_too = _votes(groups, said, found, form, known, items)
        mean, low, high, entropy = _known(votes, known, interval)
        wide, several = sum(form.sizes), len(form.sizes)
        of = items.item[:, None]
        column = items.context[:, None] * wide + np.arange(wide)
        question = items.context[:, None] * several + np.arange(several)
        asked = groups.counts(found)
        unknown = items.machine & ~calibrated_too
        plain = shares(groups.sum(said), asked, form.sizes)
        values = np.where(unknown[:, None], plain, shares(mean[of, column], asked, form.sizes))
        part = _part(mean[of, column], asked, form.sizes)
        least, most = (
            np.where(unknown[:, None] | np.isnan(values), np.nan, np.minimum(x[of, column] / part, 1.0))
            for x in (low, high)
        )
        answered = np.maximum.reduceat(asked > 0, np.cumsum([0, *form.sizes])[:-1], axis=1)
        each = entropy[of, question] / np.log(np.maximum(form.sizes, 2))
        uncertainty = (each * answered).sum(axis=1) / np.maximum(answered.sum(axis=1), 1)
        measured = np.where(unknown, np.nan, np.clip(uncertainty, 0.0, 1.0))
        strange = items.strange & ~items.machine
        return cls(values, least, most, measured, items.machine, unknown, strange)


def _part(mean: Floats, asked: Floats, sizes: tuple[int, ...]) -> Floats:
    """What part of each question's answers were asked about, by which values are divided and so are their intervals."""
    missing = np.repeat(sums(np.where(asked > 0, 0.0, mean), sizes), sizes, axis=1)
    found: Floats = np.where(missing > 0, 1.0 - missing, 1.0)
    return np.maximum(found, 1e-12)


@dataclass(frozen=True)
class _Items:
    """Of each group the item that it is about and its context; `people` is the item of the same sample that people
    judged, for a group of models, else -1."""

    count: int
    item: Ints
    people: Ints
    context: Ints
    machine: Mask
    strange: Mask

    @classmethod
    def of(cls, groups: Grouped, known: Known) -> "_Items":
        named = contexts(groups)
        place = pc.index_in(named, value_set=pa.array(known.contexts, pa.string()))
        strange = pc.is_null(place)
        apart = pc.if_else(strange, named, "")
        keys = [groups.keys.column(name) for name in ("sample_id", "whose")]
        pool = groups.keys.column("pool")
        called = pa.chunked_array(pc.binary_join_element_wise(*keys, pool, apart, "\x1f")).combine_chunks()
        human = pc.binary_join_element_wise(*keys, "human", apart, "\x1f")
        items, item = coded(called)
        machine = pc.equal(pool, "model").to_numpy().astype(bool)
        of = pc.fill_null(pc.index_in(human, value_set=items), -1).to_numpy().astype(np.int64)
        context = pc.fill_null(place, 0).to_numpy().astype(np.int64)
        odd = strange.to_numpy(zero_copy_only=False).astype(bool)
        return cls(len(items), item, np.where(machine, of, -1), context, machine, odd)


def _votes(groups: Grouped, said: Floats, found: Floats, form: Form, known: Known, items: _Items) -> tuple[Told, Mask]:
    """All votes about the items, people's and what models' are worth; and which groups have a calibrated model."""
    machine = items.machine[groups.group]
    who = raters(groups.opinions)
    weights = known.weights(who) * people(groups.opinions)
    worth = np.zeros_like(said)
    if form.space == "simplex" and machine.any():
        rows = np.flatnonzero(machine)
        keys = _models.keys(groups).take(pa.array(rows))
        worth[rows] = calibrated(keys, found[rows], known)
    own = np.where(machine[:, None], worth, said * weights[:, None])
    context = items.context[groups.group]
    wide = widened(own, context, len(known.contexts))
    number = np.where(machine, -1, known.number(who))
    told = Told(items.count, items.item[groups.group], number, wide)
    beside = pseudo(told, known.worth * wide[machine], items.people[groups.group][machine])
    some = groups.sum(worth.sum(axis=1)[:, None])[:, 0] > 0
    return told.and_also(beside), np.asarray(some)


def _known(votes: Told, known: Known, interval: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Of each item mean, ends of intervals, and expected entropy; some items at a time, equal ones once."""
    mixture = known.learned.mixture
    step = max(1, _CELLS // mixture.weights.size)
    order = np.argsort(votes.item, kind="stable")
    votes = votes.take(order)
    found: list[list[Floats]] = [[np.zeros((0, n))] for n in (*[len(mixture.question)] * 3, len(mixture.sizes))]
    for start in range(0, votes.items, step):
        end = min(start + step, votes.items)
        first, last = np.searchsorted(votes.item, (start, end))
        part = Told(end - start, votes.item[first:last] - start, votes.rater[first:last], votes.said[first:last])
        for into, result in zip(found, _some(part, known, interval), strict=True):
            into.append(result)
    mean, low, high, entropy = (np.concatenate(parts) for parts in found)
    return mean, low, high, entropy


def _some(part: Told, known: Known, interval: float) -> tuple[Floats, Floats, Floats, Floats]:
    again = np.arange(part.items)
    posterior = known.learned.posterior(part)
    if not known.learned.leanings.any():
        counts = part.counts()
        first, again = np.unique(grains(counts), axis=0, return_index=True, return_inverse=True)[1:]
        posterior = known.learned.mixture.posterior(counts[first])
    (low, high), mean = posterior.interval(interval), posterior.mean()
    low, high = np.minimum(low, mean), np.maximum(high, mean)  # what is hardly ever chosen has its mean in its tail
    return mean[again], low[again], high[again], posterior.entropy_mean()[again]
