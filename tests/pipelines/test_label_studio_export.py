"""A real export of Label Studio, from the file through a recipe's build to agreement: nothing is lost on the way."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.project import Project, project, write_lines

EXACT = 1e-9
FROM_FLOAT32 = 1e-7
"""Valence is held from -1 to 1, in 32 bits."""
LEVELS = ["None", "A little", "Moderate", "Extremely"]
TAGS = {
    "joy": "happy",
    "sadness": "sad",
    "anger": "anger",
    "fear": "fear",
    "disgust": "disgust",
    "surprise": "surprise",
}
Shared = Callable[[str], Path]
Row = dict[str, str]

RATED: dict[str, Any] = {
    "of": "clips",
    "target": "id",
    "columns": TAGS,
    "levels": LEVELS,
    "valence": "sentiment",
    "vad_range": {"valence": [-3, 3]},
}


def as_csv(folder: Path, file: Path) -> dict[str, Any]:
    """As it was exported."""
    (folder / "export.csv").write_bytes(file.read_bytes())
    return {**RATED, "kind": "csv", "path": "export.csv", "rater": "annotator", "spent_s": "lead_time"}


def as_json(folder: Path, file: Path) -> dict[str, Any]:
    """The same annotations as Label Studio exports them in JSON."""
    tasks: dict[str, dict[str, Any]] = {}
    for row in rows_of(file):
        task = tasks.setdefault(row["id"], {"id": int(row["id"]), "data": {"audio": row["audio"]}, "annotations": []})
        task["annotations"].append(annotation(row))
    (folder / "export.json").write_text(json.dumps([*tasks.values()]), encoding="utf-8")
    return {**RATED, "kind": "label_studio", "path": "export.json"}


def annotation(row: Row) -> dict[str, Any]:
    given = {tag: row[tag] for tag in (*TAGS.values(), "sentiment") if row[tag]}
    result = [
        {"id": tag, "from_name": tag, "to_name": "audio", "type": "choices", "value": {"choices": [said]}}
        for tag, said in given.items()
    ]
    person, spent = int(row["annotator"]), float(row["lead_time"])
    return {"id": int(row["annotation_id"]), "completed_by": person, "lead_time": spent, "result": result}


def rows_of(file: Path) -> list[Row]:
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


FORMS = {"csv": as_csv, "json": as_json}


@pytest.fixture(scope="module", params=FORMS)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shared: Shared) -> Project:
    folder, file = tmp_path_factory.mktemp("export"), shared("earkick_labelstudio/assessment.csv")
    clips = {row["id"]: row["audio"] for row in rows_of(file)}
    write_lines(folder / "clips.jsonl", [{"id": key, "body": audio} for key, audio in clips.items()])
    source = {"kind": "jsonl", "name": "clips", "path": "clips.jsonl", "text": "body", "key": "id"}
    recipe = {"dataset": "earkick", "taxonomy": "ekman-7", "sources": [source]}
    made = project(folder, {**recipe, "ratings": [FORMS[request.param](folder, file)]})
    made.build()
    return made


@pytest.fixture(scope="module")
def expected(shared: Shared) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shared("expected/earkick_labelstudio_agreement.json").read_text())
    return found


@pytest.fixture(scope="module")
def figures(built: Project) -> dict[tuple[str, str], float]:
    """Of all three raters, by question and measure."""
    levels = ("nominal", "ordinal", "interval")
    wanted = [word for level in levels for word in ("--measure", f"alpha {level}")]
    told = built.told("agreement", "recipe.yaml", "--workspace", "ws", "--draws", "0", "--json", *wanted)
    found = json.loads(told.stdout)["figures"]
    return {(f["question"], f["measure"]): f["value"] for f in found if f["rater"] is None and f["pool"] == "people"}


def test_all_of_348_clips_and_3_raters_is_there(built: Project, expected: dict[str, Any]) -> None:
    opinions = [row for row in built.rows("v1.0.0", "opinions").to_pylist() if row["answer"]["intensities"]]
    assert len(opinions) == expected["rows"] == 348 * 3
    assert len({row["sample_id"] for row in opinions}) == expected["items"]
    assert len({row["rater"] for row in opinions}) == expected["annotators"]
    assert [reason for _, reason in built.reasons()] == []


def test_no_level_is_lost_least_of_all_the_one_called_none(built: Project, expected: dict[str, Any]) -> None:
    opinions = [row for row in built.rows("v1.0.0", "opinions").to_pylist() if row["answer"]["intensities"]]
    for label, tag in TAGS.items():
        said = [dict(zip(row["asked"]["labels"], row["answer"]["intensities"], strict=True))[label] for row in opinions]
        assert {level: said.count(float(n)) for n, level in enumerate(LEVELS)} == expected["agreement"][tag]["levels"]
        assert said.count(None) == expected["agreement"][tag]["missing"]


@pytest.mark.parametrize("label", TAGS)
@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_reliability_is_what_was_computed_elsewhere(
    figures: Any, expected: dict[str, Any], label: str, level: str
) -> None:
    wanted = expected["agreement"][TAGS[label]][f"alpha_{level}"]
    assert figures[f"{label}, how strong", f"alpha {level}"] == pytest.approx(wanted, abs=EXACT)


def test_so_it_is_of_the_sentiment(figures: Any, expected: dict[str, Any]) -> None:
    found = {level: figures["valence", f"alpha {level}"] for level in expected["agreement"]["sentiment"]}
    assert found == pytest.approx(expected["agreement"]["sentiment"], abs=FROM_FLOAT32)
