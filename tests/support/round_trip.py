"""A dataset of four modalities under review in a real Label Studio: everybody comes in through the proxy."""

import csv
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml
from support.forms import EKMAN, answered_result
from support.label_studio import Annotator, LabelStudio
from support.media import COLOURS, tone, write_picture, write_sound, write_video
from support.project import Project
from support.proxied_live import _proxy as proxied
from support.proxied_live import logged_in

from affectory.annotation.server.home import Home
from affectory.annotation.shown import Shown, shown_of
from affectory.pipelines.review.desk import Desk
from affectory.pipelines.store.workspace import Workspace

EACH = {"text": 80, "image": 50, "audio": 40, "video": 30}
TOKEN = "AFFECTORY_TEST_REVIEW_TOKEN"


def write_world(folder: Path, each: Mapping[str, int] = EACH) -> Project:
    """So many samples of each kind, no two alike, and a recipe without a review yet."""
    media = folder / "media"
    media.mkdir(parents=True)
    for number in range(each.get("image", 0)):
        red, green, blue = COLOURS[number % 4]
        write_picture(media / f"{number}.png", (32 + number, 24), (red, green, blue))
    for number in range(each.get("audio", 0)):
        write_sound(media / f"{number}.wav", tone(1.0, 8000, 200.0 + 10 * number), 8000)
    for number in range(each.get("video", 0)):
        write_video(
            media / f"{number}.mp4", 20 + number, fps=20, size=(64, 48), sound=False, x264=f":crf={18 + number}"
        )
    lines = [{"id": f"t{number}", "body": f"Line {number} says what it says."} for number in range(each.get("text", 0))]
    (folder / "lines.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    project = Project(folder)
    recipe = {
        "dataset": "round-trip",
        "taxonomy": "ekman-7",
        "sources": [
            {"kind": "folder", "name": "media", "path": "media"},
            {"kind": "jsonl", "name": "lines", "path": "lines.jsonl", "text": "body", "key": "id"},
        ],
        "ingest": ["probe"],
        "label": {"rule": "vote_share"},
    }
    project.recipe.write_text(yaml.safe_dump(recipe, sort_keys=False))
    return project


def strength(label: str) -> str:
    """The control that says how strong a label is."""
    return f"strength_{EKMAN.labels.index(label)}"


@dataclass
class Reviewed:
    """A project under review: its server, who judges, and where they come in."""

    project: Project
    studio: LabelStudio
    home: Home
    url: str = ""
    people: dict[str, Annotator] = field(default_factory=dict)

    def review(self, **asked: Any) -> None:
        """Write the review into the recipe, with these raters."""
        rows = [{"email": who.email, "relation": "crowd"} for who in self.people.values()]
        with (self.project.folder / "raters.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, ["email", "relation"])
            writer.writeheader()
            writer.writerows(rows)
        recipe = yaml.safe_load(self.project.recipe.read_text())
        listed = {"raters_file": "raters.csv"} if rows else {}
        where = {"url": self.studio.url, "token": f"${{env:{TOKEN}}}", "public": self.url, **listed}
        recipe["review"] = {**where, **asked}
        self.project.recipe.write_text(yaml.safe_dump(recipe, sort_keys=False))

    @property
    def desk(self) -> Desk:
        """As a command opens it."""
        return Desk.of(self.project.bound(), Workspace(self.project.workspace), self.home)

    def admin(self, method: str, path: str, **given: Any) -> Any:
        """What the administrator gets, past the proxy."""
        headers = {"Authorization": f"Token {self.studio.token}"}
        found = httpx.request(method, f"{self.studio.url}{path}", headers=headers, timeout=60, **given)
        found.raise_for_status()
        return found.json() if found.content else None

    def projects(self) -> dict[tuple[str, str, bool], int]:
        """Numbers of the projects that were pushed."""
        return {key: int(address.rpartition("/")[2]) for key, address in self.desk.addresses().items()}

    def shown(self) -> dict[str, Shown]:
        """What each task shows."""
        rows = self.desk.asks().to_pylist()
        return {row["task"]: shown_of(json.loads(row["shown"])) for row in rows if row["shown"]}


@contextmanager
def reviewing(project: Project, studio: LabelStudio, home: Path, names: tuple[str, ...]) -> Iterator[Reviewed]:
    """The project with a proxy before its server, and accounts for raters."""
    where = Home(home)
    where.prepare()
    os.environ[TOKEN] = studio.token
    people = {name: studio.annotator(f"trip-{name}") for name in names}
    try:
        with proxied(studio.url, home) as url:
            yield Reviewed(project, studio, where, url, people)
    finally:
        del os.environ[TOKEN]


@dataclass
class Scripted:
    """A rater who answers what comes next, through the proxy, as the label stream does."""

    reviewed: Reviewed
    name: str
    client: httpx.Client
    answers: dict[str, str] = field(default_factory=dict)
    """By task what was chosen."""

    def answer(self, project: tuple[str, str, bool], label: str, seconds: float = 9.0, most: int = 10_000) -> int:
        """Answer up to so many tasks of one project; how many there were."""
        number, form = self.reviewed.projects()[project], self.reviewed.desk.review.forms()[project[:2]]
        shown = self.reviewed.shown()
        for count in range(most):
            found = self.client.get(f"/api/projects/{number}/next")
            if found.status_code == 404:
                return count
            task = found.raise_for_status().json()
            about = shown[task["data"]["uid"]]
            said = answered_result(form, about, {"categories": [label], strength(label): 2})
            body = {"result": said, "lead_time": seconds}
            self.client.post(f"/api/tasks/{task['id']}/annotations?project={number}", json=body).raise_for_status()
            self.answers[task["data"]["uid"]] = label
        return most


@contextmanager
def scripted(reviewed: Reviewed, name: str) -> Iterator[Scripted]:
    """One of the raters, logged in."""
    who = reviewed.people[name]
    with logged_in(reviewed.url, who.email, who.password) as client:
        token = client.cookies["csrftoken"]
        client.headers.update({"X-CSRFToken": token, "Origin": reviewed.url, "Referer": reviewed.url})
        yield Scripted(reviewed, name, client)
