"""A release described in Croissant 1.0, so that tools which know neither us nor `datasets` can read it.

It is written from the manifest: what is described is what was written. Paths are relative to the file itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from affectory.pipelines.release.card import cited
from affectory.pipelines.release.manifest import FileFacts, Manifest

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
_TERMS = (
    "citeAs", "column", "extract", "field", "fileProperty", "fileObject", "fileSet", "format", "includes",
    "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex", "repeated",
    "replace", "samplingRate", "separator", "source", "subField", "transform", "equivalentProperty",
)  # fmt: skip
_CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS},
}
_FORMATS = {
    ".parquet": "application/x-parquet",
    ".json": "application/json",
    ".md": "text/markdown",
    ".yaml": "application/yaml",
    ".html": "text/html",
}
_MEDIA = {"Image": "sc:ImageObject", "Audio": "sc:AudioObject", "Video": "sc:VideoObject"}
_RAI = {
    "annotator_demographics": "rai:annotatorDemographics",
    "intended_uses": "rai:dataUseCases",
    "misuses": "rai:dataSocialImpact",
    "maintenance": "rai:dataReleaseMaintenancePlan",
}
"""Fields of a data statement that Croissant has a word for."""


def croissant(manifest: Manifest, card: Mapping[str, Any], statement: Mapping[str, str]) -> dict[str, Any]:
    """The description as plain data. It holds no date: the same data has the same description."""
    content, version = manifest.content, manifest.version.removeprefix("v")
    configs = [config for config, rows in content.rows.items() if rows]
    return {
        "@context": dict(_CONTEXT),
        "@type": "sc:Dataset",
        "name": content.dataset,
        "conformsTo": CONFORMS_TO,
        "version": version,
        **_told(card, content.dataset),
        **{_RAI[name]: text for name, text in statement.items() if name in _RAI},
        **({"rai:dataLimitations": list(card["limits"])} if card.get("limits") else {}),
        "distribution": [
            *(_file(name, facts) for name, facts in sorted(content.data_files.items())),
            *(_file_set(config) for config in configs),
        ],
        "recordSet": [
            _splits(list(dict.fromkeys(split for config in configs for split in content.rows[config]))),
            _labels(content.taxonomy),
            *(_records(config, content.features[config]) for config in configs),
        ],
    }


def _told(card: Mapping[str, Any], dataset: str) -> dict[str, Any]:
    found = {
        "alternateName": card.get("title"),
        "description": card.get("description") or card.get("title") or dataset,
        "license": card.get("licence"),
        "url": card.get("homepage"),
        "citeAs": cited(card, dataset),
        "creator": [{"@type": "sc:Person", "name": name} for name in card.get("authors") or ()],
        "inLanguage": list(card.get("languages") or ()),
        "keywords": ["emotion", "affective computing"],
    }
    return {name: value for name, value in found.items() if value}


def _file(name: str, facts: FileFacts) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{facts.size} B",
        "encodingFormat": _FORMATS.get(PurePosixPath(name).suffix, "application/octet-stream"),
        "sha256": facts.sha256,
    }


def _file_set(config: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": _files_of(config),
        "name": _files_of(config),
        "description": f"The files of `{config}`.",
        "encodingFormat": _FORMATS[".parquet"],
        "includes": f"data/{config}/*.parquet",
    }


def _files_of(config: str) -> str:
    return f"{config}-files"


def _splits(names: list[str]) -> dict[str, Any]:
    return _listed("splits", "cr:Split", ("name",), [(name,) for name in names])


def _labels(taxonomy: Mapping[str, Any]) -> dict[str, Any]:
    """What the numbers in `label` and the places in `distribution` are called."""
    return _listed("taxonomy", "sc:Enumeration", ("number", "name"), list(enumerate(taxonomy["labels"])))


def _listed(name: str, kind: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    """A record set whose records stand in the description itself."""
    types = {"number": "sc:Integer", "name": "sc:Text"}
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "dataType": kind,
        "key": {"@id": f"{name}/{columns[0]}"},
        "field": [_named(f"{name}/{column}") | {"dataType": types[column]} for column in columns],
        "data": [{f"{name}/{column}": value for column, value in zip(columns, row, strict=True)} for row in rows],
    }


def _named(field: str) -> dict[str, Any]:
    return {"@type": "cr:Field", "@id": field, "name": field}


def _records(config: str, features: Mapping[str, Any]) -> dict[str, Any]:
    split = _named(f"{config}/split") | {
        "dataType": "sc:Text",
        "source": {
            "fileSet": {"@id": _files_of(config)},
            "extract": {"fileProperty": "fullpath"},
            # mlcroissant applies it twice, the second time to what it gave.
            "transform": {"regex": rf"^(?:.*data/{config}/)?(.+?)(?:-[0-9a-f]+\.parquet)?$"},
        },
        "references": {"field": {"@id": "splits/name"}},
    }
    fields = (_Place(config, (name,)).field(spec) for name, spec in features.items())
    return {
        "@type": "cr:RecordSet",
        "@id": config,
        "name": config,
        "field": [split, *(field for field in fields if field)],
    }


@dataclass(frozen=True)
class _Place:
    """A column, or a part of what its values hold."""

    config: str
    names: tuple[str, ...]
    listed: bool = False
    """Whether it lies in a list already."""

    def field(self, spec: Mapping[str, Any]) -> dict[str, Any] | None:
        """The field, with a field for each of its parts; None for lists of records within a list, which Croissant
        cannot take apart."""
        repeated = spec.get("_type") in ("List", "LargeList", "Sequence")
        inner = spec["feature"] if repeated else spec
        start = _named("/".join((self.config, *self.names))) | ({"repeated": True} if repeated else {})
        if "_type" in inner:
            return start | self._leaf(inner)
        return None if repeated and self.listed else start | {"subField": list(self._parts(inner, repeated))}

    def _parts(self, spec: Mapping[str, Any], repeated: bool) -> Iterator[dict[str, Any]]:
        for name, part in spec.items():
            found = _Place(self.config, (*self.names, name), self.listed or repeated).field(part)
            if found:
                yield found

    def _leaf(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        column, *steps = self.names
        steps += ["bytes"] if spec["_type"] in _MEDIA else []
        source: dict[str, Any] = {"fileSet": {"@id": _files_of(self.config)}, "extract": {"column": column}}
        if steps:
            source["transform"] = [{"jsonPath": step} for step in steps]
        return {"dataType": _type_of(spec), "source": source}


def _type_of(spec: Mapping[str, Any]) -> str:
    if spec["_type"] in _MEDIA:
        return _MEDIA[spec["_type"]]
    dtype = "int64" if spec["_type"] == "ClassLabel" else str(spec.get("dtype", "string"))
    known = {"int": "sc:Integer", "uint": "sc:Integer", "float": "sc:Float", "bool": "sc:Boolean"}
    return known.get(dtype.rstrip("0123456789"), "sc:Text")
