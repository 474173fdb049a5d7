"""Traces as they were saved: every save is a line of a file, and what they add up to is the trace."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

State = Literal["draft", "finished"]
Moment = Annotated[int, Field(ge=0, le=86_400_000_000)]
Value = Annotated[float, Field(allow_inf_nan=False)]
Sample = tuple[Moment, Value]

MOST_SAMPLES, MOST_GAPS = 4_000, 200
"""At most in one save; a page saves every second."""


@dataclass(frozen=True)
class Gap:
    """Where nothing was sampled: the clip stood still for `wall_ms` until it could go on, or pictures were left out."""

    at_us: Moment
    until_us: Moment
    wall_ms: Annotated[int, Field(ge=0, le=86_400_000)]


@dataclass(frozen=True)
class Save:
    """What is new since the last save; samples from `cut_us` on are taken back first.

    `seq` counts the saves of a revision and `session` tells one page from another: a save that comes again is the same
    save, one of another page is a conflict.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    session: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{8,64}$")]
    revision: Annotated[int, Field(ge=0, le=1000)]
    seq: Annotated[int, Field(ge=0, le=10_000_000)]
    cut_us: Moment | None = None
    samples: Annotated[tuple[Sample, ...], Field(max_length=MOST_SAMPLES)] = ()
    gaps: Annotated[tuple[Gap, ...], Field(max_length=MOST_GAPS)] = ()
    spent_ms: Annotated[int, Field(ge=0, le=120_000)] = 0
    finished: bool = False


SAVES: TypeAdapter[Save] = TypeAdapter(Save)


@dataclass(frozen=True)
class Trace:
    """One pass of a rater over a clip: values with the time of the clip (microseconds) at which they were true."""

    task: str
    rater: str
    scale: str
    revision: int
    state: State
    samples: tuple[tuple[int, float], ...]
    gaps: tuple[Gap, ...] = ()
    started: str = ""
    """When it was saved first, ISO 8601 in UTC."""
    finished: str = ""
    spent_s: float = 0.0
    corrections: int = 0
    """How often the rater went back and traced anew from there."""


@dataclass
class Pass:
    """What the saves of one revision add up to so far."""

    revision: int
    sessions: list[str] = field(default_factory=list)
    times: "array[int]" = field(default_factory=lambda: array("q"))
    values: "array[float]" = field(default_factory=lambda: array("d"))
    gaps: list[Gap] = field(default_factory=list)
    started: str = ""
    finished: str = ""
    spent_ms: int = 0
    corrections: int = 0

    def has(self, save: Save) -> bool:
        """Whether this very save is in it already."""
        return save.seq < len(self.sessions) and self.sessions[save.seq] == save.session

    def add(self, save: Save, at: str) -> None:
        """Take what a save says; it must be the next one."""
        self.sessions.append(save.session)
        if save.cut_us is not None:
            self._cut(save.cut_us)
        self.times.extend(time for time, _ in save.samples)
        self.values.extend(value for _, value in save.samples)
        self.gaps += save.gaps
        self.spent_ms += save.spent_ms
        self.started = self.started or at
        self.finished = at if save.finished else ""

    def kept(self, cut_us: int | None) -> int:
        """How many samples stay, once what lies after is taken back."""
        return len(self.times) if cut_us is None else bisect_left(self.times, cut_us)

    def _cut(self, from_us: int) -> None:
        stay = self.kept(from_us)
        del self.times[stay:], self.values[stay:]
        self.gaps = [gap for gap in self.gaps if gap.at_us < from_us]
        self.corrections += 1

    def trace(self, task: str, rater: str, scale: str) -> Trace:
        """As others see it."""
        return Trace(
            task=task,
            rater=rater,
            scale=scale,
            revision=self.revision,
            state="finished" if self.finished else "draft",
            samples=tuple(zip(self.times, self.values, strict=True)),
            gaps=tuple(self.gaps),
            started=self.started,
            finished=self.finished,
            spent_s=self.spent_ms / 1000,
            corrections=self.corrections,
        )


def passes_of(lines: Iterable[bytes]) -> list[Pass]:
    """All revisions that the lines of a file add up to; a line that a crash cut short says nothing."""
    passes: list[Pass] = []
    for line in lines:
        read = read_line(line)
        if read is None:
            continue
        save, at, _ = read
        if not passes or save.revision == passes[-1].revision + 1:
            passes.append(Pass(save.revision))
        if save.revision == passes[-1].revision and save.seq == len(passes[-1].sessions):
            passes[-1].add(save, at)
    return passes


def read_line(line: bytes) -> tuple[Save, str, Mapping[str, str]] | None:
    """A save, when it came, and what it is of."""
    try:
        read = _LINES.validate_json(line)
    except ValidationError:
        return None
    return read.save, read.at, {"task": read.task, "rater": read.rater, "scale": read.scale}


@dataclass(frozen=True)
class _Line:
    task: str
    rater: str
    scale: str
    at: str
    save: Save


_LINES: TypeAdapter[_Line] = TypeAdapter(_Line)


def written(of: Mapping[str, str], at: str, save: Save) -> bytes:
    """A save as a line."""
    return _LINES.dump_json(_Line(**of, at=at, save=save)) + b"\n"


def saved_in(home: Path) -> Path:
    """Where saves lie."""
    return home / "traces" / "saved"


def read_traces(home: Path) -> Iterator[Trace]:
    """Every pass of every rater, revision after revision; a draft is one that its rater has not submitted."""
    for path in sorted(saved_in(home).glob("*/*/*.jsonl")):
        lines = path.read_bytes().splitlines()
        of: Mapping[str, Any] | None = next((read[2] for line in lines if (read := read_line(line))), None)
        if of is not None:
            yield from (one.trace(**of) for one in passes_of(lines))
