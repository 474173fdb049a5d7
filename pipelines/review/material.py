"""What raters could be shown: the samples of the last build, with the media and text that a question is about."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.annotation._layout import objects
from affectory.annotation.shown import Media, Shown, Turn
from affectory.pipelines.history import BuildRecord, parts, read_parts
from affectory.pipelines.review.withheld import Withheld
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.derived import NOTES, OPINIONS_TABLE, SAMPLES
from affectory.schemas.ids import digest
from affectory.schemas.recipe.review import Question

PLAYABLE = {
    "video": ("mp4", "webm", "m4v"),
    "audio": ("wav", "mp3", "ogg", "m4a", "flac", "opus", "aac"),
    "image": ("png", "jpg", "jpeg", "webp", "gif"),
}
"""Formats that browsers show."""
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FACTS = ("duration_s", "fps", "width", "height")
_COLUMNS = [name for name in SAMPLES.schema.names if name not in ("extra", "segments", "duplicates", "session")]

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Showable:
    """What can be shown of a question, and of how many samples why nothing can."""

    shown: Mapping[str, Shown]
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Material:
    """Tables of a build that reviews are made from."""

    samples: pa.Table
    opinions: pa.Table
    notes: pa.Table

    @classmethod
    def of(cls, workspace: Workspace, record: BuildRecord) -> "Material":
        """What a build made."""
        tables = [
            read_parts(parts(workspace, record.finished, spec.name), spec.schema, names)
            for spec, names in (
                (SAMPLES, _COLUMNS),
                (OPINIONS_TABLE, OPINIONS_TABLE.schema.names),
                (NOTES, ["sample_id", "name", "number", "text"]),
            )
        ]
        return cls(tables[0].sort_by("sample_id"), tables[1], tables[2])

    @cached_property
    def facts(self) -> Mapping[str, Mapping[str, float]]:
        """Of each sample how long and how large it is, as far as a step measured it."""
        return _noted(self.notes, _FACTS, "number")

    @cached_property
    def rows(self) -> Mapping[str, Row]:
        """Samples by id."""
        return {row["sample_id"]: row for row in self.samples.to_pylist()}

    @cached_property
    def _dialogues(self) -> Mapping[tuple[str, str], "_Dialogue"]:
        found: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in self.rows.values():
            if row["dialogue"] is not None and row["position"] is not None:
                found[row["source"], row["dialogue"]].append(row)
        return {key: _Dialogue.of(turns) for key, turns in found.items()}

    def showable(self, question: Question, withheld: Withheld, compared: tuple[str, str] | None = None) -> Showable:
        """What a question can show; `withheld` says what is not shown to anybody, `compared` are two notes of each
        sample whose texts are compared."""
        shown, left_out = {}, Counter[str]()
        texts = _noted(self.notes, compared, "text") if compared else {}
        for sample, row in self.rows.items():
            if _kind(row) not in (*question.kinds, "pair"):
                continue
            made = self._shown(row, question, withheld)
            if compared and isinstance(made, Shown):
                made = _beside(made, texts.get(sample, {}), compared)
            if isinstance(made, str):
                left_out[made] += 1
            else:
                shown[sample] = made
        return Showable(shown, dict(left_out))

    def _shown(self, row: Row, question: Question, withheld: Withheld) -> Shown | str:
        """A sample as people get it, or why they cannot."""
        before = self._before(row, question.context)
        if hidden := next(filter(None, map(withheld.why, (row, *(turn for _, turn in before)))), None):
            return hidden
        sides = tuple(self._sides(row, question, withheld))
        if wrong := next((side for side in sides if isinstance(side, str)), None):
            return wrong
        media, text = _seen(row, question)
        if not (media or text or sides):
            return _nothing(row, "/".join(question.see) or row["kind"])
        if missing := next(_missing(row, question, media), None):
            return _nothing(row, missing)
        facts = self.facts.get(row["sample_id"], {})
        return Shown(
            row["sample_id"],
            _kind(row),
            row["anchor"],
            text,
            media,
            tuple(Turn(who, turn["text"] or "") for who, turn in before),
            tuple(side for side in sides if isinstance(side, Shown)),
            _length(row["anchor"], facts),
            facts.get("fps"),
            (int(facts["width"]), int(facts["height"])) if {"width", "height"} <= facts.keys() else None,
        )

    def _sides(self, row: Row, question: Question, withheld: Withheld) -> Iterator[Shown | str]:
        """What a pair is made of, in the order of its members."""
        if _kind(row) == "pair":
            for member in row["members"]:
                other = self.rows.get(member["sample_id"])
                yield self._shown(other, question, withheld) if other else "a side of a pair is no sample of this build"

    def _before(self, row: Row, turns: int) -> list[tuple[str, Row]]:
        """The turns before this one; who speaks is told by letters, in the order in which they come."""
        if not turns or row["dialogue"] is None or row["position"] is None:
            return []
        return self._dialogues[row["source"], row["dialogue"]].before(row["position"], turns)


@dataclass(frozen=True)
class _Dialogue:
    """The turns of a conversation with their positions, and a letter for who speaks."""

    turns: Sequence[Row]
    positions: Sequence[int]
    names: Mapping[str, str]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> "_Dialogue":
        turns = sorted(rows, key=lambda row: (row["position"], row["sample_id"]))
        speakers = dict.fromkeys(turn["speaker"] for turn in turns if turn["speaker"] is not None)
        return cls(turns, [turn["position"] for turn in turns], dict(zip(speakers, _LETTERS, strict=False)))

    def before(self, position: int, most: int) -> list[tuple[str, Row]]:
        """The last turns before a position."""
        end = bisect_left(self.positions, position)
        return [(self.names.get(turn["speaker"], "?"), turn) for turn in self.turns[max(end - most, 0) : end]]


def _kind(row: Row) -> str:
    """A sample that is made of two others is a pair, whatever these are."""
    members = [m for m in row["members"] or () if m["sample_id"]]
    return "pair" if len(members) == 2 else str(row["kind"])


def _seen(row: Row, question: Question) -> tuple[dict[str, Media], str | None]:
    """The media and the text that raters get of a sample."""
    wanted: tuple[str, ...] = question.see or ("video", "audio", "image", "text")
    found = {role: media for role in PLAYABLE if role in wanted and (media := _media(row, role))}
    if "audio" in found and "video" in found:
        del found["audio"]  # it sounds in the clip
    if "frames" in wanted:
        frames = enumerate(f for f in row["frames"] or () if f["asset"])
        found |= {f"frame-{number}": Media(f["asset"], f["format"]) for number, f in frames}
    text = row["text"] if "text" in wanted and row["text"] else None
    return found, text


def _media(row: Row, role: str) -> Media | None:
    """What was made for people to see or hear; else the file itself, where it is shown whole and browsers know it."""
    made = row[role]
    if made is not None and made["asset"] and made["format"] in PLAYABLE[role]:
        return Media(made["asset"], made["format"])
    file, anchor = row["original"], row["anchor"]
    whole = anchor["start_us"] is None and anchor["box"] is None
    if row["kind"] == role and whole and file is not None and file["format"] in PLAYABLE[role]:
        return Media(file["asset"], file["format"])
    return None


def _missing(row: Row, question: Question, media: Mapping[str, Media]) -> Iterator[str]:
    """What the interface shows of this kind of sample, and this one does not have; words may lack."""
    there = {role.partition("-")[0].replace("frame", "frames") for role in media}
    if _kind(row) in (*PLAYABLE, "text"):
        yield from (name for name in objects(_kind(row), question.see) if name not in there and name != "text")


def _nothing(row: Row, what: str) -> str:
    step = {"video": "clips", "audio": "load_audio", "image": "load_image"}.get(row["kind"])
    return f"no {what} of it that a browser shows" + (f" (step `{step}` makes it)" if step else "")


def _length(anchor: Row, facts: Mapping[str, float]) -> float | None:
    if anchor["end_us"] is not None:
        return float((anchor["end_us"] - (anchor["start_us"] or 0)) / 1e6)
    return facts.get("duration_s")


def _noted(notes: pa.Table, names: Sequence[str], column: str) -> Mapping[str, Mapping[str, Any]]:
    """Some notes of each sample, by their names."""
    known = notes.filter(pc.is_in(notes.column("name"), value_set=pa.array(names))).select(
        ["sample_id", "name", column]
    )
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for sample, name, value in zip(*(known.column(c).to_pylist() for c in known.column_names), strict=True):
        if value is not None:
            found[sample][name] = value
    return found


def _beside(shown: Shown, texts: Mapping[str, str], compared: tuple[str, str]) -> Shown | str:
    """A sample with the two texts about it, each as often left as right."""
    if not all(texts.get(name) for name in compared):
        return f"it lacks {' or '.join(compared)}"
    first = int(digest("left", shown.sample_id)[:8], 16) % 2
    order = compared if first == 0 else compared[::-1]
    sides = tuple(Shown(name, "text", shown.anchor, texts[name]) for name in order)
    return replace(shown, kind="pair", sides=sides)


def as_samples(shown: Mapping[str, Shown], material: Material) -> pa.Table:
    """What can be shown as rows to choose from."""
    rows = material.rows
    columns = ("source", "language", "speaker")
    return pa.table(
        {
            "sample_id": pa.array(shown, pa.string()),
            "anchor": pa.array([s.anchor for s in shown.values()], SAMPLES.schema.field("anchor").type),
            "kind": pa.array([s.kind for s in shown.values()], pa.string()),
            "content": pa.array([s.content for s in shown.values()], pa.string()),
            **{name: pa.array([rows[sample][name] for sample in shown], pa.string()) for name in columns},
        }
    )
