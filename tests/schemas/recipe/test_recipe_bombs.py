"""Recipes made to exhaust the machine are refused for their size, depth or number of includes."""

from pathlib import Path

import pytest
from support.recipes import problems_of


def test_a_recipe_has_a_largest_size(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, "+# " + "x" * 1_000_000 + "\n")
    assert problem.message == "too large for a recipe"


LAUGHS = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}' if i else 'x'] * 10)}]\n" for i in range(9))
BOMBS = {
    "laughs": (LAUGHS, "too many values"),
    "many": ("a: [" + "1," * 60_000 + "]\n", "too many values"),
    "deep": ("a: " + "[" * 100_000 + "\n", "nested too deeply"),
    "deep-by-anchors": (f"a: &a {'[' * 30}{']' * 30}\nb: {'[' * 30}*a{']' * 30}\n", "nested too deeply"),
    "itself": ("a: &a [*a]\n", "an anchor that contains itself"),
    "merged-into-itself": ("a: &a {<<: *a}\n", "an anchor that contains itself"),
}


@pytest.mark.parametrize(("text", "message"), BOMBS.values(), ids=BOMBS)
def test_yaml_bombs(text: str, message: str, tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, text)
    assert problem.message == message


def test_include_bombs(tmp_path: Path) -> None:
    files = {f"{i}.yaml": f"include: [{i + 1}.yaml, {i + 1}.yaml]\n" for i in range(20)} | {"20.yaml": "title: x\n"}
    problems = problems_of(tmp_path, "+include: [0.yaml]\n", **files)
    assert {problem.message for problem in problems} == {"too many includes"}
