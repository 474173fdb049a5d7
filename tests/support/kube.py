"""Kubernetes' published schemas as strict as Kubernetes: a field that the schema does not know is a mistake."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

Yaml = dict[str, Any]
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
INT_OR_STRING = {"anyOf": [{"type": "integer"}, {"type": "string"}]}


@cache
def crd(folder: Path, plural: str) -> Yaml:
    """The schema of the stored version of a custom resource."""
    text = (folder / f"ray.io_{plural}.yaml").read_text()
    versions = yaml.load(text, Loader=LOADER)["spec"]["versions"]
    return strict(next(v["schema"]["openAPIV3Schema"] for v in versions if v["storage"]))


def strict(schema: Any) -> Any:
    """The schema with unknown fields forbidden wherever it says which there are."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        return INT_OR_STRING
    found = {key: _named(value) if key == "properties" else strict(value) for key, value in schema.items()}
    found.pop("format", None)
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if "properties" in schema and not open_ended:
        found["additionalProperties"] = False
    return found


def _named(properties: Yaml) -> Yaml:
    return {name: strict(schema) for name, schema in properties.items()}


def mistakes(document: Any, schema: Yaml) -> list[str]:
    """What a schema has against a document."""
    found = Draft202012Validator(schema).iter_errors(document)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in found]


def at(schema: Yaml, *path: str) -> Yaml:
    """A part of a schema."""
    for name in path:
        schema = schema["items"] if name == "[]" else schema["properties"][name]
    return schema


def pods(document: Any) -> Iterator[Yaml]:
    """The spec of every pod that a document asks for."""
    if isinstance(document, dict):
        if "containers" in document:
            yield document
        for value in document.values():
            yield from pods(value)
    elif isinstance(document, list):
        for value in document:
            yield from pods(value)
