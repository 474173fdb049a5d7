"""What a row costs in every phase and stage: time, bytes on disk, memory of the driver. docs/scale.md rests on it.

    .venv/bin/python benchmarks/costs.py [--texts 100000] [--videos 40] [--pictures 500] [--sounds 200]

One worker inside the driver, so that nothing waits for anything. Each load is built at a fifth of its size and whole:
what a row costs is the difference, without what any build costs.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
PHASES = {"look at the sources": "scan", "build": "stages", "publish": "publish"}
RECIPES: Mapping[str, Mapping[str, Any]] = {
    "texts": {
        "sources": [{"kind": "jsonl", "name": "lines", "path": "lines.jsonl", "text": "body", "key": "id"}],
        "ingest": [{"clean_text": {"min_chars": 3}}, "language"],
        "assist": ["lexicon", "vader", "text_emotion"],
    },
    "videos": {
        "sources": [{"kind": "folder", "name": "media", "path": "media"}],
        "ingest": ["probe", {"scenes": {"min_s": 0.2}}, "clips", {"frames": {"count": 3}}, "brightness"],
        "assist": ["face_emotion"],
    },
    "pictures": {
        "sources": [{"kind": "folder", "name": "media", "path": "media"}],
        "ingest": ["probe", "frames", "load_image", "brightness"],
        "assist": ["face_emotion"],
    },
    "sounds": {
        "sources": [{"kind": "folder", "name": "media", "path": "media"}],
        "ingest": ["probe", "load_audio", "loudness"],
    },
}


def write_inputs(load: str, folder: Path, count: int) -> None:
    """A recipe with `count` inputs: lines, 25-second videos of five scenes, photographs, ten-second sounds."""
    sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]
    from engines import write_lines
    from support import media

    recipe = {"dataset": load, "taxonomy": "ekman-7", **RECIPES[load]}
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False))
    (folder / "media").mkdir()
    if load == "texts":
        write_lines(folder / "lines.jsonl", count)
    for n in range(count if load != "texts" else 0):
        if load == "videos":
            cuts = [125 * scene for scene in range(1, 5)]
            media.write_video(folder / "media" / f"{n}.mp4", 625, fps=25, cuts=cuts, start=n, size=(640, 360))
        elif load == "pictures":
            media.write_picture(folder / "media" / f"{n}.png", (1280, 960), (n % 256, n // 256, 90))
        else:
            media.write_sound(folder / "media" / f"{n}.wav", media.tone(10.0, 16_000, 200.0 + n))


@dataclass
class Watch:
    """Hears a build's events and sums up what took how long."""

    phases: Counter[str] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    out: Counter[str] = field(default_factory=Counter)
    now: str = ""
    since: float = field(default_factory=time.perf_counter)

    def __call__(self, event: Mapping[str, Any]) -> None:
        if event["event"] == "start" and event["what"] in PHASES:
            self.turn(PHASES[event["what"]])
        elif event["event"] == "stage":
            self.stages[event["stage"]] += event["seconds"]
            self.rows[event["stage"]] += event["rows_in"]
            self.out[event["stage"]] += event["out"]

    def turn(self, phase: str) -> None:
        at = time.perf_counter()
        if self.now:
            self.phases[self.now] += at - self.since
        self.now, self.since = phase, at


def build_in(folder: Path) -> dict[str, Any]:
    """In a process of its own: build, and say what everything took."""
    from affectory.pipelines.bind import bind
    from affectory.pipelines.build import Options, build
    from affectory.pipelines.engines.base import Choice
    from affectory.pipelines.events import Run
    from affectory.schemas.recipe.load import load_recipe

    watch = Watch()
    options = Options(folder / "workspace", folder / "releases", Choice("local", 0))
    with Run(folder / "run.jsonl", (watch,)) as run:
        summary = build(bind(load_recipe(folder / "recipe.yaml")), options, run)
    watch.turn("")
    release = Path(summary.release)
    sizes = {name: size_of(path) for name, path in _places(folder, release).items()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**{k: dict(getattr(watch, k)) for k in ("phases", "stages", "rows", "out")}, "bytes": sizes, "peak": peak}


def _places(folder: Path, release: Path) -> dict[str, Path]:
    derived = folder / "workspace" / "derived"
    places = {"inputs": folder / "media", "parts": derived / "parts", "assets": derived / "assets"}
    return {**places, "ledgers": folder / "workspace" / "ledgers", "release": release}


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def measure(load: str, count: int) -> dict[str, Any]:
    """One build of `count` inputs in a process of its own."""
    folder = Path(tempfile.mkdtemp())
    try:
        write_inputs(load, folder, count)
        command = [sys.executable, __file__, "--one", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{load} failed:\n{done.stderr[-4000:]}")
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found
    finally:
        shutil.rmtree(folder)


def report(load: str, few: int, many: int) -> None:
    """The table of one load."""
    small, large = measure(load, few), measure(load, many)
    more = many - few

    def of(part: str, name: str) -> float:
        return float(large[part].get(name, 0) - small[part].get(name, 0)) / more

    print(f"\n{many} {load} (per input)")
    for part, title, shown in (("phases", "phase", _time), ("stages", "stage", _time), ("bytes", "bytes of", _bytes)):
        for name in large[part]:
            print(f"  {title:<9}{name:<16}{shown(of(part, name)):>12}{_rows(large, name) if part == 'stages' else ''}")
    each = _bytes((large["peak"] - small["peak"]) * 2**20 / more)
    print(f"  driver   peak memory {large['peak']:>9.0f} MiB, {each} an input")


def _rows(found: Mapping[str, Any], stage: str) -> str:
    return f"   {found['rows'][stage]} rows in, {found['out'][stage]} out"


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f} us" if seconds < 0.01 else f"{seconds * 1e3:,.1f} ms"


def _bytes(count: float) -> str:
    return f"{count:,.0f} B" if count < 10_000 else f"{count / 1e3:,.1f} kB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for load, count in (("texts", 100_000), ("videos", 40), ("pictures", 500), ("sounds", 200)):
        parser.add_argument(f"--{load}", type=int, default=count)
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(build_in(asked.one)))
        return
    for load in RECIPES:
        if many := getattr(asked, load):
            report(load, max(1, many // 5), many)


if __name__ == "__main__":
    main()
