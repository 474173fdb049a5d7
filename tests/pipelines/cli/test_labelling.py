"""`affectory label`: what was built, a release, or any file, by any rule; nothing built is changed."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.project import Project, texts, write_csv
from typer.testing import CliRunner, Result

from affectory.pipelines.cli.app import app


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(app, ["label", *map(str, arguments)])


def facts(*arguments: Any) -> list[dict[str, Any]]:
    found = run(*arguments, "--json")
    assert found.exit_code == 0, found.output
    return list(json.loads(found.output))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = texts(tmp_path_factory.mktemp("built"), 8)
    made.build("label.rule=plurality")
    return made


def test_without_a_rule_it_tells_of_the_labels_that_were_built(built: Project) -> None:
    before = {path: path.read_bytes() for path in built.folder.rglob("*") if path.is_file()}
    found = run(built.recipe, "--workspace", built.workspace)
    assert "plurality in ekman-7 (simplex; human, perceived)" in found.output
    assert {path: path.read_bytes() for path in built.folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("where", ["recipe", "release"])
def test_another_rule_labels_the_same_opinions(built: Project, where: str) -> None:
    place = (built.recipe, "--workspace", built.workspace) if where == "recipe" else (built.releases / "v1.0.0",)
    lots = facts(*place, "--rule", "dawid_skene", "--rule", '{"n_best": {"n": 1}}')
    of_people = [lot for lot in lots if lot["pool"] == "human"]
    assert [(lot["rule"], lot["labels"], lot["opinions"]) for lot in of_people] == [
        ("dawid_skene", 8, 16), ('n_best{"n": 1}', 8, 16),
    ]  # fmt: skip


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl"])
def test_labels_are_written_where_asked(built: Project, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"labels.{ending}"
    run(built.releases / "v1.0.0", "--rule", "plurality", "--out", out)
    if ending == "parquet":
        rows = pq.read_table(out).to_pylist()
    elif ending == "csv":
        rows = [{**row, "chosen": json.loads(row["chosen"])} for row in csv.DictReader(out.read_text().splitlines())]
    else:
        rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(rows) == 16
    assert {len(row["chosen"]) for row in rows if row["pool"] == "human"} == {1, 2}


def test_a_file_of_ratings_needs_no_recipe(tmp_path: Path) -> None:
    file = tmp_path / "votes.csv"
    write_csv(file, ["clip", "joy", "anger", "who"], [["a", 3, 1, "x"], ["b", "", 2, "y"]])
    [lot] = facts(file, "--taxonomy", "ekman-7", "--item", "clip", "--counts", "joy, anger")
    assert (lot["labels"], lot["opinions"], lot["chosen"]) == (2, 6, {"joy": 1, "anger": 1})


def test_a_lab_has_labels_and_steps_in_words_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("name: own\nentries: [{name: happy, synonyms: [H]}, sad]\n", encoding="utf-8")
    write_csv(tmp_path / "votes.csv", ["clip", "H", "sad"], [["a", "A lot", "None"], ["a", "A little", ""]])
    columns = ("--item", "clip", "--intensities", "H,sad", "--levels", "None,A little,A lot")
    out = tmp_path / "labels.jsonl"
    found = run(tmp_path / "votes.csv", "--taxonomy", tmp_path / "own.yaml", *columns, "--rule", "intensity_mean",
                "--out", out)  # fmt: skip
    assert found.exit_code == 0, found.output
    row = json.loads(out.read_text(encoding="utf-8"))
    assert (row["names"], row["values"]) == (["happy", "sad"], [1.5, 0.0])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--item", "clip", "--value", "said"), "there are: ekman-6"),
        (("--taxonomy", "ekman-7", "--value", "said"), "the columns are clip, said"),
        (("--taxonomy", "ekman-7", "--item", "clp", "--value", "said"), "the columns are clip, said"),
        (("--taxonomy", "ekman-7", "--item", "clip", "--value", "said"), "did you mean joy"),
        (("--taxonomy", "ekman-7", "--item", "clip", "--counts", "said"), "knows no 'said'"),
        (("--taxonomy", "ekman-7", "--item", "said", "--counts", "joy"), "no column 'joy'"),
        (("--taxonomy", "no.yaml", "--item", "said", "--value", "said"), "no.yaml"),
        (("--item", "clip", "--value", "said"), "or a YAML file"),
        (("--taxonomy", "ekman-7", "--item", "clip", "--value", "said", "--rule", "{a: 1, b: 2}"), "is no rule"),
    ],
)
def test_mistakes_are_told_with_what_is_allowed(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    file = tmp_path / "ratings.csv"
    write_csv(file, ["clip", "said"], [["a", "jo"]])
    found = run(file, *arguments)
    assert (found.exit_code, said in found.output) == (2, True), found.output


def test_a_cell_may_hold_several_labels(tmp_path: Path) -> None:
    write_csv(tmp_path / "ratings.csv", ["clip", "said"], [["a", "joy; surprise"], ["a", "joy"], ["a", ""]])
    columns = ("--taxonomy", "ekman-7", "--item", "clip", "--value", "said", "--separator", ";")
    run(tmp_path / "ratings.csv", *columns, "--out", tmp_path / "labels.parquet")
    [row] = pq.read_table(tmp_path / "labels.parquet").to_pylist()
    assert {n: v for n, v in zip(row["names"], row["values"], strict=True) if v} == {"joy": 0.75, "surprise": 0.25}
    assert row["count"] == 2


@pytest.mark.parametrize(
    ("rows", "said"), [([], "trace: there are no opinions"), ([["a", "joy"]], "trace: none of 1 opinions says what it")]
)
def test_a_rule_that_comes_to_nothing_is_told(tmp_path: Path, rows: list[list[str]], said: str) -> None:
    write_csv(tmp_path / "ratings.csv", ["clip", "said"], rows)
    found = run(tmp_path / "ratings.csv", "--taxonomy", "ekman-7", "--item", "clip", "--value", "said",
                "--rule", "trace")  # fmt: skip
    assert found.exit_code == 0 and said in found.output and "no labels" in found.output


def test_a_rule_of_the_recipe_that_was_not_built_is_told(built: Project) -> None:
    found = run(built.recipe, "--workspace", built.workspace, "--set", "label.rule=majority")
    assert "majority: no such labels were built" in found.output and "plurality in ekman-7" in found.output
    again = run(built.recipe, "--workspace", built.workspace, "--set", "label.rule=plurality")
    assert again.exit_code == 0 and "no such labels" not in again.output


@pytest.mark.parametrize("command", ["label", "agreement"])
def test_what_is_not_there_is_told_with_what_could_be(tmp_path: Path, command: str) -> None:
    found = CliRunner().invoke(app, [command, str(tmp_path / "gone.yaml")])
    assert found.exit_code == 2 and "no such file or folder" in found.output and ".jsonl" in found.output


def test_columns_are_of_files(built: Project) -> None:
    found = run(built.releases / "v1.0.0", "--item", "clip")
    assert found.exit_code == 2 and "--item is for a file of ratings" in found.output


def test_agreement_counts_opinions_once_also_where_a_rule_was_fitted(tmp_path: Path) -> None:
    told = []
    for rule in ("vote_share", "dawid_skene"):
        made = texts(tmp_path / rule, 6)
        made.build(f"label.rule={rule}", publish=False)
        found = CliRunner().invoke(app, ["agreement", str(made.recipe), "--workspace", str(made.workspace), "--json"])
        told.append(json.loads(found.output))
    assert told[0] == told[1]
