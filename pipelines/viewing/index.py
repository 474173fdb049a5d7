"""Which samples a filter finds, with some bytes of memory a row: texts are read when they are searched."""

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.quality.report.counting import BANDS, banded
from affectory.quality.report.facets import FACETS, NONE, state
from affectory.quality.report.released import Released

ORDERS = ("split", "alike", "many")
_COLUMNS = {"label": "label", "kind": "kind", "language": "language", "pool": "label_pool", "state": "label_state"}
_SEARCHED = ("sample_id", "key", "text", "speaker", "dialogue")
_NOTE = "note_"
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Asking:
    """What somebody looks for."""

    facets: tuple[tuple[str, str], ...] = ()
    words: str = ""
    order: str = ""


@dataclass
class _Codes:
    """A column of few different words, as numbers."""

    names: list[str] = field(default_factory=list)
    of: list[NDArray[np.int32]] = field(default_factory=list)
    _places: dict[str, int] = field(default_factory=dict)

    def add(self, words: pa.ChunkedArray, named: Callable[[str], str] = str) -> None:
        """More rows; `named` says how a word is called here."""
        coded = pc.fill_null(words, NONE).combine_chunks().dictionary_encode()
        called = [named(word) for word in coded.dictionary.to_pylist()]
        for word in called:
            if word not in self._places:
                self._places[word] = len(self.names)
                self.names.append(word)
        places = np.array([self._places[word] for word in called], np.int32)
        self.of.append(places[coded.indices.to_numpy()] if called else np.zeros(0, np.int32))

    def joined(self) -> NDArray[np.int32]:
        return np.concatenate([np.zeros(0, np.int32), *self.of])


class Index:
    """The rows of a release by number, in publishing order."""

    def __init__(self, release: Released) -> None:
        self.release = release
        self._codes = {name: _Codes() for name in FACETS}
        agreement, count = [np.zeros(0, np.float32)], [np.zeros(0, np.int32)]
        for split, rows in self._rows():
            for name, words in self._words(rows, split).items():
                self._codes[name].add(words, state if name == "state" else str)
            agreement.append(np.asarray(rows["label_agreement"].to_numpy(), np.float32))
            count.append(np.asarray(pc.fill_null(rows["label_count"], 0).to_numpy(), np.int32))
        self._agreement, self._count = np.concatenate(agreement), np.concatenate(count)
        self._codes["source"] = self._sources()
        self._of = {name: codes.joined() for name, codes in self._codes.items()}
        self.find = lru_cache(32)(self._find)

    @property
    def total(self) -> int:
        """All rows."""
        return len(self._count)

    def counts(self) -> dict[str, list[tuple[str, int]]]:
        """Of each facet its values, and how many rows have each."""
        found = {}
        for name, codes in self._codes.items():
            many = np.bincount(self._of[name], minlength=len(codes.names)).tolist()
            found[name] = sorted(zip(codes.names, many, strict=True))
        return found

    def source(self, number: int) -> str:
        """Where a row comes from."""
        return self._codes["source"].names[int(self._of["source"][number])]

    def _rows(self) -> Iterator[tuple[str, pa.Table]]:
        wanted = ["sample_id", *_COLUMNS.values(), "label_agreement", "label_count"]
        for shard, rows in self.release.rows(wanted):
            yield shard.split, rows

    def _words(self, rows: pa.Table, split: str) -> Mapping[str, pa.ChunkedArray]:
        """The facets of some rows, but for sources."""
        labels, bands = (pa.array(names, pa.string()) for names in (self.release.taxonomy.labels, BANDS))
        found = {name: rows[column] for name, column in _COLUMNS.items()}
        found["label"] = pa.chunked_array([labels.take(rows["label"].combine_chunks())])
        found["band"] = pa.chunked_array([bands.take(pa.array(banded(rows["label_agreement"])))])
        return {**found, "split": _same(split, rows.num_rows)}

    def _sources(self) -> _Codes:
        """From the lineage, which has the order of the rows; of an older release that has another, nothing."""
        codes, rows = _Codes(), 0
        for lines in self.release.lineage(["source"]):
            codes.add(lines["source"])
            rows += lines.num_rows
        if rows != self.total:
            codes = _Codes()
            codes.add(_same(NONE, self.total))
        return codes

    def _find(self, asking: Asking) -> Numbers:
        kept = np.full(self.total, True)
        for name, value in asking.facets:
            names = self._codes[name].names
            kept &= self._of[name] == (names.index(value) if value in names else -1)
        if words := unicodedata.normalize("NFC", asking.words.lower()).split():
            kept &= self._searched(words, kept)
        numbers = np.flatnonzero(kept)
        if asking.order in ORDERS:
            numbers = numbers[np.argsort(self._rank(asking.order)[numbers], kind="stable")]
        return numbers

    def _rank(self, order: str) -> NDArray[Any]:
        if order == "many":
            return -self._count
        return np.nan_to_num(self._agreement, nan=2) if order == "split" else -np.nan_to_num(self._agreement, nan=-1)

    def _searched(self, words: Sequence[str], kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which rows hold all the words, each in some column; only where rows are left to look at."""
        columns = [f.name for f in self.release.columns if _is_searched(f)]
        found, first = np.zeros(self.total, bool), 0
        for _, rows in self.release.rows(columns):
            last = first + rows.num_rows
            if kept[first:last].any():
                found[first:last] = _holding(rows, words)
            first = last
        return found


def _is_searched(column: pa.Field) -> bool:
    return column.name in _SEARCHED or (column.name.startswith(_NOTE) and pa.types.is_string(column.type))


def _holding(rows: pa.Table, words: Sequence[str]) -> NDArray[np.bool_]:
    columns = [pc.utf8_normalize(pc.utf8_lower(pc.fill_null(column, "")), form="NFC") for column in rows.columns]
    found = np.full(rows.num_rows, True)
    for word in words:
        found &= np.any([pc.match_substring(column, word).to_numpy() for column in columns], axis=0)
    return found


def _same(word: str, many: int) -> pa.ChunkedArray:
    return pa.chunked_array([pa.repeat(pa.scalar(word, pa.string()), many)])
