"""Answers as numbers: a row for each opinion, a column for each label of the taxonomy, NaN for what was not asked."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy, load_map, load_taxonomy
from affectory.transforms.views._grouping import Floats, Ints

DIMENSIONS = ("valence", "arousal", "dominance")
_SEPARATOR = "\x1f"

Read = Callable[[Floats, Floats], Floats]
"""From numbers given (opinions x labels asked) and shares (labels asked x labels of the taxonomy)."""


def votes(opinions: pa.Table, taxonomy: Taxonomy) -> Floats:
    """Each opinion as one vote, divided among the labels; a row that is of no use is NaN throughout."""
    return _read(opinions, taxonomy, ("weights", "intensities"), divided)


def picks(opinions: pa.Table, taxonomy: Taxonomy) -> Floats:
    """1 for each label that an opinion picked (gave any weight or intensity), 0 for one that it could have picked."""
    return _read(opinions, taxonomy, ("weights", "intensities"), lambda given, shares: _most(given > 0, given, shares))


def intensities(opinions: pa.Table, taxonomy: Taxonomy) -> Floats:
    """How strongly, as given; of several labels that are mapped to one, the strongest."""
    return _read(opinions, taxonomy, ("intensities", "weights"), lambda given, shares: _most(given, given, shares))


def places_in_vad(opinions: pa.Table) -> Floats:
    """Valence, arousal and dominance as given, NaN where one was not."""
    places = pc.struct_field(opinions.column("answer").combine_chunks(), "vad")
    columns = [pc.struct_field(places, name).to_numpy(zero_copy_only=False) for name in DIMENSIONS]
    values = np.stack(columns, axis=1).astype(np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _read(opinions: pa.Table, taxonomy: Taxonomy, fields: tuple[str, str], read: Read) -> Floats:
    found = np.full((opinions.num_rows, len(taxonomy.labels)), np.nan)
    asked, answer = (opinions.column(name).combine_chunks() for name in ("asked", "answer"))
    numbers = pc.coalesce(*(pc.struct_field(answer, field) for field in fields))
    for rows, question in _alike(asked, numbers):
        shares = _shares(question, taxonomy)
        if shares is not None:
            given = pc.list_flatten(numbers.take(pa.array(rows))).to_numpy(zero_copy_only=False)
            found[rows] = read(given.reshape(len(rows), -1).astype(np.float64), shares)
    return found


def _alike(asked: pa.StructArray, numbers: pa.ListArray) -> Iterator[tuple[Ints, dict[str, Any]]]:
    """The answers with one number for each label, by what was asked."""
    labels, name, known = (pc.struct_field(asked, field) for field in ("labels", "taxonomy", "taxonomy_hash"))
    offer = pc.binary_join(labels, _SEPARATOR)  # null where one of the labels is
    offered = pc.fill_null(pc.list_value_length(labels), 0).to_numpy()
    given = pc.fill_null(pc.list_value_length(numbers), -1).to_numpy()
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


def divided(weights: Floats, shares: Floats) -> Floats:
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


def _most(values: Any, given: Floats, shares: Floats) -> Floats:
    """Of the labels asked that lead to each label of the taxonomy the most; a row with a wrong number is of no use."""
    asked, wrong = ~np.isnan(given), ~np.isnan(given) & ~(np.isfinite(given) & (given >= 0))
    found = np.full((len(given), shares.shape[1]), np.nan)
    for place, share in enumerate(shares):
        reached = asked[:, place, None] & (share > 0)
        found = np.where(reached, np.fmax(found, np.asarray(values, np.float64)[:, place, None]), found)
    found[wrong.any(axis=1)] = np.nan
    return found
