"""A removal that was cut short, at whatever point, is finished by the next command, and nothing of anybody else is
lost."""

import random
import shutil
from pathlib import Path

import pytest
from support.forgetting import NAME, PERSON, World, forget, killed_at, write_world
from support.project import Project
from support.searching import places_of

from affectory.pipelines.forget.finishing import finish_forgetting, refuse_half_forgotten
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import UserError

SOURCES = 24
STEPS = random.Random(8).sample(range(2, 60), 6)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = write_world(tmp_path_factory.mktemp("killed") / "p", SOURCES)
    world.project.build(publish=False)
    return world


@pytest.fixture
def copied(built: World, tmp_path: Path) -> Project:
    shutil.copytree(built.project.folder, tmp_path / "p")
    return Project(tmp_path / "p")


def _kept(made: Project) -> dict[str, int]:
    workspace = Workspace(made.workspace)
    return {name: workspace.ledger(name).read().num_rows for name in ("sources", "judgements", "people")}


@pytest.mark.parametrize("step", STEPS)
def test_what_a_kill_left_is_finished_by_whoever_comes_next(copied: Project, built: World, step: int) -> None:
    needles = built.needles()
    assert killed_at(step, lambda: forget(copied))
    workspace = Workspace(copied.workspace)
    with workspace.lease() as lease:
        finish_forgetting(workspace.held(lease.epoch))
    if not workspace.forgotten():  # it was killed before it was written down that anybody goes
        forget(copied)
    assert places_of(needles, copied.workspace) == set()
    assert workspace.forgotten().knows(PERSON)
    assert _kept(copied) == {"sources": SOURCES - 3, "judgements": 2 * (SOURCES - 5), "people": _people()}


def _people() -> int:
    """Eight speakers of the lines, whoever is in the media, and two raters."""
    return 9 + 1 + 2


def test_a_removal_under_way_stops_a_review(copied: Project) -> None:
    workspace = Workspace(copied.workspace)
    workspace.files("forgetting").create("intent.json", b"{}")
    with pytest.raises(UserError, match="cut short"):
        refuse_half_forgotten(workspace)


def test_the_same_request_twice_does_no_more(copied: Project) -> None:
    forget(copied)
    before = _kept(copied)
    done = forget(copied, NAME)
    assert _kept(copied) == before and not done.plan.traces.records
