"""What speaks against a trace, and what it says as an answer."""

from dataclasses import replace
from math import sin
from typing import Any

import pytest
from support.tracing import FRAME_US, SECONDS, VALENCE, task

from affectory.annotation.tracing.checks import answered, check_trace
from affectory.annotation.tracing.tasks import TraceTask
from affectory.annotation.tracing.traces import Trace

GOOD = tuple((n * FRAME_US, sin(n / 20)) for n in range(125))
STARTED, FINISHED = "2026-03-01T10:00:01+00:00", "2026-03-01T10:00:06+00:00"


def trace(samples: tuple[tuple[int, float], ...] = GOOD, **given: Any) -> Trace:
    of = {"task": "video", "rater": "ann", "scale": "valence", "revision": 0, "state": "finished"}
    return Trace(**{**of, "samples": samples, "started": STARTED, "finished": FINISHED, **given})


@pytest.mark.parametrize("kept", [GOOD, GOOD[:114], GOOD[::2], GOOD[:50] + GOOD[60:]])
def test_a_good_trace_has_no_problems(kept: tuple[tuple[int, float], ...]) -> None:
    assert check_trace(trace(kept), task()) == []


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (trace(GOOD[:100]), "it covers 79% of the clip, less than 90%"),
        (trace(GOOD[:50] + GOOD[80:]), "it covers 74% of the clip, less than 90%"),
        (trace(GOOD[::4]), "it has 6.2 values a second, fewer than 10"),
        (trace(tuple((at, 0.0) for at, _ in GOOD)), "the slider was not touched"),
        (trace(()), "it has no samples"),
        (trace(tuple((at, 3 * value) for at, value in GOOD)), "it has values outside the scale from -1 to 1"),
        (trace(tuple((n * FRAME_US, (-1.0) ** n) for n in range(125))), "it jumps 124 times across half of the scale"),
        (trace(finished="2026-03-01T10:00:02+00:00"), "5 s of the clip were traced in 3 s"),
        (trace(state="draft"), "it was not submitted"),
        (trace((*GOOD, GOOD[0])), "its times do not rise"),
        (trace(task="other"), "it is of other/valence, not of this task"),
        (trace(scale="anger"), "it is of video/anger, not of this task"),
        (trace(rater="ben"), "its rater was not asked"),
    ],
)  # fmt: skip
def test_each_problem_is_told_alone(wrong: Trace, problem: str) -> None:
    assert check_trace(wrong, task(raters=("ann",))) == [problem]


@pytest.mark.parametrize("known", [task(duration_s=None), task(scales=(replace(VALENCE, low=-2, high=2),))])
def test_what_nobody_knows_is_not_held_against_it(known: TraceTask) -> None:
    assert check_trace(trace(), known) == []


def test_an_answer_has_times_of_the_record() -> None:
    said = answered(trace(), task(start_us=7_000_000))
    assert said.asked == {"question": "valence", "labels": ["valence"], "response": "trace"}
    assert said.answer["trace"][0] == {"at_us": 7_000_000, "value": 0.0}
    assert said.answer["trace"][-1] == {"at_us": 7_000_000 + GOOD[-1][0], "value": GOOD[-1][1]}
    assert len(said.answer["trace"]) == SECONDS * 25


def test_where_nothing_was_sampled_an_answer_has_no_value() -> None:
    points = answered(trace(GOOD[:50] + GOOD[60:]), task()).answer["trace"]
    assert points[50] == {"at_us": 50 * FRAME_US, "value": None}
    assert points[51]["at_us"] == 60 * FRAME_US
