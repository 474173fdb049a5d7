"""Continuous traces: what the trace page asks for, and what was drawn on it, as annotations of their own."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from affectory.annotation.answered import Read
from affectory.annotation.fields.trace import Trace as Asked
from affectory.annotation.found import Annotation
from affectory.annotation.proxy.home import read_raters
from affectory.annotation.server.home import Home
from affectory.annotation.shown import Shown, shown_of
from affectory.annotation.tracing.checks import answered, check_trace
from affectory.annotation.tracing.tasks import read_task, remove_task, task_of, tasks_of, usual_scale, write_task
from affectory.annotation.tracing.traces import Trace, read_traces
from affectory.pipelines.review.desk import Project
from affectory.schemas.ids import digest

Row = Mapping[str, Any]
_PSEUDONYM = re.compile(r"p_[0-9a-f]{20}")


def scales_of(project: Project) -> tuple[str, ...]:
    """What is followed over time in an interface."""
    form = project.question.forms[project.kind]
    return tuple(scale for field in form.fields if isinstance(field, Asked) for scale in field.of)


def ask_for_traces(home: Home, project: Project, asks: Mapping[str, Sequence[Row]], ids: Mapping[str, str]) -> None:
    """Put the clips of a project where the trace page finds them; `ids` are those under which the proxy has raters."""
    scales = tuple(usual_scale(name) for name in scales_of(project))
    drew = _drew(home) if scales else {}
    for number, (task, rows) in enumerate(asks.items() if scales else ()):
        raters = sorted({ids.get(row["rater"], row["rater"]) for row in rows if row["rater"]} | drew.get(task, set()))
        shown, open_to_all = shown_of(json.loads(rows[0]["shown"])), any(row["rater"] is None for row in rows)
        title = f"{project.spec.title} {number + 1}"
        made = task_of(shown, task, scales, title, raters=None if open_to_all else tuple(raters), order=number)
        if made is not None:
            write_task(home.folder, made)


def ask_no_more(home: Home, tasks: Container[str], asked: Container[str]) -> None:
    """Of our tasks show those no more that nobody is asked; who submitted a trace of one before was asked it."""
    closed = [task for task in tasks_of(home.folder) if task.uid in tasks and task.uid not in asked]
    drew = _drew(home) if closed else {}
    for task in closed:
        if task.uid in drew:
            write_task(home.folder, replace(task, raters=tuple(sorted(drew[task.uid]))))
        else:
            remove_task(home.folder, task.uid)


def _drew(home: Home) -> Mapping[str, set[str]]:
    """Of each task who submitted a trace, as the page knows them."""
    found: dict[str, set[str]] = defaultdict(set)
    for trace in read_traces(home.folder):
        if trace.state == "finished":
            found[trace.task].add(trace.rater)
    return found


def drawn(home: Home, tasks: Container[str], pseudonym: Callable[[str], str]) -> Iterator[tuple[Annotation, str]]:
    """Every trace of our tasks that was submitted, with its rater; each scale is an annotation of its own."""
    called = _called(home, pseudonym)
    for trace in read_traces(home.folder):
        if trace.state == "finished" and trace.task in tasks:
            rater = called(trace.rater)
            number = int(digest(trace.task, rater, trace.scale)[:15], 16)
            result = ({"scale": trace.scale, "revision": trace.revision, "samples": len(trace.samples)},)
            yield Annotation(number, 0, trace.task, "", "stored", trace.finished, trace.spent_s, result), rater


def _called(home: Home, pseudonym: Callable[[str], str]) -> Callable[[str], str]:
    """What a rater is called in our ledgers. The proxy says its own id of them; where the page itself asked who is
    there, people gave their names."""
    emails = {rater.id: email for email, rater in read_raters(home.folder).items()}
    return lambda name: pseudonym(emails[name]) if name in emails else _plain(name, pseudonym)


def _plain(name: str, pseudonym: Callable[[str], str]) -> str:
    return name if _PSEUDONYM.fullmatch(name) else pseudonym(name)


def read_drawn(home: Home, traces: Mapping[tuple[str, str, str], Trace], row: Row, shown: Shown) -> Read:
    """What a trace says, where nothing speaks against it."""
    scale = json.loads(row["result"])[0]["scale"]
    trace, task = traces.get((row["task"], row["rater"], scale)), read_task(home.folder, row["task"])
    if trace is None or task is None:
        return Read(problems=("what was drawn is in the home of the review no more",))
    if problems := check_trace(trace, task):
        return Read(problems=tuple(problems))
    said = answered(trace, task)
    return Read((replace(said, question=f"{row['question']}: {said.question}"),))


def traces_by_key(home: Home, pseudonym: Callable[[str], str]) -> dict[tuple[str, str, str], Trace]:
    """The newest submitted trace of each task, rater and scale."""
    found = sorted((t for t in read_traces(home.folder) if t.state == "finished"), key=lambda t: t.revision)
    called = _called(home, pseudonym)
    return {(trace.task, called(trace.rater), trace.scale): trace for trace in found}
