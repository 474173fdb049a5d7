"""Where saves are kept: a file for each task, scale and rater, to which lines are added and nothing else is done."""

import fcntl
import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Literal, NamedTuple

from affectory.annotation.tracing.tasks import Scale, TraceTask
from affectory.annotation.tracing.traces import Pass, Save, passes_of, read_line, saved_in, written
from affectory.schemas.errors import AffectoryError
from affectory.schemas.ids import digest

_SLACK_US, _SLACK = 1_000_000, 1.1
"""By how much a clip may be longer than its container says: some can only guess."""
_MOST_HZ, _MOST_BYTES = 130, 256 << 20
_REMEMBERED = 256
_TAIL = 1 << 20
"""Bytes of a file in which its last save lies, for sure."""


@dataclass(eq=False)
class Refused(AffectoryError):
    """A save that is not taken; `status` is that of the HTTP answer, `seq` the save that is expected next."""

    status: int
    why: str
    seq: int = 0

    def __str__(self) -> str:
        return self.why


class Key(NamedTuple):
    """Whose trace of what."""

    task: str
    scale: str
    rater: str

    def path(self, home: Path) -> Path:
        """Its file; a rater's name is no name for a file."""
        return saved_in(home) / self.task / self.scale / f"{digest('rater', self.rater)}.jsonl"


class Store:
    """Saves of all raters. Several processes may keep the same home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._known: OrderedDict[Key, tuple[int, list[Pass]]] = OrderedDict()
        self._lock = Lock()

    def newest(self, key: Key) -> Pass:
        """The pass that the rater is at, or the one submitted last."""
        path = key.path(self.home)
        if not path.exists():
            return Pass(0)
        with self._lock, path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return self._passes(key, file)[-1]

    def state(self, key: Key) -> Literal["none", "draft", "finished"]:
        """How far the rater is, as the last save says; a list asks it of many traces."""
        path = key.path(self.home)
        if not path.exists():
            return "none"
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
            lines = reversed(file.read().splitlines())
        last = next((read for line in lines if (read := read_line(line))), None)
        return "none" if last is None else "finished" if last[0].finished else "draft"

    def save(self, task: TraceTask, key: Key, save: Save) -> int:
        """Keep a save, unless it is there already; the number of the save that is expected next."""
        scale = task.scale(key.scale)
        if scale is None:
            raise Refused(404, f"there is no scale {key.scale}")
        with self._lock, self._locked(key) as file:
            passes = self._passes(key, file)
            current = _current(passes, save)
            if current.has(save):
                return save.seq + 1
            _check(task, scale, current, save)
            self._add(key, file, passes, current, save)
            return len(current.sessions)

    def _add(self, key: Key, file: BinaryIO, passes: list[Pass], current: Pass, save: Save) -> None:
        size = file.seek(0, os.SEEK_END)
        if size > _MOST_BYTES:
            raise Refused(413, "there are too many saves of this trace")
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = _mended(file, size) + written(key._asdict(), at, save)
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
        if current is not passes[-1]:
            passes.append(current)
        current.add(save, at)
        self._remember(key, size + len(line), passes)

    @contextmanager
    def _locked(self, key: Key) -> Iterator[BinaryIO]:
        path = key.path(self.home)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file

    def _passes(self, key: Key, file: BinaryIO) -> list[Pass]:
        size = os.fstat(file.fileno()).st_size
        known = self._known.get(key)
        if known is not None and known[0] == size:
            self._known.move_to_end(key)
            return known[1]
        file.seek(0)
        passes = passes_of(file.read().splitlines()) or [Pass(0)]
        self._remember(key, size, passes)
        return passes

    def _remember(self, key: Key, size: int, passes: list[Pass]) -> None:
        self._known[key] = (size, passes)
        self._known.move_to_end(key)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


def _mended(file: BinaryIO, size: int) -> bytes:
    """What ends a line that a crash cut short."""
    if not size:
        return b""
    file.seek(size - 1)
    return b"" if file.read(1) == b"\n" else b"\n"


def _current(passes: list[Pass], save: Save) -> Pass:
    """The pass that a save belongs to: the newest, or a new one after one that was submitted."""
    newest = passes[-1]
    if save.revision == newest.revision + 1 and newest.finished:
        return Pass(save.revision)
    if save.revision != newest.revision:
        raise Refused(409, "this trace was continued elsewhere", len(newest.sessions))
    return newest


def _check(task: TraceTask, scale: Scale, current: Pass, save: Save) -> None:
    if current.finished:
        raise Refused(409, "this trace was submitted", len(current.sessions))
    if save.seq != len(current.sessions):
        why = "this trace was continued elsewhere" if save.seq < len(current.sessions) else "a save before is missing"
        raise Refused(409, why, len(current.sessions))
    if why := _fault(task, scale, current, save):
        raise Refused(422, why, len(current.sessions))


def _fault(task: TraceTask, scale: Scale, current: Pass, save: Save) -> str:
    """Why samples cannot be right."""
    stay = current.kept(save.cut_us)
    times = [*current.times[stay - 1 : stay], *(time for time, _ in save.samples)]
    if any(later <= time for time, later in pairwise(times)):
        return "times do not rise"
    if any(not scale.low <= value <= scale.high for _, value in save.samples):
        return f"a value is not on the scale from {scale.low:g} to {scale.high:g}"
    last_us = max((time for time, _ in save.samples), default=0)
    if task.duration_s is not None and last_us > task.duration_s * 1e6 * _SLACK + _SLACK_US:
        return "a time lies after the end of the clip"
    if len(times) > 2 and (len(times) - 1) * 1e6 > _MOST_HZ * (times[-1] - times[0]):
        return "there are more samples than moments"
    if save.finished and stay + len(save.samples) < 2:
        return "there is nothing to submit"
    return ""
