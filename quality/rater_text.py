"""What is told of raters, in lines for people."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

SHOWN = 20


def rater_lines(report: pa.Table, limit: int = SHOWN) -> list[str]:
    """Those with the least attention first; how many there are in all."""
    rows = report.sort_by([("attention", "ascending"), ("rater", "ascending")]).to_pylist()
    lines = [f"{len(rows)} raters" + (f", the {limit} with the least attention" if len(rows) > limit else "")]
    head = ["rater", "judgements", "samples", "agreement", "of others", "seconds", "attention", "why"]
    cells = [_rater(row) for row in rows[:limit]]
    return [*lines, *_aligned([head, *cells])] if rows else ["no raters: there are no opinions of persons"]


def shift_lines(shift: pa.Table) -> list[str]:
    """How far labels move, and from whom, where raters are weighed by their attention."""
    head = ["group", "raters", "judgements", "labels move", "away from it", ""]
    cells = [
        [
            row["group"],
            row["raters"],
            row["judgements"],
            _share(row["moved"]),
            _signed(row["shift"]),
            row["state"] or "",
        ]
        for row in shift.to_pylist()
    ]
    return _aligned([head, *cells]) if cells else []


def _rater(row: dict[str, Any]) -> list[Any]:
    seconds = "-" if row["median_s"] is None else f"{row['median_s']:.1f}"
    shares = (_share(row[name]) for name in ("agreement", "agreement_of_others"))
    return [
        row["rater"],
        row["judgements"],
        row["samples"],
        *shares,
        seconds,
        _share(row["attention"]),
        row["why"] or "",
    ]


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.3f}"


def _aligned(rows: Sequence[Sequence[Any]]) -> list[str]:
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in texts]
