"""Two versions of a small dataset: rows come and go, labels move, somebody else rates too."""

from pathlib import Path

import pytest
from support.project import MOODS, Project, line, project, write_csv, write_lines

from affectory.pipelines.release import write

SPLITS = {"by": ["record"], "train": 0.6, "test": 0.4}
RECIPE = {
    "dataset": "moods",
    "taxonomy": "ekman-7",
    "sources": [{"kind": "jsonl", "name": "lines", "path": "lines.jsonl", "text": "body", "key": "id"}],
    "ratings": [
        {"kind": "csv", "path": "ratings.csv", "of": "lines", "target": "id", "rater": "rater", "label": "emotion"}
    ],
    "publish": {"splits": SPLITS},
}


def two_versions(folder: Path) -> Project:
    """`v1.0.0` has lines 0 to 59, rated at odds; `v1.1.0` lines 3 to 89, most of them joy by three raters."""
    made = project(folder, RECIPE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "run_load_test", lambda *_: None)
        _write(
            made, range(60), [[f"l{n}", f"rater{r}", MOODS[(n + r * (n % 2)) % 4]] for n in range(60) for r in (0, 1)]
        )
        made.build()
        ratings = [[f"l{n}", f"rater{r}", MOODS[n % 4] if n < 20 else "joy"] for n in range(3, 90) for r in (0, 1, 2)]
        _write(made, range(3, 90), ratings)
        made.build()
    return made


def _write(made: Project, numbers: range, ratings: list[list[str]]) -> None:
    write_lines(made.folder / "lines.jsonl", [line(n) for n in numbers])
    write_csv(made.folder / "ratings.csv", ["id", "rater", "emotion"], ratings)
