"""From tables to a published release."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from affectory.pipelines.named_values import named_values
from affectory.pipelines.release.agreed import agreed
from affectory.pipelines.release.card import Beside, WrittenConfig, WrittenSplit, readme
from affectory.pipelines.release.columns import default_rows, public_rows
from affectory.pipelines.release.croissant import croissant
from affectory.pipelines.release.diff import ReleaseDiff, Side, compare
from affectory.pipelines.release.embed import Media
from affectory.pipelines.release.facts import Facts
from affectory.pipelines.release.features import (
    EVERYBODY,
    PEOPLE_CONFIG,
    Shape,
    as_json,
    as_yaml,
    features_of,
    people_features,
)
from affectory.pipelines.release.gather import Gathered, Window, note_types
from affectory.pipelines.release.lineage import PUBLIC_REJECTS, LineageWriter, lineage_rows, reject_rows
from affectory.pipelines.release.load_test import run_load_test
from affectory.pipelines.release.manifest import Content, Manifest, hash_files, read_manifest
from affectory.pipelines.release.model import CONFIGS, MEDIA, Release, ReleaseInputs, Told
from affectory.pipelines.release.pointer import release_of
from affectory.pipelines.release.shards import Piece, ShardWriter, parquet_writer
from affectory.pipelines.release.shelf import Shelf, refuse_others, refuse_successor, shelf_at
from affectory.pipelines.release.signing import refuse_unusable
from affectory.pipelines.release.sums import seal
from affectory.pipelines.release.version import FIRST, Version, explained
from affectory.schemas.derived import TABLES
from affectory.schemas.ids import digest
from affectory.schemas.urls import Location

Progress = Callable[[int, int], None]
_CARD = {"title": None, "description": "", "licence": None, "citation": "", "homepage": "", "authors": (), "limits": ()}


def write_release(
    inputs: ReleaseInputs, releases: Location | str, told: Told = lambda *_: None, key: Path | None = None
) -> Release:
    """Write, test and publish a release; the same data as `LATEST` holds publishes nothing.

    Args:
        inputs: What is published.
        releases: The folder or address of all versions of this dataset.
        told: Hears how far writing, testing and uploading are.
        key: An ssh key that signs the release.
    """
    if key is not None:
        refuse_unusable(key)
    shelf = shelf_at(releases)
    shelf.check()
    refuse_others(shelf, inputs.dataset)
    with shelf.staging() as area:
        folder = area / "release"
        content = write_content(inputs, folder, area / "gathered", lambda n, of: told("publish", n, of, "rows"))
        return _Publishing(inputs, content, folder, shelf, area / "cache", told, key).run()


def write_content(inputs: ReleaseInputs, folder: Path, gathering: Path, progress: Progress | None = None) -> Content:
    """Write everything but the manifest; `gathering` is for rows on their way."""
    return _Writing(inputs, folder, gathering, progress or (lambda done, total: None)).run()


@dataclass
class _Writing:
    """One pass over the rows: data files, lineage and counts; then what follows from them."""

    inputs: ReleaseInputs
    folder: Path
    gathering: Path
    progress: Progress
    facts: Facts = field(default_factory=Facts)
    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    bytes: dict[str, dict[str, int]] = field(default_factory=dict)
    done: int = 0

    def __post_init__(self) -> None:
        inputs = self.inputs
        notes = note_types(inputs.tables.get("notes", ()))
        media = tuple(name for name in MEDIA if name in inputs.media)
        labels = inputs.taxonomy.labels
        self.shape = Shape(inputs.taxonomy.name, labels, inputs.label_rule, tuple(inputs.label_pools), media, notes)
        self.configs = tuple(name for name in CONFIGS if name in inputs.configs)
        self.features = {config: features_of(config, self.shape) for config in self.configs}

    def run(self) -> Content:
        """Write the files, the rows first."""
        self.folder.mkdir(parents=True)
        gathered = Gathered(self.inputs.tables, self.inputs.splits, self.gathering, self.inputs.withheld)
        self.rows = {config: {} for config in self.configs}
        self.bytes = {config: {} for config in self.configs}
        with LineageWriter(self.folder / "lineage.parquet") as lineage:
            for split in gathered.rows:
                self._write_split(split, gathered, lineage)
        self._write_people()
        self._write_rejects()
        self._write_plain_files()
        return self._content()

    def _write_split(self, split: str, gathered: Gathered, lineage: LineageWriter) -> None:
        total = sum(gathered.rows.values())
        writers = {config: self._writer(config, split) for config in self.configs}
        for window in gathered.windows(split):
            rows = default_rows(window, self.shape, writers["default"].schema)
            lineage.write(lineage_rows(window, rows, self.configs, self.shape.media))
            self.facts.add(window, rows, self.shape.media)
            self._write_default(writers["default"], window, rows, total)
            for config in self.configs[1:]:
                found = window.tables[config]
                found = named_values(found, self.inputs.taxonomy) if config == "labels" else found
                writers[config].write(public_rows(found, config))
        for config, writer in writers.items():
            writer.close()
            if writer.rows:
                self.rows[config][split], self.bytes[config][split] = writer.rows, writer.bytes

    def _write_default(self, writer: ShardWriter, window: Window, rows: pa.Table, total: int) -> None:
        media = Media.of(window.tables["samples"], self.shape.media, self.inputs.open_asset)

        def done() -> None:
            self.done += 1
            self.progress(self.done, total)

        writer.write(rows, media.row if self.shape.media else None, done)

    def _writer(self, config: str, split: str) -> ShardWriter:
        media = self.shape.media if config == "default" else ()
        pieces = Piece(self.inputs.shard_bytes), Piece(self.inputs.row_group_bytes)
        folder, schema = self.folder / "data" / config, self.features[config].arrow_schema
        return ShardWriter(folder, split, schema, *pieces, media=media)

    def _write_people(self) -> None:
        """Of people there is one list, whatever the splits."""
        people = self.inputs.people
        if people is not None and people.num_rows:
            self.configs += (PEOPLE_CONFIG,)
            self.features[PEOPLE_CONFIG] = people_features(people)
            folder = self.folder / "data" / PEOPLE_CONFIG
            folder.mkdir(parents=True)
            with parquet_writer(folder / f"{EVERYBODY}-00000.parquet", people.schema) as file:
                file.write_table(people)
            self.rows[PEOPLE_CONFIG] = {EVERYBODY: people.num_rows}
            self.bytes[PEOPLE_CONFIG] = {EVERYBODY: people.nbytes}

    def _write_rejects(self) -> None:
        rejects = reject_rows(self.inputs.tables.get("rejects", ()), self.inputs.withheld)
        self.facts.add_rejects(rejects)
        self.facts.withheld = self.inputs.withheld.says()
        with parquet_writer(self.folder / "rejects.parquet", PUBLIC_REJECTS) as file:
            file.write_table(rejects)

    def _write_plain_files(self) -> None:
        taxonomy = self.inputs.taxonomy
        known = {"name": taxonomy.name, "hash": taxonomy.hash, "labels": list(taxonomy.labels)}
        definition = taxonomy.model_dump(mode="json", exclude_defaults=True)
        taxonomy_text = json.dumps({**known, "definition": definition}, indent=2, ensure_ascii=False)
        recipe_text = yaml.safe_dump(_plain(self.inputs.recipe), allow_unicode=True, width=1 << 20)
        _write(self.folder / "taxonomy.json", taxonomy_text)
        _write(self.folder / "recipe.yaml", recipe_text)
        if self.inputs.gate is not None:
            _write(self.folder / "gate.json", json.dumps(_plain(self.inputs.gate), indent=2, ensure_ascii=False))
        _write(self.folder / "README.md", self._readme())

    def _readme(self) -> str:
        given = {name: value for name, value in self.inputs.card.items() if value is not None}
        card = {**_CARD, "title": self.inputs.dataset, **given}
        written = [self._written(config) for config in self.configs]
        shape = self.shape
        names = {"taxonomy": shape.taxonomy, "rule": shape.rule, "media": shape.media}
        return readme(card, written, self.facts, self._beside(), labels=shape.labels, **names)

    def _beside(self) -> Beside:
        given, agreement = self.inputs, agreed(self.folder, self.inputs.taxonomy)
        models = given.recipe.get("models") or {}
        return Beside(given.dataset, given.gate, given.statement, given.licences, models, agreement)

    def _written(self, config: str) -> WrittenConfig:
        splits = {
            split: WrittenSplit(rows, self.bytes[config][split], _size_of(self.folder / "data" / config, split))
            for split, rows in self.rows[config].items()
        }
        return WrittenConfig(config, as_yaml(self.features[config]), splits)

    def _content(self) -> Content:
        taxonomy = self.inputs.taxonomy
        return Content(
            dataset=self.inputs.dataset,
            files=hash_files(self.folder),
            rows=self.rows,
            features={config: as_json(features) for config, features in self.features.items()},
            taxonomy={"name": taxonomy.name, "hash": taxonomy.hash, "labels": list(taxonomy.labels)},
            spaces=tuple(sorted(self.facts.spaces)),
            media=self.shape.media,
            recipe_hash=digest(_plain(self.inputs.recipe)),
            schemas={name: spec.version for name, spec in TABLES.items()},
        )


def _write(path: Path, text: str) -> None:
    path.write_text(text if text.endswith("\n") else f"{text}\n", encoding="utf-8")


def _plain(data: Any) -> Any:
    return json.loads(json.dumps(data, sort_keys=True))


def _size_of(folder: Path, split: str) -> int:
    return sum(path.stat().st_size for path in folder.glob(f"{split}-*.parquet"))


@dataclass(frozen=True)
class _Publishing:
    """Takes the next version; where another run takes it first, the one after, compared anew."""

    inputs: ReleaseInputs
    content: Content
    folder: Path
    shelf: Shelf
    cache: Path
    told: Told
    key: Path | None

    def run(self) -> Release:
        tested = False
        while True:
            parent = self.shelf.recover()
            if parent:
                refuse_successor(parent, self.inputs.dataset)
            change = _change(parent, Side("this build", self.folder, self.content))
            manifest = _manifest(self.inputs, self.content, parent, change)
            if change and change.empty and parent:
                found = release_of(parent, manifest)
                return replace(found, reasons=(), unchanged=True)
            manifest = _finished(self.inputs, manifest, self.folder, self.key)
            if not tested:
                run_load_test(self.folder, self.cache, self.told)
                tested = True
            if self.shelf.publish(self.folder, manifest, self.told):
                return release_of(self.shelf.place(manifest.version), manifest)


def _finished(inputs: ReleaseInputs, manifest: Manifest, folder: Path, key: Path | None) -> Manifest:
    """Pages, which name the version, then the manifest that names them, then what vouches for it."""
    description = json.dumps(croissant(manifest, inputs.card, inputs.statement), indent=2, ensure_ascii=False)
    _write(folder / "croissant.json", description)
    seal(folder, manifest.with_pages(folder))
    if inputs.finish is not None:
        inputs.finish(folder)
    finished = manifest.with_pages(folder)
    seal(folder, finished, key)
    return finished


def _change(parent: Location | None, staged: Side) -> ReleaseDiff | None:
    return compare(Side.of(parent), staged) if parent else None


def _manifest(inputs: ReleaseInputs, content: Content, parent: Location | None, change: ReleaseDiff | None) -> Manifest:
    created, toolchain = datetime.now(UTC).isoformat(timespec="seconds"), dict(inputs.versions)
    if not parent or not change:
        return Manifest(content, str(FIRST), "first", ("first release",), created, None, toolchain, explained("first"))
    last = read_manifest(parent)
    version = (Version.parse(last.version) or FIRST).bumped(change.bump)
    named = {"version": last.version, "hash": last.content.hash}
    reasons = (*inputs.because, *change.reasons)
    why = explained(change.bump, reasons)
    return Manifest(content, str(version), change.bump, reasons, created, named, toolchain, why)
