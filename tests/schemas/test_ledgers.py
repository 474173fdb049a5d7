"""What the ledgers promise to those who append to them."""

from dataclasses import replace

import pyarrow as pa
import pytest

from affectory.schemas.errors import SchemaMismatch
from affectory.schemas.ledgers import ANSWERS, JUDGEMENTS, KINDS, LEDGERS, PEOPLE, SOURCES
from affectory.schemas.migrate import upgrade
from affectory.schemas.opinion import PERSPECTIVES, RATER_KINDS, RESPONSES
from affectory.schemas.types import EVIDENCE, SHOWN

JUDGEMENT = {
    "judgement_id": "j",
    "anchor": {"record": "r", "start_us": 5, "end_us": 9},
    "occasion": "",
    "revision": 0,
    "retracted": False,
    "rater": "p",
    "rater_kind": "human",
    "perspective": "felt",
    "asked": {"question": "q", "labels": ["joy", "fear"], "response": "multi-label"},
    "answer": {"weights": [1.0, None], "vad": {"valence": 0.5}},
}


def test_keys_are_those_of_the_design() -> None:
    assert {name: spec.key for name, spec in LEDGERS.items()} == {
        "sources": ("record_id", "fingerprint"),
        "people": ("person_id", "revision"),
        "judgements": ("judgement_id",),
        "answers": ("answer_id",),
        "asks": ("ask_id", "revision"),
        "returns": ("return_id",),
    }


def test_names_in_the_index_are_those_of_the_ledgers() -> None:
    assert all(name == spec.name and spec.kind == "ledger" for name, spec in LEDGERS.items())


def test_a_judgement_keeps_all_that_was_said() -> None:
    [row] = JUDGEMENTS.from_rows([JUDGEMENT]).to_pylist()
    assert row["answer"]["weights"] == [1.0, None], "unasked is not zero"
    assert row["answer"]["vad"] == {"valence": 0.5, "arousal": None, "dominance": None}
    assert row["anchor"]["start_us"] == 5
    assert row["supersedes"] is None


@pytest.mark.parametrize("name", ["rater", "perspective", "asked", "answer", "retracted", "revision", "occasion"])
def test_a_judgement_without_its_essentials_is_refused(name: str) -> None:
    with pytest.raises(SchemaMismatch) as raised:
        JUDGEMENTS.from_rows([JUDGEMENT, {k: v for k, v in JUDGEMENT.items() if k != name}])
    assert (raised.value.column, raised.value.row) == (name, 1)


def test_consent_that_was_not_asked_is_neither_yes_nor_no() -> None:
    person = {"person_id": "p", "revision": 0, "roles": ["rater"], "consent": {"train": False}}
    [row] = PEOPLE.from_rows([person]).to_pylist(maps_as_pydicts="strict")
    assert row["consent"] == {"train": False}
    assert row["withdrawn"] is None


def test_answers_and_sources_take_what_they_name() -> None:
    answer = dict.fromkeys(("answer_id", "backend", "model", "revision", "prompt", "parameters"), "x")
    logprobs = [{"token": "joy", "logprob": -0.5}]
    table = ANSWERS.from_rows([{**answer, "inputs": [], "repeat": 0, "logprobs": logprobs, "usage": {"in": 3}}])
    assert table.column("logprobs").to_pylist() == [logprobs]
    assert pa.types.is_int64(SOURCES.schema.field("size").type)


@pytest.mark.parametrize("words", [KINDS, PERSPECTIVES, RATER_KINDS, RESPONSES])
def test_fixed_lists_hold_distinct_plain_words(words: tuple[str, ...]) -> None:
    assert len(set(words)) == len(words)
    assert all(word == word.strip().lower() for word in words)


def without(struct: pa.StructType, name: str) -> pa.StructType:
    return pa.struct([f for f in struct if f.name != name])


def test_judgements_of_the_first_version_are_read_as_they_were_said() -> None:
    once = {"evidence": pa.list_(without(EVIDENCE.value_type, "record")), "shown": without(SHOWN, "content")}
    columns = [c for c in JUDGEMENTS.columns if c.name not in ("people", "declined")]
    first = replace(JUDGEMENTS, version=1, columns=tuple(replace(c, type=once.get(c.name, c.type)) for c in columns))
    old = first.from_rows([{**JUDGEMENT, "evidence": e} for e in (None, [], [{"kind": "span", "char_start": 1}, None])])
    rows = upgrade(old, JUDGEMENTS).to_pylist()
    assert [(row["people"], row["declined"], row["shown"]) for row in rows] == [(None, None, None)] * 3
    assert [row["evidence"] for row in rows][:2] == [None, []]
    span, nothing = rows[2]["evidence"]
    assert {k: v for k, v in span.items() if v is not None} == {"kind": "span", "char_start": 1}
    assert nothing is None
