"""What a release tells of those who speak and judge in it: never so much that few of them share it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.purposes.rows import batches, names
from affectory.pipelines.purposes.words import newest
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import UserError
from affectory.schemas.parquet import Part
from affectory.schemas.recipe.publishing import Demographics

_OF_LEDGER = ("languages", "relation")
"""What is known of people beside what they declared, in the order in which it is left out."""
Row = dict[str, Any]


def people_table(
    given: Demographics, workspace: Workspace, tables: Mapping[str, Sequence[Part]], published: pa.Array
) -> pa.Table:
    """A row for each person in the published samples and opinions, with what at least `least` of them share."""
    known = newest(workspace)
    declared = {name for row in known.values() for name in row["declared"] or ()}
    if unknown := [name for name in given.columns if name not in declared]:
        hint = f"declared are: {', '.join(sorted(declared)) or 'none'}; a sidecar declares them with `facts`"
        raise UserError(f"publish.people.columns names {unknown[0]!r}, which nobody declared", hint)
    rows = [_row(person, known[person], given.columns) for person in _mentioned(tables, published) if person in known]
    columns = (*given.columns, *_OF_LEDGER)
    texts = [(name, pa.string()) for name in columns]
    schema = pa.schema([("person_id", pa.string()), ("roles", pa.list_(pa.string())), *texts])
    return pa.Table.from_pylist(coarsened(rows, columns, given.least), schema)


def coarsened(rows: Sequence[Row], columns: Sequence[str], least: int) -> list[Row]:
    """The rows with column after column left out of those who share what is left with too few others.

    Whoever is not among `least` people who are told of alike is told nothing of.
    """
    made = [dict(row) for row in rows]
    for name in columns:
        shared = Counter(_cell(row, columns) for row in made)
        for row in made:
            if shared[_cell(row, columns)] < least:
                row[name] = None
    return made


def _cell(row: Row, columns: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in columns)


def _row(person: str, known: Row, columns: Sequence[str]) -> Row:
    declared = known["declared"] or {}
    languages = ", ".join(sorted(known["languages"] or ())) or None
    facts = {name: declared.get(name) for name in columns}
    told = {"languages": languages, "relation": known["relation"]}
    return {"person_id": person, "roles": sorted(known["roles"] or ()), **facts, **told}


def _mentioned(tables: Mapping[str, Sequence[Part]], published: pa.Array) -> list[str]:
    """Who speaks in published samples or judged them, in order."""
    found = set[str]()
    for batch in _about(tables["samples"], ("sample_id", "speaker", "segments"), published):
        found |= {who for _, who in names(batch, "speaker", "segments")}
    for batch in _about(tables["opinions"], ("sample_id", "rater"), published):
        found |= {who for _, who in names(batch, "rater")}
    return sorted(found)


def _about(parts: Sequence[Part], columns: Sequence[str], published: pa.Array) -> Iterable[pa.Table]:
    return (b.filter(pc.is_in(b["sample_id"], value_set=published)) for b in batches(parts, columns))
