"""What a run says while it works: a log in the workspace, lines or a bar for people, JSON for machines."""

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, TextIO

from affectory.pipelines.store.files import Files
from affectory.schemas.errors import AffectoryError

Event = dict[str, Any]


class Tell(Protocol):
    """How parts of a run say what happens: a kind of event, and its facts."""

    def __call__(self, kind: str, **facts: Any) -> None: ...


class Listener(Protocol):
    """Is told of every event."""

    def __call__(self, event: Event) -> None: ...


class Run:
    """One run: its events go to the log and to whoever listens."""

    def __init__(self, log: Path, listeners: tuple[Listener, ...] = (), kept_at: str = "") -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        self.kept_at = kept_at or str(log)
        self._file = log.open("a", encoding="utf-8")
        self._listeners = listeners

    def tell(self, kind: str, **facts: Any) -> None:
        event = {"event": kind, "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"), **facts}
        if kind != "progress":
            self._file.write(json.dumps(event, ensure_ascii=False, default=str) + "\n")
            self._file.flush()
        for listener in self._listeners:
            listener(event)

    @contextmanager
    def also(self, listeners: tuple[Listener, ...]) -> Iterator[None]:
        """Tell others too, for a while."""
        before = self._listeners
        self._listeners = (*before, *listeners)
        try:
            yield
        finally:
            self._listeners = before

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for listener in self._listeners:
            getattr(listener, "close", lambda: None)()
        self._file.close()


class KeptLog:
    """Keeps a copy of the log in a workspace that lies elsewhere: every minute, and at the end."""

    def __init__(
        self, log: Path, runs: Files, every_s: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._log, self._runs = log, runs
        self._every, self._clock = every_s, clock
        self._last = clock()

    def __call__(self, event: Event) -> None:
        if self._clock() - self._last >= self._every:
            self.close()

    def close(self) -> None:
        """Copy what is there; the log of this machine stays, so a copy that fails is no reason to stop."""
        self._last = self._clock()
        with contextlib.suppress(AffectoryError, OSError):
            self._runs.put(self._log.name, self._log.read_bytes())


def as_json(stream: TextIO) -> Listener:
    """One JSON object a line."""
    return lambda event: print(json.dumps(event, ensure_ascii=False, default=str), file=stream, flush=True)


class Lines:
    """Progress for people: a line that is rewritten on a terminal, now and then a new one elsewhere."""

    def __init__(self, stream: TextIO = sys.stderr, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._live = stream.isatty()
        self._every = 0.1 if self._live else 2.0
        self._start = self._last = clock()
        self._open = False

    def __call__(self, event: Event) -> None:
        if event["event"] == "progress":
            self._progress(event)
        elif event["event"] == "say":
            self.close()
            print(event["text"], file=self._stream, flush=True)
        elif event["event"] == "start":
            self._start = self._last = self._clock()
            if self._live:
                self._last -= self._every  # what comes may take long before it has more to say

    def _progress(self, event: Event) -> None:
        now = self._clock()
        if now - self._last < self._every:
            return
        self._last = now
        line = progress_line(event, now - self._start)
        if self._live:
            self._stream.write(f"\r\x1b[2K{line}")
            self._open = True
        else:
            self._stream.write(line + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Leave no half line behind."""
        if self._open:
            self._stream.write("\r\x1b[2K")
            self._open = False


def progress_line(event: Event, seconds: float) -> str:
    """`build 120/400 rows (30 %), 12.1 rows/s, 23 s left, 110 kept, 8 rejected, 2 failed`."""
    done, total, seconds = event["done"], event["total"], event.get("seconds", seconds)
    rate = done / seconds if seconds > 0 else 0.0
    left = f"{duration((total - done) / rate)} left" if rate > 0 else "time left unknown"
    counts = ", ".join(f"{event[k]:,} {k}" for k in ("kept", "rejected", "failed") if k in event)
    share = f" ({100 * done // total} %)" if total else ""
    if event["unit"] == "bytes":
        much, pace = f"{size(done)}/{size(total)}", f"{size(rate)}/s"
    else:
        much, pace = f"{done:,}/{total:,} {event['unit']}", f"{rate:,.1f} {event['unit']}/s"
    return ", ".join(part for part in (f"{event['what']} {much}{share}", pace, left, counts) if part)


def duration(seconds: float) -> str:
    """`8 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(count: float) -> str:
    """`12 B`, `3.4 MB`."""
    units = ("B", "kB", "MB", "GB", "TB")
    power = min(len(units) - 1, (len(str(int(count))) - 1) // 3)
    return f"{count:.0f} B" if power == 0 else f"{count / 1000**power:.1f} {units[power]}"
