"""What differs between two releases, from their lineage and the rows it marks as changed."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from affectory.pipelines.release.lineage import plain_json
from affectory.pipelines.release.manifest import Content, read_manifest
from affectory.pipelines.release.places import files_of
from affectory.pipelines.release.version import Bump
from affectory.schemas.derived import TABLES
from affectory.schemas.urls import Location

_AT_ONCE = 5000
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

    def rows(self, config: str, columns: Sequence[str], samples: Sequence[str], key: Sequence[str]) -> Rows:
        """Rows of some samples by key."""
        files, wanted, found = files_of(self.path), pa.array(samples, pa.string()), []
        read = list(dict.fromkeys(("sample_id", *columns)))
        for name in files.names(f"data/{config}"):
            with files.open(name) as file, pq.ParquetFile(file) as shard:
                for group in _groups_with(shard, sorted(samples)):
                    rows = shard.read_row_group(group, columns=read, use_threads=False)
                    chosen = rows.filter(pc.is_in(rows.column("sample_id"), value_set=wanted))
                    found += chosen.select(list(columns)).to_pylist()
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
    changed: Counter[str] = Counter()
    moves: list[tuple[str, str]] = []
    for old, new, differing in _differing(a, b, samples):
        changed.update(differing)
        moves.append((_label(a, old), _label(b, new)))
    return {c: changed[c] for c in _comparable(a.content, b.content) if changed[c]}, _moves(moves)


def changed_columns(a: Side, b: Side, samples: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Of samples that both have, which columns of the default config differ."""
    for old, _, differing in _differing(a, b, samples):
        yield old["sample_id"], differing


def _differing(
    a: Side, b: Side, samples: Sequence[str]
) -> Iterator[tuple[dict[str, Any], dict[str, Any], list[str]]]:
    """The rows of samples in both, and the columns in which they differ."""
    columns = _comparable(a.content, b.content)
    for some in _batches(samples):
        old, new = (side.rows("default", columns, some, ("sample_id",)) for side in (a, b))
        for key in old:
            yield old[key], new[key], [c for c in columns if plain_json(old[key][c]) != plain_json(new[key][c])]


def _comparable(a: Content, b: Content) -> list[str]:
    """Columns of both, without media bytes: their sha256 stands beside them."""
    media = {*a.media, *b.media}
    return [name for name in a.features["default"] if name in b.features["default"] and name not in media]


def _label(side: Side, row: Mapping[str, Any]) -> str:
    return "none" if row["label"] is None else str(side.content.taxonomy["labels"][row["label"]])


def _table_changes(a: Side, b: Side, samples: Sequence[str]) -> dict[str, dict[str, int]]:
    configs = sorted((set(a.content.features) & set(b.content.features)) - {"default"})
    found: dict[str, Counter[str]] = {config: Counter() for config in configs}
    for config in configs:
        shared = [c for c in a.content.features[config] if c in b.content.features[config]]
        key = TABLES[config].key
        for some in _batches(samples):
            old, new = (side.rows(config, shared, some, key) for side in (a, b))
            found[config]["added"] += len(set(new) - set(old))
            found[config]["removed"] += len(set(old) - set(new))
            found[config]["changed"] += sum(plain_json(old[k]) != plain_json(new[k]) for k in set(old) & set(new))
    counted = {config: {what: n for what, n in counts.items() if n} for config, counts in found.items()}
    return {config: counts for config, counts in counted.items() if counts}


def _batches(samples: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(samples), _AT_ONCE):
        yield samples[start : start + _AT_ONCE]
