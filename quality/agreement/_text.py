"""The report as people read it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from affectory.quality.agreement._reliability import spearman_brown

if TYPE_CHECKING:
    from affectory.quality.agreement.report import Figure, Report

_WIDE = {"emotion": ("question", "measure", "value", "over items", "over raters", "items", "raters", "ratings")}
_WIDE["rater"] = ("rater", "question", "measure", "value", "items", "pairs")
_WHY = (
    "  alpha asks whether one rater can stand for another; split-half r whether the mean of half of an item's raters can",
    "  stand for that of the others. By Spearman and Brown the one foretells the other:",
)


def text_of(report: "Report", by: str) -> str:
    """The figures as tables, one for each pool, with what one must know of them."""
    lines: list[str] = []
    for pool in dict.fromkeys(f.pool for f in report.figures):
        mine = [f for f in report.figures if f.pool == pool and (f.rater is not None) == (by == "rater")]
        mine = sorted(mine, key=lambda f: f.rater or "") if by == "rater" else mine
        lines += [pool, *_table([_WIDE[by], *(_row(f, by) for f in mine)])] if mine else []
        lines += [*_differ(mine), *_missing(mine), *_notes(report, pool), ""]
    return "\n".join(lines).rstrip() or "no ratings"


def _row(f: "Figure", by: str) -> tuple[str, ...]:
    value = "none" if f.value is None else number(f.value)
    if by == "rater":
        return f.rater or "", _asked(f), f.measure, value, str(f.items), str(f.pairs)
    ends = (_ends(f.items_low, f.items_high), _ends(f.raters_low, f.raters_high))
    counts = (str(f.items), "?" if f.raters is None else str(f.raters), str(f.ratings))
    return _asked(f), f.measure, value, *ends, *counts


def _asked(f: "Figure") -> str:
    return f"{f.question} ({f.about})" if f.about else f.question


def number(value: float) -> str:
    """A figure to three places, without the nought before the point."""
    text = f"{value:.3f}"
    return text.replace("0.", ".", 1) if abs(value) < 0.9995 else text


def _ends(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{number(low)} to {number(high)}"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns side by side."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _differ(figures: "Sequence[Figure]") -> list[str]:
    """Why alpha is low where halves agree well: they are not asked the same."""
    halves = {(f.question, f.about): f.value for f in figures if f.measure == "split-half r"}
    rows = []
    for f in figures:
        half = halves.get((f.question, f.about))
        if half is not None and f.value is not None and f.measure in ("alpha ordinal", "alpha interval"):
            many = f.ratings / f.items / 2
            rows.append([_asked(f), number(spearman_brown(f.value, many)), number(half), f"{many:.3g}"])
    return [*_WHY, *_table([("question", "r as alpha foretells", "r found", "ratings a half"), *rows])] if rows else []


def _missing(figures: "Sequence[Figure]") -> Iterator[str]:
    """Why there is no figure."""
    states: dict[tuple[str, str], list[str]] = {}
    for f in figures:
        if f.value is None:
            states.setdefault((f.measure, f.state), []).append(_asked(f))
    for (measure, state), asked in states.items():
        yield f"  no {measure} of {', '.join(dict.fromkeys(asked))}: {state}"


def _notes(report: "Report", pool: str) -> Iterator[str]:
    every = {f.question for f in report.figures if f.pool == pool}
    for note in report.notes:
        if note.pool == pool:
            named = "" if set(note.questions) == every else f"{', '.join(note.questions)}: "
            yield f"  {named}{note.text}"
