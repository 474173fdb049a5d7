"""Small projects for tests: a recipe with its inputs in a folder, and builds of it."""

import contextlib
import csv
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from PIL import Image
from support.warm import warm_load_tests
from typer.testing import CliRunner

from affectory.pipelines.bind import Bound, bind
from affectory.pipelines.build import Options, Summary, build
from affectory.pipelines.cli.app import app
from affectory.pipelines.engines.base import Choice
from affectory.pipelines.events import Listener, Run
from affectory.pipelines.history import last_build, rejects
from affectory.pipelines.planning import ShownPlan, show_plan
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.recipe.load import load_recipe

MOODS = ("joy", "sadness", "anger", "fear")
COMMAND = [sys.executable, "-c", "from affectory.pipelines.cli import main; main()"]

TEXTS: dict[str, Any] = {
    "dataset": "texts",
    "taxonomy": "ekman-7",
    "sources": [
        {"kind": "jsonl", "name": "lines", "path": "lines.jsonl", "text": "body", "speaker": "who", "key": "id"}
    ],
    "ratings": [
        {"kind": "csv", "path": "ratings.csv", "of": "lines", "target": "id", "rater": "rater", "label": "emotion"}
    ],
    "ingest": [{"clean_text": {"min_chars": 3}}],
    "assist": ["lexicon"],
}
"""Texts with ratings: the smallest recipe that uses every verb."""


@dataclass(frozen=True)
class Project:
    """A folder with a recipe, and where it is built."""

    folder: Path

    @property
    def recipe(self) -> Path:
        return self.folder / "recipe.yaml"

    @property
    def workspace(self) -> Path:
        return self.folder / "ws"

    @property
    def releases(self) -> Path:
        return self.folder / "releases"

    def bound(self, *overrides: str) -> Bound:
        return bind(load_recipe(self.recipe, overrides))

    def build(
        self,
        *overrides: str,
        engine: str = "local",
        workers: int = 0,
        listeners: tuple[Listener, ...] = (),
        **options: Any,
    ) -> Summary:
        chosen = Choice(engine, workers)
        with warm_load_tests(), Run(self.workspace / "runs" / "test.jsonl", listeners) as run:
            return build(self.bound(*overrides), Options(self.workspace, self.releases, chosen, **options), run)

    def plan(self, *overrides: str) -> ShownPlan:
        return show_plan(self.bound(*overrides), self.workspace)

    def to_run(self, *overrides: str) -> dict[str, int]:
        """Partitions that each stage still has to run."""
        return {s.name: s.partitions - s.cached for s in self.plan(*overrides).stages}

    def rejects(self) -> list[dict[str, Any]]:
        workspace = Workspace(self.workspace)
        record = last_build(workspace)
        assert record is not None
        return list(rejects(workspace, record).to_pylist())

    def reasons(self) -> list[tuple[str, str]]:
        """Where and why rows were not kept, sorted."""
        return sorted((str(r["uri"]), str(r["reason"])) for r in self.rejects())

    def rows(self, version: str, config: str = "default") -> pa.Table:
        files = sorted((self.releases / version / "data" / config).glob("*.parquet"))
        return pa.concat_tables([pq.read_table(file) for file in files])

    def command(self, *arguments: str, **more: Any) -> "subprocess.CompletedProcess[str]":
        """The command line, as a user runs it."""
        options: dict[str, Any] = {"capture_output": True, "text": True, "check": False, "cwd": self.folder, **more}
        return subprocess.run([*COMMAND, *arguments], **options)

    def told(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """What the command line says to these arguments, in this process: starting Python takes longer than most."""
        with contextlib.chdir(self.folder), warm_load_tests():
            done = CliRunner().invoke(app, arguments)
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


def project(folder: Path, recipe: Mapping[str, Any]) -> Project:
    """Write a recipe into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.yaml").write_text(yaml.safe_dump(dict(recipe), sort_keys=False, allow_unicode=True))
    return Project(folder)


def texts(folder: Path, count: int = 12, order: Sequence[int] | None = None) -> Project:
    """Lines by three speakers, each rated by two people."""
    made = project(folder, TEXTS)
    numbers = list(order if order is not None else range(count))
    write_lines(folder / "lines.jsonl", [line(n) for n in numbers])
    ratings = [[f"l{n}", f"rater{r}", MOODS[(n + r * (n % 2)) % 4]] for n in numbers for r in range(2)]
    write_csv(folder / "ratings.csv", ["id", "rater", "emotion"], ratings)
    return made


def line(number: int) -> dict[str, Any]:
    return {
        "id": f"l{number}",
        "who": f"speaker{number % 3}",
        "body": f"Line {number}: I feel {MOODS[number % 4]} today.",
    }


def write_lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def write_image(path: Path, seed: int, side: int = 24) -> Path:
    """A small picture, different for each seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (side, side, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path
