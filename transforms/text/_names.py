"""What a model says of names in a text, and what becomes of them there and elsewhere in the row."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib import metadata
from pathlib import Path

import numpy as np
import pyarrow as pa

from affectory.schemas.errors import UserError
from affectory.transforms.base import Failed, Reader, Reply, Result
from affectory.transforms.files import fingerprint
from affectory.transforms.text._spans import Span
from affectory.transforms.text._treatment import Action, Finder, Treatment


def revision(path: Path | None, package: str | None) -> str:
    """What tells a model from an earlier one: what is in its folder, or the version of its package."""
    if path:
        return fingerprint(path)
    try:
        return metadata.version(str(package))
    except metadata.PackageNotFoundError as error:
        hint = f"pip install it, or give the folder of a model as `path`; for spaCy: python -m spacy download {package}"
        raise UserError(f"person_names finds no package {package}", hint) from error


def reader(action: Action) -> Reader:
    """Reads places that a model told into outcomes."""

    def read(rows: pa.Table, replies: Sequence[Reply | None]) -> Result:
        readable, told, failed = _read(rows.column("text").to_pylist(), replies)
        result = _treated(rows.take(pa.array(readable, pa.int64())), told, action).at(np.array(readable, np.int64))
        return replace(result, failed=failed)

    return read


def _read(
    texts: Sequence[str | None], replies: Sequence[Reply | None]
) -> tuple[list[int], list[list[Span]], tuple[Failed, ...]]:
    """The rows whose replies can be read, what these say, and the others."""
    told: dict[int, list[Span]] = {}
    failed = []
    for row, (text, reply) in enumerate(zip(texts, replies, strict=True)):
        try:
            told[row] = _told(text, reply)
        except (ValueError, TypeError) as error:
            failed.append(Failed(row, type(error).__name__, str(error)[:500]))
    return list(told), list(told.values()), tuple(failed)


def _treated(rows: pa.Table, told: Sequence[list[Span]], action: Action) -> Result:
    texts = rows.column("text").to_pylist()
    names = [_pattern({text[s.start : s.end] for s in spans}) for text, spans in zip(texts, told, strict=True)]

    def within(_: pa.Array, of_row: Sequence[int]) -> list[Finder | None]:
        return [partial(_as_told, told=texts[row], spans=told[row]) for row in of_row]

    def elsewhere(_: pa.Array, of_row: Sequence[int]) -> list[Finder | None]:
        return [partial(_said_again, pattern) if (pattern := names[row]) else None for row in of_row]

    return Treatment("person_names", {"name": action}, rows, within, elsewhere).result()


def _told(text: str | None, reply: Reply | None) -> list[Span]:
    """Names in order and apart; half a name or an empty one is an answer that cannot be read."""
    spans = sorted(Span(int(a), int(b), "name") for a, b in json.loads(reply.text or "")) if reply else []
    edges = [0, *(edge for span in spans for edge in span[:2]), len(text or "")]
    if edges != sorted(edges) or any(span.start == span.end for span in spans):
        raise ValueError(f"places that do not lie in a text of {len(text or '')} characters: {spans}")
    return spans


def _as_told(text: str, told: str, spans: Sequence[Span]) -> Sequence[Span]:
    return spans if text == told else ()


def _pattern(names: set[str]) -> "re.Pattern[str] | None":
    longest_first = sorted(names, key=lambda name: (-len(name), name))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)") if names else None


def _said_again(names: "re.Pattern[str]", text: str) -> list[Span]:
    return [Span(*match.span(), "name") for match in names.finditer(text)]
