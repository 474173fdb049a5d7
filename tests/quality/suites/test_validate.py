"""The suite: clean data passes; each of many faults is found with its row; how tables are cut changes nothing."""

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.suite_world import CLEAN, FAULTS, NAMES, Fault, Tables, about, faulty, note, oid, opinion, sid, stored
from support.suites import warm_examiner, warm_suites

from affectory.quality.findings import Finding
from affectory.quality.suites import _lots
from affectory.quality.suites.checks import checks_for
from affectory.quality.suites.flat import row_id
from affectory.quality.suites.result import SuiteResult
from affectory.quality.suites.validate import validate
from affectory.schemas.errors import UserError

pytestmark = pytest.mark.xdist_group("suites")


def examined(folder: Path, tables: Tables, cut: int = 2, **recipe: object) -> SuiteResult:
    return validate(stored(folder, tables, cut), about(**recipe), examiner=warm_examiner())


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Finding]:
    """By check, what is found where all faults are planted at once."""
    return {f.check: f for f in examined(tmp_path_factory.mktemp("faulty"), faulty()).findings}


def test_clean_data_passes_every_check(tmp_path: Path) -> None:
    result = examined(tmp_path, CLEAN)
    assert result.findings == ()
    looked = {check.name for check in checks_for(about())} - {
        f"samples.{m}_decodes" for m in ("image", "audio", "video")
    }
    assert result.names == looked


def named(fault: Fault) -> str:
    return str(fault.row[row_id(fault.table)])


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f.check} {named(f)}")
def test_a_planted_fault_is_found_with_its_row(fault: Fault, found: dict[str, Finding]) -> None:
    assert found[fault.check].severity == fault.severity
    assert named(fault) in found[fault.check].rows


def test_planted_faults_set_off_nothing_else(found: dict[str, Finding]) -> None:
    expected: dict[str, set[str]] = {}
    for fault in FAULTS:
        for check in (fault.check, *fault.also):
            expected.setdefault(check, set()).add(named(fault))
    assert {check: set(f.rows) for check, f in found.items()} == expected
    assert {check: f.count for check, f in found.items()} == {check: len(rows) for check, rows in expected.items()}


def twice(table: str) -> Tables:
    return {**CLEAN, table: [*CLEAN[table], CLEAN[table][0]]}


@pytest.mark.parametrize("table", CLEAN)
def test_what_comes_twice_is_named(table: str, tmp_path: Path) -> None:
    tables = {"samples": CLEAN["samples"], table: twice(table)[table]}
    [finding] = examined(tmp_path, tables).findings
    assert (finding.check, finding.count, finding.severity) == (f"{table}.unique", 2, "blocks")
    assert finding.rows == (CLEAN[table][0][row_id(table)],)


@pytest.mark.parametrize("cut", [1, 5])
def test_facts_do_not_hang_on_parts_or_order(
    cut: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: dict[str, Finding]
) -> None:
    monkeypatch.setattr(_lots, "ROWS", 40)
    mixed = {name: Random(cut).sample(list(rows), len(rows)) for name, rows in faulty().items()}
    result = examined(tmp_path, mixed, cut)
    assert {f.check: f for f in result.findings} == found
    assert json.loads(json.dumps(result.facts())) == result.facts()


@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, 4), min_size=2, max_size=2), seed=st.integers(0, 99), lot=st.integers(3, 9))
def test_any_partition_gives_the_same_facts(
    cuts: Sequence[int], seed: int, lot: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_lots, "ROWS", lot)
    rows = [note(n, name=f"n{i}", number=[1.0, float("inf"), None][(i + seed) % 3]) for i in range(3) for n in NAMES]
    mixed = Random(seed).sample(rows, len(rows))
    own = [
        {"table": "notes", "expect": "column_mean_to_be_between", "column": "number", "min_value": 5, "max_value": 6}
    ]
    facts = [examined(tmp_path, {"notes": r}, c, expect=own).facts() for r, c in zip((rows, mixed), cuts, strict=True)]
    assert facts[0] == facts[1]


def test_severity_and_share_are_adjusted_by_name(tmp_path: Path) -> None:
    opinions = [*(opinion(str(n)) for n in range(8)), opinion("f", confidence=2.0), opinion("g", spent_s=-1.0)]
    adjust = {"opinions.confidence": {"mostly": 0.9}, "opinions.spent": {"severity": "tells", "mostly": 0.95}}
    result = examined(tmp_path, {"samples": CLEAN["samples"], "opinions": opinions}, adjust=adjust)
    [finding] = result.findings
    assert (finding.check, finding.severity, finding.rows) == ("opinions.spent", "tells", (oid("g"),))
    assert "met by 90.0%, asked of 95.0%" in finding.rule


def test_an_expectation_of_ones_own_names_its_rows(tmp_path: Path) -> None:
    own = [
        {
            "table": "samples",
            "expect": "column_values_to_match_regex",
            "column": "text",
            "regex": "^How",
            "severity": "warns",
        },
        {
            "table": "samples",
            "expect": "column_values_to_be_in_set",
            "column": "extra.age",
            "value_set": ["8"],
            "means": "too young",
        },
        {
            "table": "notes",
            "expect": "column_values_to_be_between",
            "column": "number",
            "max_value": 0,
            "where": {"name": "length"},
        },
        {"table": "notes", "expect": "column_values_to_not_be_null", "column": "number", "where": {"name": "pace"}},
        {"table": "opinions", "expect": "column_values_to_be_unique", "column": "rater"},
    ]
    tables = {**CLEAN, "samples": [*CLEAN["samples"], {**CLEAN["samples"][0], "sample_id": sid("x"), "text": "So?"}]}
    found = {f.check: f for f in examined(tmp_path, tables, expect=own).findings}
    assert {check: (f.severity, f.count) for check, f in found.items()} == {
        "samples.text.values_to_match_regex": ("warns", 1),
        "samples.extra.age.values_to_be_in_set": ("blocks", 1),
        "notes.number.values_to_be_between": ("blocks", 4),
        "notes.number.values_to_not_be_null": ("warns", 1),
        "opinions.rater.values_to_be_unique": ("blocks", 3),
    }
    assert found["samples.text.values_to_match_regex"].rows == (sid("x"),)
    assert found["samples.extra.age.values_to_be_in_set"].rule == "too young"
    assert "no row is as its `where` says" in found["notes.number.values_to_not_be_null"].rule


BROKEN = {
    "argument": (
        {"expect": "column_quantile_values_to_be_between", "column": "position", "quantile_ranges": "x"},
        "cannot be: quantile_ranges",
        "column: 'position'",
    ),
    "type": (
        {"expect": "column_mean_to_be_between", "column": "text", "min_value": 1},
        "cannot be computed",
        "text is string",
    ),
    "where": (
        {"expect": "column_values_to_be_null", "column": "text", "where": {"position": "x"}},
        "where: nothing there can be 'x'",
        "int32",
    ),
}


@pytest.mark.parametrize(("given_", "told", "hint"), BROKEN.values(), ids=BROKEN)
def test_what_only_great_expectations_refuses_teaches(
    given_: dict[str, object], told: str, hint: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as raised:
        examined(tmp_path, {"samples": CLEAN["samples"]}, expect=[{"table": "samples", **given_}])
    assert raised.value.message.startswith("validate.expect[0]")
    assert told in raised.value.message
    assert hint in raised.value.hint


def test_media_are_tried_and_those_that_do_not_open_are_named(tmp_path: Path) -> None:
    def open_media(medium: str, asset: str, form: str) -> None:
        if (medium, form) == ("video", "mp4"):
            raise ValueError

    result = validate(
        stored(tmp_path, {"samples": CLEAN["samples"]}), about(), open_media=open_media, examiner=warm_examiner()
    )
    [finding] = result.findings
    assert (finding.check, finding.count, finding.rows) == (
        "samples.video_decodes", 2, tuple(sorted((sid("film"), sid("clip"))))
    )  # fmt: skip


def test_tables_without_rows_pass(tmp_path: Path) -> None:
    assert examined(tmp_path, {name: [] for name in CLEAN}).findings == ()
    with warm_suites():
        assert validate({}, about()).facts() == {"rows": {}, "checks": []}


def test_one_screen_tells_tables_and_what_is_not_met(tmp_path: Path) -> None:
    tables = {"samples": CLEAN["samples"], "opinions": [opinion("f", confidence=2.0), opinion("g", rater="Ann")]}
    lines = examined(tmp_path, tables, adjust={"opinions.rater": {"severity": "warns"}}).as_text().splitlines()
    assert lines[1].split()[:2] == ["opinions", "2"]
    assert lines[1].split()[-3:] == ["1", "1", "0"]
    assert lines[-2].startswith("blocks opinions.confidence: confidence is not from 0 to 1, 1: o_")
    assert all(len(line) < 120 for line in lines) and len(lines) < 24
