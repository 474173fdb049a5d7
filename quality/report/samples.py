"""Samples with all that raters said of them, as the plain data that the page shows."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from affectory.quality.report.counting import band

LONGEST = 2_000
"""Characters of a note."""
POINTS = 400
"""Of a trace, and places of a note."""
TYPES = {
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "gif": "image/gif",
    "wav": "audio/wav", "flac": "audio/flac", "mp3": "audio/mpeg", "ogg": "audio/ogg", "opus": "audio/ogg",
    "m4a": "audio/mp4", "mp4": "video/mp4", "webm": "video/webm",
}  # fmt: skip
NOTE = "note_"
_PLAIN = {
    "key": "key", "kind": "kind", "text": "text", "language": "language", "speaker": "speaker", "dialogue": "dialogue",
    "position": "position", "session": "session", "record_id": "record", "start_s": "start", "end_s": "end",
    "char_start": "charStart", "label": "label", "label_chosen": "chosen", "label_space": "space", "label_pool": "pool",
    "label_count": "count", "label_uncertainty": "uncertainty", "label_agreement": "agreement", "label_state": "state",
    "label_modalities": "seen", "perspective": "perspective", "distribution": "shares", "distribution_low": "low",
    "distribution_high": "high", "vad": "vad", "withheld": "withheld", "frame_times_s": "frameTimes",
}  # fmt: skip
_OF_OPINION = {
    "rater": "rater", "rater_kind": "kind", "perspective": "perspective", "whose": "whose", "modalities": "seen",
    "confidence": "confidence", "rationale": "why", "spent_s": "spent", "people": "people",
}  # fmt: skip
_OF_PLACE = {
    "kind": "kind", "start_us": "start", "end_us": "end", "char_start": "from", "char_end": "to", "box": "box",
    "record": "record", "who": "who", "text": "text",
}  # fmt: skip
Plain = dict[str, Any]


@dataclass
class Encoder:
    """Rows as plain data; what was asked, which is the same for many, stands once in `asked`."""

    media: Sequence[str] = ()
    asked: list[Plain] = field(default_factory=list)
    _numbers: dict[tuple[Any, ...], int] = field(default_factory=dict)

    def samples(
        self, rows: pa.Table, splits: Sequence[str], sources: Mapping[str, str], opinions: Mapping[str, Sequence[Plain]]
    ) -> Iterator[Plain]:
        """Each row of the default config; `splits` are aligned with them."""
        for row, split in zip(rows.to_pylist(), splits, strict=True):
            sample: Plain = {"id": row["sample_id"], "split": split}
            if source := sources.get(row["sample_id"]):
                sample["source"] = source
            sample |= _picked(row, _PLAIN)
            sample["band"] = band(row.get("label_agreement"))
            sample |= {name: found for name, found in (("media", self._media(row)), *_notes(row)) if found}
            sample["opinions"] = [self._opinion(opinion) for opinion in opinions.get(row["sample_id"], ())]
            yield sample

    def _media(self, row: Plain) -> Plain:
        """Which media there are, and of what type; their bytes come by another way."""
        found = {}
        for name in self.media:
            given = row.get(name)
            values = [value for value in (given if isinstance(given, list) else [given]) if value]
            if values:
                found[name] = [mime_of(value.get("path") or "") for value in values]
        return found

    def _opinion(self, row: Plain) -> Plain:
        asked, answer = row["asked"] or {}, row["answer"] or {}
        found = _picked(row, _OF_OPINION)
        found["asked"] = self._asked(asked)
        if shown := {name: v for name, v in (row["shown"] or {}).items() if name != "content" and v not in (None, [])}:
            found["shown"] = _plain(shown)
        for name, key in (("weights", "weights"), ("intensities", "strengths")):
            if named := _by_label(asked.get("labels"), answer.get(name)):
                found[key] = named
        found |= {name: _plain(answer[name]) for name in ("ranking", "preference", "vad", "words") if answer.get(name)}
        if trace := answer.get("trace"):
            step = math.ceil(len(trace) / POINTS)
            found["trace"] = [[point["at_us"], _plain(point["value"])] for point in trace[::step]]
        if evidence := [_picked(place, _OF_PLACE) for place in row["evidence"] or ()]:
            found["evidence"] = evidence
        return found

    def _asked(self, asked: Plain) -> int:
        key = (asked.get("question"), tuple(asked.get("labels") or ()), asked.get("response"))
        if key not in self._numbers:
            self._numbers[key] = len(self.asked)
            self.asked.append(_picked(asked, {name: name for name in ("question", "labels", "response")}))
        return self._numbers[key]


def by_sample(opinions: pa.Table) -> dict[str, list[Plain]]:
    """Opinions of each sample: people first, then by rater."""
    found: dict[str, list[Plain]] = {}
    for row in opinions.to_pylist():
        found.setdefault(row["sample_id"], []).append(row)
    for rows in found.values():
        rows.sort(key=lambda row: (row["rater_kind"] not in ("human", "author"), row["rater"], row["opinion_id"]))
    return found


def haystack(sample: Mapping[str, Any]) -> str:
    """What is searched of a sample."""
    words = [str(sample.get(name) or "") for name in ("id", "key", "text", "speaker", "dialogue")]
    return "\n".join([*words, *(text for _, text in sample.get("notes", ()) if isinstance(text, str))]).lower()


def embedded(data: Any) -> str:
    """JSON that may stand in a page: nothing of it ends the element that it stands in, or begins another."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def mime_of(path: str) -> str:
    """By the ending of a name."""
    return TYPES.get(PurePosixPath(path).suffix[1:].lower(), "application/octet-stream")


def _notes(row: Plain) -> Iterator[tuple[str, Any]]:
    """Facts that are told as they are, and places, by the name of the note."""
    told, places = [], {}
    for name, value in row.items():
        if not name.startswith(NOTE) or value is None:
            continue
        if isinstance(value, list) and value and isinstance(value[0], dict):
            places[name.removeprefix(NOTE)] = [_picked(place, _OF_PLACE) for place in value[:POINTS]]
        elif not isinstance(value, list):
            told.append([name.removeprefix(NOTE), value[:LONGEST] if isinstance(value, str) else _plain(value)])
    yield "notes", told
    yield "places", places


def _by_label(labels: Sequence[str] | None, values: Sequence[float | None] | None) -> Plain:
    """Those that got any, and null for those that were not asked."""
    pairs = zip(labels or (), values or (), strict=False)
    return {label: _plain(value) for label, value in pairs if value is None or value}


def _picked(row: Mapping[str, Any], names: Mapping[str, str]) -> Plain:
    return {new: _plain(row[old]) for old, new in names.items() if row.get(old) not in (None, "", [])}


def _plain(value: Any) -> Any:
    """Without what JSON cannot hold, and with four digits, which is more than is shown."""
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, dict) else value
