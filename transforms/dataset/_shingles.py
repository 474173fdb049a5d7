"""MinHash signatures of texts: shingles of five words are hashed once each, into bins of which the least is kept.

This is one-permutation hashing: a text costs one hash for each shingle however long its signature is. Bins are left
empty here, so that signatures of several texts can be united; `filled_up` makes them comparable.
"""

from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

BINS = 128
EMPTY = 0xFFFFFFFF
"""Values have 32 bits: a text of one shingle has but one value, and with 16 bits a sixth of 20,000 such texts had
that of another one."""
WORDS = 5
"""Words, or characters where words are not set apart, in a shingle; a shorter text is one shingle."""
_TOGETHER = 512
"""Signatures that are filled up at a time: as many as stay in a processor's cache."""
Signatures = NDArray[np.uint32]
_Hashes = NDArray[np.uint64]

_SPACELESS = ("zh", "ja", "th", "lo", "km", "my", "yue", "wuu", "bo", "dz")
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]"
_MIX, _NEXT = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_MASKS = np.array([(1 << (8 * n)) - 1 for n in range(9)], np.uint64)


def signatures(texts: pa.Array, languages: pa.Array) -> Signatures:
    """A signature for each text, all empty where it has neither letters nor digits."""
    texts = pc.utf8_lower(texts.fill_null("")).cast(pa.large_string())
    found = np.full((len(texts), BINS), EMPTY, np.uint32)
    hashes, counts = _units(texts, _unspaced(texts, languages))
    if len(hashes):
        shingles, rows = _shingles(hashes, counts)
        bins = (shingles >> np.uint64(57)).astype(np.int64)
        values = np.minimum(shingles >> np.uint64(25) & np.uint64(EMPTY), EMPTY - 1).astype(np.uint32)
        np.minimum.at(found.reshape(-1), rows * BINS + bins, values)
    return found


def _unspaced(texts: pa.Array, languages: pa.Array) -> NDArray[np.bool_]:
    """Texts whose words are not set apart, as their language says, or most of their characters."""
    said = pc.utf8_lower(pc.fill_null(languages, "").cast(pa.string()))
    told = pc.is_in(pc.replace_substring_regex(said, "-.*", ""), value_set=pa.array(_SPACELESS))
    characters = pc.utf8_length(texts)
    beyond = np.flatnonzero(np.asarray(pc.not_equal(pc.binary_length(texts), characters)))
    found = np.asarray(told).copy()
    if len(beyond):
        some = texts.take(pa.array(beyond))
        many = pc.multiply(pc.count_substring_regex(some, _UNSPACED), 2)
        found[beyond] |= np.asarray(pc.greater(many, characters.take(pa.array(beyond))))
    return found


@cache
def _word_bytes() -> NDArray[np.bool_]:
    """Letters and digits, and whatever is not ASCII."""
    table = np.zeros(256, bool)
    table[128:] = True
    table[[i for i in range(128) if chr(i).isalnum()]] = True
    return table


def _units(texts: pa.Array, unspaced: NDArray[np.bool_]) -> tuple[_Hashes, NDArray[np.int64]]:
    """The hashes of all words or characters, one text after the other, and how many each text has."""
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    letters = np.concatenate([np.frombuffer(data or b"", np.uint8)[ends[0] : ends[-1]], np.zeros(8, np.uint8)])
    ends = ends - ends[0]
    word = np.append(False, _word_bytes()[letters])
    changes = np.flatnonzero(word[1:] != word[:-1])
    touching = ends[1:-1][(word[ends[1:-1]] & word[ends[1:-1] + 1])] if len(ends) else ends
    edges = np.sort(np.concatenate([changes, np.repeat(np.unique(touching), 2)]))
    starts, stops, word = edges[::2], edges[1::2], word[1:]
    if unspaced.any():
        starts, stops = _apart(letters, word, ends, unspaced, starts, stops)
    counts = np.diff(np.searchsorted(starts, ends))
    return _hashed(letters, starts, stops), counts.astype(np.int64)


def _apart(
    letters: NDArray[np.uint8],
    word: NDArray[np.bool_],
    ends: NDArray[np.int64],
    unspaced: NDArray[np.bool_],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """In unspaced texts every character is a unit: it ends where the next one begins."""
    inside = np.zeros(len(letters), bool)
    inside[: ends[-1]] = np.repeat(unspaced, np.diff(ends))
    leads = np.flatnonzero(inside & word & ((letters & 0xC0) != 0x80))
    starts = np.union1d(starts, leads)
    return starts, np.minimum(stops[np.searchsorted(stops, starts, side="right")], np.append(starts[1:], len(letters)))


def _hashed(letters: NDArray[np.uint8], starts: NDArray[np.int64], stops: NDArray[np.int64]) -> _Hashes:
    """A hash of each stretch of letters, eight of them at a time."""
    windows = np.lib.stride_tricks.sliding_window_view(letters, 8)
    lengths = stops - starts
    hashes = _eight(windows, starts) & _MASKS[np.minimum(lengths, 8)]
    hashes = _mixed(hashes ^ lengths.astype(np.uint64) << np.uint64(56))
    longer, at = np.flatnonzero(lengths > 8), 8
    while len(longer):
        left = lengths[longer] - at
        hashes[longer] = _mixed(hashes[longer] ^ (_eight(windows, starts[longer] + at) & _MASKS[np.minimum(left, 8)]))
        longer, at = longer[left > 8], at + 8
    return hashes


def _eight(windows: NDArray[np.uint8], starts: NDArray[np.int64]) -> _Hashes:
    return windows[starts].view("<u8").ravel()


def _mixed(hashes: _Hashes) -> _Hashes:
    hashes = hashes * _MIX
    hashes ^= hashes >> np.uint64(32)
    hashes *= _NEXT
    hashes ^= hashes >> np.uint64(29)
    return hashes


def _shingles(units: _Hashes, counts: NDArray[np.int64]) -> tuple[_Hashes, NDArray[np.int64]]:
    """The hashes of all stretches of five units within a text, and the row of each."""
    first = np.cumsum(counts) - counts
    padded = np.concatenate([units, np.zeros(WORDS - 1, np.uint64)])
    rolled = padded[: len(units)].copy()
    for step in range(1, WORDS):
        rolled = rolled * _MIX + padded[step : step + len(units)]
    short = np.flatnonzero((counts > 0) & (counts < WORDS))
    rolled[first[short]] = _whole(units, first[short], counts[short])
    keep = np.ones(len(units), bool)
    for step in range(1, WORDS):
        last = first + counts - step
        keep[last[last > first]] = False
    kept = np.where(counts < WORDS, np.minimum(counts, 1), counts - WORDS + 1)
    return _mixed(rolled[keep]), np.repeat(np.arange(len(counts)), kept)


def _whole(units: _Hashes, first: NDArray[np.int64], counts: NDArray[np.int64]) -> _Hashes:
    """Texts of fewer units than a shingle has."""
    found = units[first]
    for step in range(1, WORDS - 1):
        more = counts > step
        found[more] = found[more] * _MIX + units[first[more] + step]
    return found


def filled_up(found: Signatures) -> Signatures:
    """Signatures whose empty bins take over what full ones hold, each by turns of its own (optimal densification):
    two of them agree in about as many bins as the share of shingles that their texts have in common."""
    found = found.copy()
    for start in range(0, len(found), _TOGETHER):
        _fill_up(found[start : start + _TOGETHER])
    return found


def _fill_up(found: Signatures) -> None:
    empty = found == EMPTY
    full = BINS - empty.sum(axis=1)
    _pull(found, empty, np.flatnonzero((full >= BINS // 4) & (full < BINS)))
    _push(found, empty, np.flatnonzero((full > 0) & (full < BINS // 4)))


def _pull(found: Signatures, empty: NDArray[np.bool_], rows: NDArray[np.int64]) -> None:
    """Empty bins ask one after another until they find a full one."""
    row, bin_ = np.nonzero(empty[rows])
    first, turn, values, hollow = rows[row] * BINS, 0, found.reshape(-1), empty.reshape(-1)
    while len(bin_):
        source = _turn(turn)[bin_]
        full = ~hollow[first + source]
        values[(first + bin_)[full]] = _taken(values[(first + source)[full]], source[full])
        first, bin_, turn = first[~full], bin_[~full], turn + 1


def _push(found: Signatures, empty: NDArray[np.bool_], rows: NDArray[np.int64]) -> None:
    """The same, told from the full bins: of a short text they are few."""
    row, bin_ = np.nonzero(~empty[rows])
    row, turn = rows[row], 0
    while len(row):
        asking = _asked_by(turn)[bin_]
        open_ = found[row, asking] == EMPTY
        found[row[open_], asking[open_]] = _taken(found[row[open_], bin_[open_]], bin_[open_])
        turn += 1
        if turn % 16 == 0:
            wanting = (found[rows] == EMPTY).any(axis=1)
            rows, keep = rows[wanting], np.isin(row, rows[wanting])
            row, bin_ = row[keep], bin_[keep]


def _taken(values: Signatures, source: NDArray[np.int64]) -> Signatures:
    """What is taken over tells also whose it was, so that texts of a single shingle have more bits to be told by."""
    taken: Signatures = np.minimum(values ^ (source * 0x01000193).astype(np.uint32), np.uint32(EMPTY - 1))
    return taken


@cache
def _turn(number: int) -> NDArray[np.int64]:
    """Which bin each one asks at its turn: a permutation, so that no two ask the same."""
    keys = _mixed(np.arange(BINS, dtype=np.uint64) + np.uint64(1 + number * BINS))
    return np.argsort(_mixed(keys), kind="stable")


@cache
def _asked_by(number: int) -> NDArray[np.int64]:
    """Which bin asks each one at its turn."""
    return np.argsort(_turn(number))
