"""How long a user waits: `affectory --help`, and building the demo again when nothing changed.

    .venv/bin/python benchmarks/startup.py

The demo is built once in a temporary folder before the clock starts. Times are those of whole processes.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

RECIPE = Path(__file__).resolve().parents[1] / "pipelines" / "recipes" / "demo" / "recipe.yaml"
AFFECTORY = Path(sys.executable).with_name("affectory")


@dataclass(frozen=True)
class Timing:
    """Wall times of one command, and the budget for their median."""

    what: str
    seconds: Sequence[float]
    budget: float

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def __str__(self) -> str:
        verdict = "ok" if self.median <= self.budget else "over"
        return f"{self.what:<28}{self.median:>8.3f}{min(self.seconds):>8.3f}{self.budget:>8.1f}  {verdict}"


def wall(*arguments: str) -> float:
    """Seconds that one run of `affectory` takes; its output is shown only where it fails."""
    start = time.perf_counter()
    done = subprocess.run([AFFECTORY, *arguments], capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"affectory {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return seconds


def measure(times: int) -> tuple[float, list[Timing]]:
    """The first build's seconds, and the timings of what has a budget."""
    with tempfile.TemporaryDirectory() as folder:
        build = ("build", str(RECIPE), "--workspace", f"{folder}/workspace", "--releases", f"{folder}/releases")
        first = wall(*build)
        again = [wall(*build) for _ in range(times)]
    start = [wall("--help") for _ in range(times)]
    return first, [Timing("affectory --help", start, 0.3), Timing("demo again, nothing changed", again, 2.0)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5, help="runs of each command (default 5)")
    first, timings = measure(parser.parse_args().times)
    print(f"{'seconds':<28}{'median':>8}{'least':>8}{'budget':>8}")
    print(*timings, Timing("demo, first build", [first], 60.0), sep="\n")
    sys.exit(any(t.median > t.budget for t in timings))


if __name__ == "__main__":
    main()
