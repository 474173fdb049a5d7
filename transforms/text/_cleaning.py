"""What cleaning a text means, for a whole column at a time."""

import unicodedata

import pyarrow as pa
import pyarrow.compute as pc

from affectory.transforms.text._characters import changed_where

_RULES = (
    (r"\r\n?|[\x{0B}\x{0C}\x{85}\x{2028}\x{2029}]", "\n"),
    (r"[\x{00}-\x{08}\x{0E}-\x{1F}\x{7F}-\x{9F}\x{FEFF}]", ""),
    (r"[\p{Zs}\t]+\n", "\n"),
    (r"\n{3,}", "\n\n"),
)
"""Line ends become newlines, controls go, blanks at line ends go, at most one line stays blank: in this order."""
_ANY_RULE = "|".join(pattern for pattern, _ in _RULES)
_COMPOSING = r"[\x{0300}-\x{10FFFF}]"
"""All that NFC can change has one of these."""


def cleaned(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Most texts need nothing, which one look at each tells."""
    text = changed_where(pc.match_substring_regex(text, _ANY_RULE), text, _ruled)
    text = pc.utf8_trim_whitespace(text)
    return changed_where(pc.match_substring_regex(text, _COMPOSING), text, _composed)


def _ruled(text: pa.Array) -> pa.Array:
    for pattern, replacement in _RULES:
        text = pc.replace_substring_regex(text, pattern, replacement)
    return text


def _composed(text: pa.Array) -> pa.Array:
    # Not pc.utf8_normalize: up to Arrow 25 it decomposes whatever form it is asked for (apache/arrow#51225).
    return pa.array([unicodedata.normalize("NFC", t) for t in text.to_pylist()], pa.string())
