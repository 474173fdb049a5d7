"""Counting what a reader would call characters, in any script, a whole column at a time."""

import pyarrow as pa
import pyarrow.compute as pc

_FLAG = r"([\x{1F1E6}-\x{1F1FF}])[\x{1F1E6}-\x{1F1FF}]"
_JOINED = r"\x{200D}[^\p{Z}]"
_UNSEEN = r"[\p{Z}\p{M}\p{Cc}\p{Cf}\x{1F3FB}-\x{1F3FF}]+"


def visible(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """How many characters can be seen: no spaces or controls; an emoji, a flag, a letter with its marks is one."""
    text = pc.replace_substring_regex(text, _FLAG, r"\1")
    text = pc.replace_substring_regex(text, _JOINED, "")
    return pc.utf8_length(pc.replace_substring_regex(text, _UNSEEN, ""))


def letters(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """How many letters there are: what a language can be told from."""
    return pc.utf8_length(pc.replace_substring_regex(text, r"[^\p{L}]+", ""))
