"""Publishes in child processes that are killed, and prints what each kill left. Run by `test_publication`.

Usage: kill_driver.py FOLDER SEED KILLS. In turn a kill comes at a moment, at the n-th use of the file system, and at
the n-th use from the rename on by which a version appears.
"""

import json
import os
import random
import runpy
import signal
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from affectory.pipelines.release import latest, list_releases, verify, write, write_release

EVENTS = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree", "fcntl.flock")


class Kill(NamedTuple):
    """When to kill: after so many seconds, or before so many uses of the file system, of all or of the late ones."""

    seconds: float | None = None
    use: int | None = None
    late: bool = False


def run_child(inputs: Any, releases: Path, kill: Kill = Kill()) -> tuple[int, float]:  # noqa: B008
    """Publish in a fork: the signal that ended it, and how long it took."""
    began, child = time.monotonic(), os.fork()
    if child == 0:
        watch(kill)
        write_release(inputs, releases)
        os._exit(0)
    if kill.seconds is not None:
        time.sleep(kill.seconds)
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, time.monotonic() - began


def watch(kill: Kill) -> None:
    seen, counting = 0, not kill.late

    def hook(event: str, arguments: Any) -> None:
        nonlocal seen, counting
        counting = counting or (event == "os.rename" and Path(str(arguments[1])).name.startswith("v"))
        if counting and event in EVENTS:
            seen += 1
            if seen == kill.use:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def state(releases: Path) -> dict[str, Any]:
    """What can be seen by a reader of the folder, who may come at any time."""
    found = list_releases(releases)
    folders = sorted(p.name for p in releases.glob("v*")) if releases.is_dir() else []
    newest = latest(releases)
    return {
        "complete": [r.version for r in found],
        "folders": folders,
        "problems": [problem for r in found for problem in verify(r.path)],
        "hashes": [r.hash for r in found],
        "latest": newest.version if newest else None,
        "hidden": sorted(p.name for p in releases.glob(".staging-*")) if releases.is_dir() else [],
    }


def main() -> None:
    folder, seed, kills = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    draw = random.Random(seed)
    worlds = runpy.run_path(str(Path(__file__).with_name("conftest.py")))
    write.run_load_test = lambda *_: None  # type: ignore[assignment]
    first = worlds["small_world"]().inputs(folder / "first")
    grown = worlds["small_world"]()
    grown.add(77)
    second = grown.inputs(folder / "second")
    __import__("datasets")
    whole = run_child(first, folder / "whole")[1]
    for number in range(kills):
        releases = folder / f"releases-{number}"
        inputs, steps = (first, 1) if number % 2 else (second, 2)
        if steps == 2:
            run_child(first, releases)
        kill = drawn(draw, number, whole)
        ended = run_child(inputs, releases, kill)[0]
        left = state(releases)
        again = run_child(inputs, releases)[0]
        done = {"steps": steps, "kill": kill, "ended": ended, "left": left, "again": again, "then": state(releases)}
        print(json.dumps(done))


def drawn(draw: random.Random, number: int, whole: float) -> Kill:
    kinds = (Kill(seconds=draw.uniform(0.1, 1.0) * whole), Kill(use=draw.randrange(1, 60)))
    return (*kinds, Kill(use=draw.randrange(1, 9), late=True))[number // 2 % 3]


if __name__ == "__main__":
    main()
