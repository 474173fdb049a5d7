"""Two hundred sources of many people, of whom one speaks in a line, is in a picture and is heard in a sound."""

import itertools
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from support.media import tone, write_sound
from support.project import MOODS, Project, project, write_csv, write_image, write_lines
from support.searching import blocks

from affectory.pipelines.forget.forgetting import Forgetting
from affectory.pipelines.forget.plan import Done
from affectory.pipelines.store.files import LocalFiles
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.ids import pseudonym

NAME, REASON = "Annabel Quist", "asked by mail"
PERSON = pseudonym(NAME, b"affectory")
WORDS = "I never told anybody how much the lighthouse frightened me."


@dataclass(frozen=True)
class World:
    """A project, and what must not be found of its person any more."""

    project: Project
    files: tuple[Path, ...]

    def needles(self) -> set[bytes]:
        """The bytes of files, and words, names and ids."""
        media = {block for path in self.files for block in blocks(path.read_bytes())}
        words = (NAME, "Annabel", WORDS, WORDS[:30], WORDS[-30:], PERSON, *(path.name for path in self.files))
        return media | {word.encode() for word in words} | {path.stem.encode() for path in self.files}


def write_world(folder: Path, sources: int = 200, **more: Any) -> World:
    """So many sources: lines, pictures of which each is of somebody, and a few sounds."""
    media = folder / "media"
    pictures, sounds = max(2, sources // 20), max(2, sources // 50)
    files = [write_image(media / f"picture{n}.png", n) for n in range(pictures)]
    for number in range(sounds):
        samples = tone(0.4, 8000, 200.0 + 30 * number) + _noise(number)
        files.append(write_sound(media / f"sound{number}.wav", samples.astype(np.float32), 8000))
    mine = files[0].rename(media / "aq-portrait.png"), files[-1].rename(media / "aq-voicemail.wav")
    who = [[path.name, "Somebody Else"] for path in files[1:-1]] + [[path.name, NAME] for path in mine]
    write_csv(folder / "who.csv", ["file", "who"], who)
    lines = sources - len(files)
    write_lines(folder / "lines.jsonl", [_line(number) for number in range(lines)])
    ratings = [[f"l{n}", rater, MOODS[n % 4]] for n in range(lines) for rater in ("one", "two")]
    write_csv(folder / "ratings.csv", ["id", "rater", "emotion"], [*ratings, ["l7", NAME, "joy"]])
    return World(project(folder, {**_RECIPE, **more}), mine)


def forget(world: Project, person: str = NAME, reason: str = REASON) -> Done:
    """Have a person forgotten."""
    with Forgetting(world.bound(), Workspace(world.workspace), world.releases).alone() as forgetting:
        return forgetting.forget(forgetting.plan(person, reason))


def ids_of(rows: Iterable[dict[str, Any]]) -> set[bytes]:
    """Ids of a person's records and samples, as a release has them."""
    return {row[name].encode() for row in rows for name in ("sample_id", "record_id") if row.get(name)}


def _noise(number: int) -> Any:
    return np.random.default_rng(number).uniform(-0.1, 0.1, 3200)


def _line(number: int) -> dict[str, Any]:
    mine = number == 3
    body = WORDS if mine else f"Line {number} of somebody who feels {MOODS[number % 4]} about a {number * 7919} year."
    return {
        "id": f"l{number}", "who": NAME if mine else f"speaker{number % 9}", "body": body,
        "talk": f"d{number // 6}", "turn": number % 6,
    }  # fmt: skip


_RECIPE: dict[str, Any] = {
    "dataset": "many",
    "taxonomy": "ekman-7",
    "sources": [
        {
            "kind": "jsonl", "name": "lines", "path": "lines.jsonl", "text": "body", "speaker": "who", "key": "id",
            "dialogue": "talk", "position": "turn",
        },
        {
            "kind": "folder", "name": "media", "path": "media",
            "sidecar": {"path": "who.csv", "file": "file", "speaker": "who"},
        },
    ],
    "ratings": [
        {"kind": "csv", "path": "ratings.csv", "of": "lines", "target": "id", "rater": "rater", "label": "emotion"}
    ],
    "ingest": ["load_image", "load_audio", {"near_duplicates": {"text": 0.9, "image": 3}}, {"context": {"turns": 2}}],
    "assist": ["lexicon"],
    "validate": {"suite": "rules"},
    "publish": {"configs": ["default", "opinions", "labels", "notes"], "splits": {"by": ["speaker"], "train": 0.8,
                "validation": 0.1, "test": 0.1}},
}  # fmt: skip


def killed_at(step: int, work: Callable[[], Any]) -> bool:
    """Whether the work was killed before its n-th write or deletion. Its process is a copy of this one."""
    process = multiprocessing.get_context("fork").Process(target=_dying, args=(step, work))
    process.start()
    process.join(120)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


def _dying(step: int, work: Callable[[], Any]) -> None:
    left = itertools.count(1)

    def around(real: Callable[..., Any]) -> Callable[..., Any]:
        def done(*given: Any, **named: Any) -> Any:
            if next(left) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*given, **named)

        return done

    with (
        mock.patch.object(LocalFiles, "create", around(LocalFiles.create)),
        mock.patch.object(Path, "unlink", around(Path.unlink)),
    ):
        work()
