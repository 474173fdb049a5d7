"""What it takes to give samples their splits: seconds by the clock and of this process, peak memory above the samples.

    .venv/bin/python benchmarks/splits.py --one-by-one

Samples are made in memory: records of five samples, speakers of twenty, dialogues of ten, one sample in four without a
speaker. They are placed anew, then again by the fit that this gave with one sample in a hundred added. `--one-by-one`
measures the dicts of the tests beside it, `--exchanges ENGINE` the steps that a large build takes, from partitions on
disk to a commit of splits, with the memory of this process only.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

TESTS = Path(__file__).resolve().parents[1] / "tests"
BY, SHARES = ("speaker", "source", "dialogue"), {"train": 0.8, "validation": 0.1, "test": 0.1}


def ids(prefix: str, numbers: np.ndarray) -> pa.Array:
    """Names such as hashes make them, the same for the same number."""
    mixed = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    hexes = np.frombuffer(mixed.astype(">u8").tobytes().hex().encode(), np.uint8).reshape(-1, 16)
    head = np.frombuffer(prefix.encode(), np.uint8)
    letters = np.concatenate([np.tile(head, (len(hexes), 1)), hexes, hexes[:, :8]], axis=1)
    offsets = np.arange(len(letters) + 1, dtype=np.int32) * letters.shape[1]
    return pa.StringArray.from_buffers(len(letters), pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(letters)))


def samples(count: int) -> pa.Table:
    """Narrow rows of samples, in the order of their records."""
    at, rng = np.arange(count), np.random.default_rng(1)
    speakers = ids("p_", rng.integers(0, max(1, count // 20), count))
    known = pc.if_else(pa.array(at % 4 > 0), speakers, pa.scalar(None, pa.string()))
    columns = [ids("s_", at), ids("r_", at // 5), known, ids("d_", at // 10)]
    return pa.table(columns, ["sample_id", "record", "speaker", "dialogue"])


def in_columns(table: pa.Table, more: pa.Table) -> tuple[float, float]:
    """Seconds to place the samples anew, and with more of them by the fit."""
    from affectory.pipelines.splits import FIT, memberships_of, place

    start = time.perf_counter()
    fit = place(memberships_of(table, BY), SHARES, FIT.empty_table()).fit
    middle = time.perf_counter()
    place(memberships_of(more, BY), SHARES, fit)
    return middle - start, time.perf_counter() - middle


def one_by_one(table: pa.Table, more: pa.Table) -> tuple[float, float]:
    """The same by the oracle of the tests."""
    sys.path.insert(0, str(TESTS))
    from support.split_oracle import place, tokens_of

    tables = [t.append_column("anchor", pc.make_struct(t["record"], field_names=["record"])) for t in (table, more)]
    start = time.perf_counter()
    fit = place(tokens_of(tables[0], BY), SHARES, {}).fit
    middle = time.perf_counter()
    place(tokens_of(tables[1], BY), SHARES, fit)
    return middle - start, time.perf_counter() - middle


def exchanged(name: str, table: pa.Table, more: pa.Table) -> tuple[float, float]:
    """The same by exchanges on an engine, from commits to a table of splits and a fit."""
    from affectory.pipelines.engines.base import Choice, opened
    from affectory.pipelines.store.workspace import Workspace

    with tempfile.TemporaryDirectory(prefix="splits-") as folder, opened(Choice(name)) as engine:
        workspace = Workspace(folder)
        return _placed(workspace, engine, table, "a"), _placed(workspace, engine, more, "b")


def _placed(workspace: Any, engine: Any, table: pa.Table, prefix: str) -> float:
    from affectory.pipelines.exchanges import Exchanges, buckets_for
    from affectory.pipelines.split_fit import SplitFit
    from affectory.pipelines.splits_exchanged import Placing, SamplesPart
    from affectory.pipelines.splitting import TOGETHER
    from affectory.pipelines.store.commits import Counts

    anchor = pc.make_struct(table["record"], field_names=["record"])
    keys, samples = [], table.drop_columns("record").append_column("anchor", anchor)
    for start in range(0, table.num_rows, 4095):  # whole records
        keys.append(f"{prefix}{start:08}")
        workspace.commits().commit(keys[-1], "label", Counts(), {"samples": samples.slice(start, 4095)}, {})
    parts = [SamplesPart(n, workspace.root, tuple(keys[n : n + TOGETHER]), BY) for n in range(0, len(keys), TOGETHER)]
    fit, start_s = SplitFit(workspace.fits(), BY, SHARES), time.perf_counter()
    exchanges = Exchanges(engine, workspace.exchanges(), prefix, buckets_for(table.num_rows))
    placed = Placing(exchanges, parts, SHARES, fit.parts(), refit=False).place()
    fit.write(placed.pieces())
    workspace.commits().commit(f"{prefix}-split", "split", Counts(), {"splits": placed.splits}, {})
    seconds = time.perf_counter() - start_s
    assert placed.splits.num_rows + placed.conflicts.num_rows == table.num_rows
    return seconds


def peak_mb() -> float:
    """The most memory that this process ever held."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def measure(how: str, count: int) -> None:
    table, more = samples(count), samples(count + count // 100)
    before = peak_mb()
    ways = {"columns": in_columns, "one by one": one_by_one}
    start = time.process_time()
    seconds = (ways.get(how) or partial(exchanged, how))(table, more)
    own = time.process_time() - start
    print(f"{how:<12}{count:>12,}{seconds[0]:>10.1f}{seconds[1]:>10.1f}{own:>10.1f}{peak_mb() - before:>12,.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, nargs="+", default=[1_000_000, 5_000_000])
    parser.add_argument("--one-by-one", action="store_true", help="measure the dicts of the tests as well")
    parser.add_argument("--exchanges", metavar="ENGINE", nargs="*", default=[], help="measure exchanges on engines")
    parser.add_argument("--only", nargs=2, metavar=("HOW", "COUNT"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.only:
        return measure(chosen.only[0], int(chosen.only[1]))
    print(f"{'how':<12}{'samples':>12}{'new s':>10}{'by fit s':>10}{'cpu s':>10}{'peak MB':>12}", flush=True)
    for count in chosen.samples:
        for how in ("columns", *(["one by one"] if chosen.one_by_one else []), *chosen.exchanges):
            # A process each, as a peak never sinks.
            environment = {**os.environ, "OMP_NUM_THREADS": "1"}
            subprocess.run([sys.executable, __file__, "--only", how, str(count)], check=True, env=environment)
    return None


if __name__ == "__main__":
    main()
