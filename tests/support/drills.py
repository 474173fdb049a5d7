"""Drills: parts of a cluster are killed while it builds, and the release is compared with one that nobody disturbed."""

import json
import random
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pyarrow.parquet as pq
from support.cluster import BUILD, RayCluster
from support.project import TEXTS, line, project, texts, write_lines

Kind = Literal["worker", "actor", "raylet", "node"]
KINDS: tuple[Kind, ...] = ("worker", "actor", "raylet", "node")
"""A node is a raylet with all of its workers; without it they live on for a moment, and may finish what they do."""
_LINES, _ROWS = 80, 2
_LOOK_S = 0.02
_JOB_S = 300.0
_ASKING_S = 1.5
"""Within so long of its start an actor is killed; asking takes a few seconds."""


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
    asked_again: int
    """Answers of a model that were heard more than once."""
    seconds: float


@dataclass(frozen=True)
class Calm:
    """A build on this machine that nobody disturbs: its summary, and the keys of what workers commit."""

    summary: Mapping[str, Any]
    keys: Set[str]


class Drills:
    """One cluster, two recipes, and what builds of them come to where nothing is killed."""

    def __init__(self, cluster: RayCluster, folder: Path) -> None:
        self._cluster, self._folder = cluster, folder
        self._calm = cache(self._undisturbed)

    def drill(self, seed: int, kind: Kind) -> Row:
        """Build on the cluster, and kill something of a kind at a moment drawn by the seed."""
        self._cluster.restore()
        draw, calm = random.Random(f"{seed}-{kind}"), self._calm(kind == "actor")
        folder = _inputs(self._folder / f"{kind}-{seed}", asks=kind == "actor")
        start = time.monotonic()
        on_it = ["--engine", "ray", "--address", "auto", "--engine-option=models=stream"]
        with self._cluster.submit(*BUILD, *_places(folder), *on_it, log=folder / "job.log") as job:
            victim = self._victim(job, kind, draw, lambda: len(_keys(folder) & calm.keys) / len(calm.keys))
            after = len(_keys(folder) & calm.keys)
            assert job.wait(_JOB_S) == 0, (folder / "job.log").read_text()[-3000:]
        row = _row(folder, calm, seed=seed, kind=kind, killed=victim, after=after, seconds=time.monotonic() - start)
        shutil.rmtree(folder)
        return row

    def _victim(
        self, job: "subprocess.Popen[bytes]", kind: Kind, draw: random.Random, done: Callable[[], float]
    ) -> str:
        """Kill something at the drawn moment; what it called itself."""
        if kind == "actor":
            _wait(job, lambda: self._cluster.workers("MapWorker"))
            time.sleep(draw.uniform(0, _ASKING_S))
        else:
            moment = draw.uniform(0.05, 0.9)
            _wait(job, lambda: done() >= moment)
        find, title = {
            "worker": (self._cluster.workers, "partition"),
            "actor": (self._cluster.workers, "MapWorker"),
            "raylet": (self._cluster.raylets, "partition"),
            "node": (self._cluster.raylets, "partition"),
        }[kind]
        found = _wait(job, lambda: find(title))
        if not found:
            return "nothing: the build was over"
        victim = draw.choice(found)
        victim.kill(whole=kind == "node")
        return str(re.sub(r".*/|[( ].*", "", victim.title.partition(" --")[0]))

    def _undisturbed(self, asks: bool) -> Calm:
        folder = _inputs(self._folder / ("asking" if asks else "plain"), asks)
        built = subprocess.run([*BUILD, *_places(folder), "--workers", "1"], capture_output=True, text=True)
        assert built.returncode == 0, built.stderr[-3000:]
        commits, summary = list(_commits(folder)), _summary(folder)
        assert summary["rejected"] and summary["kept"]
        return Calm(summary, {c["key"] for c in commits if c["stage"] not in ("root", "ratings", "split")})


def _row(folder: Path, calm: Calm, **facts: Any) -> Row:
    events, summary = _events(folder), _summary(folder)
    written = _parts(folder, calm.keys)
    return Row(
        **facts,
        of=len(calm.keys),
        same_hash=summary["release_hash"] == calm.summary["release_hash"],
        same_counts=summary["stages"] == calm.summary["stages"],
        again=sum(e["event"] == "say" and e["what"] == "again" for e in events),
        rewritten=sum(written.values()) - len(written),
        parts=len(written),
        asked_again=sum(n - 1 for n in _answers(folder).values()),
    )


def table(rows: list[Row]) -> str:
    """Rows as a Markdown table."""
    names = list(asdict(rows[0]))
    cells = [[f"{v:.1f}" if isinstance(v, float) else str(v) for v in asdict(row).values()] for row in rows]
    lines = [names, ["---"] * len(names), *cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _inputs(folder: Path, asks: bool) -> Path:
    made = texts(folder, _LINES)
    if asks:
        project(folder, {**TEXTS, "assist": [*TEXTS["assist"], "text_emotion"]})
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


def _parts(folder: Path, keys: Set[str]) -> Counter[tuple[str, str]]:
    """How often each part of these commits was written."""
    names = [path.name for path in (folder / "ws" / "derived" / "parts").rglob("*.parquet")]
    keyed = Counter((name.split("-")[0], name.rsplit(".", 2)[1]) for name in names)
    return Counter({part: n for part, n in keyed.items() if part[0] in keys})


def _answers(folder: Path) -> Counter[str]:
    """How often each answer was kept."""
    files = (folder / "ws" / "ledgers" / "answers").rglob("*.parquet")
    return Counter(key for file in files for key in pq.read_table(file, columns=["answer_id"]).column(0).to_pylist())


def _events(folder: Path) -> list[dict[str, Any]]:
    [log] = (folder / "ws" / "runs").glob("*.jsonl")
    return [json.loads(text) for text in log.read_text(encoding="utf-8").splitlines()]


def _summary(folder: Path) -> dict[str, Any]:
    return next(event for event in _events(folder) if event["event"] == "summary")
