"""The answer ledger as a build uses it: replies of one model, found by what was asked, added as they come.

A model asked in one way has a folder, and in it every partition that asked. A partition looks into its own segments
first, so that what it once read it reads again; only for the rest does it look among the ids of everybody's segments.
Those are read once for each build and process, which takes one read a segment and 12 bytes of memory an answer: what
others add after that is not seen, and may be asked twice. A segment that was read stays in memory for a while, as talks
of several rounds look into it again and again.
"""

import hashlib
import io
import re
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from affectory.pipelines.store.files import Files, files_at
from affectory.schemas.ids import digest
from affectory.schemas.ledgers import ANSWERS
from affectory.schemas.migrate import upgrade
from affectory.schemas.parquet import read_open
from affectory.transforms.asking import REPLY, packed, unpacked
from affectory.transforms.base import Reply, Whom

MEDIA = "media"
Answered = tuple[Sequence[str], Reply] | tuple[Sequence[str], Reply, int]
"""What was sent, what came back, and of several draws which one it is."""
FLUSH_ANSWERS, FLUSH_S = 1000, 20.0
"""A kill costs at most so many answers, or those of so many seconds and one batch, of each process."""
HELD_BYTES = 64 << 20
"""Segments that a process holds in memory, so that it reads them once."""
_DIGITS = slice(2, 18)
"""The part of an id that the index knows it by."""


def answer_id(whom: Whom, sent: Sequence[str], repeat: int = 0) -> str:
    """The id of a reply, from all that determines it."""
    asked = (whom.backend, whom.model, whom.revision, whom.prompt, whom.parameters)
    return "a_" + digest(*asked, list(sent), repeat)[:32]


@dataclass(frozen=True)
class Answers:
    """The replies of one model asked in one way. `epoch` is that of the build that looks."""

    files: Files
    whom: Whom
    epoch: int = 0

    @property
    def folder(self) -> str:
        """Where its segments lie: readable, and different for everything that determines a reply."""
        name = re.sub(r"[^A-Za-z0-9.]+", "-", self.whom.model)[:60]
        return f"{name}-{answer_id(self.whom, ())[2:18]}"

    def find(self, partition: str, ids: Sequence[str]) -> dict[str, Reply]:
        """The replies that are there, those first that this partition itself has asked for."""
        found: dict[str, Reply] = {}
        for name in _segments(self.files, f"{self.folder}/{partition}"):
            found = {**self._read(name, ids), **found}
        missing = [key for key in ids if key not in found]
        if missing:
            index = _index(self.files.location, self.folder, self.epoch)
            for name, wanted in index.places(missing):
                found = {**self._read(name, wanted), **found}
        return found

    def add(self, partition: str, replies: Sequence[Answered]) -> None:
        """Keep what was sent and what came back; the first answer to a question stands."""
        ids = [answer_id(self.whom, sent, *repeat) for sent, _, *repeat in replies]
        fixed = {name: getattr(self.whom, name) for name in ("backend", "model", "revision", "prompt", "parameters")}
        rows = [
            {
                **fixed, "answer_id": key, "inputs": list(sent), "repeat": sum(repeat), **packed(reply),
                "media": self._kept(reply.media),
            }
            for key, (sent, reply, *repeat) in zip(ids, replies, strict=True)
        ]  # fmt: skip
        buffer = io.BytesIO()
        pq.write_table(ANSWERS.from_rows(rows), buffer, compression="zstd")
        self.files.create(f"{self.folder}/{partition}/{digest(*sorted(ids))}.parquet", buffer.getvalue())

    def _kept(self, media: bytes | None) -> str | None:
        """Media first, so that no answer names what is not there."""
        if media is None:
            return None
        name = hashlib.sha256(media).hexdigest()
        self.files.create(f"{self.folder}/{MEDIA}/{name}", media)
        return name

    def _read(self, name: str, ids: Sequence[str]) -> dict[str, Reply]:
        table = _HELD.table(self.files, name)
        table = table.filter(pc.is_in(table.column("answer_id"), value_set=pa.array(ids, pa.string())))
        rows = table.to_pylist(maps_as_pydicts="strict")
        return {row["answer_id"]: unpacked({**row, "media": self._medium(row["media"])}) for row in rows}

    def _medium(self, name: str | None) -> bytes | None:
        return None if name is None else self.files.read(f"{self.folder}/{MEDIA}/{name}")


class Writer:
    """Adds replies as they come, in segments that are neither too small nor kept back for long: the first that waits
    sets a clock by which all are written, whether or not another one comes."""

    def __init__(self, answers: Answers, partition: str) -> None:
        self._answers, self._partition = answers, partition
        self._waiting: list[Answered] = []
        self._lock = threading.Lock()
        self._clock: threading.Timer | None = None

    def add(self, replies: Iterable[Answered]) -> None:
        """Take replies, and write when there are many."""
        with self._lock:
            self._waiting += replies
            if len(self._waiting) >= FLUSH_ANSWERS:
                self._write()
            elif self._waiting and self._clock is None:
                self._clock = threading.Timer(FLUSH_S, self._in_time)
                self._clock.daemon = True
                self._clock.start()

    def flush(self) -> None:
        """Write what is waiting."""
        with self._lock:
            self._write()

    def _write(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
        self._clock = None
        if self._waiting:
            self._answers.add(self._partition, self._waiting)
        self._waiting = []

    def _in_time(self) -> None:
        # Replies that cannot be written now go on waiting: whoever flushes next is told why.
        with suppress(Exception):
            self.flush()


class _Held:
    """The segments that were read last. They never change, so each is read once while there is room for it."""

    def __init__(self) -> None:
        self._tables: OrderedDict[tuple[str, str], pa.Table] = OrderedDict()
        self._lock = threading.Lock()

    def table(self, files: Files, name: str) -> pa.Table:
        """The replies of a segment, by their ids."""
        key = files.location, name
        with self._lock:
            if key in self._tables:
                self._tables.move_to_end(key)
                return self._tables[key]
        table = upgrade(read_open(io.BytesIO(files.read(name))), ANSWERS)
        table = table.select(["answer_id", *(f.name for f in REPLY)])
        with self._lock:
            self._tables[key] = table
            while len(self._tables) > 1 and sum(t.nbytes for t in self._tables.values()) > HELD_BYTES:
                self._tables.popitem(last=False)
        return table


_HELD = _Held()


@dataclass(frozen=True)
class _Index:
    """In which segment an answer is, by part of its id; a segment that comes first by name is the one."""

    names: tuple[str, ...]
    digits: NDArray[np.uint64]
    segments: NDArray[np.int32]

    def places(self, ids: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
        """The segments that hold some of these answers, and which."""
        wanted = _digits(ids)
        at = np.searchsorted(self.digits, wanted)
        by_segment: defaultdict[int, list[str]] = defaultdict(list)
        for key, place, digits in zip(ids, at.tolist(), wanted, strict=True):
            if place < len(self.digits) and self.digits[place] == digits:
                by_segment[int(self.segments[place])].append(key)
        yield from ((self.names[segment], by_segment[segment]) for segment in sorted(by_segment))


@lru_cache(maxsize=32)
def _index(location: str, folder: str, epoch: int) -> _Index:
    """All answers of a model as a build first sees them; the next build, of another epoch, looks anew."""
    files = files_at(location)
    names = tuple(_segments(files, folder))
    digits = [np.array([], np.uint64), *(_digits(_ids(files, name)) for name in names)]
    segments = np.repeat(np.arange(len(names), dtype=np.int32), [len(d) for d in digits[1:]])
    joined = np.concatenate(digits)
    order = np.argsort(joined, kind="stable")
    return _Index(names, joined[order], segments[order])


def look_anew() -> None:
    """Forget what was seen of ledgers: who looks without a build sees what is there now."""
    _index.cache_clear()


def _segments(files: Files, folder: str) -> list[str]:
    return [name for name in files.names(folder) if name.endswith(".parquet")]


def _ids(files: Files, name: str) -> list[str]:
    with files.open(name) as file:
        ids: list[str] = read_open(file, ["answer_id"]).column(0).to_pylist()
    return ids


def _digits(ids: Sequence[str]) -> NDArray[np.uint64]:
    return np.array([int(key[_DIGITS], 16) for key in ids], np.uint64)
