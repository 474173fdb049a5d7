"""Features of `datasets`, which it writes beside the schema of its files: classes are numbers there, and have names."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from affectory.transforms.sources._tables import Chunk

_LISTS = ("Sequence", "List", "LargeList")


def by_class_name(chunks: Iterable[Chunk], schema: pa.Schema) -> Iterator[Chunk]:
    """Chunks in which classes come by their names."""
    names = label_names(schema)
    for chunk in chunks:
        columns = {name: named(values, names.get(name)) for name, values in chunk.columns.items()}
        yield replace(chunk, columns=columns) if names else chunk


def label_names(schema: pa.Schema) -> Mapping[str, Sequence[str]]:
    """Names of the classes of each column, as `datasets` writes them beside the schema."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, TypeError, ValueError):
        return {}
    found = {column: _of_feature(feature) for column, feature in features.items()} if isinstance(features, dict) else {}
    return {column: names for column, names in found.items() if names}


def _of_feature(feature: Any) -> Sequence[str]:
    if isinstance(feature, dict) and feature.get("_type") in _LISTS:
        return _of_feature(feature.get("feature"))
    if isinstance(feature, list) and len(feature) == 1:
        return _of_feature(feature[0])
    names = feature.get("names") if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" else None
    return [str(name) for name in names] if isinstance(names, list) else []


def named(values: list[Any], names: Sequence[str] | None) -> list[Any]:
    """Values with classes by their names."""
    return values if names is None else [_name(value, names) for value in values]


def _name(value: Any, names: Sequence[str]) -> Any:
    """A class by its name; -1 stands for none."""
    if isinstance(value, list):
        return [_name(item, names) for item in value]
    if type(value) is not int or value < -1 or value >= len(names):
        return value
    return None if value == -1 else names[value]
