"""Boxes around people come with pictures: each person is a sample, judged by their box, beside the scene."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.project import Project, project, write_csv

SIZE = (120, 80)
PEOPLE = [("street.png", 4, 10, 40, 60, "ann"), ("street.png", 70, 20, 60, 50, "bob"), ("park.png", 0, 0, 30, 30, "cy")]
"""The second box leaves its picture."""
RATINGS = [
    ("street.png", 4, 10, 40, 60, "joy"),
    ("street.png", 71, 21, 47, 48, "fear"),
    ("park.png", 90, 60, 9, 9, "joy"),
]
RECIPE: dict[str, Any] = {
    "dataset": "people",
    "taxonomy": "ekman-7",
    "sources": [
        {
            "kind": "folder",
            "name": "scenes",
            "path": "in",
            "segments": {"path": "people.csv", "file": "file", "box": ["x", "y", "w", "h"], "who": "who"},
        }
    ],
    "ratings": [
        {
            "kind": "csv",
            "path": "ratings.csv",
            "of": "scenes",
            "file": "file",
            "rater_name": "expert",
            "label": "emotion",
            "box": ["x", "y", "w", "h"],
        }
    ],
    "ingest": [
        {"load_image": {"max_side": 60, "format": "png"}},
        {"crops": {"of": "segments", "margin": 0, "format": "png", "keep_whole": True}},
    ],
}


def people(folder: Path) -> Project:
    made = project(folder, RECIPE)
    (folder / "in").mkdir()
    for seed, name in enumerate(("street.png", "park.png", "empty.png")):
        pixels = np.random.default_rng(seed).integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "in" / name)
    write_csv(folder / "people.csv", ["file", "x", "y", "w", "h", "who"], PEOPLE)
    write_csv(folder / "ratings.csv", ["file", "x", "y", "w", "h", "emotion"], RATINGS)
    return made


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, list[dict[str, Any]]]:
    made = people(tmp_path_factory.mktemp("people") / "project")
    return made, made.rows(made.build().version).to_pylist()


def test_each_person_is_a_sample_of_the_scene_around_them(built: tuple[Project, list[dict[str, Any]]]) -> None:
    rows = {row["sample_id"]: row for row in built[1]}
    scenes = [row for row in rows.values() if row["box"] is None]
    persons = [row for row in rows.values() if row["box"] is not None]
    assert len(scenes) == 3 and all(scene["label"] is None and scene["parent"] is None for scene in scenes)
    assert sorted(p["box"] for p in persons) == [[0, 0, 30, 30], [4, 10, 40, 60], [70, 20, 50, 50]]
    assert len({p["speaker"] for p in persons} - {None}) == 3
    for person in persons:
        scene, (x, y, width, height) = rows[person["parent"]], (int(v / 2) for v in person["box"])
        whole, part = (np.asarray(Image.open(BytesIO(row["image"]["bytes"]))) for row in (scene, person))
        assert np.array_equal(part, whole[y : y + height, x : x + width])


def test_people_are_judged_by_their_boxes(built: tuple[Project, list[dict[str, Any]]]) -> None:
    made, rows = built
    labels = {tuple(row["box"]): row["label_count"] for row in rows if row["box"]}
    assert labels == {(4, 10, 40, 60): 1, (70, 20, 50, 50): 1, (0, 0, 30, 30): None}
    assert [lost["reason"] for lost in made.rejects()] == ["unattached"]
