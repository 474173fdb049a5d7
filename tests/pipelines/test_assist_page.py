"""docs/assist.md: its recipes are read as they stand, and its tables name all steps, prompts and keys of models."""

import re
from pathlib import Path

import pytest
import yaml
from pydantic import TypeAdapter
from support.pages import described
from support.project import project

from affectory.pipelines import discovery
from affectory.pipelines.bind import read_and_bind
from affectory.pipelines.prompting import prompt_names
from affectory.schemas.recipe.asked import Asked

PAGE = (Path(__file__).parents[2] / "docs" / "assist.md").read_text()
PARTS = map(yaml.safe_load, re.findall(r"^```yaml\n(.*?)^```", PAGE, re.M | re.S))
RECIPES = [part for part in PARTS if "dataset" in part]
FOLDERS = ("assist", "checks")
STEPS = {name: module for folder in FOLDERS for name, module in discovery.modules(folder).items()}


OF_ALL = {"model", "prompt", "as", "taxonomy"}
"""Parameters that the page tells once for all steps that talk."""


@pytest.mark.parametrize("step", sorted(STEPS))
def test_a_step_is_told_with_all_its_parameters(step: str) -> None:
    parameters = set(TypeAdapter(discovery.public_class(STEPS[step])).json_schema().get("properties", {}))
    assert parameters - OF_ALL - described(PAGE)[step] == set()


@pytest.mark.parametrize("key", Asked.model_fields)
def test_every_key_of_a_model_is_told(key: str) -> None:
    assert key in described(PAGE)


def test_every_prompt_is_told() -> None:
    assert set(prompt_names()) <= set(re.findall(r"`(\w+)`", PAGE))


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: str(recipe["dataset"]))
def test_a_recipe_is_read_as_it_stands(recipe: dict[str, object], tmp_path: Path) -> None:
    made = project(tmp_path, recipe)
    (tmp_path / "media").mkdir()
    for name in ("lines.jsonl", "clips.jsonl"):
        (tmp_path / name).write_text("")
    assert read_and_bind(made.recipe).stages
