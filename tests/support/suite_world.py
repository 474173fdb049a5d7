"""A small dataset without faults, and faults of many kinds to plant in it: one row each, named by what is wrong."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from affectory.quality.suites._lots import SPECS
from affectory.quality.suites.about import About, Asked
from affectory.schemas.ids import digest
from affectory.schemas.recipe.gate import Validate
from affectory.schemas.taxonomy import parse_taxonomy

ABC = parse_taxonomy({"name": "abc", "entries": ["a", "b", "c"]})
HASH = "ab" * 32
Row = dict[str, Any]
Tables = Mapping[str, Sequence[Row]]


def sid(name: str) -> str:
    return "s_" + digest(name)[:24]


def oid(name: str) -> str:
    return "o_" + digest(name)[:24]


def about(**validate: Any) -> About:
    declared = {"languages": ("en", "de-AT"), "media": ("image", "audio", "video"), "sources": ("talks",), "raters": 2}
    return About(Validate.model_validate(validate), (Asked.of(ABC),), **declared)


def anchor(record: str = "r", **where: Any) -> Row:
    return {"record": record, **where}


def sample(name: str, /, **columns: Any) -> Row:
    said = {"text": "How are you?", "language": "en-GB"} if columns.get("kind", "text") == "text" else {}
    row = {"sample_id": sid(name), "kind": "text", "anchor": anchor(name), "source": "talks", "uri": "a/b.txt", **said}
    return {**row, **columns}


def clip(name: str, /, **columns: Any) -> Row:
    """A second of a record of ten."""
    made = {"asset": HASH, "format": "mp4"}
    lies = anchor("film", start_us=1_000_000, end_us=2_000_000)
    still = {"at_us": 1_500_000, "asset": HASH, "format": "jpeg"}
    whole = {"parent": sid("film"), "original": made, "video": made, "frames": [still]}
    return sample(name, **{"kind": "video", "anchor": lies, **whole, **columns})


def note(name: str, /, **columns: Any) -> Row:
    return {"sample_id": sid(name), "name": "length", "number": 1.0, "stage": "measure", **columns}


def opinion(name: str, of: str = "one", **columns: Any) -> Row:
    asked = {"question": "q", "labels": list(ABC.labels), "response": "multi-label"}
    asked |= {"taxonomy": "abc", "taxonomy_hash": ABC.hash}
    who = {"rater": "p_0a", "rater_kind": "human", "perspective": "felt", "confidence": 0.5, "spent_s": 2.0}
    row = {"opinion_id": oid(name), "sample_id": sid(of), **who, "asked": asked, "answer": {"weights": [1, None, 0]}}
    changed = {key: {**row[key], **columns.pop(key)} for key in ("asked", "answer") if key in columns}
    return {**row, **columns, **changed}


def label(name: str, /, **columns: Any) -> Row:
    of = {"taxonomy": "abc", "perspective": "felt", "whose": "", "modalities": "", "pool": "human"}
    view = {"rule": "vote_share", "space": "simplex", "values": [0.25, 0.75, 0.0], "count": 2}
    more = {"low": [0.0, 0.5, 0.0], "high": [0.5, 1.0, 0.25], "chosen": ["b"], "uncertainty": 0.5, "agreement": 0.75}
    return {"sample_id": sid(name), **of, **view, **more, **columns}


def reject(name: str, /, **columns: Any) -> Row:
    return {"reject_id": name, "stage": "probe", "outcome": "rejected", "reason": "empty", **columns}


def record(name: str, /, **columns: Any) -> Row:
    row = {"record_id": "r_" + digest(name)[:24], "fingerprint": "f", "asset_id": HASH, "source": "talks"}
    return {**row, "uri": "a", "kind": "text", "licence": "CC0-1.0", "subjects": ["p_0b"], "size": 3, **columns}


def person(name: str, /, **columns: Any) -> Row:
    return {"person_id": "p_" + digest(name)[:20], "revision": 0, "roles": ["rater"], **columns}


NAMES = ("one", "two", "three")
CLEAN: Tables = {
    "samples": [
        *map(sample, NAMES),
        sample("film", kind="video", anchor=anchor("film", start_us=0, end_us=10_000_000), original={"asset": HASH},
               video={"asset": HASH, "format": "mp4"}),
        clip("clip"),
        sample("part", anchor=anchor("one", char_start=0, char_end=3), parent=sid("one"), extra=[("age", "7")]),
    ],
    "notes": [*map(note, NAMES), note("clip", places=[{"start_us": 1_000_000, "end_us": 1_100_000}])],
    "opinions": [
        opinion("plain"),
        opinion("clip", "clip", evidence=[{"start_us": 1_200_000, "end_us": 1_300_000}]),
        opinion("model", "two", rater="text-emotion@1", rater_kind="model"),
        opinion("ranked", "two", answer={"weights": None, "ranking": ["c", "a"]}),
    ],
    "labels": [
        *map(label, NAMES),
        label("clip", space="multi-label", values=[1.0, 1.0, 0.0], low=None, high=None),
        label("part", taxonomy="vad", names=["valence"], space="continuous", values=[-0.5], low=[-1.0], high=[0.0],
              chosen=None),
    ],
    "rejects": [reject("j1"), reject("j2", outcome="failed", reason="ValueError")],
    "sources": [record("one"), record("old", source="gone", licence="")],
    "people": [person("ann")],
}  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """What is wrong in one row, and which check says so."""

    check: str
    row: Row
    severity: str = "blocks"
    also: tuple[str, ...] = ()
    """Further checks that name the row."""

    @property
    def table(self) -> str:
        return self.check.partition(".")[0]


def _in_film(name: str, **where: Any) -> Row:
    return clip(name, anchor=anchor("film", **where), frames=None)


def _video(**columns: Any) -> Row:
    return {"asset": HASH, "format": "mp4", **columns}


_SAMPLES = (
    Fault("samples.id", sample("f", sample_id="me")),
    Fault("samples.kind", sample("kind", kind="smell", text="x", language="en")),
    Fault("samples.source_there", sample("no source", source=None)),
    Fault("samples.uri", sample("absolute", uri="/home/me/a.txt")),
    Fault("samples.uri", sample("upwards", uri="a/../../b")),
    Fault("samples.times", _in_film("backwards", start_us=2_000_000, end_us=1_000_000)),
    Fault("samples.times", _in_film("before 0", start_us=-5, end_us=1_000_000), also=("samples.in_parent",)),
    Fault("samples.characters", sample("characters", anchor=anchor("one", char_start=3, char_end=3))),
    Fault("samples.box", sample("flat box", anchor=anchor("one", box=[0, 0, 5, 0]))),
    Fault("samples.box", sample("half a box", anchor=anchor("one", box=[0, 0]))),
    Fault("samples.parent", sample("own parent", parent=sid("own parent"))),
    Fault("samples.in_parent", _in_film("too late", start_us=9_000_000, end_us=11_000_000)),
    Fault("samples.position", sample("position", position=-1)),
    Fault("samples.text", sample("silent", text=" \n")),
    Fault("samples.text", sample("no text", text=None)),
    Fault("samples.text_readable", sample("replaced", text="caf\ufffd")),
    Fault("samples.text_readable", sample("controls", text="a\x00b")),
    Fault("samples.language_code", sample("no code", language="British English"), "warns", ("samples.language",)),
    Fault("samples.language", sample("French", language="fr"), "warns"),
    Fault("samples.file", sample("nothing", kind="audio"), also=("samples.medium",)),
    Fault("samples.medium", sample("unpublished", kind="image", original={"asset": HASH}), "warns"),
    Fault("samples.asset", clip("asset", video=_video(asset="film.mp4"))),
    Fault("samples.asset", clip("still", frames=[{"at_us": 1_500_000, "asset": "x"}])),
    Fault("samples.format", clip("format", video=_video(format="exe"))),
    Fault("samples.frames", clip("frames", frames=[{"at_us": 2_500_000, "asset": HASH}])),
    Fault("samples.segments", sample("segments", segments=[{"char_start": 5, "char_end": 2}])),
)
_NOTES = (
    Fault("notes.sample", note("stray note")),
    Fault("notes.value", note("no value", number=None), "warns"),
    Fault("notes.number", note("infinite", number=math.inf)),
    Fault("notes.vector", note("vector", number=None, vector=[1.0, math.nan])),
    Fault("notes.places", note("place", places=[{"start_us": 5, "end_us": 2}])),
    Fault("notes.places_inside", note("clip", name="outside", places=[{"start_us": 1, "end_us": 2}]), "warns"),
)
_OPINIONS = (
    Fault("opinions.id", opinion("f", opinion_id="mine")),
    Fault("opinions.sample", opinion("stray", "nobody")),
    Fault("opinions.perspective", opinion("perspective", perspective="thought")),
    Fault("opinions.rater_kind", opinion("rater kind", rater_kind="cat")),
    Fault("opinions.rater", opinion("named", rater="Ann Miller")),
    Fault("opinions.response", opinion("response", asked={"response": "essay"})),
    Fault("opinions.labels", opinion("labels", asked={"labels": ["a", "b", "envy"]})),
    Fault("opinions.aligned", opinion("one weight", answer={"weights": [1]})),
    Fault("opinions.aligned", opinion("intensities", answer={"intensities": [1, 2, 3, 4]})),
    Fault("opinions.weights", opinion("negative", answer={"weights": [1, -1, 0]})),
    Fault("opinions.weights", opinion("no number", answer={"weights": [math.nan, 1, 0]})),
    Fault("opinions.intensities", opinion("intensity", answer={"intensities": [-2, None, None]})),
    Fault("opinions.vad", opinion("vad", answer={"vad": {"valence": 3.0}})),
    Fault("opinions.ranking", opinion("ranking", answer={"ranking": ["a", "a"]})),
    Fault("opinions.trace", opinion("trace", answer={"trace": [{"at_us": 5, "value": 0}, {"at_us": 4, "value": 0}]})),
    Fault("opinions.answer", opinion("wordless", answer={"weights": [None] * 3}), "warns"),
    Fault("opinions.confidence", opinion("confidence", confidence=1.5)),
    Fault("opinions.spent", opinion("spent", spent_s=-1.0)),
    Fault("opinions.people", opinion("people", people=-1)),
    Fault("opinions.evidence", opinion("evidence", evidence=[{"char_start": 5, "char_end": 2}])),
    Fault("opinions.evidence_inside", opinion("far", "clip", evidence=[{"start_us": 1, "end_us": 2}]), "warns"),
)
_LABELS = (
    Fault("labels.sample", label("stray label")),
    Fault("labels.perspective", label("side", perspective="thought")),
    Fault("labels.space", label("space", space="plane")),
    Fault("labels.values", label("short", values=[0.5, 0.5], low=None, high=None)),
    Fault("labels.finite", label("infinite", space="ordinal", values=[math.inf, 0, 0], low=None, high=None)),
    Fault("labels.shares", label("below", values=[1.5, -0.5, 0], low=None, high=None)),
    Fault("labels.sum", label("sum", values=[0.25, 0.5, 0.0])),
    Fault("labels.interval", label("interval", low=[0.3, 0.5, 0.0])),
    Fault("labels.interval", label("uneven", low=[0.0])),
    Fault("labels.spread", label("spread", spread=[0.1, -0.1, 0.1])),
    Fault("labels.covariance", label("covariance", covariance=[0.1] * 8)),
    Fault("labels.chosen", label("chosen", chosen=["envy"])),
    Fault("labels.times", label("times", times_us=[3, 2, 1])),
    Fault("labels.uncertainty", label("uncertainty", uncertainty=1.5)),
    Fault("labels.agreement", label("agreement", agreement=-0.5)),
    Fault("labels.count", label("count", count=0, pool="model")),
    Fault("labels.raters", label("lonely", count=1), "warns"),
)
_OTHERS = (
    Fault("rejects.outcome", reject("f1", outcome="lost")),
    Fault("rejects.reason", reject("f2", reason="bored")),
    Fault("sources.id", record("f", record_id="file")),
    Fault("sources.kind", record("f3", kind="smell")),
    Fault("sources.licence", record("unlicensed", licence="")),
    Fault("sources.asset", record("f4", asset_id="x")),
    Fault("sources.subjects", record("f5", subjects=["Ann"])),
    Fault("sources.size", record("f6", size=-1)),
    Fault("people.id", person("f", person_id="Ann")),
    Fault("people.revision", person("f7", revision=-1)),
    Fault("people.roles", person("f8", roles=["boss"])),
)
FAULTS = (*_SAMPLES, *_NOTES, *_OPINIONS, *_LABELS, *_OTHERS)


def faulty() -> Tables:
    """Every fault in a row of its own, among clean rows; notes and labels are of samples that are there."""
    stray = {sid("stray note"), sid("stray label")}
    tables = {table: [*rows, *(f.row for f in FAULTS if f.table == table)] for table, rows in CLEAN.items()}
    known = {row["sample_id"] for row in tables["samples"]} | stray
    about_them = [row["sample_id"] for table in ("notes", "labels") for row in tables[table]]
    more = [sample("", sample_id=name) for name in dict.fromkeys(about_them) if name not in known]
    return {**tables, "samples": [*tables["samples"], *more]}


def stored(folder: Path, tables: Tables, cut: int = 2) -> dict[str, list[Path]]:
    """Each table in so many files."""
    paths: dict[str, list[Path]] = {}
    for name, rows in tables.items():
        wanted = pa.schema([field.with_nullable(True) for field in SPECS[name].schema])
        paths[name] = []
        for number in range(cut):
            path = folder / f"{name}-{number}.parquet"
            pq.write_table(pa.Table.from_pylist(list(rows[number::cut]), schema=wanted), path)
            paths[name].append(path)
    return paths
