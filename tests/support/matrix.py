"""Recipes built on every engine, with any number of workers and any size of partitions: the same must come out.

`covering()` is for tests: every pair of circumstances meets in a few builds. `matrix()` is all of them, for drills.
"""

import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml
from support import media, steps
from support.ingesting import chats, recordings
from support.project import TEXTS, Project, line, project, texts, write_csv, write_image, write_lines
from support.source_world import sources
from support.talk_making import making
from support.talk_world import talked_about

from affectory.pipelines import connecting, discovery, splitting
from affectory.pipelines.build import Summary
from affectory.pipelines.engines.base import names
from affectory.pipelines.release.manifest import SEALS
from affectory.pipelines.store.commits import Counts

WORKERS = (1, 2)
SIZES = (None, 1, 3)
DEMO = Path(__file__).parents[2] / "pipelines" / "recipes" / "demo"
EXTRA_STEPS = {"flaky": "support.steps_failing", "halting": "support.steps_halting"}
EVERYWHERE = "/"
"""A path that exists on every machine: a step that fails while it is there always fails."""


def demo(folder: Path) -> Project:
    """Text, pictures, sound and video through all that the demo names."""
    shutil.copytree(DEMO, folder, ignore=shutil.ignore_patterns(".affectory", "releases"))
    return Project(folder)


RULES = (
    "all_inclusive", "calibrated", "cooccurrence", "dawid_skene", "emo_bank", "emotion_x", "fer_plus", "glad",
    "grade_density", "intensity_mean", "mace", "majority", "n_best", "one_coin", "open_words", "plurality",
    "rasterised", "span_union", "threshold", "trace", "vad_mixture", "vote_share",
)  # fmt: skip
"""Beside the rule of the published label and the mean in VAD, which is always there."""


def rated_texts(folder: Path) -> Project:
    """Lines with ratings, by every rule; one too short, one twice, one that is no JSON, and ratings of lines that are
    not there."""
    made = texts(folder, 14)
    label = {"rule": "bayes", "also": list(RULES)}
    publish = {"configs": ["default", "opinions", "labels"]}
    recipe = {**TEXTS, "label": label, "publish": publish}
    made.recipe.write_text(yaml.safe_dump(recipe, sort_keys=False))
    rows = [*map(line, range(14)), line(3), {"id": "short", "who": "speaker1", "body": "a"}]
    write_lines(folder / "lines.jsonl", rows)
    with (folder / "lines.jsonl").open("a") as file:
        file.write("{broken\n")
    ratings = [[f"l{n}", f"rater{r}", ("joy", "sadness", "anger")[(n + r) % 3]] for n in range(16) for r in range(3)]
    write_csv(folder / "ratings.csv", ["id", "rater", "emotion"], ratings)
    return made


def small_media(folder: Path) -> Project:
    """Videos cut into scenes, a sound and pictures, beside files that cannot be read."""
    recipe = {
        "dataset": "media",
        "taxonomy": "ekman-7",
        "sources": [{"kind": "folder", "name": "media", "path": "media"}],
        "ingest": ["probe", {"scenes": {"min_s": 0.3}}, {"frames": {"count": 2}}, "load_image", "brightness",
                   {"load_audio": {}}, "loudness"],
    }  # fmt: skip
    made = project(folder, recipe)
    (folder / "media").mkdir()
    media.write_video(folder / "media" / "two scenes.mp4", 36, cuts=(18,))
    media.write_video(folder / "media" / "three.mp4", 45, cuts=(15, 30), sound=False)
    media.cut_off(media.write_video(folder / "media" / "torn.mp4", 20))
    media.write_sound(folder / "media" / "tone.wav", media.tone(0.8))
    for seed in range(3):
        write_image(folder / "media" / f"{seed}.png", seed)
    (folder / "media" / "empty.jpg").write_bytes(b"")
    (folder / "media" / "not.png").write_bytes(b"no picture at all" * 9)
    return made


def conversations(folder: Path) -> Project:
    """Lines of dialogues by speakers, split by both; some always fail."""
    source = {**TEXTS["sources"][0], "dialogue": "talk", "position": "turn"}
    flaky = {"flaky": {"word": "fear", "while_there": EVERYWHERE}}
    recipe = {
        **TEXTS,
        "dataset": "talks",
        "sources": [source],
        "ratings": [],
        "ingest": [*TEXTS["ingest"], flaky],
        "assist": ["vader"],
        "limits": {"max_failed": 0.5},
        "publish": {"splits": {"by": ["speaker", "dialogue"], "train": 0.6, "test": 0.4}},
    }
    made = project(folder, recipe)
    lines = [{**line(n), "who": f"s{n // 2}", "talk": f"t{(n + 1) // 4}", "turn": n % 4} for n in range(24)]
    write_lines(folder / "lines.jsonl", lines)
    return made


WORLDS: Mapping[str, Callable[[Path], Project]] = {
    "demo": demo,
    "texts": rated_texts,
    "media": small_media,
    "conversations": conversations,
    "recordings": recordings,
    "chats": chats,
    "sources": sources,
    "talked about": talked_about,
    "made": making,
}


@dataclass(frozen=True)
class Case:
    """One recipe under certain circumstances. `rows` is the size of partitions, None as the recipe has it."""

    world: str
    engine: str
    workers: int
    rows: int | None

    def __str__(self) -> str:
        return f"{self.world}-{self.engine}-{self.workers}-{self.rows or 'default'}"


@dataclass(frozen=True)
class Row:
    """What a case led to."""

    case: Case
    release: str
    files: Mapping[str, str]
    """Every file of the release with the hash of its bytes; the manifest, which tells times, is left out."""
    rejects: Sequence[Mapping[str, Any]]
    stages: Mapping[str, Counts]
    seconds: float

    @property
    def result(self) -> tuple[Any, ...]:
        """What may not depend on the circumstances."""
        return self.release, self.stages, self.rejects, self.files


def matrix(engines: Sequence[str] = ()) -> list[Case]:
    """Every recipe under all circumstances."""
    return [Case(*values) for values in product(WORLDS, engines or names(), WORKERS, SIZES)]


def covering() -> list[Case]:
    """Each recipe on each engine, so that any two circumstances meet at least once."""
    found = product(enumerate(WORLDS), enumerate(names()))
    return [Case(w, e, WORKERS[(i + j) % len(WORKERS)], SIZES[(i + j) % len(SIZES)]) for (i, w), (j, e) in found]


def run_case(case: Case, folder: Path) -> Row:
    """Build it in an empty folder."""
    made, start = WORLDS[case.world](folder), time.monotonic()
    with known_steps(), exchanged(case.world == "conversations" and case.engine != "local"):
        summary = made.build(engine=case.engine, workers=case.workers, partition_rows=case.rows)
    seconds = time.monotonic() - start
    rejects = sorted(made.rejects(), key=repr)
    return Row(
        case, summary.release_hash, files_of(summary), rejects, {t.stage: t.counts for t in summary.stages}, seconds
    )


def files_of(summary: Summary) -> dict[str, str]:
    release = Path(summary.release)
    files = (p for p in release.rglob("*") if p.is_file() and p.name not in SEALS)
    return {p.relative_to(release).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@contextmanager
def known_steps() -> Iterator[None]:
    """Recipes can name the steps and backends of the tests, and workers find them."""
    known, here = {**discovery.steps(), **EXTRA_STEPS}, [*sys.path, steps.BACKENDS]
    children = patch.dict(os.environ, PYTHONPATH=steps.PYTHON_PATH)
    with patch.object(discovery, "steps", lambda: known), children, patch.object(sys, "path", here):
        yield


@contextmanager
def exchanged(really: bool = True) -> Iterator[None]:
    """However few samples there are, they are placed by exchanges on the engine."""
    few = -1 if really else splitting.AT_ONCE
    with patch.object(splitting, "AT_ONCE", few), patch.object(connecting, "FEW", -1 if really else connecting.FEW):
        yield


def steps_of(made: Project) -> set[str]:
    """The steps that a recipe names."""
    recipe = yaml.safe_load(made.recipe.read_text())
    listed = [*recipe.get("ingest", ()), *recipe.get("assist", ())]
    return {entry if isinstance(entry, str) else next(iter(entry)) for entry in listed}
