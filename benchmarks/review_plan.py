"""Who is asked what next: seconds and peak memory of planning a review.

    .venv/bin/python benchmarks/review_plan.py

The opinions are those of `benchmarks/labels.py`. Each line is a process of its own. `10,000 asks` and `all of it` are
first nights, with a list of 20 raters, three for each sample; `again` is the night after all was asked and half of it
answered, `nothing new` the same once more. `plan` is what planning takes without reading, `its CPU s` of processors.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from labels import made, taxonomy

NIGHTS = ("10,000 asks", "all of it", "again", "nothing new")
DAY = date(2026, 3, 2)


def wanted(path: Path, count: int, budget: int | None) -> Any:
    """The first night's question about as many pictures."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from affectory.annotation.selecting.wanted import DONE, SAMPLES, Rater, Wanted
    from affectory.schemas.ledgers import ASKS
    from affectory.schemas.recipe.review import Question

    ids = [f"s_{n * 2654435761 % 2**32:024x}" for n in range(count)]
    anchors = pa.array([{"record": sample} for sample in ids], SAMPLES.field("anchor").type)
    same = {name: pa.array([value] * count) for name, value in (("kind", "image"), ("source", "a"), ("language", "en"))}
    samples = pa.table({"sample_id": ids, "anchor": anchors, "content": ids, **same}).select(SAMPLES.names)
    question = Question.model_validate({"raters": 3, "explore": 0.1, "budget": budget, "enough": 0.01})
    people = tuple(Rater(f"p_{n:02}") for n in range(20))
    asks, done = ASKS.empty(), pa.Table.from_pylist([], DONE)
    return Wanted("main", question, {"image": "form"}, samples, pq.read_table(path), taxonomy(), asks, done,
                  "data/main", 1, DAY, people)  # fmt: skip


def half_answered(asks: Any) -> Any:
    """Every other ask of a ledger, as answered."""
    import numpy as np
    import pyarrow as pa

    from affectory.annotation.selecting.wanted import DONE

    some = asks.take(pa.array(np.arange(0, asks.num_rows, 2)))
    given = {"state": pa.array(["taken"] * some.num_rows), "spent_s": pa.array(np.full(some.num_rows, 9.0))}
    given |= {"task": some.column("task"), "rater": some.column("rater")}
    given |= {"at": pa.array([DAY] * some.num_rows), "harmful": pa.array([False] * some.num_rows)}
    given |= {"labels": pa.array([["anger"]] * some.num_rows)}
    return pa.table(given).select(DONE.names).cast(DONE)


def planned(night: str, path: Path, count: int) -> None:
    """Print the seconds of a plan and how many rows it adds; later nights read the first's."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from affectory.annotation.selecting.plan import plan

    given = wanted(path, count, 10_000 if night == NIGHTS[0] else None)
    ledger = path.with_name("asks.parquet")
    if night in NIGHTS[2:]:
        asks = pq.read_table(ledger)
        given = replace(given, asks=asks, done=half_answered(asks), round=2)
    started, busy = time.perf_counter(), time.process_time()
    found = plan(given)
    took, busy = time.perf_counter() - started, time.process_time() - busy
    if night == NIGHTS[1]:
        pq.write_table(found.fresh, ledger)
    elif night == NIGHTS[2]:
        pq.write_table(pa.concat_tables([given.asks, found.fresh]), ledger)
    print(f"{took:.1f} {busy:.1f} {found.fresh.num_rows}")


def measured(what: str, *arguments: str) -> None:
    """Run a part of this script and print a line of the table."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen([sys.executable, __file__, *arguments], stdout=told, stderr=told)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        told.seek(0)
        said = told.read()
    if process.returncode:
        sys.exit(f"{what} failed:\n{said}")
    plan, values, rows = said.split() or ("", "", "")
    took, busy = time.perf_counter() - started, usage.ru_utime + usage.ru_stime
    print(
        f"{what:<24}{took:>8.1f}{busy:>8.1f}{plan:>8}{values:>8}{rows:>10}{usage.ru_maxrss / 1024:>10.0f}", flush=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--opinions", type=int, default=1_000_000, help="how many (default 1000000)")
    parser.add_argument("--samples", type=int, default=200_000, help="about how many samples (default 200000)")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--night", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.make:
        made(asked.make, asked.opinions, asked.samples, 2_000, False)
        return
    if asked.night:
        planned(asked.night[0], Path(asked.night[1]), asked.samples)
        return
    print(f"{asked.opinions} opinions about {asked.samples} samples, 20 raters")
    print(f"{'':<24}{'seconds':>8}{'CPU s':>8}{'plan':>8}{'its CPU s':>10}{'rows':>10}{'peak MiB':>10}")
    with tempfile.TemporaryDirectory() as folder:
        path, sizes = f"{folder}/opinions.parquet", ("--samples", str(asked.samples))
        measured("making the opinions", "--make", path, "--opinions", str(asked.opinions), *sizes)
        for night in NIGHTS:
            measured(night, "--night", night, path, *sizes)


if __name__ == "__main__":
    main()
