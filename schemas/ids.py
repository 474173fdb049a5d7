"""Ids from declared keys, content and coordinates: never from paths, clocks or encoded output."""

import hashlib
import hmac
import json
import unicodedata
from collections.abc import Iterable
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COUNTED, GROUP = "a_", "g_"
"""How the ids begin of raters who are not persons: one of those who were only counted, and several in one."""


def digest(*parts: Any) -> str:
    """A 160-bit hash over parts of plain data; different parts never run into each other."""
    return hashlib.blake2b(canonical(parts).encode(), digest_size=20).hexdigest()


def spelled(text: str | None) -> str:
    """The canonical JSON of a text, to be spelled once where several digests cover it."""
    return "null" if text is None else encode_basestring(text)


def digest_of(*parts: str) -> str:
    """`digest`, of parts that are canonical JSON already."""
    return hashlib.blake2b(f"[{','.join(parts)}]".encode(), digest_size=20).hexdigest()


def fractions(what: str, names: Iterable[str]) -> "NDArray[np.float64]":
    """For each name where `digest(what, name)` lies between 0 and 1, by its first 52 bits."""
    import numpy as np

    before, after = f"[{encode_basestring(what)},".encode(), b"]"
    hashes = (hashlib.blake2b(before + encode_basestring(n).encode() + after, digest_size=20).digest() for n in names)
    return (np.frombuffer(b"".join([h[:8] for h in hashes]), ">u8") >> np.uint64(12)) / float(1 << 52)


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def canonical(value: Any) -> str:
    """JSON with one spelling: sorted keys, no spaces, non-ASCII kept, no NaN."""
    return _encode(value)


def record_id_from_key(scope: str, key: str) -> str:
    """The id of a record whose key is declared; `scope` tells sources apart that number alike."""
    return "r_" + digest("key", scope, key)[:24]


def record_id_from_content(content: str, occurrence: int = 0) -> str:
    """The id of a record known by content; `occurrence` counts equal rows of one file."""
    return record_id_from_spelled(spelled(content), occurrence)


def record_id_from_spelled(content: str, occurrence: int) -> str:
    """The same, of content that is canonical JSON of a text already."""
    return "r_" + digest_of('"content"', content, str(occurrence))[:24]


def sample_id(record: str, *coordinates: Any) -> str:
    """The id of a sample: its record and where it lies in it."""
    return "s_" + digest(record, coordinates)[:24]


def whole_sample_id(record: str) -> str:
    """`sample_id(record, "whole")`, for many records."""
    return "s_" + digest_of(encode_basestring(record), '["whole"]')[:24]


def judgement_id(person: str, anchor: dict[str, Any], question: str, occasion: str, revision: int) -> str:
    return "j_" + digest(person, anchor, question, occasion, revision)[:24]


def opinion_id(sample: str, rater: str, question: str, perspective: str, whose: str = "") -> str:
    return "o_" + digest(sample, rater, question, perspective, whose)[:24]


def pseudonym(name: str, key: bytes) -> str:
    """A person's id: a keyed hash, so that names cannot be guessed back without the key.

    A name is one however its accents are encoded: files of different programs, and names of files, differ in that.
    """
    plain = unicodedata.normalize("NFC", name.strip())
    return "p_" + hmac.new(key, plain.encode(), hashlib.sha256).hexdigest()[:20]


def asset_id(chunks: Iterable[bytes]) -> str:
    """The sha256 of a file's bytes."""
    hasher = hashlib.sha256()
    for chunk in chunks:
        hasher.update(chunk)
    return hasher.hexdigest()
