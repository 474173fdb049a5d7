"""What steps name of their recipe: its models and its prompts, found, and checked before anything runs."""

import dataclasses
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from affectory.pipelines.prompting import prompt, prompt_at
from affectory.schemas.errors import UserError
from affectory.schemas.recipe.problems import KeyPath, Problem, describe, did_you_mean
from affectory.schemas.recipe.recipe import Recipe
from affectory.schemas.urls import Location
from affectory.transforms.models._asked import AskedModel, model_fields, named_parts
from affectory.transforms.models._prompts import Prompt, prompt_fields


class Names:
    """Finds models and prompts by their names; what is wrong is added to `problems`."""

    def __init__(
        self, recipe: Recipe, problems: list[Problem], place: Callable[[KeyPath, str], Location | None]
    ) -> None:
        self._recipe, self._problems, self._place = recipe, problems, place
        self._broken: set[str] = set()

    def check(self) -> None:
        """Tell what is wrong with models, also with those that no step asks."""
        self._models  # noqa: B018

    def filled(self, cls: type[Any], params: dict[str, Any], at: KeyPath) -> dict[str, Any] | None:
        """A step's parameters with the models and prompts that they name; none where one of these is wrong."""
        defaults = {f.name: f.default for f in dataclasses.fields(cls) if isinstance(f.default, str | tuple)}
        told = len(self._problems)
        for fields, find in ((model_fields(cls), self._model), (prompt_fields(cls), self._prompt)):
            for name in fields:
                value = params.get(name, defaults.get(name))
                if isinstance(value, list | tuple):
                    params[name] = tuple(find((*at, name, i), x) for i, x in enumerate(value)) or value
                elif value is not None and not isinstance(value, Mapping):
                    params[name] = find((*at, name), value)
        for name, part in named_parts(cls).items():
            if isinstance(value := params.get(name), Mapping):
                params[name] = {key: self._part(part, x, (*at, name, key)) for key, x in value.items()}
        return params if len(self._problems) == told else None

    def _part(self, part: type[Any], given: Any, at: KeyPath) -> Any:
        """One of a step's named parts; what is no mapping is told where parameters are checked."""
        return self.filled(part, dict(given), at) if isinstance(given, Mapping) else given

    @cached_property
    def _models(self) -> Mapping[str, AskedModel]:
        found = dict[str, AskedModel]()
        for name, spec in self._recipe.spec.models.items():
            at: KeyPath = ("models", name)
            if self._recipe.is_gap(at):
                self._broken.add(name)
                continue
            try:
                path = self._place((*at, "path"), spec.path) if spec.path else None
                model = AskedModel(name, spec, path if isinstance(path, Path) else None)
                model.check()
            except UserError as error:
                self._add(at, error.message, hint=error.hint)
                self._broken.add(name)
            else:
                found[name] = model
        return found

    def _model(self, at: KeyPath, name: Any) -> AskedModel | None:
        known = self._models
        if not isinstance(name, str):
            self._add(at, "no such model", describe(name), ", ".join(known))
            return None
        if name in known:
            return known[name]
        if name in self._broken or not self._recipe.is_whole("models"):
            self._add(at, f"model {name} cannot be asked as it is described")
            return None
        named = self._recipe.spec.models
        hint = did_you_mean(name, named) or ("" if named else "describe it under `models:` at the top of the recipe")
        self._add(at, "no such model", describe(name), ", ".join(named), hint)
        return None

    def _prompt(self, at: KeyPath, name: Any) -> Prompt | None:
        try:
            if not isinstance(name, str) or not name.endswith(".jinja"):
                return prompt(name)
            path = self._place(at, name)
            return prompt_at(path) if isinstance(path, Path) else None
        except UserError as error:
            self._add(at, error.message, hint=error.hint)
            return None

    def _add(self, path: KeyPath, message: str, given: str = "", allowed: str = "", hint: str = "") -> None:
        self._problems.append(self._recipe.problem(path, message, given, allowed, hint))
