"""What is known of samples besides their content, as a few values each: what might tell a label and should not."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.quality.audits._chance import Floats, Ints
from affectory.quality.audits._data import AuditData
from affectory.quality.audits._looked import Looked

COLUMNS = (
    "kind",
    "source",
    "language",
    "session",
    "position",
    "text",
    "anchor",
    "speaker",
    "extra",
    "image",
    "audio",
    "video",
)
BINS, MOST_VALUES = 8, 200
_NUMERIC = 0.95
"""Where so many of the values are numbers, so is the field."""
_NONE, _RARE = "(none)", "(others)"
_DECLARED = "speaker."
FEW, _SHARED_BY_FEW = 5, "(shared by few)"
"""As many people must share what is told of them."""


@dataclass(frozen=True)
class Known:
    """One field: which of its values each sample has."""

    name: str
    codes: Ints
    values: tuple[str, ...]


def known(data: AuditData, looked: Looked, notes: Sequence[str], leave: Sequence[str]) -> list[Known]:
    """Every field that has more than one value, in the order of their names."""
    raw = {**_columns(looked.samples), **_extras(looked.samples), **_declared(data, looked.samples)}
    raw |= _notes(data, looked, notes) if notes else {}
    fields = (_field(name, values) for name, values in sorted(raw.items()) if name not in leave)
    speakers = np.unique(looked.samples["speaker"].to_numpy().astype(str), return_inverse=True)[1]
    told = (_unnamed(field, speakers) if field.name.startswith(_DECLARED) else field for field in fields)
    return [field for field in told if len(field.values) > 1]


def _unnamed(field: Known, speakers: Ints) -> Known:
    """The same field, whose values say nothing where few people declared them: that would name these people."""
    pairs = np.unique(np.stack([field.codes, speakers]), axis=1)
    many = np.bincount(pairs[0], minlength=len(field.values))
    values = (value if count >= FEW else _SHARED_BY_FEW for value, count in zip(field.values, many, strict=True))
    return Known(field.name, field.codes, tuple(values))


def _columns(samples: pa.Table) -> dict[str, Sequence[Any]]:
    found = {name: samples[name].to_pylist() for name in ("kind", "source", "language", "session", "position")}
    found["length of text"] = pc.utf8_length(samples["text"]).to_pylist()
    start, end = (pc.struct_field(samples["anchor"], f"{edge}_us") for edge in ("start", "end"))
    found |= {"start": start.to_pylist(), "duration": pc.subtract(end, start).to_pylist()}
    for medium in ("image", "audio", "video"):
        found[f"format of {medium}"] = pc.struct_field(samples[medium], "format").to_pylist()
    return found


def _extras(samples: pa.Table) -> dict[str, Sequence[Any]]:
    return _by_name("extra", samples["extra"].to_pylist())


def _declared(data: AuditData, samples: pa.Table) -> dict[str, Sequence[Any]]:
    """What speakers said about themselves."""
    declared = dict(zip(*(data.people[name].to_pylist() for name in ("person_id", "declared")), strict=True))
    return _by_name(_DECLARED.rstrip("."), [declared.get(who) for who in samples["speaker"].to_pylist()])


def _by_name(prefix: str, rows: Sequence[Any]) -> dict[str, Sequence[Any]]:
    pairs = [dict(row or ()) for row in rows]
    return {f"{prefix}.{name}": [row.get(name) for row in pairs] for name in sorted(set().union(*pairs))}


def _notes(data: AuditData, looked: Looked, names: Sequence[str]) -> dict[str, Sequence[Any]]:
    notes = data.sampled("notes", ["name", "number", "text"])
    found: dict[str, Sequence[Any]] = {}
    for name in names:
        own = notes.filter(pc.equal(notes["name"], name))
        at = pc.index_in(looked.samples["sample_id"], value_set=own["sample_id"].combine_chunks())
        number, text = (own[column].take(at).to_pylist() for column in ("number", "text"))
        found[f"notes.{name}"] = [t if n is None else n for n, t in zip(number, text, strict=True)]
    return found


def _field(name: str, values: Sequence[Any]) -> Known:
    numbers = _numbers(values)
    return _words(name, values) if numbers is None else _bins(name, numbers)


def _numbers(values: Sequence[Any]) -> Floats | None:
    """The values as numbers, NaN where there is none; None where they are words, or few."""
    found = np.array([_number(value) for value in values])
    there = sum(value is not None for value in values)
    known = found[~np.isnan(found)]
    return found if len(known) >= _NUMERIC * max(1, there) and len(np.unique(known)) > BINS else None


def _number(value: Any) -> float:
    try:
        found = float(value) if value is not None else np.nan
    except ValueError:
        return np.nan
    return found if np.isfinite(found) else np.nan


def _bins(name: str, numbers: Floats) -> Known:
    there = ~np.isnan(numbers)
    edges = np.unique(np.quantile(numbers[there], np.linspace(0, 1, BINS + 1)[1:-1], method="lower"))
    codes = np.where(there, np.searchsorted(edges, np.nan_to_num(numbers), side="left"), len(edges) + 1)
    ends = [f"{edge:g}" for edge in edges]
    first = [f"up to {ends[0]}", *(f"over {a} up to {b}" for a, b in pairwise(ends))]
    return _compact(name, codes, [*first, f"over {ends[-1]}", _NONE])


def _words(name: str, values: Sequence[Any]) -> Known:
    words = [_NONE if value is None else str(value) for value in values]
    counted = sorted(Counter(words).items(), key=lambda pair: (-pair[1], pair[0]))
    kept = [word for word, count in counted if count > 1][:MOST_VALUES]
    places = {word: at for at, word in enumerate(kept)}
    return _compact(name, np.array([places.get(word, len(kept)) for word in words], np.int64), [*kept, _RARE])


def _compact(name: str, codes: Ints, values: Sequence[str]) -> Known:
    used, found = np.unique(codes, return_inverse=True)
    return Known(name, found.astype(np.int64), tuple(values[at] for at in used.tolist()))


def interviews(data: AuditData, looked: Looked, who: str) -> Iterator[tuple[str, str, list[int]]]:
    """Each dialogue with all that the interviewer says in it, and the samples of others there that have a label."""
    columns = ["dialogue", "speaker", "text", "extra", "segments", "position"]
    rows = data.sampled("samples", columns).sort_by([("position", "ascending"), ("sample_id", "ascending")])
    names, labelled = _called(data, who), {name: at for at, name in enumerate(looked.ids)}
    said: dict[str, list[str]] = {}
    others: dict[str, list[int]] = {}
    for row in rows.to_pylist():
        dialogue = row["dialogue"] or row["sample_id"]
        own = row["speaker"] in names or dict(row["extra"] or ()).get("role") == who
        turns = [place["text"] or "" for place in row["segments"] or () if place["who"] in names]
        said.setdefault(dialogue, []).extend([row["text"] or ""] if own else turns)
        if not own and row["sample_id"] in labelled:
            others.setdefault(dialogue, []).append(labelled[row["sample_id"]])
    for dialogue in sorted(others):
        if any(said[dialogue]):
            yield dialogue, "\n".join(said[dialogue]), others[dialogue]


def _called(data: AuditData, who: str) -> frozenset[str]:
    """The pseudonym itself, and everybody who is declared to have that role."""
    people = zip(*(data.people[name].to_pylist() for name in ("person_id", "declared")), strict=True)
    return frozenset({who, *(person for person, declared in people if dict(declared or ()).get("role") == who)})
