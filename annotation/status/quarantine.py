"""Answers that were put aside: which, why, and where to look at them."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime

import numpy as np

from affectory.annotation.status.columns import plain
from affectory.annotation.status.inputs import Project
from affectory.annotation.status.matching import UNKNOWN, Asks, Returns

_FORMULA = ("=", "+", "-", "@")
"""A sheet takes a cell that begins so for a formula."""


@dataclass(frozen=True)
class PutAside:
    """One answer that was not taken; `link` leads to its task, for those who lead the review."""

    question: str
    kind: str
    sample: str
    task: str
    number: int | None
    """Of the task in Label Studio."""
    rater: str
    why: str
    at: str
    spent_s: float | None
    link: str


def put_aside(asks: Asks, returns: Returns, projects: Mapping[Project, str]) -> tuple[PutAside, ...]:
    """Answers that are refused as they are now, by set of questions and time."""
    rows = np.flatnonzero(returns.verdict == "refused").tolist()
    found = [_put_aside(row, asks, returns, projects) for row in rows]
    return tuple(sorted(found, key=lambda one: (one.question, one.at, one.task, one.rater)))


def _put_aside(row: int, asks: Asks, returns: Returns, projects: Mapping[Project, str]) -> PutAside:
    ask, spent, number = int(returns.ask[row]), float(returns.spent_s[row]), returns.number[row]
    at = int(number) if np.isfinite(number) else None
    known = ask >= 0
    kind, decides = (asks.kind[ask], asks.purpose[ask] == "adjudication") if known else (UNKNOWN, False)
    return PutAside(
        question=returns.question[row],
        kind=kind,
        sample=asks.sample[ask] if known else UNKNOWN,
        task=returns.task[row],
        number=at,
        rater=returns.rater[row],
        why=plain(returns.why[row] or UNKNOWN),
        at=_when(float(returns.began[row])),
        spent_s=spent if np.isfinite(spent) else None,
        link=_link(projects.get((returns.question[row], kind, decides), ""), at),
    )


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M") if np.isfinite(seconds) else ""


def _link(project: str, number: int | None) -> str:
    """To the task in the Data Manager; none where nobody said where the project is."""
    known = project.startswith(("http://", "https://")) and number is not None
    return f"{project.rstrip('/')}/data?task={number}" if known else ""


def as_csv(rows: Sequence[PutAside]) -> str:
    """The rows as CSV, safe to open in a sheet."""
    file = io.StringIO()
    writer = csv.DictWriter(file, [f.name for f in fields(PutAside)], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in asdict(row).items()} for row in rows)
    return file.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
