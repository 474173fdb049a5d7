"""A release as it lies in a folder, with all that a page about it can show: every kind of sample, evidence in time,
text and picture, traces, valence and arousal, disagreement, what was left out, and what the gate found."""

import io
import json
import math
import wave
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from PIL import Image

from affectory.pipelines.release.features import PUBLIC
from affectory.pipelines.release.lineage import LINEAGE, PUBLIC_REJECTS
from affectory.quality.audits._audited import Audited, Measure
from affectory.quality.findings import Finding
from affectory.schemas.taxonomy import load_taxonomy
from affectory.schemas.types import PLACES

Row = dict[str, Any]
TAXONOMY = load_taxonomy("ekman-7")
SPLITS, KINDS = ("test", "train", "train", "validation"), ("text", "image", "audio", "text", "text")
LINES = (
    "We missed the last train home.",
    "You remembered my birthday!",
    "It is what it is.",
    "Who left the door open all night?",
    "Ganz ehrlich: das war wunderbar.",
)
_MEDIA = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_TEXTS = ("key", "kind", "text", "language", "speaker", "dialogue", "label_space", "label_pool", "label_state")
DEFAULT = pa.schema(
    [
        ("sample_id", pa.string()),
        ("record_id", pa.string()),
        *((name, pa.string()) for name in (*_TEXTS, "label_modalities", "perspective", "withheld")),
        ("position", pa.int32()),
        ("start_s", pa.float64()),
        ("end_s", pa.float64()),
        ("image", _MEDIA),
        ("audio", _MEDIA),
        ("image_sha256", pa.string()),
        ("audio_sha256", pa.string()),
        ("label", pa.int64()),
        *((name, pa.list_(pa.float32())) for name in ("distribution", "distribution_low", "distribution_high", "vad")),
        ("label_chosen", pa.list_(pa.string())),
        ("label_count", pa.int32()),
        ("label_uncertainty", pa.float32()),
        ("label_agreement", pa.float32()),
        ("note_caption", pa.string()),
        ("note_brightness", pa.float64()),
        ("note_faces", PLACES),
    ]
)


def released(
    folder: Path, count: int = 60, *, nasty: str = "", group: int = 25, gate: bool = True, apart: bool = False
) -> Path:
    """A release of `count` samples; `nasty` is what somebody wrote, named and called raters; `apart`: some raters had
    only the sound or only the picture, and of every second sample the picture tells another tale."""
    samples = [_sample(number, nasty) for number in range(count)]
    samples.sort(key=lambda row: (("train", "validation", "test").index(row["split"]), row["sample_id"]))
    opinions = [one for row in samples for one in (_apart(row) if apart else _opinions(row, nasty))]
    for split in ("train", "validation", "test"):
        ids = {row["sample_id"] for row in samples if row["split"] == split}
        _write(folder / "data/default" / f"{split}-00000.parquet", _of(samples, ids), DEFAULT, group)
        _write(folder / "data/opinions" / f"{split}-00000.parquet", _of(opinions, ids), PUBLIC["opinions"], 4 * group)
    lineage = [{**row, "source": nasty or ("letters", "stills")[row["number"] % 2]} for row in samples]
    _write(folder / "lineage.parquet", lineage, LINEAGE, 50_000)
    rejects = [{"stage": "clean_text", "outcome": "rejected", "reason": "too_short", "detail": nasty}] * 3
    _write(folder / "rejects.parquet", rejects, PUBLIC_REJECTS, 1000)
    known = {"name": TAXONOMY.name, "labels": list(TAXONOMY.labels), "definition": TAXONOMY.model_dump(mode="json")}
    (folder / "taxonomy.json").write_text(json.dumps(known))
    header = {"license": "cc-by-4.0", "pretty_name": f"Voices and faces {nasty}".strip()}
    (folder / "README.md").write_text(f"---\n{yaml.safe_dump(header)}dataset_info:\n- x: 1\n---\n# Card\n")
    (folder / "recipe.yaml").write_text(
        yaml.safe_dump({"dataset": "voices", "description": "What people hear. " + nasty})
    )
    if gate:
        (folder / "gate.json").write_text(json.dumps(_gate(samples[0]["sample_id"], nasty)))
    return folder


def _write(path: Path, rows: Sequence[Row], schema: pa.Schema, group: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {field.name: pa.array([row.get(field.name) for row in rows], field.type) for field in schema}
    pq.write_table(pa.table(columns, schema=schema), path, row_group_size=group)


def _of(rows: Sequence[Row], ids: set[str]) -> list[Row]:
    return [row for row in rows if row["sample_id"] in ids]


def _sample(number: int, nasty: str) -> Row:
    """Every third is disputed; every seventh has no label."""
    kind, labels = KINDS[number % len(KINDS)], len(TAXONOMY.labels)
    first, second = number % labels, (number * 3 + 1) % labels
    values = np.zeros(labels)
    values[first] += 1 - 0.4 * (number % 3 == 0)
    values[second] += 0.4 * (number % 3 == 0)
    plain = {"split": SPLITS[number % len(SPLITS)], "record_id": f"r_{number:024x}", "number": number}
    shown = {"text": f"{LINES[number % 5]} {nasty}".strip(), "language": "de" if number % 5 == 4 else "en"}
    row = {
        **plain,
        "sample_id": f"s_{(number * 0x9E3779B97F4A7C15) % (1 << 96):024x}",
        "kind": kind,
        "key": f"k{number}",
    }
    row |= {"speaker": f"p_{number % 4:020x}", "perspective": "perceived", "label_modalities": kind}
    row |= {"note_caption": f"somebody writes {nasty}", "note_brightness": number / 7}
    row |= _medium(number) if kind != "text" else shown
    if number % 7 == 6:
        return {**row, "withheld": "media: no consent to publish"}
    spread = np.array([0.1] * labels)
    return row | {
        "label": first,
        "distribution": values,
        "distribution_low": np.maximum(values - spread, 0),
        "distribution_high": np.minimum(values + spread, 1),
        "label_space": "simplex",
        "label_pool": "human",
        "label_count": 3 + number % 2,
        "label_agreement": 2 / 3 if number % 3 == 0 else 1.0,
        "label_uncertainty": 0.3,
        "label_state": "tie of 2" if number % 11 == 0 else None,
        "vad": [math.sin(number), math.cos(number * 1.7), 0.0],
    }


def _medium(number: int) -> Row:
    if number % 5 == 1:
        faces = [{"kind": "face", "box": [8, 6, 20, 22], "score": 0.9}]
        return {
            "image": {"bytes": picture(number % 16), "path": "a.png"},
            "image_sha256": f"{number:064x}",
            "note_faces": faces,
        }
    sound = {"audio": {"bytes": tone(200 + number % 16), "path": "a.wav"}, "audio_sha256": f"{number:064x}"}
    return {**sound, "start_s": 2.0, "end_s": 4.0}


@cache
def picture(shade: int) -> bytes:
    """A PNG of two colours."""
    file, pixels = io.BytesIO(), np.full((48, 64, 3), (60 + 9 * shade, 110, 160), np.uint8)
    pixels[10:34, 12:40] = (230, 200, 170)
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@cache
def tone(pitch: int) -> bytes:
    """Two seconds of a tone."""
    file, times = io.BytesIO(), np.arange(2 * 8000) / 8000
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(8000)
        out.writeframes((128 + 90 * np.sin(2 * math.pi * pitch * times)).astype(np.uint8).tobytes())
    return file.getvalue()


def _opinions(row: Row, nasty: str) -> list[Row]:
    number, labels = row["number"], list(TAXONOMY.labels)
    raters = [f"p_{n:020x}{nasty}" for n in range(3 + number % 2)]
    found = [_opinion(row, rater, _says(row, n, len(labels)), n, nasty) for n, rater in enumerate(raters)]
    weights = np.round(np.random.default_rng(number).dirichlet(np.ones(len(labels))), 3)
    return [*found, _opinion(row, f"writer@1{nasty}", weights, 9, nasty, kind="model")]


def _apart(row: Row) -> list[Row]:
    number, labels = row["number"], len(TAXONOMY.labels)
    heard, seen = np.eye(labels)[number % labels], np.eye(labels)[(number + number % 2) % labels]
    sides = {("audio",): heard, ("video",): seen, ("audio", "video"): heard}
    return [
        _opinion(row, f"p_{n:020x}", weights, n, "") | {"modalities": list(had)}
        for n, (had, weights) in enumerate([*sides.items(), *sides.items()])
    ]


def _says(row: Row, rater: int, labels: int) -> Sequence[float]:
    number = row["number"]
    word = (number * 3 + 1) % labels if number % 3 == 0 and rater == 1 else number % labels
    return np.eye(labels)[word]


def _opinion(row: Row, rater: str, weights: Sequence[float], place: int, nasty: str, kind: str = "human") -> Row:
    asked = {"question": f"Which emotion? {nasty}".strip(), "labels": list(TAXONOMY.labels), "response": "simplex"}
    answer: Row = {"weights": list(weights)}
    if row["kind"] == "audio" and place == 2:
        answer["trace"] = [{"at_us": 2_000_000 + 50_000 * n, "value": math.sin(n / 6)} for n in range(40)]
    return {
        "opinion_id": f"o_{row['sample_id']}_{place}",
        "sample_id": row["sample_id"],
        "rater": rater,
        "rater_kind": kind,
        "perspective": "perceived",
        "modalities": [row["kind"]],
        "asked": {**asked, "taxonomy": TAXONOMY.name, "taxonomy_hash": TAXONOMY.hash},
        "shown": {"context": ["How was it?"], "position": place},
        "answer": answer,
        "confidence": 0.5 + place / 20,
        "rationale": f"It sounds like it. {nasty}" if place == 0 else None,
        "evidence": _evidence(row) if place == 0 else None,
        "spent_s": 4.0 + place + row["number"] % 5,
    }


def _evidence(row: Row) -> list[Row]:
    if row["kind"] == "audio":
        return [{"kind": "cue", "start_us": 2_500_000, "end_us": 3_000_000}]
    if row["kind"] == "image":
        return [{"kind": "face", "box": [12, 10, 28, 24]}]
    return [{"kind": "cue", "char_start": 3, "char_end": 9}]


def _gate(sample: str, nasty: str) -> Mapping[str, Any]:
    line = {"label": "joy", "share": 0.31, "note": nasty or "as expected"}
    measure = Measure("share of labels that words give away", 0.31, 0.27, 0.35, 0.001, True, 0.004)
    audits = (
        Audited("keywords", f"words give 31 % away {nasty}".strip(), (measure,), (sample,), 19, (line,), "warns"),
        Audited("leakage", "no speaker is in two splits", verdict="clean"),
        Audited("calibration", "no models", verdict="not looked at", skipped="no models"),
    )
    findings = [Finding.of("samples", f"text is short {nasty}".strip(), [sample], "warns", "samples.text")]
    checks = [{"table": "samples", "status": "passed"}, {"table": "samples", "status": "warns"}]
    return {
        "findings": [vars(finding) for finding in findings],
        "audits": [audited.facts() for audited in audits],
        "allowed": [{"check": "audit.keywords", "reason": f"known and told in the card {nasty}".strip()}],
        "suite": {"rows": {"samples": 60}, "checks": checks},
    }
