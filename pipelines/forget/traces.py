"""What a person left: ids, words and names of files, and how they are found again in tables and in text."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from affectory.transforms.dataset._groups import group_of

REMOVED = "[removed]"
LEAST_WORDS, LEAST_SAID, LEAST_NAME = 12, 24, 5
"""Shorter words are anybody's: "Yes." tells nobody from anybody."""
_BEGINNING = 80
"""Copies may be cut short, so words are known by their beginning."""
_ID = re.compile(r"[a-z]_[0-9a-f]{20,32}|[0-9a-f]{64}|[0-9a-f]{40}")


@dataclass(frozen=True)
class Traces:
    """All of a person in a workspace, by which it is found again. It is kept only while a removal is under way."""

    person: str
    reason: str
    request: str
    records: tuple[str, ...] = ()
    prints: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    """Of their own files, without those that others are in as well."""
    samples: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    """Judgements about them or by them."""
    tasks: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    """What they said or wrote."""
    said: tuple[str, ...] = ()
    """What models and people said of them."""
    files: tuple[str, ...] = ()
    """Where their files lay: source and place."""
    tables: tuple[str, ...] = ()
    """Files with rows of theirs, and of others."""
    groups: tuple[str, ...] = ()
    """Names that fits have for sessions, dialogues and sets in which nobody else is."""

    def to_json(self) -> bytes:
        """All of it, to be taken up again after a kill."""
        return json.dumps({f.name: getattr(self, f.name) for f in fields(self)}).encode()

    @classmethod
    def from_json(cls, data: bytes) -> "Traces":
        raw = json.loads(data).items()
        given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in raw}
        return cls(**given)

    @property
    def marks(self) -> Iterator[str]:
        """What must be known when it comes back."""
        stems = (name.rpartition(".")[0] or name for name in self.names)
        sessions = (name.removeprefix("session:") for name in self.groups if name.startswith("session:"))
        events = (name for name in sessions if len(name) >= LEAST_NAME)
        yield from (self.person, *self.records, *self.prints, *self.assets, *self.tasks, *self.names, *stems, *events)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The last parts of the names of their files."""
        return tuple(sorted({file.rpartition("/")[2] for file in self.files}))

    @cached_property
    def derived(self) -> "Finder":
        """Finds them in what can be made again, where it does no harm to find too much."""
        return Finder(self._ids, (*spellings(self.words, LEAST_WORDS), *spellings(self.names, LEAST_NAME)))

    @cached_property
    def kept(self) -> "Finder":
        """Finds them in ledgers, where what others said shall stay."""
        return Finder(self._ids, spellings(self.words, LEAST_WORDS))

    @cached_property
    def answers(self) -> "Finder":
        """Finds them in what models answered."""
        said = spellings(self.said, LEAST_SAID)
        return Finder(self._ids, (*spellings(self.words, LEAST_WORDS), *said))

    @cached_property
    def _ids(self) -> frozenset[str]:
        parts = (self.records, self.prints, self.assets, self.samples, self.acts, self.tasks)
        alike = map(group_of, (*self.samples, *self.groups))
        return frozenset((self.person, *(value for part in parts for value in part), *alike))


def spellings(words: Iterable[str], least: int) -> tuple[str, ...]:
    """How words begin, plainly and as JSON has them; those that are too short to tell anything are left out."""
    found = dict[str, None]()
    for text in words:
        begin = text.strip()[:_BEGINNING].strip()
        if len(begin) >= least:
            plain = (begin, *(json.dumps(begin, ensure_ascii=ascii_)[1:-1] for ascii_ in (False, True)))
            found |= dict.fromkeys(plain)
    return tuple(found)


@dataclass(frozen=True)
class Finder:
    """Finds ids and words."""

    ids: frozenset[str]
    words: tuple[str, ...] = ()

    def in_text(self, text: str) -> bool:
        """Whether any is in a text."""
        return not self.ids.isdisjoint(_ID.findall(text)) or any(word in text for word in self.words)

    def in_bytes(self, data: bytes) -> bool:
        """Whether any is in a file that is text."""
        return self.in_text(data.decode("utf-8", "replace"))

    def in_table(self, table: pa.Table) -> bool:
        """Whether any is in a table."""
        return any(self._in_column(column) for column in table.columns)

    def rows(self, table: pa.Table) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """The rows that any is in."""
        found = np.zeros(table.num_rows, bool)
        for column in table.columns:
            if self._in_column(column):
                found |= np.array([self.in_value(value) for value in column.to_pylist()], bool)
        return found

    def in_value(self, value: Any) -> bool:
        """Whether any is in a value of a table."""
        return any(self.in_text(text) for text in texts_in(value))

    def without(self, value: Any) -> Any:
        """A value from which they are taken out; elements of a list that name them go."""
        if isinstance(value, str):
            return self._redacted(value)
        if isinstance(value, dict):
            return {key: self.without(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.without(x) for x in value if not (isinstance(x, dict) and self._names(x))]
        return value

    def _names(self, place: dict[str, Any]) -> bool:
        return any(isinstance(value, str) and value in self.ids for value in place.values())

    def _redacted(self, text: str) -> str | None:
        if text in self.ids:
            return None
        if not self.in_text(text):
            return text
        if text[:1] in "{[":
            try:
                return json.dumps(self.without(json.loads(text)), ensure_ascii=False)
            except ValueError:
                return REMOVED
        return REMOVED

    def _in_column(self, column: pa.ChunkedArray) -> bool:
        return any(self.in_text(text) for leaf in leaves(column) if (text := "\n".join(leaf)))


def leaves(column: pa.ChunkedArray) -> Iterator[Sequence[str]]:
    """All strings of a column, however deep they lie."""
    for chunk in column.chunks:
        for leaf in _leaves(chunk):
            yield [text for text in leaf.to_pylist() if text is not None]


def _leaves(array: Any) -> Iterator[Any]:
    kind = array.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        yield array
    elif pa.types.is_map(kind):
        yield from (leaf for part in (array.keys, array.items) for leaf in _leaves(part))
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        yield from _leaves(array.flatten())
    elif pa.types.is_struct(kind):
        yield from (leaf for part in array.flatten() for leaf in _leaves(part))


def texts_in(value: Any) -> Iterator[str]:
    """All strings of a Python value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for inner in value.items() for part in inner for text in texts_in(part))
    elif isinstance(value, list | tuple):
        yield from (text for inner in value for text in texts_in(inner))


Tell = Callable[[str], None]
"""Hears in words what is being done."""
