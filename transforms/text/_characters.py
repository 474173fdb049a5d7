"""Counting what a reader would call characters, in any script, a whole column at a time."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

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


def visible_up_to(text: pa.ChunkedArray, enough: int) -> NDArray[np.int64]:
    """How many characters can be seen, counted only as far as it takes to know that there are enough."""
    few = np.asarray(visible(pc.utf8_slice_codeunits(text, 0, 4 * enough)), dtype=np.int64)
    short = np.flatnonzero(few < enough)
    few[short] = visible(text.take(pa.array(short)))
    return few


def changed_where(mask: pa.ChunkedArray, text: pa.ChunkedArray, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """The texts with `change` done to those that the mask is true for; looking at the others costs nothing."""
    text, mask = (c.combine_chunks() if isinstance(c, pa.ChunkedArray) else c for c in (text, mask))
    return pc.replace_with_mask(text, mask, change(text.filter(mask))) if pc.any(mask).as_py() else text
