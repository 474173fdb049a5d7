"""The default config's rows."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from affectory.pipelines.release.gather import note_types
from affectory.pipelines.release.write import write_content
from affectory.schemas.errors import SchemaMismatch, UserError
from affectory.schemas.taxonomy import load_taxonomy

JOY, NEUTRAL = 3, 6


def rows_of(world: Any, folder: Path, config: str = "default") -> dict[str, dict[str, Any]]:
    """What is written of a world, by sample."""
    write_content(world.inputs(folder / "in"), folder / "out", folder / "gathered")
    tables = [pq.read_table(path) for path in sorted((folder / "out" / "data" / config).glob("*.parquet"))]
    return {row["sample_id"]: row for row in pa.concat_tables(tables).to_pylist()}


def one_hot(place: int, size: int = 7) -> list[float | None]:
    return [float(n == place) for n in range(size)]


def test_a_row_holds_its_sample_and_its_media(world: Any, tmp_path: Path) -> None:
    rows = {row["record_id"]: row for row in rows_of(world, tmp_path).values()}
    clip = rows["r_000003"]
    sample = clip["sample_id"]
    assert clip["video"]["path"] == f"{sample}.mp4"
    assert clip["video"]["bytes"] == world.assets[clip["video_sha256"]]
    assert [frame["path"] for frame in clip["frames"]] == [f"{sample}-0000.png", f"{sample}-0001.png"]
    assert clip["frame_times_s"] == [0.0, 0.5]
    assert (clip["start_s"], clip["end_s"]) == (0.0, 0.5)
    assert clip["image"] is None and clip["image_sha256"] is None
    text = rows["r_000000"]
    assert text["text"] == "line 0"
    assert [text[name] for name in ("image", "audio", "video", "frames", "frame_times_s", "start_s")] == [None] * 6


def test_a_part_of_a_picture_says_where_it_lies(empty_world: Any, tmp_path: Path) -> None:
    place = {"record": "r_000001", "box": [10.0, 20.0, 30.0, 40.5]}
    whole, part = empty_world.add(0), empty_world.add(1, anchor=place)
    rows = rows_of(empty_world, tmp_path)
    assert (rows[whole]["box"], rows[part]["box"]) == (None, [10.0, 20.0, 30.0, 40.5])


def test_a_part_of_a_text_says_where_it_lies(empty_world: Any, tmp_path: Path) -> None:
    place = {"record": "r_000001", "char_start": 4, "char_end": 9}
    whole, part = empty_world.add(0), empty_world.add(1, anchor=place)
    rows = rows_of(empty_world, tmp_path)
    found = [(rows[sample]["char_start"], rows[sample]["char_end"]) for sample in (whole, part)]
    assert found == [(None, None), (4, 9)]


def test_the_first_pool_with_a_view_wins(empty_world: Any, tmp_path: Path) -> None:
    both, machine, nobody, other = (empty_world.add(n) for n in range(4))
    empty_world.label(both, one_hot(0), pool="model")
    empty_world.label(both, one_hot(JOY), pool="human")
    empty_world.label(machine, one_hot(0), pool="model")
    empty_world.label(other, one_hot(0), pool="lexicon")
    rows = rows_of(empty_world, tmp_path)
    assert [(rows[s]["label"], rows[s]["label_pool"]) for s in (both, machine, nobody, other)] == [
        (JOY, "human"),
        (0, "model"),
        (None, None),
        (None, None),
    ]
    assert rows[nobody]["distribution"] is None and rows[nobody]["label_count"] is None


def test_the_pool_comes_before_the_space(empty_world: Any, tmp_path: Path) -> None:
    sample = empty_world.add(1)
    empty_world.label(sample, one_hot(0), pool="model")
    empty_world.label(sample, one_hot(JOY), pool="human", space="multi-label")
    row = rows_of(empty_world, tmp_path)[sample]
    assert (row["label"], row["label_pool"], row["label_space"]) == (JOY, "human", "multi-label")


@pytest.mark.parametrize(
    ("values", "label"),
    [
        ([0.2, 0.4, 0.4, 0, 0, 0, 0], 1),
        ([0.0] * 7, None),
        ([None] * 6 + [1.0], NEUTRAL),
        ([None] * 7, None),
        ([float("nan"), 0.0, 0.5, 0, 0, 0, 0], 2),
    ],
)
def test_the_label_is_the_first_of_the_heaviest(
    empty_world: Any, tmp_path: Path, values: list[float | None], label: int | None
) -> None:
    sample = empty_world.add(1)
    empty_world.label(sample, values, space="multi-label")
    assert rows_of(empty_world, tmp_path)[sample]["label"] == label


def test_of_several_views_the_expressed_one_of_the_one_shown_is_taken(empty_world: Any, tmp_path: Path) -> None:
    sample = empty_world.add(1)
    empty_world.label(sample, one_hot(0), perspective="elicited")
    empty_world.label(sample, one_hot(1), perspective="expressed", whose="p_9")
    empty_world.label(sample, one_hot(2), perspective="expressed", space="multi-label", rule="any")
    empty_world.label(sample, one_hot(JOY), perspective="expressed")
    row = rows_of(empty_world, tmp_path)[sample]
    assert (row["label"], row["perspective"], row["label_space"]) == (JOY, "expressed", "simplex")


def test_of_several_modalities_those_who_were_shown_most_are_taken(empty_world: Any, tmp_path: Path) -> None:
    sample = empty_world.add(1)
    for label, seen in enumerate(("", "audio", "audio+video", "video")):
        empty_world.label(sample, one_hot(label), modalities=seen)
    row = rows_of(empty_world, tmp_path)[sample]
    assert (row["label"], row["label_modalities"]) == (2, "audio+video")


def test_vad_comes_from_the_dimensional_view_and_says_whose_it_is(empty_world: Any, tmp_path: Path) -> None:
    sample, bare = empty_world.add(1), empty_world.add(2)
    empty_world.label(sample, [0.5, None, -0.25], pool="model", taxonomy="vad", space="continuous")
    empty_world.label(sample, one_hot(JOY))
    rows = rows_of(empty_world, tmp_path)
    assert (rows[sample]["vad"], rows[sample]["vad_pool"], rows[sample]["label_pool"]) == (
        [0.5, None, -0.25],
        "model",
        "human",
    )
    assert rows[bare]["vad"] is None


def test_a_label_of_another_length_is_refused(empty_world: Any, tmp_path: Path) -> None:
    empty_world.label(empty_world.add(1), [1.0, 0.0])
    with pytest.raises(SchemaMismatch, match="given 2 values, expected 7"):
        rows_of(empty_world, tmp_path)


def test_each_note_is_a_column_of_its_own_type(empty_world: Any, tmp_path: Path) -> None:
    first, second = empty_world.add(1), empty_world.add(2)
    empty_world.note(first, "loudness", number=float("nan"))
    empty_world.note(first, "caption", text="a | b")
    empty_world.note(second, "face", vector=[0.5, 0.25])
    empty_world.note(second, "unknown")
    row = rows_of(empty_world, tmp_path)[second]
    assert [name for name in row if name.startswith("note_")] == [
        "note_caption",
        "note_face",
        "note_loudness",
        "note_unknown",
    ]
    assert (row["note_face"], row["note_caption"], row["note_unknown"]) == ([0.5, 0.25], None, None)
    types = note_types(empty_world.inputs(tmp_path / "in").tables["notes"])
    assert [str(types[n]) for n in ("loudness", "unknown")] == ["double", "string"]


def test_a_note_of_two_types_is_refused(empty_world: Any, tmp_path: Path) -> None:
    empty_world.note(empty_world.add(1), "mood", text="good")
    empty_world.note(empty_world.add(2), "mood", number=1.0)
    with pytest.raises(UserError, match="note 'mood' is a"):
        rows_of(empty_world, tmp_path)


@pytest.mark.parametrize("key", ["t0", None])
def test_a_declared_key_is_published_as_it_was_declared(empty_world: Any, tmp_path: Path, key: str | None) -> None:
    sample = empty_world.add(1, key=key)
    row = rows_of(empty_world, tmp_path)[sample]
    assert (row["key"], row["record_id"]) == (key, "r_000001")


def test_samples_are_published_without_their_place(world: Any, tmp_path: Path) -> None:
    world.options = {"configs": ("default", "samples")}
    world.rows["samples"][0] |= {"extra": {"b": "2", "a": "1"}, "original": world.keep(b"raw", "txt")}
    rows = rows_of(world, tmp_path, "samples")
    row = rows[world.rows["samples"][0]["sample_id"]]
    assert not {"uri", "original"} & set(row)
    assert row["extra"] == [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]
    assert {tuple(r["image"]) for r in rows.values() if r["image"]} == {("asset", "format")}


@pytest.mark.parametrize(
    ("chosen", "label"),
    [(None, JOY), (["sadness"], 2), (["joy", "sadness"], None), ([], None), (["non-neutral"], None)],
)
def test_a_rule_that_decides_is_believed(
    empty_world: Any, tmp_path: Path, chosen: list[str] | None, label: int | None
) -> None:
    sample = empty_world.add(1)
    names = load_taxonomy("ekman-7").labels
    label = names.index("sadness") if label == 2 else label
    empty_world.label(sample, one_hot(JOY), chosen=chosen, state="so said the rule")
    row = rows_of(empty_world, tmp_path)[sample]
    assert (row["label"], row["label_chosen"], row["label_state"]) == (label, chosen, "so said the rule")


def test_labels_of_other_rules_stay_in_their_own_config(empty_world: Any, tmp_path: Path) -> None:
    sample, other = empty_world.add(1), empty_world.add(2)
    empty_world.label(sample, one_hot(JOY), low=[0.0] * 7, high=[1.0] * 7)
    empty_world.label(sample, one_hot(0), rule="plurality", perspective="expressed")
    empty_world.label(other, one_hot(0), rule="plurality")
    rows = rows_of(empty_world, tmp_path)
    assert (rows[sample]["label"], rows[sample]["distribution_high"], rows[other]["label"]) == (JOY, [1.0] * 7, None)
