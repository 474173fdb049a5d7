"""The server of `affectory review up`: a recipe says nothing of it, and the commands find it by their home folder."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.forms import answered_result
from support.label_studio import OTHERS, LabelStudio
from support.project import Project
from support.round_trip import write_world

from affectory.annotation.client.server import Server
from affectory.annotation.proxy.home import read_raters
from affectory.annotation.server.accounts import known, read_passwords
from affectory.annotation.server.home import Home
from affectory.pipelines.review.desk import Desk
from affectory.pipelines.review.returning import asked_by_task
from affectory.pipelines.store.workspace import Workspace

pytestmark = [
    pytest.mark.xdist_group("label-studio"),
    pytest.mark.skipif(OTHERS in os.environ, reason="a developer's server has no home folder"),
]
WHO = "own-server@raters.test"


def said(project: Project, home: Path, command: str, *more: str) -> str:
    """What a command prints that goes well."""
    where = ["--workspace", str(project.workspace), "--home", str(home)]
    done = project.told("review", command, "recipe.yaml", *more, *where)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_from_the_recipe_to_judgements_by_commands_alone(label_studio: LabelStudio, tmp_path: Path) -> None:
    project, home = write_world(tmp_path / "project", {"image": 2}), Home(label_studio.home)
    recipe = yaml.safe_load(project.recipe.read_text())
    review: dict[str, Any] = {"ask": ["categories"], "raters": 1, "raters_file": "raters.csv"}
    project.recipe.write_text(yaml.safe_dump({**recipe, "review": review}, sort_keys=False))
    (project.folder / "raters.csv").write_text(f"email,relation\n{WHO.upper()},crowd\n")
    project.build(publish=False)
    assert "main: 2 asks planned" in said(project, home.folder, "plan")
    assert "round-trip: image: 2 new" in said(project, home.folder, "push")
    assert "2 as they were" in said(project, home.folder, "push")
    desk = Desk.of(project.bound(), Workspace(project.workspace), home)
    assert read_raters(home.folder)[WHO].id == desk.pseudonym(WHO)
    assert WHO in read_passwords(home.passwords)
    assert stat.S_IMODE(home.passwords.stat().st_mode) == 0o600
    asked = asked_by_task(desk.asks().to_pylist())
    [address] = desk.addresses().values()
    with Server.at(label_studio.url, label_studio.token) as server:
        assert WHO in known(server)
        listed = server.get("/api/users/")
        [rater] = [user["id"] for user in listed if user["email"].lower() == WHO]
        number = int(address.rpartition("/")[2])
        tasks = server.get("/api/tasks/", project=number, page_size=10, include="id,data")["tasks"]
        for task in tasks:
            shown = asked[task["data"]["uid"]].shown
            links = [value for value in task["data"].values() if str(value).startswith("/affectory/media/")]
            assert links == [f"/affectory/media/{shown.media['image'].name}"], "behind the login"
            result = answered_result(desk.review.forms()["main", "image"], shown, {"categories": ["joy"]})
            body = {"result": result, "lead_time": 9, "completed_by": rater}
            server.post(f"/api/tasks/{task['id']}/annotations/", body)
    assert said(project, home.folder, "pull").startswith("annotations: 2 taken; 2 new rows of judgements")
    assert {row["rater"] for row in desk.judgements().to_pylist()} == {desk.pseudonym(WHO)}
