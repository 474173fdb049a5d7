"""What a recipe asks of the gate and cannot be is told with all else that is wrong, at its place."""

from pathlib import Path

import pytest
from support.project import Project

from affectory.pipelines.bind import read_and_bind
from affectory.schemas.recipe.problems import Problem, RecipeProblems

RECIPE = """\
dataset: said
taxonomy: ekman-7
sources: [{kind: jsonl, name: lines, path: lines.jsonl, text: body}]
ingest: [clean_txt]
validate:
  expect:
    - {table: samples, expect: column_values_to_be_unique, column: txt}
    - {table: samples, expect: column_values_to_match_regex, column: text, regex: "(["}
    - {table: samples, expect: column_mean_to_be_between, column: position}
"""


def problems(project: Project, recipe: str) -> list[Problem]:
    project.recipe.write_text(recipe)
    (project.folder / "lines.jsonl").write_text('{"body": "well"}\n')
    with pytest.raises(RecipeProblems) as raised:
        read_and_bind(project.recipe)
    return list(raised.value.problems)


def test_all_is_told_at_once_with_line_and_what_there_is(tmp_path: Path) -> None:
    told = {problem.key: problem for problem in problems(Project(tmp_path), RECIPE)}
    assert list(told) == [
        "ingest[0]",
        "validate.expect[0].column",
        "validate.expect[1].regex",
        "validate.expect[2]",
    ]
    column = told["validate.expect[0].column"]
    assert (column.line, column.given) == (7, '"txt"')
    assert "did you mean text?" in column.message
    assert "anchor.start_us" in column.allowed
    assert "needs `min_value` or `max_value`" in told["validate.expect[2]"].message


@pytest.mark.parametrize(("name", "near"), [("samples.txt", "samples.text"), ("audit.leakge", "audit.leakage")])
def test_checks_and_audits_that_there_are_not_are_told(tmp_path: Path, name: str, near: str) -> None:
    recipe = RECIPE.partition("validate:")[0].replace("_txt", "_text")
    (told,) = problems(Project(tmp_path), f"{recipe}validate:\n  adjust:\n    {name}: {{severity: warns}}\n")
    assert (told.line, told.key, told.given) == (7, f"validate.adjust.{name}", name)
    assert near in told.message + told.hint
    assert near in told.allowed


def test_the_prefix_of_great_expectations_is_told_to_be_left_out(tmp_path: Path) -> None:
    recipe = RECIPE.replace("_txt", "_text").replace("expect: column_values_to_be_unique", "expect: expect_column_mean")
    told = problems(Project(tmp_path), recipe)[0]
    assert (told.key, told.hint) == ("validate.expect[0].expect", "write column_mean")
