"""Questions travel to other processes whole."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.schemas.errors import UserError
from affectory.transforms.base import Failed, Reply
from affectory.transforms.models._asking import PLACES, asks_of, put, rows_of
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


@given(st.lists(st.sampled_from(["good", "twice", "raises", "left out"]), max_size=12))
def test_whatever_a_backend_does_each_question_ends_once_and_no_reply_is_asked_for_again(does: list[str]) -> None:
    answered: list[int] = []

    def chat(asks: Sequence[Ask]) -> Iterator[tuple[int, Reply | Failed]]:
        for index, ask in enumerate(asks):
            how = does[ask.repeat]
            if how == "raises":
                raise ValueError("out of luck")
            for _ in range({"good": 1, "twice": 2, "left out": 0}[how]):
                answered.append(ask.repeat)
                yield index, Reply(str(ask.repeat))

    said = put(chat, [Ask("bird", (), "hash", repeat=number) for number in range(len(does))])
    ends = {"raises": Failed(0, "ValueError", "out of luck")}
    ends["left out"] = Failed(0, "Unanswered", "the backend left this question out")
    assert said == [ends.get(how, Reply(str(number))) for number, how in enumerate(does)]
    assert all(answered.count(number) == 1 for number, how in enumerate(does) if how == "good")


def test_a_mistake_of_the_user_ends_the_asking() -> None:
    def chat(asks: Sequence[Ask]) -> Iterator[tuple[int, Reply | Failed]]:
        yield 0, Reply("yes")
        raise UserError("the key is refused")

    with pytest.raises(UserError, match="refused"):
        put(chat, [Ask("bird", (), "hash", repeat=number) for number in range(3)])
