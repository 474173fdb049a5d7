"""What a gate found, told without the names of anything that is not published: most of these could be guessed."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.purposes.rows import batches, names, strings
from affectory.schemas.parquet import Part

_ID = re.compile(r"(?<![0-9A-Za-z])[sropx]_[0-9a-f]{20,24}(?:-\d+)?(?![0-9A-Za-z])")
"""Of samples, records, opinions, people and rejects."""
_ELSE = "[not published]"


def unnamed(facts: Any, tables: Mapping[str, Sequence[Part]], splits: pa.Table) -> Any:
    """Plain data that names nothing and nobody but what a release holds; `splits` has the samples of it.

    Whom a check of the table of people is about is not told at all: it may be about what they declared.
    """
    facts = _of_nobody(facts)
    named = frozenset(_named(facts))
    gone = named - _published(named, tables, splits) if named else named
    return _without(facts, gone) if gone else facts


def _of_nobody(facts: Any) -> Any:
    if isinstance(facts, Mapping):
        about: dict[str, Any] = {"rows": []} if facts.get("table") == "people" and "rows" in facts else {}
        return {name: _of_nobody(value) for name, value in facts.items()} | about
    return [_of_nobody(value) for value in facts] if isinstance(facts, list | tuple) else facts


def _named(facts: Any) -> Iterator[str]:
    if isinstance(facts, str):
        yield from _ID.findall(facts)
    elif isinstance(facts, Mapping):
        for name, value in facts.items():
            yield from (*_named(name), *_named(value))
    elif isinstance(facts, list | tuple):
        for value in facts:
            yield from _named(value)


def _published(named: frozenset[str], tables: Mapping[str, Sequence[Part]], splits: pa.Table) -> set[str]:
    wanted, kinds = strings(named), {name[0] for name in named}
    found = _among(splits["sample_id"], wanted)
    if kinds & {"r", "p"} or any("-" in name for name in named):
        for batch in _of(tables["samples"], ("sample_id", "anchor", "speaker", "segments"), splits):
            found |= _among(pc.struct_field(batch["anchor"], "record"), wanted)
            found |= {who for _, who in names(batch, "speaker", "segments")} & named
    if kinds & {"o", "p"}:
        for batch in _of(tables["opinions"], ("sample_id", "opinion_id", "rater"), splits):
            found |= _among(batch["opinion_id"], wanted) | _among(batch["rater"], wanted)
    return found


def _of(parts: Sequence[Part], columns: Sequence[str], splits: pa.Table) -> Iterator[pa.Table]:
    published = splits["sample_id"].combine_chunks()
    return (batch.filter(pc.is_in(batch["sample_id"], value_set=published)) for batch in batches(parts, columns))


def _among(column: pa.ChunkedArray, wanted: pa.Array) -> set[str]:
    return set(pc.unique(column.filter(pc.is_in(column, value_set=wanted))).to_pylist())


def _without(facts: Any, gone: Collection[str]) -> Any:
    if isinstance(facts, Mapping):
        return {name: _without(value, gone) for name, value in facts.items() if name not in gone}
    if isinstance(facts, list | tuple):
        return [_without(value, gone) for value in facts if not (isinstance(value, str) and value in gone)]
    if not isinstance(facts, str):
        return facts
    return None if facts in gone else _ID.sub(lambda found: _ELSE if found[0] in gone else found[0], facts)
