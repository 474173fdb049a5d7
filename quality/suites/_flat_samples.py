"""Flat columns of samples: where they lie, what is said, and which files they have."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.quality.suites._arrays import Mask, flat, in_order, lengths, mask, numbers, rows_of, truth, within
from affectory.quality.suites._ground import Ground
from affectory.quality.suites._hashes import hashes

Make = Callable[[pa.Table, Ground], Any]
Prepared = Mapping[str, tuple[tuple[str, ...], Make]]

MEDIA = ("image", "audio", "video")
FILES = ("original", *MEDIA)
_PICTURES = ("jpeg", "png", "webp", "gif", "bmp", "tiff")
_RECORDINGS = (
    "wav", "flac", "mp3", "ogg", "opus", "m4a", "mka", "weba", "mp4", "mov", "mkv", "webm", "avi", "ogv",
)  # fmt: skip
FORMATS = {"image": _PICTURES, "audio": _RECORDINGS, "video": _RECORDINGS}
"""By column, what its files may be."""
_HASH = "^[0-9a-f]{64}$"
_UNREADABLE = r"[\x{0}-\x{8}\x{b}\x{c}\x{e}-\x{1f}\x{7f}\x{fffd}]"
"""Characters that no text has: controls, and what stands where one could not be decoded."""


def encoded(values: pa.Array) -> Mask:
    """Which texts are sound UTF-8; nulls are."""
    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        return np.array([_decodes(text) for text in values.cast(pa.binary()).to_pylist()], dtype=bool)
    return np.ones(len(values), dtype=bool)


def _decodes(text: bytes | None) -> bool:
    try:
        (text or b"").decode()
    except UnicodeDecodeError:
        return False
    return True


def _ordered(start: str, end: str, rows: pa.Table, _: Ground) -> pa.Array:
    return in_order(within(rows, "anchor", start), within(rows, "anchor", end))


def boxes_sound(boxes: pa.Array) -> pa.Array:
    """Whether a box is four numbers with a width and a height; null where there is none."""
    there, sound = lengths(boxes) >= 0, lengths(boxes) == 4
    four = np.where(sound)[0]
    inside = numbers(pc.list_flatten(boxes.take(pa.array(four)))).reshape(-1, 4)
    with np.errstate(invalid="ignore"):
        sound[four] = np.isfinite(inside).all(axis=1) & (inside[:, 2:] > 0).all(axis=1)
    return truth(sound, there)


def _box(rows: pa.Table, _: Ground) -> pa.Array:
    return boxes_sound(within(rows, "anchor", "box"))


def _own_parent(rows: pa.Table, _: Ground) -> pa.Array:
    return pc.equal(rows.column("parent"), rows.column("sample_id")).combine_chunks()


def _in_parent(rows: pa.Table, ground: Ground) -> pa.Array:
    parents, places = within(rows, "parent"), ground.places
    start, end = within(rows, "anchor", "start_us"), within(rows, "anchor", "end_us")
    held, told = places.holding(parents, start, end)
    there, at = places.find(parents)
    if there.any():
        told &= places.records[at] == hashes([pa.chunked_array([within(rows, "anchor", "record")])])
    return truth(held, told & np.asarray(pc.is_valid(parents)))


def _text_there(rows: pa.Table, _: Ground) -> pa.Array:
    said = mask(pc.match_substring_regex(_sound(rows), r"\S"))
    return truth(said, mask(pc.equal(rows.column("kind"), "text")))


def _sound(rows: pa.Table) -> pa.Array:
    text = within(rows, "text")
    return pc.if_else(pa.array(encoded(text)), text, pa.scalar("\ufffd"))


def _text_readable(rows: pa.Table, _: Ground) -> pa.Array:
    return pc.invert(pc.match_substring_regex(_sound(rows), _UNREADABLE))


def _language(rows: pa.Table, _: Ground) -> pa.Array:
    return pc.utf8_lower(pc.list_element(pc.split_pattern(within(rows, "language"), "-", max_splits=1), 0))


def _published(rows: pa.Table, ground: Ground) -> pa.Array:
    """Whether a sample has the medium that it is a sample of, where that is published."""
    kind = within(rows, "kind")
    media = [name for name in MEDIA if name in ground.about.media]
    there = np.zeros(len(rows), dtype=bool)
    for name in media:
        there |= mask(pc.equal(kind, name)) & _has(rows, name)
    return truth(there, mask(pc.is_in(kind, pa.array(media, pa.string()))))


def _any_file(rows: pa.Table, _: Ground) -> pa.Array:
    there = (lengths(within(rows, "members")) > 0) | (lengths(within(rows, "frames")) > 0)
    for name in FILES:
        there |= _has(rows, name)
    return truth(there, mask(pc.is_in(rows.column("kind"), pa.array(MEDIA))))


def _has(rows: pa.Table, column: str) -> Mask:
    return np.asarray(pc.is_valid(within(rows, column, "asset")), dtype=bool)


def _assets_named(rows: pa.Table, _: Ground) -> pa.Array:
    """Of all files that a sample has."""
    wrong, some = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    for name in FILES:
        there = np.asarray(pc.is_valid(within(rows, name)), dtype=bool)
        some |= there
        wrong |= there & ~mask(pc.match_substring_regex(within(rows, name, "asset"), _HASH))
    stills, parents = flat(within(rows, "frames"))
    unnamed = ~mask(pc.match_substring_regex(pc.struct_field(stills, "asset"), _HASH))
    wrong |= rows_of(parents[unnamed], len(rows))
    return truth(~wrong, some | rows_of(parents, len(rows)))


def _formats_known(rows: pa.Table, _: Ground) -> pa.Array:
    wrong, some = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    for name in MEDIA:
        there = _has(rows, name)
        some |= there
        wrong |= there & ~mask(pc.is_in(within(rows, name, "format"), pa.array(FORMATS[name])))
    return truth(~wrong, some)


def _frames_inside(rows: pa.Table, _: Ground) -> pa.Array:
    stills, parents = flat(within(rows, "frames"))
    at = numbers(pc.struct_field(stills, "at_us"))
    start, end = (numbers(within(rows, "anchor", name))[parents] for name in ("start_us", "end_us"))
    with np.errstate(invalid="ignore"):
        outside = (at < start) | (at > end) | (at < 0)
    return truth(~rows_of(parents[outside], len(rows)), rows_of(parents, len(rows)))


def places_in_order(column: str, rows: pa.Table, _: Ground) -> pa.Array:
    """Whether stretches of time and characters end after they begin; null where a row has none."""
    places, parents = flat(within(rows, column))
    wrong = np.zeros(len(places), dtype=bool)
    for first, last in (("start_us", "end_us"), ("char_start", "char_end")):
        bounds = pc.struct_field(places, first), pc.struct_field(places, last)
        wrong |= mask(pc.or_(pc.greater(*bounds), pc.less(bounds[0], 0)))
    return truth(~rows_of(parents[wrong], len(rows)), rows_of(parents, len(rows)))


COLUMNS: Prepared = {
    "times_in_order": (("anchor",), partial(_ordered, "start_us", "end_us")),
    "characters_in_order": (("anchor",), partial(_ordered, "char_start", "char_end")),
    "box_sound": (("anchor",), _box),
    "own_parent": (("parent", "sample_id"), _own_parent),
    "in_parent": (("parent", "anchor"), _in_parent),
    "text_there": (("kind", "text"), _text_there),
    "text_readable": (("text",), _text_readable),
    "language_base": (("language",), _language),
    "medium_there": (("kind", *MEDIA), _published),
    "file_there": (("kind", "members", "frames", *FILES), _any_file),
    "assets_named": (("frames", *FILES), _assets_named),
    "formats_known": (MEDIA, _formats_known),
    "frames_inside": (("frames", "anchor"), _frames_inside),
    "segments_in_order": (("segments",), partial(places_in_order, "segments")),
}
