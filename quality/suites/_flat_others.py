"""Flat columns of notes, rejects, and the ledgers of sources and people."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.quality.suites._arrays import flat, lengths, mask, numbers, rows_of, rows_with, truth, within
from affectory.quality.suites._flat_samples import Prepared, places_in_order
from affectory.quality.suites._ground import Ground


def _has_value(rows: pa.Table, _: Ground) -> pa.Array:
    there = (lengths(within(rows, "vector")) >= 0) | (lengths(within(rows, "places")) >= 0)
    for name in ("number", "text"):
        there |= np.asarray(pc.is_valid(within(rows, name)), dtype=bool)
    return truth(there)


def _number(rows: pa.Table, _: Ground) -> pa.Array:
    number = within(rows, "number")
    return truth(np.isfinite(numbers(number)), np.asarray(pc.is_valid(number), dtype=bool))


def _vector(rows: pa.Table, _: Ground) -> pa.Array:
    vector = within(rows, "vector")
    return truth(~rows_with(vector, lambda v: ~np.isfinite(v)), lengths(vector) >= 0)


def _places_inside(rows: pa.Table, ground: Ground) -> pa.Array:
    """Whether what was found lies in the sample's time."""
    places, parents = flat(within(rows, "places"))
    sample = within(rows, "sample_id").take(pa.array(parents))
    bounds = pc.struct_field(places, "start_us"), pc.struct_field(places, "end_us")
    held, told = ground.places.holding(sample, *bounds)
    return truth(~rows_of(parents[told & ~held], len(rows)), rows_of(parents[told], len(rows)))


def _reason(rows: pa.Table, _: Ground) -> pa.Array:
    """Of what was rejected; a failure's reason is its error's type."""
    rejected = mask(pc.equal(rows.column("outcome"), "rejected"))
    return pc.if_else(pa.array(rejected), within(rows, "reason"), pa.scalar(None, pa.string()))


def _licensed(rows: pa.Table, ground: Ground) -> pa.Array:
    """Whether a record's licence is said, of the sources that the recipe still has."""
    sources = ground.about.sources
    ours = mask(pc.is_in(rows.column("source"), pa.array(sources, pa.string()))) if sources else None
    return truth(mask(pc.match_substring_regex(within(rows, "licence"), r"\S")), ours)


def _all_match(name: str, pattern: str, rows: pa.Table, _: Ground) -> pa.Array:
    inside, parents = flat(within(rows, name))
    wrong = ~mask(pc.match_substring_regex(inside, pattern))
    return truth(~rows_of(parents[wrong], len(rows)), lengths(within(rows, name)) > 0)


COLUMNS: Mapping[str, Prepared] = {
    "notes": {
        "has_value": (("number", "text", "vector", "places"), _has_value),
        "number_finite": (("number",), _number),
        "vector_finite": (("vector",), _vector),
        "places_in_order": (("places",), partial(places_in_order, "places")),
        "places_inside": (("places", "sample_id"), _places_inside),
    },
    "rejects": {"rejected_because": (("outcome", "reason"), _reason)},
    "sources": {
        "licensed": (("licence", "source"), _licensed),
        "subjects_named": (("subjects",), partial(_all_match, "subjects", "^p_[0-9a-f]+$")),
    },
    "people": {"roles_known": (("roles",), partial(_all_match, "roles", "^(subject|rater)$"))},
}
