"""Stills are of videos alone: pictures are measured without them, and of videos a recipe is told before it runs."""

from pathlib import Path

import pytest
from support.media import write_video
from support.project import Project, project, write_image

from affectory.schemas.recipe.problems import RecipeProblems

STEPS = ["load_image", "brightness", "faces"]


def pictures(folder: Path, steps: list[str]) -> Project:
    made = project(
        folder,
        {"dataset": "stills", "taxonomy": "ekman-7", "sources": [{"kind": "folder", "path": "m"}], "ingest": steps},
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
