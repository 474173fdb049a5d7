"""The columns of each config, as `datasets` features."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from affectory.pipelines.release.withheld import COLUMN as WITHHELD
from affectory.schemas.derived import LABELS, NOTES, OPINIONS_TABLE, SAMPLES
from affectory.schemas.types import MEMBERS

if TYPE_CHECKING:
    from datasets import Features

NOTE_PREFIX = "note_"
PEOPLE_CONFIG, EVERYBODY = "people", "people"
"""The config that tells of those who speak and judge, and its only split."""
_OF_SAMPLE = {
    "sample_id": "string",
    "record_id": "string",
    "key": "string",
    "kind": "string",
    "text": "string",
    "language": "string",
    "speaker": "string",
    "dialogue": "string",
    "position": "int32",
    "session": "string",
    "duplicates": "string",
    "parent": "string",
    "start_s": "float64",
    "end_s": "float64",
    "char_start": "int64",
    "char_end": "int64",
}
_OF_LABEL = {
    "label_space": "string",
    "label_pool": "string",
    "label_count": "int32",
    "label_uncertainty": "float32",
    "label_agreement": "float32",
    "label_state": "string",
    "label_modalities": "string",
    "perspective": "string",
}
_REFERENCE = [pa.field("asset", pa.string()), pa.field("format", pa.string())]
_KEY_VALUES = pa.list_(pa.struct([("key", pa.string()), ("value", pa.string())]))
_PRIVATE = ("uri", "original")
_MEDIA_REFERENCES: Mapping[str, pa.DataType] = {
    "image": pa.struct(_REFERENCE),
    "audio": pa.struct(_REFERENCE),
    "video": pa.struct(_REFERENCE),
    "frames": pa.list_(pa.struct([pa.field("at_us", pa.int64()), *_REFERENCE])),
    "extra": _KEY_VALUES,
    "members": pa.list_(pa.struct([f for f in MEMBERS.value_type if f.name not in ("asset", "uri", "path")])),
}

PUBLIC = {
    "opinions": pa.schema([(c.name, c.type) for c in OPINIONS_TABLE.columns]),
    "labels": pa.schema([(c.name, c.type) for c in LABELS.columns]),
    "notes": pa.schema([(c.name, c.type) for c in NOTES.columns]),
    "samples": pa.schema(
        [(c.name, _MEDIA_REFERENCES.get(c.name, c.type)) for c in SAMPLES.columns if c.name not in _PRIVATE]
    ),
}
"""What is published of each table: of samples neither where they lay nor the record's own file."""


@dataclass(frozen=True)
class Shape:
    """All that the columns of the default config depend on: never which values the rows happen to have."""

    taxonomy: str
    labels: tuple[str, ...]
    rule: str
    """The rule whose labels stand in `label`."""
    pools: tuple[str, ...]
    media: tuple[str, ...]
    notes: Mapping[str, pa.DataType]


def features_of(config: str, shape: Shape) -> "Features":
    """The features of a config."""
    from datasets import Features

    return _default(shape) if config == "default" else Features.from_arrow_schema(PUBLIC[config])


def people_features(people: pa.Table) -> "Features":
    """The features of the config that tells of people."""
    from datasets import Features

    return Features.from_arrow_schema(people.schema)


def _default(shape: Shape) -> "Features":
    """No fixed length for `distribution`: Arrow 25 writes a null list of fixed length to Parquet but cannot read it."""
    from datasets import ClassLabel, Features, List, Value

    numbers = List(Value("float32"))
    columns: dict[str, Any] = {name: Value(dtype) for name, dtype in _OF_SAMPLE.items()}
    columns |= {"box": numbers, **_media(shape.media), WITHHELD: Value("string")}
    columns |= {"label": ClassLabel(names=list(shape.labels)), "distribution": numbers}
    columns |= {"distribution_low": numbers, "distribution_high": numbers, "label_chosen": List(Value("string"))}
    columns |= {name: Value(dtype) for name, dtype in _OF_LABEL.items()}
    columns |= {"vad": numbers, "vad_pool": Value("string")}
    notes = Features.from_arrow_schema(pa.schema([(NOTE_PREFIX + name, kind) for name, kind in shape.notes.items()]))
    return Features({**columns, **notes})


def _media(columns: tuple[str, ...]) -> dict[str, Any]:
    from datasets import Audio, Image, List, Value, Video

    embedded = {"image": Image(), "audio": Audio(), "video": Video(), "frames": List(Image())}
    found = {name: feature for name, feature in embedded.items() if name in columns}
    hashes = {f"{name}_sha256": List(Value("string")) if name == "frames" else Value("string") for name in found}
    times = {"frame_times_s": List(Value("float64"))} if "frames" in columns else {}
    return {**found, **times, **hashes}


def as_json(features: "Features") -> dict[str, Any]:
    """Plain data that two versions of a config can be compared by."""
    plain: dict[str, Any] = json.loads(json.dumps(features.to_dict()))
    return plain


def as_yaml(features: "Features") -> list[dict[str, Any]]:
    """For the card's header. The order of its keys matters: `datasets` tells a feature's type from the first."""
    plain: list[dict[str, Any]] = features._to_yaml_list()
    return plain
