"""What a stage costs whose answers are all in the ledger: CPU seconds, and questions a second.

    .venv/bin/python benchmarks/answers.py [--rows 10000] [--profile]

Rows are captioned by a model that says something at once, with one question each (`caption`), and with answers of JSON
by a schema (`extract_labels`); then the derived part of the workspace is thrown away and the stage runs again, so that
every answer is found. Nothing but `affectory`'s own work is measured.
"""

import argparse
import cProfile
import json
import os
import pstats
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "support" / "backends"))
MODELS: dict[str, Any] = {"bird": {"backend": "parrot", "options": {"says": "She is glad, and a little proud."}}}
LABELS: dict[str, Any] = {
    "bird": {"backend": "parrot", "options": {"says": {"labels": [{"word": "glad", "quote": "hoped"}]}}}
}
STAGES: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "caption": (MODELS, [{"caption": {"model": "bird"}}]),
    "extract_labels": (LABELS, [{"extract_labels": {"model": "bird", "of": "text"}}]),
}


@dataclass(frozen=True)
class Timed:
    """One pass: seconds of the clock and of the processor."""

    wall: float
    cpu: float


def timed(work: Callable[[], object]) -> Timed:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Timed(time.perf_counter() - wall, time.process_time() - cpu)


def project(folder: Path, rows: int, models: dict[str, Any], assist: list[Any]) -> Path:
    """A recipe over made-up lines, and nothing to do in it but to ask."""
    folder.mkdir(parents=True)
    line = "Line {n}: I had hoped for rain, and now that it comes I do not know what to do with so much of it."
    lines = (json.dumps({"id": f"l{n}", "body": line.format(n=n)}) for n in range(rows))
    (folder / "lines.jsonl").write_text("".join(f"{text}\n" for text in lines))
    source = {"kind": "jsonl", "name": "lines", "path": "lines.jsonl", "text": "body", "key": "id"}
    recipe = {"dataset": "bench", "taxonomy": "ekman-7", "sources": [source], "models": models, "assist": assist}
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False))
    return folder / "recipe.yaml"


def build(recipe: Path) -> None:
    from affectory.pipelines.bind import bind
    from affectory.pipelines.build import Options, build
    from affectory.pipelines.engines.base import Choice
    from affectory.pipelines.events import Run
    from affectory.schemas.recipe.load import load_recipe

    where = recipe.parent / "ws"
    with Run(recipe.parent / "log.jsonl") as run:
        options = Options(where, recipe.parent / "releases", Choice("local", 0), publish=False)
        build(bind(load_recipe(recipe)), options, run)


def stage_seconds(log: Path, stage: str) -> float:
    """Of the last build, those of the stage."""
    events = [json.loads(line) for line in log.read_text().splitlines()]
    starts = [i for i, event in enumerate(events) if event["event"] == "start" and event["what"] == "build"]
    return sum(e["seconds"] for e in events[starts[-1] :] if e["event"] == "stage" and e["stage"] == stage)


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=10_000)
    options.add_argument("--stage", choices=sorted(STAGES), action="append")
    options.add_argument("--profile", action="store_true")
    given = options.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    print(f"{'stage':16} {'rows':>7} {'answers':>9} {'stage s':>8} {'rows/s':>8} {'build CPU s':>12}")
    with tempfile.TemporaryDirectory() as folder:
        for name in given.stage or STAGES:
            measure(Path(folder) / name, name, given.rows, given.profile)


def measure(folder: Path, name: str, rows: int, profile: bool) -> None:
    """A stage asked, and found again."""
    from affectory.pipelines.store.workspace import Workspace

    recipe = project(folder, rows, *STAGES[name])
    for what in ("asked", "found"):
        profiler = cProfile.Profile(time.process_time)
        work = partial(profiler.runcall, build, recipe) if profile and what == "found" else partial(build, recipe)
        spent = timed(work)
        seconds = stage_seconds(folder / "log.jsonl", name)
        print(f"{name:16} {rows:>7} {what:>9} {seconds:>8.2f} {rows / seconds:>8.0f} {spent.cpu:>12.2f}", flush=True)
        Workspace(folder / "ws").clean()
        if profile and what == "found":
            pstats.Stats(profiler).sort_stats("cumulative").print_stats(45)


if __name__ == "__main__":
    main()
