"""Nobody is shown to raters who does not want it, wherever in a sample they are."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support.publishing_people import album

from affectory.annotation.server.home import Home
from affectory.pipelines.purposes.words import Rules
from affectory.pipelines.review.desk import Desk
from affectory.pipelines.review.material import Material
from affectory.pipelines.review.withheld import Withheld, withheld
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.derived import NOTES, OPINIONS_TABLE, SAMPLES
from affectory.schemas.ledgers import PEOPLE, SOURCES
from affectory.schemas.recipe.review import Question

TODAY = date(2026, 11, 30)
GONE = {"person_id": "p_gone", "revision": 0, "roles": ["subject"]}


def sample(name: str, speaker: str = "p_ann", **given: Any) -> dict[str, Any]:
    plain = {"kind": "text", "source": "lines", "uri": "a", "text": f"text of {name}", "anchor": {"record": name}}
    return {"sample_id": name, "speaker": speaker, **plain, **given}


def shown(rows: list[dict[str, Any]], hidden: Withheld, **question: Any) -> set[str]:
    material = Material(SAMPLES.from_rows(rows), OPINIONS_TABLE.empty(), NOTES.empty())
    return set(material.showable(Question(**question), hidden).shown)


def hidden(folder: Path, **said: Any) -> Withheld:
    """What is withheld where one person said this, who is seen in the record `film` and speaks in none."""
    workspace = Workspace(folder)
    workspace.ledger("people").append(PEOPLE.from_rows([{**GONE, **said}]))
    base = {"fingerprint": "f", "asset_id": "a", "source": "lines", "uri": "u", "kind": "text"}
    films = [{**base, "record_id": "film", "subjects": ["p_ann", "p_gone"]}, {**base, "record_id": "alone"}]
    workspace.ledger("sources").append(SOURCES.from_rows(films))
    return withheld(workspace, TODAY)


@pytest.mark.parametrize(
    "said",
    [{"withdrawn": True}, {"consent": {"annotate": False}}, {"expires": TODAY}],
    ids=["withdrew", "said no", "ended"],
)
def test_neither_what_they_say_nor_where_they_are_seen_is_shown(tmp_path: Path, said: dict[str, Any]) -> None:
    rows = [sample("alone"), sample("hers", "p_gone"), sample("cut", anchor={"record": "film"})]
    assert shown(rows, hidden(tmp_path, **said)) == {"alone"}


@pytest.mark.parametrize("said", [{}, {"consent": {"annotate": True}}, {"roles": ["rater"], "withdrawn": True}])
def test_who_agreed_is_shown(tmp_path: Path, said: dict[str, Any]) -> None:
    rows = [sample("alone"), sample("hers", "p_gone"), sample("cut", anchor={"record": "film"})]
    assert shown(rows, hidden(tmp_path, **said)) == {"alone", "hers", "cut"}


def test_a_pair_of_which_one_side_is_withheld_is_withheld(tmp_path: Path) -> None:
    pairs = [
        sample(name, members=[{"role": r, "sample_id": s} for r, s in (("left", "alone"), ("right", other))])
        for name, other in (("fine", "other"), ("not", "hers"))
    ]
    rows = [sample("alone"), sample("other"), sample("hers", "p_gone"), *pairs]
    assert shown(rows, hidden(tmp_path, withdrawn=True)) == {"alone", "other", "fine"}


def test_nothing_is_shown_beside_what_they_said_before(tmp_path: Path) -> None:
    turns = [("one", "p_gone"), ("two", "p_ann"), ("three", "p_ann")]
    rows = [sample(n, who, dialogue="d", position=place) for place, (n, who) in enumerate(turns)]
    gone = hidden(tmp_path, withdrawn=True)
    assert shown(rows, gone, context=1) == {"three"}
    assert shown(rows, gone) == {"two", "three"}


def test_a_recipe_may_want_a_yes_before_anybody_is_shown(tmp_path: Path) -> None:
    assert hidden(tmp_path).people == {}
    required = withheld(Workspace(tmp_path), TODAY, Rules(required=frozenset({"annotate"})))
    assert required.people == {"p_gone": "the person was not asked about annotate"}


def test_no_rater_is_shown_what_is_not_published_for_its_licence(tmp_path: Path) -> None:
    licences = ["CC0-1.0", "proprietary", "CC-BY-ND-4.0"]
    accepted = {"licences": ["CC*"], "splits": {"by": ["record"], "train": 1.0}}
    made = album(tmp_path, [{"licence": name} for name in licences], review={"ask": ["categories"]}, publish=accepted)
    made.build(publish=False)
    desk = Desk.of(made.bound(), Workspace(made.workspace), Home(tmp_path / "home"))
    assert [*desk.withheld.records.values()] == ["licence: proprietary is not accepted"]
    showable = desk.material.showable(desk.review.questions[0].question, desk.withheld)
    texts = desk.material.samples
    said = dict(zip(texts["sample_id"].to_pylist(), texts["text"].to_pylist(), strict=True))
    assert sorted(said[name] for name in showable.shown) == ["words of 0.", "words of 2."]
