"""What a check found, as text, as data, and as the error that closes the gate."""

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.quality.findings import SHOWN, Finding, GateFailed
from affectory.schemas.errors import Exit


@given(st.lists(st.text(min_size=1, max_size=3)))
def test_a_finding_counts_every_row_and_names_the_first_few(rows: list[str]) -> None:
    finding = Finding.of("samples", "is odd", rows)
    assert finding.count == len(rows)
    assert list(finding.rows) == sorted(set(rows))[:SHOWN]
    assert finding == Finding.of("samples", "is odd", list(reversed(rows)))


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([], "samples: is odd (0)"),
        (["s_2", "s_1"], "samples: is odd (2: s_1, s_2)"),
        ([f"s_{i}" for i in range(7)], "samples: is odd (7: s_0, s_1, s_2, s_3, s_4, ...)"),
    ],
)
def test_a_finding_can_be_read(rows: list[str], text: str) -> None:
    assert str(Finding.of("samples", "is odd", rows)) == text


def test_a_finding_blocks_unless_it_is_said_to_warn() -> None:
    assert Finding.of("t", "r", ["a"]).severity == "blocks"
    assert Finding.of("t", "r", ["a"], "warns").severity == "warns"


def test_a_closed_gate_says_why_and_ends_the_process_with_its_own_code() -> None:
    error = GateFailed((Finding.of("samples", "is odd", ["s_1"]), Finding.of("labels", "is even", ["s_2"])))
    assert str(error).splitlines() == [
        "the gate is closed, nothing was published:",
        "  samples: is odd (1: s_1)",
        "  labels: is even (1: s_2)",
    ]
    assert error.exit_code == Exit.GATE == 4
    facts = json.loads(json.dumps(error.facts()))
    assert facts["error"] == "GateFailed"
    assert facts["findings"][0] == {
        "table": "samples", "rule": "is odd", "count": 1, "rows": ["s_1"], "severity": "blocks", "check": ""
    }  # fmt: skip
    assert pickle.loads(pickle.dumps(error)).findings == error.findings


def test_a_closed_gate_tells_how_a_named_check_is_allowed_and_where_all_stands() -> None:
    found = Finding.of("samples", "is odd", ["s_1"], check="samples.odd")
    again = Finding.of("labels", "leaks", [], check="audit.leakage")
    warned = Finding.of("labels", "is even", ["s_2"], "warns", "labels.even")
    assert str(GateFailed((found, again, warned), "ws/gate/1")).splitlines() == [
        "the gate is closed, nothing was published:",
        "  [samples.odd] samples: is odd (1: s_1)",
        "  [audit.leakage] labels: leaks (0)",
        "mend the rows, or publish all the same with a reason: affectory publish RECIPE "
        "--allow 'audit.leakage=why it may be so' --allow 'samples.odd=why it may be so'",
        "all that was looked at: ws/gate/1",
    ]
