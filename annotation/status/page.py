"""The state of a review as one page that needs nothing else: no script, no font, no request."""

from pathlib import Path
from typing import Any

from affectory.annotation.status import drawing
from affectory.annotation.status.figures import Status
from affectory.annotation.status.matching import STATES
from affectory.annotation.status.progress import Count
from affectory.annotation.status.reliability import Rater
from affectory.annotation.status.text import share, why_none
from affectory.quality.html_pages import html_templates

MOST_ROWS = 500
"""So many answers that were put aside are listed; the CSV has all."""
_ALPHA = (-0.2, 1.0)
_ENOUGH = (0.667, 0.8)
"""Krippendorff: below .667 nothing should be concluded, from .8 on much may be."""


def page(status: Status) -> str:
    """The page as HTML."""
    environment = html_templates(Path(__file__).parent / "templates")
    # What these draw is of numbers, and of words that they escape: the template takes it as it is.
    drawn = {name: getattr(drawing, name) for name in ("stacked", "interval", "bar", "columns", "line")}
    told = {"status": status, "sets": _sets(status), "silent": why_none(status.agreement.figures)}
    template = environment.get_template("status.html.jinja")
    return template.render(**drawn, **told, states=_states, words=_WORDS, share=share, most=_slowest(status),
                           pace=_pace, alpha=_ALPHA, enough=_ENOUGH, rows=MOST_ROWS)  # fmt: skip


_WORDS = {"answered": "answered", "declined": "declined", "refused": "put aside", "left": "left", "closed": "closed"}


def _states(count: Count) -> list[tuple[str, int]]:
    return [(state, getattr(count, state)) for state in STATES]


def _sets(status: Status) -> dict[str, list[Any]]:
    """What can be told of agreement, by set of questions and what it is about."""
    found: dict[str, list[Any]] = {}
    for figure in status.agreement.figures:
        if figure.value is not None:
            name = f"{figure.set}: {figure.about}" if figure.about else figure.set
            found.setdefault(name, []).append(figure)
    return found


def _slowest(status: Status) -> float:
    return max((took.p90_s for took in status.times.kinds), default=1.0)


def _pace(rater: Rater) -> str:
    """In words what the line shows."""
    told = ", ".join(f"{value:.2f}" for value in rater.pace)
    return f"time against what is usual, from first to last: {told}"
