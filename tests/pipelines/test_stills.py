"""Stills are of videos alone: pictures are measured without them, and of videos a recipe is told before it runs."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from support.media import write_video
from support.project import Project, project, write_image

from affectory.schemas.recipe.problems import RecipeProblems

STEPS = ["load_image", "brightness", "faces"]


def pictures(folder: Path, steps: Sequence[object]) -> Project:
    made = project(
        folder,
        {"dataset": "stills", "taxonomy": "ekman-7", "sources": [{"kind": "folder", "path": "m"}], "ingest": [*steps]},
    )
    write_image(folder / "m" / "a.png", 1)
    return made


def test_pictures_need_no_stills(tmp_path: Path) -> None:
    made = pictures(tmp_path, STEPS)
    assert made.plan().records == 1
    assert made.build(publish=False).kept == 1


def test_videos_need_stills_and_every_step_that_lacks_them_is_told(tmp_path: Path) -> None:
    made = pictures(tmp_path, STEPS)
    write_video(tmp_path / "m" / "a.mp4", 4, sound=False)
    with pytest.raises(RecipeProblems) as caught:
        made.plan()
    assert [p.key for p in caught.value.problems] == ["ingest[1]", "ingest[2]"]
    assert all("frames" in p.message and "written by: frames" in p.hint for p in caught.value.problems)


def test_videos_with_stills_are_looked_at(tmp_path: Path) -> None:
    made = pictures(tmp_path, ["frames", *STEPS])
    write_video(tmp_path / "m" / "a.mp4", 4, sound=False)
    assert made.build(publish=False).kept == 2


@pytest.mark.parametrize("cutting", ["scenes", {"windows": {"length_s": 1.0}}])
def test_stills_of_a_whole_are_not_those_of_its_parts(tmp_path: Path, cutting: object) -> None:
    made = pictures(tmp_path, ["probe", "frames", cutting, "brightness"])
    write_video(tmp_path / "m" / "a.mp4", 4, sound=False)
    with pytest.raises(RecipeProblems) as caught:
        made.plan()
    assert [p.key for p in caught.value.problems] == ["ingest[3]"]


def test_crops_of_followed_faces_are_stills(tmp_path: Path) -> None:
    made = pictures(tmp_path, ["face_tracks", {"crops": {"of": "face_tracks"}}, "brightness"])
    write_video(tmp_path / "m" / "a.mp4", 4, sound=False)
    assert made.plan().records == 2
