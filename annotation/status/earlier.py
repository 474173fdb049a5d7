"""What raters said of a sample, for the one who decides: short texts that do not tell who they are."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from affectory.annotation.status.columns import plain
from affectory.schemas.ids import digest

_PEOPLE = ("human", "author")
_DECLINED = {"cannot judge": "could not judge", "harmful": "called it harmful"}
_NAMES = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+|\b[pag]_[0-9a-f]{6,}\b")
"""Pseudonyms and addresses, should anybody have written one."""
_LONGEST = 400
_LEAST = 1e-6
_SURE = ((0.75, "confident"), (0.4, "fairly sure"), (0.0, "unsure"))


def earlier(judgements: pa.Table, task: str, *, steps: int | None = None, start_us: int = 0) -> tuple[str, ...]:
    """A text for each person who said something of the sample, as "Rater A: anger (2 of 3), confident".

    `judgements` are the ledger's rows about one sample. Letters are dealt out anew for each `task`, in an order that
    tells nothing, and the same each time. `steps` is the strongest intensity, `start_us` where the sample begins.
    """
    by_rater: dict[str, list[Mapping[str, Any]]] = {}
    for row in _newest(judgements):
        by_rater.setdefault(row["rater"], []).append(row)
    order = sorted(by_rater, key=lambda rater: digest("earlier", task, rater))
    told = [_told(by_rater[rater], steps, start_us) for rater in order]
    return tuple(f"Rater {letter(n)}: {text}" for n, text in enumerate(filter(None, told)))


def letter(place: int) -> str:
    """A, B, ... Z, AA, AB, ..."""
    return (letter(place // 26 - 1) if place >= 26 else "") + chr(ord("A") + place % 26)


def _newest(judgements: pa.Table) -> list[Mapping[str, Any]]:
    """The last revision of each judgement of a person, in an order of their own; without what was taken back."""
    found: dict[str, Mapping[str, Any]] = {}
    for row in sorted(judgements.to_pylist(), key=lambda row: row["revision"]):
        found[row["act"] or row["judgement_id"]] = row
    held = [row for row in found.values() if not row["retracted"] and row["rater_kind"] in _PEOPLE]
    return sorted(held, key=lambda row: (row["occasion"], row["asked"]["question"] or "", row["judgement_id"]))


def _told(rows: Sequence[Mapping[str, Any]], steps: int | None, start_us: int) -> str:
    """All that one person said."""
    answers = [text for row in rows if (text := _answer(row, steps, start_us))]
    sure = dict.fromkeys(_sureness(row["confidence"]) for row in rows if row["confidence"] is not None)
    why = dict.fromkeys(_clean(row["rationale"]) for row in rows if row["rationale"])
    return "; ".join([", ".join([*answers, *sure]), *(f"because: {text}" for text in why)]) if answers else ""


def _answer(row: Mapping[str, Any], steps: int | None, start_us: int) -> str:
    """What one judgement says; empty where it says nothing that can be told."""
    if row["declined"]:
        return _DECLINED.get(row["declined"], "")
    text = ", ".join(_parts(row["asked"]["labels"] or (), row["answer"], steps))
    if not text:
        return ""
    place, when = _place(row["anchor"], start_us), "the second time: " if row["occasion"] else ""
    return when + (f"{place}: {text}" if place else text) + _pointed(row["evidence"], start_us)


def _parts(labels: Sequence[str], answer: Mapping[str, Any], steps: int | None) -> Iterator[str]:
    yield from _labels(labels, answer["weights"], answer["intensities"], steps)
    for axis, value in (answer["vad"] or {}).items():
        if value is not None:
            yield f"{axis} {value:.2f}"
    if answer["ranking"]:
        yield _clean(" before ".join(answer["ranking"]))
    if answer["preference"]:
        yield f"prefers {_clean(answer['preference'])}"
    if answer["words"]:
        yield "in words: " + ", ".join(_clean(word) for word in answer["words"] if word)
    if answer["trace"]:
        yield f"a trace of {labels[0] if labels else 'what was asked'}"


def _labels(
    labels: Sequence[str], weights: Sequence[Any] | None, strengths: Sequence[Any] | None, steps: int | None
) -> Iterator[str]:
    """The labels that were chosen, with how strong they are, or with their shares where these differ."""
    strong = dict(zip(labels, strengths or (), strict=False))
    given = dict(zip(labels, weights or strengths or (), strict=False))
    chosen = {label: weight for label, weight in given.items() if weight is not None and weight > 0}
    uneven = bool(weights) and max(chosen.values(), default=0.0) - min(chosen.values(), default=0.0) > _LEAST
    for label, weight in chosen.items():
        strength = strong.get(label)
        if strength is not None:
            yield f"{label} ({strength:g} of {steps})" if steps else f"{label} ({strength:g})"
        else:
            yield f"{label} ({weight:.0%})" if uneven else label
    if given and not chosen:
        yield "none of the labels"


def _place(anchor: Mapping[str, Any], start_us: int) -> str:
    """Where in the sample, if it is about a part of it."""
    if anchor["box"] is not None:
        return f"in the box at {', '.join(f'{side:.0f}' for side in anchor['box'])}"
    if anchor["start_us"] is not None and anchor["start_us"] > start_us:
        return _stretch(anchor, start_us)
    return ""


def _stretch(place: Mapping[str, Any], start_us: int) -> str:
    ends = [place["start_us"], place["end_us"] if place["end_us"] is not None else place["start_us"]]
    return " to ".join(_clock(end - start_us) for end in ends)


def _clock(time_us: int) -> str:
    minutes, rest = divmod(max(time_us, 0) / 1e6, 60)
    return f"{minutes:.0f}:{rest:04.1f}"


def _pointed(evidence: Sequence[Mapping[str, Any]] | None, start_us: int) -> str:
    """What the rater pointed at in this record."""
    told = []
    for place in evidence or ():
        if place["start_us"] is not None:
            told.append(_stretch(place, start_us))
        elif place["char_start"] is not None:
            told.append(f"characters {place['char_start']} to {place['char_end']}")
    return f" (points at {'; '.join(told)})" if told else ""


def _sureness(confidence: float) -> str:
    return next((word for least, word in _SURE if confidence >= least), "unsure")


def _clean(text: str) -> str:
    """Words of a rater on one line, not too long, and without what would say who anybody is."""
    line = " ".join(plain(_NAMES.sub("[…]", text[: 5 * _LONGEST])).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
