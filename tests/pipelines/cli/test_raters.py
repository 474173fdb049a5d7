"""`affectory raters`: whether raters attended, by evidence; and whom it touches."""

import json
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
from support.project import TEXTS, Project, line, project, write_csv, write_lines
from typer.testing import CliRunner, Result

from affectory.pipelines.cli.app import app

COUNT = 40


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(app, ["raters", *map(str, arguments)])


def facts(*arguments: Any) -> dict[str, list[dict[str, Any]]]:
    found = run(*arguments, "--json")
    assert found.exit_code == 0, found.output
    return dict(json.loads(found.output))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Lines that three people judge alike; a fourth says joy of everything, at once."""
    rating = {**TEXTS["ratings"][0], "spent_s": "seconds", "rater_relation": "crowd"}
    made = project(tmp_path_factory.mktemp("built"), {**TEXTS, "assist": [], "ratings": [rating]})
    write_lines(made.folder / "lines.jsonl", [line(n) for n in range(COUNT)])
    says = ("joy", "sadness", "anger", "fear")
    honest = [[f"l{n}", f"r{r}", says[n % 4], 8 + (n + r) % 5] for n in range(COUNT) for r in range(3)]
    write_csv(
        made.folder / "ratings.csv",
        ["id", "rater", "emotion", "seconds"],
        [*honest, *([f"l{n}", "quick", "joy", 0.1] for n in range(COUNT))],
    )
    made.build()
    return made


def test_who_clicks_without_looking_is_found_by_speed_and_nobody_else_is(built: Project) -> None:
    found = facts(built.recipe, "--workspace", built.workspace)["raters"]
    attention = sorted(row["attention"] for row in found)
    assert attention[0] < 0.2 and attention[1] > 0.9


def test_known_answers_are_evidence_too(built: Project, tmp_path: Path) -> None:
    opinions = built.rows("v1.0.0", "opinions")
    samples = pc.unique(opinions["sample_id"]).to_pylist()[:20]
    write_csv(tmp_path / "gold.csv", ["sample_id", "label"], [[sample, "fear"] for sample in samples])
    plain, told = (
        facts(built.releases / "v1.0.0", *more)["raters"] for more in ((), ("--gold", tmp_path / "gold.csv"))
    )
    assert plain != told


def test_groups_are_how_raters_stand_to_those_rated_or_as_said(built: Project, tmp_path: Path) -> None:
    [crowd] = facts(built.recipe, "--workspace", built.workspace)["groups"]
    assert (crowd["group"], crowd["raters"]) == ("crowd", 4)
    raters = [row["rater"] for row in facts(built.releases / "v1.0.0")["raters"]]
    write_csv(tmp_path / "groups.csv", ["rater", "group"], [[r, "abc"[n % 2]] for n, r in enumerate(raters)])
    found = facts(built.releases / "v1.0.0", "--groups", tmp_path / "groups.csv")["groups"]
    assert [row["group"] for row in found] == ["a", "b"]
    assert all(row["moved"] > 0 and "too few to tell" in row["state"] for row in found)


def test_for_people_it_is_a_table(built: Project) -> None:
    text = run(built.releases / "v1.0.0", "--limit", 1).output
    assert "4 raters, the 1 with the least attention" in text and "labels move" in text


@pytest.mark.parametrize(
    ("columns", "rows", "said"),
    [
        (["sample", "label"], [["s", "joy"]], "sample_id and label"),
        (["sample_id", "label"], [["s", "jo"]], "knows no 'jo'"),
    ],
)
def test_mistakes_are_told(
    built: Project, tmp_path: Path, columns: list[str], rows: list[list[str]], said: str
) -> None:
    write_csv(tmp_path / "gold.csv", columns, rows)
    found = run(built.releases / "v1.0.0", "--gold", tmp_path / "gold.csv")
    assert (found.exit_code, said in found.output) == (2, True), found.output
