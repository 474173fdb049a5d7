"""The gate: rules that the tables of a dataset must keep before anything is published."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.quality.findings import Finding, merged
from affectory.schemas.derived import TABLES
from affectory.schemas.ledgers import KINDS
from affectory.schemas.opinion import PERSPECTIVES, RATER_KINDS
from affectory.schemas.parquet import Part, read_all
from affectory.schemas.taxonomy import Taxonomy

TOLERANCE = 1e-4
_AT_ONCE = 16

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


CLEANED_BY = {"image": "load_image", "audio": "load_audio", "video": "clips"}
"""The step that writes media anew, without what their files carry besides."""


def check(
    tables: Mapping[str, Sequence[Part]], taxonomy: Taxonomy, min_rows: int, media: Sequence[str] = ()
) -> list[Finding]:
    """Every rule that is broken, with the rows that break it; of `media`, which are published, also what they carry.
    Only ids are held of all rows at once. Where a suite looks at the same, its check has the same name."""
    known = _read(tables.get("samples", ()), "samples", ["sample_id"]).column("sample_id")
    known = known.drop_null().cast(pa.large_string())  # offsets of 32 bits end at some 80 million ids
    found = [*_few(known, min_rows), _unique("samples", known, "sample_id")]
    for name in ("notes", "opinions", "labels"):
        found += _linked(name, _read(tables.get(name, ()), name, ["sample_id"]), known)
    opinions = _read(tables.get("opinions", ()), "opinions", ["opinion_id"])
    found.append(_unique("opinions", opinions.column("opinion_id"), "opinion_id"))
    rules: Mapping[str, Callable[[pa.Table], Iterator[Finding]]]
    rules = {"samples": partial(_samples, media), "opinions": _opinions, "labels": partial(_labels, taxonomy)}
    for name, broken in rules.items():
        for rows in _some(tables.get(name, ()), name, _COLUMNS[name]):
            found += [*_there(name, rows), *broken(rows)]
    return [finding for finding in merged(found) if finding.count]


_COLUMNS = {
    "samples": ["sample_id", "kind", "anchor", "original", *CLEANED_BY],
    "opinions": ["opinion_id", "perspective", "rater_kind", "asked", "answer"],
    "labels": ["sample_id", "taxonomy", "space", "values", "names", "count", "state"],
}
_REQUIRED = {
    table: [name for name in columns if not TABLES[table].schema.field(name).nullable]
    for table, columns in _COLUMNS.items()
}
CHECKS = frozenset(
    {
        "samples.min_rows", "samples.kind", "samples.times", "samples.characters", "samples.unique",
        *(f"samples.{column}_as_it_came" for column in CLEANED_BY),
        "notes.sample", "opinions.sample", "opinions.unique", "opinions.perspective", "opinions.rater_kind",
        "opinions.aligned", "opinions.weights", "labels.sample", "labels.values", "labels.finite", "labels.shares",
        "labels.sum", "labels.count",
        *(f"{table}.{column}_there" for table, columns in _REQUIRED.items() for column in columns),
    }
)  # fmt: skip
"""The names by which a recipe adjusts these rules."""


def _some(parts: Sequence[Part], name: str, columns: list[str]) -> Iterator[pa.Table]:
    """Rows of a few parts at a time."""
    for first in range(0, len(parts), _AT_ONCE):
        yield _read(parts[first : first + _AT_ONCE], name, columns)


def _read(parts: Sequence[Part], name: str, columns: list[str]) -> pa.Table:
    """The columns, of which any may hold nulls: that something must be there is a rule."""
    schema = pa.schema([TABLES[name].schema.field(c).with_nullable(True) for c in columns])
    return pa.concat_tables([schema.empty_table(), *(table.cast(schema) for table in read_all(parts, columns))])


def _few(ids: pa.ChunkedArray, min_rows: int) -> Iterator[Finding]:
    if len(ids) < min_rows:
        told = f"{len(ids)} rows, validate.min_rows asks for {min_rows}"
        yield Finding("samples", told, 1, (), check="samples.min_rows")


def _there(name: str, rows: pa.Table) -> Iterator[Finding]:
    for column in _REQUIRED[name]:
        missing = rows.filter(pc.is_null(rows.column(column)))
        ids = pc.fill_null(missing.column(0), "?").to_pylist()
        yield Finding.of(name, f"{column} is missing", ids, check=f"{name}.{column}_there")


def _samples(media: Sequence[str], samples: pa.Table) -> Iterator[Finding]:
    rule = f"kind is not one of {', '.join(KINDS)}"
    yield _bad(samples, ~_within(samples.column("kind"), KINDS), rule, "samples.kind")
    anchor = samples.column("anchor")
    for check, start, end in (("times", "start_us", "end_us"), ("characters", "char_start", "char_end")):
        backwards = pc.greater_equal(pc.struct_field(anchor, start), pc.struct_field(anchor, end))
        yield _bad(samples, _mask(backwards), f"{start} does not lie before {end}", f"samples.{check}")
    for column in (name for name in CLEANED_BY if name in media):
        yield _as_it_came(samples, column)


def _as_it_came(samples: pa.Table, column: str) -> Finding:
    """Files that are published untouched: a picture may say where it was taken, a film whose camera took it."""
    assets = (pc.struct_field(samples.column(name), "asset") for name in (column, "original"))
    rule = f"`{column}` is the file as it came, with whatever it says of place, time, device and people"
    rows = _chosen(samples.column("sample_id"), _mask(pc.equal(*assets)))
    told = f"{rule}; the step {CLEANED_BY[column]} writes one without"
    return Finding.of("samples", told, rows, "warns", f"samples.{column}_as_it_came")


def _unique(name: str, keys: pa.ChunkedArray, called: str) -> Finding:
    counts = pc.value_counts(keys.drop_null().cast(pa.large_string()))
    twice = counts.filter(pc.greater(pc.struct_field(counts, "counts"), 1))
    rows = pc.struct_field(twice, "values").to_pylist()
    return Finding.of(name, f"{called} is not unique", rows, check=f"{name}.unique")


def _linked(name: str, table: pa.Table, samples: pa.ChunkedArray) -> Iterator[Finding]:
    stray = table.filter(pc.invert(pc.is_in(table.column("sample_id").cast(samples.type), value_set=samples)))
    rows = pc.fill_null(stray.column("sample_id"), "?").to_pylist()
    yield Finding.of(name, "sample_id names no sample", rows, check=f"{name}.sample")


def _opinions(table: pa.Table) -> Iterator[Finding]:
    ids = table.column("opinion_id")
    for column, allowed in (("perspective", PERSPECTIVES), ("rater_kind", RATER_KINDS)):
        bad = ~_within(table.column(column), allowed)
        rule, check = f"{column} is not one of {', '.join(allowed)}", f"opinions.{column}"
        yield Finding.of("opinions", rule, _chosen(ids, bad), check=check)
    weights = pc.struct_field(table.column("answer"), "weights")
    offered = pc.list_value_length(pc.struct_field(table.column("asked"), "labels"))
    uneven = _mask(pc.not_equal(pc.list_value_length(weights), offered))
    rows = _chosen(ids, uneven)
    yield Finding.of("opinions", "weights do not match the labels asked", rows, check="opinions.aligned")
    wrong = _lists_with(weights, lambda v: ~np.isfinite(v) | (v < 0))
    rows = _chosen(ids, wrong)
    yield Finding.of("opinions", "a weight is negative or not a number", rows, check="opinions.weights")


def _labels(taxonomy: Taxonomy, table: pa.Table) -> Iterator[Finding]:
    of_this = _mask(pc.and_(pc.equal(table.column("taxonomy"), taxonomy.name), pc.is_null(table.column("names"))))
    lengths = np.asarray(pc.fill_null(pc.list_value_length(table.column("values")), -1))
    rule = f"values are not {len(taxonomy.labels)} numbers"
    yield _bad(table, of_this & (lengths != len(taxonomy.labels)), rule, "labels.values")
    wild = _lists_with(table.column("values"), lambda v: ~np.isfinite(v))
    yield _bad(table, wild, "a value is not finite", "labels.finite")
    shares = _within(table.column("space"), ("simplex", "multi-label"))
    below = _lists_with(table.column("values"), lambda v: v < 0)
    yield _bad(table, shares & below, "a share is negative", "labels.shares")
    sums, some = _sums(table.column("values")), _lists_with(table.column("values"), lambda v: np.full(len(v), True))
    off = np.where(some, np.abs(sums - 1.0) > TOLERANCE, _mask(pc.is_null(table.column("state"))))
    simplex = _mask(pc.equal(table.column("space"), "simplex"))
    yield _bad(table, simplex & off, "a simplex does not sum to 1", "labels.sum")
    yield _bad(table, _mask(pc.less(table.column("count"), 1)), "a label without opinions", "labels.count")


def _bad(table: pa.Table, mask: Mask, rule: str, check: str) -> Finding:
    name = check.partition(".")[0]
    return Finding.of(name, rule, _chosen(table.column("sample_id"), mask), check=check)


def _chosen(ids: pa.ChunkedArray, mask: Mask) -> list[str]:
    return list(pc.fill_null(ids.filter(pa.array(mask)), "?").to_pylist())


def _mask(values: pa.ChunkedArray) -> Mask:
    return np.asarray(pc.fill_null(values, False), dtype=bool)


def _within(values: pa.ChunkedArray, allowed: Sequence[str]) -> Mask:
    return np.asarray(pc.is_in(values, value_set=pa.array(allowed)), dtype=bool)


def _sums(lists: pa.ChunkedArray) -> Floats:
    flat, parents = _flat(lists)
    sums: Floats = np.bincount(parents, weights=np.nan_to_num(flat), minlength=len(lists)).astype(np.float64)
    return sums


def _lists_with(lists: pa.ChunkedArray, wrong: Callable[[Floats], Mask]) -> Mask:
    flat, parents = _flat(lists)
    mask = np.zeros(len(lists), dtype=bool)
    mask[parents[wrong(flat)]] = True
    return mask


def _flat(lists: pa.ChunkedArray) -> tuple[Floats, NDArray[np.int64]]:
    whole = lists.combine_chunks()
    values, parents = pc.list_flatten(whole), pc.list_parent_indices(whole)
    present = pc.is_valid(values)
    return np.asarray(values.filter(present), dtype=np.float64), np.asarray(parents.filter(present), dtype=np.int64)
