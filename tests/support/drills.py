"""Drills: parts of a cluster are killed while it builds, and the release is compared with one that nobody disturbed."""

import json
import random
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from support.cluster import BUILD, Process, RayCluster
from support.project import line, texts, write_lines

Kind = Literal["worker", "raylet"]
KINDS: tuple[Kind, ...] = ("worker", "raylet")
_LINES, _ROWS = 120, 2
_LOOK_S = 0.02
_JOB_S = 300.0


@dataclass(frozen=True)
class Row:
    """What one drill showed."""

    seed: int
    kind: str
    killed: str
    after: int
    """Commits of workers that were there when it was killed, of so many in the end."""
    of: int
    same_hash: bool
    same_counts: bool
    again: int
    """Partitions that were started once more."""
    rewritten: int
    """Parts of commits that were written more than once, of so many in the end."""
    parts: int
    seconds: float


class Drills:
    """One cluster, one recipe, and what a build of it comes to where nothing is killed."""

    def __init__(self, cluster: RayCluster, folder: Path) -> None:
        self._cluster, self._folder = cluster, folder

    def drill(self, seed: int, kind: Kind) -> Row:
        """Build on the cluster, and kill something of a kind at a moment drawn by the seed."""
        self._cluster.restore()
        draw, folder = random.Random(f"{seed}-{kind}"), self._folder / f"{kind}-{seed}"
        self._calm_keys  # noqa: B018  # built before the clock starts
        start = time.monotonic()
        with self._build(folder) as job:
            killed, after = self._kill(job, folder, kind, draw)
            assert job.wait(_JOB_S) == 0, (folder / "job.log").read_text()[-3000:]
        row = self._row(folder, killed=killed, after=after, seed=seed, kind=kind, seconds=time.monotonic() - start)
        shutil.rmtree(folder)
        return row

    def _build(self, folder: Path) -> "subprocess.Popen[bytes]":
        places = _places(_inputs(folder))
        return self._cluster.submit(*BUILD, *places, "--engine", "ray", "--address", "auto", log=folder / "job.log")

    def _kill(self, job: "subprocess.Popen[bytes]", folder: Path, kind: Kind, draw: random.Random) -> tuple[str, int]:
        moment = draw.uniform(0.05, 0.9) * len(self._calm_keys)
        _wait(job, lambda: len(_keys(folder) & self._calm_keys) >= moment)
        [victim] = _wait(job, lambda: self._victims(kind, draw)) or [Process(0, "nothing: the build was over")]
        if victim.pid:
            victim.kill()
        title = victim.title.partition(" --")[0].rsplit("/", 1)[-1].split(" ")[0]
        return title, len(_keys(folder) & self._calm_keys)

    def _victims(self, kind: Kind, draw: random.Random) -> list[Process]:
        found = (self._cluster.workers if kind == "worker" else self._cluster.raylets)("partition")
        return [draw.choice(found)] if found else []

    def _row(self, folder: Path, **facts: Any) -> Row:
        events, summary = _events(folder), _summary(folder)
        written = _parts(folder, self._calm_keys)
        return Row(
            **facts,
            of=len(self._calm_keys),
            same_hash=summary["release_hash"] == self._calm["release_hash"],
            same_counts=summary["stages"] == self._calm["stages"],
            again=sum(e["event"] == "say" and e["what"] == "again" for e in events),
            rewritten=sum(written.values()) - len(written),
            parts=len(written),
        )

    @cached_property
    def _calm(self) -> dict[str, Any]:
        """The summary of a build on this machine that nobody disturbs."""
        folder = _inputs(self._folder / "calm")
        subprocess.run([*BUILD, *_places(folder), "--workers", "1"], check=True, capture_output=True)
        return _summary(folder)

    @cached_property
    def _calm_keys(self) -> set[str]:
        """Keys of what workers commit."""
        assert self._calm["rejected"] and self._calm["kept"]
        return {
            commit["key"] for commit in _commits(self._folder / "calm") if commit["stage"] not in ("root", "ratings")
        }


def table(rows: list[Row]) -> str:
    """Rows as a Markdown table."""
    names = list(asdict(rows[0]))
    cells = [[f"{v:.1f}" if isinstance(v, float) else str(v) for v in asdict(row).values()] for row in rows]
    lines = [names, ["---"] * len(names), *cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _inputs(folder: Path) -> Path:
    made = texts(folder, _LINES)
    lines = [{**line(n), "body": "?"} if n % 10 == 0 else line(n) for n in range(_LINES)]
    write_lines(made.folder / "lines.jsonl", lines)
    return folder


def _places(folder: Path) -> list[str]:
    places = ["--workspace", str(folder / "ws"), "--releases", str(folder / "releases")]
    return [str(folder / "recipe.yaml"), *places, "--partition-rows", str(_ROWS)]


def _wait(job: "subprocess.Popen[bytes]", until: Callable[[], Any]) -> Any:
    """What `until` says once that is something, or once the job is over."""
    while not (found := until()) and job.poll() is None:
        time.sleep(_LOOK_S)
    return found


def _commits(folder: Path) -> Iterator[dict[str, Any]]:
    for path in (folder / "ws" / "derived" / "commits").rglob("*.json"):
        yield json.loads(path.read_bytes())


def _keys(folder: Path) -> set[str]:
    return {path.stem for path in (folder / "ws" / "derived" / "commits").rglob("*.json")}


def _parts(folder: Path, keys: set[str]) -> Counter[tuple[str, str]]:
    """How often each part of these commits was written."""
    names = [path.name for path in (folder / "ws" / "derived" / "parts").rglob("*.parquet")]
    keyed = Counter((name.split("-")[0], name.rsplit(".", 2)[1]) for name in names)
    return Counter({part: n for part, n in keyed.items() if part[0] in keys})


def _events(folder: Path) -> list[dict[str, Any]]:
    [log] = (folder / "ws" / "runs").glob("*.jsonl")
    return [json.loads(text) for text in log.read_text(encoding="utf-8").splitlines()]


def _summary(folder: Path) -> dict[str, Any]:
    return next(event for event in _events(folder) if event["event"] == "summary")
