"""The same rows are the same bytes, however they arrive."""

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affectory.pipelines.release import gather
from affectory.pipelines.release.manifest import Content
from affectory.pipelines.release.write import write_content
from affectory.schemas.errors import UserError

QUICK = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ALL = ("default", "opinions", "labels", "notes", "samples")


class Dealer:
    """Shuffles a table's rows and deals them out to so many part files."""

    def __init__(self, seed: int, parts: int) -> None:
        self.random, self.parts = random.Random(seed), parts

    def __call__(self, table: pa.Table) -> list[pa.Table]:
        rows = list(range(table.num_rows))
        self.random.shuffle(rows)
        return [table.take(pa.array(rows[n :: self.parts], pa.int64())) for n in range(self.parts)]


def written(world: Any, folder: Path, dealer: Any = lambda table: [table]) -> Content:
    return write_content(world.inputs(folder / "in", dealer), folder / "out", folder / "gathered")


@given(seed=st.integers(0, 2**32), parts=st.integers(1, 5), window=st.sampled_from([2_000, 20_000, 64 << 20]))
@QUICK
def test_no_order_chunking_or_window_changes_a_byte(
    seed: int, parts: int, window: int, make_world: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    world = make_world()
    for number in range(40, 70):
        sample = world.add(number, random.Random(number).choice(["train", "validation"]))
        world.label(sample, [number / 100] * 7)
        world.opine(sample)
    world.options = {"configs": ALL, "shard_bytes": 6_000, "row_group_bytes": 2_000}
    expected = written(world, tmp_path_factory.mktemp("plain"))
    random.Random(seed).shuffle(items := list(world.splits.items()))
    world.splits = dict(items)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gather, "WINDOW_BYTES", window)
        found = written(world, tmp_path_factory.mktemp("dealt"), Dealer(seed, parts))
    assert found == expected
    assert len(expected.files) > 12


def test_the_columns_do_not_depend_on_the_values(world: Any, empty_world: Any, tmp_path: Path) -> None:
    world.rows["notes"].clear()
    empty_world.add(1)
    full, bare = written(world, tmp_path / "full"), written(empty_world, tmp_path / "bare")
    assert bare.features == full.features
    assert bare.rows == {"default": {"train": 1}, "opinions": {}}


def test_nothing_in_a_release_names_a_place_or_time(world: Any, tmp_path: Path) -> None:
    content = written(world, tmp_path)
    private = [str(tmp_path).encode(), b"in/3.txt", b"in/90", b"/home/someone"]
    for name in content.files:
        data = (tmp_path / "out" / name).read_bytes()
        assert not [word for word in private if word in data], name
    assert "created" not in (tmp_path / "out" / "README.md").read_text()


def test_samples_without_a_split_are_left_out_with_all_about_them(world: Any, tmp_path: Path) -> None:
    world.options = {"configs": ALL}
    withheld = world.rows["samples"][3]["sample_id"]
    del world.splits[withheld]
    content = written(world, tmp_path)
    assert sum(content.rows["default"].values()) == 7
    assert sum(content.rows["opinions"].values()) == 14
    data = b"".join((tmp_path / "out" / name).read_bytes() for name in content.files)
    assert withheld.encode() not in data


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.splits.clear(), "nothing to publish"),
        (lambda w: w.splits.update(s_unknown="train"), "1 samples have a split but no row, such as s_unknown"),
        (lambda w: w.rows["samples"].append(w.rows["samples"][0]), "samples holds a key twice: sample_id s_"),
        (lambda w: w.rows["notes"].append(w.rows["notes"][0]), "notes holds a key twice"),
        (lambda w: w.splits.update(dict.fromkeys(w.splits, "no way")), "split name 'no way' cannot be published"),
        (lambda w: w.options.update(media=("smell",)), "unknown media column 'smell'"),
        (lambda w: w.options.update(configs=("opinions",)), "without the config 'default'"),
        (lambda w: w.options.update(row_group_bytes=1 << 31), "row_group_bytes must lie between"),
    ],
)
def test_what_cannot_be_published_is_named(world: Any, tmp_path: Path, change: Any, message: str) -> None:
    change(world)
    with pytest.raises(UserError, match=message):
        written(world, tmp_path)
