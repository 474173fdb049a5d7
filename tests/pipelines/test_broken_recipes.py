"""Mistakes in a recipe: file, line, key, what was given, what is allowed; exit code 2 and no traceback."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from support.project import TEXTS, texts

from affectory.pipelines.report import summary_text
from affectory.schemas.errors import UserError
from affectory.schemas.recipe.problems import RecipeProblems

BROKEN: dict[str, tuple[dict[str, Any] | str, int, str, str]] = {
    "unknown key": ({**TEXTS, "ingets": []}, 22, "ingets", "did you mean: ingest?"),
    "wrong type": ({**TEXTS, "dataset": ["a"]}, 1, "dataset", "given"),
    "missing file": (TEXTS | {"sources": [{**TEXTS["sources"][0], "path": "none.jsonl"}]}, 6, "path", "none.jsonl"),
    "unknown step": ({**TEXTS, "assist": ["lexikon"]}, 21, "assist[0]", "did you mean: lexicon?"),
    "unknown parameter": ({**TEXTS, "ingest": [{"clean_text": {"min_char": 3}}]}, 19, "min_char", "min_chars"),
    "parameter of wrong type": ({**TEXTS, "ingest": [{"clean_text": {"min_chars": "few"}}]}, 19, "min_chars", "few"),
    "parameter out of range": ({**TEXTS, "ingest": [{"clean_text": {"min_chars": -1}}]}, 19, "min_chars", "-1"),
    "unknown kind of source": ({**TEXTS, "sources": [{"kind": "jsonn", "path": "lines.jsonl"}]}, 4, "kind", "jsonl"),
    "ratings of no source": (
        {**TEXTS, "ratings": [{**TEXTS["ratings"][0], "of": "linse"}]}, 13, "of", "did you mean: lines?",
    ),
    "unknown taxonomy": ({**TEXTS, "taxonomy": "ekman-8"}, 2, "taxonomy", "ekman-7"),
    "unknown rule": ({**TEXTS, "label": {"rule": "vote_shares"}}, 23, "label.rule", "did you mean: vote_share?"),
    "reads what nobody wrote": ({**TEXTS, "ingest": ["crops"]}, 18, "ingest[0]", "written by: faces"),
    "masks what was told already": (
        {**TEXTS, "ingest": ["context", "personal_data"]}, 19, "ingest[1]", "personal_data has to come before context",
    ),
    "out of its root": (TEXTS | {"sources": [{**TEXTS["sources"][0], "path": "../x.jsonl"}]}, 6, "path", "--root"),
    "a secret in clear": ({**TEXTS, "people": {"pseudonym_key": "hunter2"}}, 23, "pseudonym_key", "${env:"),
    "unreadable YAML": ("dataset: texts\nsources: [\n  - x\n", 3, "", "YAML"),
    "includes itself": ({**TEXTS, "include": ["recipe.yaml"]}, 23, "include", "cycle"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_recipe_teaches(tmp_path: Path, name: str) -> None:
    recipe, at, key, words = BROKEN[name]
    made = texts(tmp_path, 2)
    text = recipe if isinstance(recipe, str) else yaml.safe_dump(recipe, sort_keys=False)
    made.recipe.write_text(text)
    done = made.told("plan")
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert key in done.stderr and words in done.stderr
    assert f"recipe.yaml:{at}:" in done.stderr


def test_all_mistakes_are_told_together_in_their_order(tmp_path: Path) -> None:
    made = texts(tmp_path, 2)
    broken = {**TEXTS, "taxonomy": "none", "ingest": ["probee"], "assist": ["lexikon"]}
    made.recipe.write_text(yaml.safe_dump(broken, sort_keys=False))
    errors = made.command("build").stderr
    assert [errors.find(w) for w in ("none", "probee", "lexikon")] == sorted(
        errors.find(w) for w in ("none", "probee", "lexikon")
    )
    assert "lexikon" in errors and "probee" in errors


def test_json_tells_mistakes_to_machines(tmp_path: Path) -> None:
    import json

    made = texts(tmp_path, 2)
    made.recipe.write_text(yaml.safe_dump({**TEXTS, "assist": ["lexikon"]}, sort_keys=False))
    done = made.command("plan", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["event"], told["problems"][0]["line"]) == (2, "error", 21)


def test_a_missing_recipe_is_no_traceback(tmp_path: Path) -> None:
    made = texts(tmp_path, 2)
    done = made.command("build", "nowhere.yaml")
    assert done.returncode == 2
    assert "nowhere.yaml" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("change", "says"), [({"text": "bdoy"}, "bdoy"), ({"key": "idd"}, "idd")], ids=["text column", "key column"]
)
@pytest.mark.parametrize("command", ["plan", "build"])
def test_a_source_of_which_nothing_can_be_read_is_a_mistake(
    tmp_path: Path, command: str, change: dict[str, str], says: str
) -> None:
    made = texts(tmp_path, 3)
    recipe = {**TEXTS, "sources": [{**TEXTS["sources"][0], **change}]}
    made.recipe.write_text(yaml.safe_dump(recipe, sort_keys=False))
    done = made.told(command)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "recipe.yaml:4:" in done.stderr and says in done.stderr
    assert not made.releases.exists()


def test_ratings_of_which_nothing_can_be_read_are_a_mistake(tmp_path: Path) -> None:
    made = texts(tmp_path, 3)
    recipe = {**TEXTS, "ratings": [{**TEXTS["ratings"][0], "label": "emotoin"}]}
    made.recipe.write_text(yaml.safe_dump(recipe, sort_keys=False))
    done = made.command("build")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "ratings[0]" in done.stderr and "emotoin" in done.stderr


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"target": "rater"}, "6 refused, all of them as unknown_record, the first: ratings.csv#L2"),
        ({"label": "id"}, "as unknown_label, the first: ratings.csv#L2"),
        ({"where": {"emotion": "bliss"}}, "none of 6 rows fits `where`"),
        ({"target": None, "file": "id"}, "lines has no record 'l0'"),
    ],
    ids=["target", "label", "where", "file"],
)
def test_ratings_none_of_which_is_taken_are_a_mistake(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    made = texts(tmp_path, 3)
    entry = {key: value for key, value in {**TEXTS["ratings"][0], **change}.items() if value}
    other = {**TEXTS["ratings"][0], "name": "others"}
    made.recipe.write_text(yaml.safe_dump({**TEXTS, "ratings": [other, entry]}, sort_keys=False))
    plan = made.plan()
    with pytest.raises(RecipeProblems) as told:
        made.build()
    (problem,) = told.value.problems
    assert problem.key == "ratings[1]" and problem.line and "'csv'" in problem.message
    assert says in problem.given + problem.hint
    assert f"{sum(plan.refused_ratings.values())} rows of ratings would be refused: " in plan.as_text()


def test_ratings_of_records_that_a_preview_leaves_out_are_no_mistake(tmp_path: Path) -> None:
    made = texts(tmp_path, 3)
    (tmp_path / "ratings.csv").write_text("id,rater,emotion\nl9,ann,joy\n")
    assert made.build(sample=2).kept == 2


@pytest.mark.parametrize(
    ("rows", "entry"), [("", {}), ("l0,ann,joy\n", {"ignore": ["joy"]})], ids=["no rows yet", "all left out on purpose"]
)
def test_ratings_that_say_nothing_are_no_mistake(tmp_path: Path, rows: str, entry: dict[str, Any]) -> None:
    made = texts(tmp_path, 3)
    (tmp_path / "ratings.csv").write_text(f"id,rater,emotion\n{rows}")
    made.recipe.write_text(yaml.safe_dump({**TEXTS, "ratings": [{**TEXTS["ratings"][0], **entry}]}))
    assert made.build().judgements == 0


def test_the_summary_tells_why_ratings_were_refused(tmp_path: Path) -> None:
    made = texts(tmp_path, 3)
    with (tmp_path / "ratings.csv").open("a") as file:
        file.write("nobody,rater1,joy\nl1,rater9,elated-ish\nsomebody,rater1,joy\n")
    text = summary_text(made.build(), made.recipe, None)
    assert "why         ratings: 2 unknown_record, 1 unknown_label" in text


def test_releases_of_another_dataset_are_told_before_anything_is_read(tmp_path: Path) -> None:
    made = texts(tmp_path, 3)
    made.build()
    (tmp_path / "lines.jsonl").unlink()
    with pytest.raises(UserError, match="is a release of 'texts', so 'chats' cannot be its next version"):
        made.build("dataset=chats", "sources[0].path=ratings.csv")
