"""What a push takes from the ledger of asks."""

import json
from pathlib import Path

import pytest
import yaml
from support.project import texts

from affectory.annotation.server.home import Home
from affectory.pipelines.review.desk import Desk
from affectory.pipelines.review.planning import make_plan
from affectory.pipelines.review.pushing import Pushing
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.ledgers import PEOPLE


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Twelve lines of three speakers, each asked of two people."""
    project = texts(tmp_path)
    recipe = {**yaml.safe_load(project.recipe.read_text()), "review": {"raters": 2, "enough": 0.01}}
    project.recipe.write_text(yaml.safe_dump(recipe, sort_keys=False))
    project.build(publish=False)
    found = Desk.of(project.bound(), Workspace(project.workspace), Home(tmp_path / "home"))
    make_plan(found)
    return found


def pushed(desk: Desk) -> dict[str, int]:
    """By speaker how many asks a push would bring there."""
    asks = Pushing(desk, print, lambda *_: None).open_asks["main", "text", False]
    speakers = [desk.material.rows[ask["sample_id"]]["speaker"] for ask in asks]
    return {speaker: speakers.count(speaker) for speaker in speakers}


def test_nothing_is_pushed_of_who_withdrew_since_it_was_planned(desk: Desk) -> None:
    """Asks that were answered are closed by no plan, and what they show must go from the server all the same."""
    before = pushed(desk)
    assert list(before.values()) == [8, 8, 8]
    gone = min(before)
    row = {"person_id": gone, "revision": 9, "roles": ["subject"], "withdrawn": True}
    desk.workspace.ledger("people").append(PEOPLE.from_rows([row]))
    assert pushed(desk) == {speaker: count for speaker, count in before.items() if speaker != gone}


def test_nothing_is_pushed_of_a_sample_that_is_gone_however_often_it_was_answered(desk: Desk) -> None:
    """Its media need be nowhere any more."""
    material = desk.material
    some = material.samples.column("sample_id")[0].as_py()
    desk.__dict__["material"] = type(material)(material.samples.slice(1), material.opinions, material.notes)
    asks = Pushing(desk, print, lambda *_: None).open_asks["main", "text", False]
    assert {ask["sample_id"] for ask in asks} == set(material.rows) - {some}


def test_what_is_planned_says_whose_side_is_asked_about(desk: Desk) -> None:
    [side] = {(f["perspective"], f["whose"]) for f in map(json.loads, desk.asks().column("shown").to_pylist())}
    assert side == ("perceived", None)
