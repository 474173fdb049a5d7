"""Labels in two taxonomies: the gate warns where one set is not the other mapped."""

from pathlib import Path
from typing import Any

import pytest
from support.project import TEXTS, line, project, write_csv, write_lines

RATED = TEXTS["ratings"][0]
NARROW = {**RATED, "name": "narrow", "path": "narrow.csv", "options": ["joy", "fear"]}


@pytest.mark.parametrize(
    ("narrow", "told"),
    [([], []), ([["l0", "b", "joy"]], ["labels: labels in sentiment are not those in ekman-7 mapped to it"])],
)
def test_what_contradicts_itself_is_told_and_published(tmp_path: Path, narrow: list[Any], told: list[str]) -> None:
    """Who could choose between two labels only has less weight among seven labels than among the coarse ones."""
    also = [{"vote_share": {"taxonomy": "sentiment"}}]
    ratings = [RATED, NARROW] if narrow else [RATED]
    made = project(tmp_path, {**TEXTS, "assist": [], "ratings": ratings, "label": {"rule": "vote_share", "also": also}})
    write_lines(tmp_path / "lines.jsonl", [line(0), line(1)])
    write_csv(tmp_path / "ratings.csv", ["id", "rater", "emotion"], [["l0", "a", "sadness"], ["l1", "a", "joy"]])
    write_csv(tmp_path / "narrow.csv", ["id", "rater", "emotion"], narrow)
    summary = made.build()
    assert [text.partition(" (")[0] for text in summary.warnings if "mapped" in text] == told
    assert summary.version
