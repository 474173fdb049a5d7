"""What the commands of `affectory review` say, and what they leave behind, without a server."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.project import Project, texts

from affectory.annotation.server.home import Home
from affectory.pipelines.cli.reviewing import _begin
from affectory.pipelines.review.desk import Desk
from affectory.pipelines.store.workspace import Workspace


def reviewed(folder: Path, count: int = 12, built: bool = True, **review: Any) -> Project:
    """Texts under review, built."""
    project = texts(folder, count)
    recipe = {**yaml.safe_load(project.recipe.read_text()), "review": review}
    project.recipe.write_text(yaml.safe_dump(recipe, sort_keys=False))
    if built:
        project.build(publish=False)
    return project


def review(project: Project, *words: str) -> Any:
    home = ["--home", str(project.folder / "home"), "--workspace", str(project.workspace)]
    return project.told("review", words[0], str(project.recipe), *words[1:], *home)


def test_a_plan_is_printed_and_in_the_ledger_and_the_second_adds_nothing(tmp_path: Path) -> None:
    project = reviewed(tmp_path, raters=2, budget=10, enough=0.01)
    dry = review(project, "plan", "--dry-run")
    assert "10 asks would be planned" in dry.stdout
    assert Workspace(project.workspace).ledger("asks").read().num_rows == 0
    first = review(project, "plan")
    assert "main: 10 asks planned; 10 in all, 0 left of the budget" in first.stdout
    assert "next: affectory review push" in first.stdout
    asks = Workspace(project.workspace).ledger("asks").read()
    assert asks.num_rows == 10
    [found] = json.loads(review(project, "plan", "--json").stdout)
    assert (found["asked"], found["held"], found["left"]) == (0, 10, 0)
    assert json.loads(asks.column("shown")[0].as_py())["text"]


def test_why_each_sample_is_asked_or_not_is_written_to_a_file(tmp_path: Path) -> None:
    project = reviewed(tmp_path, raters=1, budget=3, enough=0.01)
    out = tmp_path / "values.csv"
    review(project, "plan", "--dry-run", "--out", str(out))
    lines = out.read_text().splitlines()
    assert len(lines) == 13
    assert "why" in lines[0]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"when": "entropy > "}, "here the condition ends"),
        ({"ask": ["moods"]}, "nothing of that name can be asked"),
        ({"ask": [{"categories": {"strength": 3}}]}, "unknown"),
        ({"ask": ["categories", "categories"]}, "categories is asked twice"),
        ({"gold": {"path": "none.csv"}}, "none.csv"),
        ({"raters_file": "../raters.csv"}, "raters_file"),
        ({"second": {"after": ["yes"]}}, "no label of ekman-7"),
        ({"token": "abc"}, "secrets are never written in a recipe"),
    ],
    ids=["condition", "field", "parameter", "twice", "gold", "outside", "yes", "secret"],
)
def test_a_mistake_in_a_review_is_told_with_its_place(tmp_path: Path, given: dict[str, Any], told: str) -> None:
    project = reviewed(tmp_path, built=False, **given)
    ended = review(project, "plan")
    assert ended.returncode == 2
    assert told in ended.stderr
    assert "recipe.yaml:" in ended.stderr


def test_without_a_review_or_a_build_it_says_what_to_do(tmp_path: Path) -> None:
    plain = texts(tmp_path / "plain", 3)
    assert "has no `review`" in review(plain, "plan").stderr
    unbuilt = reviewed(tmp_path / "unbuilt", 3, built=False)
    ended = review(unbuilt, "plan")
    assert "build first" in ended.stderr
    assert ended.returncode == 2


@pytest.mark.parametrize("command", ["push", "pull"])
def test_without_a_server_it_says_how_to_start_one(tmp_path: Path, command: str) -> None:
    ended = review(reviewed(tmp_path, 3), command)
    assert (ended.returncode, "affectory review up" in ended.stderr) == (2, True)


def test_status_says_where_it_stands(tmp_path: Path) -> None:
    project = reviewed(tmp_path, raters=2, budget=6, enough=0.01)
    review(project, "plan")
    page = tmp_path / "status.html"
    ended = review(project, "status", "--page", str(page))
    assert "main" in ended.stdout
    assert "<html" in page.read_text()
    assert json.loads(review(project, "status", "--json").stdout)["progress"]


def test_who_leaves_is_asked_no_more_and_others_get_what_was_open(tmp_path: Path) -> None:
    project = reviewed(tmp_path, built=False, raters=1, budget=6, enough=0.01, raters_file="raters.csv")
    (tmp_path / "raters.csv").write_text("email,relation\nann@x.org,expert\nbob@x.org,crowd\n")
    project.build(publish=False)
    review(project, "plan")
    home = ["--home", str(tmp_path / "home"), "--workspace", str(project.workspace)]
    ended = project.told("review", "withdraw", "ann@x.org", "--recipe", str(project.recipe), *home)
    assert "withdrew" in ended.stdout
    review(project, "plan")
    rows = Workspace(project.workspace).ledger("asks").read().to_pylist()
    newest = {row["ask_id"]: row for row in sorted(rows, key=lambda row: row["revision"])}
    still = {row["rater"] for row in newest.values() if row["closed"] is None}
    assert len(still) == 1
    assert sum(row["closed"] is None for row in newest.values()) == 6


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("email\nann\n", "row 1: 'ann' is no e-mail address"),
        ("email,relation\na@b.c,friend\n", "no such relation: friend"),
        ("email,hours_a_week\na@b.c,many\n", "a number above 0"),
        ("email\na@b.c\nA@B.c\n", "row 2: a@b.c is there twice"),
        ("mail\na@b.c\n", "no rater has mail"),
    ],
    ids=["address", "relation", "hours", "twice", "column"],
)
def test_a_wrong_list_of_raters_is_told_with_its_row(tmp_path: Path, rows: str, told: str) -> None:
    project = reviewed(tmp_path, built=False, raters_file="raters.csv")
    (tmp_path / "raters.csv").write_text(rows)
    project.build(publish=False)
    ended = review(project, "plan")
    assert (ended.returncode, told in ended.stderr) == (2, True)


@pytest.mark.parametrize("command", ["plan", "push", "pull"])
def test_raters_are_not_known_under_another_key_than_speakers(tmp_path: Path, command: str) -> None:
    project = reviewed(tmp_path, 3)
    recipe = {**yaml.safe_load(project.recipe.read_text()), "people": {"pseudonym_key": "${env:HOME}"}}
    project.recipe.write_text(yaml.safe_dump(recipe, sort_keys=False))
    ended = review(project, command)
    assert (ended.returncode, "another pseudonym key" in ended.stderr) == (2, True)


def test_a_hint_that_comes_while_a_pull_looks_is_not_lost(tmp_path: Path) -> None:
    from affectory.pipelines.cli.reviewing import _stamp, _wait

    hinted = tmp_path / "hinted"
    before, began = _stamp(hinted), time.monotonic()
    hinted.touch()
    _wait(hinted, before, 60)
    assert time.monotonic() - began < 30


def test_a_push_says_how_raters_begin(tmp_path: Path) -> None:
    project, home = reviewed(tmp_path, built=False), Home(tmp_path / "home")
    desk = Desk.of(project.bound(), Workspace(project.workspace), home)
    address = "http://127.0.0.1:8390/projects/7"
    assert _begin(desk, address) == (
        f"raters log in at http://127.0.0.1:8390 (who has no account: affectory review up --home {home.folder}"
        " --raters FILE); then "
    )
    home.prepare()
    home.passwords.touch()
    assert f"8390 (first passwords: {home.passwords}); then " in _begin(desk, address)
    elsewhere = project.bound("review.url=http://ls.example")
    assert _begin(Desk.of(elsewhere, Workspace(project.workspace), home), address) == ""


def test_a_model_that_judged_nothing_is_told_where_its_suggestions_are_wanted(tmp_path: Path) -> None:
    said = review(reviewed(tmp_path, 3, suggest={"of": ["writer"]}, enough=0.01), "plan", "--dry-run").stdout
    assert "nothing is suggested: no model is called writer; those that judged are lexicon@1" in said
