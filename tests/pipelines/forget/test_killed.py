"""A removal that was cut short, at whatever point, is finished by the next command, and nothing of anybody else is
lost."""

import random

import pytest
from support.forgetting import NAME, PERSON, World, forget, killed_at
from support.project import Project
from support.searching import places_of

from affectory.pipelines.forget.finishing import finish_forgetting
from affectory.pipelines.forget.requested import refuse_half_forgotten
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import UserError

STEPS = random.Random(8).sample(range(2, 60), 5)


def _kept(made: Project) -> dict[str, int]:
    workspace = Workspace(made.workspace)
    return {name: workspace.ledger(name).read().num_rows for name in ("sources", "judgements", "people")}


@pytest.mark.parametrize("step", STEPS)
def test_what_a_kill_left_is_finished_by_whoever_comes_next(made: Project, built: World, step: int) -> None:
    needles = built.needles()
    assert killed_at(step, lambda: forget(made))
    workspace = Workspace(made.workspace)
    with workspace.lease() as lease:
        finish_forgetting(workspace.held(lease.epoch))
    if not workspace.forgotten():  # it was killed before it was written down that anybody goes
        forget(made)
    assert places_of(needles, made.workspace) == set()
    assert workspace.forgotten().knows(PERSON)
    assert _kept(made) == {"sources": 21, "judgements": 2 * 19, "people": _people()}


def _people() -> int:
    """Eight speakers of the lines, whoever is in the media, and two raters."""
    return 9 + 1 + 2


def test_a_removal_under_way_stops_a_review(made: Project) -> None:
    workspace = Workspace(made.workspace)
    workspace.files("forgetting").create("intent.json", b"{}")
    with pytest.raises(UserError, match="cut short"):
        refuse_half_forgotten(workspace)


def test_the_same_request_twice_does_no_more(made: Project) -> None:
    forget(made)
    before = _kept(made)
    done = forget(made, NAME)
    assert _kept(made) == before and not done.plan.traces.records
