"""The report as people read it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from affectory.quality.agreement._reliability import spearman_brown

if TYPE_CHECKING:
    from affectory.quality.agreement.report import Figure, Report

_WIDE: dict[str, tuple[str, ...]] = {
    "emotion": ("question", "measure", "value", "over items", "over raters", "items", "raters", "ratings")
}
_WIDE["rater"] = ("rater", "question", "measure", "value", "over items", "items", "pairs")
_WHY = (
    "  alpha asks whether one rater can stand for another; split-half r whether the mean of half of an item's raters",
    "  can stand for that of the others. By Spearman and Brown the one foretells the other:",
)
_SHOWN = 30


def text_of(report: "Report", by: str) -> str:
    """The figures as tables, one for each pool, with what one must know of them."""
    lines: list[str] = []
    for pool in dict.fromkeys(f.pool for f in report.figures):
        mine = [f for f in report.figures if f.pool == pool and (f.rater is not None) == (by == "rater")]
        mine = sorted(mine, key=lambda f: f.rater or "") if by == "rater" else mine
        shared = {f.about for f in mine}
        name = _Names(shared.pop() if len(shared) == 1 else "")
        given = [_row(f, by, name) for f in mine if f.value is not None]
        lines += [f"{pool} ({name.shared})" if name.shared else pool, *(_table([_WIDE[by], *given]) if given else ())]
        lines += [*_differ(mine, name), *_missing(mine, name), *_notes(report, pool), ""]
    return "\n".join(lines).rstrip() or "no ratings"


@dataclass(frozen=True)
class _Names:
    """How questions are called where what all of them are about is said above."""

    shared: str

    def of(self, f: "Figure") -> str:
        return f"{f.question} ({f.about})" if f.about != self.shared else f.question


def _row(f: "Figure", by: str, name: _Names) -> tuple[str, ...]:
    value = number(f.value or 0.0)
    if by == "rater":
        return f.rater or "", name.of(f), f.measure, value, _ends(f.items_low, f.items_high), str(f.items), str(f.pairs)
    ends = (_ends(f.items_low, f.items_high), _ends(f.raters_low, f.raters_high))
    counts = (str(f.items), "?" if f.raters is None else str(f.raters), str(f.ratings))
    return name.of(f), f.measure, value, *ends, *counts


def number(value: float) -> str:
    """A figure to three places, without the nought before the point."""
    text = f"{round(value, 3) + 0.0:.3f}"
    return text.replace("0.", ".", 1) if abs(value) < 0.9995 else text


def _ends(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{number(low)} to {number(high)}"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns side by side."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _differ(figures: "Sequence[Figure]", name: _Names) -> list[str]:
    """Why alpha is low where halves agree well: they are not asked the same."""
    halves = {(f.question, f.about): f.value for f in figures if f.measure == "split-half r"}
    rows = []
    for f in figures:
        half = halves.get((f.question, f.about))
        if half is not None and f.value is not None and f.measure == "alpha interval":
            many = f.ratings / f.items / 2
            rows.append([name.of(f), number(spearman_brown(f.value, many)), number(half), f"{many:.3g}"])
    return [*_WHY, *_table([("question", "r as alpha foretells", "r found", "ratings a half"), *rows])] if rows else []


def _missing(figures: "Sequence[Figure]", name: _Names) -> Iterator[str]:
    """Why there is no figure: one line for all of the same measures and reason."""
    measures: dict[tuple[str, str], list[str]] = {}
    for f in figures:
        if f.value is None:
            asked = f"{f.rater}: {name.of(f)}" if f.rater else name.of(f)
            measures.setdefault((asked, f.state), []).append(f.measure)
    lines: dict[tuple[str, str], list[str]] = {}
    for (asked, state), missing in measures.items():
        lines.setdefault((", ".join(missing), state), []).append(asked)
    for (absent, state), questions in lines.items():
        yield f"  no {absent} of {_some(questions)}: {state}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _notes(report: "Report", pool: str) -> Iterator[str]:
    every = {f.question for f in report.figures if f.pool == pool}
    for note in report.notes:
        if note.pool == pool:
            named = "" if set(note.questions) == every else f"{_some(note.questions)}: "
            yield f"  {named}{note.text}"
