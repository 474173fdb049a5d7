"""What a recipe asks for and no row has, such as a misspelled role: told, for nothing else would show it."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from affectory.quality.findings import Finding
from affectory.schemas.derived import LABELS, NOTES, SAMPLES
from affectory.schemas.parquet import Part, in_turn, read_all

ROLES = ("speaker", "session", "dialogue", "language")
_EXTRA, _NOTE = "extra.", "note."
_AT_ONCE = 16


@dataclass(frozen=True)
class Expected:
    """What is asked for."""

    roles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By source, the columns of samples that it is to fill."""
    notes: Mapping[str, tuple[frozenset[str], frozenset[str]]] = field(default_factory=dict)
    """By step that only writes notes, the kinds of sample that it looks at, and the notes."""
    groups: Mapping[str, str] = field(default_factory=dict)
    """By step, what it groups samples by: `speaker`, `note.NAME`, `extra.NAME`."""
    rules: Sequence[tuple[str, str]] = ()
    """By which rules, in which taxonomies, there are to be labels, if anybody said anything."""


@dataclass
class _Seen:
    """What there is."""

    sources: dict[str, int] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)
    filled: set[tuple[str, str]] = field(default_factory=set)
    """Source and column."""
    extra: set[str] = field(default_factory=set)
    noted: set[str] = field(default_factory=set)
    labelled: set[tuple[str, str]] = field(default_factory=set)
    """Rule and taxonomy."""
    opinions: int = 0

    def has(self, group: str) -> bool:
        if group.startswith(_EXTRA):
            return group.removeprefix(_EXTRA) in self.extra
        if group.startswith(_NOTE):
            return group.removeprefix(_NOTE) in self.noted
        return group not in ROLES or any(column == group for _, column in self.filled)

    def told_by(self, rule: str, taxonomy: str, taxonomies: Set[str]) -> bool:
        """Places in VAD are in none of the recipe's taxonomies."""
        return any(name == rule and (of == taxonomy or of not in taxonomies) for name, of in self.labelled)


def unmet(tables: Mapping[str, Sequence[Part]], expected: Expected) -> list[Finding]:
    """Warnings of what no sample has."""
    seen = _seen(tables)
    count = sum(seen.sources.values())
    return [Finding(table, rule, rows or count, (), "warns") for table, rule, rows in _rules(expected, seen)]


def _rules(expected: Expected, seen: _Seen) -> Iterator[tuple[str, str, int]]:
    for source, roles in expected.roles.items():
        for role in roles:
            if source in seen.sources and (source, role) not in seen.filled:
                yield (
                    "samples",
                    f"no sample of the source {source} has the `{role}` that it names",
                    seen.sources[source],
                )
    for step, (kinds, notes) in expected.notes.items():
        if kinds & seen.kinds and not notes & seen.noted:
            yield "notes", f"{step} noted nothing of any sample: are its parameters named as in the data?", 0
    for step, group in expected.groups.items():
        if seen.sources and not seen.has(group):
            yield "samples", f"{step} groups by `{group}`, which no sample has", 0
    for rule, taxonomy in expected.rules:
        if seen.opinions and not seen.told_by(rule, taxonomy, {name for _, name in expected.rules}):
            told = f"{rule} in {taxonomy} made no label: no opinion says what it counts, in labels with a map to these"
            yield "labels", told, seen.opinions


def _seen(tables: Mapping[str, Sequence[Part]]) -> _Seen:
    seen = _Seen()
    for rows in _some(tables.get("samples", ()), SAMPLES.schema, ["source", "kind", "extra", *ROLES]):
        seen.kinds.update(rows.column("kind").unique().to_pylist())
        seen.extra.update(_keys(rows.column("extra")))
        for source, count, filled in _by_source(rows):
            seen.sources[source] = seen.sources.get(source, 0) + count
            seen.filled.update((source, role) for role in filled)
    for rows in _some(tables.get("notes", ()), NOTES.schema, ["name"]):
        seen.noted.update(rows.column("name").unique().to_pylist())
    for rows in _some(tables.get("labels", ()), LABELS.schema, ["rule", "taxonomy"]):
        kinds = rows.group_by(["rule", "taxonomy"], use_threads=False).aggregate([]).to_pylist()
        seen.labelled.update((row["rule"], row["taxonomy"]) for row in kinds)
    seen.opinions = sum(file.metadata.num_rows for file in in_turn(tables.get("opinions", ())))
    return seen


def _by_source(rows: pa.Table) -> Iterator[tuple[str, int, list[str]]]:
    """Each source with how many rows it has, and the roles that some of them have."""
    counted = rows.group_by("source", use_threads=False).aggregate([([], "count_all"), *((r, "count") for r in ROLES)])
    for row in counted.to_pylist():
        yield row["source"], row["count_all"], [role for role in ROLES if row[f"{role}_count"]]


def _keys(extra: pa.ChunkedArray) -> list[str]:
    return [key for chunk in extra.chunks for key in pc.unique(chunk.keys).to_pylist()]


def _some(parts: Sequence[Part], schema: pa.Schema, columns: list[str]) -> Iterator[pa.Table]:
    wanted = pa.schema([schema.field(name) for name in columns])
    for first in range(0, len(parts), _AT_ONCE):
        found = read_all(parts[first : first + _AT_ONCE], columns)
        yield pa.concat_tables([wanted.empty_table(), *(table.cast(wanted) for table in found)])
