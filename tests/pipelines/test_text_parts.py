"""Parts of texts in a build: ratings of stretches find their sentences, and no name or address is released."""

from pathlib import Path
from typing import Any

from support.project import Project, project, write_csv, write_lines

TEXT = "Mara: I lost. Write to me@home.org!\nJon: You won? Great!"
RECIPE: dict[str, Any] = {
    "dataset": "parts",
    "taxonomy": "ekman-7",
    "sources": [{"kind": "jsonl", "name": "talks", "path": "talks.jsonl", "text": "body", "key": "id"}],
    "ratings": [
        {
            "kind": "csv", "path": "ratings.csv", "of": "talks", "target": "id", "rater": "rater", "label": "emotion",
            "char_start": "from", "char_end": "to",
        }
    ],
    "ingest": ["clean_text", "utterances", "sentences", "personal_data", {"context": {"turns": 1}}],
}  # fmt: skip
STRETCHES = {
    "I lost.": "sadness",
    "You won": "surprise",
    "Great!": "joy",
    TEXT: "fear",
}


def built(folder: Path) -> Project:
    made = project(folder, RECIPE)
    write_lines(folder / "talks.jsonl", [{"id": "t", "body": TEXT}])
    places = [(TEXT.index(said), TEXT.index(said) + len(said), label) for said, label in STRETCHES.items()]
    write_csv(folder / "ratings.csv", ["id", "rater", "from", "to", "emotion"], [["t", "r", *p] for p in places])
    made.build()
    return made


def test_ratings_of_stretches_find_their_sentences(tmp_path: Path) -> None:
    made = built(tmp_path)
    rows = sorted(made.rows("v1.0.0").to_pylist(), key=lambda row: int(row["char_start"]))
    assert [row["text"] for row in rows] == ["I lost.", "Write to [mail]!", "You won?", "Great!"]
    assert [TEXT[row["char_start"] : row["char_end"]] for row in rows][1] == "Write to me@home.org!"
    assert [row["label_count"] for row in rows] == [1, None, 1, 1]
    assert [(row["position"], row["speaker"].rpartition("-")[2]) for row in rows] == [(0, "1")] * 2 + [(1, "2")] * 2
    assert [[p["text"] for p in row["note_context"]] for row in rows] == [
        [], ["I lost."], ["Write to [mail]!"], ["You won?"],
    ]  # fmt: skip
    assert made.reasons() == [("None", "unattached")]
    assert "Mara" not in str(rows) and "home.org" not in str(rows)
