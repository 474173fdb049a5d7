"""What is read out of a model's answer: what is agreed, after the repairs that are declared, and nothing else."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.transforms.base import Reply
from affectory.transforms.models._answers import MAX_CHARS, MAX_DEPTH, MAX_VALUES, json_of, text_of
from affectory.transforms.models._talking import Unreadable

LABEL: dict[str, Any] = {
    "type": "object",
    "required": ["label"],
    "additionalProperties": False,
    "properties": {
        "label": {"enum": ["joy", "pleasant surprise"]},
        "weights": {"type": "array", "items": {"type": "number", "minimum": 0}},
        "more": {},
    },
}
words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)) | st.sampled_from("\t\n\r\u0085"))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


def read(text: str | None, *repair: str, schema: dict[str, Any] | None = None) -> Any:
    return json_of(Reply(text), LABEL if schema is None else schema, repair)


@given(values)
def test_whatever_is_json_and_fits_is_what_it_says(value: Any) -> None:
    assert json_of(Reply(json.dumps(value)), {}) == value
    assert json_of(Reply(f" {json.dumps(value, ensure_ascii=False)}\n"), {}, ("fence", "outer", "case")) == value


@given(st.text())
def test_an_answer_is_read_or_unreadable(text: str) -> None:
    for repair in ((), ("fence", "outer", "case")):
        try:
            assert "label" in json_of(Reply(text), LABEL, repair)
        except Unreadable as error:
            assert str(error)


@pytest.mark.parametrize(
    ("text", "repair"),
    [
        ('```json\n{"label": "joy"}\n```', "fence"),
        ('```\n{"label": "joy"}```', "fence"),
        ('Here it is: {"label": "joy"}', "outer"),
        ('{"label": "joy"} I hope that this helps.', "outer"),
        ('7 {"label": "joy"} {"label": "sadness"}', "outer"),
        ('{"label": "Joy"}', "case"),
        ('{"label": " JOY. "}', "case"),
    ],
)
def test_a_repair_is_made_where_it_is_declared_and_nowhere_else(text: str, repair: str) -> None:
    assert read(text, repair) == {"label": "joy"}
    for others in ((), tuple({"fence", "outer", "case"} - {repair, "outer" if repair == "fence" else ""})):
        with pytest.raises(Unreadable):
            read(text, *others)


def test_labels_get_the_spelling_of_the_schema_wherever_it_has_one() -> None:
    schema = {"type": "array", "items": LABEL}
    assert read('[{"label": "Pleasant_Surprise"}]', "case", schema=schema) == [{"label": "pleasant surprise"}]
    with pytest.raises(Unreadable, match="'delight' is not one of"):
        read('{"label": "delight"}', "case")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "not JSON"),
        ("", "not JSON"),
        ("joy", "not JSON"),
        ('{"label": "joy"', "not JSON"),
        ('{"label": "joy"} and more', "Extra data"),
        ('{"label": "joy", "label": "joy"}', "gives 'label' twice"),
        ('{"label": "joy", "weights": [NaN]}', "NaN is no number"),
        ('{"label": "joy", "weights": [-Infinity]}', "-Infinity is no number"),
        ('{"label": "joy", "weights": [1e999]}', "1e999 is too large"),
        ('{"label": "joy", "weights": [' + "9" * 5000 + "]}", "not JSON"),
        ('{"label": "joy", "more": "\\ud800"}', "half a character"),
        ('{"label": "joy", "more": [{"\\u0000": 1}]}', "a control character: '\\x00'"),
        ('{"label": "joy", "more": "\\u001b[2J"}', "a control character"),
        ('{"label": "joy", "more": ' + "[" * 100 + "]" * 100 + "}", f"deeper than {MAX_DEPTH} levels"),
        ("[" * 99_999 + "]" * 99_999, "nested too deep"),
        ('{"a":' * 30_000, "nested too deep"),
        ('{"label": "joy", "more": "' + "x" * MAX_CHARS + '"}', f"at most {MAX_CHARS} are read"),
        ("[]", "[] is not of type 'object'"),
        ("{}", "'label' is a required property"),
        ('{"label": "joy", "mood": 1}', "'mood' was unexpected"),
        ('{"label": "joy", "weights": [1, -1]}', "weights.1: -1 is less than the minimum of 0"),
        ('{"label": "joy", "weights": "' + "y" * 5000 + '"}', "weights: 'yyyy"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_words_that_a_model_can_use(text: str | None, says: str) -> None:
    began = time.monotonic()
    with pytest.raises(Unreadable) as error:
        read(text, schema=LABEL)
    assert says in str(error.value)
    assert len(str(error.value)) <= 600
    assert time.monotonic() - began < 10


def test_labels_that_differ_in_their_marks_alone_stay_apart() -> None:
    schema = {"type": "array", "items": {"enum": ["Joy", "joy!", "joy"]}}
    assert read('["joy", "joy!", "Joy", "JOY"]', "case", schema=schema) == ["joy", "joy!", "Joy", "Joy"]


MANY: dict[str, Any] = {"type": "array", "items": {"enum": [f"label {n}" for n in range(300)]}}


@pytest.mark.parametrize(
    ("text", "schema", "says"),
    [
        ("```" + "\n" * 199_000, MANY, "not JSON"),
        ("{" + ",".join(f'"k{n}":1' for n in range(18_000)) + ',"k17999":2}', {}, "'k17999' twice"),
        ("[" + ",".join(['"x"'] * 49_000) + "]", MANY, f"more than {MAX_VALUES} values"),
        ("[" + ",".join(['"x"'] * 4900) + "]", MANY, "0: 'x' is not one of"),
        ("[" + ",".join(f'{{"a":{n % 2400}}}' for n in range(2450)) + "]", {"uniqueItems": True}, "non-unique"),
    ],
    ids=["fence without end", "twice at the end", "too many", "many that are none", "two that are alike"],
)  # fmt: skip
def test_no_answer_takes_long_to_read(text: str, schema: dict[str, Any], says: str) -> None:
    began = time.monotonic()
    with pytest.raises(Unreadable, match=says):
        read(text, "fence", "outer", "case", schema=schema)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "schema", [True, {"properties": {"a": True}}, {"items": True}, {"properties": {"a": {"items": True}}}]
)
@pytest.mark.parametrize("value", ["joy", ["joy"], {"a": "joy"}, {"a": ["joy"]}])
def test_what_a_schema_says_nothing_of_keeps_its_spelling(value: Any, schema: Any) -> None:
    assert json_of(Reply(json.dumps(value)), schema, ("case",)) == value


def test_a_long_answer_does_not_hide_what_is_wrong_with_it() -> None:
    with pytest.raises(Unreadable, match="is not of type 'array'"):
        read('{"label": "joy", "weights": "' + "y" * 5000 + '"}')


@pytest.mark.parametrize(("text", "found"), [(" so it is \n", "so it is"), ("x" * MAX_CHARS, "x" * MAX_CHARS)])
def test_free_text_is_taken_as_it_is(text: str, found: str) -> None:
    assert text_of(Reply(text)) == found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "empty"),
        (" \n", "empty"),
        ("x" * (MAX_CHARS + 1), "at most"),
        ("\ud800", "half a character"),
        ("so\x00", "a control character"),
        ("\x1b[2J", "a control character"),
    ],
)
def test_free_text_says_something_that_can_be_written_down(text: str | None, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        text_of(Reply(text))


def test_json_that_was_cut_is_told_as_what_it_is() -> None:
    whole, cut = '{"label": "joy"}', '{"label": "jo'
    assert json_of(Reply(whole, usage={"cut": 1}), LABEL) == {"label": "joy"}
    with pytest.raises(Unreadable, match="longer than `max_tokens` allows"):
        json_of(Reply(cut, usage={"cut": 1}), LABEL)
    with pytest.raises(Unreadable, match="it is not JSON"):
        json_of(Reply(cut), LABEL)
