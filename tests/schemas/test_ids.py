"""Ids: the same for the same, distinct for the distinct, and no business of clocks, paths or the process."""

import hashlib
import math
import os
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.schemas import ids

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
TEXTS = st.lists(st.text(max_size=4), max_size=4)
ANCHOR = {"record": "r", "start_us": 0, "end_us": 10, "char_start": None, "char_end": None, "box": None}


def told_apart(value: Any) -> Any:
    """A form in which values that JSON tells apart differ in Python too: 1 == 1.0 == True there."""
    if isinstance(value, dict):
        return "dict", tuple(sorted((k, told_apart(v)) for k, v in value.items()))
    if isinstance(value, list | tuple):
        return "list", tuple(map(told_apart, value))
    return type(value).__name__, repr(value)


@given(st.lists(PLAIN, max_size=3), st.lists(PLAIN, max_size=3))
def test_a_digest_is_shared_by_equal_parts_only(a: list[Any], b: list[Any]) -> None:
    assert (ids.digest(*a) == ids.digest(*b)) == (repr(told_apart(a)) == repr(told_apart(b)))


@given(st.lists(PLAIN, max_size=3), st.text() | st.none())
def test_a_digest_of_what_is_spelled_already_is_the_same(parts: list[Any], text: str | None) -> None:
    assert ids.digest_of(*map(ids.canonical, parts), ids.spelled(text)) == ids.digest(*parts, text)


@given(st.text())
def test_the_sample_of_a_whole_record_has_one_id(record: str) -> None:
    assert ids.whole_sample_id(record) == ids.sample_id(record, "whole")


@given(TEXTS, TEXTS)
def test_parts_never_run_into_each_other(a: list[str], b: list[str]) -> None:
    assert (ids.digest(*a) == ids.digest(*b)) == (a == b)
    assert (ids.digest(a) == ids.digest(b)) == (a == b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (("ab", "c"), ("a", "bc")),
        (("a", "b"), ("a,b",)),
        (("a", "b"), (["a", "b"],)),
        (("a",), ("a", "")),
        (("a",), ("a", None)),
        ((None,), ("null",)),
        ((1,), ("1",)),
        ((True,), (1,)),
        ((0,), (False,)),
        (('"',), ("\\",)),
        (({"a": 1},), ([["a", 1]],)),
        (("é",), ("e\u0301",)),
        ((), ([],)),
    ],
)
def test_parts_that_look_alike_are_told_apart(a: tuple[Any, ...], b: tuple[Any, ...]) -> None:
    assert ids.digest(*a) != ids.digest(*b)


def test_the_order_of_keys_does_not_matter_and_that_of_parts_does() -> None:
    assert ids.digest({"a": 1, "b": 2}) == ids.digest({"b": 2, "a": 1})
    assert ids.digest("a", "b") != ids.digest("b", "a")


@pytest.mark.parametrize("value", [math.nan, math.inf, {"a": [-math.inf]}, object(), b"x", {("a",): 1}])
def test_what_has_no_single_spelling_is_refused(value: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        ids.digest(value)


@given(TEXTS.filter(bool), TEXTS.filter(bool))
def test_samples_are_told_apart_by_record_and_place(a: list[str], b: list[str]) -> None:
    assert (ids.sample_id(*a) == ids.sample_id(*b)) == (a == b)


@given(*[st.tuples(st.text(max_size=3), st.text(max_size=3))] * 2)
def test_records_are_told_apart_by_scope_and_key(a: tuple[str, str], b: tuple[str, str]) -> None:
    assert (ids.record_id_from_key(*a) == ids.record_id_from_key(*b)) == (a == b)


@given(*[st.tuples(st.text(max_size=3), st.integers(0, 3))] * 2)
def test_records_without_a_key_are_told_apart_by_content_and_count(a: tuple[str, int], b: tuple[str, int]) -> None:
    assert (ids.record_id_from_content(*a) == ids.record_id_from_content(*b)) == (a == b)
    assert ids.record_id_from_content(*a) != ids.record_id_from_key(a[0], str(a[1]))


@given(*[st.tuples(*[st.text(max_size=2)] * 4)] * 2)
def test_opinions_are_told_apart_by_each_of_their_parts(a: tuple[str, ...], b: tuple[str, ...]) -> None:
    assert (ids.opinion_id(*a) == ids.opinion_id(*b)) == (a == b)


@pytest.mark.parametrize(
    "other",
    [
        ("q", ANCHOR, "what", "", 0),
        ("p", {**ANCHOR, "record": "q"}, "what", "", 0),
        ("p", {**ANCHOR, "end_us": 11}, "what", "", 0),
        ("p", {**ANCHOR, "box": [0.0, 0.0, 1.0, 1.0]}, "what", "", 0),
        ("p", ANCHOR, "who", "", 0),
        ("p", ANCHOR, "what", "again", 0),
        ("p", ANCHOR, "what", "", 1),
    ],
)
def test_a_judgement_is_told_apart_by_each_of_its_parts(other: tuple[Any, ...]) -> None:
    one = ids.judgement_id("p", ANCHOR, "what", "", 0)
    assert one == ids.judgement_id("p", dict(reversed(ANCHOR.items())), "what", "", 0)
    assert one != ids.judgement_id(*other)


def test_an_id_says_what_it_is_of() -> None:
    made = [
        ids.record_id_from_key("s", "k"),
        ids.record_id_from_content("c"),
        ids.sample_id("r"),
        ids.judgement_id("p", ANCHOR, "q", "", 0),
        ids.opinion_id("s", "r", "q", "p"),
    ]
    assert [i[:2] for i in made] == ["r_", "r_", "s_", "j_", "o_"]
    assert all(len(i) == 26 and int(i[2:], 16) >= 0 for i in made)


@given(st.text(max_size=5), st.text(max_size=5), st.binary(max_size=5), st.binary(max_size=5))
def test_a_pseudonym_needs_the_key(name: str, other: str, key: bytes, guess: bytes) -> None:
    same_key = key.rstrip(b"\0") == guess.rstrip(b"\0")  # HMAC pads keys with zeros
    assert (ids.pseudonym(name, key) == ids.pseudonym(name, guess)) == same_key
    plain, another = (unicodedata.normalize("NFC", given.strip()) for given in (name, other))
    assert (ids.pseudonym(name, key) == ids.pseudonym(other, key)) == (plain == another)


def test_a_name_is_one_person_however_its_accents_are_encoded() -> None:
    """Names of files on a Mac and columns of a table differ in that."""
    assert ids.pseudonym("Jos\u00e9", b"key") == ids.pseudonym("Jose\u0301", b"key") != ids.pseudonym("Jose", b"key")


def test_a_pseudonym_hides_the_name() -> None:
    person = ids.pseudonym(" Ada Lovelace\n", b"key")
    assert person == ids.pseudonym("Ada Lovelace", b"key")
    assert person.startswith("p_")
    assert "ada" not in person.lower()
    assert hashlib.sha256(b"Ada Lovelace").hexdigest()[:20] not in person


@given(st.lists(st.binary(max_size=8)))
def test_an_asset_is_known_by_its_bytes_however_they_come(chunks: list[bytes]) -> None:
    assert ids.asset_id(chunks) == ids.asset_id([b"".join(chunks)]) == hashlib.sha256(b"".join(chunks)).hexdigest()


MADE = """
from affectory.schemas import ids
print(ids.digest("a", {"b": [1, 2.5, None], "é": True}), ids.sample_id("r", "time", 0, 5), ids.pseudonym("a", b"k"))
"""


def test_neither_clock_nor_place_nor_hash_seed_shows(tmp_path: Path) -> None:
    def made(seed: str, zone: str, folder: Path) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone}
        run = subprocess.run([sys.executable, "-c", MADE], cwd=folder, env=environment, capture_output=True, check=True)
        return run.stdout.decode()

    here = made("1", "UTC", tmp_path)
    (tmp_path / "else where").mkdir()
    assert here == made("77", "Asia/Tokyo", tmp_path / "else where")
    assert here.split()[0] == ids.digest("a", {"b": [1, 2.5, None], "é": True})


def test_ids_are_what_they_were() -> None:
    """Ledgers outlive versions: an id that changes loses every judgement made under it."""
    assert ids.digest("a", 1, [None, "é"]) == "1577efcec2eafa0f18573955fb9a041f214b0c10"
    assert ids.record_id_from_key("s", "k") == "r_b8c4b57236ad37c087925889"
    assert ids.record_id_from_content("c", 1) == "r_3058c70a4a80e528e17ff9fd"
    assert ids.sample_id("r", "time", 0, 5) == "s_9d603fdf88be1abfe0e864c0"
    assert ids.judgement_id("p", ANCHOR, "q", "", 0) == "j_ab269f91881542434668378d"
    assert ids.pseudonym("a", b"k") == "p_78da91511e675587f5b9"
