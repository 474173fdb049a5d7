"""A list is the same however its bytes arrive, and one that is cut is never taken for a whole one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.annotation.client.arriving import Cut, items

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=4), max_size=6)


def chunks(data: bytes, size: int) -> list[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)]


@given(OBJECTS, st.integers(1, 40), st.booleans(), st.sampled_from([None, 2]))
def test_what_arrives_in_pieces_is_what_was_sent(
    sent: list[object], size: int, ascii: bool, indent: int | None
) -> None:
    data = json.dumps(sent, ensure_ascii=ascii, indent=indent).encode()
    assert list(items(chunks(data, size))) == sent


@given(OBJECTS, st.integers(1, 40), st.data())
def test_a_list_that_is_cut_anywhere_is_an_error(sent: list[object], size: int, data: st.DataObject) -> None:
    whole = json.dumps(sent).encode()
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(Cut):
        list(items(chunks(cut, size)))


@pytest.mark.parametrize("body", ["{}", "<html>", "[1]", "[{}{}]", "[{},]", '["a"]', ""])
def test_what_is_no_list_of_objects_is_an_error(body: str) -> None:
    with pytest.raises(Cut):
        list(items([body.encode()]))


def test_no_more_of_a_long_list_is_held_than_one_object() -> None:
    given, taken = 0, 0

    def arriving() -> object:
        nonlocal given
        yield b"["
        for number in range(1000):
            given += 1
            yield json.dumps({"n": number}).encode() + (b"," if number < 999 else b"]")

    for _ in items(arriving()):  # type: ignore[arg-type]
        taken += 1
        assert given - taken <= 2
    assert taken == 1000
