"""Models as steps know them: what a recipe names under `models`, resolved and checked before anything runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, get_args, get_type_hints

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from affectory.schemas.errors import UserError
from affectory.schemas.ids import canonical
from affectory.schemas.recipe.asked import Asked
from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.base import Resources, Whom
from affectory.transforms.files import fingerprint, marked_fields
from affectory.transforms.models._backends import backend
from affectory.transforms.models._messages import Chat


@dataclass(frozen=True)
class AskedModel:
    """A model of the recipe: the name that steps use, what the recipe says of it, and its file or folder if it has one.

    Its backend is a module with `chat(model)`, which loads it; `can(spec)`, what it takes and gives; and, where they
    differ from these, `ISOLATED = False` (it may crash or hang: it runs in a child; a function of `spec` where that
    depends), `local(spec) -> True`, `check(model)` (complaints of a plan, as `UserError`), `code(spec) -> ""` (modules
    that a revision covers), `shows(spec) -> None` (of how many of the likeliest tokens it tells the probability; null:
    of all), `rater(spec)` (its name in opinions, and the kind of rater that it is) and `judges(spec,
    taxonomy)` (a `ValueError` where it takes no prompt and cannot answer in that taxonomy).
    """

    name: str
    spec: Asked
    path: Path | None = None

    @cached_property
    def _module(self) -> ModuleType:
        return import_module(backend("chat", self.spec.backend).module)

    def check(self) -> None:
        """All that a plan can know to be wrong, as `UserError`."""
        self._module  # noqa: B018  (it says what has to be installed)
        self.can  # noqa: B018
        getattr(self._module, "check", lambda _: None)(self)

    @cached_property
    def can(self) -> frozenset[str]:
        """What it takes and gives, text among it."""
        return frozenset(self._module.can(self.spec)) | {"text"}

    @property
    def isolated(self) -> bool:
        isolated = getattr(self._module, "ISOLATED", False)
        return bool(isolated(self.spec) if callable(isolated) else isolated)

    @cached_property
    def rater(self) -> tuple[str, str]:
        """How opinions name it, with its revision, and as which kind of rater."""
        if told := getattr(self._module, "rater", None):
            name, kind = told(self.spec)
            return str(name), str(kind)
        whom = self.whom()
        return (f"{whom.model}@{whom.revision}" if whom.revision else whom.model), "model"

    @property
    def local(self) -> bool:
        """Whether what is sent stays in the user's own hands."""
        if self.spec.local is not None:
            return self.spec.local
        return bool(getattr(self._module, "local", lambda _: True)(self.spec))

    @property
    def shows(self) -> int | None:
        """Of how many of the likeliest tokens it tells the probability; None where of all."""
        shown: int | None = getattr(self._module, "shows", lambda _: None)(self.spec)
        return shown

    def need(self, step: str, *capabilities: str) -> None:
        """A `ValueError`, told of the step's parameters, where it lacks one of these."""
        if missing := [c for c in capabilities if c not in self.can]:
            able = ", ".join(sorted(self.can))
            raise ValueError(f"{step} needs {' and '.join(missing)} of model {self.name}, which can do {able}")

    def whom(self, prompt: str = "") -> Whom:
        """Who answers, asked by a prompt: with all that determines an answer beside what is sent."""
        spec, code = self.spec, getattr(self._module, "code", lambda _: "")(self.spec)
        name, revision = spec.model or spec.backend, spec.revision or ""
        if self.path is not None:
            name, revision = self.path.name, fingerprint(self.path)
        drawn = {"temperature": spec.temperature, "top_p": spec.top_p, "max_tokens": spec.max_tokens, "seed": spec.seed}
        more = {"voice": spec.voice} if spec.voice else {}
        parameters = canonical({**drawn, **more, "options": spec.options})
        return Whom(spec.backend, name, revision, prompt, parameters, code)

    def judges(self, taxonomy: Taxonomy) -> None:
        """A `ValueError` where it cannot answer in a taxonomy."""
        getattr(self._module, "judges", lambda *_: None)(self.spec, taxonomy)

    def __getstate__(self) -> dict[str, Any]:
        """Modules cannot be sent to another process; what was found out about the model's files can."""
        return {name: value for name, value in vars(self).items() if name != "_module"}

    def load(self) -> Chat:
        """The model, ready to be asked."""
        chat: Chat = self._module.chat(self)
        return chat

    @property
    def identity(self) -> list[Any]:
        """All that a step's results depend on; where the model is and how fast it is asked do not count."""
        whom = self.whom()
        return [self.name, whom.backend, whom.model, whom.revision, whom.parameters, self.spec.tries]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.is_instance_schema(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string"}


class _OfTheRecipe:
    """Marks a parameter that names something of the recipe."""


RecipeModel = Annotated[AskedModel, _OfTheRecipe()]
"""A step's parameter that names one of the recipe's `models`."""


def model_fields(cls: type[Any]) -> Iterator[str]:
    """The parameters of a step that name models, one or several."""
    return marked_fields(cls, _OfTheRecipe)


def named_parts(cls: type[Any]) -> dict[str, type[Any]]:
    """The fields of a step that hold parts by name, each with parameters of its own, and what these parts are."""
    of_two = {name: args for name, hint in get_type_hints(cls).items() if len(args := get_args(hint)) == 2}
    return {name: part for name, (_, part) in of_two.items() if is_dataclass(part) and isinstance(part, type)}


def needs_of(models: Sequence[AskedModel]) -> Resources:
    """What a stage needs that asks these models: the most that any of them does."""
    specs = [model.spec for model in models]
    memory = [spec.memory_mb for spec in specs if spec.memory_mb]
    return Resources(
        batch_rows=min((spec.batch_rows for spec in specs), default=64),
        isolated=any(model.isolated for model in models),
        timeout_s=max((spec.timeout_s for spec in specs), default=60.0),
        gpus=max((spec.gpus for spec in specs), default=0.0),
        memory_mb=max(memory, default=None),
    )


def found(name: Any, models: Mapping[str, AskedModel]) -> AskedModel:
    """The model of that name, or a `UserError` that says which there are."""
    if name not in models:
        hint = "" if models else "; name one under `models:` at the top of the recipe"
        raise UserError(f"no model is named {name!r}", f"models: {', '.join(models) or 'none'}{hint}")
    return models[name]
