"""Prompts: Jinja files with a header, in which what samples say is fenced and can change nothing.

A file begins with a header between lines of three dashes, in YAML:

    id, version      what it is called in opinions and captions
    inputs           columns of the sample that it tells the model, of kept ones as extra.NAME; their values are fenced
    settings         what the step fills in of the recipe: `labels`, `language`, ...
    answer           the JSON Schema of an answer; without one it is free text. An `enum: labels` is the taxonomy's
    repair           what may be mended in an answer: fence, outer, case (see `_answers.py`)
    question         how the question is told in an opinion

and goes on with messages, each under a line `@system`, `@user` or `@assistant`.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema

from affectory.schemas.errors import UserError
from affectory.schemas.ids import digest
from affectory.transforms.files import marked_fields
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._fencing import FENCING, RULE, fenced
from affectory.transforms.models._messages import Ask, Message, Part
from affectory.transforms.models._talking import held, said
from affectory.transforms.models._templates import MAX_CHARS, TooLong, check, rendered, roles
from affectory.transforms.rows import Values

_KEYWORDS = {
    "type", "enum", "const", "title", "description", "properties", "required", "additionalProperties",
    "minProperties", "maxProperties", "items", "prefixItems", "minItems", "maxItems", "uniqueItems",
    "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    "anyOf", "oneOf", "allOf",
}  # fmt: skip
"""What an answer's schema may say: nothing that is looked up elsewhere, and no expressions that match for ever."""
_DEEPEST = 20


class _Header(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
    version: int
    inputs: list[Annotated[str, Field(pattern=r"^([a-z][a-z0-9_]*|extra\.[A-Za-z]\w*)$")]] = []
    settings: list[str] = []
    answer: dict[str, Any] | None = None
    repair: list[Literal["fence", "outer", "case"]] = []
    question: str = ""


@dataclass(frozen=True)
class Quoted:
    """A setting that comes of the sample, by name: fenced as inputs are, without those that say nothing."""

    values: Mapping[str, Any]

    @property
    def said(self) -> dict[str, str]:
        told = {name: said(value) for name, value in self.values.items()}
        return {name: text for name, text in told.items() if text}

    @property
    def fenced(self) -> str | None:
        """One block after the other, each with its name; None where nothing is told."""
        return "\n".join(str(fenced(name, text)) for name, text in self.said.items()) or None


@dataclass(frozen=True)
class Prompt:
    """A prompt that was read and checked."""

    header: _Header
    body: str
    hash: str

    @property
    def called(self) -> str:
        """How opinions and captions name it."""
        return f"{self.header.id}@{self.header.version} {self.hash}"

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(self.header.inputs)

    @property
    def answers(self) -> bool:
        """Whether it ends in an answer of its own: a template of messages, no question."""
        return roles(self.body)[-1] == "assistant"

    def schema(self, **settings: Any) -> dict[str, Any] | None:
        """The JSON Schema of an answer, with the recipe's labels in it."""
        filled: dict[str, Any] | None = _filled(self.header.answer, settings) if self._fills else self.header.answer
        return filled

    @cached_property
    def _fills(self) -> bool:
        """Most schemas name nothing of the recipe: these are the same for every row."""
        return _names_settings(self.header.answer)

    def messages(self, row: Values, media: Sequence[Part] = (), **settings: Any) -> tuple[Message, ...]:
        """What is said about a row: media first in the last message of the user, inputs fenced wherever they stand."""
        given = {name: fenced(name.rpartition(".")[2], said(held(row, name))) for name in self.inputs}
        quoted = {name: value.fenced for name, value in settings.items() if isinstance(value, Quoted)}
        told = self._rendered({**settings, **quoted, **_nested(given)})
        if self.inputs or quoted:
            told = _with_rule(told)
        last = max((i for i, (role, _) in enumerate(told) if role == "user"), default=None)
        if last is None:
            raise ValueError(f"the prompt {self.header.id} says nothing to the model of this sample")
        return tuple(
            Message(role, (*(media if i == last else ()), Part("text", words)))  # type: ignore[arg-type]
            for i, (role, words) in enumerate(told)
        )

    def unfenced(self, row: Values, **settings: Any) -> list[tuple[str, str]]:
        """Roles and words of messages that no model is asked: inputs as they are, and no rule about them."""
        return self._rendered({**settings, **_nested({name: said(held(row, name)) for name in self.inputs})})

    def _rendered(self, known: Mapping[str, Any]) -> list[tuple[str, str]]:
        try:
            return rendered(self.body, {**dict.fromkeys(self.header.settings), **known})
        except TooLong as error:
            raise ValueError(f"the prompt {self.header.id} cannot be asked here: {error}") from error

    def ask(self, model: AskedModel, row: Values, media: Sequence[Part] = (), **settings: Any) -> Ask:
        """The question about a row, its answer as JSON where the prompt says so."""
        sample = {name: said(held(row, name)) for name in self.inputs}
        for value in settings.values():
            sample |= value.said if isinstance(value, Quoted) else {}
        messages = self.messages(row, media, **settings)
        return Ask(model.name, messages, self.hash, schema=self.schema(**settings), sample=sample)

    @property
    def identity(self) -> str:
        return self.hash

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.is_instance_schema(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string"}


class _OfTheRecipe:
    """Marks a parameter that names a prompt."""


RecipePrompt = Annotated[Prompt, _OfTheRecipe()]
"""A step's parameter that names a prompt: one of ours by its id, or a `.jinja` file below the recipe."""


def prompt_fields(cls: type[Any]) -> Iterator[str]:
    """The parameters of a step that name prompts."""
    return marked_fields(cls, _OfTheRecipe)


def parse_prompt(text: str, where: str) -> Prompt:
    """A prompt from a file's text, or a `UserError` that says what is wrong and where."""
    if len(text) > MAX_CHARS:
        raise UserError(f"{where} has {len(text)} characters", f"a prompt has at most {MAX_CHARS}")
    found = re.match(r"\ufeff?---[ \t]*\n(.*?\n)---[ \t]*\n(.*)", text, re.DOTALL)
    if not found:
        raise UserError(
            f"{where} has no header", "begin it with YAML between two lines of three dashes: id, version, ..."
        )
    header, body = _header(found[1], where), found[2]
    check(body, header.inputs, header.settings, where)
    said_as = hashlib.sha256(text.encode()).hexdigest()
    return Prompt(header, body, digest("prompt", FENCING, RULE, said_as)[:16])


def _header(text: str, where: str) -> _Header:
    try:
        # Aliases make a small header a large one.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise UserError(f"the header of {where} has an alias (*)", "write it out")
        header = _Header.model_validate(yaml.safe_load(text) or {})
    except yaml.YAMLError as error:
        raise UserError(f"the header of {where} is no YAML", " ".join(str(error).split())[:300]) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key, allowed = ".".join(map(str, first["loc"])), ", ".join(_Header.model_fields)
        raise UserError(f"the header of {where}: {key}: {first['msg']}", f"keys: {allowed}") from error
    except RecursionError as error:
        raise UserError(f"the header of {where} is nested too deep", "write it flatter") from error
    if header.answer is not None:
        _check_schema(header.answer, f"`answer` of {where}")
    return header


def _check_schema(schema: Any, where: str, deep: int = 0) -> None:
    """Complain of an answer's schema that says what it may not, at any depth."""
    if deep > _DEEPEST:
        raise UserError(f"{where} is nested too deep", "write it flatter")
    if not isinstance(schema, Mapping):
        if not isinstance(schema, bool):
            raise UserError(
                f"{where} is {schema!r}, which is no JSON Schema", "write a mapping, such as {type: string}"
            )
        return
    if unknown := sorted(map(str, schema.keys() - _KEYWORDS)):
        raise UserError(f"{where} says {unknown[0]!r}", f"a schema may say {', '.join(sorted(_KEYWORDS))}")
    for key, value in schema.items():
        for name, inner in _inner(key, value):
            _check_schema(inner, f"{name} in {where}", deep + 1)
    if deep == 0:
        _check_types(schema, where)


def _inner(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The schemas inside one."""
    if key == "properties" and isinstance(value, Mapping):
        yield from ((str(name), inner) for name, inner in value.items())
    elif key in ("anyOf", "oneOf", "allOf", "prefixItems") and isinstance(value, list):
        yield from ((f"{key} {number}", inner) for number, inner in enumerate(value, 1))
    elif key in ("items", "additionalProperties"):
        yield key, value


def _check_types(schema: Mapping[str, Any], where: str) -> None:
    from jsonschema import Draft202012Validator, SchemaError

    try:
        Draft202012Validator.check_schema(_filled(schema, _Anything()))
    except SchemaError as error:
        place = ".".join(map(str, error.path)) or "it"
        raise UserError(f"{where} is no JSON Schema: {place}: {error.message[:300]}", "see json-schema.org") from error


class _Anything(dict[str, Any]):
    """Settings before a recipe names any."""

    def __missing__(self, name: str) -> list[str]:
        return ["label"]


def _nested(given: Mapping[str, Any]) -> dict[str, Any]:
    """Values as templates name them: `extra.persona` lies inside `extra`."""
    inside = {name.partition(".")[2]: value for name, value in given.items() if "." in name}
    plain = {name: value for name, value in given.items() if "." not in name}
    return {**plain, "extra": SimpleNamespace(**inside)} if inside else plain


def _with_rule(told: list[tuple[str, str]]) -> list[tuple[str, str]]:
    if told and told[0][0] == "system":
        return [("system", f"{told[0][1]}\n\n{RULE}"), *told[1:]]
    return [("system", RULE), *told]


def _names_settings(schema: Any) -> bool:
    if isinstance(schema, Mapping):
        return isinstance(schema.get("enum"), str) or any(map(_names_settings, schema.values()))
    return isinstance(schema, list) and any(map(_names_settings, schema))


def _filled(schema: Any, settings: Mapping[str, Any]) -> Any:
    """`enum: labels` in a schema stands for the labels themselves."""
    if isinstance(schema, Mapping):
        named = schema.get("enum")
        filled = {key: _filled(value, settings) for key, value in schema.items()}
        return {**filled, "enum": list(settings[named])} if isinstance(named, str) else filled
    return [_filled(x, settings) for x in schema] if isinstance(schema, list) else schema
