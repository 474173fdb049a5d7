"""What each engine costs: time and peak memory of a build's partitions, beside the same partitions mapped by hand.

    .venv/bin/python benchmarks/engines.py [--texts 200000] [--clips 200] [--engines local ray beam]

Three ways on each engine, each in a process of its own, from the same scanned workspace, the engine's start included:
`steps` is the least program that a user would write (the engine maps: read Parquet, call the steps, write Parquet; no
commits, no counts, no rejects), `runner` maps `run_partition` with the bare engine, `affectory` is what a build does.
Memory is the sum over all processes of their proportional share (PSS), looked at twice a second.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

SOURCES = {
    "texts": {"kind": "jsonl", "name": "lines", "path": "lines.jsonl", "text": "body", "key": "id"},
    "clips": {"kind": "folder", "name": "media", "path": "media"},
}
STEPS: dict[str, dict[str, Any]] = {
    "texts": {"ingest": [{"clean_text": {"min_chars": 3}}, "language"], "assist": ["lexicon"]},
    "clips": {"ingest": ["probe", {"scenes": {"min_s": 0.2}}, "clips", {"frames": {"count": 3}}, "brightness"]},
}
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
WORDS = ("today", "we", "were", "so", "happy", "and", "a", "little", "afraid", "of", "the", "dark", "storm", "outside")
SCENES, FRAMES = 5, 30


def write_inputs(load: str, folder: Path, count: int) -> None:
    """A recipe with its inputs: lines of text, or videos of five scenes each."""
    recipe = {"dataset": load, "taxonomy": "ekman-7", "sources": [SOURCES[load]], **STEPS[load]}
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False))
    if load == "texts":
        write_lines(folder / "lines.jsonl", count)
        return
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    from support.media import write_video

    (folder / "media").mkdir()
    for n in range(-(-count // SCENES)):
        cuts = [FRAMES * scene for scene in range(1, SCENES)]
        write_video(folder / "media" / f"v{n}.mp4", FRAMES * SCENES, cuts=cuts, start=n, size=(320, 240))


def write_lines(path: Path, count: int) -> None:
    """Texts of eight to twenty words under a key each."""
    with path.open("w") as file:
        for n in range(count):
            body = " ".join(WORDS[(n * 7 + i * (1 + n % 5)) % len(WORDS)] for i in range(8 + n % 13))
            file.write(json.dumps({"id": f"l{n}", "body": f"{body} {n}."}) + "\n")


def plan_of(folder: Path) -> Any:
    """The plan of a folder's recipe; its sources are scanned where that was not done yet."""
    from affectory.pipelines.bind import bind
    from affectory.pipelines.build import Options, scan_sources
    from affectory.pipelines.plan import make_plan
    from affectory.pipelines.store.workspace import Workspace
    from affectory.schemas.recipe.load import load_recipe

    bound, workspace = bind(load_recipe(folder / "recipe.yaml")), Workspace(folder / "workspace")
    options = Options(folder / "workspace", folder / "releases")
    with workspace.lease() as lease:
        return make_plan(bound, workspace, scan_sources(bound, workspace, options, lease.epoch), lease.epoch)


def steps_alone(partition: Any) -> int:
    """Read, call the steps, write: what is left when nothing is counted, committed or checked."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from affectory.pipelines.runner.execute import set_up
    from affectory.pipelines.runner.media import externalise, hydrate
    from affectory.pipelines.store.workspace import Workspace

    workspace = Workspace(Path(partition.workspace))
    commits, assets = workspace.commits(), workspace.assets()
    table = commits.read(commits.get(partition.root), "rows").replace_schema_metadata(None)
    for link in partition.links:
        step, batch = set_up(link.stage), link.stage.transform.resources.batch_rows
        rows = hydrate(table, link.stage.transform.reads(), assets, partition.roots)
        made = [step(rows.slice(at, batch)).rows for at in range(0, rows.num_rows, batch)]
        table = externalise(pa.concat_tables(made).select(link.stage.output_schema(table.schema).names), assets)
    out = Path(partition.workspace) / f"bare-{partition.root}.parquet"
    pq.write_table(table, out, compression="zstd", compression_level=1)
    return int(np.int64(table.num_rows))


def run_whole(partition: Any) -> int:
    """The runner on one partition."""
    from affectory.pipelines.runner.partition import run_partition

    return len(run_partition(partition).stages)


def by_hand(engine: str, work: Callable[[Any], int], partitions: Sequence[Any], workers: int) -> None:
    """The engine's own map over the partitions."""
    os.environ.update(ONE_THREAD)
    if engine == "local":
        with multiprocessing.get_context("spawn").Pool(workers) as pool:
            list(pool.imap_unordered(work, partitions))
    elif engine == "ray":
        import ray

        ray.init(address="local", num_cpus=workers, include_dashboard=False, log_to_driver=False)
        task = ray.remote(work)
        ray.get([task.remote(partition) for partition in partitions])
    else:
        import apache_beam as beam
        from apache_beam.options.pipeline_options import PipelineOptions

        mode = ["--direct_running_mode=multi_processing", f"--direct_num_workers={workers}"] if workers > 1 else []
        with beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner", *mode])) as pipeline:
            pipeline | beam.Create(list(partitions)) | beam.Reshuffle() | beam.Map(work)


def measured(folder: Path, engine: str, way: str, workers: int) -> None:
    """In a process of its own: run all partitions and print the seconds."""
    from affectory.pipelines.engines.base import Choice, opened

    partitions = [replace(p, isolate="none") if way != "affectory" else p for p in plan_of(folder).partitions]
    sys.path.insert(0, str(Path(__file__).parent))
    import engines  # under a name that workers can import

    start = time.perf_counter()
    if way == "affectory":
        with opened(Choice(engine, workers)) as opened_engine:
            done = sum(report is not None for report in opened_engine.run(partitions))
        assert done == len(partitions)
    else:
        by_hand(engine, {"steps": engines.steps_alone, "runner": engines.run_whole}[way], partitions, workers)
    print("seconds", time.perf_counter() - start, flush=True)
    os._exit(0)  # how long an engine takes to go away is nobody's wait


@dataclass(frozen=True)
class Row:
    """One measurement."""

    load: str
    engine: str
    workers: int
    way: str
    seconds: float
    peak_mib: float


def measure(folder: Path, load: str, engine: str, workers: int, way: str) -> Row:
    """Run one way on a fresh copy of the scanned workspace, and watch its memory."""
    scanned, used = folder / "scanned", folder / "workspace"
    shutil.rmtree(used, ignore_errors=True)
    shutil.copytree(scanned, used, copy_function=os.link, ignore=shutil.ignore_patterns("hashes.sqlite*", "lease"))
    command = [sys.executable, __file__, "--one", str(folder), engine, way, str(workers)]
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "RAY_USAGE_STATS_ENABLED": "0"}
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen(command, stdout=told, stderr=told, env=environment)
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, sum(map(pss_of, tree_of(process.pid))))
            time.sleep(0.5)
        told.seek(0)
        text = told.read()
    found = [line.split()[1] for line in text.splitlines() if line.startswith("seconds ")]
    if not found:
        sys.exit(f"{load} {engine} {way} failed:\n{text[-4000:]}")
    return Row(load, engine, workers, way, float(found[-1]), peak / 1024)


def tree_of(pid: int) -> Iterator[int]:
    """A process and all below it."""
    yield pid
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in thread.read_text().split():
                yield from tree_of(int(child))


def pss_of(pid: int) -> float:
    """Kibibytes of a process, what it shares counted by its share."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return float(next((line.split()[1] for line in lines if line.startswith("Pss:")), 0))


def report(rows: Sequence[Row]) -> None:
    """The table, each way of ours beside the two by hand."""
    print()
    print(f"{'load':<7}{'engine':<7}{'workers':>8}{'way':>11}{'seconds':>9}{'peak MiB':>10}{'/steps':>9}{'/runner':>9}")
    seconds = {(r.load, r.engine, r.workers, r.way): r.seconds for r in rows}
    for r in rows:
        against = [seconds.get((r.load, r.engine, r.workers, way)) for way in ("steps", "runner")]
        shares = "".join(f"{r.seconds / a:>9.2f}" if a else f"{'':>9}" for a in against)
        print(f"{r.load:<7}{r.engine:<7}{r.workers:>8}{r.way:>11}{r.seconds:>9.1f}{r.peak_mib:>10.0f}{shares}")
    for load, engine in dict.fromkeys((r.load, r.engine) for r in rows):
        one, two = (seconds.get((load, engine, workers, "affectory")) for workers in (1, 2))
        if one and two:
            print(f"{load} on {engine}: {one / two / 2:.0%} efficient from 1 to 2 workers")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=200_000)
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--engines", nargs="+", default=["local", "ray", "beam"])
    parser.add_argument("--ways", nargs="+", default=["steps", "runner", "affectory"])
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        folder, engine, way, workers = asked.one
        return measured(Path(folder), engine, way, int(workers))
    rows = []
    for load, count in (("texts", asked.texts), ("clips", asked.clips)):
        if not count:
            continue
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_inputs(load, folder, count)
            partitions = len(plan_of(folder).partitions)
            (folder / "workspace").rename(folder / "scanned")
            print(f"{load}: {count} in {partitions} partitions", flush=True)
            for engine in asked.engines:
                for workers in asked.workers:
                    for way in asked.ways:
                        rows.append(measure(folder, load, engine, workers, way))
                        print(rows[-1], flush=True)
    report(rows)
    return None


if __name__ == "__main__":
    main()
