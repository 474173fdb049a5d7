"""`kill -9` while models are asked: nothing that was received and flushed is asked for again, nothing is lost."""

import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from support.project import COMMAND, Project
from support.talking import backends, texts_with

from affectory.pipelines.release.manifest import SEALS
from affectory.pipelines.store.workspace import Workspace

pytestmark = pytest.mark.usefixtures("backends")
__all__ = ["backends"]
LINES, KILLS = 24, 3


def birds(folder: Path, asked: Path, says: Any) -> Project:
    """Lines about which a model is asked."""
    asked.mkdir(exist_ok=True)
    model = {"backend": "parrot", "options": {"folder": str(asked), "says": says}}
    notes = {"configs": ["default", "notes"]}
    return texts_with(folder, LINES, {"bird": model}, [{"caption": {"model": "bird"}}], publish=notes)


def questions(folder: Path) -> Counter[str]:
    """How often each question was put, by the hash of it."""
    return Counter(file.name.split("-")[1] for file in folder.glob("*.asked"))


def kept(made: Project) -> set[str]:
    """The questions whose answers are in the ledger, likewise."""
    rows = Workspace(made.workspace).ledger("answers").read().column("inputs").to_pylist()
    return {inputs[0][:16] for inputs in rows}


def killed_at(made: Project, asked: Path, count: int) -> bool:
    """Start a build, and kill it once so many questions were put; whether it was still at work."""
    places = ["--workspace", str(made.workspace), "--releases", str(made.releases), "--workers", "2"]
    command = [*COMMAND, "build", str(made.recipe), *places, "--partition-rows", "4", "--no-publish"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as build:
        while build.poll() is None and questions(asked).total() < count:
            time.sleep(0.005)
        if build.poll() is None:
            build.send_signal(signal.SIGKILL)
    time.sleep(0.3)  # the kernel ends its workers
    return build.returncode == -signal.SIGKILL


@pytest.mark.parametrize(("says", "rounds"), [("a feeling", 1), (["", "a feeling"], 2)])
def test_what_was_received_and_flushed_is_never_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: Any, rounds: int
) -> None:
    monkeypatch.setenv("PARROT_DELAY_S", "0.05")
    asked, kills = tmp_path / "asked", 0
    made = birds(tmp_path / "cut", asked, says)
    for moment in sorted(random.Random(rounds).sample(range(2, LINES * rounds // 2), KILLS)):
        before, known = questions(asked), kept(made)
        kills += killed_at(made, asked, max(moment, before.total() + 1))
        assert not (questions(asked) - before).keys() & known
    assert kills, "all builds were done before they could be killed"
    monkeypatch.setenv("PARROT_DELAY_S", "0")
    before, known = questions(asked), kept(made)
    summary = made.build()
    assert not (questions(asked) - before).keys() & known
    assert set(questions(asked)) == kept(made)
    lost = questions(asked).total() - LINES * rounds
    assert lost <= KILLS * 2 * 4, "of each process the questions of a partition, and no more"
    whole = birds(tmp_path / "whole", asked, says).build()
    assert summary.kept == LINES
    assert contents(made) == contents(Project(tmp_path / "whole"))
    assert (summary.release_hash, summary.models[0].all_answers) == (whole.release_hash, LINES * rounds)


def contents(made: Project) -> dict[str, bytes]:
    release = made.releases / "v1.0.0"
    files = (p for p in release.rglob("*") if p.is_file() and p.name not in SEALS)
    return {p.relative_to(release).as_posix(): p.read_bytes() for p in files}
