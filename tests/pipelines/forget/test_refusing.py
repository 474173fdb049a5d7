"""Records of whoever was forgotten are known by any of what was kept of them; media inside files are not taken in."""

from pathlib import Path

import pyarrow as pa
import pytest

from affectory.pipelines.forget.refusing import Refusing
from affectory.pipelines.records import RecordRows
from affectory.pipelines.store.files import files_at
from affectory.pipelines.store.forgotten import Forgotten, remember
from affectory.transforms.sources.base import Inner, Refused

PERSON = "p_" + "a" * 20
ROW = {"record_id": "r1", "fingerprint": "f1", "asset_id": "x", "kind": "image", "subjects": []}


@pytest.fixture
def refusing(tmp_path: Path) -> Refusing:
    remember(files_at(tmp_path), [PERSON, "r_gone", "f_gone", "gone", "ann.png", "ann"])
    return Refusing(Forgotten.below(tmp_path))


def _rows(*changed: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist([{**ROW, **change} for change in changed], RecordRows.schema())


@pytest.mark.parametrize(
    ("change", "stays"),
    [
        ({}, True),
        ({"subjects": ["p_other", PERSON]}, False),
        ({"record_id": "r_gone"}, False),
        ({"fingerprint": "f_gone"}, False),
        ({"asset_id": "gone"}, False),
        ({"asset_id": "gone", "kind": "text"}, True),
        ({"subjects": None}, True),
    ],
    ids=str,
)
def test_a_record_is_known_by_whom_it_shows_and_by_what_it_is(
    refusing: Refusing, change: dict[str, object], stays: bool
) -> None:
    assert refusing.admitted(_rows(change)).num_rows == stays


def test_media_of_refused_records_alone_are_not_taken_in(refusing: Refusing, tmp_path: Path) -> None:
    rows = _rows({"asset_id": "a", "subjects": [PERSON]}, {"asset_id": "b", "subjects": [PERSON]}, {"asset_id": "b"})
    large = tmp_path / "large"
    large.write_bytes(b"of theirs")
    inner = (Inner("a", 1, path=large), Inner("b", 1, b"b"), Inner("beside", 1, b"c"))
    assert [one.asset for one in refusing.inner(inner, rows, refusing.admitted(rows))] == ["b", "beside"]
    assert not large.exists()


def test_what_is_refused_names_nothing_of_theirs(refusing: Refusing) -> None:
    given = [
        *refusing.refused(1),
        Refused("media/ann.png#1", "unreadable", "of Ann", "{}"),
        Refused("who.csv", "unknown_record", "2 of 3 are no record: 'ann.png', 'bob.png'"),
        Refused("bob.png", "unreadable", "of 'Bob'", "{}"),
    ]
    masked = [one for _, one in refusing.masked([("s", one) for one in given], lambda name: name)]
    assert [(one.uri, one.reason) for one in masked] == [
        ("", "withheld"), ("", "withheld"), ("who.csv", "unknown_record"), ("bob.png", "unreadable"),
    ]  # fmt: skip
    assert len({one.detail for one in masked}) == 4 and "ann" not in str(masked).lower()


def test_where_nobody_was_forgotten_all_is_as_it_was(tmp_path: Path) -> None:
    nobody = Refusing(Forgotten.below(tmp_path))
    rows = _rows({}, {"subjects": [PERSON]})
    assert not nobody and nobody.version == "" and nobody.admitted(rows) is rows


def test_a_mark_says_nothing_without_the_key(tmp_path: Path) -> None:
    for place in ("one", "other"):
        remember(files_at(tmp_path / place), [PERSON])
    one, other = (Forgotten.below(tmp_path / place) for place in ("one", "other"))
    assert one.knows(PERSON) and other.knows(PERSON) and one.marks.isdisjoint(other.marks)
    assert not Forgotten(b"", one.marks).knows(PERSON)
