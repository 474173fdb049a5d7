"""What differs between two releases."""

import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affectory.pipelines.release import ReleaseDiff, diff, write, write_release
from affectory.pipelines.release.diff import _apart
from affectory.pipelines.release.lineage import plain_json

NAMES = st.text("xyz_", min_size=1, max_size=150)


def pair(first: Any, second: Any, folder: Path) -> ReleaseDiff:
    """The difference between two worlds, each published in its own folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "run_load_test", lambda *_: None)
        a, b = (write_release(w.inputs(folder / n / "in"), folder / n).path for n, w in (("a", first), ("b", second)))
    return diff(a, b)


def test_everything_that_changed_is_counted(make_world: Any, tmp_path: Path) -> None:
    old, new = make_world(), make_world()
    samples = [row["sample_id"] for row in new.rows["samples"]]
    new.splits[samples[0]] = "test"
    del new.splits[samples[7]]
    new.add(77)
    new.rows["labels"][1] |= {"values": [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]}
    new.label(samples[2], [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
    new.rows["samples"][4]["text"] = "another line"
    new.rows["opinions"] = [o for o in new.rows["opinions"] if o["opinion_id"] != f"o_{samples[3]}_p_1"]
    new.opine(samples[3], "p_2")
    found = pair(old, new, tmp_path)
    assert (found.added, found.removed, found.changed, found.bump) == (1, 1, 4, "minor")
    assert found.splits == {"train -> test": 1}
    assert found.labels == {"disgust -> joy": 1, "none -> joy": 1}
    assert found.columns["text"] == 1 and found.columns["label"] == 2 and found.columns["label_pool"] == 1
    assert found.tables == {"opinions": {"added": 1, "removed": 1}}
    assert found.reasons[:2] == ("1 row added", "1 row removed")


def test_only_row_groups_of_changed_rows_are_read(
    make_world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    whole = pq.ParquetFile.read_row_group
    old, new = make_world(), make_world()
    for world in (old, new):
        for number in range(100, 140):
            world.add(number)
        world.options = {"row_group_bytes": 300}
    new.rows["samples"][20]["text"] = "another line"

    def noted(self: Any, group: int, **more: Any) -> Any:
        read.append(group)
        return whole(self, group, **more)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", noted)
    found = pair(old, new, tmp_path)
    assert (found.changed, found.columns) == (1, {"text": 1})
    groups = [pq.ParquetFile(f).num_row_groups for f in (tmp_path / "a").glob("v1.0.0/data/default/*.parquet")]
    assert max(groups) > 8
    assert len(read) <= 6, "of each config on each side the group that may hold the row"


VALUES = st.none() | st.floats(width=32).map(lambda x: x + 0.0)


@given(
    rows=st.lists(st.tuples(VALUES, VALUES, st.lists(VALUES, max_size=2), st.lists(VALUES, max_size=2)), max_size=30)
)
def test_cells_differ_as_their_json_does(rows: list[tuple[Any, Any, list[Any], list[Any]]]) -> None:
    for kind, pairs in (
        (pa.float32(), [(a, b) for a, b, _, _ in rows]),
        (pa.list_(pa.float32()), [(a, b) for _, _, a, b in rows]),
    ):
        old, new = (pa.chunked_array([pa.array([pair[side] for pair in pairs], kind)]) for side in (0, 1))
        assert _apart(old, new).tolist() == [
            plain_json(a) != plain_json(b) for a, b in zip(old.to_pylist(), new.to_pylist(), strict=True)
        ]


def test_it_prints_for_people_and_programs(make_world: Any, tmp_path: Path) -> None:
    old, new = make_world(), make_world()
    new.rows["labels"][0] |= {"values": [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]}
    found = pair(old, new, tmp_path)
    assert found.as_text() == (
        "v1.0.0 -> v1.0.0: patch\n"
        "  1 row changed (label, distribution)\n"
        "  rows changed by column:\n"
        "    label: 1\n"
        "    distribution: 1\n"
        "  labels moved:\n"
        "    anger -> joy: 1"
    )
    assert json.loads(json.dumps(found.as_json()))["labels"] == {"anger -> joy": 1}


def test_a_release_does_not_differ_from_itself(make_world: Any, tmp_path: Path) -> None:
    found = pair(make_world(), make_world(), tmp_path)
    assert found.empty and found.bump == "none" and found.reasons == ()
    assert found.as_text() == "v1.0.0 and v1.0.0 hold the same."


@given(
    schema=st.dictionaries(
        st.text("abc ", min_size=3, max_size=20), st.lists(NAMES, min_size=1, max_size=40).map(tuple)
    ),
    columns=st.dictionaries(NAMES, st.integers(1, 9), max_size=40),
    files=st.lists(NAMES, min_size=1, max_size=40).map(tuple),
    counts=st.tuples(*[st.integers(0, 10**9)] * 3),
)
def test_reasons_are_few_and_short_and_the_rest_is_told_in_full(
    schema: dict[str, tuple[str, ...]], columns: dict[str, int], files: tuple[str, ...], counts: tuple[int, int, int]
) -> None:
    added, removed, changed = counts
    found = ReleaseDiff("a", "b", added, removed, changed, columns, {}, {}, {"train -> test": 3}, schema, files)
    assert 1 <= len(found.reasons) <= 5 and max(map(len, found.reasons)) <= 130
    whole = found.as_text()
    assert [name for names in schema.values() for name in names if name not in whole] == []


def test_many_new_columns_are_one_reason() -> None:
    names = tuple(f"note_{word}" for word in ("brightness", "contrast", "loudness", "pitch", "tempo", "words", "faces"))
    found = ReleaseDiff("v1", "v2", schema={"columns added": names}, files=("x",))
    assert found.reasons == (
        "columns added: note_brightness, note_contrast, note_loudness, note_pitch, note_tempo, note_words and 1 more",
    )
    assert "    note_faces" in found.as_text().splitlines()


def test_many_files_are_one_reason() -> None:
    names = tuple(f"data/default/train-{n:05d}.parquet" for n in range(9))
    found = ReleaseDiff("v1", "v2", files=names)
    assert found.reasons == (f"{names[0]}, {names[1]} and 7 more changed",)
    assert [name for name in names if f"    {name}" not in found.as_text().splitlines()] == []


@given(seed=st.integers(0, 2**32))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_laws(seed: int, make_world: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing differs from itself, and what is added one way is removed the other way."""
    draw, worlds = random.Random(seed), [make_world(), make_world()]
    for world in worlds:
        for number in draw.sample(range(40, 60), draw.randrange(0, 6)):
            world.label(world.add(number, draw.choice(["train", "test"])), [draw.randrange(3) / 2] * 7)
    folder = tmp_path_factory.mktemp("laws")
    there, back = pair(*worlds, folder / "there"), pair(*reversed(worlds), folder / "back")
    assert (there.added, there.removed, there.changed) == (back.removed, back.added, back.changed)
    assert sorted(there.columns.items()) == sorted(back.columns.items())
    assert sorted(there.splits.values()) == sorted(back.splits.values())
    assert there.files == back.files and there.empty == (worlds[0].rows == worlds[1].rows and not there.files)
    assert pair(worlds[0], worlds[0], folder / "same").empty
