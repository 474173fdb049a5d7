"""docs/gate.md, docs/release.md and docs/people.md tell what there is: checks, audits, commands, keys."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from pydantic import TypeAdapter
from support.pages import described
from support.project import TEXTS, project, texts

from affectory.pipelines import discovery
from affectory.pipelines.bind import read_and_bind
from affectory.pipelines.cli.app import app
from affectory.pipelines.gate import about
from affectory.quality.suites.checks import checks_for
from affectory.schemas.recipe.people import People
from affectory.schemas.recipe.publishing import Publish, Statement
from affectory.transforms.sources._described import PURPOSES

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {name: (DOCS / f"{name}.md").read_text() for name in ("gate", "release", "people")}
YAML = [
    (name, yaml.safe_load(block))
    for name, page in PAGES.items()
    for block in re.findall(r"^```yaml\n(.*?)^```", page, re.M | re.S)
]
COMMANDS = sorted({c for page in PAGES.values() for c in re.findall(r"^\s*affectory (\w+)", page, re.M)})
AUDITS = sorted(discovery.audits())


def test_every_check_is_told_with_how_grave_it_is(tmp_path: Path) -> None:
    rows = [
        line.split(" | ") for line in PAGES["gate"].splitlines() if line.startswith("| `") and line.count(" | ") == 2
    ]
    told = {row[0].strip("| `"): row[1] for row in rows}
    checks = [check for check in checks_for(about(texts(tmp_path).bound())) if not check.name.endswith("_there")]
    assert checks
    assert {check.name: told.get(check.name) for check in checks} == {check.name: check.severity for check in checks}


@pytest.mark.parametrize("name", AUDITS)
def test_every_audit_is_told_and_shown_in_a_recipe(name: str) -> None:
    assert name in described(PAGES["gate"])
    assert any(name == (a if isinstance(a, str) else next(iter(a))) for _, part in YAML for a in _audits(part))


@pytest.mark.parametrize("name", AUDITS)
def test_an_audits_parameters_are_explained_for_editors(name: str) -> None:
    cls = discovery.public_class(discovery.audits()[name])
    properties = TypeAdapter(cls).json_schema()["properties"]
    assert all(properties[field.name].get("description") for field in fields(cls))


@pytest.mark.parametrize(("page", "part"), YAML, ids=[f"{name}-{n}" for n, (name, _) in enumerate(YAML)])
def test_recipes_are_read_as_they_stand(page: str, part: dict[str, Any], tmp_path: Path) -> None:
    made = texts(tmp_path)
    read_and_bind(project(made.folder, {**TEXTS, **part}).recipe)


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_are_there(name: str) -> None:
    known = typer.main.get_command(app)
    assert name in known.list_commands(typer.Context(known))  # type: ignore[attr-defined]


@pytest.mark.parametrize("key", [*PURPOSES, *(k for k in People.model_fields if k != "pseudonym_key")])
def test_what_a_recipe_says_of_people_is_told(key: str) -> None:
    assert key in PAGES["people"]


@pytest.mark.parametrize("key", [*Statement.model_fields, *(k for k in Publish.model_fields if k in ("statement",))])
def test_what_a_recipe_states_is_told(key: str) -> None:
    assert key in PAGES["release"]


def _audits(part: dict[str, Any]) -> list[Any]:
    return list(part.get("validate", {}).get("audits", ()))
