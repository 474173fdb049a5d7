"""The suite of a dataset: seconds after Great Expectations was imported, and peak memory.

    .venv/bin/python benchmarks/suites.py [--rows 100000 1000000]

The rows are those of four tables together: one in ten a sample, three notes, four opinions, two labels. `seconds` are
from asking to the answer, `CPU s` what both processes kept processors busy, memory that of each process at its most.
One row in a thousand of the opinions has a fault, so that naming rows is measured too.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

LABELS = ("anger", "disgust", "fear", "joy", "sadness", "surprise", "neutral")
PART = 20_000


def made(folder: Path, rows: int) -> None:
    """Write the tables, so many rows a file."""
    import numpy as np

    shares = {"samples": 0.1, "notes": 0.3, "opinions": 0.4, "labels": 0.2}
    samples = int(rows * shares["samples"])
    for table, share in shares.items():
        count = int(rows * share)
        for first in range(0, count, PART):
            _write(folder / f"{table}-{first:09}.parquet", table, np.arange(first, min(count, first + PART)), samples)


def _write(path: Path, table: str, numbers: Any, samples: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from affectory.schemas.derived import TABLES

    of = pa.array([f"s_{n % samples:024x}" for n in numbers.tolist()])
    columns = {"sample_id": of, **_COLUMNS[table](numbers)}
    absent = {c.name: pa.nulls(len(numbers), c.type) for c in TABLES[table].columns if c.name not in columns}
    pq.write_table(TABLES[table].cast(pa.table({**columns, **absent})), path)


def _same(count: int, values: dict[str, Any]) -> dict[str, Any]:
    import numpy as np
    import pyarrow as pa

    nowhere = pa.array(np.zeros(count, np.int64))
    return {name: pa.array([value]).take(nowhere) for name, value in values.items()}


def _samples(numbers: Any) -> dict[str, Any]:
    import pyarrow as pa

    from affectory.schemas.types import ANCHOR

    where = [{"record": f"r_{n:024x}"} for n in numbers.tolist()]
    said = [f"This is what number {n} said to everybody who was there." for n in numbers.tolist()]
    same = _same(len(numbers), {"kind": "text", "source": "lines", "uri": "lines.jsonl", "language": "en"})
    return {**same, "anchor": pa.array(where, ANCHOR), "text": pa.array(said)}


def _notes(numbers: Any) -> dict[str, Any]:
    import pyarrow as pa

    names = pa.array([f"note_{n}" for n in (numbers % 3).tolist()])
    return {"name": names, "number": pa.array(numbers.astype(float)), **_same(len(numbers), {"stage": "measure"})}


def _opinions(numbers: Any) -> dict[str, Any]:
    import numpy as np
    import pyarrow as pa

    from affectory.schemas.types import ANSWER, ASKED

    asked = {"question": "q", "labels": list(LABELS), "response": "simplex", "taxonomy": "ekman-7"}
    answers = pa.array([{"weights": [float(i == k) for i in range(7)]} for k in range(7)], ANSWER)
    same = _same(len(numbers), {"rater_kind": "human", "perspective": "felt"})
    return {
        "opinion_id": pa.array([f"j_{n:024x}" for n in numbers.tolist()]),
        "rater": pa.array([f"p_{n % 50:020x}" for n in numbers.tolist()]),
        "asked": pa.array([asked], ASKED).take(pa.array(np.zeros(len(numbers), np.int64))),
        "answer": answers.take(pa.array(numbers % 7)),
        "confidence": pa.array(np.where(numbers % 1000 == 999, 2.0, 0.5), pa.float32()),
        **same,
    }


def _labels(numbers: Any) -> dict[str, Any]:
    import pyarrow as pa

    values = pa.array([[0.5, 0.5, 0, 0, 0, 0, 0]] * len(numbers), pa.list_(pa.float32()))
    same = {"taxonomy": "ekman-7", "perspective": "felt", "whose": "", "modalities": "", "pool": "human"}
    more = {"space": "simplex", "count": 2, "uncertainty": 0.5, "agreement": 0.5}
    rules = pa.array([f"rule_{n}" for n in (numbers % 3).tolist()])
    return {"rule": rules, "values": values, **_same(len(numbers), {**same, **more})}


_COLUMNS = {"samples": _samples, "notes": _notes, "opinions": _opinions, "labels": _labels}


def measured(folder: Path) -> str:
    """One line about the tables in a folder."""
    from affectory.quality.suites.about import About, Asked, Check
    from affectory.quality.suites.examiner import started
    from affectory.quality.suites.validate import validate
    from affectory.schemas.taxonomy import load_taxonomy

    names = ("samples", "notes", "opinions", "labels")
    tables = {name: sorted(folder.glob(f"{name}-*.parquet")) for name in names}
    about = About(asked=(Asked.of(load_taxonomy("ekman-7")),), languages=("en",), raters=2)
    with started() as examiner:
        begun = time.perf_counter()
        examiner.refused([Check("x", "samples", "column_values_to_be_null", {"column": "x"}, "")])
        loaded, busy = time.perf_counter(), time.process_time() + _busy(examiner.pid)
        result = validate(tables, about, examiner=examiner)
        seconds, busy = time.perf_counter() - loaded, time.process_time() + _busy(examiner.pid) - busy
        peaks = [_peak(pid) for pid in (os.getpid(), examiner.pid)]
    found = sum(finding.count for finding in result.findings)
    told = f"{sum(result.rows.values()):>9,} {loaded - begun:>8.1f} {seconds:>8.2f} {busy:>8.2f}"
    return f"{told} {peaks[0]:>8.0f} {peaks[1]:>8.0f} {len(result.names):>7} {found:>7}"


def _busy(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rows", type=int, nargs="*", default=[100_000, 1_000_000])
    arguments.add_argument("--of", type=Path)
    given = arguments.parse_args()
    if given.of:
        print(measured(given.of))
        return
    print("     rows import s  seconds    CPU s  MB here MB child  checks   found")
    for rows in given.rows:
        with tempfile.TemporaryDirectory() as folder:
            made(Path(folder), rows)
            subprocess.run([sys.executable, __file__, "--of", folder], check=True)


if __name__ == "__main__":
    main()
