"""The state of a review as people read it in a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from affectory.annotation.status.agreeing import Agreed
from affectory.annotation.status.columns import plain
from affectory.annotation.status.progress import Count, Progress
from affectory.annotation.status.reliability import Rater
from affectory.annotation.status.times import Took

if TYPE_CHECKING:
    from affectory.annotation.status.figures import Status

WIDTH = 120
_NAME, _ROWS, _REASONS = 24, 40, 8
_NONE = "-"


def text_of(status: "Status") -> str:
    """Progress, time, agreement, raters, and what was put aside; no line is longer than `WIDTH`."""
    parts = (
        _progress(status.progress),
        _times(status),
        _agreement(status),
        _raters(status.reliability.raters),
        _refused(status),
    )
    lines = [line for part in parts for line in (*part, "")]
    title = [plain(status.title)] if status.title else []
    return "\n".join(_short(line.rstrip(), WIDTH) for line in (*title, *lines)).rstrip()


def _progress(progress: Progress) -> Iterator[str]:
    head = ["", "asked", "answered", "declined", "put aside", "left", "closed", "taken back"]
    yield "Progress"
    rows = [head, _count(progress.total)]
    for name, counts in (("set", progress.questions), ("kind", progress.kinds), ("purpose", progress.purposes)):
        rows += [_count(count, f"{name} {count.name}") for count in counts]
    yield from aligned(rows)
    for words, reasons in (
        ("declined", progress.declined),
        ("put aside", progress.refused),
        ("closed", progress.closed),
    ):
        if reasons:
            yield f"  {words}: {_reasons(reasons)}"
    if progress.beyond:
        yield f"  {progress.beyond:,} answers beyond what was asked, of others than were asked"
    yield f"  {progress.ending.text}"


def _count(count: Count, name: str = "") -> list[str]:
    numbers = (count.asked, count.answered, count.declined, count.refused, count.left, count.closed, count.retracted)
    return [_short(plain(name or count.name), _NAME), *(f"{number:,}" for number in numbers)]


def _reasons(reasons: Mapping[str, int]) -> str:
    told = [f"{_short(plain(reason or 'no reason given'), 60)} ({many:,})" for reason, many in reasons.items()]
    more = [f"{len(told) - _REASONS} more"] if len(told) > _REASONS else []
    return ", ".join([*told[:_REASONS], *more])


def _times(status: "Status") -> Iterator[str]:
    yield "Seconds an item"
    total = status.times.total
    if total is None:
        yield "  no time is known"
        return
    rows = [(total, "all"), *((took, f"kind {took.name}") for took in status.times.kinds)]
    yield from aligned([["", "answers", "median", "nine of ten under"], *(_took(took, name) for took, name in rows)])


def _took(took: Took, name: str) -> list[str]:
    return [_short(plain(name), _NAME), f"{took.count:,}", f"{took.median_s:.1f}", f"{took.p90_s:.1f}"]


def _agreement(status: "Status") -> Iterator[str]:
    yield "Agreement of people"
    told = [figure for figure in status.agreement.figures if figure.value is not None]
    head = ["set", "about", "question", "measure", "value", "95 %", "items", "raters", "ratings"]
    if told:
        yield from aligned([head, *(_agreed(figure) for figure in told)])
    for state, names in why_none(status.agreement.figures).items():
        yield from folded(f"none yet of {'; '.join(names)}: {state}")
    if not status.agreement.figures:
        yield "  no answers yet"
    for note in status.agreement.notes:
        yield from folded(plain(note))


def why_none(figures: Sequence[Agreed]) -> dict[str, list[str]]:
    """Where there is no figure, why, and of which questions."""
    found: dict[str, list[str]] = {}
    for figure in figures:
        if figure.value is None:
            names = found.setdefault(figure.state, [])
            of = "" if figure.set == "main" else f"{figure.set}: "
            name = plain(f"{of}{figure.question} ({figure.about})")
            names += [] if name in names else [name]
    return found


def _agreed(figure: Agreed) -> list[str]:
    ends = f"{figure.low:.2f} to {figure.high:.2f}" if figure.low is not None and figure.high is not None else _NONE
    names = (figure.set, figure.about, figure.question)
    value = _NONE if figure.value is None else f"{figure.value:.3f}"
    counts = (figure.items, figure.raters or 0, figure.ratings)
    return [*(_short(plain(name), _NAME) for name in names), figure.measure, value, ends, *(f"{n:,}" for n in counts)]


def _raters(raters: Sequence[Rater]) -> Iterator[str]:
    yield "Raters"
    head = [
        "rater",
        "answered",
        "left",
        "median s",
        "known answers",
        "same again",
        "agreement",
        "of others",
        "attention",
    ]
    if not raters:
        yield "  nobody"
        return
    yield from aligned([head, *(_rater(rater) for rater in raters[:_ROWS])])
    if len(raters) > _ROWS:
        yield f"  and {len(raters) - _ROWS} more: --json and the page have all"
    for rater in raters:
        if rater.concerns:
            yield from folded(f"look at {rater.rater}: {'; '.join(map(plain, rater.concerns))}")
    yield "  Agreement with others is for information: who sees things as few others do is not suspected for it."


def _rater(rater: Rater) -> list[str]:
    known = f"{rater.hits}/{rater.known}" if rater.known else _NONE
    if rater.hits_low is not None and rater.hits_high is not None:
        known += f" ({rater.hits_low:.2f} to {rater.hits_high:.2f})"
    again = f"{rater.same_again:.2f} of {rater.again}" if rater.same_again is not None else _NONE
    shares = (rater.agreement, rater.agreement_of_others, rater.attention)
    median = _NONE if rater.median_s is None else f"{rater.median_s:.1f}"
    name = f"{_short(rater.rater, 16)} {rater.relation}".strip()
    return [name, f"{rater.answered:,}", f"{rater.left:,}", median, known, again, *map(share, shares)]


def share(value: float | None) -> str:
    """A share to two places."""
    return _NONE if value is None else f"{value:.2f}"


def _refused(status: "Status") -> Iterator[str]:
    if not status.refused:
        return
    yield f"Put aside ({len(status.refused):,}): not taken, and not lost"
    for row in status.refused[:_ROWS]:
        yield f"  {row.question}  {_short(row.rater, 16)}  {row.why}"
        if row.link:
            yield f"    {row.link}"
    if len(status.refused) > _ROWS:
        yield f"  and {len(status.refused) - _ROWS} more: --refused FILE writes all"


def folded(text: str) -> Iterator[str]:
    """A long line on several."""
    from textwrap import wrap

    yield from wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns side by side: the first to the left, numbers to the right."""
    used = [n for n in range(len(rows[0])) if any(row[n] not in ("", _NONE) for row in rows[1:])]
    widths = {n: max(len(row[n]) for row in rows) for n in used}
    right = {n for n in used if all(_is_number(row[n]) for row in rows[1:])}
    for row in rows:
        cells = (row[n].rjust(widths[n]) if n in right else row[n].ljust(widths[n]) for n in used)
        yield "  " + "  ".join(cells).rstrip()


def _is_number(cell: str) -> bool:
    return cell == _NONE or cell.replace(",", "").replace(".", "").lstrip("-").isdigit()
