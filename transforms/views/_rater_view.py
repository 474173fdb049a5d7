"""What the views share that model raters with one true label a sample: evidence, fits by name, labels of a fit.

Opinions are fitted apart by what they are of: perspective, what was seen, pool of raters. Raters who were only counted,
and groups, are no persons who come again: they are one rater together.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from affectory.schemas.ids import COUNTED, GROUP
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.views._answers import votes
from affectory.transforms.views._base import FIT
from affectory.transforms.views._grouping import Floats, Grouped, Ints
from affectory.transforms.views._rater_models import Asked, RaterFit, Votes
from affectory.transforms.views._rows import in_words
from affectory.transforms.views._tally import Tally, answered

Most = Annotated[int, Field(ge=1, description="how many samples are fitted to")]
Rounds = Annotated[int, Field(ge=1, le=10_000, description="of expectation and maximisation, at most")]
Posterior = Callable[[Votes, Floats, Floats], Floats]
"""From votes, base rates and a row of parameters for each rater."""

UNFITTED = "the model was fitted to no such opinions: shares of votes"
APART = "no two raters judged the same sample: how good they are cannot be known"
UNNAMED = "nobody knows who the raters are: they are taken for one and the same"
ONE_RULES = "the model follows one rater nearly throughout and overrules the others"
HABIT = "the model takes all answers for habit: it says next to nothing of the sample"
_SEPARATOR, _MOST, _LEAST = "\x1f", 0.995, 0.9
_EVEN, _UNEVEN = 1.1, 1.5
"""The most that a label has, in shares of labels that are all alike: of one that says nothing, of one that does."""


def evidence(opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
    """Who said what of what, one row an opinion of use."""
    groups, cast = answered(opinions, taxonomy, votes)
    keys = groups.keys.take(pa.array(groups.group))
    columns = {name: groups.opinions.column(name) for name in ("sample_id", "opinion_id")}
    flat = pa.array(cast.ravel(), pa.float64(), mask=np.isnan(cast.ravel()))
    offsets = pa.array(np.arange(len(cast) + 1) * cast.shape[1], pa.int32())
    return pa.table(
        {
            **columns,
            "whose": keys.column("whose"),
            "side": _sides(keys),
            "rater": _raters(groups.opinions),
            "votes": pa.ListArray.from_arrays(offsets, flat),
        }
    )


def _sides(keys: pa.Table) -> pa.Array:
    parts = (keys.column(name) for name in ("perspective", "modalities", "pool"))
    return pa.chunked_array(pc.binary_join_element_wise(*parts, "/")).combine_chunks()


def _raters(opinions: pa.Table) -> pa.Array:
    raters = opinions.column("rater")
    for prefix in (COUNTED, GROUP):
        raters = pc.if_else(pc.starts_with(raters, prefix), prefix, raters)
    return raters


def fitted(evidence: pa.Table, k: int, model: Callable[..., RaterFit]) -> pa.Table:
    """`FIT`: of each side the base rates, what is taken of anyone, a warning, and a row for each rater."""
    parts = [FIT.empty_table()]
    for side in sorted(pc.unique(evidence.column("side")).to_pylist()):
        part = evidence.filter(pc.equal(evidence.column("side"), side))
        items = pc.binary_join_element_wise(part.column("sample_id"), part.column("whose"), _SEPARATOR)
        item, rater = (_encoded(column) for column in (items, part.column("rater")))
        cast = _matrix(part.column("votes"), k)
        votes = long(cast, item[0], rater[0], len(item[1]), len(rater[1]))
        parts.append(_rows(side, rater[1], votes, _fit(model, votes)))
    return pa.concat_tables(parts).sort_by("name")


def _encoded(column: Any) -> tuple[Ints, list[str]]:
    encoded = pa.chunked_array(column).combine_chunks().dictionary_encode()
    return encoded.indices.to_numpy().astype(np.int64), encoded.dictionary.to_pylist()


def _matrix(lists: pa.ChunkedArray, k: int) -> Floats:
    return np.asarray(pc.list_flatten(lists).to_numpy(zero_copy_only=False).reshape(-1, k), np.float64)


def long(cast: Floats, item: Ints, rater: Ints, n_items: int, n_raters: int) -> Votes:
    """Votes as opinions x labels in the form that the models take."""
    rows, label = np.nonzero(np.nan_to_num(cast))
    asked = np.zeros((n_items, cast.shape[1]), dtype=bool)
    at = np.nonzero(~np.isnan(cast))
    asked[item[at[0]], at[1]] = True
    sizes = (n_items, n_raters, cast.shape[1])
    return Votes(item[rows], rater[rows], label.astype(np.int64), cast[rows, label], *sizes, asked)


def _fit(model: Callable[..., RaterFit], votes: Votes) -> RaterFit:
    parts = (votes.item, votes.rater, votes.label, votes.weight, votes.n_items, votes.n_raters, votes.k)
    return model(*parts, asked=votes.asked)


def _rows(side: str, raters: list[str], votes: Votes, found: RaterFit) -> pa.Table:
    several = np.array([rater in (COUNTED, GROUP) for rater in raters], dtype=bool)
    apart, ruled = warnings(votes, found.posterior, several)
    common = {"base_rates": found.priors, "anyone": found.anyone, "warnings": np.array([apart, ruled], np.float64)}
    names = [f"{side}/{name}" for name in common] + [f"{side}/rater:{rater}" for rater in raters]
    offsets = np.arange(len(found.raters) + 1) * found.raters.shape[1]
    own = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(found.raters.ravel()))
    values = pa.concat_arrays([pa.array([row.tolist() for row in common.values()], own.type), own])
    return pa.table([pa.array(names, pa.string()), values], schema=FIT)


def warnings(votes: Votes, posterior: Floats, several: Asked) -> tuple[bool, bool]:
    """Whether no sample has two raters; whether the labels are one rater's nearly throughout, and not the others'.

    `several` says which raters stand for more than one person.
    """
    persons = np.unique(np.stack([votes.item, votes.rater])[:, ~several[votes.rater]], axis=1)[0]
    judges = np.bincount(persons, minlength=votes.n_items) + votes.over_items(votes.weight * several[votes.rater])
    shared = votes.weight * (judges > 1.5)[votes.item]
    cast = votes.over_raters(shared)
    follows = votes.over_raters(shared * (posterior.argmax(axis=1)[votes.item] == votes.label))
    leads = (follows >= _MOST * cast) & (cast >= votes.n_items / 2)
    ruled = leads.sum() == 1 and len(cast) > 1 and follows.sum() < _LEAST * cast.sum()
    return not shared.any(), bool(ruled)


@dataclass(frozen=True)
class _Known:
    """What a fit says of one side."""

    rates: Floats
    apart: bool
    ruled: bool
    raters: Floats

    @classmethod
    def of(cls, fit: pa.Table, side: str, raters: list[str]) -> "_Known | None":
        """None where the fit has nothing of this side. A rater whom it does not know is anyone."""
        wanted = pa.array([f"{side}/{name}" for name in ("base_rates", "anyone", "warnings")])
        places = pc.index_in(wanted, value_set=fit.column("name")).to_pylist()
        if None in places:
            return None
        rates, anyone, told = (np.array(fit.column("values")[place].as_py(), np.float64) for place in places)
        names = pa.array([f"{side}/rater:{rater}" for rater in raters], pa.string())
        found = pc.index_in(names, value_set=fit.column("name"))
        rows = np.tile(anyone, (len(raters), 1))
        own = fit.column("values").combine_chunks().take(pc.drop_null(found))
        rows[pc.is_valid(found).to_numpy(zero_copy_only=False)] = (
            pc.list_flatten(own).to_numpy().reshape(-1, len(anyone))
        )
        return cls(rates, bool(told[0]), bool(told[1]), rows)


def placed(view: Any, opinions: pa.Table, taxonomy: Taxonomy, fit: pa.Table, posterior: Posterior) -> pa.Table:
    """Rows of `labels`: the probability of the one true label of each sample, given what was fitted."""
    groups, cast = answered(opinions, taxonomy, votes)
    values, states = _placed(groups, cast, fit, posterior)
    values = np.where(groups.counts(cast) > 0, values, np.nan)
    return Tally(groups, cast, values).labels(view, taxonomy, values, state=states)


def _placed(groups: Grouped, cast: Floats, fit: pa.Table, posterior: Posterior) -> tuple[Floats, pa.Array]:
    values, state = np.zeros((groups.size, cast.shape[1])), np.zeros((5, groups.size), dtype=bool)
    sides, (rater, raters) = _encoded(_sides(groups.keys)), _encoded(_raters(groups.opinions))
    named = np.array([name not in (COUNTED, GROUP) for name in raters], dtype=np.float64)[rater]
    state[3] = groups.sum(named[:, None])[:, 0] == 0
    for number, side in enumerate(sides[1]):
        items = np.flatnonzero(sides[0] == number)
        mine = np.flatnonzero(sides[0][groups.group] == number)
        place = np.searchsorted(items, groups.group[mine])
        votes = long(cast[mine], place, rater[mine], len(items), len(raters))
        known = _Known.of(fit, side, raters)
        values[items] = votes.shares() if known is None else posterior(votes, known.rates, known.raters)
        state[4, items] = _says_nothing(values[items], votes.shares())
        state[:3, items] = [[known is None], [bool(known and known.apart)], [bool(known and known.ruled)]]
    return values, in_words(*zip(state, (UNFITTED, APART, ONE_RULES, UNNAMED, HABIT), strict=True))


def _says_nothing(values: Floats, shares: Floats) -> Asked:
    """Whether all labels are alike although those who judged do not say so."""
    alike = (values > 0).sum(axis=1)
    even = values.max(axis=1, initial=0.0) * alike < _EVEN
    return np.asarray(even & (shares.max(axis=1, initial=0.0) * alike > _UNEVEN))
