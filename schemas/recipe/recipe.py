"""A recipe that has been read and checked, and still knows where each of its keys is written."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import JsonValue, ValidationError

from affectory.schemas.recipe.explain import Schema, explain, locate
from affectory.schemas.recipe.model import Entry, RecipeSpec, Rule
from affectory.schemas.recipe.paths import Bounds, find_path
from affectory.schemas.recipe.problems import KeyPath, Problem, RecipeProblems, did_you_mean
from affectory.schemas.recipe.yaml_positions import Item
from affectory.schemas.urls import Location


@dataclass(frozen=True)
class StepSpec:
    """One step as written; `path` is the key path of its name, and of its parameters with theirs added."""

    name: str
    params: Mapping[str, JsonValue]
    path: KeyPath


@dataclass(frozen=True)
class EntrySpec:
    """One source or one set of ratings as written; without a name it is called like its kind."""

    kind: str
    name: str
    params: Mapping[str, JsonValue]
    path: KeyPath


@dataclass(frozen=True)
class Recipe:
    """`spec` is what the recipe says, `tree` where it says so, `files` are those that were read for it.

    Of a recipe with mistakes `gaps` are the places of what was left out, where stand-ins or nothing are now. The empty
    path among them says that anything may be missing, such as what an unreadable include holds.
    """

    file: Path
    spec: RecipeSpec
    tree: Item
    bounds: Bounds
    gaps: frozenset[KeyPath] = frozenset()
    files: tuple[Path, ...] = ()

    def is_gap(self, path: KeyPath) -> bool:
        """Whether what is at `path` only stands in for a part that was wrong."""
        return any(path[:depth] in self.gaps for depth in range(1, len(path) + 1))

    def is_whole(self, key: str) -> bool:
        """Whether all that was written under a key of the recipe is there, so that what is not there is missing."""
        return not any(self._may_hide(gap, key) for gap in self.gaps)

    def _may_hide(self, gap: KeyPath, key: str) -> bool:
        """Whether what was left out may belong under a key: a misspelt key hides what it is near to."""
        known = [field.alias or name for name, field in RecipeSpec.model_fields.items()]
        if not gap or gap[0] in known:
            return not gap or gap[0] == key
        return did_you_mean(str(gap[0]), known) in ("", did_you_mean(key, [key]))

    def declared_sources(self) -> frozenset[str] | None:
        """What `of` may name; None where a source's name was left out with it."""
        named = {gap for gap in self.gaps if self.tree.nearest((*gap, "name"))[1] == 3}
        if any(self._may_hide(gap, "sources") for gap in self.gaps - named):
            return None
        return frozenset(spec.name for spec in self.source_specs())

    def steps(self, verb: Literal["ingest", "assist"]) -> tuple[StepSpec, ...]:
        """The steps of a verb, in order."""
        return tuple(self._step(verb, index) for index in range(len(getattr(self.spec, verb))))

    def _step(self, verb: str, index: int) -> StepSpec:
        step = getattr(self.spec, verb)[index]
        return StepSpec(step.name, step.params, self._at((verb, index), step.name))

    def rules(self) -> tuple[StepSpec, ...]:
        """The rules that make labels, that of the published one first."""
        label = self.spec.label
        places: list[tuple[KeyPath, Rule]] = [(("label", "rule"), label.rule)]
        places += [(("label", "also", index), rule) for index, rule in enumerate(label.also)]
        return tuple(StepSpec(rule.name, rule.params, self._at(path, rule.name)) for path, rule in places)

    def audits(self) -> tuple[StepSpec, ...]:
        """The audits of the gate, in order."""
        places = enumerate(self.spec.validation.audits)
        return tuple(StepSpec(a.name, a.params, self._at(("validate", "audits", i), a.name)) for i, a in places)

    def _at(self, path: KeyPath, name: str) -> KeyPath:
        """Where a name with parameters is written, or the name alone."""
        return path if self.tree.nearest((*path, name))[1] <= len(path) else (*path, name)

    def source_specs(self) -> tuple[EntrySpec, ...]:
        return _entries(self.spec.sources, "sources")

    def rating_specs(self) -> tuple[EntrySpec, ...]:
        return _entries(self.spec.ratings, "ratings")

    def canonical(self) -> dict[str, Any]:
        """The whole recipe as plain JSON data: includes merged, overrides applied, defaults filled in, secrets by the
        name of their variable. Read again, it is the same recipe."""
        absent = {name for name in RecipeSpec.model_fields if getattr(self.spec, name) is None}
        return self.spec.model_dump(mode="json", by_alias=True, exclude={"include", *absent})

    def problem(self, path: KeyPath, message: str, given: str = "", allowed: str = "", hint: str = "") -> Problem:
        """A problem at a key, or at the nearest key above it that is written somewhere."""
        return locate(self.tree, path, message, given, allowed, hint)

    def unknown(self, path: KeyPath, what: str, given: str, allowed: Collection[str]) -> Problem:
        """A name that does not exist, such as an unknown step, with the nearest that does."""
        hint = did_you_mean(given, allowed)
        return locate(self.tree, path, what, given, ", ".join(sorted(allowed)), hint, at_key=True)

    def explain(self, path: KeyPath, error: ValidationError, schema: Schema) -> list[Problem]:
        """The problems behind a validation error of what lies at `path`; `schema` is the JSON Schema it had to fit."""
        return explain(error, schema, self.tree, path)

    def resolve(self, value: str, path: KeyPath = (), *, must_exist: bool = True) -> Location:
        """The file or address that `value`, written at `path`, names; raises `RecipeProblems` if it may not be used."""
        found = self._find(value, path, must_exist)
        if isinstance(found, Problem):
            raise RecipeProblems((found,))
        return found

    def check_path(self, path: KeyPath, value: str, *, must_exist: bool = True) -> Problem | None:
        """What `resolve` would raise, to be collected with others."""
        found = self._find(value, path, must_exist)
        return found if isinstance(found, Problem) else None

    def _find(self, value: str, path: KeyPath, must_exist: bool) -> Location | Problem:
        return find_path(self.tree, self.bounds, path, value, must_exist)


def _entries(entries: tuple[Entry, ...], key: str) -> tuple[EntrySpec, ...]:
    return tuple(EntrySpec(e.kind, e.called, e.params, (key, i)) for i, e in enumerate(entries))
