"""docs/review.md: its recipe is read as it stands, and its tables name every key and all that can be asked."""

import re
from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from pydantic import TypeAdapter
from support.media import write_video
from support.pages import described
from support.project import Project, project, write_lines

from affectory.annotation.form import field_class, field_modules
from affectory.pipelines.bind import read_and_bind
from affectory.pipelines.cli import reviewing
from affectory.pipelines.review.raters import read_raters
from affectory.schemas.recipe.review import Adjudicate, Floors, Gold, RaterLimits, Review, Second

PAGE = (Path(__file__).parents[2] / "docs" / "review.md").read_text()
PARTS = map(yaml.safe_load, re.findall(r"^```yaml\n(.*?)^```", PAGE, re.M | re.S))
RECIPES = [part for part in PARTS if "dataset" in part]
INNER = [key for part in (Adjudicate, Floors, Gold, RaterLimits, Second) for key in part.model_fields]


@pytest.mark.parametrize("key", Review.model_fields)
def test_every_key_of_a_review_is_told(key: str) -> None:
    assert key in described(PAGE)


@pytest.mark.parametrize("key", INNER)
def test_every_key_below_is_told(key: str) -> None:
    assert f"`{key}`" in PAGE


@pytest.mark.parametrize("name", sorted(field_modules()))
def test_what_can_be_asked_is_told_with_all_its_parameters(name: str) -> None:
    parameters = set(TypeAdapter(field_class(name)).json_schema().get("properties", {}))
    assert parameters - described(PAGE)[name] == set()


@pytest.mark.parametrize("command", [command.__name__ for command in reviewing.COMMANDS])
def test_every_command_is_told(command: str) -> None:
    assert f"affectory review {command}" in PAGE


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: str(recipe["dataset"]))
def test_the_recipe_is_read_as_it_stands(recipe: dict[str, object], tmp_path: Path) -> None:
    made = written(tmp_path, recipe)
    review = read_and_bind(made.recipe).review
    assert review is not None
    assert [question.name for question in review.questions] == ["main", "heard"]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: str(recipe["dataset"]))
def test_the_recipe_can_be_built_of_what_it_names(recipe: dict[str, object], tmp_path: Path) -> None:
    made = written(tmp_path, recipe)
    write_video(tmp_path / "media" / "clip.mp4", frames=10)
    write_lines(tmp_path / "lines.jsonl", [{"id": "a", "body": "What a day."}])
    assert {"frames", "lexicon", "face_emotion"} <= {stage.name for stage in made.plan().stages}


def test_the_list_of_raters_is_read_as_it_stands(tmp_path: Path) -> None:
    lines = re.search(r"^ +email,relation.*\n(?: +\S+@.*\n)+", PAGE, re.M)
    assert lines
    (tmp_path / "raters.csv").write_text(dedent(lines[0]))
    people = read_raters(tmp_path / "raters.csv", lambda email: "p")
    assert [(person.role, person.relation) for person in people][-2:] == [("annotator", "expert"), ("lead", None)]


def written(folder: Path, recipe: dict[str, object]) -> Project:
    """The recipe beside all that it names."""
    made = project(folder, recipe)
    (folder / "media").mkdir()
    (folder / "lines.jsonl").write_text("")
    (folder / "raters.csv").write_text("email\n")
    return made
