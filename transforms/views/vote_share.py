"""Vote share: each opinion has one vote to divide among the labels it was asked about; their mean is the label.

Nothing is dropped for want of a majority. People, groups of people and models are never counted together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import ConfigDict

from affectory.schemas.derived import LABELS
from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy, load_map, load_taxonomy
from affectory.transforms.base import STRICT

_RULE = "vote_share"
_PEOPLE = ("adjudicator", "author", "human")
_DIMENSIONS = ("valence", "arousal", "dominance")
_SEPARATOR = "\x1f"

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class VoteShare:
    """The share of the votes that each label got; places in valence, arousal and dominance are averaged apart."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    def view(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        """Rows of `labels`: one for each sample, perspective, whose feeling, modalities and pool of raters."""
        opinions = opinions.sort_by("opinion_id")  # sums do not depend on the order in which opinions came
        keys = _keys(opinions)
        parts = [_simplex(keys, _votes(opinions, taxonomy), taxonomy), _continuous(keys, _vad(opinions))]
        return LABELS.cast(pa.concat_tables(parts).sort_by([(name, "ascending") for name in LABELS.key]))


def _keys(opinions: pa.Table) -> pa.Table:
    modalities = ["+".join(sorted(set(seen or ()))) for seen in opinions.column("modalities").to_pylist()]
    people = pc.is_in(opinions.column("rater_kind"), value_set=pa.array(_PEOPLE))
    one = pc.if_else(people, "human", "model")
    columns = {
        "sample_id": opinions.column("sample_id"),
        "perspective": opinions.column("perspective"),
        "whose": pc.fill_null(opinions.column("whose"), ""),
        "modalities": pa.array(modalities, pa.string()),
        "pool": pc.if_else(pc.is_valid(opinions.column("people")), "group", one),
    }
    return pa.table(columns)


def _grouped(keys: pa.Table) -> tuple[pa.Table, Ints]:
    """The distinct keys, and which of them each row has."""
    joined = pc.binary_join_element_wise(*keys.columns, _SEPARATOR)
    encoded = pa.chunked_array(joined).combine_chunks().dictionary_encode()
    group = encoded.indices.to_numpy().astype(np.int64)
    return keys.take(pa.array(np.unique(group, return_index=True)[1])), group


def _votes(opinions: pa.Table, taxonomy: Taxonomy) -> Floats:
    """Opinions x labels. A row adds up to 1 over the labels asked; one that is of no use here is NaN throughout."""
    votes = np.full((opinions.num_rows, len(taxonomy.labels)), np.nan)
    asked, answer = (opinions.column(name).combine_chunks() for name in ("asked", "answer"))
    weights = pc.coalesce(pc.struct_field(answer, "weights"), pc.struct_field(answer, "intensities"))
    for rows, question in _alike(asked, weights):
        shares = _shares(question, taxonomy)
        if shares is not None:
            given = pc.list_flatten(weights.take(pa.array(rows))).to_numpy(zero_copy_only=False)
            votes[rows] = _divided(given.reshape(len(rows), -1).astype(np.float64), shares)
    return votes


def _alike(asked: pa.StructArray, weights: pa.ListArray) -> Iterator[tuple[Ints, dict[str, Any]]]:
    """The answers with one weight for each label, by what was asked."""
    labels, name, known = (pc.struct_field(asked, field) for field in ("labels", "taxonomy", "taxonomy_hash"))
    offer = pc.binary_join(labels, _SEPARATOR)  # null where one of the labels is
    offered = pc.fill_null(pc.list_value_length(labels), 0).to_numpy()
    given = pc.fill_null(pc.list_value_length(weights), -1).to_numpy()
    rows = np.flatnonzero((offered > 0) & (offered == given) & pc.is_valid(offer).to_numpy(zero_copy_only=False))
    parts = (offer, pc.fill_null(name, ""), pc.fill_null(known, ""))
    signatures = pc.binary_join_element_wise(*parts, "\n").take(pa.array(rows)).dictionary_encode()
    kinds = signatures.indices.to_numpy()
    for kind in range(len(signatures.dictionary)):
        mine = rows[kinds == kind]
        yield mine, asked[int(mine[0])].as_py()


def _shares(question: dict[str, Any], taxonomy: Taxonomy) -> Floats | None:
    """Labels asked x labels of the taxonomy: what share of a vote goes where. None where they cannot be mapped."""
    named, known = question["taxonomy"], question["taxonomy_hash"]
    if known == taxonomy.hash or known is None:
        meant = [taxonomy.resolve(label) for label in question["labels"]]
        rows = [np.eye(len(taxonomy.labels))[taxonomy.index(label)] for label in meant if label is not None]
    else:
        try:
            found = load_map(named or "", taxonomy.name)
            if load_taxonomy(named).hash != known or found.target_labels != taxonomy.labels:
                return None
        except UserError:
            return None
        rows = [found.matrix[found.source_labels.index(x)] for x in question["labels"] if x in found.source_labels]
    return np.stack(rows) if len(rows) == len(question["labels"]) else None


def _divided(weights: Floats, shares: Floats) -> Floats:
    """Each row of weights as one vote over the taxonomy's labels; NaN is what was not asked."""
    asked = ~np.isnan(weights)
    usable = np.isfinite(weights) & (weights >= 0)
    weights = np.where(usable, weights, 0.0)
    votes, reached = np.zeros((2, len(weights), shares.shape[1]))
    for place, share in enumerate(shares):  # label by label, so that a row's sum does not depend on the other rows
        votes += weights[:, place, None] * share
        reached += asked[:, place, None] * share
    total = votes.sum(axis=1, keepdims=True)
    good = (usable == asked).all(axis=1, keepdims=True) & (total > 0) & np.isfinite(total)
    divided: Floats = np.divide(votes, total, out=np.full_like(votes, np.nan), where=good & (reached > 0))
    return divided


def _simplex(keys: pa.Table, votes: Floats, taxonomy: Taxonomy) -> pa.Table:
    used = np.flatnonzero(~np.isnan(votes).all(axis=1))
    groups, group = _grouped(keys.take(pa.array(used)))
    votes = votes[used]
    values = _mean(votes, group, groups.num_rows)
    values /= np.nansum(values, axis=1, keepdims=True)
    count = np.bincount(group, minlength=groups.num_rows)
    first = np.nan_to_num(values, nan=-1.0).argmax(axis=1)
    agrees = votes[np.arange(len(votes)), first[group]] >= np.nanmax(votes, axis=1) - 1e-9
    agreement = np.bincount(group, weights=agrees, minlength=groups.num_rows) / count
    return _labels(groups, taxonomy.name, "simplex", values, count, _entropy(values), agreement)


def _mean(rows: Floats, group: Ints, groups: int) -> Floats:
    """Mean of each column in each group over what is not NaN; NaN where there is nothing."""
    sums, counts = np.zeros((2, groups, rows.shape[1]))
    np.add.at(sums, group, np.nan_to_num(rows))
    np.add.at(counts, group, ~np.isnan(rows))
    mean: Floats = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    return mean


def _entropy(values: Floats) -> Floats:
    """0 where all votes are for one label, 1 where they are spread evenly over the labels asked."""
    positive = np.where(values > 0, values, 1.0)
    most = np.log(np.maximum((~np.isnan(values)).sum(axis=1), 2))
    return np.asarray(np.clip(-(positive * np.log(positive)).sum(axis=1) / most, 0.0, 1.0))


def _vad(opinions: pa.Table) -> Floats:
    places = pc.struct_field(opinions.column("answer").combine_chunks(), "vad")
    columns = [pc.struct_field(places, name).to_numpy(zero_copy_only=False) for name in _DIMENSIONS]
    values = np.stack(columns, axis=1).astype(np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _continuous(keys: pa.Table, places: Floats) -> pa.Table:
    used = np.flatnonzero(~np.isnan(places).all(axis=1))
    groups, group = _grouped(keys.take(pa.array(used)))
    values = _mean(places[used], group, groups.num_rows)
    return _labels(groups, "vad", "continuous", values, np.bincount(group, minlength=groups.num_rows))


def _labels(
    groups: pa.Table,
    taxonomy: str,
    space: str,
    values: Floats,
    count: Ints,
    uncertainty: Floats | None = None,
    agreement: Floats | None = None,
) -> pa.Table:
    rows = groups.num_rows
    flat = pa.array(values.ravel(), pa.float32(), mask=np.isnan(values.ravel()))
    offsets = pa.array(np.arange(rows + 1) * values.shape[1], pa.int32())
    columns = {
        **{name: groups.column(name) for name in groups.column_names},
        **{name: pa.repeat(text, rows) for name, text in (("taxonomy", taxonomy), ("rule", _RULE), ("space", space))},
        "values": pa.ListArray.from_arrays(offsets, flat),
        "uncertainty": pa.nulls(rows, pa.float32()) if uncertainty is None else pa.array(uncertainty, pa.float32()),
        "agreement": pa.nulls(rows, pa.float32()) if agreement is None else pa.array(agreement, pa.float32()),
        "count": pa.array(count, pa.int32()),
    }
    return LABELS.cast(pa.table(columns))
