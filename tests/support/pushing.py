"""A small project and its tasks, pushed into a real Label Studio; as a script, from a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from affectory.annotation import push_steps
from affectory.annotation.client.listing import Lying
from affectory.annotation.client.listing import tasks as lying_in
from affectory.annotation.client.server import Server
from affectory.annotation.found import ProjectSpec, Task
from affectory.annotation.push import push

CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="emotion" toName="text">'
    '<Choice value="joy"/><Choice value="anger"/></Choices></View>'
)


def choice(label: str = "joy") -> dict[str, Any]:
    """One region of a result: an emotion that was chosen."""
    value = {"choices": [label]}
    return {"id": "e", "from_name": "emotion", "to_name": "text", "type": "choices", "value": value}


def spec(key: str, **changed: Any) -> ProjectSpec:
    return ProjectSpec(**{"key": key, "title": "Push and pull", "config": CONFIG, **changed})


def task(number: int, content: str = "as it was", overlap: int = 1, suggested: bool = True) -> Task:
    """A text, and what a model said of it."""
    prediction = {"result": [choice()], "score": 0.5} if suggested else None
    return Task(f"uid-{number}", content, {"text": f"text {number}"}, prediction, overlap)


def tasks(count: int) -> list[Task]:
    return [task(number) for number in range(count)]


@dataclass(frozen=True)
class World:
    """A Label Studio seen past all proxies and by none of our own verbs."""

    server: Server
    key: str

    @property
    def projects(self) -> list[int]:
        """Of our key."""
        found = self.server.get("/api/projects/", include="id,description", page_size=1000)["results"]
        return sorted(int(row["id"]) for row in found if self.key in (row["description"] or ""))

    @property
    def project(self) -> int:
        (only,) = self.projects
        return only

    def lying(self) -> list[Lying]:
        return list(lying_in(self.server, self.project))

    def answer(self, number: int, label: str = "joy", **more: Any) -> int:
        """Somebody answers a task; the annotation's number."""
        body = {"result": [choice(label)], "lead_time": 2.5, **more}
        return int(self.server.post(f"/api/tasks/{number}/annotations/", body)["id"])

    def edit(self, annotation: int, **changed: Any) -> None:
        self.server.patch(f"/api/annotations/{annotation}/", changed)

    def exactly(self, planned: Sequence[Task]) -> None:
        """One task for each that was planned, each with its prediction, in one project."""
        lying = self.lying()
        assert sorted(one.uid for one in lying) == sorted(one.uid for one in planned)
        predicted = {one.uid: one.predictions for one in lying}
        assert predicted == {one.uid: int(one.prediction is not None) for one in planned}
        assert {one.uid: one.overlap for one in lying} == {one.uid: one.overlap for one in planned}


def started(url: str, token: str, key: str, count: int, batch: int) -> "subprocess.Popen[str]":
    """A push in a process of its own, in batches of so many tasks."""
    root = Path(__file__).parents[1]
    environment: Mapping[str, str] = {**os.environ, "PYTHONPATH": str(root), "PUSH_TOKEN": token}
    command = [sys.executable, __file__, url, key, str(count), str(batch)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def main(url: str, key: str, count: str, batch: str) -> None:
    push_steps.MOST_TASKS = int(batch)
    with Server.at(url, os.environ["PUSH_TOKEN"], settle_s=1.0) as server:
        pushed = push(server, spec(key), tasks(int(count)))
    print(json.dumps({"made": pushed.made, "repaired": pushed.repaired, "numbers": dict(pushed.numbers)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
