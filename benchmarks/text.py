"""What it costs to bring texts into Parquet without their near-duplicates: CPU seconds of all processes, and by the cl

    .venv/bin/python benchmarks/text.py                      # ours
    .venv/bin/python benchmarks/text.py --peer daft --python PATH-TO-ITS-PYTHON

50,000 texts of made-up words, 47 MB in four JSONL files: too short ones, ones without letters, exact copies, and copies
with some words changed. Ours is `affectory build` as users run it, first without publishing, then with. A peer runs
`text_peers.py` in an environment of its own; its figures are kept in `text_peers.md`, and shown beside ours.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
DOCUMENTS, FILES, LEAST, ALNUM = 50_000, 4, 100, 0.6
RECIPE = """dataset: texts
taxonomy: ekman-7
sources: [{{kind: jsonl, path: "{corpus}", text: text}}]
ingest:
  - filter_text: {{min_chars: {least}, min_alnum: {alnum}}}
  - near_duplicates: {{text: 0.7, exact: false, keep: one}}
publish: {{configs: [default]}}
"""


def words(rng: np.random.Generator, count: int = 20_000) -> list[str]:
    letters = np.array(list("etaoinshrdlucmfwypvbgkqjxz"))
    shares = np.linspace(2, 0.1, len(letters))
    picked = rng.choice(letters, (count, 12), p=shares / shares.sum())
    return ["".join(row[:size]) for row, size in zip(picked, rng.integers(2, 11, count), strict=True)]


class Corpus:
    """The same texts on every machine."""

    def __init__(self, seed: int = 7) -> None:
        self.rng = np.random.default_rng(seed)
        self.words = np.array(words(self.rng), object)
        ranks = 1.0 / np.arange(10, len(self.words) + 10)
        self.shares = np.cumsum(ranks / ranks.sum())

    def texts(self, count: int) -> Iterator[str]:
        """A tenth is short or not made of letters; of the rest a quarter repeats an earlier one, more or less."""
        told: list[NDArray[Any]] = []
        for kind in self.rng.random(count):
            if kind < 0.05:
                yield " ".join(self._drawn(int(self.rng.integers(1, 8))))[: LEAST - 1]
            elif kind < 0.093:
                yield " ".join("%$#@! ---" for _ in range(60)) + " " + " ".join(self._drawn(12))
            else:
                told.append(self._repeated(told, kind) if kind < 0.32 and told else self._drawn(self._length()))
                yield " ".join(told[-1])

    def _length(self) -> int:
        return int(self.rng.integers(45, 234))

    def _drawn(self, count: int) -> NDArray[Any]:
        found: NDArray[Any] = self.words[np.searchsorted(self.shares, self.rng.random(count))]
        return found

    def _repeated(self, told: list[NDArray[Any]], kind: float) -> NDArray[Any]:
        """Word for word, with one word in sixty changed, or with every fifth."""
        text = told[int(self.rng.integers(len(told)))].copy()
        every = 0 if kind < 0.2 else 60 if kind < 0.3 else 5
        if every:
            at = self.rng.choice(len(text), max(1, len(text) // every), replace=False)
            text[at] = self._drawn(len(at))
        return text


def write_corpus(folder: Path) -> float:
    """Write the files; megabytes."""
    folder.mkdir(parents=True)
    files = [(folder / f"{number}.jsonl").open("w") for number in range(FILES)]
    for number, text in enumerate(Corpus().texts(DOCUMENTS)):
        files[number % FILES].write(json.dumps({"id": number, "text": text}) + "\n")
    for file in files:
        file.close()
    return sum(path.stat().st_size for path in folder.iterdir()) / 1e6


@dataclass(frozen=True)
class Figures:
    """What a run took, and how many rows were left."""

    name: str
    cpu_s: float
    wall_s: float
    kept: int


def measured(name: str, command: Sequence[str], folder: Path, kept: Any) -> Figures:
    """Run a command; the seconds of all of its processes that have ended."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{name} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Figures(name, cpu, wall, kept(done.stdout))


def ours(folder: Path, workers: int, publish: bool) -> Figures:
    """A build in an empty workspace."""
    recipe = RECIPE.format(corpus="corpus", least=LEAST, alnum=ALNUM)
    (folder / "recipe.yaml").write_text(recipe)
    for name in (".affectory", "ws", "releases"):
        shutil.rmtree(folder / name, ignore_errors=True)
    code = "from affectory.pipelines.cli import main; main()"
    flags = ["--json", "--workspace", "ws", "--workers", str(workers), *([] if publish else ["--no-publish"])]
    name = f"affectory, {workers or 'no'} workers{', published' if publish else ''}"
    return measured(name, [sys.executable, "-c", code, "build", "recipe.yaml", *flags], folder, _kept)


def _kept(out: str) -> int:
    events = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    return int(next(event["kept"] for event in reversed(events) if event["event"] == "summary"))


def peer(name: str, python: str, folder: Path) -> Figures:
    """A peer in its own environment."""
    shutil.rmtree(folder / "out", ignore_errors=True)
    return measured(name, [python, str(HERE / "text_peers.py"), name], folder, lambda out: int(out.split()[-1]))


def table(figures: Sequence[Figures], facts: Mapping[str, Any]) -> str:
    head = [f"{key}: {value}" for key, value in facts.items()]
    rows = [f"| {f.name} | {f.cpu_s:.2f} | {f.wall_s:.2f} | {f.kept} |" for f in figures]
    return "\n".join([*head, "", "| | CPU s | clock s | kept |", "|---|---|---|---|", *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--peer", action="append", default=[], choices=["daft", "data-juicer"])
    parser.add_argument("--python", action="append", default=[], help="the Python of each peer, in the same order")
    parser.add_argument("--folder", type=Path, help="where to work; the corpus is made there once")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (given.folder or Path(scratch)).resolve()
        corpus = folder / "corpus"
        size = sum(p.stat().st_size for p in corpus.iterdir()) / 1e6 if corpus.exists() else write_corpus(corpus)
        load = os.getloadavg()[0]
        figures = []
        for _ in range(given.repeat):
            figures += [ours(folder, workers, publish) for workers, publish in ((0, False), (2, False), (2, True))]
            figures += [peer(*found, folder) for found in zip(given.peer, given.python, strict=True)]
        facts = {"texts": DOCUMENTS, "megabytes": round(size, 1), "load before": load, "load after": os.getloadavg()[0]}
        print(table(figures, facts))


if __name__ == "__main__":
    main()
