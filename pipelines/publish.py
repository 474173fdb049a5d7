"""From tables to a release: the gate, and the immutable folder that people load."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.bind import Bound
from affectory.pipelines.code_hash import code_hash
from affectory.pipelines.engines.base import LOCALLY, opened
from affectory.pipelines.events import Run
from affectory.pipelines.forget.reasons import note_told, untold
from affectory.pipelines.gate import Gate, Subject, finished_build, keep, look, validate
from affectory.pipelines.history import BuildRecord, parts, read_parts
from affectory.pipelines.purposes.demographics import people_table
from affectory.pipelines.purposes.naming import unnamed
from affectory.pipelines.purposes.withholding import current_sources, withheld
from affectory.pipelines.purposes.words import this_day
from affectory.pipelines.release.facts import licences_of
from affectory.pipelines.release.media import DECODERS
from affectory.pipelines.release.model import Release, ReleaseInputs
from affectory.pipelines.release.shelf import shelf_at
from affectory.pipelines.release.statement import said
from affectory.pipelines.release.withheld import Withheld
from affectory.pipelines.runner.media import places_of
from affectory.pipelines.splitting import split
from affectory.pipelines.store.assets import Place
from affectory.pipelines.store.originals import read_original
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.derived import SAMPLES, TABLES
from affectory.schemas.errors import UserError
from affectory.schemas.ids import digest
from affectory.schemas.urls import Location
from affectory.transforms.ratings._columns import PUBLISHED

TOOLS = ("affectory", "pyarrow", "datasets", "av", "pillow", "numpy", "opencv-python-headless")


@dataclass(frozen=True)
class Publisher:
    """Publishes a finished build into a folder of releases."""

    bound: Bound
    workspace: Workspace
    build: BuildRecord
    releases: Location
    run: Run
    signing: Path | None = None
    """The private key that signs the release."""
    today: date = field(default_factory=this_day)
    """The day by which consents end and embargoes are over."""

    @cached_property
    def withheld(self) -> Withheld:
        """What is not published today."""
        return withheld(self.bound, self.workspace, self.build, self._splits, self.today)

    @cached_property
    def _splits(self) -> pa.Table:
        commits = self.workspace.commits()
        splits = commits.read(commits.get(self.build.splits), "splits")
        return (
            pa.table({name: pa.array([], pa.string()) for name in ("sample_id", "split")}) if splits is None else splits
        )

    def validate(self, allow: Mapping[str, str] = MappingProxyType({})) -> Gate:
        """Look at what would be published; raises `GateFailed` where it may not be."""
        return validate(self.subject, allow)

    @property
    def subject(self) -> Subject:
        """What the gate looks at."""
        splits, opener = self.withheld.published(self._splits), _Opener(self.workspace, self.bound, self.build)

        def opened(medium: str, asset: str, format: str) -> object:
            return DECODERS[medium]({"bytes": opener(asset, format)})

        return Subject(self.bound, self.workspace, self.build, self.run, splits, opened)

    def publish(self, gate: Gate) -> Release:
        """The new release with what its gate found, or the old one where nothing changed."""
        from affectory.pipelines.release.write import write_release

        inputs = self._inputs(gate)
        release = write_release(inputs, self.releases, _Progress(self.run), self.signing)
        note_told(self.workspace, self.releases)
        record = {"version": release.version, "hash": release.hash, "releases": str(self.releases)}
        self.workspace.records().create(self._record_name(release), json.dumps(record).encode())
        return release

    def _record_name(self, release: Release) -> str:
        return f"published/{self.key}-{digest(str(self.releases), release.version)[:8]}.json"

    def current(self) -> str | None:
        """The version that already holds exactly this build, if it is the latest in its folder."""
        version_now = shelf_at(self.releases).named()
        name = f"published/{self.key}-{digest(str(self.releases), version_now)[:8]}.json"
        return version_now if version_now and self.workspace.records().exists(name) else None

    @property
    def key(self) -> str:
        """Covers everything that a release is made from."""
        recipe = _without_names(_without_folders(self.bound.recipe.canonical()), self.bound.pseudonym)
        code = code_hash("affectory.pipelines.release.write")
        made_of = self.build.splits, self.build.keys_sorted, recipe, self.bound.taxonomy.hash
        return digest("publish", code, *made_of, self.withheld.hash, self._people_hash)

    @property
    def _people_hash(self) -> str:
        """What is told of people lies in a ledger, not in the build."""
        told = self.bound.recipe.spec.publish.people
        return digest(self._people(self._splits["sample_id"]).to_pylist()) if told else ""

    def _people(self, published: pa.ChunkedArray) -> pa.Table:
        tables = {name: parts(self.workspace, self.build.finished, name) for name in ("samples", "opinions")}
        told = self.bound.recipe.spec.publish.people
        assert told is not None
        return people_table(told, self.workspace, tables, published.combine_chunks())

    def _published(self) -> pa.Table:
        """The samples that are published, in their splits; raises `UserError` where all are withheld."""
        splits = self.withheld.published(self._splits)
        if self._splits.num_rows and not splits.num_rows:
            raise UserError("nothing of this build may be published", " ".join(self.withheld.says()))
        for line in self.withheld.says():
            self.run.tell("say", text=line)
        return splits

    def _inputs(self, gate: Gate) -> ReleaseInputs:
        spec, workspace = self.bound.recipe.spec, self.workspace
        tables = {name: parts(workspace, self.build.finished, name) for name in TABLES if name != "rejects"}
        tables["rejects"] = parts(workspace, self.build.keys_sorted, "rejects")
        splits = self._published()
        recipe = self.bound.recipe.canonical()
        card = {
            k: recipe.get(k)
            for k in ("title", "description", "licence", "authors", "citation", "languages", "homepage")
        }
        return ReleaseInputs(
            dataset=spec.dataset,
            card={k: _lines_of(k, v) for k, v in card.items() if v},
            recipe=_without_names(_without_folders(recipe), self.bound.pseudonym),
            taxonomy=self.bound.taxonomy,
            tables=tables,
            splits=splits,
            open_asset=_Opener(workspace, self.bound, self.build),
            configs=spec.publish.configs,
            media=spec.publish.media,
            shard_bytes=spec.publish.shard_mb * 1_000_000,
            label_rule=self.bound.views[0].name,
            label_pools=spec.label.pools,
            versions={tool: version(tool) for tool in TOOLS},
            gate=unnamed(gate.facts(), tables, splits),
            licences=licences_of(current_sources(workspace, self.build)),
            statement=said(spec.publish.statement),
            finish=partial(_with_report, self.run),
            because=untold(self.workspace, self.releases),
            withheld=self.withheld,
            people=self._people(splits["sample_id"]) if spec.publish.people else None,
        )


def _lines_of(name: str, value: Any) -> Any:
    """What is said at length has lines; a title, a licence and names have one."""
    if isinstance(value, str):
        return value if name in ("description", "citation") else " ".join(value.split())
    return [_lines_of(name, one) for one in value]


def _with_report(run: Run, folder: Path) -> None:
    """The page that shows a release."""
    from affectory.quality.report import write_report

    run.tell("start", what="report", total=1, unit="pages")
    run.tell("progress", what="report", done=0, total=1, unit="pages")
    write_report(folder, folder / "report.html")


@dataclass
class _Progress:
    """Tells a run how far publishing is; each part of it has a rate of its own."""

    run: Run
    part: str = ""

    def __call__(self, what: str, done: int, total: int, unit: str) -> None:
        if what != self.part:
            self.run.tell("start", what=what, total=total, unit=unit)
            self.part = what
        self.run.tell("progress", what=what, done=done, total=total, unit=unit)


_PLACES = ("path", "media_root")
_NAME_FILES = ("sources", "ratings", "ingest", "assist")
_OF_ONE_PLACE = frozenset({
    "url", "key", "local", "gpus", "batch_rows", "memory_mb", "concurrency", "requests_per_minute",
    "tokens_per_minute", "timeout_s", "retries", "price",
})  # fmt: skip
"""What a recipe says of a model that determines no answer: where it runs, how fast, and for how much."""


def _without_folders(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe as it is published: where a machine keeps its files and what it may bear say nothing of the data."""
    publish = {k: v for k, v in recipe["publish"].items() if k != "to"}
    limits = {k: v for k, v in recipe["limits"].items() if k not in ("memory_mb", "retries")}
    kept = {k: v for k, v in recipe.items() if k not in ("workspace", "deploy")}
    inputs = {key: [_within(entry) for entry in recipe[key]] for key in _NAME_FILES if key in recipe}
    models = {name: _without_folder(_anywhere(model)) for name, model in recipe.get("models", {}).items()}
    return {**kept, **inputs, **({"models": models} if models else {}), "publish": publish, "limits": limits}


def _anywhere(model: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in model.items() if key not in _OF_ONE_PLACE}


def _without_names(recipe: Mapping[str, Any], pseudonym: Callable[[str], str]) -> dict[str, Any]:
    """Raters, and columns that are called like them, by pseudonym as these are."""
    ratings = [{**entry, **_named_otherwise(entry, pseudonym)} for entry in recipe.get("ratings") or ()]
    return {**recipe, "ratings": ratings} if ratings else dict(recipe)


def _named_otherwise(entry: Mapping[str, Any], pseudonym: Callable[[str], str]) -> dict[str, Any]:
    wide, name = entry.get("wide"), entry.get("rater_name")
    columns = {"wide": [pseudonym(rater) for rater in wide]} if isinstance(wide, list) else {}
    return columns | ({"rater_name": pseudonym(name)} if name and name != PUBLISHED else {})


def _without_folder(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An input by the last part of its paths: the same in every folder and bucket."""
    return {key: _last_part(value) if key in _PLACES else _within(value) for key, value in entry.items()}


def _within(value: Any) -> Any:
    return _without_folder(value) if isinstance(value, Mapping) else value


def _last_part(path: Any) -> Any:
    return PurePosixPath(path).name or path if isinstance(path, str) else path


class _Opener:
    """Finds the bytes of an asset: made ones in the store, the user's own in place."""

    def __init__(self, workspace: Workspace, bound: Bound, build: BuildRecord) -> None:
        self._assets, self._roots = workspace.assets(), bound.roots
        paths = parts(workspace, build.finished, "samples")
        samples = read_parts(paths, SAMPLES.schema, ["original", "source", "uri"])
        samples = samples.filter(pc.is_valid(samples.column("original")))
        self._in_place = {place.original: place for place in places_of(samples)}

    def __call__(self, asset: str, format: str) -> bytes:
        made = self._assets.read(asset)
        if made is not None:
            return made
        place = self._in_place.get(asset, Place("", "", None))
        return read_original(self._roots, asset, place)


def publish_last(
    bound: Bound,
    workspace: str | Path,
    releases: Location,
    run: Run,
    allow: Mapping[str, str] | None = None,
    signing: Path | None = None,
) -> Release:
    """Publish the last build again, under the recipe's present `publish`, `label` being what it was."""
    found = Workspace(workspace)
    with found.lease() as lease:
        found = found.held(lease.epoch)
        build = finished_build(bound, found)
        with opened(LOCALLY) as engine:
            splits, _ = split(bound, found, build.finished, lease.epoch, engine)
        build = replace(build, splits=splits)
        publisher = Publisher(bound, found, build, releases, run, signing)
        return publisher.publish(publisher.validate(allow or {}))


def inspect_last(bound: Bound, workspace: str | Path, releases: Location, run: Run) -> Gate:
    """Look at the last build with the whole suite, and publish nothing."""
    found = Workspace(workspace)
    subject = Publisher(bound, found, finished_build(bound, found), releases, run).subject
    gate = look(subject, {}, whole=True)
    return replace(gate, kept_at=keep(gate, subject))
