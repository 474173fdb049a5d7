"""A small world that was built once, and copies of it to forget somebody in."""

import shutil
from pathlib import Path

import pytest
from support.forgetting import World, write_world
from support.project import Project

SOURCES = 24


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = write_world(tmp_path_factory.mktemp("forgetting") / "p", SOURCES)
    world.project.build(publish=False)
    return world


@pytest.fixture
def made(built: World, tmp_path: Path) -> Project:
    shutil.copytree(built.project.folder, tmp_path / "p")
    return Project(tmp_path / "p")
