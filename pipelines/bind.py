"""A recipe bound to code: every name found, every parameter checked, all mistakes told together."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

import pyarrow as pa
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from affectory.pipelines import discovery, expecting
from affectory.pipelines.auditing import Audits
from affectory.pipelines.code_hash import code_hash
from affectory.pipelines.listing import SourceEntry, folder_of
from affectory.pipelines.names import Names
from affectory.pipelines.purposes.checking import problems as problems_of_people
from affectory.pipelines.rating import RatingEntry, misnamed
from affectory.pipelines.review.binding import BoundReview, Questions
from affectory.pipelines.rules import Rules
from affectory.pipelines.runner.ruled import Ruled
from affectory.pipelines.runner.stage import Stage, asked_by, conversed_with
from affectory.pipelines.writers import fills, who_writes
from affectory.schemas.derived import SAMPLES
from affectory.schemas.errors import UserError
from affectory.schemas.ids import digest, pseudonym
from affectory.schemas.opinion import OPINIONS
from affectory.schemas.recipe.load import load_recipe_partly
from affectory.schemas.recipe.own_taxonomy import own_taxonomy
from affectory.schemas.recipe.paths import Refused
from affectory.schemas.recipe.problems import KeyPath, Problem, RecipeProblems, describe, did_you_mean, in_order
from affectory.schemas.recipe.recipe import EntrySpec, Recipe, StepSpec
from affectory.schemas.recipe.yaml_positions import Item, Place, read_yaml
from affectory.schemas.taxonomy import Taxonomy, load_taxonomy, taxonomy_names
from affectory.schemas.taxonomy_files import read_text
from affectory.schemas.urls import Location
from affectory.transforms.files import fingerprint, path_fields
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._prompts import Prompt
from affectory.transforms.sources.base import Limits

Spec = TypeVar("Spec", EntrySpec, StepSpec)

VERBS: tuple[Literal["ingest"], Literal["assist"]] = ("ingest", "assist")
UNWRITTEN = frozenset({"frames", "duplicates"})
"""Columns of a sample that hold nothing until a stage writes them."""
MADE_OF = {"frames": frozenset({"video"})}
"""Kinds of sample that such a column is made of."""


@dataclass(frozen=True)
class Bound:
    """A recipe whose every part is ready to run."""

    recipe: Recipe
    taxonomy: Taxonomy
    sources: tuple[SourceEntry, ...]
    ratings: tuple[RatingEntry, ...]
    stages: tuple[Stage, ...]
    views: tuple[Ruled, ...]
    """The rules that make labels: that of the published one first."""
    limits: Limits
    review: BoundReview | None = None
    audits: tuple[Any, ...] = ()
    """What the gate looks for beyond single rows."""

    @cached_property
    def label_identity(self) -> str:
        """Covers everything that turns the flowing table into tables."""
        rules = [(view.identity, code_hash(type(view.view).__module__)) for view in self.views]
        return digest("label", self.attached_identity, rules)

    @cached_property
    def attached_identity(self) -> str:
        """Covers everything that turns the flowing table into samples, notes and opinions."""
        label = self.recipe.spec.label
        return digest("attached", code_hash("affectory.pipelines.runner.finish"), label.min_overlap, label.inherit)

    @cached_property
    def identity(self) -> str:
        """Covers what a finished build and the recipe must agree on to be published together."""
        return digest(
            self.label_identity, [(s.name, s.identity, *map(str, (s.root, *s.beside.values()))) for s in self.sources]
        )

    @cached_property
    def roots(self) -> dict[str, str]:
        return {entry.name: str(entry.media_root) for entry in self.sources}

    def pseudonym(self, name: str) -> str:
        """A person's id under the recipe's key; without a key it only hides names from a passing glance."""
        key = self.recipe.spec.people.pseudonym_key
        return pseudonym(name, key.reveal().encode() if key else b"affectory")


def bind(recipe: Recipe) -> Bound:
    """The recipe with its parts found and checked, or `RecipeProblems` naming all that is wrong."""
    return _Binder(recipe).bind()


def read_and_bind(path: Path, overrides: Sequence[str] = (), roots: Sequence[Path | str] = ()) -> Bound:
    """A recipe read and bound, or `RecipeProblems` with the mistakes of both."""
    recipe, problems = load_recipe_partly(path, overrides, roots)
    if recipe is None:
        raise RecipeProblems(problems)
    return _Binder(recipe, problems).bind()


class _Binder:
    """Binds what can be bound; `told` is what is known to be wrong already, and is not told again."""

    def __init__(self, recipe: Recipe, told: tuple[Problem, ...] = ()) -> None:
        self.recipe = recipe
        self.told = told
        self.problems: list[Problem] = []
        self._names = Names(recipe, self.problems, self._path)

    def bind(self) -> Bound:
        taxonomy = self._taxonomy()
        sources = tuple(self._sources())
        ratings = tuple(self._ratings(taxonomy))
        self._names.check()
        stages = tuple(self._stages(taxonomy))
        views = tuple(Rules(self.recipe, self.problems, self._instance, self._built_in).bound(taxonomy))
        review = Questions(self.recipe, self.problems, self._instance, self._path).bound(taxonomy)
        audits = tuple(Audits(self.recipe, self.problems, self._instance).bound())
        self._check_flow(stages)
        self.problems += problems_of_people(self.recipe, stages)
        self.problems += expecting.problems(self.recipe)
        if self.problems or self.told or taxonomy is None:
            raise RecipeProblems(self._all_problems())
        given = self.recipe.spec.limits
        limits = Limits(given.row_bytes, given.file_bytes, given.memory_mb)
        return Bound(self.recipe, taxonomy, sources, ratings, stages, views, limits, review, audits)

    def _all_problems(self) -> tuple[Problem, ...]:
        places = {(p.file, p.line, p.key) for p in self.told}
        return in_order((*self.told, *(p for p in self.problems if (p.file, p.line, p.key) not in places)))

    def _taxonomy(self) -> Taxonomy | None:
        given, at = self.recipe.spec.taxonomy, ("taxonomy",)
        if self.recipe.is_gap(at):
            return None
        if isinstance(given, str):
            return self._built_in(given)
        if set(given) != {"file"}:
            return self._own_taxonomy(self.recipe.tree, at)
        path = self._path((*at, "file"), str(given["file"]))
        return self._taxonomy_file(path) if isinstance(path, Path) else None

    def _built_in(self, name: str, path: KeyPath = ("taxonomy",)) -> Taxonomy | None:
        try:
            return load_taxonomy(name)
        except UserError:
            names = taxonomy_names()
            hint = did_you_mean(name, names) or "or give your own: {name: ..., labels: [...]}, or {file: ...}"
            self._add(path, "unknown taxonomy", describe(name), ", ".join(names), hint)
            return None

    def _taxonomy_file(self, path: Path) -> Taxonomy | None:
        try:
            tree, problems = read_yaml(read_text(path), lambda line, column: Place(str(path), line + 1, column + 1))
        except UserError as error:
            self._add(("taxonomy", "file"), error.message, hint=error.hint)
            return None
        self.problems += problems
        empty = Item(None, Place(str(path), 1, 1))
        return None if problems else self._own_taxonomy(tree or empty, ())

    def _own_taxonomy(self, tree: Item, at: KeyPath) -> Taxonomy | None:
        found = own_taxonomy(tree, at)
        if isinstance(found, Taxonomy):
            return found
        self.problems += found
        return None

    def _add(self, path: KeyPath, message: str, given: str = "", allowed: str = "", hint: str = "") -> None:
        self.problems.append(self.recipe.problem(path, message, given, allowed, hint))

    def _path(self, path: KeyPath, given: str) -> Location | None:
        """A path of the recipe, if it exists and lies where recipes may read."""
        problem = self.recipe.check_path(path, given)
        if problem is not None:
            self.problems.append(problem)
            return None
        return self.recipe.resolve(given, path)

    def _sources(self) -> Iterator[SourceEntry]:
        for spec in self._read(self.recipe.source_specs()):
            bound = self._entry("sources", "unknown source kind", spec)
            if bound is not None:
                reader, root, identity = bound
                licence = getattr(reader, "licence", "") or self.recipe.spec.licence or ""
                entry = SourceEntry(spec.name, reader, root, identity, licence, spec.name, self._beside(reader, spec))
                if entry.names_media and "media_root" not in entry.beside:
                    self._check_folder(spec, root)
                yield entry

    def _beside(self, reader: Any, spec: EntrySpec) -> dict[str, Location]:
        """The places that a source names beside its own, by their parameter."""
        found = {}
        for keys in getattr(reader, "beside", ()):
            value: Any = spec.params
            for key in keys:
                value = value.get(key) if isinstance(value, Mapping) else None
            if isinstance(value, str) and (place := self._path((*spec.path, *keys), value)) is not None:
                found[keys[0]] = place
        return found

    def _check_folder(self, spec: EntrySpec, root: Location) -> None:
        """Media lie beside the table that names them: its folder must be allowed as well."""
        if isinstance(root, Path) and isinstance(
            refused := self.recipe.bounds.find(str(folder_of(root)), root), Refused
        ):
            self._add((*spec.path, "path"), f"the table's folder {refused.message}", hint=refused.hint)

    def _ratings(self, taxonomy: Taxonomy | None) -> Iterator[RatingEntry]:
        sources = self.recipe.declared_sources()
        for spec in self._read(self.recipe.rating_specs()):
            of = spec.params.get("of")
            if isinstance(of, str) and sources is not None and of not in sources:
                self.problems.append(self.recipe.unknown((*spec.path, "of"), "no such source", of, sources))
            named, spec = spec.params.get("taxonomy"), _without(spec, "taxonomy")
            own = None if named is None else self._built_in(str(named), (*spec.path, "taxonomy"))
            bound = self._entry("ratings", "unknown rating kind", spec)
            if bound is not None and (own or named is None):
                reader, root, identity = bound
                yield RatingEntry(spec.name, reader, root, digest(identity, own.hash) if own else identity, own)
                self._check_words(spec, reader, own or taxonomy)

    def _check_words(self, spec: EntrySpec, reader: Any, taxonomy: Taxonomy | None) -> None:
        for key, word, wrong in misnamed(reader, taxonomy) if taxonomy else ():
            self._add((*spec.path, *key), wrong, describe(word), ", ".join(taxonomy.labels) if taxonomy else "")

    def _read(self, specs: tuple[Spec, ...]) -> Iterator[Spec]:
        """Those that the recipe says, without stand-ins for wrong ones."""
        return (spec for spec in specs if not self.recipe.is_gap(spec.path))

    def _entry(self, folder: str, unknown: str, spec: EntrySpec) -> tuple[Any, Location, str] | None:
        known = discovery.modules(folder)
        given = spec.params.get("path")
        root = self._path((*spec.path, "path"), given) if isinstance(given, str) else None
        if spec.kind not in known:
            self.problems.append(self.recipe.unknown((*spec.path, "kind"), unknown, spec.kind, known))
            return None
        module = known[spec.kind]
        cls = discovery.public_class(module)
        reader = self._instance(cls, {**_known_fields(cls, {"name": spec.name}), **spec.params}, spec.path)
        if reader is None or root is None:
            return None
        return reader, root, digest(spec.kind, _plain(reader), code_hash(module))

    def _stages(self, taxonomy: Taxonomy | None) -> Iterator[Stage]:
        seen: dict[str, int] = {}
        for verb in VERBS:
            for spec in self._read(self.recipe.steps(verb)):
                stage = self._stage(verb, spec, taxonomy, seen)
                if stage is not None:
                    yield stage

    def _stage(self, verb: str, spec: StepSpec, taxonomy: Taxonomy | None, seen: dict[str, int]) -> Stage | None:
        known = discovery.steps()
        if spec.name not in known:
            self.problems.append(self.recipe.unknown(spec.path, "unknown step", spec.name, known))
            return None
        module = known[spec.name]
        cls = discovery.public_class(module)
        given = {"taxonomy": taxonomy} if taxonomy is not None else {}
        params = self._placed(cls, spec)
        transform = (
            self._instance(cls, {**_known_fields(cls, given), **params}, spec.path) if params is not None else None
        )
        if transform is None:
            return None
        seen[spec.name] = seen.get(spec.name, 0) + 1
        name = spec.name if seen[spec.name] == 1 else f"{spec.name}-{seen[spec.name]}"
        whom, models = asked_by(transform), conversed_with(transform)
        asked = [dataclasses.astuple(x) for x in (whom, *models.values()) if x]  # a backend is in the hash of no code
        identity = digest(spec.name, _plain(transform), code_hash(module), *asked)
        return Stage(name, verb, transform, identity, whom, models)

    def _placed(self, cls: type[Any], spec: StepSpec) -> dict[str, Any] | None:
        """A step's parameters, paths among them as the places they name; none where one may not be used."""
        found: dict[str, Any] = dict(spec.params)
        for name in path_fields(cls):
            if isinstance(value := found.get(name), str):
                place = self._path((*spec.path, name), value)
                if place is None:
                    return None
                found[name] = place
        return self._names.filled(cls, found, spec.path)

    def _instance(self, cls: type[Any], params: Mapping[str, Any], path: KeyPath) -> Any:
        try:
            return adapter(cls).validate_python(dict(params))
        except ValidationError as error:
            self.problems += self.recipe.explain(path, error, parameter_schema(cls))
        except UserError as error:
            self._add(path, error.message, hint=error.hint)
        return None

    def _check_flow(self, stages: tuple[Stage, ...]) -> None:
        """Everything that a stage reads must be written before it, in the type that it expects; null is any type.

        Stills are of videos alone: where a stage works on pictures too, only the scan shows whether it needs them.
        Where a step could not be bound nobody knows what it writes, so nothing is said of those after it.
        """
        written: dict[str, pa.DataType] = {f.name: f.type for f in SAMPLES.schema if f.name not in UNWRITTEN}
        specs = [spec for verb in VERBS for spec in self.recipe.steps(verb)]
        if len(stages) < len(specs) or not all(map(self.recipe.is_whole, VERBS)):
            return
        for place, (stage, spec) in enumerate(zip(stages, specs, strict=True)):
            self._check_order(stage, spec, {earlier.name for earlier in specs[:place]})
            for column, dtype in stage.transform.reads().items():
                if column not in written and column in MADE_OF and not stage.transform.on <= MADE_OF[column]:
                    continue
                if column not in written:
                    message = f"{spec.name} reads `{column}`, which no step before it writes"
                    hint = who_writes(column) or did_you_mean(column, written)
                    self.problems.append(self.recipe.problem(spec.path, message, hint=hint))
                elif dtype not in (written[column], pa.null()):
                    message = f"{spec.name} reads `{column}` as {dtype}, but it is {written[column]} here"
                    self.problems.append(self.recipe.problem(spec.path, message))
            self._check_named(stage, spec, written)
            written.update(stage.transform.writes())
            for column in UNWRITTEN & stage.transform.writes().keys():
                if not fills(stage.transform, column):
                    del written[column]

    def _check_named(self, stage: Stage, spec: StepSpec, written: Mapping[str, pa.DataType]) -> None:
        """What a step names with `as` may not lie over what another wrote, but for a note that it was made of."""
        if (name := getattr(stage.transform, "as_", None)) is None:
            return
        noted = not {name} & (stage.transform.reads().keys() | set(SAMPLES.schema.names))
        for column, dtype in stage.transform.writes().items():
            own = dtype == OPINIONS or (noted and f"{column}_".startswith(f"{name}_"))
            if own and column in written:
                hint = "give each of them a name of its own with `as`"
                self._add(spec.path, f"{spec.name} writes `{column}`, which a step before it writes too", hint=hint)
                return

    def _check_order(self, stage: Stage, spec: StepSpec, earlier: set[str]) -> None:
        """A step may say which others it has to come before, each with the reason."""
        for other, why in getattr(stage.transform, "before", {}).items():
            if other in earlier:
                self._add(spec.path, f"{spec.name} has to come before {other}", hint=why)


def _without(spec: EntrySpec, key: str) -> EntrySpec:
    return dataclasses.replace(spec, params={name: value for name, value in spec.params.items() if name != key})


def adapter(cls: Any) -> TypeAdapter[Any]:
    """Validates a transform's parameters."""
    return TypeAdapter(cls)


def parameter_schema(cls: Any) -> dict[str, Any]:
    """The JSON Schema of a transform's parameters, without those that the plan fills in."""
    schema = adapter(cls).json_schema()
    schema.get("properties", {}).pop("taxonomy", None)
    return schema


def _known_fields(cls: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    names = {f.name for f in dataclasses.fields(cls)}
    return {k: v for k, v in values.items() if k in names}


def _plain(instance: Any) -> dict[str, Any]:
    """A transform's parameters as plain data; a taxonomy with all its words, a file by what it holds."""
    values = {f.name: getattr(instance, f.name) for f in dataclasses.fields(instance)}
    values |= {name: fingerprint(values[name]) for name in path_fields(type(instance)) if values[name] is not None}
    return dict(to_jsonable_python({name: _known_by(value) for name, value in values.items()}))


def _known_by(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_known_by(x) for x in value]
    if isinstance(value, AskedModel | Prompt):
        return value.identity
    if isinstance(value, Mapping) and any(map(dataclasses.is_dataclass, value.values())):
        return [[name, {f.name: _known_by(getattr(part, f.name)) for f in dataclasses.fields(part)}]
                for name, part in value.items()]  # fmt: skip
    return value.model_dump(mode="json") if isinstance(value, Taxonomy) else value
