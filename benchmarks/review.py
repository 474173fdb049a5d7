"""How long a push and a pull take, beside the bare API of the same Label Studio.

    .venv/bin/python benchmarks/review.py                               a server of its own, which it starts and ends
    .venv/bin/python benchmarks/review.py --url http://... --token ...  one that runs; projects stay behind there

Bare: a project is made and 1,000 tasks with predictions are imported in one POST. Ours does the same by `push`, which
also looks for the project, and counts what came. Both in turn, in projects of their own. Then 600 answers of 11,000
tasks are pulled: all of them, and again when nothing is new; the bare export stands beside it.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from affectory.annotation.client.server import Server
from affectory.annotation.found import ProjectSpec, Task
from affectory.annotation.pull import pull, state_of
from affectory.annotation.push import push

CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="emotion" toName="text">'
    '<Choice value="joy"/><Choice value="anger"/></Choices>'
    '<Number name="valence" toName="text" min="0" max="9"/><Number name="arousal" toName="text" min="0"/></View>'
)
PUSHED, LYING, ANSWERED = 1000, 11_000, 600
MOST_RATIO, MOST_PULL_S = 1.3, 3.0


def result() -> list[dict[str, Any]]:
    """What a model, or a rater, says: three regions."""
    numbers = [
        {"id": name, "from_name": name, "to_name": "text", "type": "number", "value": {"number": 4}}
        for name in ("valence", "arousal")
    ]
    chosen = {"id": "e", "from_name": "emotion", "to_name": "text", "type": "choices", "value": {"choices": ["joy"]}}
    return [chosen, *numbers]


def tasks(count: int) -> list[Task]:
    """Short texts, each with a prediction."""
    words = "We did not speak on the way home, and that was all right."
    return [Task(f"uid-{n}", "c", {"text": f"{n}: {words}"}, {"result": result(), "score": 0.5}) for n in range(count)]


def spec() -> ProjectSpec:
    key = uuid4().hex
    return ProjectSpec(key, f"Benchmark {key[:8]}", CONFIG, suggests=True)


def bare_push(server: Server, planned: Sequence[Task]) -> None:
    """What anybody would write: two requests."""
    project = server.post("/api/projects/", {"title": f"Bare {uuid4().hex[:8]}", "label_config": CONFIG})["id"]
    rows = [{"data": {**task.data, "uid": task.uid}, "predictions": [dict(task.prediction or {})]} for task in planned]
    found = server.post(f"/api/projects/{project}/import", rows)
    assert (found["task_count"], found["prediction_count"]) == (len(planned), len(planned))


def our_push(server: Server, planned: Sequence[Task]) -> None:
    assert push(server, spec(), planned).made == len(planned)


def many(server: Server) -> int:
    """A project of 11,000 tasks, 600 of them answered."""
    pushed = push(server, spec(), tasks(LYING - ANSWERED))
    rows = [
        {"data": {"text": f"answered {n}", "uid": f"more-{n}"}, "annotations": [{"result": result()}]}
        for n in range(ANSWERED)
    ]
    server.post(f"/api/projects/{pushed.project_id}/import", rows)
    return pushed.project_id


@dataclass(frozen=True)
class Timed:
    """Seconds of each try."""

    what: str
    seconds: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def __str__(self) -> str:
        return f"{self.what:<52}{self.median:>8.2f}{min(self.seconds):>8.2f}{max(self.seconds):>8.2f}"


def timed(tries: int, **doing: Callable[[], object]) -> dict[str, Timed]:
    """Each in turn, so that what else the machine does meets all of them alike."""
    took: dict[str, list[float]] = {what: [] for what in doing}
    for _ in range(tries):
        for what, do in doing.items():
            begun = time.perf_counter()
            do()
            took[what].append(time.perf_counter() - begun)
    return {what: Timed(what.replace("_", " "), seconds) for what, seconds in took.items()}


def pushes(server: Server, tries: int) -> bool:
    planned = tasks(PUSHED)
    bare_push(server, planned[:10])
    found = timed(
        tries,
        **{
            f"bare: project and {PUSHED} tasks": lambda: bare_push(server, planned),
            f"push: project and {PUSHED} tasks": lambda: our_push(server, planned),
        },
    )
    bare, ours = found.values()
    ratio = ours.median / bare.median
    print(bare, ours, f"{'push / bare':<52}{ratio:>8.2f}   at most {MOST_RATIO}", sep="\n")
    return ratio <= MOST_RATIO


def pulls(server: Server, tries: int) -> bool:
    project = many(server)
    first = list(pull(server, project, {}))
    assert len(first) == ANSWERED
    seen, since = {one.annotation: state_of(one) for one in first}, max(one.updated for one in first)
    time.sleep(0.1)
    found = timed(
        tries,
        **{
            "bare: export of what was answered": lambda: list(exported(server, project)),
            f"pull: {ANSWERED} answers of {LYING} tasks": lambda: list(pull(server, project, {})),
            "pull: again, nothing new": lambda: list(pull(server, project, seen, since=since)),
        },
    )
    print(*found.values(), sep="\n")
    slowest = max(one.median for one in list(found.values())[1:])
    print(f"{'slowest pull':<52}{slowest:>8.2f}   at most {MOST_PULL_S}")
    return slowest <= MOST_PULL_S


def exported(server: Server, project: int) -> Iterator[dict[str, Any]]:
    return server.stream(f"/api/projects/{project}/export", exportType="JSON", download_all_tasks="false")


@contextmanager
def reached(url: str, token: str) -> Iterator[Server]:
    """The server that was named, or one of our own."""
    if url:
        with Server.at(url, token) as server:
            yield server
        return
    from affectory.annotation.server.home import Home
    from affectory.annotation.server.up import Wanted, down, up

    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "review")
        try:
            started = up(Wanted(home, proxy=False), lambda line: print(line, file=sys.stderr))
            with Server.at(started.url, started.token) as server:
                yield server
        finally:
            down(home, lambda _: None)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="")
    parser.add_argument("--token", default="")
    parser.add_argument("--tries", type=int, default=5)
    given = parser.parse_args()
    with reached(given.url, given.token) as server:
        print(f"{'seconds':<52}{'median':>8}{'least':>8}{'most':>8}")
        held = [pushes(server, given.tries), pulls(server, given.tries)]
    return 0 if all(held) else 1


if __name__ == "__main__":
    raise SystemExit(main())
