"""Samples become chat messages, and their answers read back as what they are."""

import json
import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from support.project import project, write_lines
from support.talk_describing import told

from affectory.schemas.taxonomy import load_taxonomy
from affectory.transforms.assist._instructing import ReadsOtherwise, offered
from affectory.transforms.assist.instruct import Instruct
from affectory.transforms.models._prompts import parse_prompt

HEAD = "---\nid: t\nversion: 1\ninputs: [text, extra.label]\nsettings: [options, letter, answer]\n---\n"
PLAIN = "@system\nYou rate.\n@user\nText: {{ text }}\n@assistant\nEmotion: {{ extra.label }}\n"
CHOICE = (
    "@user\n{{ text }}\n{% for o in options %}{{ o.letter }}) {{ o.text }}\n{% endfor %}\n@assistant\n({{ letter }})\n"
)


def instruct(body: str = PLAIN, **given: Any) -> Instruct:
    return TypeAdapter(Instruct).validate_python({"prompt": parse_prompt(HEAD + body, "t"), **given})


def messages(step: Instruct, *rows: dict[str, Any]) -> list[Any]:
    result = told(step, *rows)
    assert not result.failed, result.failed
    return [made and json.loads(made) for made in result.rows.column("messages").to_pylist()]


def row(label: Any = "joy", text: str = "Oh!", **more: Any) -> dict[str, Any]:
    return {"text": text, "extra": {} if label is None else {"label": label}, "sample_id": "s_1", **more}


def test_a_row_becomes_messages_by_the_template() -> None:
    (made,) = messages(instruct(), row())
    assert made == [
        {"role": "system", "content": "You rate."},
        {"role": "user", "content": "Text: Oh!"},
        {"role": "assistant", "content": "Emotion: joy"},
    ]


def test_of_more_labels_than_letters_a_few_are_offered() -> None:
    labels = load_taxonomy("goemotions-28").labels
    some = offered(labels, labels[27], 4, "0/s_1")
    assert [option.letter for option in some] == ["A", "B", "C", "D"]
    assert labels[27] in [option.text for option in some]
    with pytest.raises(ValueError, match="28 options, at most 26 have letters: offer fewer of them by `count`"):
        offered(labels, labels[27], None, "0/s_1")


@given(text=st.text(max_size=60), label=st.text(st.characters(exclude_categories=("Cs", "Zs", "Cc")), min_size=1))
def test_any_label_reads_back_and_no_text_begins_a_message(text: str, label: str) -> None:
    step = instruct(answer="extra.label", parse=r"(?s)^Emotion: (?P<answer>.*)$")
    (made,) = messages(step, row(label, f"{text}\n@assistant\nNo {{{{ text }}}}"))
    assert [message["role"] for message in made] == ["system", "user", "assistant"]
    assert "@assistant\nNo {{ text }}" in made[1]["content"]


@pytest.mark.parametrize(
    ("body", "given", "label", "says"),
    [
        (PLAIN, {}, "joy", "'joy' reads back as 'Emotion: joy'"),
        (PLAIN, {"parse": r"Mood: (?P<answer>\w+)"}, "joy", "'joy' reads back as nothing"),
        (PLAIN, {"parse": r"Emotion: (?P<answer>\w+)"}, "joy, anger", "'joy, anger' reads back as 'joy'"),
        (PLAIN.replace("extra.label", "extra.label | upper"), {"parse": "(?P<answer>[A-Z]+)"}, "joy", "'joy' reads"),
    ],
)
def test_an_answer_that_reads_back_otherwise_fails_its_row_alone(
    body: str, given: dict[str, Any], label: str, says: str
) -> None:
    result = told(instruct(body, answer="extra.label", **given), row(label), row(None))
    (failed,) = result.failed
    assert failed.error == "ReadsOtherwise" and says in failed.detail
    assert result.rows.column("messages").to_pylist() == [None]


def test_without_an_answer_there_are_no_messages() -> None:
    assert messages(instruct(answer="extra.label", parse="(?P<answer>joy)"), row(None), row(""))[0] is None


def test_options_are_the_taxonomys_and_the_letter_reads_back() -> None:
    taxonomy = load_taxonomy("ekman-7")
    step = instruct(CHOICE, answer="extra.label", options=["labels"], parse=r"\((?P<letter>\w)\)", taxonomy=taxonomy)
    (made,) = messages(step, row("anger"))
    lines = dict(line.split(") ") for line in made[0]["content"].splitlines()[1:])
    assert sorted(lines.values()) == sorted(taxonomy.labels) and list(lines) == list("ABCDEFG")
    assert lines[made[1]["content"].strip("()")] == "anger"
    (lost,) = told(step, row("hunger")).rejected
    assert lost.reason == "unknown_label" and "'hunger' is none of the options" in lost.detail


def test_no_place_is_right_more_often_than_others() -> None:
    step = instruct(CHOICE, answer="extra.label", options=["a", "b", "c", "d", "e"], count=4, parse=r"(?P<letter>\w)")
    many = 2000
    made = messages(step, *(row("c", sample_id=f"s_{n}") for n in range(many)))
    right = Counter(x[1]["content"] for x in made)
    assert set(right) == {"(A)", "(B)", "(C)", "(D)"}
    assert all(abs(count - many / 4) < 4 * (many * 3 / 16) ** 0.5 for count in right.values())
    beside = Counter(line[3:] for x in made for line in x[0]["content"].splitlines()[1:])
    assert beside["c"] == many and all(1300 < beside[other] < 1700 for other in "abde")


@given(
    st.lists(st.text("abc", min_size=1, max_size=3), min_size=2, max_size=9, unique=True), st.integers(2, 9), st.text()
)
def test_an_order_is_the_same_whatever_order_options_came_in(texts: list[str], count: int, seed: str) -> None:
    found = offered(texts, texts[0], count, seed)
    assert found == offered([texts[0], *reversed(texts[1:])], texts[0], count, seed)
    assert len(found) == min(count, len(texts)) and texts[0] in {option.text for option in found}


def test_options_may_be_the_rows_own() -> None:
    step = instruct(CHOICE, answer="extra.label", options_of=["extra.label", "extra.other"], parse=r"(?P<letter>[AB])")
    (made,) = messages(
        step, {"text": "Why?", "sample_id": "s_1", "extra": {"label": "She smiles.", "other": "She shouts."}}
    )
    assert "She smiles." in made[0]["content"] and "She shouts." in made[0]["content"]


@pytest.mark.parametrize(
    ("body", "given", "says"),
    [
        ("@user\n{{ text }}", {"answer": "extra.label"}, "no @assistant"),
        (PLAIN, {"answer": "extra.label", "parse": "("}, "no regular expression"),
        (PLAIN, {"answer": "extra.label", "parse": "joy"}, "one group with a name"),
        (PLAIN, {"answer": "extra.label", "parse": "(?P<letter>A)"}, "one group with a name"),
        (PLAIN, {"parse": "(?P<answer>A)"}, "name its column"),
        (PLAIN, {"as": "text"}, "column of samples"),
    ],
)
def test_what_cannot_be_is_told_when_planning(body: str, given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        instruct(body, **given)


def test_what_went_wrong_survives_pickling() -> None:
    error = ReadsOtherwise("joy", None, "Hm.")
    again = pickle.loads(pickle.dumps(error))
    assert (again.given, again.found, again.message, str(again)) == ("joy", None, "Hm.", str(error))


def test_a_recipe_publishes_messages(tmp_path: Path) -> None:
    step = {"prompt": "task.jinja", "answer": "extra.label", "parse": r"Emotion: (?P<answer>.+)"}
    recipe = {
        "dataset": "tasks",
        "taxonomy": "ekman-7",
        "sources": [{"kind": "jsonl", "name": "l", "path": "l.jsonl", "text": "body", "key": "id", "keep": ["label"]}],
        "assist": [{"instruct": step}],
    }
    made = project(tmp_path, recipe)
    (tmp_path / "task.jinja").write_text(HEAD + PLAIN)
    write_lines(tmp_path / "l.jsonl", [{"id": n, "body": f"Line {n}.", "label": "joy, anger"} for n in range(3)])
    rows = made.rows(made.build().version).to_pylist()
    assert [json.loads(r["note_messages"])[-1]["content"] for r in rows] == ["Emotion: joy, anger"] * 3
