"""`kill -9` at any moment costs minutes, not data: the next build goes on, and ends as if nothing had happened."""

import contextlib
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from support.project import COMMAND

from affectory.pipelines.release.manifest import SEALS
from affectory.pipelines.release.sums import verify

DEMO = Path(__file__).parents[2] / "pipelines" / "recipes" / "demo"


def command(folder: Path, workers: int) -> list[str]:
    places = ["--workspace", str(folder / "ws"), "--releases", str(folder / "releases"), "--workers", str(workers)]
    return [*COMMAND, "build", str(DEMO / "recipe.yaml"), *places]


def killed_after(folder: Path, seconds: float, workers: int) -> bool:
    """Start a build and kill it; whether it was still at work."""
    with subprocess.Popen(command(folder, workers), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as build:
        try:
            build.wait(seconds)
        except subprocess.TimeoutExpired:
            build.send_signal(signal.SIGKILL)
            return True
        assert build.returncode == 0
        return False


def orphans() -> list[str]:
    """Worker processes whose parent is gone; each names its parent as its last argument."""
    time.sleep(0.2)
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_text().split("\0")[:-1]
            if "affectory.pipelines.runner.child" in words and not Path("/proc", words[-1]).exists():
                found.append(" ".join(words))
    return found


def parts_by_key(folder: Path) -> Counter[str]:
    """How often each committed part was written: a second time would mean that committed work was done again."""
    committed = {p.stem for p in (folder / "ws" / "derived" / "commits").rglob("*.json")}
    names = [p.name for p in (folder / "ws" / "derived" / "parts").rglob("*.parquet")]
    keyed = Counter((name.split("-")[0], name.rsplit(".", 2)[1]) for name in names)
    return Counter({f"{key}.{table}": n for (key, table), n in keyed.items() if key in committed})


@pytest.mark.parametrize("kills", [8, pytest.param(20, marks=pytest.mark.drill)])
def test_kills_change_nothing(tmp_path: Path, kills: int) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    subprocess.run(command(whole, 2), check=True, capture_output=True)
    draw, killed = random.Random(20), 0
    while killed < kills:
        before = parts_by_key(cut)
        if killed_after(cut, draw.uniform(0.4, 4.0), 2 - killed % 2):
            killed += 1
            now = parts_by_key(cut)
            assert all(now[part] == n for part, n in before.items()), "what was committed was done again"
        else:
            shutil.rmtree(cut)
        assert not orphans()
    subprocess.run(command(cut, 2), check=True, capture_output=True)
    for name in ("whole", "cut"):
        assert (tmp_path / name / "releases" / "LATEST").read_text().strip() == "v1.0.0"
        assert verify(tmp_path / name / "releases" / "v1.0.0") == []
    assert contents(cut) == contents(whole)
    leftovers = {p.name for p in (cut / "releases").iterdir() if p.name.startswith(".staging")}
    assert not leftovers


def contents(folder: Path) -> dict[str, bytes]:
    release = folder / "releases" / "v1.0.0"
    files = (p for p in release.rglob("*") if p.is_file() and p.name not in SEALS)
    return {p.relative_to(release).as_posix(): p.read_bytes() for p in files}
