"""Continuous traces: what the trace page asks for, and what was drawn on it, as annotations of their own."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from affectory.annotation.answered import Read
from affectory.annotation.fields.trace import Trace as Asked
from affectory.annotation.found import Annotation
from affectory.annotation.server.home import Home
from affectory.annotation.shown import Shown, shown_of
from affectory.annotation.tracing.checks import answered, check_trace
from affectory.annotation.tracing.tasks import read_task, task_of, usual_scale, write_task
from affectory.annotation.tracing.traces import Trace, read_traces
from affectory.pipelines.review.desk import Project
from affectory.schemas.ids import digest

Row = Mapping[str, Any]


def scales_of(project: Project) -> tuple[str, ...]:
    """What is followed over time in an interface."""
    form = project.question.forms[project.kind]
    return tuple(scale for field in form.fields if isinstance(field, Asked) for scale in field.of)


def ask_for_traces(home: Home, project: Project, asks: Mapping[str, Sequence[Row]]) -> None:
    """Put the clips of a project where the trace page finds them."""
    scales = tuple(usual_scale(name) for name in scales_of(project))
    for number, (task, rows) in enumerate(asks.items() if scales else ()):
        raters = sorted({row["rater"] for row in rows if row["rater"]})
        shown, open_to_all = shown_of(json.loads(rows[0]["shown"])), any(row["rater"] is None for row in rows)
        title = f"{project.spec.title} {number + 1}"
        made = task_of(shown, task, scales, title, raters=None if open_to_all else tuple(raters), order=number)
        if made is not None:
            write_task(home.folder, made)


def drawn(home: Home) -> Iterator[tuple[Annotation, str]]:
    """Every trace that was submitted, with its rater; each scale is an annotation of its own."""
    for trace in read_traces(home.folder):
        if trace.state == "finished":
            number = int(digest(trace.task, trace.rater, trace.scale)[:15], 16)
            result = ({"scale": trace.scale, "revision": trace.revision, "samples": len(trace.samples)},)
            yield Annotation(number, 0, trace.task, "", "stored", trace.finished, trace.spent_s, result), trace.rater


def read_drawn(home: Home, traces: Mapping[tuple[str, str, str], Trace], row: Row, shown: Shown) -> Read:
    """What a trace says, where nothing speaks against it."""
    scale = json.loads(row["result"])[0]["scale"]
    trace, task = traces.get((row["task"], row["rater"], scale)), read_task(home.folder, row["task"])
    if trace is None or task is None:
        return Read(problems=("what was drawn is in the home of the review no more",))
    if problems := check_trace(trace, task):
        return Read(problems=tuple(problems))
    return Read((answered(trace, task),))


def traces_by_key(home: Home) -> dict[tuple[str, str, str], Trace]:
    """The newest submitted trace of each task, rater and scale."""
    found = (trace for trace in read_traces(home.folder) if trace.state == "finished")
    return {(trace.task, trace.rater, trace.scale): trace for trace in sorted(found, key=lambda t: t.revision)}
