"""Which checks a suite has: each names flat columns that there are, and is adjusted by its name."""

from dataclasses import replace

import pytest
from support.suite_world import about

from affectory.quality.findings import Finding
from affectory.quality.suites.about import About, Check
from affectory.quality.suites.checks import adjusted, asked_for, checks_for
from affectory.quality.suites.decoding import DECODES
from affectory.quality.suites.flat import find
from affectory.quality.suites.own import KINDS
from affectory.schemas.errors import UserError

CHECKS = checks_for(about())


def test_names_are_unique_and_say_their_table() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    assert all(check.name.startswith(f"{check.table}.") for check in CHECKS)


@pytest.mark.parametrize("check", [c for c in CHECKS if c.expect != DECODES], ids=lambda c: c.name)
def test_a_check_is_one_that_runs_by_lots_over_columns_that_there_are(check: Check) -> None:
    assert not KINDS[check.expect].whole
    assert all(find(check.table, name) for name in check.columns)
    assert check.columns


@pytest.mark.parametrize("name", ["samples.language", "samples.medium", "labels.raters"])
def test_what_a_recipe_does_not_say_is_not_checked(name: str) -> None:
    assert name in {check.name for check in CHECKS}
    assert name not in {check.name for check in checks_for(About())}
    with pytest.raises(UserError, match=f"{name} is not checked, as the recipe does not say"):
        checks_for(About(about(adjust={name: {"severity": "warns"}}).validate))


@pytest.mark.parametrize(("required", "severity"), [(False, "blocks"), (True, "tells")])
def test_a_record_without_a_licence_stops_only_where_it_would_be_published(required: bool, severity: str) -> None:
    [check] = [c for c in checks_for(replace(about(), licensed_only=required)) if c.name == "sources.licence"]
    assert check.severity == severity


def test_an_unknown_name_to_adjust_names_those_of_its_table() -> None:
    with pytest.raises(UserError) as raised:
        checks_for(about(adjust={"labels.summ": {"severity": "warns"}}))
    assert "no check 'labels.summ', did you mean labels.sum" in raised.value.message
    assert "labels.count" in raised.value.hint
    assert "samples." not in raised.value.hint


def test_of_a_column_as_a_whole_no_share_is_asked() -> None:
    mean = {"table": "notes", "expect": "column_mean_to_be_between", "column": "number", "max_value": 1}
    adjust = {"notes.number.mean_to_be_between": {"severity": "warns"}}
    assert checks_for(about(expect=[mean], adjust=adjust))[-1].severity == "warns"
    with pytest.raises(UserError, match=r"notes\.number\.mean_to_be_between is about the column as a whole"):
        checks_for(about(expect=[mean], adjust={"notes.number.mean_to_be_between": {"mostly": 0.5}}))


@pytest.mark.parametrize("name", ["samples.min_rows", "samples.image_as_it_came"])
def test_of_what_is_no_share_of_rows_none_is_asked(name: str) -> None:
    with pytest.raises(UserError, match="is about any such row"):
        checks_for(about(adjust={name: {"mostly": 0.5}}))


def test_what_a_recipe_asks_for_is_what_it_expects_and_adjusts_and_no_rule_does() -> None:
    """Rules are no less severe for being looked at by the suite; only of rows has the suite shares."""
    mean = {"table": "notes", "expect": "column_mean_to_be_between", "column": "number", "max_value": 1}
    severity, mostly = {"severity": "warns"}, {"mostly": 0.9}
    adjust = {"samples.language": severity, "samples.kind": severity, "labels.sum": mostly, "audit.leakage": severity}
    names = ["notes.number.mean_to_be_between", "samples.language", "labels.sum"]
    assert {check.name for check in asked_for(about(expect=[mean], adjust=adjust))} == {*names}
    assert asked_for(about(adjust={"labels.sum": severity})) == ()


@pytest.mark.parametrize("name", ["audit.leakage", "samples.min_rows", "samples.image_as_it_came", "labels.sum"])
def test_audits_and_rules_are_adjusted_too(name: str) -> None:
    checks_for(about(adjust={name: {"severity": "tells"}}))


def test_findings_of_rules_are_as_severe_as_the_recipe_says() -> None:
    found = [Finding("samples", "r", 1, (), "blocks", "samples.min_rows"), Finding("samples", "r", 1, (), "warns")]
    validate = about(adjust={"samples.min_rows": {"severity": "tells"}, "labels.sum": {"mostly": 0.5}}).validate
    assert [f.severity for f in adjusted(found, validate)] == ["tells", "warns"]
