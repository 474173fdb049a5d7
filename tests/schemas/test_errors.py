"""Errors: facts are fields, and fields survive the way home from a worker process."""

import importlib
import json
import pickle
import pkgutil
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import affectory
from affectory.schemas.errors import AffectoryError, Exit, NotConserved, SchemaMismatch, UserError

FOLDERS = ("schemas", "transforms", "quality", "annotation", "pipelines", "infra")


def import_everything() -> None:
    """So that every subclass is known; what needs an extra that is not installed is left out."""
    for folder in FOLDERS:
        package = importlib.import_module(f"{affectory.__name__}.{folder}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            try:
                importlib.import_module(module.name)
            except ModuleNotFoundError as error:
                if str(error.name).startswith(affectory.__name__):
                    raise


def below(cls: type[AffectoryError]) -> Iterator[type[AffectoryError]]:
    yield cls
    for subclass in cls.__subclasses__():
        yield from below(subclass)


import_everything()
ERRORS = sorted({cls for cls in below(AffectoryError) if cls.__module__.startswith("affectory.")}, key=str)


def test_the_errors_are_found() -> None:
    names = {cls.__name__ for cls in ERRORS}
    assert {"UserError", "LeaseHeld", "LeaseLost", "ChildDied", "SetUpFailed", "GateFailed", "TooManyFailed"} <= names


@pytest.mark.parametrize("cls", ERRORS, ids=lambda cls: cls.__name__)
@settings(max_examples=5, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_fields_survive_pickling(cls: type[AffectoryError], data: st.DataObject) -> None:
    error = data.draw(st.from_type(cls))
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is cls
    for field in fields(cls):
        # Compared by their text, in which NaN equals itself.
        assert repr(getattr(again, field.name)) == repr(getattr(error, field.name))
    assert again.facts().keys() == error.facts().keys()


@pytest.mark.parametrize("cls", ERRORS, ids=lambda cls: cls.__name__)
def test_an_error_says_how_the_process_ends(cls: type[AffectoryError]) -> None:
    assert isinstance(cls.exit_code, Exit)
    assert cls.exit_code != Exit.OK


@pytest.mark.parametrize("cls", [c for c in ERRORS if c is not AffectoryError], ids=lambda cls: cls.__name__)
def test_an_error_is_documented_and_composes_its_message(cls: type[AffectoryError]) -> None:
    assert cls.__doc__
    assert cls.__doc__.endswith(".") or ":" in cls.__doc__
    assert any("__str__" in vars(c) for c in cls.__mro__ if issubclass(c, AffectoryError))


def test_exit_codes_are_those_that_schedulers_know() -> None:
    assert {e.name: e.value for e in Exit} == {
        "OK": 0,
        "INTERNAL": 1,
        "USER": 2,
        "LEASE": 3,
        "GATE": 4,
        "FAILURES": 5,
        "BUDGET": 6,
    }


@pytest.mark.parametrize(
    ("error", "text", "facts"),
    [
        (UserError("no", "do"), "no\n  do", {"error": "UserError", "message": "no", "hint": "do"}),
        (UserError("no"), "no", {"error": "UserError", "message": "no", "hint": ""}),
        (
            SchemaMismatch("t", "c", "g", "e", 0),
            "table t, column c, row 0: given g, expected e",
            {"error": "SchemaMismatch", "table": "t", "column": "c", "given": "g", "expected": "e", "row": 0},
        ),
        (
            NotConserved("s", "d", 3, 2),
            "stage s: 3 rows in, 2 accounted for (d)",
            {"error": "NotConserved", "stage": "s", "detail": "d", "rows_in": 3, "accounted": 2},
        ),
    ],
)
def test_an_error_prints_as_text_and_as_json(error: AffectoryError, text: str, facts: dict[str, Any]) -> None:
    assert str(error) == text
    assert json.loads(json.dumps(error.facts())) == facts


def test_a_row_that_is_not_known_is_not_named() -> None:
    assert str(SchemaMismatch("t", "c", "g", "e")) == "table t, column c: given g, expected e"


def test_keywords_and_chains_do_no_harm() -> None:
    try:
        try:
            raise ValueError("first")
        except ValueError as cause:
            raise UserError(message="second", hint="third") from cause
    except UserError as error:
        assert str(pickle.loads(pickle.dumps(error))) == "second\n  third"


def test_errors_are_told_apart_by_identity() -> None:
    """Equality by fields would make them unhashable, and tracebacks hash them."""
    assert UserError("a") != UserError("a")
    assert len({UserError("a"), UserError("a")}) == 2
