"""Judgements as evidence of how they were made: who answered what, where on the form, in which order, how quickly."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.schemas.ids import COUNTED, GROUP, digest
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.views._answers import intensities, places_in_vad, votes
from affectory.transforms.views._grouping import KEYS, PEOPLE, Floats, grouped

_SEPARATOR = "\x1f"
_MIX = np.uint64(0x9E3779B97F4A7C15)
Codes = NDArray[np.uint64]

JUDGED = pa.schema(
    [
        ("opinion_id", pa.string()),
        ("sample_id", pa.string()),
        ("rater", pa.string()),
        ("person", pa.bool_()),
        ("question", pa.string()),
        ("seen", pa.string()),
        ("answer", pa.uint64()),
        ("spots", pa.uint64()),
        ("offer", pa.uint64()),
        ("votes", pa.list_(pa.float64())),
        ("vad", pa.list_(pa.float64())),
        ("spent_s", pa.float64()),
        ("position", pa.int64()),
    ]
)
"""`answer` is a number for the whole answer, `spots` for the same by places on the form, `offer` for the labels' order;
null where there is none."""


def judged(opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
    """A row `JUDGED` for each opinion of `grouped(opinions)`, in its order. Models, groups and raters who were only
    counted are no persons."""
    groups = grouped(opinions)
    rows, keys = groups.opinions, groups.keys.take(pa.array(groups.group))
    asked = rows.column("asked").combine_chunks()
    said = np.concatenate([intensities(rows, taxonomy), places_in_vad(rows)], axis=1)
    spots, offer = _on_the_form(rows)
    people = pc.is_in(rows.column("rater_kind"), value_set=pa.array(PEOPLE))
    nobody = pc.or_(*(pc.starts_with(rows.column("rater"), prefix) for prefix in (COUNTED, GROUP)))
    shown = rows.column("shown").combine_chunks()
    lists = (pc.binary_join(pc.struct_field(shown, name), _SEPARATOR) for name in ("context", "suggestions"))
    texts = (pc.struct_field(asked, "question"), pc.struct_field(shown, "instructions"), *lists)
    parts = (*(keys.column(name) for name in KEYS[1:4]), *(pc.fill_null(text, "") for text in texts))
    columns = {
        **{name: rows.column(name) for name in ("opinion_id", "sample_id", "rater")},
        "person": pc.and_(people, pc.invert(nobody)),
        "question": pc.binary_join_element_wise(*parts, _SEPARATOR),
        "seen": keys.column("modalities"),
        "answer": _nullable(_codes(said), ~np.isnan(said).all(axis=1)),
        "spots": spots,
        "offer": offer,
        "votes": _lists(votes(rows, taxonomy)),
        "vad": _lists(places_in_vad(rows)),
        "spent_s": rows.column("spent_s").cast(pa.float64()),
        "position": pc.struct_field(shown, "position").cast(pa.int64()),
    }
    return pa.table(columns).select(JUDGED.names).cast(JUDGED)


def _on_the_form(rows: pa.Table) -> tuple[pa.Array, pa.Array]:
    """What was given at each place of the form, and a number for the order of the labels."""
    asked, answer = (rows.column(name).combine_chunks() for name in ("asked", "answer"))
    given = pc.coalesce(*(pc.struct_field(answer, name) for name in ("intensities", "weights")))
    sizes = pc.fill_null(pc.list_value_length(given), 0).to_numpy()
    flat = pc.list_flatten(given).to_numpy(zero_copy_only=False).astype(np.float64)
    row = np.repeat(np.arange(len(sizes)), sizes)
    place = np.arange(len(flat)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    spots = np.zeros(len(sizes), np.uint64)
    np.add.at(spots, row, _codes(np.stack([place.astype(np.float64), flat], axis=1)))
    labels = pc.binary_join(pc.struct_field(asked, "labels"), _SEPARATOR).dictionary_encode()
    orders = pa.array([int(digest(text)[:16], 16) for text in labels.dictionary.to_pylist()], pa.uint64())
    return _nullable(spots, sizes > 0), orders.take(labels.indices)


def _codes(rows: Floats) -> Codes:
    """A number for each row: the same for equal rows, NaN like NaN."""
    codes = np.full(len(rows), rows.shape[1], np.uint64)
    for column in rows.T:
        bits = np.where(np.isnan(column), -1.0, column + 0.0).astype(np.float64).view(np.uint64)
        codes = (codes ^ bits) * _MIX
        codes ^= codes >> np.uint64(29)
    return codes


def _nullable(codes: Codes, known: Any) -> pa.Array:
    return pa.array(codes, pa.uint64(), mask=~np.asarray(known, dtype=bool))


def _lists(rows: Floats) -> pa.ListArray:
    flat = pa.array(rows.ravel(), pa.float64(), mask=np.isnan(rows.ravel()))
    return pa.ListArray.from_arrays(pa.array(np.arange(len(rows) + 1) * rows.shape[1], pa.int32()), flat)
