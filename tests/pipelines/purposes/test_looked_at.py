"""Texts are held back until somebody saw to what is written in them."""

from pathlib import Path
from typing import Any

import pytest
from support.project import Project, project, write_csv, write_lines

from affectory.schemas.recipe.problems import RecipeProblems

LINES = [("ann", "Write to ann@example.org today."), ("bob", "Call me at bob@example.org."), ("cyd", "A quiet day."),
         ("ann", "I want to die."), ("bob", "I just want to die laughing.")]  # fmt: skip
LOOKING = [{"personal_data": {}}, "crisis"]


def lines(folder: Path, ingest: list[Any], **people: Any) -> Project:
    """Lines with personal data and of people in danger, of which the last was judged by somebody."""
    consent = {"publish_features": "features"}
    source = {"kind": "jsonl", "name": "lines", "path": "lines.jsonl", "text": "body", "speaker": "who", "key": "id"}
    sidecar = {"path": "people.csv", "subject": "name", "consent": consent}
    made = project(folder, {
        "dataset": "lines", "taxonomy": "ekman-7", "sources": [{**source, "sidecar": sidecar}], "ingest": ingest,
        "ratings": [{"kind": "csv", "path": "ratings.csv", "of": "lines", "target": "id", "rater": "r", "label": "l"}],
        "people": people, "publish": {"splits": {"by": ["record"], "train": 1.0}},
    })  # fmt: skip
    rows = [{"id": f"l{n}", "who": who, "body": body} for n, (who, body) in enumerate(LINES)]
    write_lines(folder / "lines.jsonl", rows)
    write_csv(folder / "ratings.csv", ["id", "r", "l"], [["l4", "rater", "joy"]])
    write_csv(folder / "people.csv", ["name", "features"], [["ann", "yes"], ["bob", ""]])
    return made


def kept(made: Project) -> set[str]:
    return {row["key"] for row in made.rows(made.build().version).to_pylist()}


@pytest.mark.parametrize(
    ("ingest", "people", "expected"),
    [
        (LOOKING, {}, {"l0", "l1", "l2", "l4"}),
        (LOOKING, {"crisis": "publish"}, {"l0", "l1", "l2", "l3", "l4"}),
        (LOOKING, {"personal_data": "mask"}, {"l0", "l1", "l2", "l4"}),
        (LOOKING, {"personal_data": "drop"}, {"l2", "l4"}),
        ([{"personal_data": {"mail": "keep"}}], {"personal_data": "keep"}, {"l0", "l2", "l3", "l4"}),
    ],
    ids=["held", "not held", "masked", "dropped", "kept where agreed"],
)
def test_what_is_published_of_texts(
    tmp_path: Path, ingest: list[Any], people: dict[str, Any], expected: set[str]
) -> None:
    assert kept(lines(tmp_path, ingest, **people)) == expected


@pytest.mark.parametrize(
    ("ingest", "policy", "problem"),
    [
        (["crisis"], "mask", "no step looks for personal data"),
        ([{"personal_data": {"mail": "keep", "url": "ignore"}}], "mask", "leaves mail, url"),
        ([{"personal_data": {"ip": "ignore"}}], "drop", "nobody looks for ip"),
    ],
)
def test_a_recipe_that_promises_what_its_steps_do_not_is_refused(
    tmp_path: Path, ingest: list[Any], policy: str, problem: str
) -> None:
    with pytest.raises(RecipeProblems, match=problem):
        lines(tmp_path, ingest, personal_data=policy).bound()
