"""Expectations of a recipe's author: which there are, what they need, and what they may be about."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from affectory.quality.suites.about import Check
from affectory.quality.suites.flat import columns_of, find, maps_of
from affectory.schemas.errors import UserError
from affectory.schemas.recipe.gate import Expectation
from affectory.schemas.recipe.problems import KeyPath, describe, format_key
from affectory.schemas.taxonomy_parts import did_you_mean


@dataclass(eq=False)
class Unfit(UserError):
    """What a recipe asks of the suite and cannot be; `at` is its place in the recipe."""

    at: KeyPath = ()
    what: str = ""
    given: str = ""
    allowed: str = ""

    @classmethod
    def of(cls, at: KeyPath, what: str, allowed: str = "", *, given: str = "", hint: str = "") -> "Unfit":
        return cls(f"{format_key(at)}: {what}", hint or allowed, at, what, given, allowed)


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
    """The checks of a recipe's own expectations; raises `Unfit` for the first that cannot be."""
    for unfit in unfits(given):
        raise unfit
    checks: list[Check] = []
    for place, expectation in enumerate(given):
        check = _check(format_key(_at(place)), expectation)
        again = sum(other.name.partition("#")[0] == check.name for other in checks)
        checks.append(replace(check, name=f"{check.name}#{again + 1}") if again else check)
    return checks


def unfits(given: Sequence[Expectation]) -> Iterator[Unfit]:
    """All that is wrong with a recipe's own expectations."""
    for place, expectation in enumerate(given):
        yield from _unfits(_at(place), expectation)


def _at(place: int) -> KeyPath:
    return ("validate", "expect", place)


def _check(where: str, given: Expectation) -> Check:
    kind = KINDS[given.expect]
    names = "+".join(str(given.arguments[key]) for key in (*_COLUMN, *_PAIR) if key in kind.needs)
    name = f"{given.table}.{names}.{given.expect.removeprefix('column_')}"
    means = given.means or f"{given.expect.replace('_', ' ')} is not met by {names}{_told(given.arguments)}"
    return Check(
        name, given.table, given.expect, given.arguments, means, given.severity, given.mostly, given.where, where
    )


def _unfits(at: KeyPath, given: Expectation) -> Iterator[Unfit]:
    kind = KINDS.get(given.expect)
    if kind is None:
        what = f"there is no {given.expect!r}{did_you_mean(given.expect, KINDS)}"
        yield Unfit.of((*at, "expect"), what, f"expectations that a recipe may name: {', '.join(KINDS)}")
        return
    yield from _ill_fitting(at, given, kind)
    for key in (*_COLUMN, *_PAIR):
        if key in kind.needs and key in given.arguments:
            yield from _no_column((*at, key), given.table, given.arguments[key])
    for column in given.where:
        yield from _no_column((*at, "where"), given.table, column)
    if not kind.by_row and given.mostly < 1:
        what = f"{given.expect} is about the column as a whole"
        yield Unfit.of((*at, "mostly"), what, given=str(given.mostly), hint="leave `mostly` out")


def _ill_fitting(at: KeyPath, given: Expectation, kind: Kind) -> Iterator[Unfit]:
    """The arguments are those that the expectation has."""
    allowed = (*kind.needs, *kind.may)
    needs = f"{given.expect} needs {', '.join(kind.needs)}" + (f", may have {', '.join(kind.may)}" if kind.may else "")
    for key, value in given.arguments.items():
        if key not in allowed:
            what = f"{given.expect} has no such argument{did_you_mean(key, allowed)}"
            yield Unfit.of((*at, key), what, needs, given=key)
        elif key in _VALUES and not _VALUES[key].fits(value):
            yield Unfit.of((*at, key), f"{key} is not {_VALUES[key].means}", _VALUES[key].means, given=describe(value))
    for key in kind.needs:
        if key not in given.arguments:
            yield Unfit.of(at, f"{given.expect} needs `{key}`", needs)
    if "min_value" in kind.may and not {"min_value", "max_value"} & {*given.arguments}:
        yield Unfit.of(at, f"{given.expect} needs `min_value` or `max_value`", needs)


def _no_column(at: KeyPath, table: str, name: Any) -> Iterator[Unfit]:
    if not isinstance(name, str) or find(table, name) is None:
        known = columns_of(table)
        keyed = "".join(f", {column}.NAME" for column in maps_of(table))
        what = f"{table} has no flat column {name!r}{did_you_mean(str(name), known)}"
        yield Unfit.of(at, what, f"there are: {', '.join(known)}{keyed}", given=describe(name))


class _Value(NamedTuple):
    fits: Callable[[Any], bool]
    means: str


def _bound(value: Any) -> bool:
    return isinstance(value, int | float | str) and not isinstance(value, bool)


def _pattern(value: Any) -> bool:
    """As either reads it of those that match: RE2 knows classes such as \\p{L}, Python looks ahead."""
    return isinstance(value, str) and (_for_re2(value) or _for_python(value))


def _for_re2(pattern: str) -> bool:
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid:
        return False
    return True


def _for_python(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def _patterns(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_pattern, value))


_VALUES: Mapping[str, _Value] = {
    **dict.fromkeys(("min_value", "max_value"), _Value(_bound, "a number, or a text such as a day")),
    "value_set": _Value(lambda value: isinstance(value, list) and bool(value), "a list of one value or more"),
    "regex": _Value(_pattern, "a regular expression"),
    "regex_list": _Value(_patterns, "a list of regular expressions"),
}
"""What arguments must be that would only be refused once all is built."""


def _told(arguments: Mapping[str, Any]) -> str:
    told = ", ".join(f"{k}: {v}" for k, v in arguments.items() if k not in (*_COLUMN, *_PAIR))
    return f" ({told})" if told else ""
