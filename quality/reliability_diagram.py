"""Reliability diagrams: what was said against what turned out to be correct, as a chart and as text."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa


@dataclass(frozen=True)
class ReliabilityDiagram:
    """A picture of a table from `affectory.quality.calibration.reliability`."""

    table: pa.Table
    title: str = "Is what was said so sure correct so often?"

    def chart(self) -> Any:
        """An Altair chart: bins with their intervals, their sizes as points, and the line of perfect calibration.

        Mid-tone colours and no background, so that it can be read on a light page and on a dark one.
        """
        import altair as alt

        bins = alt.Chart(alt.InlineData(values=self._rows()))
        said = alt.X("confidence:Q", title="confidence", scale=alt.Scale(domain=[0, 1]))
        tips = [alt.Tooltip(f"{name}:Q", format=".3f") for name in ("confidence", "correct")]
        intervals = bins.mark_rule(color="#888").encode(said, alt.Y("correct_low:Q"), alt.Y2("correct_high:Q"))
        points = bins.mark_circle(color="#3b82c4", opacity=1).encode(
            said,
            alt.Y("correct:Q", title="share correct", scale=alt.Scale(domain=[0, 1])),
            alt.Size("count:Q", title="items", scale=alt.Scale(range=[30, 300])),
            tooltip=[*tips, alt.Tooltip("count:Q", title="items")],
        )
        ends = alt.InlineData(values=[{"x": 0, "y": 0}, {"x": 1, "y": 1}])
        ideal = alt.Chart(ends).mark_line(color="#888", strokeDash=[4, 4]).encode(alt.X("x:Q"), alt.Y("y:Q"))
        grey = {"labelColor": "#888", "titleColor": "#888", "gridColor": "#8884", "domainColor": "#888"}
        both = alt.layer(ideal, intervals, points, title=self.title).properties(width=320, height=320)
        plain = both.configure(background="transparent").configure_axis(**grey, tickColor="#888")
        return plain.configure_title(color="#888").configure_legend(labelColor="#888", titleColor="#888")

    def as_text(self, width: int = 40) -> str:
        """A line for each bin: a bar as long as the share that is correct, `|` where it should end."""
        head = f"{'confidence':<13}{'correct':<{width + 3}}{'share':>6}{'items':>9}"
        return "\n".join([head, *(_line(row, width) for row in self.table.to_pylist())])

    def _rows(self) -> list[dict[str, Any]]:
        return [row for row in self.table.to_pylist() if row["count"]]


def _line(row: dict[str, Any], width: int) -> str:
    name = f"{row['low']:.2f} - {row['high']:.2f}"
    if not row["count"]:
        return f"{name:<13}{'':<{width + 3}}{'-':>6}{0:>9}"
    bar = list("█" * round(row["correct"] * width) + " " * width)[: width + 1]
    bar[round(row["confidence"] * width)] = "|"
    return f"{name:<13}{''.join(bar):<{width + 3}}{row['correct']:>6.2f}{row['count']:>9}"
