"""How the columns of a table become records: texts, or media that the rows name or hold."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from affectory.transforms.base import STRICT
from affectory.transforms.sources import _columns as columns
from affectory.transforms.sources._described import Described
from affectory.transforms.sources._held import KINDS, held_in
from affectory.transforms.sources._tables import Chunk, ColumnName, Columns, Table, flat, shown_columns
from affectory.transforms.sources.base import RECORDS, Limits, Records, SourceFile, build

_quoted = json.JSONEncoder(ensure_ascii=False).encode
_position = columns.within(columns.whole, -(2**31), 2**31 - 1)


@dataclass(frozen=True, kw_only=True)
class RecordTable(Described, Table):
    """Which columns hold what; one record a row."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    name: Annotated[str, Field(description="name of this source, by default its kind")] = ""
    licence: Annotated[str, Field(description="licence of the data, as an SPDX name such as CC-BY-4.0")] = ""
    text: Annotated[
        ColumnName | None,
        Field(description="column with the text; `text` where no column of media is given"),
    ] = None
    video: Annotated[ColumnName | None, Field(description="column that names or holds a video: a row is one")] = None
    audio: Annotated[ColumnName | None, Field(description="column that names or holds a sound, likewise")] = None
    image: Annotated[ColumnName | None, Field(description="column that names or holds a picture, likewise")] = None
    media: Annotated[ColumnName | None, Field(description="column that names or holds media of any kind")] = None
    media_root: Annotated[
        str | None, Field(min_length=1, description="what media are named relative to, by default the table's folder")
    ] = None
    key: Annotated[
        Columns | None,
        Field(description="column with the record's own key, or several; without one its content identifies it"),
    ] = None
    speaker: Annotated[Columns | None, Field(description="column with who speaks or writes, or several")] = None
    dialogue: Annotated[Columns | None, Field(description="column with the conversation it belongs to, or several")] = (
        None
    )
    position: Annotated[ColumnName | None, Field(description="column with its place in the conversation")] = None
    session: Annotated[Columns | None, Field(description="column with the recording session, or several")] = None
    language: Annotated[ColumnName | None, Field(description="column with its language, as a BCP 47 code")] = None
    keep: Annotated[tuple[ColumnName, ...], Field(description="further columns to keep, as text")] = ()

    def __post_init__(self) -> None:
        given = [kind for kind in KINDS if getattr(self, kind)]
        if len(given) > 1:
            raise ValueError(f"a row is one record: give one of {', '.join(KINDS)}, not {' and '.join(given)}")

    @property
    def names_media(self) -> bool:
        return self._holder is not None

    @property
    def blobs(self) -> tuple[str, ...]:
        """Columns that may hold media, which are longer than rows may be."""
        return () if self._holder is None else (self._holder[1],)

    @property
    def kept(self) -> tuple[str, ...]:
        """What is kept beside a record."""
        return self.keep

    @property
    def _holder(self) -> tuple[str, str] | None:
        """The kind and column of media."""
        return next(((kind, column) for kind in KINDS if (column := getattr(self, kind))), None)

    @property
    def _text(self) -> str | None:
        return self.text or (None if self.names_media else "text")

    def read(self, file: SourceFile, limits: Limits) -> Iterator[Records]:
        counter = None if self.key else Occurrences()
        for chunk in self.chunks(file, limits, self._wanted()):
            yield self._records(chunk, file.uri, counter)

    def read_names(self, file: SourceFile, limits: Limits) -> Iterator[Records]:
        """The records where any may name media; media that are held need not be read to know that."""
        try:
            skip = not self.may_name_media(file)
        except (OSError, KeyError, pa.ArrowException):
            skip = False  # `read` tells what is wrong with it
        return iter(()) if skip else self.read(file, limits)

    def _wanted(self) -> tuple[str, ...]:
        roles = (self._text, self.key, self.speaker, self.dialogue, self.position, self.session, self.language)
        return flat((*roles, *self.kept, *self.blobs))

    def _records(self, chunk: Chunk, uri: str, counter: "Occurrences | None") -> Records:
        problems: columns.Problems = {}
        found = self._converted(chunk, problems)
        extra = self._extra(chunk, problems)
        held = held_in(*self._holder, chunk.columns, problems) if self._holder else {}
        refused = tuple(chunk.refuse(i, uri, *problems[i]) for i in sorted(problems))
        rows = [*chunk.numbers]
        if problems:
            kept = [i for i in range(len(rows)) if i not in problems]
            rows = [rows[i] for i in kept]
            found, extra, held = ({c: [v[i] for i in kept] for c, v in part.items()} for part in (found, extra, held))
        content = contents(found, extra, len(rows))
        once = counter is None or bool(held)  # a row that says the same of the same media as another is that row
        inner = held.pop("inner", [])
        table = {
            "kind": ["text"] * len(rows),
            **found,
            **held,
            "row": rows,
            "content": content if found or extra or not held else None,
            "occurrence": np.zeros(len(rows), np.int32) if once or counter is None else counter.count(content),
            "extra": list(_pairs(extra)) if extra else None,
        }
        made = build(RECORDS, table, len(rows))
        return Records(made, (*chunk.refused, *refused), tuple(i for i in inner if i is not None))

    def _converted(self, chunk: Chunk, problems: columns.Problems) -> dict[str, list[Any]]:
        named = {
            "key": (self.key, columns.required(columns.name), "missing_key"),
            "text": (self._text, columns.text if not self.names_media else columns.word, "bad_row"),
            "speaker": (self.speaker, columns.name, "bad_row"),
            "dialogue": (self.dialogue, columns.name, "bad_row"),
            "position": (self.position, _position, "bad_row"),
            "session": (self.session, columns.name, "bad_row"),
            "language": (self.language, columns.word, "bad_row"),
        }
        return {
            role: columns.converted(chunk.values(name), convert, shown_columns(name), problems, reason)
            for role, (name, convert, reason) in named.items()
            if name is not None
        }

    def _extra(self, chunk: Chunk, problems: columns.Problems) -> dict[str, list[str | None]]:
        return {
            name: columns.converted(chunk.columns.get(name, ()), columns.plain, name, problems)
            for name in sorted(set(self.kept))
        }


def _pairs(extra: dict[str, list[str | None]]) -> Iterator[list[tuple[str, str]]]:
    for values in zip(*extra.values(), strict=True):
        yield [(name, value) for name, value in zip(extra, values, strict=True) if value is not None]


def contents(found: dict[str, list[Any]], extra: dict[str, list[str | None]], rows: int) -> list[str]:
    """The canonical JSON of every row's values, leaving out those that are null."""
    parts = {name: _members(name, values) for name, values in found.items()}
    if extra:
        inner = _objects([_members(name, values) for name, values in extra.items()])
        parts["extra"] = [f',"extra":{e}' for e in inner]
    return _objects([parts[name] for name in sorted(parts)]) if parts else ["{}"] * rows


def _members(name: str, values: Sequence[Any]) -> list[str]:
    start = f",{_quoted(name)}:"
    return [
        start + encode_basestring(value) if type(value) is str else "" if value is None else start + _quoted(value)
        for value in values
    ]


def _objects(members: Sequence[Sequence[str]]) -> list[str]:
    return ["{" + "".join(row)[1:] + "}" for row in zip(*members, strict=True)]


class Occurrences:
    """Counts equal contents of one file in eight bytes a row, so that memory hardly grows with the file."""

    def __init__(self) -> None:
        self.seen: list[NDArray[np.uint64]] = []
        """Hashes so far, each array sorted and at least twice as long as the next."""
        self.repeated: dict[int, int] = {}

    def count(self, contents: Sequence[str]) -> NDArray[np.int32]:
        """For every content, how often it came before."""
        raw = b"".join(hashlib.blake2b(c.encode(), digest_size=8).digest() for c in contents)
        hashes = np.frombuffer(raw, np.dtype("<u8")).astype(np.uint64)
        unique, inverse, counts = np.unique(hashes, return_inverse=True, return_counts=True)
        known = self._known(unique)
        self._remember(unique[~known])
        result = np.zeros(len(hashes), np.int32)
        for index in np.flatnonzero((known | (counts > 1))[inverse]).tolist():
            value = int(hashes[index])
            result[index] = self.repeated.get(value, int(known[inverse[index]]))
            self.repeated[value] = int(result[index]) + 1
        return result

    def _known(self, unique: NDArray[np.uint64]) -> NDArray[np.bool_]:
        known = np.zeros(len(unique), bool)
        for array in self.seen:
            known |= array[np.minimum(np.searchsorted(array, unique), len(array) - 1)] == unique
        return known

    def _remember(self, fresh: NDArray[np.uint64]) -> None:
        if not len(fresh):
            return
        self.seen.append(fresh)
        while len(self.seen) > 1 and len(self.seen[-2]) < 2 * len(self.seen[-1]):
            last = self.seen.pop()
            self.seen[-1] = np.sort(np.concatenate([self.seen[-1], last]))
