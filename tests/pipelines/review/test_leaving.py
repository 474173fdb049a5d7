"""Whoever judged can leave, named or not, and what they took back is remembered; a dry plan notes nobody."""

from pathlib import Path

import pytest
import yaml
from support.project import texts
from support.reviewing import Review

from affectory.annotation.server.home import Home
from affectory.pipelines.review.desk import Desk
from affectory.pipelines.review.leaving import leave
from affectory.pipelines.review.planning import make_plan
from affectory.pipelines.review.raters import took_back
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import UserError
from affectory.schemas.ledgers import JUDGEMENTS, RETURNS


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A review with one rater in its list, and an answer of one who came uninvited."""
    project = texts(tmp_path)
    (tmp_path / "raters.csv").write_text("email\nann@x.org\n")
    recipe = {**yaml.safe_load(project.recipe.read_text()), "review": {"raters": 1, "raters_file": "raters.csv"}}
    project.recipe.write_text(yaml.safe_dump(recipe, sort_keys=False))
    project.build(publish=False)
    found = Desk.of(project.bound(), Workspace(project.workspace), Home(tmp_path / "home"))
    said = Review()
    said.says(said.ask("s"), "joy", rater="p_uninvited")
    found.workspace.ledger("returns").append(RETURNS.from_rows(said.returns))
    found.workspace.ledger("judgements").append(JUDGEMENTS.from_rows(said.judgements))
    return found


def known(desk: Desk) -> set[str]:
    """Raters in the ledger of people who were not there by the build."""
    people = desk.workspace.ledger("people").read().to_pylist()
    return {row["person_id"] for row in people} & {desk.pseudonym("ann@x.org"), "p_uninvited"}


def test_who_came_uninvited_can_leave_and_take_back(desk: Desk) -> None:
    assert "p_uninvited withdrew" in leave(desk, "p_uninvited", take_back=False)
    assert took_back(desk.workspace) == frozenset()
    assert "had withdrawn before; 1 judgements count no more" in leave(desk, "p_uninvited", take_back=True)
    assert took_back(desk.workspace) == {"p_uninvited"}
    assert "0 judgements" in leave(desk, "p_uninvited", take_back=True)


@pytest.mark.parametrize("who", ["p_nobody", "bob@x.org"])
def test_nobody_else_can(desk: Desk, who: str) -> None:
    with pytest.raises(UserError, match=f"nobody is known as {who}"):
        leave(desk, who, take_back=True)


def test_a_dry_plan_notes_nobody(desk: Desk) -> None:
    make_plan(desk, write=False)
    assert known(desk) == set()
    make_plan(desk)
    assert known(desk) == {desk.pseudonym("ann@x.org")}
