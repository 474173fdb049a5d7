"""Loading a written release as its users will, before it is published.

`datasets` reads its environment once and keeps caches in the home folder, so the test runs in a child process with an
environment of its own: offline, its caches below the staging folder.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from affectory.pipelines.ending import end_now
from affectory.pipelines.release.manifest import Content, read_manifest
from affectory.pipelines.release.media import DECODERS
from affectory.pipelines.release.model import LoadTestFailed, Told
from affectory.pipelines.release.sums import verify

_WHOLE_BYTES = 1 << 30
"""Up to this size everything is loaded; of more, features, counts and first rows."""
_STEP = "\x1estep "
_FEW = 3
"""Values decoded of each media column, of the first and of the last row group of a shard."""


def run_load_test(path: Path, cache: Path, told: Told = lambda *_: None) -> None:
    """Load the release in `path`, in a child process; raises `LoadTestFailed`."""
    places = {"HF_HOME": str(cache), "HF_DATASETS_CACHE": str(cache), "XDG_CACHE_HOME": str(cache)}
    offline = dict.fromkeys(("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_DATASETS_DISABLE_PROGRESS_BARS"), "1")
    command = [sys.executable, "-P", "-c", f"from {__name__} import main; main()", str(path), str(cache)]
    environment = {**os.environ, **places, **offline}
    with tempfile.TemporaryFile("w+") as errors:
        child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)
        with child:
            last = _listened(child.stdout or (), told)
        errors.seek(0)
        if child.returncode:
            raise LoadTestFailed((f"the load test ended with {child.returncode}: {errors.read().strip()[-2000:]}",))
    if problems := json.loads(last):
        raise LoadTestFailed(tuple(problems))


def _listened(lines: Iterable[str], told: Told) -> str:
    """The last line of the child, after those that said how far it is were handed on."""
    last = ""
    for line in lines:
        if line.startswith(_STEP):
            done, total = line.removeprefix(_STEP).split()
            told("load test", int(done), int(total), "steps")
        else:
            last = line
    return last


def find_problems(path: Path, cache: Path, step: Callable[[int, int], None] = lambda *_: None) -> list[str]:
    """What does not load as the manifest says; run it only where `datasets` was imported offline."""
    content = read_manifest(path).content
    filled = [config for config, rows in content.rows.items() if rows]
    shards = sorted((path / "data" / "default").glob("*.parquet"))
    total = 1 + len(filled) + len(shards)
    step(0, total)
    problems = verify(path)
    for done, config in enumerate(filled, start=1):
        step(done, total)
        problems += _loads(path, config, content, cache)
    for done, shard in enumerate(shards, start=1 + len(filled)):
        step(done, total)
        problems += [f"{shard.name}: {problem}" for problem in _decodes(shard, content)]
    step(total, total)
    return problems


def _loads(path: Path, config: str, content: Content, cache: Path) -> list[str]:
    from datasets import Features, load_dataset

    whole = sum(f.size for name, f in content.files.items() if name.startswith(f"data/{config}/")) <= _WHOLE_BYTES
    try:
        loaded = load_dataset(str(path), config, cache_dir=str(cache), streaming=not whole)
    except Exception as error:
        return [f"config {config}: {type(error).__name__}: {error}; {error.__cause__ or ''}"]
    expected, rows = Features.from_dict(content.features[config]), content.rows[config]
    problems = [] if list(loaded) == list(rows) else [f"config {config}: splits {list(loaded)}, written {list(rows)}"]
    for split, data in loaded.items():
        if data.features != expected:
            problems.append(f"config {config}, split {split}: features {data.features}, intended {expected}")
        found = data.num_rows if whole else _count(path, config, split)
        if found != rows.get(split):
            problems.append(f"config {config}, split {split}: {found} rows, written {rows.get(split)}")
    return problems


def _count(path: Path, config: str, split: str) -> int:
    files = (path / "data" / config).glob(f"{split}-*.parquet")
    return sum(int(pq.read_metadata(file).num_rows) for file in files)


def _decodes(file: Path, content: Content) -> Iterator[str]:
    """What does not decode of the first media values in a shard's first and last row groups."""
    with pq.ParquetFile(file) as shard:
        for group in sorted({0, shard.num_row_groups - 1}):
            for column in content.media:
                for sample, value in islice(_values(shard, group, column), _FEW):
                    if problem := _decode(column, value):
                        yield f"{column} of {sample} does not decode: {problem}"


def _values(shard: pq.ParquetFile, group: int, column: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Samples and their values in a media column, with few rows in memory."""
    for batch in shard.iter_batches(_FEW, row_groups=[group], columns=["sample_id", column], use_threads=False):
        for row in batch.to_pylist():
            values = row[column] if isinstance(row[column], list) else [row[column]]
            yield from ((row["sample_id"], value) for value in values if value)


def _decode(column: str, value: dict[str, Any]) -> str:
    try:
        DECODERS[column](value)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def main() -> None:
    """In the child process: print how far it is, and at last the problems found as one line of JSON."""

    def step(done: int, total: int) -> None:
        print(f"{_STEP}{done} {total}", flush=True)

    print(json.dumps(find_problems(Path(sys.argv[1]), Path(sys.argv[2]), step)))
    end_now(0)
