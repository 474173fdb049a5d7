"""Pairs differ in the named way and in no other."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from support.llama import llama, smollm
from support.project import project, write_lines
from support.talk_describing import failure, one
from support.talking import asks, backends, parrot

from affectory.pipelines.prompting import prompt
from affectory.transforms.assist._corrupting import Edit, share_alike, swapped
from affectory.transforms.assist.prefer import Prefer
from affectory.transforms.models._prompts import parse_prompt
from affectory.transforms.models._talking import Unreadable

pytestmark = pytest.mark.usefixtures("backends")
__all__ = ["backends", "llama"]
CHOSEN = "She is glad: her eyes are bright and she laughs."
SEEN = "Bright eyes. A red scarf lies on the table."
ROW = {"text": "At last!", "description": CHOSEN, "clues": SEEN}
GOOD = {"old": "her eyes are bright", "new": "a red scarf lies on the table", "cue": "A red scarf"}
MADE_UP = {"old": "she laughs", "new": "she jumps up and down", "cue": "jumps up and down"}


def prefer(corruption: str, says: Any = None, **given: Any) -> Prefer:
    found = {"prompt": prompt("prefer"), "prior": prompt("prefer_prior"), "corruption": corruption}
    if corruption != "swapped_modality":
        found["model"] = parrot(says)
    if corruption == "spurious_cue":
        found["evidence"] = ["clues"]
    return TypeAdapter(Prefer).validate_python({**found, **given})


def made(step: Prefer, row: dict[str, Any] | None = None) -> dict[str, Any]:
    found = one(step, **(row or ROW))
    return {name.removeprefix("preference_"): v for name, v in found.items()}


@pytest.mark.parametrize(
    ("corruption", "says", "rejected"),
    [
        ("spurious_cue", GOOD, "She is glad: a red scarf lies on the table and she laughs."),
        ("hallucinated_cue", MADE_UP, "She is glad: her eyes are bright and she jumps up and down."),
    ],
)
def test_a_cue_takes_the_place_of_words_and_nothing_else_changes(corruption: str, says: Any, rejected: str) -> None:
    found = made(prefer(corruption, says))
    assert (found["chosen"], found["rejected"], found["corruption"]) == (CHOSEN, rejected, corruption)
    change = json.loads(found["change"])
    assert found["rejected"].replace(change["new"], change["old"]) == CHOSEN
    assert found["by"].startswith("parrot, asked by prefer@1 ")


@pytest.mark.parametrize(
    ("corruption", "edit", "says"),
    [
        ("spurious_cue", {**GOOD, "old": "her eyes"}, ""),
        ("spurious_cue", {**GOOD, "old": "her hands"}, "stands 0 times"),
        ("spurious_cue", {**GOOD, "old": "s"}, "stands [0-9] times"),
        ("spurious_cue", {**GOOD, "old": CHOSEN[:-1]}, "more than 60%"),
        ("spurious_cue", {**GOOD, "new": "a green hat"}, "does not tell the cue"),
        ("spurious_cue", {**GOOD, "new": "now she laughs", "cue": "she laughs"}, "tells that cue already"),
        ("spurious_cue", MADE_UP, "nothing that was observed tells that cue"),
        ("hallucinated_cue", GOOD, "that cue was observed"),
        ("hallucinated_cue", MADE_UP, ""),
    ],
)
def test_what_is_another_change_is_asked_for_again(corruption: str, edit: dict[str, str], says: str) -> None:
    def check() -> None:
        Edit(**edit).check(corruption, CHOSEN, [SEEN], 0.6)

    if not says:
        return check()
    with pytest.raises(Unreadable, match=says):
        check()
    return None


@given(
    before=st.text("ab ", max_size=9), old=st.text("cd", min_size=1, max_size=4), after=st.text("ab ", max_size=9),
    new=st.text("ef ", min_size=3).filter(lambda x: len(x.split()) > 0),
)  # fmt: skip
def test_a_change_can_be_taken_back(before: str, old: str, after: str, new: str) -> None:
    chosen = before + old + after
    edit = Edit(old=old, new=new, cue=new.split()[0] + " ")
    try:
        edit.check("hallucinated_cue", chosen, [], 1.0)
    except Unreadable:
        return
    pair = edit.pair(chosen)
    assert pair.rejected == before + new + after != pair.chosen == chosen


def test_an_edit_is_asked_for_until_it_is_one() -> None:
    step = prefer("spurious_cue", [json.dumps({**GOOD, "old": "no such words"}), json.dumps(GOOD)])
    assert "red scarf" in made(step)["rejected"]
    why = failure(prefer("spurious_cue", MADE_UP), **ROW)
    assert why.startswith("UnreadableAnswer") and "jumps up and down" in why


def test_words_alone_are_told_for_a_text_prior(tmp_path: Path) -> None:
    found = made(prefer("text_prior", model=parrot("He is relieved, as it is over.", folder=tmp_path)))
    assert (found["chosen"], found["rejected"]) == (CHOSEN, "He is relieved, as it is over.")
    (asked,) = asks(tmp_path)
    assert "At last!" in asked and "glad" not in asked and "scarf" not in asked
    why = failure(prefer("text_prior", f"Well, {CHOSEN}"), **ROW)
    assert "of the words are those of the right answer" in why


def test_swapped_sides_need_no_model() -> None:
    step = prefer("swapped_modality", between=["sound", "picture"])
    found = made(step, {"sound": "A loud voice.", "picture": "Clenched fists."})
    assert found == {
        "chosen": "Heard: A loud voice.\nSeen: Clenched fists.",
        "rejected": "Heard: Clenched fists.\nSeen: A loud voice.",
        "change": '{"swapped":["Heard","Seen"]}',
        "corruption": "swapped_modality",
        "by": None,
    }
    pair = swapped("x", "y", ("a", "b"))
    assert swapped("y", "x", ("a", "b")).chosen == pair.rejected


@pytest.mark.parametrize(
    ("step", "row"),
    [
        (("hallucinated_cue", {}), {**ROW, "description": None}),
        (("swapped_modality", {"between": ["a", "b"]}), {"a": "x", "b": ""}),
        (("swapped_modality", {"between": ["a", "b"]}), {"a": "x", "b": "x"}),
    ],
)
def test_what_lacks_a_side_has_no_pair(step: tuple[str, dict[str, Any]], row: dict[str, Any]) -> None:
    assert set(made(prefer(step[0], "unasked", **step[1]), row).values()) == {None}


@given(st.lists(st.sampled_from("abc"), max_size=6), st.lists(st.sampled_from("abc"), max_size=6))
def test_likeness_is_1_of_the_same_and_between_0_and_1(a: list[str], b: list[str]) -> None:
    assert share_alike(" ".join(a), " ".join(a).upper()) == 1
    assert 0 <= share_alike(" ".join(a), " ".join(b)) <= 1


NOSY = "---\nid: nosy\nversion: 1\ninputs: [text, description]\n---\n@user\n{{ text }}{{ description }}"


def test_an_answer_that_goes_on_for_ever_is_no_likeness() -> None:
    began = time.monotonic()
    assert share_alike("a b " * 60, "a " * 90_000, 0.8) <= 0.8
    assert share_alike("the man is sad", "the man is sad", 0.8) == 1.0
    assert share_alike("he is sad", "she is glad and sad", 0.3) == 0.5
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("corruption", "given", "says"),
    [
        ("swapped_modality", {}, "`between` names what"),
        ("swapped_modality", {"between": ["a", "b"], "model": parrot("x")}, "asks nobody"),
        ("spurious_cue", {"between": ["a", "b"]}, "is its alone"),
        ("spurious_cue", {"model": None}, "spurious_cue needs a model"),
        ("spurious_cue", {"evidence": []}, "name columns as `evidence`"),
        ("text_prior", {"prior": parse_prompt(NOSY, "nosy")}, "nosy tells description"),
        ("hallucinated_cue", {"prompt": prompt("caption")}, "prefer tells chosen, corruption"),
        ("hallucinated_cue", {"model": parrot("x", can=["image"])}, "needs json"),
        ("untrue", {}, "spurious_cue"),
    ],
)
def test_what_cannot_be_is_told_when_planning(corruption: str, given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        prefer(corruption, **given)


def test_pairs_are_built_and_published(tmp_path: Path) -> None:
    bird = {
        "backend": "parrot",
        "options": {"says": json.dumps({"old": "day", "new": "red scarf", "cue": "red scarf"})},
    }
    recipe = {
        "dataset": "pairs",
        "taxonomy": "ekman-7",
        "sources": [{"kind": "jsonl", "name": "l", "path": "l.jsonl", "text": "body", "key": "id", "keep": ["seen"]}],
        "models": {"bird": bird},
        "assist": [
            {"prefer": {"corruption": "hallucinated_cue", "of": "text", "model": "bird"}},
            {"prefer": {"corruption": "swapped_modality", "between": ["text", "extra.seen"], "as": "swap"}},
        ],
    }
    made = project(tmp_path, recipe)
    write_lines(
        tmp_path / "l.jsonl", [{"id": n, "body": f"What a day, {n}!", "seen": f"A smile {n}."} for n in range(3)]
    )
    rows = made.rows(made.build().version).to_pylist()
    assert [r["note_preference_rejected"] for r in rows] == [r["text"].replace("day", "red scarf") for r in rows]
    assert {r["note_swap_corruption"] for r in rows} == {"swapped_modality"}


def test_a_real_model_answers_from_words_alone(llama: str) -> None:
    found = made(prefer("text_prior", model=smollm(llama, max_tokens=60)))
    assert len(found["rejected"]) > 20 and found["rejected"] != found["chosen"]
    assert found["by"].startswith("smollm2, asked by prefer_prior@1 ")
