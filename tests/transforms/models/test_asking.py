"""Questions travel to other processes whole."""

import pyarrow as pa

from affectory.transforms.models._asking import PLACES, asks_of, rows_of
from affectory.transforms.models._messages import Ask, Message, Part


def places(count: int) -> pa.Table:
    return pa.table({name: pa.nulls(count, kind) for name, kind in PLACES.items()})


def test_a_question_arrives_as_it_was_asked() -> None:
    schema = {"properties": {"why": {"type": "string"}, "label": {"enum": ["joy", "anger"]}}, "type": "object"}
    said = (Message("user", (Part("image", asset="a_1", format="png"), Part("text", "What is “it”?"))),)
    ask = Ask("eye", said, "hash", schema=schema, choices=("A", "B"), temperature=0.7, repeat=2, sample={"text": None})
    assert asks_of(rows_of([ask], places(1))) == [ask]


def test_what_a_schema_names_first_stays_first() -> None:
    order = ["why", "label", "confidence"]
    ask = Ask("eye", (), "hash", schema={"properties": {name: {} for name in order}})
    (found,) = asks_of(rows_of([ask], places(1)))
    assert found.schema is not None
    assert list(found.schema["properties"]) == order
