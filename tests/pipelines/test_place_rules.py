"""Rules over places, spans and whole datasets through a build: what the release has of them."""

import json
from typing import Any

import pytest
from support.project import TEXTS, Project, line, project, write_csv, write_lines

Row = dict[str, Any]
VAD = {
    "kind": "csv", "path": "vad.csv", "of": "lines", "target": "id", "rater": "rater",
    "valence": "V", "arousal": "A", "dominance": "D", "vad_range": [1, 5],
}  # fmt: skip
CAUSES = {
    "kind": "label_studio", "of": "lines", "target": "data.uid", "label": "emotion",
    "evidence": ["cause"], "question": "What caused it?",
}  # fmt: skip
RECIPE = {
    **TEXTS,
    "ratings": [
        {**VAD, "name": "readers", "perspective": "elicited"},
        {**VAD, "name": "writers", "perspective": "expressed"},
        {**CAUSES, "path": "experts.json", "name": "experts"},
        {**CAUSES, "path": "third.json", "name": "third", "rater_kind": "adjudicator"},
    ],
    "label": {
        "rule": "vote_share",
        "also": [
            {"emo_bank": {"together": ["elicited", "expressed"]}},
            {"grade_density": {"best": 2}},
            {"vad_mixture": {"widths": {"joy": 0.5}}},
            "cooccurrence",
            "span_union",
        ],
    },
    "assist": [],
    "publish": {"configs": ["default", "labels"]},
}


def judged(expert: int, *spans: tuple[int, int], uid: str = "l0") -> Row:
    """An annotation of Label Studio: an emotion, and spans that caused it."""
    about = {"from_name": "emotion", "type": "choices", "value": {"choices": ["joy"]}}
    places = [{"start": start, "end": end, "labels": ["cause"], "text": "its words"} for start, end in spans]
    cause = {"from_name": "cause", "type": "labels"}
    causes = [{**cause, "id": f"r{n}", "value": place} for n, place in enumerate(places)]
    annotation = {"id": expert, "completed_by": expert, "result": [about, *causes]}
    return {"id": expert, "data": {"uid": uid}, "annotations": [annotation]}


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """The labels of a release whose lines have ratings in VAD by three, and whose first has causes too."""
    made: Project = project(tmp_path_factory.mktemp("places"), RECIPE)
    write_lines(made.folder / "lines.jsonl", [line(n) for n in range(4)])
    grades = [[f"l{n}", f"rater{r}", 1 + (n + r) % 5, 3, 3] for n in range(4) for r in range(3)]
    write_csv(made.folder / "vad.csv", ["id", "rater", "V", "A", "D"], grades)
    experts = [judged(1, (0, 4), (8, 12)), judged(2, (2, 6))]
    (made.folder / "experts.json").write_text(json.dumps(experts))
    (made.folder / "third.json").write_text(json.dumps([judged(3, (9, 12))]))
    return list(made.rows(made.build().version, "labels").to_pylist())


def of(labels: list[Row], rule: str, **key: str) -> list[Row]:
    mine = [label for label in labels if label["rule"].partition("{")[0] == rule]
    return [label for label in mine if all(label[name] == value for name, value in key.items())]


def test_readers_and_writers_have_a_row_each_and_one_together(labels: list[Row]) -> None:
    found = {p: of(labels, "emo_bank", perspective=p) for p in ("elicited", "expressed", "any")}
    assert {p: (len(rows), {row["count"] for row in rows}) for p, rows in found.items()} == {
        "elicited": (4, {3}), "expressed": (4, {3}), "any": (4, {6}),
    }  # fmt: skip
    assert sorted(row["values"][0] for row in found["any"]) == pytest.approx([2, 3, 3.33, 4])


def test_places_become_distributions_and_densities(labels: list[Row]) -> None:
    for row in of(labels, "vad_mixture"):
        assert sum(row["values"]) == pytest.approx(1, abs=1e-6)
    for row in of(labels, "grade_density"):
        assert (len(row["values"]), sum(row["values"])) == (15, pytest.approx(3))
        assert "arousal:3" in row["chosen"]


def test_spans_are_united_and_the_third_expert_decides(labels: list[Row]) -> None:
    [row] = of(labels, "span_union", pool="human")
    assert [(p["char_start"], p["char_end"]) for p in row["places"]] == [(0, 6), (9, 12)]
    assert (row["values"], row["state"]) == (pytest.approx([2 / 3, 2 / 3]), None)


def test_what_goes_together_is_fitted_over_the_dataset(labels: list[Row]) -> None:
    [row] = of(labels, "cooccurrence", pool="human")
    joy = row["chosen"] == ["joy"]
    assert (joy, sorted(row["values"])) == (True, [0] + [1] * 6)
