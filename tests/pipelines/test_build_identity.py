"""Same in, same out; and what changes in a release is what changed in its inputs."""

import os
import shutil
from pathlib import Path

import pytest
from support.media import write_video
from support.project import Project, line, project, texts, write_csv, write_image, write_lines

from affectory.pipelines.release.diff import diff
from affectory.pipelines.release.manifest import SEALS

MIXED = {
    "dataset": "mixed",
    "taxonomy": "ekman-7",
    "sources": [
        {"kind": "folder", "name": "media", "path": "media"},
        {"kind": "jsonl", "name": "lines", "path": "lines.jsonl", "text": "body", "speaker": "who", "key": "id"},
    ],
    "ratings": [
        {
            "kind": "csv", "path": "ratings.csv", "of": "media", "file": "file",
            "start": "start", "end": "end", "rater": "rater", "label": "emotion",
        }
    ],
    "ingest": [
        "probe", {"scenes": {"min_s": 0.3}}, {"clips": {"height": 96}}, {"frames": {"count": 2}},
        "load_image", "clean_text",
    ],
    "assist": ["lexicon"],
}  # fmt: skip


def mixed(folder: Path, backwards: bool = False) -> Project:
    """Two videos of two scenes, pictures and lines; `backwards` writes the same files in another order."""
    made = project(folder, MIXED)
    (folder / "media").mkdir()
    makers = [
        lambda: write_video(folder / "media" / "a.mp4", 40, cuts=[20]),
        lambda: write_video(folder / "media" / "b.mp4", 50, cuts=[30], sound=False),
        *(lambda n=n: write_image(folder / "media" / f"{n}.png", n) for n in range(3)),
    ]
    for make in reversed(makers) if backwards else makers:
        make()
    write_lines(folder / "lines.jsonl", [line(n) for n in (range(9, -1, -1) if backwards else range(10))])
    ratings = [["a.mp4", 0, 0.66, "r1", "joy"], ["a.mp4", 0.67, 1.33, "r1", "fear"], ["b.mp4", 0.0, 1.0, "r2", "anger"]]
    write_csv(folder / "ratings.csv", ["file", "start", "end", "rater", "emotion"], ratings[:: -1 if backwards else 1])
    return made


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = mixed(tmp_path_factory.mktemp("reference"))
    made.build()
    return made


def contents(release: Path) -> dict[str, bytes]:
    """Every file of a release but the manifest, which says when it was made."""
    files = (p for p in release.rglob("*") if p.is_file() and p.name not in SEALS)
    return {p.relative_to(release).as_posix(): p.read_bytes() for p in files}


@pytest.mark.parametrize(
    ("backwards", "workers", "partition_rows"), [(True, 0, None), (False, 1, 1), (True, 2, 3)], ids=str
)
def test_order_workers_and_partitions_leave_no_trace(
    reference: Project, tmp_path: Path, backwards: bool, workers: int, partition_rows: int | None
) -> None:
    other = mixed(tmp_path / "a folder ☕", backwards)
    summary = other.build(workers=workers, partition_rows=partition_rows)
    assert summary.version == "v1.0.0"
    assert contents(other.releases / "v1.0.0") == contents(reference.releases / "v1.0.0")


def test_hash_seed_and_clock_leave_no_trace(reference: Project, tmp_path: Path) -> None:
    other = mixed(tmp_path / "p")
    for file in other.folder.rglob("*.*"):
        os.utime(file, (1, 1))
    env = {**os.environ, "PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    done = other.command("build", "--workspace", "ws", "--releases", "releases", "--workers", "1", env=env)
    assert done.returncode == 0, done.stderr
    assert contents(other.releases / "v1.0.0") == contents(reference.releases / "v1.0.0")


def test_building_again_does_nothing_and_publishes_nothing(reference: Project) -> None:
    before = {p: p.stat().st_mtime_ns for p in reference.folder.rglob("*") if p.is_file()}
    summary = reference.build()
    assert (summary.partitions_run, summary.unchanged, summary.version) == (0, True, "v1.0.0")
    changed = {p for p in before if p.exists() and p.stat().st_mtime_ns != before[p]}
    assert {p.parent.name for p in changed} <= {"runs", "lease", "derived"}


def test_a_release_survives_its_derived_files(reference: Project, tmp_path: Path) -> None:
    copy = Project(tmp_path / "copy")
    shutil.copytree(reference.folder, copy.folder)
    shutil.rmtree(copy.workspace / "derived")
    summary = copy.build()
    assert (summary.unchanged, summary.version) == (True, "v1.0.0")


def test_one_file_more_among_200_recomputes_one_partition(tmp_path: Path) -> None:
    recipe = {
        "dataset": "faces", "taxonomy": "ekman-7",
        "sources": [{"kind": "folder", "name": "media", "path": "media"}], "ingest": ["probe", "load_image"],
    }  # fmt: skip
    made = project(tmp_path / "p", recipe)
    for n in range(200):
        write_image(tmp_path / "p" / "media" / f"{n:03}.png", n)
    made.build()
    write_image(tmp_path / "p" / "media" / "new.png", 999)
    assert made.to_run() == {"probe": 1, "load_image": 1, "label": 1}
    summary = made.build()
    assert (summary.partitions_run, summary.version, summary.bump) == (1, "v1.1.0", "minor")
    found = diff(made.releases / "v1.0.0", made.releases / "v1.1.0")
    assert (found.added, found.removed, found.changed, found.splits) == (1, 0, 0, {})
    fresh = project(tmp_path / "q", recipe)
    shutil.copytree(tmp_path / "p" / "media", tmp_path / "q" / "media")
    assert fresh.build().release_hash == summary.release_hash


def test_appending_a_line_recomputes_a_partition_of_one(tmp_path: Path) -> None:
    made = texts(tmp_path, 10)
    made.build()
    write_lines(tmp_path / "lines.jsonl", [line(99), *(line(n) for n in range(10))])
    summary = made.build()
    assert (summary.partitions_run, summary.bump) == (1, "minor")


def test_a_removed_line_is_a_patch(tmp_path: Path) -> None:
    made = texts(tmp_path, 10)
    made.build()
    write_lines(tmp_path / "lines.jsonl", [line(n) for n in range(9)])
    summary = made.build()
    assert (summary.version, summary.bump, summary.unattached) == ("v1.0.1", "patch", 2)


def test_another_taxonomy_is_major(tmp_path: Path) -> None:
    made = texts(tmp_path, 4)
    made.build()
    assert made.build("taxonomy=plutchik-8").version == "v2.0.0"


def test_a_renamed_file_changes_nothing_in_the_release(tmp_path: Path) -> None:
    recipe = {
        "dataset": "faces", "taxonomy": "ekman-7",
        "sources": [{"kind": "folder", "name": "media", "path": "media"}], "ingest": ["load_image"],
    }  # fmt: skip
    made = project(tmp_path, recipe)
    write_image(tmp_path / "media" / "a.png", 1)
    made.build()
    (tmp_path / "media" / "a.png").rename(tmp_path / "media" / "b.png")
    assert made.build().unchanged
