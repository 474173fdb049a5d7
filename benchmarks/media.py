"""What a media build costs beside bare decoding and encoding: 20 nine-second clips of 3 scenes and 3 corrupt files.

    .venv/bin/python benchmarks/media.py [--times 10] [--workers 2] [--rounds 3]

The real `affectory build` probes, finds scenes, writes a clip and 3 frames of each, and publishes Parquet: 60 clips,
180 frames, and 3 files accounted for with reasons, or the benchmark fails. Beside it one PyAV decode pass over the same
files, and an encode of the same pictures and sound with the same settings (libx264 and AAC through PyAV), both in one
thread and without anything else. CPU seconds are those of all processes; `--times` gives the memory of a build of so
many times the clips beside that of one.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import yaml

CLIPS, SCENES, SECONDS, FPS, SIZE = 20, 3, 9, 30, (320, 240)
RECIPE = {
    "dataset": "clips",
    "taxonomy": "ekman-7",
    "sources": [{"kind": "folder", "name": "media", "path": "media"}],
    "ingest": ["probe", {"scenes": {"min_s": 1}}, "clips", {"frames": {"count": 3}}],
}
COMMAND = [sys.executable, "-c", "from affectory.pipelines.cli import main; main()", "build", "recipe.yaml", "--json"]


def picture(world: Any, number: int, rng: np.random.Generator) -> Any:
    """A view that wanders over a soft landscape, with a little noise as cameras have."""
    width, height = SIZE
    x, y = int(40 + 35 * np.sin(number / 20)), int(30 + 25 * np.cos(number / 26))
    view = world[y : y + height, x : x + width].astype(np.int16)
    return np.clip(view + rng.integers(-4, 5, (height, width, 1), np.int16), 0, 255).astype(np.uint8)


def write_clip(path: Path, seed: int) -> None:
    """Three scenes of three seconds with a tone."""
    import av
    import cv2

    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    from support.media import mux_sound, tone

    rng = np.random.default_rng(seed)
    worlds = [cv2.resize(rng.integers(0, 255, (6, 8, 3), np.uint8), (400, 300)) for _ in range(SCENES)]
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=FPS, options={"crf": "20", "preset": "fast"})
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        audio = container.add_stream("aac", rate=48_000, layout="mono")
        for number in range(SECONDS * FPS):
            pixels = picture(worlds[number * SCENES // (SECONDS * FPS)], number, rng)
            container.mux(video.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(video.encode(None))
        mux_sound(container, audio, tone(SECONDS, 48_000, 200.0 + seed))


def write_inputs(folder: Path, times: int = 1) -> None:
    """A recipe with its files: each clip `times` times, no two of the same bytes."""
    (folder / "media").mkdir(parents=True)
    (folder / "recipe.yaml").write_text(yaml.safe_dump(RECIPE, sort_keys=False))
    for n in range(CLIPS):
        write_clip(folder / "media" / f"{n:03d}.mp4", n)
        data = (folder / "media" / f"{n:03d}.mp4").read_bytes()
        for again in range(1, times):
            box = (12).to_bytes(4, "big") + b"free" + again.to_bytes(4, "big")
            (folder / "media" / f"{n:03d}-{again}.mp4").write_bytes(data + box)
    for again in range(times):
        (folder / "media" / f"cut-{again}.mp4").write_bytes(data[: len(data) // 2 + again])
        (folder / "media" / f"zeros-{again}.mp4").write_bytes(bytes(50_000 + again))
        (folder / "media" / f"words-{again}.mp4").write_bytes(b"no video at all\n" * (100 + again))


@dataclass
class Tree:
    """Looks at a process and all that it starts: most memory at once, and processor time of each.

    Twenty times a second, as no wait tells of workers that their parent does not wait for.
    """

    pid: int
    peak: int = 0
    spent: dict[int, float] = field(default_factory=dict)

    def watch(self, done: threading.Event) -> None:
        while not done.wait(0.05):
            found = list(_family(self.pid))
            self.peak = max(self.peak, sum(_resident(pid) for pid in found))
            self.spent.update((pid, seconds) for pid in found if (seconds := _spent(pid)))

    @property
    def cpu(self) -> float:
        return sum(self.spent.values())


def _family(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            started = children.read_text().split()
        except OSError:
            continue
        for child in started:
            yield from _family(int(child))


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _spent(pid: int) -> float:
    """Processor time of a process alone, in seconds."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    wall: float
    cpu: float
    peak_mb: float = 0.0


def measured(command: Sequence[str], folder: Path) -> Cost:
    """A command's cost with all the processes that it starts."""
    start = time.perf_counter()
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        done, tree = threading.Event(), Tree(process.pid)
        thread = threading.Thread(target=tree.watch, args=(done,))
        thread.start()
        errors = process.communicate()[1]
        done.set()
        thread.join()
    if process.returncode:
        sys.exit(f"{' '.join(command[-3:])} failed:\n{errors[-4000:]}")
    return Cost(time.perf_counter() - start, tree.cpu, tree.peak / 1e6)


def build(folder: Path, number: int, workers: int | None, times: int = 1) -> Cost:
    """Build and publish from nothing, and check what came of it."""
    places = ["--workspace", f"ws{number}", "--releases", f"releases{number}"]
    cost = measured([*COMMAND, *places, *(["--workers", str(workers)] if workers is not None else [])], folder)
    check(folder, number, times)
    return cost


def check(folder: Path, number: int, times: int) -> None:
    import pyarrow.parquet as pq

    from affectory.pipelines.history import last_build, rejects
    from affectory.pipelines.store.workspace import Workspace

    files = sorted((folder / f"releases{number}").rglob("data/*/*.parquet"))
    frames = [row["frames"] for file in files for row in pq.ParquetFile(file).read(columns=["frames"]).to_pylist()]
    workspace = Workspace(folder / f"ws{number}")
    record = last_build(workspace)
    assert record is not None
    lost = Counter(row["reason"] for row in rejects(workspace, record).to_pylist())
    expected = (CLIPS * SCENES * times, CLIPS * SCENES * 3 * times, 3 * times)
    assert (len(frames), sum(map(len, frames)), lost.total()) == expected, (len(frames), lost)
    assert set(lost) <= {"unreadable", "unsupported", "empty"}, lost


def bare(folder: Path) -> dict[str, float]:
    """In a process of its own: decode everything once, and encode the same as the build does."""
    from affectory.transforms.media._decode import moving_pictures, opened
    from affectory.transforms.media._sound import frame_of, sound
    from affectory.transforms.video._mp4 import SOUND_RATE

    spent: Counter[str] = Counter()
    for path in sorted((folder / "media").glob("[0-9]*.mp4")):
        start = time.process_time()
        with opened(str(path)) as container:
            stream = moving_pictures(container)
            stream.thread_count = 1
            pictures = list(container.decode(stream))
        decoded = time.process_time()
        with opened(str(path)) as container:
            voice = container.streams.audio[0]
            blocks = list(sound(container, voice, rate=SOUND_RATE, layout="mono"))
        heard = time.process_time()
        scene = len(pictures) // SCENES
        for k in range(SCENES):
            samples = np.concatenate(blocks, axis=1)[:, k * 144_000 : (k + 1) * 144_000]
            _encode(
                folder / "bare.mp4",
                pictures[k * scene : (k + 1) * scene],
                frame_of(samples, 0, 48_000, "fltp", "mono"),
            )
        spent.update(decode=decoded - start, sound=heard - decoded, encode=time.process_time() - heard)
    return dict(spent)


def _encode(path: Path, pictures: Sequence[Any], samples: Any) -> None:
    import av

    options = {"preset": "veryfast", "crf": "23", "x264-params": "threads=1:cpu-independent=1"}
    base = Fraction(1, FPS)
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        video: Any = container.add_stream("libx264", rate=FPS, options=options)
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        video.codec_context.thread_count, video.codec_context.time_base = 1, base
        audio: Any = container.add_stream("aac", rate=48_000, layout="mono")
        audio.codec_context.bit_rate = 64_000
        for number, frame in enumerate(pictures):
            frame.pts, frame.time_base, frame.pict_type = number, base, 0
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        container.mux(audio.encode(samples))
        container.mux(audio.encode(None))


def run_bare(folder: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, __file__, "--bare", str(folder)], stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def compare(workers: int | None, rounds: int) -> None:
    """Bare work and builds in turn, so that a busy machine slows both."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "one"
        write_inputs(folder)
        pairs = [(run_bare(folder), build(folder, number, workers)) for number in range(rounds)]
    bare_cpu = [sum(found.values()) for found, _ in pairs]
    for kind in ("decode", "sound", "encode"):
        print(f"bare {kind:8}{median(found[kind] for found, _ in pairs):8.2f} CPU s")
    for name, costs in (("wall", [c.wall for _, c in pairs]), ("CPU", [c.cpu for _, c in pairs])):
        print(f"build {name:7}{median(costs):8.2f} s   ({min(costs):.2f} to {max(costs):.2f})")
    shares = [cost.cpu / alone for (_, cost), alone in zip(pairs, bare_cpu, strict=True)]
    print(f"build over bare decode and encode: {median(shares):.2f} ({min(shares):.2f} to {max(shares):.2f}), in CPU s")
    print(f"peak memory of all processes: {max(c.peak_mb for _, c in pairs):.0f} MB; load {os.getloadavg()[0]:.1f}")


def compare_memory(times: int, workers: int | None) -> None:
    """The peak of a build of many times the clips beside that of one, and what each further one costs."""
    costs, alone = list[Cost](), list[float]()
    for many in (1, times):
        with tempfile.TemporaryDirectory() as name:
            write_inputs(Path(name) / "many", many)
            alone.append(sum(run_bare(Path(name) / "many").values()))
            costs.append(cost := build(Path(name) / "many", 0, workers, many))
            print(f"{many:3} x {CLIPS} clips: {cost.peak_mb:6.0f} MB, {cost.wall:6.1f} s wall, {cost.cpu:6.1f} s CPU")
    print(f"peak of {times} times the clips: {costs[1].peak_mb / costs[0].peak_mb:.2f} times that of one")
    more, bare_more = costs[1].cpu - costs[0].cpu, alone[1] - alone[0]
    print(f"{CLIPS} more clips: {more / (times - 1):.2f} CPU s, {more / bare_more:.2f} times bare decode and encode")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=0, help="of so many times the clips: memory, cost of one more")
    parser.add_argument("--workers", type=int, default=None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bare", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.bare:
        print(json.dumps(bare(given.bare)))
    elif given.times:
        compare_memory(given.times, given.workers)
    else:
        compare(given.workers, given.rounds)


if __name__ == "__main__":
    main()
