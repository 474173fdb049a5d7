"""The opinions of what was built last, or of a release, for commands that look at them without building."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from affectory.pipelines.history import BuildRecord, parts, read_parts
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.derived import OPINIONS_TABLE, SAMPLES
from affectory.schemas.errors import UserError
from affectory.schemas.parquet import read_all
from affectory.schemas.taxonomy import Taxonomy, parse_taxonomy


@dataclass(frozen=True)
class Opined:
    """Opinions, in what taxonomy labels of them are, and who speaks in each sample, as far as anybody said."""

    opinions: pa.Table
    taxonomy: Taxonomy
    speakers: Mapping[str, str]


def of_build(workspace: Workspace, record: BuildRecord, taxonomy: Taxonomy) -> Opined:
    """What a build attached to its samples."""
    opinions, samples = (
        read_parts(parts(workspace, record.finished, spec.name), spec.schema, names)
        for spec, names in ((OPINIONS_TABLE, OPINIONS_TABLE.schema.names), (SAMPLES, ["sample_id", "speaker"]))
    )
    return Opined(opinions, taxonomy, _speakers(samples))


def of_release(folder: Path) -> Opined:
    """What a release publishes."""
    files = sorted((folder / "data" / "opinions").glob("*.parquet"))
    if not files or not (folder / "taxonomy.json").exists():
        raise UserError(f"{folder} holds no opinions of a release", "name the folder of one version: releases/v1.0.0")
    opinions = OPINIONS_TABLE.cast(pa.concat_tables(read_all(files)))
    samples = read_all(sorted((folder / "data" / "default").glob("*.parquet")))
    known = [t.select(["sample_id", "speaker"]) for t in samples if {"sample_id", "speaker"} <= set(t.column_names)]
    return Opined(opinions, _taxonomy(folder), _speakers(pa.concat_tables(known)) if known else {})


def _taxonomy(folder: Path) -> Taxonomy:
    found = json.loads((folder / "taxonomy.json").read_text(encoding="utf-8"))
    return parse_taxonomy(found.get("definition") or {name: found[name] for name in ("name", "labels")})


def _speakers(samples: pa.Table) -> dict[str, str]:
    pairs = zip(samples["sample_id"].to_pylist(), samples["speaker"].to_pylist(), strict=True)
    return {sample: speaker for sample, speaker in pairs if speaker}
