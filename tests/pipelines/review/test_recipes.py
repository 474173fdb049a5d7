"""The review parts of published ways of making emotion data are written down, bound, and asked of samples."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.project import Project, texts, write_lines

from affectory.annotation.server.home import Home
from affectory.pipelines.review.desk import Desk
from affectory.pipelines.review.planning import make_plan
from affectory.pipelines.review.withheld import Withheld
from affectory.pipelines.store.workspace import Workspace

RECIPES: dict[str, tuple[str, dict[str, Any], set[tuple[str, str]]]] = {
    "bah": (
        "ekman-7",
        {
            "kinds": ["video"],
            "ask": ["times", {"cues": {"of": ["face", "voice", "body", "words"]}}, {"transcript": {"required": False}}],
            "raters": 1,
            "overlap": 0.1,
            "also": {"crops": {"kinds": ["image"], "ask": ["faces"], "raters": 1}},
        },
        {("main", "video"), ("crops", "image")},
    ),
    "omg-empathy": (
        "ekman-7",
        {
            "kinds": ["video"],
            "ask": [{"trace": {"of": ["valence"]}}],
            "perspective": "felt",
            "whose": "listener",
            "raters": 1,
        },
        {("main", "video")},
    ),
    "emonet-voice": (
        "emonet-40",
        {
            "kinds": ["audio"],
            "see": ["audio"],
            "ask": [{"categories": {"many": True, "intensity": 2}}],
            "raters": 4,
            "second": {"after": ["Amusement", "Elation"], "noes": 0.1},
        },
        {("main", "audio")},
    ),
    "raer": (
        "parrott",
        {
            "kinds": ["video"],
            "ask": [{"categories": {"many": True}}],
            "raters": 10,
            "also": {"fine": {"kinds": ["video"], "ask": [{"tree": {"many": True}}], "raters": 10}},
        },
        {("main", "video"), ("fine", "video")},
    ),
    "emer": (
        "ekman-7",
        {
            "kinds": ["video"],
            "ask": ["words", {"cues": {"of": ["face", "voice", "words"]}}, "reason"],
            "raters": 2,
            "adjudicate": {"least": 0.5, "by": ["expert"]},
        },
        {("main", "video")},
    ),
    "reccon": (
        "ekman-7",
        {
            "kinds": ["text"],
            "context": 10,
            "ask": ["categories", {"cues": {"of": ["cause"]}}],
            "raters": 2,
            "adjudicate": {"least": 0.5, "by": ["expert"]},
        },
        {("main", "text")},
    ),
    "emorealm": (
        "ekman-7",
        {"ask": [{"preference": {"of": ["cue_chosen", "cue_rejected"]}}, "reason"], "raters": 2},
        {("main", "pair")},
    ),
}


def asked(folder: Path, taxonomy: str, review: dict[str, Any]) -> Project:
    made = texts(folder, 4)
    recipe = {**yaml.safe_load(made.recipe.read_text()), "taxonomy": taxonomy, "ratings": [], "assist": []}
    made.recipe.write_text(yaml.safe_dump({**recipe, "review": review}, sort_keys=False))
    return made


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_it_is_bound_to_interfaces(name: str, tmp_path: Path) -> None:
    taxonomy, review, interfaces = RECIPES[name]
    bound = asked(tmp_path, taxonomy, review).bound().review
    assert bound is not None
    assert set(bound.forms()) == interfaces
    assert all(form.config().startswith("<View") for form in bound.forms().values())


def test_turns_before_are_shown_and_who_speaks_is_a_letter(tmp_path: Path) -> None:
    project = asked(tmp_path, "ekman-7", RECIPES["reccon"][1])
    recipe = yaml.safe_load(project.recipe.read_text())
    source = {"kind": "jsonl", "name": "lines", "path": "turns.jsonl", "text": "body", "speaker": "who", "key": "id"}
    recipe["sources"] = [{**source, "dialogue": "scene", "position": "turn"}]
    turns = [("ann", "You came back."), ("bob", "I did."), ("ann", "Why now?")]
    rows = [{"id": f"l{i}", "body": body, "who": who, "scene": "d", "turn": i} for i, (who, body) in enumerate(turns)]
    write_lines(tmp_path / "turns.jsonl", rows)
    project.recipe.write_text(yaml.safe_dump(recipe, sort_keys=False))
    project.build(publish=False)
    desk = Desk.of(project.bound(), Workspace(project.workspace), Home(tmp_path / "home"))
    make_plan(desk)
    shown = {row["sample_id"]: row["shown"] for row in desk.asks().to_pylist()}
    [last] = [text for text in shown.values() if "Why now?" in text]
    assert '"context": [["A", "You came back."], ["B", "I did."]]' in last
    assert "ann" not in last.replace("You came", "")


def test_two_notes_are_compared_with_sides_in_balance(tmp_path: Path) -> None:
    from affectory.pipelines.review.material import Material
    from affectory.schemas.derived import NOTES, OPINIONS_TABLE, SAMPLES

    ids = [f"s{i:02}" for i in range(40)]
    base = {"kind": "text", "source": "lines", "uri": "a"}
    rows = [{**base, "sample_id": i, "anchor": {"record": i}, "text": f"text of {i}"} for i in ids]
    pairs = [(i, name) for i in ids[:-1] for name in ("cue_chosen", "cue_rejected")]
    notes = NOTES.from_rows([{"sample_id": i, "name": n, "text": f"{n} of {i}", "stage": "prefer"} for i, n in pairs])
    bound = asked(tmp_path, *RECIPES["emorealm"][:2]).bound().review
    assert bound is not None
    [question] = bound.questions
    material = Material(SAMPLES.from_rows(rows), OPINIONS_TABLE.empty(), notes)
    found = material.showable(question.question, Withheld(), question.compared)
    assert found.left_out == {"it lacks cue_chosen or cue_rejected": 1}
    left = [one.sides[0].sample_id for one in found.shown.values()]
    assert 10 < left.count("cue_chosen") < 30
    one = next(iter(found.shown.values()))
    form = question.forms["pair"]
    data = form.data(one, str)
    assert one.text is not None
    assert one.text in data["sample"]
    assert one.sides[0].text is not None
    assert one.sides[0].text in data["left"]
    assert "chosen" not in form.config(), "nothing tells which is which"
    assert json.dumps(one.facts()).count('"kind"') == 3
