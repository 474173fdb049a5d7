from typing import Any

from affectory.quality.calibration import reliability
from affectory.quality.reliability_diagram import ReliabilityDiagram

TABLE = reliability([0.05, 0.85, 0.85, 0.95], [0, 1, 0, 1])


def test_bars_for_the_terminal() -> None:
    lines = ReliabilityDiagram(TABLE).as_text(width=20).splitlines()
    assert len(lines) == 11
    assert lines[1] == "0.00 - 0.10   |                       0.00        1"
    assert lines[2] == "0.10 - 0.20                              -        0"
    assert lines[9] == "0.80 - 0.90  ██████████       |       0.50        2"
    assert lines[10].startswith("0.90 - 1.00  ███████████████████|")
    assert {len(line) for line in lines} == {13 + 23 + 6 + 9}


def test_a_chart_of_what_is_there() -> None:
    chart: dict[str, Any] = ReliabilityDiagram(TABLE, "sure").chart().to_dict()
    shown = (
        [row for values in chart["datasets"].values() for row in values]
        if "datasets" in chart
        else [row for layer in chart["layer"] for row in layer["data"]["values"]]
    )
    assert {row["count"] for row in shown if "count" in row} == {1, 2}
    assert chart["title"] == "sure"
    assert chart["config"]["background"] == "transparent"


def test_nothing_to_show_is_shown_as_nothing() -> None:
    empty = ReliabilityDiagram(reliability([], []))
    assert empty.as_text().count("-        0") == 10
    assert empty.chart().to_dict()["layer"]
