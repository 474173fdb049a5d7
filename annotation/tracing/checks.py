"""Whether a trace can be believed, and what it says as an answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import median

from affectory.annotation.answered import Answered
from affectory.annotation.tracing.tasks import LEAST_HZ, Scale, TraceTask
from affectory.annotation.tracing.traces import Trace

LEAST_COVERED = 0.9
LONGEST_STEP_US = 250_000
"""A value says nothing of what comes later than this after it, if no other follows."""
_JUMP, _MOST_JUMPS = 0.5, 0.05
"""Share of the scale that a hand crosses in one step of 40 ms at most; share of steps that may be larger."""
_STEP_US = 40_000
_LEAST_WALL, _WALL_SLACK_S = 0.9, 2.0
"""Share of what was traced that must have passed on the clock, and seconds by which the first save is late."""


@dataclass(frozen=True)
class _Steps:
    """The time from each sample to the next, and by how much the value moved."""

    lasting: list[int]
    moved: list[float]

    @property
    def covered_us(self) -> int:
        return sum(step for step in self.lasting if 0 < step <= LONGEST_STEP_US)


def check_trace(trace: Trace, task: TraceTask) -> list[str]:
    """Everything that speaks against a trace, in words; an empty list if nothing does."""
    scale = task.scale(trace.scale)
    if trace.task != task.uid or scale is None:
        return [f"it is of {trace.task}/{trace.scale}, not of this task"]
    if not task.open_to(trace.rater):
        return ["its rater was not asked"]
    if len(trace.samples) < 2:
        return ["it has no samples"]
    return list(_problems(trace, task, scale))


def _problems(trace: Trace, task: TraceTask, scale: Scale) -> Iterator[str]:
    steps = _steps(trace)
    values = [value for _, value in trace.samples]
    if trace.state != "finished":
        yield "it was not submitted"
    if any(step <= 0 for step in steps.lasting):
        yield "its times do not rise"
    if not all(scale.low <= value <= scale.high for value in values):
        yield f"it has values outside the scale from {scale.low:g} to {scale.high:g}"
    yield from _uncovered(steps, task)
    if (hz := 1e6 / max(median(steps.lasting), 1)) < LEAST_HZ * 0.99:
        yield f"it has {hz:.1f} values a second, fewer than {LEAST_HZ:g}"
    if all(value == scale.middle for value in values):
        yield "the slider was not touched"
    yield from _too_fast(trace, steps, scale)


def _steps(trace: Trace) -> _Steps:
    pairs = list(pairwise(trace.samples))
    return _Steps([b - a for (a, _), (b, _) in pairs], [abs(b - a) for (_, a), (_, b) in pairs])


def _uncovered(steps: _Steps, task: TraceTask) -> Iterator[str]:
    """A clip whose length nobody told cannot be held against a trace."""
    share = steps.covered_us / (task.duration_s * 1e6) if task.duration_s else 1.0
    if share < LEAST_COVERED:
        yield f"it covers {share:.0%} of the clip, less than {LEAST_COVERED:.0%}"


def _too_fast(trace: Trace, steps: _Steps, scale: Scale) -> Iterator[str]:
    most = _JUMP * (scale.high - scale.low)
    pairs = zip(steps.lasting, steps.moved, strict=True)
    jumps = sum(moved > most * max(1.0, lasting / _STEP_US) for lasting, moved in pairs)
    if jumps > max(2, _MOST_JUMPS * len(steps.moved)):
        yield f"it jumps {jumps} times across half of the scale"
    if trace.started and trace.finished:
        passed = datetime.fromisoformat(trace.finished) - datetime.fromisoformat(trace.started)
        if (wall_s := passed.total_seconds() + _WALL_SLACK_S) < _LEAST_WALL * steps.covered_us / 1e6:
            yield f"{steps.covered_us / 1e6:.0f} s of the clip were traced in {wall_s:.0f} s"


def answered(trace: Trace, task: TraceTask) -> Answered:
    """The trace as a judgement, with times of the record; where nothing was sampled for long there is a null."""
    asked = {"question": trace.scale, "labels": [trace.scale], "response": "trace"}
    return Answered(trace.scale, asked, {"trace": list(_points(trace, task.start_us))})


def _points(trace: Trace, start_us: int) -> Iterator[dict[str, float | int | None]]:
    usual = round(median(_steps(trace).lasting)) if len(trace.samples) > 1 else 0
    for (at_us, value), after in zip(trace.samples, [*trace.samples[1:], None], strict=True):
        yield {"at_us": start_us + at_us, "value": value}
        if after is not None and after[0] - at_us > LONGEST_STEP_US:
            yield {"at_us": start_us + at_us + usual, "value": None}
