"""Drills of the engines, too long for every test run: what is killed on a cluster, and all circumstances of a build.

    make drills        # both; the tables go to docs/drills.md

Kills: a three-node Ray cluster on this machine; workers, actors and whole nodes are ended with `kill -9` at moments
drawn by seed. Circumstances: every recipe of tests/support/matrix.py on every engine, with each number of workers and
each size of partitions; a recipe's releases must be equal byte for byte.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "docs" / "drills.md"
sys.path.insert(0, str(ROOT / "tests"))


def kills(count: int) -> Iterator[Any]:
    """One drill a seed, the kinds in turn."""
    from support.cluster import RayCluster
    from support.drills import KINDS, Drills

    with tempfile.TemporaryDirectory() as folder, RayCluster() as cluster:
        drills = Drills(cluster, Path(folder))
        for seed in range(count):
            row = drills.drill(seed, KINDS[seed % len(KINDS)])
            print(row, flush=True)
            yield row


def circumstances() -> Iterator[Any]:
    """Every case of the matrix."""
    from support.matrix import matrix, run_case

    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(matrix()):
            row = run_case(case, Path(folder) / str(number))
            print(f"{case!s:<40}{row.release[:12]:>14}{row.seconds:>8.1f} s", flush=True)
            yield row


def equal(rows: Sequence[Any]) -> bool:
    """Whether each recipe came to the same everywhere."""
    first = {row.case.world: row.result for row in reversed(rows)}
    return all(row.result == first[row.case.world] for row in rows)


def matrix_table(rows: Sequence[Any]) -> str:
    """Releases and seconds as Markdown."""
    lines = ["| recipe | engine | workers | rows in a partition | release | seconds |", "|---|---|---|---|---|---|"]
    for row in rows:
        case = row.case
        size = case.rows or "as the kind has it"
        lines.append(
            f"| {case.world} | {case.engine} | {case.workers} | {size} | {row.release[:12]} | {row.seconds:.1f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="how many seeds (default 20)")
    parser.add_argument("--no-matrix", action="store_true", help="leave the circumstances out")
    asked = parser.parse_args()
    killed = list(kills(asked.kills)) if asked.kills else []
    good = write(killed, [])  # what is known so far is not lost with what follows
    if not asked.no_matrix:
        good = write(killed, list(circumstances()))
    print(f"{'equal' if good else 'NOT EQUAL'}: {OUT.relative_to(ROOT)}")
    sys.exit(not good)


def write(killed: Sequence[Any], cases: Sequence[Any]) -> bool:
    """Write the tables; whether everything came to the same."""
    from support.drills import table

    good = all(row.same_hash and row.same_counts for row in killed) and equal(cases)
    minutes = sum(row.seconds for row in (*killed, *cases)) / 60
    parts = [
        "# Drills\n\nMade by `make drills` on 2 cores; not edited by hand.",
        f"## Killed while it builds\n\n{table(list(killed))}" if killed else "",
        f"## The same recipe under all circumstances\n\n{matrix_table(cases)}" if cases else "",
        f"{'All releases and counts are equal' if good else 'NOT EQUAL'}; {minutes:.0f} minutes of builds.\n",
    ]
    OUT.write_text("\n\n".join(filter(None, parts)), encoding="utf-8")
    return good


if __name__ == "__main__":
    main()
