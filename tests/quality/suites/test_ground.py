"""What is known of all rows: which keys come twice, which samples there are, and where they lie."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from support.suite_world import CLEAN, about, clip, label, note, sid, stored

from affectory.quality.suites import _ground
from affectory.quality.suites._ground import Ground, ground, key_columns


def known(folder: Path, **tables: list[dict[str, object]]) -> Ground:
    return ground(stored(folder, {**CLEAN, **tables}), about())


def times(found: Ground, table: str, *rows: dict[str, object]) -> list[int]:
    columns = [pa.chunked_array([[row[name] for row in rows]]) for name in key_columns(table)]
    return found.copies[table].of(columns).tolist()


def test_keys_of_several_columns_are_compared_as_a_whole(tmp_path: Path) -> None:
    rows = [note("a"), note("a", name="other"), note("b"), note("b", number=5.0), note("b", stage="x")]
    found = known(tmp_path, notes=rows)
    assert times(found, "notes", *rows) == [1, 1, 3, 3, 3]


def test_keys_that_only_have_the_same_hash_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ground, "hashes", lambda keys: np.zeros(len(keys[0]), np.uint64))
    rows = [label("a"), label("b"), label("b"), label("b", rule="another")]
    assert times(known(tmp_path, labels=rows), "labels", *rows) == [1, 2, 2, 1]


def test_samples_are_found_with_their_times(tmp_path: Path) -> None:
    places = known(tmp_path).places
    names = pa.array([sid("clip"), sid("nobody"), None, sid("one")])
    assert places.find(names)[0].tolist() == [True, False, False, True]
    inside, told = places.holding(names, pa.array([1_000_000, 0, 0, 0]), pa.array([2_000_000, 1, 1, 1]))
    assert (inside[0], told.tolist()) == (True, [True, False, False, False])
    assert not places.holding(names, pa.array([999_999] * 4), pa.array([1_500_000] * 4))[0][0]


def test_it_takes_32_bytes_a_sample(tmp_path: Path) -> None:
    places = known(tmp_path, samples=[clip(str(n)) for n in range(100)]).places
    assert sum(x.nbytes for x in (places.ids, places.records, places.starts, places.ends)) == 3200


def test_nothing_is_known_of_no_samples() -> None:
    places = ground({}, about()).places
    assert places.find(pa.array([sid("one")]))[0].tolist() == [False]
    assert places.holding(pa.array([sid("one")]), pa.array([0]), pa.array([1]))[1].tolist() == [False]
