"""A judgement of an episode counts for each window in it where the recipe says so, and else for one sample alone."""

from collections import Counter
from pathlib import Path

import pytest
from support.media import tone, write_sound
from support.project import Project, project, write_csv

SECONDS = 2.0


@pytest.fixture
def made(tmp_path: Path) -> Project:
    """Ten windows of 0.2 s; a parent judged the first 0.8 s and the whole."""
    recipe = {
        "dataset": "episodes",
        "taxonomy": "ekman-7",
        "sources": [{"kind": "folder", "name": "media", "path": "media"}],
        "ratings": [
            {"kind": "csv", "path": "episodes.csv", "of": "media", "file": "file", "start": "start", "end": "end",
             "rater": "who", "label": "mood", "rater_relation": "parent"}
        ],
        "ingest": ["probe", {"windows": {"length_s": 0.2}}],
        "publish": {"configs": ["default", "opinions"], "media": [], "splits": {"by": ["source"], "train": 1.0}},
    }  # fmt: skip
    made = project(tmp_path / "p", recipe)
    (made.folder / "media").mkdir()
    write_sound(made.folder / "media" / "a.wav", tone(SECONDS))
    rows = [["a.wav", 0, 0.8, "mother", "joy"], ["a.wav", "", "", "father", "anger"]]
    write_csv(made.folder / "episodes.csv", ["file", "start", "end", "who", "mood"], rows)
    return made


def test_each_window_inherits_what_was_said_of_its_episode(made: Project) -> None:
    planned = made.plan("label.inherit=true").lost
    done = made.build("label.inherit=true")
    assert (planned.judgements, done.attached, done.unattached, done.kept) == (0, 2, 0, 10)
    opinions = made.rows(done.version, "opinions")
    assert opinions.num_rows == len(set(opinions.column("opinion_id").to_pylist())) == 14
    assert sorted(Counter(opinions.column("judgement_id").to_pylist()).values()) == [4, 10]
    rows = sorted(made.rows(done.version).to_pylist(), key=lambda row: row["start_s"])
    assert [row["label_count"] for row in rows] == [2] * 4 + [1] * 6


def test_otherwise_a_judgement_needs_a_sample_of_its_own(made: Project) -> None:
    done = made.build()
    assert (done.attached, done.unattached) == (0, 2)


def test_turning_it_on_recomputes_labels_alone(made: Project) -> None:
    made.build()
    waiting = made.to_run("label.inherit=true")
    assert waiting == {"probe": 0, "windows": 0, "label": 1}
