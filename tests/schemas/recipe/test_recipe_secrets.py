"""Secrets stand in a recipe by the name of their variable, and what was written instead of one is never shown."""

import json
from pathlib import Path

import pytest
from support.recipes import GOOD, problems_of

from affectory.schemas.recipe import RecipeProblems


@pytest.mark.parametrize(
    "override",
    [
        "people.pseudonym_key=hunter2",
        "people.pseudonym_key=5551234",
        "people.key=hunter2",
        "models.writer.key=hunter2",
        "models.writer.kei=hunter2",
    ],
)
def test_no_secret_is_ever_shown(override: str, tmp_path: Path) -> None:
    value = override.partition("=")[2]
    for recipe, overrides in (
        (GOOD, (override,)),
        (f"+people: {{pseudonym_key: {value}}}\n", ()),
        (f"+people: {value}\n", ()),
        (f"+people: [{value}]\n", ()),
        (f"+people: {{pseudonym_key: [{value}]}}\n", ()),
        (f"+models: {{writer: {value}}}\n", ()),
        (f"+models: {{writer: {{backend: openai, key: [{value}]}}}}\n", ()),
    ):
        for problem in problems_of(tmp_path, recipe, overrides):
            assert value not in str(problem)
            assert value not in json.dumps(RecipeProblems((problem,)).facts())


def test_what_stands_beside_a_secret_is_shown(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, "+models: {writer: {backend: openai, temperature: 9}}\n")
    assert problem.given == "9"
