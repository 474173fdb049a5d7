"""The recipe's `deploy`: what it takes, what it refuses and where, and that it is no part of what is published."""

import re
import sys
from pathlib import Path

import pytest
from support.recipes import GOOD, problems_of

from affectory.pipelines.publish import _without_folders
from affectory.schemas.recipe import load_recipe
from affectory.schemas.recipe.deploy import Deploy
from affectory.schemas.recipe.moments import checked_schedule, checked_zone


@pytest.mark.parametrize(
    "schedule",
    [
        "0 2 * * *",
        "*/15 * * * *",
        "0 2 * * mon-fri",
        "0,30 1-5/2 1 jan,JUL *",
        "5 4 29 2 *",
        "0 0 31 * 0",
        "0 0 31 4 0",
    ],
)
def test_times_of_cron(schedule: str) -> None:
    assert checked_schedule(schedule) == schedule


@pytest.mark.parametrize(
    ("schedule", "says"),
    [
        ("0 2 * *", "not five fields"),
        ("@daily", "not five fields"),
        ("60 2 * * *", "not a minute"),
        ("0 24 * * *", "not a hour"),
        ("0 2 0 * *", "not a day"),
        ("0 2 * 13 *", "not a month"),
        ("0 2 * * 7", "not a weekday"),
        ("0 2 * * monday", "not a weekday"),
        ("0 5-2 * * *", "not a hour"),
        ("*/0 * * * *", "not a minute"),
        ("0 2 ? * *", "not a day"),
        ("0 2 30 2 *", "never comes"),
        ("0 2 31 apr,jun *", "never comes"),
        ("0 2 * * *; rm", "not five fields"),
        ("$(id) * * * *", "not a minute"),
    ],
)
def test_other_times_are_refused(schedule: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        checked_schedule(schedule)


def test_spaces_in_a_schedule_do_not_count() -> None:
    assert checked_schedule(" 0  2 * * * ") == "0 2 * * *"


def test_a_time_zone_is_taken_by_its_form_where_the_machine_knows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoneinfo.available_timezones", set)
    assert checked_zone("Europe/Berlin") == "Europe/Berlin"
    with pytest.raises(ValueError, match="unknown time zone"):
        checked_zone("../../etc/passwd")


WRONG = [
    ("{schedule: 0 2 * *}", "deploy.schedule", "not five fields"),
    ("{time_zone: Europe/Berln}", "deploy.time_zone", "Europe/Berlin"),
    ("{image: 'a:latest'}", "deploy.image", "not pinned"),
    ("{image: affectory}", "deploy.image", ""),
    ("{workers: {min: 3, max: 2}}", "deploy.workers", "fewest above most"),
    ("{workers: {cores: 2}}", "deploy.workers.cores", "cpus"),
    ("{secrets: ['A=b']}", "deploy.secrets[0]", ""),
    ("{env: {API_TOKEN: abc}}", "deploy.env", "secrets: [API_TOKEN]"),
    ("{namespace: My_Space}", "deploy.namespace", ""),
    ("{storage: {claim: data, path: '/da ta'}}", "deploy.storage.path", ""),
    ("{storage: {workspace: 's3://b/$(id)'}}", "deploy.storage.workspace", ""),
    ("{storage: {workspace: relative/folder}}", "deploy.storage.workspace", ""),
    ("{machines: {head: '10.0.0.1; id'}}", "deploy.machines.head", ""),
    ("{address: head:8265}", "deploy.address", "http"),
    ("{clusters: 3}", "deploy.clusters", "namespace"),
]


@pytest.mark.parametrize(("deploy", "key", "says"), WRONG)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, deploy: str, key: str, says: str) -> None:
    (problem,) = problems_of(tmp_path, f"+deploy: {deploy}\n")
    assert (problem.key, problem.line) == (key, 5)
    assert says in str(problem)


def test_deploy_is_read_and_is_no_part_of_what_is_published(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(GOOD)
    plain = load_recipe(recipe)
    recipe.write_text(GOOD + "deploy: {schedule: '0 4 * * 1', gpu_workers: {max: 2}, storage: {claim: data}}\n")
    placed = load_recipe(recipe)
    assert (placed.spec.deploy.schedule, placed.spec.deploy.gpu_workers.max) == ("0 4 * * 1", 2)
    assert placed.spec.deploy.gpu_workers.tolerations[0].key == "nvidia.com/gpu"
    assert _without_folders(placed.canonical()) == _without_folders(plain.canonical())


def test_the_example_of_the_documentation_is_one(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "cluster.md").read_text()
    blocks = re.findall(r"^```yaml\n(deploy:.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = re.findall(r"^    (deploy: .*)$", text, re.MULTILINE)
    assert (len(blocks), len(lines)) == (1, 1)
    for example in (*blocks, *lines):
        (tmp_path / "recipe.yaml").write_text(f"{GOOD}{example}\n")
        assert load_recipe(tmp_path / "recipe.yaml").spec.deploy != Deploy()


def test_a_recipe_knows_the_files_that_it_was_read_from(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "base.yaml").write_text("title: Base\n")
    (tmp_path / "recipe.yaml").write_text("include: [parts/base.yaml]\ntitle: Own\n" + GOOD)
    found = load_recipe(tmp_path / "recipe.yaml").files
    assert [file.relative_to(tmp_path).as_posix() for file in found] == ["recipe.yaml", "parts/base.yaml"]


def test_the_machine_of_the_test_knows_time_zones() -> None:
    """Else a misspelt zone above would be found by its form alone."""
    if sys.platform == "linux":
        with pytest.raises(ValueError, match="unknown time zone"):
            checked_zone("Europe/Nowhere")
