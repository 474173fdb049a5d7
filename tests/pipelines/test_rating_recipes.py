"""Recipes that import ratings of other forms, from the words that they name to the card of the release."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.project import TEXTS, line, project, write_csv, write_lines

from affectory.pipelines.bind import bind
from affectory.schemas.recipe import RecipeProblems, load_recipe

RATED = {"kind": "csv", "path": "ratings.csv", "of": "lines", "target": "id"}


@pytest.mark.parametrize(
    ("entry", "key", "message"),
    [
        ({"columns": {"joi": "a"}, "rater": "r"}, "ratings[0].columns.joi", "no label of ekman-7"),
        (
            {"columns": {"joy": "a", "happiness": "b"}, "rater": "r"},
            "ratings[0].columns.happiness",
            "means joy in ekman-7",
        ),
        ({"label": "a", "labels": {"x": "y"}, "rater": "r"}, "ratings[0].labels.x", "no label of ekman-7"),
        ({"vote_digits": {"column": "a", "labels": ["joy", "-"]}}, "ratings[0].vote_digits.labels[1]", "no label"),
        ({"label": "a", "options": ["joy", "calmness of mind"], "rater": "r"}, "ratings[0].options[1]", "no label"),
        ({"votes": {"joy": ""}}, "ratings[0].votes.joy", ""),
        ({"vote_digits": {"column": "a"}}, "ratings[0].vote_digits.labels", "missing"),
    ],
)
def test_words_of_the_recipe_are_checked_when_planning(tmp_path: Path, entry: Any, key: str, message: str) -> None:
    made = project(tmp_path, {**TEXTS, "ratings": [{**RATED, **entry}]})
    write_lines(tmp_path / "lines.jsonl", [line(0)])
    write_csv(tmp_path / "ratings.csv", ["id"], [])
    with pytest.raises(RecipeProblems) as raised:
        bind(load_recipe(made.recipe))
    [problem] = raised.value.problems
    assert problem.key == key
    assert message in problem.message


def test_votes_and_groups_are_told_apart_from_people(tmp_path: Path) -> None:
    voted = {**RATED, "name": "votes", "votes": {"joy": "j", "fear": "f"}, "modalities": ["text"]}
    shares = {**RATED, "name": "shares", "path": "shares.csv", "distribution": {"joy": "j", "fear": "f"}, "people": "n"}
    made = project(tmp_path, {**TEXTS, "ratings": [voted, shares], "assist": []})
    write_lines(tmp_path / "lines.jsonl", [line(n) for n in range(3)])
    write_csv(tmp_path / "ratings.csv", ["id", "j", "f"], [["l0", 3, 1], ["l1", 0, 2]])
    write_csv(tmp_path / "shares.csv", ["id", "j", "f", "n"], [["l0", 0.5, 0.5, 9], ["l2", 0.25, 0.75, 8]])
    summary = made.build()
    rows = {row["key"]: row for row in made.rows(summary.version).to_pylist()}
    shown = {key: (row["label_pool"], row["label_count"], row["distribution"]) for key, row in rows.items()}
    none = [None] * 3
    assert {key: (pool, count, [values[3], values[2]]) for key, (pool, count, values) in shown.items()} == {
        "l0": ("human", 4, [0.75, 0.25]),
        "l1": ("human", 2, [0, 1]),
        "l2": ("group", 1, [0.25, 0.75]),
    }
    assert rows["l0"]["distribution"][4:] == none
    card = (made.releases / summary.version / "README.md").read_text()
    assert "6 opinions are votes that were only counted" in card
    assert "2 opinions sum up the answers of several people" in card
    assert "People: 0." in card


STRATEGIES = ["Question", "Reflection of feelings", "Other"]


def test_strategies_of_esconv_are_mapped_or_refused(tmp_path: Path) -> None:
    said = ["Question", "Reflection of Feelings", "Providing Suggestion"]
    dialog = [{"speaker": "seeker", "annotation": {}, "content": "Hello, I am sad."}] + [
        {"speaker": "supporter", "annotation": {"strategy": s}, "content": f"Some {s} for you."} for s in said
    ]
    (tmp_path / "esconv.json").write_text(json.dumps([{"emotion_type": "sadness", "dialog": dialog}] * 2))
    ratings = {
        "kind": "dialogues", "path": "esconv.json", "shape": "esconv", "of": "turns", "label": "annotation.strategy",
        "labels": {"Reflection of Feelings": "Reflection of feelings"}, "rater_name": "published",
        "where": {"speaker": "supporter"}, "question": "Which strategy is this?", "perspective": "expressed",
    }  # fmt: skip
    recipe = {
        "dataset": "esconv", "taxonomy": {"name": "strategies", "labels": STRATEGIES}, "ratings": [ratings],
        "sources": [{"kind": "dialogues", "name": "turns", "shape": "esconv", "path": "esconv.json"}],
        "publish": {"splits": {"by": ["dialogue"], "train": 1}},
    }  # fmt: skip
    made = project(tmp_path, recipe)
    summary = made.build()
    rows = sorted(made.rows(summary.version).to_pylist(), key=lambda row: (row["dialogue"], row["position"]))
    assert [row["label"] for row in rows] == [None, 0, 1, None] * 2
    assert len({row["speaker"] for row in rows}) == 4
    assert [(r["uri"], r["reason"]) for r in made.rejects()] == [
        ("esconv.json#L4", "unknown_label"),
        ("esconv.json#L8", "unknown_label"),
    ]
    assert "'Providing Suggestion' is not in strategies" in made.rejects()[0]["detail"]


def test_a_build_of_other_forms_is_the_same_again(tmp_path: Path) -> None:
    entry = {**RATED, "wide": ["ann", "bob"], "labels": {"glad": "joy"}, "ignore": ["none"]}
    made = project(tmp_path, {**TEXTS, "ratings": [entry], "assist": []})
    write_lines(tmp_path / "lines.jsonl", [line(n) for n in range(3)])
    write_csv(
        tmp_path / "ratings.csv", ["id", "ann", "bob"], [["l0", "glad", "fear"], ["l1", "none", ""], ["l2", "joy", ""]]
    )
    first = made.build()
    made.recipe.write_text(
        yaml.safe_dump({**TEXTS, "ratings": [{**entry, "labels": {"glad": "sadness"}}], "assist": []})
    )
    assert made.build().release_hash != first.release_hash
    made.recipe.write_text(yaml.safe_dump({**TEXTS, "ratings": [entry], "assist": []}))
    again = made.build()
    assert (again.release_hash, again.judgements) == (first.release_hash, 3)
