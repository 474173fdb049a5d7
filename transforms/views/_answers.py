"""Answers as numbers: a row for each opinion, a column for each label of the taxonomy, NaN for what was not asked."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy, load_map, load_taxonomy
from affectory.transforms.views._grouping import Floats, Ints, Mask, coded, modalities_of

DIMENSIONS = ("valence", "arousal", "dominance")
_ROWS = 1 << 16
_SEPARATOR = "\x1f"

Question = tuple[tuple[str, ...], str, str]
"""Labels in the order of the alphabet, and the name and the hash of the taxonomy that they are of."""
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
    """A few rows at a time, which is quicker: what is made on the way stays near the processor."""
    found, mapped = np.full((opinions.num_rows, len(taxonomy.labels)), np.nan), np.zeros(opinions.num_rows, bool)
    known: dict[Question, Floats | None] = {}
    start = 0
    for batch in opinions.select(["asked", "answer"]).to_batches(max_chunksize=_ROWS):
        part = found[start : start + batch.num_rows]
        start += batch.num_rows
        for rows, question, given in _alike(batch, fields):
            if question not in known:
                known[question] = _shares(question, taxonomy)
            shares = known[question]
            if shares is not None:
                part[rows] = read(given, shares)
                mapped[start - batch.num_rows + rows] = question[2] not in (taxonomy.hash, "")
    if mapped.any() and not mapped.all():
        found[_said_better(opinions, mapped, np.asarray(~np.isnan(found).all(axis=1)))] = np.nan
    return found


def _said_better(opinions: pa.Table, mapped: Mask, used: Mask) -> Ints:
    """Answers in other taxonomies of raters who said the same thing in this one: they have one voice, not two."""
    own, others = np.flatnonzero(used & ~mapped), np.flatnonzero(used & mapped)
    mine = pc.is_in(_whose_answer(opinions, others), value_set=_whose_answer(opinions, own))
    return np.asarray(others[mine.to_numpy(zero_copy_only=False)], np.int64)


def _whose_answer(opinions: pa.Table, rows: Ints) -> pa.Array:
    some = opinions.select(["sample_id", "rater", "perspective", "whose", "modalities"]).take(pa.array(rows))
    parts = [*some.columns[:3], pc.fill_null(some.column("whose"), ""), modalities_of(some.column("modalities"))]
    joined = pc.binary_join_element_wise(*parts, _SEPARATOR)
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def _alike(batch: pa.RecordBatch, fields: tuple[str, str]) -> Iterator[tuple[Ints, Question, Floats]]:
    """The answers with one number for each label, by what was asked; labels offered in another order are the same."""
    asked, answer = batch.columns
    numbers = pc.coalesce(*(pc.struct_field(answer, field) for field in fields))
    offered = pc.fill_null(pc.list_value_length(pc.struct_field(asked, "labels")), 0).to_numpy(zero_copy_only=False)
    fits = (offered > 0) & (offered == pc.fill_null(pc.list_value_length(numbers), -1).to_numpy(zero_copy_only=False))
    for length in np.unique(offered[fits]):
        rows = np.flatnonzero(fits & (offered == length))
        flat = _taken(numbers, rows).flatten().to_numpy(zero_copy_only=False)
        given = flat.reshape(len(rows), length).astype(np.float64)
        yield from _by_question(rows, _taken(asked, rows), given)


def _taken(array: Any, rows: Ints) -> Any:
    return array if len(rows) == len(array) else array.take(pa.array(rows))


def _by_question(rows: Ints, asked: pa.StructArray, given: Floats) -> Iterator[tuple[Ints, Question, Floats]]:
    """Rows of one length by their labels in the order of the alphabet; those where one is null are left out."""
    words, labels = coded(pc.struct_field(asked, "labels").flatten())
    codes = labels.reshape(given.shape)
    names, name = coded(pc.fill_null(pc.struct_field(asked, "taxonomy"), ""))
    hashes, known = coded(pc.fill_null(pc.struct_field(asked, "taxonomy_hash"), ""))
    every = np.column_stack([codes, name, known])
    starts = np.flatnonzero(np.r_[True, (every[1:] != every[:-1]).any(axis=1)])
    order = np.argsort(codes[starts], axis=1, kind="stable")
    keys = np.column_stack([np.take_along_axis(codes[starts], order, axis=1), every[starts, -2:]])
    kinds, kind = np.unique(keys, axis=0, return_inverse=True)
    run = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(rows)))
    given = np.take_along_axis(given, order[run], axis=1)
    of = kind.reshape(-1)[run]
    ends = np.cumsum(np.bincount(of, minlength=len(kinds)))
    for key, mine in zip(kinds, np.split(np.argsort(of, kind="stable"), ends[:-1]), strict=True):
        if key[0] >= 0:
            labels_asked = tuple(words.take(pa.array(key[:-2])).to_pylist())
            yield rows[mine], (labels_asked, names[key[-2]].as_py(), hashes[key[-1]].as_py()), given[mine]


def _shares(question: Question, taxonomy: Taxonomy) -> Floats | None:
    """Labels asked x labels of the taxonomy: what share of a vote goes where. None where they cannot be mapped."""
    labels, named, known = question
    if known in (taxonomy.hash, ""):
        meant = [taxonomy.resolve(label) for label in labels]
        rows = [np.eye(len(taxonomy.labels))[taxonomy.index(label)] for label in meant if label is not None]
    else:
        try:
            found = load_map(named, taxonomy.name)
            if load_taxonomy(named).hash != known or found.target_labels != taxonomy.labels:
                return None
        except UserError:
            return None
        rows = [found.matrix[found.source_labels.index(x)] for x in labels if x in found.source_labels]
    return np.stack(rows) if len(rows) == len(labels) else None


def divided(weights: Floats, shares: Floats) -> Floats:
    """Each row of weights as one vote over the taxonomy's labels; NaN is what was not asked."""
    asked = ~np.isnan(weights)
    usable = np.isfinite(weights) & (weights >= 0)
    weights = np.where(usable, weights, 0.0)
    votes, reached = np.zeros((len(weights), shares.shape[1])), np.zeros((len(weights), shares.shape[1]), bool)
    for place, label in zip(*np.nonzero(shares), strict=True):
        votes[:, label] += weights[:, place] * shares[place, label]
        reached[:, label] |= asked[:, place]
    total = _across(votes)[:, None]
    good = (usable == asked).all(axis=1, keepdims=True) & (total > 0) & np.isfinite(total)
    divided: Floats = np.divide(votes, total, out=np.full_like(votes, np.nan), where=good & reached)
    return divided


def _across(rows: Floats) -> Floats:
    """The sum of each row, column by column, so that it does not depend on how many rows there are."""
    return np.asarray(sum(rows.T, start=np.zeros(len(rows))))


def _most(values: Any, given: Floats, shares: Floats) -> Floats:
    """Of the labels asked that lead to each label of the taxonomy the most; a row with a wrong number is of no use."""
    asked, wrong = ~np.isnan(given), ~np.isnan(given) & ~(np.isfinite(given) & (given >= 0))
    values = np.where(asked, values, np.nan)
    found = np.full((len(given), shares.shape[1]), np.nan)
    for place, label in zip(*np.nonzero(shares), strict=True):
        found[:, label] = np.fmax(found[:, label], values[:, place])
    found[wrong.any(axis=1)] = np.nan
    return found
