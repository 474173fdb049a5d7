"""A Label Studio that exists already: who is let in, what is said where nobody is, and networks that fail."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import yaml
from support.faulty_proxy import Fault, FaultyProxy
from support.forms import answered_result
from support.label_studio import LabelStudio
from support.replies import answering
from support.round_trip import TOKEN, Reviewed, write_world

from affectory.annotation.client.server import Server
from affectory.annotation.server.home import Home
from affectory.pipelines.review.planning import make_plan
from affectory.pipelines.review.pulling import Pulling
from affectory.pipelines.review.pushing import Pushing

pytestmark = pytest.mark.xdist_group("label-studio")
COUNT = 4
KEY = ("main", "text", False)


@pytest.fixture(scope="module")
def reviewed(label_studio: LabelStudio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewed]:
    """A review of four texts by whoever comes."""
    folder = tmp_path_factory.mktemp("existing")
    project = write_world(folder / "project", {"text": COUNT})
    home = Home(folder / "home")
    home.prepare()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(TOKEN, label_studio.token)
        found = Reviewed(project, label_studio, home, "http://proxy.test")
        found.review(ask=["categories"], raters=1, kinds=["text"])
        project.build(publish=False)
        make_plan(found.desk)
        yield found


@contextmanager
def at(reviewed: Reviewed, url: str) -> Iterator[Reviewed]:
    """The recipe with another address."""
    before = reviewed.project.recipe.read_text()
    recipe = yaml.safe_load(before)
    recipe["review"]["url"] = url
    reviewed.project.recipe.write_text(yaml.safe_dump(recipe, sort_keys=False))
    try:
        yield reviewed
    finally:
        reviewed.project.recipe.write_text(before)


def quiet(*_: Any) -> None:
    pass


def tasks(reviewed: Reviewed) -> list[dict[str, Any]]:
    asked = {"project": reviewed.projects()[KEY], "page_size": 100, "include": "id,data"}
    return list(reviewed.admin("GET", "/api/tasks/", params=asked)["tasks"])


def asked(reviewed: Reviewed) -> list[str]:
    return [ask["task"] for ask in reviewed.desk.asks().to_pylist()]


def told(reviewed: Reviewed, command: str) -> str:
    """What is said where it cannot go on: one sentence and what to do, for somebody who made a mistake."""
    where = ["--workspace", str(reviewed.project.workspace), "--home", str(reviewed.home.folder)]
    done = reviewed.project.told("review", command, "recipe.yaml", *where)
    assert (done.returncode, done.stdout) == (2, "")
    sentence, hint = done.stderr.strip().split("\n")
    assert hint.startswith("  ")
    return sentence


@pytest.mark.parametrize("command", ["push", "pull"])
def test_a_wrong_token_is_told_in_a_sentence(reviewed: Reviewed, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, "swordfish" * 4)
    assert told(reviewed, command) == f"Label Studio at {reviewed.studio.url} does not know this token."


@pytest.mark.parametrize("command", ["push", "pull"])
def test_a_wrong_address_or_an_old_server_is_told_in_a_sentence(reviewed: Reviewed, command: str) -> None:
    old = {"release": "1.22.1", "label-studio-os-package": {}}
    with answering(200, old) as url, at(reviewed, url):
        assert told(reviewed, command) == f"Label Studio at {url} is of version 1.22.1; 1.23 or newer is needed."
    with at(reviewed, url):
        assert told(reviewed, command) == f"No Label Studio answers at {url}: connection refused."
    with answering(200, "<html>") as url, at(reviewed, url):
        assert told(reviewed, command) == f"What answers at {url} is no Label Studio."


def test_each_task_is_there_once_whatever_the_network_does(reviewed: Reviewed) -> None:
    faults = [
        Fault("504 after", "POST", "/import"),
        Fault("twice", "POST", "/api/projects/"),
        Fault("cut", "GET", "/api/projects/"),
    ]
    with FaultyProxy(reviewed.studio.url, faults).serving() as proxy, at(reviewed, proxy.url):
        Pushing(reviewed.desk, print, quiet).run()
    assert sorted(proxy.met) == ["504 after", "cut", "twice"]
    assert Counter(task["data"]["uid"] for task in tasks(reviewed)) == Counter(asked(reviewed))


def test_with_a_personal_access_token_all_goes_as_with_another(
    reviewed: Reviewed, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server.at(reviewed.studio.url, reviewed.studio.annotator("pat").token) as legacy:
        monkeypatch.setenv(TOKEN, legacy.act("/api/token/", {})["token"])
    [done] = Pushing(reviewed.desk, print, quiet).run()
    assert done.done.kept == COUNT
    assert Pulling(reviewed.desk, print, quiet).run().counts == Counter()


def test_a_server_that_is_away_in_the_middle_of_a_pull_is_waited_for(reviewed: Reviewed) -> None:
    form, shown, lines = reviewed.desk.review.forms()[KEY[:2]], reviewed.shown(), list[str]()
    for task in tasks(reviewed):
        said = answered_result(form, shown[task["data"]["uid"]], {"categories": ["joy"]})
        reviewed.admin("POST", f"/api/tasks/{task['id']}/annotations/", json={"result": said, "lead_time": 9})
    with FaultyProxy(reviewed.studio.url).serving() as proxy, at(reviewed, proxy.url), ExitStack() as away:

        def leave(method: str, path: str) -> None:
            if path.startswith("/api/projects/") and "export" in path:
                proxy.before = lambda *_: None
                away.enter_context(proxy.away_for(2.5))
                proxy.faults = [Fault("drop after", "GET")]

        proxy.before = leave
        found = Pulling(reviewed.desk, lines.append, quiet).run()
    assert found.counts == Counter(taken=COUNT)
    assert [line.partition(" (")[0].partition(" after")[0] for line in lines] == [
        f"Label Studio at {proxy.url} does not answer",
        "Label Studio answers again",
    ]
    assert Pulling(reviewed.desk, print, quiet).run().counts == Counter(), "by another address it is the same server"


def test_a_pull_that_watches_outlives_a_server_that_is_away_and_other_commands(
    reviewed: Reviewed, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    with FaultyProxy(reviewed.studio.url).serving() as proxy, at(reviewed, proxy.url), ExitStack() as others:

        def wait(_hinted: Any, _before: float, seconds: float) -> None:
            waits.append(seconds)
            proxy.down = len(waits) == 1
            if len(waits) == 2:
                others.enter_context(reviewed.desk.alone())
            if len(waits) == 3:
                others.close()
            if len(waits) == 4:
                raise KeyboardInterrupt

        monkeypatch.setattr("affectory.pipelines.cli.reviewing._wait", wait)
        where = ["--workspace", str(reviewed.project.workspace), "--home", str(reviewed.home.folder)]
        done = reviewed.project.told("review", "pull", "recipe.yaml", "--every", "7", *where)
    assert waits == [7] * 4
    assert done.stdout.count("annotations: nothing new") == 2
    assert f"No Label Studio answers at {proxy.url}: connection lost." in done.stderr
    assert "another review command is at work here" in done.stderr
