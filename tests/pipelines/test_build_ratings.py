"""Ratings through whole builds: what counts is what the recipe and its files say now, as in a fresh build."""

import csv
import shutil
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from support.project import TEXTS, Project, line, project, texts, write_csv, write_image, write_lines

from affectory.pipelines.build import Summary
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.parquet import read_parquet
from affectory.schemas.recipe.problems import RecipeProblems
from affectory.schemas.tables import NAME_KEY, VERSION_KEY
from affectory.schemas.types import EVIDENCE, SHOWN


@pytest.fixture
def made(tmp_path: Path) -> Project:
    return texts(tmp_path / "made")


def fresh(made: Project) -> Summary:
    """The same inputs, built where nothing was built before."""
    other = Project(made.folder.with_name("fresh"))
    shutil.copytree(made.folder, other.folder, ignore=shutil.ignore_patterns("ws", "releases"))
    return other.build()


def edit(made: Project, old: str, new: str) -> None:
    file = made.folder / "ratings.csv"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.mark.parametrize("setting", ["ratings[0].question=How does it feel?", "ratings[0].perspective=felt"])
def test_a_corrected_entry_counts_nobody_twice(made: Project, setting: str) -> None:
    made.build()
    planned = made.plan(setting).lost
    summary = made.build(setting)
    assert (planned.standing, summary.judgements, summary.attached) == (24, 24, 24)
    assert set(made.rows(summary.version).column("label_count").to_pylist()) == {2}
    assert made.build().attached == 24
    assert Workspace(made.workspace).ledger("judgements").read().num_rows == 48


def test_a_rating_that_was_removed_counts_no_more(made: Project) -> None:
    made.build()
    edit(made, "l0,rater0,joy\n", "")
    assert made.plan().lost.standing == 23
    summary = made.build()
    assert (summary.judgements, summary.attached) == (23, 23)
    assert summary.release_hash == fresh(made).release_hash


def test_a_recipe_without_its_ratings_has_no_judgements(made: Project) -> None:
    made.build()
    made.recipe.write_text(yaml.safe_dump({k: v for k, v in TEXTS.items() if k != "ratings"}))
    assert made.plan().lost.standing == 0
    assert made.build().judgements == 0


def test_the_history_of_corrections_does_not_show_in_a_release(made: Project) -> None:
    for old, new in (("joy", "fear"), ("fear", "anger")):
        made.build()
        edit(made, f"l0,rater0,{old}", f"l0,rater0,{new}")
    assert made.build().release_hash == fresh(made).release_hash


def test_going_back_is_a_patch_with_the_first_contents(made: Project) -> None:
    first = made.build()
    edit(made, "l0,rater0,joy", "l0,rater0,fear")
    second = made.build()
    edit(made, "l0,rater0,fear", "l0,rater0,joy")
    third = made.build()
    assert first.release_hash == third.release_hash != second.release_hash


def test_ledgers_that_were_lost_are_filled_again_from_the_files(made: Project) -> None:
    first = made.build()
    edit(made, "l0,rater0,joy", "l0,rater0,fear")
    second = made.build()
    shutil.rmtree(made.workspace / "ledgers")
    assert made.plan().lost.standing == 24
    again = made.build()
    assert (again.attached, again.release_hash) == (24, second.release_hash)
    shutil.rmtree(made.workspace / "ledgers")
    edit(made, "l0,rater0,fear", "l0,rater0,joy")
    assert made.build().release_hash == first.release_hash, "an id alone does not say which answer it has"


@pytest.mark.parametrize("file", ["a.png", "b.png"])
def test_ratings_of_a_duplicate_file_are_those_of_what_it_repeats(tmp_path: Path, file: str) -> None:
    made = pictures(tmp_path, [[file, "x", "joy"], ["c.png", "x", "joy"]])
    shutil.copy(tmp_path / "media" / "a.png", tmp_path / "media" / "b.png")
    summary = made.build()
    assert (summary.attached, summary.unattached) == (2, 0)
    assert made.reasons() == [("b.png", "duplicate")]


def pictures(folder: Path, ratings: list[list[str]]) -> Project:
    entry = {"kind": "csv", "path": "ratings.csv", "of": "media", "file": "file", "rater": "rater", "label": "emotion"}
    sources = [{"kind": "folder", "name": "media", "path": "media"}]
    recipe = {"dataset": "pics", "taxonomy": "ekman-7", "sources": sources, "ratings": [entry]}
    made = project(folder, {**recipe, "ingest": ["load_image"]})
    write_image(folder / "media" / "a.png", 1)
    write_image(folder / "media" / "c.png", 2)
    write_csv(folder / "ratings.csv", ["file", "rater", "emotion"], ratings)
    return made


def test_a_table_is_no_target(tmp_path: Path) -> None:
    by_file = {"kind": "csv", "path": "ratings.csv", "of": "lines", "file": "f", "rater": "rater", "label": "emotion"}
    made = project(tmp_path, {**TEXTS, "ratings": [by_file]})
    write_lines(tmp_path / "lines.jsonl", [line(n) for n in range(3)])
    write_csv(tmp_path / "ratings.csv", ["f", "rater", "emotion"], [["lines.jsonl", "x", "joy"]])
    with pytest.raises(RecipeProblems) as told:
        made.build()
    (problem,) = told.value.problems
    assert (problem.key, problem.hint) == ("ratings[0]", "'lines.jsonl' names 3 records; use `target`")


def test_a_rating_of_all_characters_is_one_of_the_text(tmp_path: Path) -> None:
    made = texts(tmp_path, 3)
    entry = {**TEXTS["ratings"][0], "char_start": "from", "char_end": "to"}
    made.recipe.write_text(yaml.safe_dump({**TEXTS, "ratings": [entry]}))
    rows = [["l0", "x", "joy", 0, len(line(0)["body"])], ["l1", "x", "joy", 0, 4]]
    write_csv(tmp_path / "ratings.csv", ["id", "rater", "emotion", "from", "to"], rows)
    planned, built = made.plan().lost, made.build()
    assert (built.attached, built.unattached) == (1, 1)
    assert planned.judgements == 1


def test_rejects_list_as_many_as_the_summary_says_have_no_sample(made: Project) -> None:
    made.build()
    edit(made, "l0,rater0,joy", "l0,rater0,fear")
    made.build()
    write_lines(made.folder / "lines.jsonl", [line(n) for n in range(2, 12)])
    planned, summary = made.plan().lost, made.build()
    assert (summary.judgements, summary.unattached) == (24, 4)
    assert (planned.judgements, planned.standing) == (4, 24)
    assert Counter(r["reason"] for r in made.rejects()) == {"unattached": 4}
    rows = list(csv.reader((made.folder / "ratings.csv").read_text().splitlines()))
    write_csv(made.folder / "ratings.csv", rows[0], [row for row in rows[1:] if row[0] not in ("l0", "l1")])
    summary = made.build()
    assert (summary.judgements, summary.unattached, made.rejects()) == (20, 0, [])


def test_judgements_of_an_older_version_stand(made: Project) -> None:
    first = made.build()
    for segment in (made.workspace / "ledgers" / "judgements").glob("*.parquet"):
        old = read_parquet(segment).drop_columns(["people", "declined"])
        place = pa.struct([f for f in EVIDENCE.value_type if f.name != "record"])
        shown = pa.struct([f for f in SHOWN if f.name != "content"])
        for name, kind in (("evidence", pa.list_(place)), ("shown", shown)):
            old = old.set_column(old.schema.get_field_index(name), name, pa.nulls(old.num_rows, kind))
        pq.write_table(old.replace_schema_metadata({NAME_KEY: "judgements", VERSION_KEY: "1"}), segment)
    edit(made, "l0,rater0,joy", "l0,rater0,fear")
    second = made.build()
    assert (first.attached, second.attached, second.unattached) == (24, 24, 0)
    assert Workspace(made.workspace).ledger("judgements").read().num_rows == 25, "only one answer is new"


def test_the_people_of_two_entries_are_entered_once(made: Project) -> None:
    entries = [{**TEXTS["ratings"][0], "name": r, "rater_relation": r, "question": r} for r in ("crowd", "expert")]
    made.recipe.write_text(yaml.safe_dump({**TEXTS, "ratings": entries}))
    for number in range(3):
        write_lines(made.folder / "lines.jsonl", [line(n) for n in range(12 + number)])
        made.build()
    people = Workspace(made.workspace).ledger("people").read().to_pylist()
    assert [p["relation"] for p in people if p["roles"] == ["rater"]] == ["expert", "expert"]
