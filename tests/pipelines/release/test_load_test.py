"""The load test: what a written release must survive before it is published."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.scripts import script

from affectory.pipelines.release import LoadTestFailed, Release, latest, load_line, load_test, write, write_release
from affectory.pipelines.release.load_test import find_problems, run_load_test
from affectory.pipelines.release.manifest import MANIFEST


@pytest.fixture(scope="module")
def published(make_world: Any, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """With its load test, in a place with blanks and signs."""
    folder = tmp_path_factory.mktemp("a b 'c' 🙂")
    return write_release(make_world().inputs(folder / "in"), folder / "releases")


@pytest.fixture
def copy(published: Release, tmp_path: Path) -> Path:
    """A copy to spoil."""
    target = tmp_path / "copy"
    for file in published.path.rglob("*"):
        if file.is_file():
            place = target / file.relative_to(published.path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.read_bytes())
    return target


SHOW = """
import json
from datasets import Audio, Image, Video
{line}
train = data["train"].cast_column("audio", Audio(decode=False)).cast_column("video", Video(decode=False))
row = next(r for r in train if r["kind"] == "video")
shown = {{name: type(f).__name__ for name, f in data["train"].features.items()}}
print(json.dumps([shown, data.num_rows, data["train"].features["label"].names, len(row["frames"]), len(train)]))
"""


def test_the_printed_line_works_as_printed(published: Release, tmp_path: Path, world: Any) -> None:
    lines = SHOW.format(line=load_line(published.path).replace("; ", "\n"))
    environment = {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", "PATH": "", "HOME": str(tmp_path)}
    run = [sys.executable, "-c", script(lines)]
    ended = subprocess.run(run, capture_output=True, text=True, check=False, env=environment)
    assert ended.returncode == 0, ended.stderr
    kinds, rows, names, frames, train = json.loads(ended.stdout.splitlines()[-1])
    assert {k: kinds[k] for k in ("image", "audio", "video", "frames", "label", "distribution", "vad")} == {
        "image": "Image",
        "audio": "Audio",
        "video": "Video",
        "frames": "List",
        "label": "ClassLabel",
        "distribution": "List",
        "vad": "List",
    }
    assert (rows, frames, train) == ({"train": 7, "test": 1}, 2, 7)
    assert tuple(names) == world.taxonomy.labels


def test_all_configs_load_even_with_nulls_everywhere(empty_world: Any, tmp_path: Path) -> None:
    sample = empty_world.add(1)
    empty_world.opine(sample)
    empty_world.note(sample, "nothing")
    empty_world.options = {"configs": ("default", "opinions", "labels", "notes", "samples")}
    found = write_release(empty_world.inputs(tmp_path / "in"), tmp_path / "releases")
    assert found.rows["labels"] == {}
    assert "labels" not in (found.path / "README.md").read_text().partition("dataset_info")[0]


def test_media_that_do_not_decode_are_not_published(world: Any, tmp_path: Path) -> None:
    world.rows["samples"][1]["image"] = world.keep(b"not a picture", "png")
    with pytest.raises(LoadTestFailed, match=r"image of s_\w+ does not decode: UnidentifiedImageError"):
        write_release(world.inputs(tmp_path / "in"), tmp_path / "releases")
    assert latest(tmp_path / "releases") is None
    assert not list((tmp_path / "releases").iterdir())


def spoil_header(folder: Path) -> None:
    card = folder / "README.md"
    card.write_text(card.read_text().replace("dtype: audio", "dtype: string"))


def spoil_names(folder: Path) -> None:
    card = folder / "README.md"
    card.write_text(card.read_text().replace("'3': joy", "'3': glee"))


def spoil_count(folder: Path) -> None:
    card = folder / "README.md"
    card.write_text(card.read_text().replace("num_examples: 7", "num_examples: 9"))


def spoil_rows(folder: Path) -> None:
    path = folder / "data" / "default" / "train-00000.parquet"
    table = pq.read_table(path)
    pq.write_table(table.slice(1), path)


def spoil_split(folder: Path) -> None:
    (folder / "data" / "default" / "test-00000.parquet").unlink()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_header, "config default"),
        (spoil_names, "config default, split train: features"),
        (spoil_count, "NonMatchingSplitsSizesError"),
        (spoil_rows, "config default"),
        (spoil_split, "config default"),
    ],
)
def test_what_loads_otherwise_than_intended_is_named(copy: Path, tmp_path: Path, spoil: Any, message: str) -> None:
    spoil(copy)
    problems = find_problems(copy, tmp_path / "cache")
    assert any("README.md: changed" in p or "parquet: changed" in p or "missing" in p for p in problems)
    assert any(message in p for p in problems), problems


def test_a_large_release_is_tested_by_streaming(copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_test, "_WHOLE_BYTES", 0)
    assert find_problems(copy, tmp_path / "cache") == []
    spoil_rows(copy)
    assert any("6 rows, written 7" in p for p in find_problems(copy, tmp_path / "other"))


def test_a_child_that_dies_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(LoadTestFailed, match=r"(?s)the load test ended with 1: .*FileNotFoundError"):
        run_load_test(tmp_path, tmp_path / "cache")


def test_a_failure_keeps_its_facts(tmp_path: Path) -> None:
    failed = LoadTestFailed(("one", "two"))
    assert failed.facts() == {"error": "LoadTestFailed", "problems": ("one", "two")}
    assert str(failed).endswith("\n  one\n  two")


def test_nothing_is_written_outside(published: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    run_load_test(published.path, tmp_path / "cache")
    assert not list(home.rglob("*"))
    assert (published.path / MANIFEST).exists()
    assert write.run_load_test is run_load_test
