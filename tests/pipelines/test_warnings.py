"""What a build warns of without stopping."""

from pathlib import Path

import pytest
from support.project import project, write_image, write_lines

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


@pytest.mark.parametrize(("speaker", "within"), [("who", "speaker"), ("whoo", "extra.nope")])
def test_roles_that_nobody_has_are_told_in_the_summary(tmp_path: Path, speaker: str, within: str) -> None:
    source = {"kind": "jsonl", "name": "faces", "path": "faces.jsonl", "image": "file", "speaker": speaker}
    ingest = ["load_image", "brightness", {"tertiles": {"of": "brightness", "within": within}}]
    made = project(tmp_path, {"dataset": "x", "taxonomy": "ekman-7", "sources": [source], "ingest": ingest})
    write_image(tmp_path / "a.png", 1)
    write_lines(tmp_path / "faces.jsonl", [{"file": "a.png", "who": "ann"}, {"file": "a.png", "whoo": None}])
    told = [warning.partition(" (")[0] for warning in made.build().warnings]
    assert told == (
        []
        if speaker == "who"
        else [
            "samples: no sample of the source faces has the `speaker` that it names",
            "samples: tertiles groups by `extra.nope`, which no sample has",
        ]
    )
