"""The JSON Schema that editors complete recipes from, with the steps and inputs that are installed."""

from collections.abc import Mapping
from copy import deepcopy
from types import MappingProxyType
from typing import Any

from affectory.schemas.recipe.model import recipe_schema
from affectory.schemas.recipe.own_taxonomy import taxonomy_schema

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_LITERAL_KEYS = {"const", "enum", "default", "examples", "example"}
_NAMED_SCHEMAS = {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}


def json_schema(
    steps: Mapping[str, Schema],
    sources: Mapping[str, Schema],
    ratings: Mapping[str, Schema],
    rules: Mapping[str, Schema] = MappingProxyType({}),
    asked: Mapping[str, Schema] = MappingProxyType({}),
    audits: Mapping[str, Schema] = MappingProxyType({}),
) -> Schema:
    """The whole recipe as draft 2020-12. Each mapping gives the JSON Schema of the parameters by name or kind."""
    schema = deepcopy(recipe_schema())
    defs = schema["$defs"]
    schema["properties"]["taxonomy"]["anyOf"] = [{"type": "string", "minLength": 1}, *_taxonomies(defs)]
    entry = defs.pop("Entry")
    named = {
        "Step": ("step", steps),
        "Rule": ("rule", rules),
        "Asking": ("question", asked),
        "Audit": ("audit", audits),
    }
    for family, schemas in (*named.values(), ("source", sources), ("rating", ratings)):
        for name, params in schemas.items():
            defs[f"{family}.{name}"] = _moved(_rooted(params), _reference(family, name))
    for plain, (family, schemas) in named.items():
        defs[plain] = _named(family, schemas, defs[plain]["description"]) if schemas else defs[plain]
    fields = schema["properties"]
    fields["sources"]["items"] = _entry("source", sources, entry, defs)
    fields["ratings"]["items"] = _entry("rating", ratings, entry, defs)
    required = schema.pop("required")
    schema["anyOf"] = [{"required": required}, {"required": ["include"]}]
    return {"$schema": DIALECT, **_untitled(schema)}


def _taxonomies(defs: Schema) -> list[Schema]:
    """A taxonomy that is not built in: in a file of its own, or written out."""
    path = {"type": "string", "description": "A YAML file that holds the taxonomy."}
    file = {"type": "object", "properties": {"file": path}, "required": ["file"], "additionalProperties": False}
    own = deepcopy(taxonomy_schema("#/$defs/taxonomy."))
    defs.update({f"taxonomy.{name}": part for name, part in own.pop("$defs").items()})
    return [file, own]


def _reference(family: str, name: str) -> str:
    return "#/$defs/" + f"{family}.{name}".replace("~", "~0").replace("/", "~1")


def _moved(schema: Any, to: str) -> Any:
    """A schema with references that hold where it lies now."""
    if isinstance(schema, list):
        return [_moved(part, to) for part in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    moved = {key: value if key in _LITERAL_KEYS else _moved(value, to) for key, value in schema.items()}
    if isinstance(reference, str) and reference.startswith("#"):
        moved["$ref"] = to + reference[1:]
    return moved


def _rooted(schema: Schema) -> Schema:
    """A schema that refers to one of its own definitions, with that definition written out."""
    name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    target = schema.get("$defs", {}).get(name, {})
    return {**target, **{key: value for key, value in schema.items() if key != "$ref"}} if target else schema


def _named(family: str, steps: Mapping[str, Schema], description: str) -> Schema:
    """A bare name where nothing is required, or one name above its parameters."""
    bare = sorted(name for name, params in steps.items() if not _rooted(params).get("required"))
    properties = {}
    for name in sorted(steps):
        params: Schema = {"$ref": _reference(family, name)}
        described = {"description": text} if (text := _rooted(steps[name]).get("description")) else {}
        properties[name] = {**described, "anyOf": [params, {"type": "null"}] if name in bare else [params]}
    one = {"type": "object", "properties": properties, "additionalProperties": False}
    named = {**one, "minProperties": 1, "maxProperties": 1}
    return {"description": description, "anyOf": [*([{"enum": bare}] if bare else []), named]}


def _entry(family: str, kinds: Mapping[str, Schema], entry: Schema, defs: Schema) -> Schema:
    """One input, told apart by its kind."""
    if not kinds:
        return entry
    for kind in kinds:
        params = defs[f"{family}.{kind}"]
        own = {"kind": {**entry["properties"]["kind"], "const": kind}, "name": entry["properties"]["name"]}
        params["properties"] = {**params.get("properties", {}), **own}
        params["required"] = ["kind", *(key for key in params.get("required", ()) if key not in own)]
        params["type"] = "object"
    names = {"kind": {**entry["properties"]["kind"], "enum": sorted(kinds)}}
    choice = [{"$ref": _reference(family, kind)} for kind in sorted(kinds)]
    return {"type": "object", "properties": names, "required": ["kind"], "oneOf": choice}


def _untitled(schema: Any) -> Any:
    """Without the titles that pydantic makes of names: editors would show them instead of the docs."""
    if isinstance(schema, list):
        return [_untitled(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    cleaned = {}
    for key, value in schema.items():
        if key in _NAMED_SCHEMAS and isinstance(value, dict):
            cleaned[key] = {name: _untitled(part) for name, part in value.items()}
        elif key in _LITERAL_KEYS or (key == "title" and isinstance(value, str)):
            cleaned |= {} if key == "title" else {key: value}
        else:
            cleaned[key] = _untitled(value)
    return cleaned
