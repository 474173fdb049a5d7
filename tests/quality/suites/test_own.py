"""An author's own expectations: what there is, what is told of what is not, and that Great Expectations agrees."""

from typing import Any

import pytest
from support.suites import warm_examiner

from affectory.quality.suites.about import Check
from affectory.quality.suites.own import KINDS, own_checks, unfits
from affectory.schemas.errors import UserError
from affectory.schemas.recipe.gate import Expectation

BETWEEN = {"table": "samples", "expect": "column_values_to_be_between", "column": "position", "min_value": 0}
pytestmark = pytest.mark.xdist_group("suites")

GIVEN: dict[str, Any] = {
    "column": "text", "column_A": "position", "column_B": "anchor.start_us", "value_set": ["a"], "value": 3,
    "regex": "a", "regex_list": ["a"], "strftime_format": "%Y", "threshold": 3, "double_sided": True,
    "value_pairs_set": [[1, 2]], "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[0, 1]]},
}  # fmt: skip
EXTRA: dict[str, Any] = {
    "min_value": 0, "max_value": 1, "strict_min": True, "strict_max": True, "match_on": "any", "or_equal": True,
    "ignore_row_if": "neither", "ties_okay": True,
}  # fmt: skip


def expectation(**given: Any) -> Expectation:
    return Expectation.model_validate({**BETWEEN, **given})


def test_great_expectations_has_all_that_a_recipe_may_name_with_these_arguments() -> None:
    checks = [
        Check(name, "samples", name, {k: {**GIVEN, **EXTRA}[k] for k in (*kind.needs, *kind.may)}, "")
        for name, kind in KINDS.items()
    ]
    assert warm_examiner().refused(checks) == {}


def test_what_is_needed_is_all_that_is_needed() -> None:
    """Bounds apart, of which one has to be given, and a pattern, in place of which there would be one that fits all."""
    needing = {name: kind for name, kind in KINDS.items() if "min_value" not in kind.may and "regex" not in kind.needs}
    checks = [Check(name, "samples", name, {k: GIVEN[k] for k in kind.needs}, "") for name, kind in needing.items()]
    lacking = [Check(c.name, "samples", c.expect, dict(list(c.arguments.items())[:-1]), "") for c in checks]
    assert warm_examiner().refused(checks) == {}
    assert set(warm_examiner().refused(lacking)) == set(needing)


_LIKE = "column_values_to_be_between"
REFUSED = {
    "unknown": ({"expect": "column_values_to_be_betwen"}, f"did you mean {_LIKE}", "column_values_to"),
    "left out": ({"expect": "column_values_to_be_increasing"}, "there is no", "column_values_to"),
    "argument": ({"max_valu": 3}, f"max_valu: {_LIKE} has no such argument, did you mean max_value", "may have"),
    "condition": ({"row_condition": "__import__('os')"}, f"row_condition: {_LIKE} has no such", "needs"),
    "column": ({"column": "positon"}, "column: samples has no flat column 'positon', did you mean p", "extra.NAME"),
    "nested": ({"column": "anchor"}, "has no flat column 'anchor'", "anchor.start_us"),
    "no column": ({"column": ["a"]}, "has no flat column ['a']", "there are: sample_id"),
    "where": ({"where": {"nam": "x"}}, "where: samples has no flat column 'nam'", "there are"),
    "share": ({"expect": "column_mean_to_be_between", "mostly": 0.5}, "mostly: column_mean_to_be", "leave"),
}


@pytest.mark.parametrize(("given", "told", "hint"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_told_with_its_place(given: dict[str, Any], told: str, hint: str) -> None:
    with pytest.raises(UserError) as raised:
        own_checks([expectation(), expectation(**given)])
    assert raised.value.message.startswith("validate.expect[1]")
    assert told in raised.value.message
    assert hint in raised.value.hint


MISGIVEN = {
    "regex": ("column_values_to_match_regex", "([", "a regular expression"),
    "regex_list": ("column_values_to_match_regex_list", ["a", "(["], "a list of regular expressions"),
    "value_set": ("column_values_to_be_in_set", "a", "a list"),
    "max_value": ("column_values_to_be_between", [1], "a number"),
}


@pytest.mark.parametrize("argument", MISGIVEN)
def test_what_would_be_refused_once_all_is_built_is_told_before(argument: str) -> None:
    expect, value, means = MISGIVEN[argument]
    given = {"table": "samples", "expect": expect, "column": "text", argument: value}
    (unfit,) = unfits([expectation(), Expectation.model_validate(given)])
    assert unfit.at == ("validate", "expect", 1, argument)
    assert unfit.what.startswith(f"{argument} is not {means}")


@pytest.mark.parametrize("pattern", [r"^\p{L}+$", "(?=a)b", r"(a)\1", "a|b"])
def test_a_pattern_is_one_if_any_of_both_engines_reads_it(pattern: str) -> None:
    given = {"table": "samples", "expect": "column_values_to_match_regex", "column": "text", "regex": pattern}
    assert not [*unfits([Expectation.model_validate(given)])]


def test_what_is_missing_is_told() -> None:
    lacking = {key: value for key, value in BETWEEN.items() if key != "column"}
    with pytest.raises(UserError, match=r"validate.expect\[0\]: column_values_to_be_between needs `column`"):
        own_checks([Expectation.model_validate(lacking)])


def test_of_two_bounds_one_is_needed() -> None:
    unbound = {key: value for key, value in BETWEEN.items() if key != "min_value"}
    with pytest.raises(UserError, match="needs `min_value` or `max_value`"):
        own_checks([Expectation.model_validate(unbound)])


def test_each_has_a_name_of_its_own_by_which_it_is_adjusted() -> None:
    names = [check.name for check in own_checks([expectation(), expectation(min_value=3), expectation(column="key")])]
    assert names == [
        "samples.position.values_to_be_between",
        "samples.position.values_to_be_between#2",
        "samples.key.values_to_be_between",
    ]
