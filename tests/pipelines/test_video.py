"""Videos through whole builds: scenes, windows and cuts with what is made of them."""

from pathlib import Path
from typing import Any

import pytest
from support.media import write_video
from support.project import Project, project

RECIPE: dict[str, Any] = {
    "dataset": "videos",
    "taxonomy": "ekman-7",
    "sources": [{"kind": "folder", "name": "media", "path": "media"}],
}


def videos(folder: Path, *steps: Any) -> Project:
    made = project(folder, {**RECIPE, "ingest": ["probe", *steps]})
    (folder / "media").mkdir()
    write_video(folder / "media" / "a.mp4", 60, cuts=[20], sound=False)
    write_video(folder / "media" / "b.mp4", 45, start=3)
    (folder / "media" / "c.mp4").write_bytes(b"no video")
    return made


@pytest.mark.parametrize(
    ("cutting", "samples"),
    [
        ({"scenes": {"min_s": 0.2}}, 3),
        ({"windows": {"length_s": 0.5, "remainder": "drop"}}, 7),
        ({"cut": {"at": [[0, 0.4], [0.4, 1]]}}, 4),
    ],
)
def test_whatever_cuts_the_parts_are_published(cutting: dict[str, Any], samples: int, tmp_path: Path) -> None:
    made = videos(tmp_path, cutting, "shots", {"clips": {"crf": 40}}, {"frames": {"mode": "motion", "count": 1}})
    summary = made.build()
    rows = made.rows(summary.version).to_pylist()
    assert len(rows) == samples
    assert all(row["video"] and len(row["frames"]) == 1 and row["note_shot_count"] == 1 for row in rows)
    for row in rows:
        (shot,) = row["note_shots"]
        assert (shot["start_us"] / 1e6, shot["end_us"] / 1e6) == (row["start_s"], row["end_s"])
        assert row["start_s"] <= row["frame_times_s"][0] < row["end_s"]
    assert made.reasons() == [("c.mp4", "unreadable")]


def test_what_was_not_measured_cannot_be_cut_into_windows(tmp_path: Path) -> None:
    made = project(tmp_path, {**RECIPE, "ingest": ["windows"]})
    (tmp_path / "media").mkdir()
    with pytest.raises(Exception, match="duration_s"):
        made.plan()
