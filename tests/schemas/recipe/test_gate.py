"""What a recipe says of the gate: expectations keep their arguments beside what is said of how strictly they hold."""

from typing import Any

import pytest
from pydantic import ValidationError

from affectory.schemas.recipe.gate import Validate

PACE = {"table": "notes", "expect": "column_values_to_be_between", "column": "number", "min_value": 0}


@pytest.mark.parametrize("more", [{}, {"where": {"name": "pace"}}, {"means": "too slow", "mostly": 0.9}])
def test_an_expectation_is_written_as_it_was_read(more: dict[str, Any]) -> None:
    read = Validate.model_validate({"expect": [{**PACE, **more}]})
    assert read.expect[0].arguments == {"column": "number", "min_value": 0}
    again = Validate.model_validate(read.model_dump(mode="json"))
    assert again == read


@pytest.mark.parametrize(
    "wrong",
    [
        {"table": "frames"},
        {"expect": "expect_column_values_to_be_null"},
        {"expect": "column_values; import os"},
        {"mostly": 0.0},
        {"severity": "shouts"},
        {"where": {"name": ["a", "b"]}},
    ],
)
def test_what_cannot_be_meant_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Validate.model_validate({"expect": [{**PACE, **wrong}]})
