"""What a build warns of without stopping."""

from pathlib import Path

import pytest
from support.project import project, write_image

from affectory.pipelines.report import summary_text


@pytest.mark.parametrize(("ingest", "warned"), [(["probe"], 1), (["probe", "load_image"], 0)])
def test_pictures_published_as_they_came_are_told_in_the_summary(
    tmp_path: Path, ingest: list[str], warned: int
) -> None:
    recipe = {"dataset": "x", "taxonomy": "ekman-7", "sources": [{"kind": "folder", "path": "media"}], "ingest": ingest}
    made = project(tmp_path, recipe)
    (tmp_path / "media").mkdir()
    write_image(tmp_path / "media" / "a.png", 1)
    summary = made.build()
    assert len(summary.warnings) == warned
    text = summary_text(summary, made.recipe, None)
    assert ("the step load_image writes one without (1: " in text) == bool(warned)
