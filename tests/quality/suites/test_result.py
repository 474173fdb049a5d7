"""Counting lots together: in any order and any number, the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.quality.findings import SHOWN
from affectory.quality.suites.about import Check
from affectory.quality.suites.result import Counted, SuiteResult

CHECK = Check("samples.kind", "samples", "column_values_to_be_in_set", {"column": "kind", "value_set": ["a"]}, "odd")


def found(rows: list[str], elements: int = 100, missing: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "name": CHECK.name, "element": elements, "missing": missing, "unexpected": len(rows),
        "rows": sorted(rows)[:SHOWN], "observed": None, "met": not rows, **more,
    }  # fmt: skip


def counted(*lots: dict[str, Any], check: Check = CHECK) -> Counted:
    result = Counted(check)
    for lot in lots:
        result = result.plus(lot)
    return result


@given(st.permutations([f"s{n:02}" for n in range(30)]), st.integers(1, 29), st.integers(1, 29))
def test_however_rows_are_cut_the_same_are_named(rows: list[str], first: int, second: int) -> None:
    low, high = sorted((first, second))
    lots = [found(part) for part in (rows[:low], rows[low:high], rows[high:])]
    assert counted(*lots).rows == tuple(f"s{n:02}" for n in range(SHOWN))
    assert counted(*lots) == counted(*reversed(lots))
    assert counted(*lots).unexpected == 30


@pytest.mark.parametrize(
    ("mostly", "bad", "missing", "status"),
    [
        (1.0, 0, 0, "passed"),
        (1.0, 1, 0, "blocks"),
        (0.9, 10, 0, "passed"),
        (0.9, 11, 0, "blocks"),
        (0.9, 10, 50, "blocks"),
        (0.9, 5, 50, "passed"),
        (1.0, 0, 100, "passed"),
    ],
)
def test_the_share_is_of_rows_that_say_something(mostly: float, bad: int, missing: int, status: str) -> None:
    check = Check(CHECK.name, "samples", CHECK.expect, CHECK.arguments, "odd", mostly=mostly)
    assert counted(found([f"s{n}" for n in range(bad)], missing=missing), check=check).status == status


def test_a_share_is_judged_over_all_lots() -> None:
    check = Check(CHECK.name, "samples", CHECK.expect, CHECK.arguments, "odd", mostly=0.9)
    assert counted(found(["a"], 5), check=check).status == "blocks"
    assert counted(found(["a"], 5), found([], 5), check=check).status == "passed"


def test_of_missing_values_the_share_is_of_all_rows() -> None:
    check = Check("samples.key_there", "samples", "column_values_to_not_be_null", {"column": "key"}, "odd", mostly=0.5)
    assert counted(found(["a"], 2), check=check).of == 2
    assert counted(found(["a"], 2), check=check).status == "passed"


def test_a_column_as_a_whole_tells_what_it_is() -> None:
    check = Check("notes.m", "notes", "column_mean_to_be_between", {"column": "number", "max_value": 1}, "too high")
    whole = counted(found([], observed=2.5, met=False), check=check)
    assert whole.status == "blocks"
    assert whole.finding
    assert whole.finding.rule == "too high; it is 2.5"


def test_what_was_not_looked_at_is_neither_passed_nor_found() -> None:
    result = SuiteResult((Counted(CHECK),), {"samples": 0})
    assert Counted(CHECK).status == "not looked at"
    assert (result.findings, result.names, result.facts()["checks"]) == ((), frozenset(), [])


def test_many_findings_stay_on_one_screen() -> None:
    many = [counted(found(["s1"]), check=Check(f"samples.{n}", "samples", "e", {}, "m" * 200)) for n in range(40)]
    lines = SuiteResult(tuple(many), {"samples": 100}).as_text().splitlines()
    assert lines[-1] == "and 28 more"
    assert len(lines) < 24
    assert max(map(len, lines)) < 120


def test_a_line_names_whole_ids_and_says_that_there_are_more() -> None:
    rows = [f"s_{n:024}" for n in range(9)]
    check = Check("samples.odd", "samples", "e", {}, "is odd")
    line = SuiteResult((counted(found(rows), check=check),), {"samples": 9}).as_text().splitlines()[-1]
    assert line == f"blocks samples.odd: is odd, 9: {rows[0]}, {rows[1]}, {rows[2]}, ..."
