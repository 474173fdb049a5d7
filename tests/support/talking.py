"""Models, prompts and projects for tests of steps that talk with models."""

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.project import Project, texts

from affectory.schemas.recipe.asked import Asked
from affectory.transforms.models._asked import AskedModel

BACKENDS = str(Path(__file__).parent / "backends")


@pytest.fixture
def backends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The backends for tests are installed, here and in processes that are started."""
    monkeypatch.syspath_prepend(BACKENDS)
    monkeypatch.setenv("PYTHONPATH", ":".join([BACKENDS, *sys.path[:2]]))


def parrot(says: Any = None, name: str = "bird", folder: Path | None = None, **spec: Any) -> AskedModel:
    """A model that says what it is told to, or repeats the end of what it was told."""
    options = {"says": says} if says is not None else {}
    options |= {"folder": str(folder)} if folder else {}
    return AskedModel(name, Asked(backend="parrot", options=options, **spec))


def asks(folder: Path) -> list[str]:
    """The last message of every question that parrots were asked, sorted."""
    return sorted(file.read_text() for file in folder.glob("*.asked"))


def texts_with(folder: Path, count: int, models: dict[str, Any], assist: list[Any], **more: Any) -> Project:
    """Lines of text, models, and steps that ask them."""
    made = texts(folder, count)
    recipe = {**yaml.safe_load(made.recipe.read_text()), "models": models, "assist": assist, **more}
    made.recipe.write_text(yaml.safe_dump(recipe, sort_keys=False))
    return made
