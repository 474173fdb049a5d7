"""Expectations of a recipe's author: which there are, what they need, and what they may be about."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from affectory.quality.suites.about import Check
from affectory.quality.suites.flat import columns_of, find, maps_of
from affectory.schemas.errors import UserError
from affectory.schemas.recipe.gate import Expectation
from affectory.schemas.taxonomy_parts import did_you_mean


class Kind(NamedTuple):
    """What one expectation of Great Expectations needs, may have, and looks at."""

    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    whole: bool = False
    """Whether it is about the column as a whole, which is then read at once."""
    by_row: bool = True
    """Whether it says of each row if it is met."""


_COLUMN, _PAIR = ("column",), ("column_A", "column_B")
_BOUNDS = ("min_value", "max_value", "strict_min", "strict_max")


def _one(*needs: str, may: tuple[str, ...] = (), whole: bool = False) -> Kind:
    return Kind((*_COLUMN, *needs), may, whole)


def _of_all(*needs: str, may: tuple[str, ...] = ()) -> Kind:
    return Kind((*_COLUMN, *needs), may, whole=True, by_row=False)


KINDS: Mapping[str, Kind] = {
    "column_values_to_not_be_null": _one(),
    "column_values_to_be_null": _one(),
    "column_values_to_be_unique": _one(whole=True),
    "column_values_to_be_between": _one(may=_BOUNDS),
    "column_values_to_be_in_set": _one("value_set"),
    "column_values_to_not_be_in_set": _one("value_set"),
    "column_value_lengths_to_be_between": _one(may=_BOUNDS),
    "column_value_lengths_to_equal": _one("value"),
    "column_values_to_match_regex": _one("regex"),
    "column_values_to_not_match_regex": _one("regex"),
    "column_values_to_match_regex_list": _one("regex_list", may=("match_on",)),
    "column_values_to_not_match_regex_list": _one("regex_list"),
    "column_values_to_match_strftime_format": _one("strftime_format"),
    "column_values_to_be_dateutil_parseable": _one(),
    "column_values_to_be_json_parseable": _one(),
    "column_value_z_scores_to_be_less_than": _one("threshold", "double_sided", whole=True),
    "column_pair_values_a_to_be_greater_than_b": Kind(_PAIR, ("or_equal", "ignore_row_if")),
    "column_pair_values_to_be_equal": Kind(_PAIR, ("ignore_row_if",)),
    "column_pair_values_to_be_in_set": Kind((*_PAIR, "value_pairs_set"), ("ignore_row_if",)),
    "column_distinct_values_to_be_in_set": _of_all("value_set"),
    "column_distinct_values_to_contain_set": _of_all("value_set"),
    "column_distinct_values_to_equal_set": _of_all("value_set"),
    "column_most_common_value_to_be_in_set": _of_all("value_set", may=("ties_okay",)),
    "column_unique_value_count_to_be_between": _of_all(may=_BOUNDS),
    "column_proportion_of_unique_values_to_be_between": _of_all(may=_BOUNDS),
    "column_proportion_of_non_null_values_to_be_between": _of_all(may=_BOUNDS),
    "column_min_to_be_between": _of_all(may=_BOUNDS),
    "column_max_to_be_between": _of_all(may=_BOUNDS),
    "column_mean_to_be_between": _of_all(may=_BOUNDS),
    "column_median_to_be_between": _of_all(may=_BOUNDS),
    "column_sum_to_be_between": _of_all(may=_BOUNDS),
    "column_stdev_to_be_between": _of_all(may=_BOUNDS),
    "column_quantile_values_to_be_between": _of_all("quantile_ranges"),
}
"""What hangs on the order of rows, on types, or on addresses is left out, and conditions that would be evaluated."""


def own_checks(given: Sequence[Expectation]) -> list[Check]:
    """The checks of a recipe's own expectations; raises `UserError` for one that cannot be."""
    checks: list[Check] = []
    for place, expectation in enumerate(given):
        check = _check(f"validate.expect[{place}]", expectation)
        again = sum(other.name.partition("#")[0] == check.name for other in checks)
        checks.append(replace(check, name=f"{check.name}#{again + 1}") if again else check)
    return checks


def _check(where: str, given: Expectation) -> Check:
    kind = KINDS.get(given.expect)
    if kind is None:
        hint = f"expectations that a recipe may name: {', '.join(KINDS)}"
        raise UserError(f"{where}.expect: there is no {given.expect!r}{did_you_mean(given.expect, KINDS)}", hint)
    _fits(where, given, kind)
    for key in (*_COLUMN, *_PAIR):
        if key in kind.needs:
            _column(f"{where}.{key}", given.table, given.arguments[key])
    for column in given.where:
        _column(f"{where}.where", given.table, column)
    if not kind.by_row and given.mostly < 1:
        raise UserError(f"{where}.mostly: {given.expect} is about the column as a whole", "leave `mostly` out")
    names = "+".join(str(given.arguments[key]) for key in (*_COLUMN, *_PAIR) if key in kind.needs)
    name = f"{given.table}.{names}.{given.expect.removeprefix('column_')}"
    means = given.means or f"{given.expect.replace('_', ' ')} is not met by {names}{_told(given.arguments)}"
    return Check(
        name, given.table, given.expect, given.arguments, means, given.severity, given.mostly, given.where, where
    )


def _fits(where: str, given: Expectation, kind: Kind) -> None:
    """The arguments are those that the expectation has."""
    allowed = (*kind.needs, *kind.may)
    hint = f"{given.expect} needs {', '.join(kind.needs)}" + (f", may have {', '.join(kind.may)}" if kind.may else "")
    for key in given.arguments:
        if key not in allowed:
            raise UserError(f"{where}.{key}: {given.expect} has no such argument{did_you_mean(key, allowed)}", hint)
    for key in kind.needs:
        if key not in given.arguments:
            raise UserError(f"{where}: {given.expect} needs `{key}`", hint)


def _column(where: str, table: str, name: Any) -> None:
    if not isinstance(name, str) or find(table, name) is None:
        known = columns_of(table)
        keyed = "".join(f", {column}.NAME" for column in maps_of(table))
        near = did_you_mean(str(name), known)
        raise UserError(f"{where}: {table} has no flat column {name!r}{near}", f"there are: {', '.join(known)}{keyed}")


def _told(arguments: Mapping[str, Any]) -> str:
    told = ", ".join(f"{k}: {v}" for k, v in arguments.items() if k not in (*_COLUMN, *_PAIR))
    return f" ({told})" if told else ""
