"""Schedules that overlap: one builds, the other says who does and leaves; a holder that is dead is taken over."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from support.project import COMMAND, Project, texts

from affectory.schemas.errors import Exit

Build = subprocess.Popen[str]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return texts(tmp_path / "project", 40)


@pytest.fixture
def started() -> Iterator[ExitStack]:
    """Ends what a test started and did not end."""
    with ExitStack() as stack:
        yield stack


def arguments(project: Project, *more: str) -> list[str]:
    places = ["--workspace", str(project.workspace), "--releases", str(project.releases)]
    return [*COMMAND, "build", str(project.recipe), *places, "--workers", "1", *more]


def start(project: Project, started: ExitStack, *more: str) -> Build:
    pipe = subprocess.PIPE
    build = subprocess.Popen(arguments(project, *more), stdout=pipe, stderr=pipe, text=True)
    started.callback(build.communicate)
    started.callback(build.kill)
    return build


def built(project: Project, *more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(arguments(project, *more), capture_output=True, text=True, check=False)


def holder(project: Project) -> int:
    """The process that holds the lease, as soon as one does."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for file in (project.workspace / "lease").glob("*.json"):
            return int(json.loads(file.read_text())["pid"])
        time.sleep(0.01)
    raise AssertionError("no build took the lease")


def held_elsewhere(project: Project, silent_s: float) -> None:
    """The lease as a build on another machine left it, whose heart last beat so long ago."""
    folder, last = project.workspace / "lease", time.time() - silent_s
    folder.mkdir(parents=True)
    facts = {"pid": os.getpid(), "host": "another-machine", "started": "1", "since": "2026-01-01 00:00:00 +0000"}
    (folder / "00000001.json").write_text(json.dumps(facts))
    (folder / "00000001.beat").touch()
    for file in folder.iterdir():
        os.utime(file, (last, last))


def facts(output: str) -> dict[str, Any]:
    """What a command that writes events said last."""
    return dict(json.loads(output.splitlines()[-1]))


@pytest.mark.parametrize("form", ["text", "json"])
def test_of_two_that_start_at_once_one_builds_and_the_other_says_so(
    project: Project, started: ExitStack, form: str
) -> None:
    more = ["--json"] if form == "json" else []
    builds = {build.pid: build for build in (start(project, started, *more) for _ in range(2))}
    winner = builds.pop(holder(project))
    winner.send_signal(signal.SIGSTOP)  # so that it cannot be done before the other is there
    [late] = builds.values()
    output, errors = late.communicate(timeout=60)
    assert late.returncode == Exit.LEASE == 3
    said = facts(output)["text"] if form == "json" else errors
    assert f"process {winner.pid} on {socket.gethostname()}, since 20" in said
    assert "then build again" in said, "it says what to do"
    assert "Traceback" not in errors
    if form == "json":
        assert facts(output)["error"] == "LeaseHeld"
        assert facts(output)["holder"] == f"process {winner.pid} on {socket.gethostname()}"
    winner.send_signal(signal.SIGCONT)
    output, errors = winner.communicate(timeout=120)
    assert winner.returncode == 0, errors
    assert [p.name for p in project.releases.iterdir() if p.name.startswith("v")] == ["v1.0.0"]


def test_a_holder_that_was_killed_is_taken_over_at_once(project: Project, started: ExitStack, tmp_path: Path) -> None:
    whole = built(texts(tmp_path / "whole", 40), "--json")
    victim = start(project, started)
    assert holder(project) == victim.pid
    commits = project.workspace / "derived" / "commits"
    while not list(commits.rglob("*.json")) and victim.poll() is None:
        time.sleep(0.01)
    victim.kill()
    victim.communicate()
    assert victim.returncode == -signal.SIGKILL, "it was killed at work"
    after = built(project, "--json")
    assert after.returncode == 0, after.stderr
    assert facts(after.stdout)["release_hash"] == facts(whole.stdout)["release_hash"] != ""


def test_a_holder_on_another_machine_is_respected_while_its_heart_beats(project: Project) -> None:
    held_elsewhere(project, 10)
    late = built(project)
    assert late.returncode == Exit.LEASE
    assert f"process {os.getpid()} on another-machine, since 2026-01-01" in late.stderr
    assert "sign of life" in late.stderr and "120 s of silence" in late.stderr, "it says when it would be taken over"
    assert not project.releases.exists(), "nothing was built"


def test_a_holder_on_another_machine_that_fell_silent_is_taken_over(project: Project) -> None:
    held_elsewhere(project, 300)
    after = built(project)
    assert after.returncode == 0, after.stderr
    assert (project.releases / "LATEST").read_text().strip() == "v1.0.0"
