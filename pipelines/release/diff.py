"""What differs between two releases, from their lineage and the rows it marks as changed."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from affectory.pipelines.release.lineage import plain_json
from affectory.pipelines.release.manifest import Content, read_manifest
from affectory.pipelines.release.places import files_of
from affectory.pipelines.release.version import Bump
from affectory.schemas.derived import TABLES
from affectory.schemas.urls import Location

_AT_ONCE = 10_000
_MOST_REASONS = 5
_MOST_CHARACTERS = 90
"""Of the names in one reason; with the words around them it stays a line."""
Rows = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class ReleaseDiff:
    """What a user of release `a` would find changed in `b`."""

    a: str
    b: str
    added: int = 0
    removed: int = 0
    changed: int = 0
    columns: Mapping[str, int] = field(default_factory=dict)
    """Changed rows by column of the default config."""
    tables: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Rows added, removed and changed in the other configs."""
    labels: Mapping[str, int] = field(default_factory=dict)
    """Moves between labels: `anger -> joy`."""
    splits: Mapping[str, int] = field(default_factory=dict)
    """Moves between splits: `train -> test`."""
    schema: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Changes of configs, columns, taxonomy and label space: `columns added` -> their names."""
    files: tuple[str, ...] = ()
    """Names of files that differ."""

    @property
    def empty(self) -> bool:
        """Whether the two hold the same."""
        return not self.files

    @property
    def bump(self) -> Bump:
        """How large a change this is for those who use the data."""
        if self.empty:
            return "none"
        return "major" if self.schema else "minor" if self.added else "patch"

    @property
    def reasons(self) -> tuple[str, ...]:
        """The change in few and short sentences, the weightiest first; the fields hold all of it."""
        found = [f"{what}: {_some(names)}" for what, names in self.schema.items()] + self._rows()
        found = found or ([f"{_some(self.files)} changed"] if self.files else [])
        more = len(found) - _MOST_REASONS
        return tuple(found) if more <= 0 else (*found[: -more - 1], f"and {more + 1} further changes")

    def _shortened(self) -> dict[str, tuple[str, ...]]:
        """What the reasons do not tell in full."""
        found = {
            what: names for what, names in self.schema.items() if f"{what}: {', '.join(names)}" not in self.reasons
        }
        of_files = not self.schema and not self._rows() and _some(self.files) != ", ".join(self.files)
        return {**found, "files changed": self.files} if of_files else found

    def _rows(self) -> list[str]:
        where = tuple(self.columns) or tuple(sorted(self.tables))
        counted = (
            (self.added, "added"),
            (self.removed, "removed"),
            (self.changed, f"changed ({_some(where)})" if where else "changed"),
            (sum(self.splits.values()), "moved to another split"),
        )
        return [f"{n} row{'s' if n > 1 else ''} {what}" for n, what in counted if n]

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "bump": self.bump, "reasons": list(self.reasons)}

    def as_text(self) -> str:
        """For people."""
        if self.empty:
            return f"{self.a} and {self.b} hold the same."
        lines = [f"{self.a} -> {self.b}: {self.bump}", *(f"  {reason}" for reason in self.reasons)]
        for what, names in self._shortened().items():
            lines += [f"  {what}:", *(f"    {name}" for name in names)]
        lines += _listed("rows changed by column", self.columns)
        lines += _listed("labels moved", self.labels)
        lines += _listed("splits moved", self.splits)
        for name, counts in self.tables.items():
            lines += _listed(name, counts)
        return "\n".join(lines)


def _some(names: Sequence[str]) -> str:
    """As many of the names as fit on a line, and how many there are besides."""
    first = names[0]
    shown = [first if len(first) <= _MOST_CHARACTERS else f"{first[: _MOST_CHARACTERS - 3]}..."]
    while len(shown) < len(names) and len(", ".join([*shown, names[len(shown)]])) <= _MOST_CHARACTERS:
        shown.append(names[len(shown)])
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _listed(title: str, counts: Mapping[str, int]) -> list[str]:
    return [f"  {title}:", *(f"    {name}: {count}" for name, count in counts.items())] if counts else []


@dataclass(frozen=True)
class Side:
    """A release, or one that is about to become one."""

    name: str
    path: Location | str
    content: Content

    @classmethod
    def of(cls, path: Location | str) -> "Side":
        manifest = read_manifest(path)
        return cls(manifest.version, path, manifest.content)

    def lineage(self) -> pa.Table:
        with files_of(self.path).open("lineage.parquet") as file, pq.ParquetFile(file) as table:
            return table.read(columns=["sample_id", "split", "row_hash"], use_threads=False)

    def table(self, config: str, columns: Sequence[str], samples: Sequence[str]) -> pa.Table:
        """Rows of some samples."""
        files, wanted, found = files_of(self.path), pa.array(samples, pa.string()), []
        read = list(dict.fromkeys(("sample_id", *columns)))
        for name in files.names(f"data/{config}"):
            with files.open(name) as file, pq.ParquetFile(file) as shard:
                found.append(shard.schema_arrow.empty_table().select(read))
                for group in _groups_with(shard, sorted(samples)):
                    rows = shard.read_row_group(group, columns=read, use_threads=False)
                    found.append(rows.filter(pc.is_in(rows.column("sample_id"), value_set=wanted)).select(read))
        return pa.concat_tables(found) if found else pa.table({name: pa.array([], pa.string()) for name in read})

    def rows(self, config: str, columns: Sequence[str], samples: Sequence[str], key: Sequence[str]) -> Rows:
        """Rows of some samples by key."""
        found = self.table(config, columns, samples).select(list(columns)).to_pylist()
        return {plain_json([row[k] for k in key]): row for row in found}


def _groups_with(shard: pq.ParquetFile, samples: Sequence[str]) -> Iterator[int]:
    """The row groups of a shard that may hold any of some sorted samples; of the others nothing has to be fetched."""
    for number in range(shard.num_row_groups):
        group = shard.metadata.row_group(number)
        ids = next(c for c in map(group.column, range(group.num_columns)) if c.path_in_schema == "sample_id")
        facts = ids.statistics
        unknown = facts is None or not facts.has_min_max
        if unknown or bisect_left(samples, facts.min) < bisect_right(samples, facts.max):
            yield number


def diff(a: Location | str, b: Location | str) -> ReleaseDiff:
    """What changed from the release in `a` to that in `b`."""
    return compare(Side.of(a), Side.of(b))


def compare(a: Side, b: Side) -> ReleaseDiff:
    """What changed from `a` to `b`."""
    if a.content.hash == b.content.hash:
        return ReleaseDiff(a.name, b.name)
    both = a.lineage().join(b.lineage(), "sample_id", join_type="full outer", right_suffix="_b", coalesce_keys=True)
    in_a, in_b = pc.is_valid(both["row_hash"]), pc.is_valid(both["row_hash_b"])
    kept = both.filter(pc.and_(in_a, in_b))
    changed = kept.filter(pc.not_equal(kept["row_hash"], kept["row_hash_b"]))["sample_id"].to_pylist()
    columns, labels = _default_changes(a, b, sorted(changed))
    return ReleaseDiff(
        a.name,
        b.name,
        added=pc.sum(pc.invert(in_a)).as_py() or 0,
        removed=pc.sum(pc.invert(in_b)).as_py() or 0,
        changed=len(changed),
        columns=columns,
        tables=_table_changes(a, b, sorted(changed)),
        labels=labels,
        splits=_moves(zip(kept["split"].to_pylist(), kept["split_b"].to_pylist(), strict=True)),
        schema=_schema_changes(a.content, b.content),
        files=_changed_files(a.content, b.content),
    )


def _moves(pairs: Any) -> dict[str, int]:
    counted = Counter(f"{old} -> {new}" for old, new in pairs if old != new)
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def _changed_files(a: Content, b: Content) -> tuple[str, ...]:
    old, new = a.data_files, b.data_files
    return tuple(p for p in sorted({*old, *new}) if old.get(p) != new.get(p))


def _schema_changes(a: Content, b: Content) -> dict[str, tuple[str, ...]]:
    both = sorted(set(a.features) & set(b.features))
    columns = [_column_changes(config, a.features[config], b.features[config]) for config in both]
    added, removed, typed = (tuple(name for found in kind for name in found) for kind in zip(*columns, strict=True))
    found = {
        "taxonomy changed": _taxonomy_change(a.taxonomy, b.taxonomy),
        "configs added": tuple(sorted(set(b.features) - set(a.features))),
        "configs removed": tuple(sorted(set(a.features) - set(b.features))),
        "columns removed": removed,
        "columns of another type": typed,
        "columns added": added,
        "label spaces added": tuple(sorted(set(b.spaces) - set(a.spaces))) if a.spaces else (),
    }
    return {what: names for what, names in found.items() if names}


def _taxonomy_change(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[str, ...]:
    if a["hash"] == b["hash"] and a["labels"] == b["labels"]:
        return ()
    old, new = (f"{t['name']} with {len(t['labels'])} labels" for t in (a, b))
    return (f"{old} -> {new}",)


def _column_changes(config: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[list[str], ...]:
    """Names of columns added, removed and changed in type. `label` is told by the taxonomy."""
    both = (name for name in sorted(set(old) & set(new)) if name != "label")
    changes = sorted(set(new) - set(old)), sorted(set(old) - set(new)), [n for n in both if old[n] != new[n]]
    return tuple([n if config == "default" else f"{config}.{n}" for n in names] for names in changes)


def _default_changes(a: Side, b: Side, samples: Sequence[str]) -> tuple[dict[str, int], dict[str, int]]:
    """Changed rows by column, and moves between labels."""
    columns = _comparable(a.content, b.content)
    changed: Counter[str] = Counter()
    moves: Counter[tuple[str, str]] = Counter()
    for some in _batches(samples):
        both = _Both.of(a, b, "default", columns, ("sample_id",), some)
        changed.update({name: int(apart.sum()) for name, apart in both.differences().items()})
        labels = (_labels(side, table) for side, table in ((a, both.old), (b, both.new)))
        moves.update(zip(*labels, strict=True))
    return {c: changed[c] for c in columns if changed[c]}, _moves(moves.elements())


def changed_columns(a: Side, b: Side, samples: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Of samples that both have, which columns of the default config differ."""
    columns = _comparable(a.content, b.content)
    for some in _batches(samples):
        both = _Both.of(a, b, "default", columns, ("sample_id",), some)
        apart = both.differences()
        for row, sample in enumerate(both.old["sample_id"].to_pylist()):
            yield sample, [name for name, differs in apart.items() if differs[row]]


@dataclass(frozen=True)
class _Both:
    """Rows of one config that two releases have, in the same order, and how many only one of them has."""

    old: pa.Table
    new: pa.Table
    added: int
    removed: int

    @classmethod
    def of(
        cls, a: Side, b: Side, config: str, columns: Sequence[str], key: Sequence[str], samples: Sequence[str]
    ) -> "_Both":
        old, new = (side.table(config, columns, samples) for side in (a, b))
        at = pc.index_in(_keys(old, key), value_set=_keys(new, key))
        shared = at.drop_null()
        return cls(
            old.filter(pc.is_valid(at)).combine_chunks(),
            new.take(shared).combine_chunks(),
            added=new.num_rows - len(shared),
            removed=old.num_rows - len(shared),
        )

    def differences(self) -> dict[str, NDArray[np.bool_]]:
        """By column in which rows it differs; columns that do not differ at all are left out."""
        pairs = ((name, self.old[name], self.new[name]) for name in self.old.column_names)
        found = {name: _apart(old, new) for name, old, new in pairs if not old.equals(new)}
        return {name: apart for name, apart in found.items() if apart.any()}

    @property
    def changed(self) -> int:
        """Rows that differ in any column."""
        return int(np.any([np.zeros(self.old.num_rows, bool), *self.differences().values()], axis=0).sum())


def _keys(table: pa.Table, key: Sequence[str]) -> pa.Array:
    parts = [table[name].cast(pa.string()) for name in key]
    joined = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, "\x1f")
    return joined.combine_chunks()


def _apart(old: pa.ChunkedArray, new: pa.ChunkedArray) -> NDArray[np.bool_]:
    """In which rows two columns differ, as their JSON would."""
    kind = old.type
    if kind == new.type and (pa.types.is_string(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        unequal = pc.fill_null(pc.not_equal(old, new), False)
        if pa.types.is_floating(kind):
            unequal = pc.and_not(unequal, pc.fill_null(pc.and_(pc.is_nan(old), pc.is_nan(new)), False))
        apart: NDArray[np.bool_] = pc.or_(unequal, pc.xor(pc.is_null(old), pc.is_null(new))).to_numpy()
        return apart
    pairs = zip(old.to_pylist(), new.to_pylist(), strict=True)
    # No number equals NaN, which says the same in both.
    return np.array([x != y and plain_json(x) != plain_json(y) for x, y in pairs], dtype=bool)


def _labels(side: Side, rows: pa.Table) -> list[str]:
    names: list[str] = side.content.taxonomy["labels"]
    return ["none" if at is None else str(names[at]) for at in rows["label"].to_pylist()]


def _comparable(a: Content, b: Content) -> list[str]:
    """Columns of both, without media bytes: their sha256 stands beside them."""
    media = {*a.media, *b.media}
    return [name for name in a.features["default"] if name in b.features["default"] and name not in media]


def _table_changes(a: Side, b: Side, samples: Sequence[str]) -> dict[str, dict[str, int]]:
    configs = sorted(set(a.content.features) & set(b.content.features) & set(TABLES))
    found: dict[str, Counter[str]] = {config: Counter() for config in configs}
    for config in configs:
        shared = [c for c in a.content.features[config] if c in b.content.features[config]]
        key = TABLES[config].key
        for some in _batches(samples):
            both = _Both.of(a, b, config, shared, key, some)
            found[config].update({"added": both.added, "removed": both.removed, "changed": both.changed})
    counted = {config: {what: n for what, n in counts.items() if n} for config, counts in found.items()}
    return {config: counts for config, counts in counted.items() if counts}


def _batches(samples: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(samples), _AT_ONCE):
        yield samples[start : start + _AT_ONCE]
