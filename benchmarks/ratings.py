"""Many ratings: the first import, one changed rating, a plan and a build with nothing to do.

    .venv/bin/python benchmarks/ratings.py

Times and peak memory are those of whole processes. `import` brings the ratings into the ledger and stops before
anything is built.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

MOODS = ("joy", "sadness", "anger", "fear")
RECIPE = {
    "dataset": "many-ratings",
    "taxonomy": "ekman-7",
    "sources": [{"kind": "jsonl", "name": "lines", "path": "lines.jsonl", "text": "body", "key": "id"}],
    "ratings": [
        {"kind": "csv", "path": "ratings.csv", "of": "lines", "target": "id", "rater": "rater", "label": "emotion"}
    ],
}
IMPORT = """
import sys
from pathlib import Path
from affectory.pipelines.bind import bind
from affectory.pipelines.build import Options, importer, scan_sources
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.recipe.load import load_recipe
folder = Path(sys.argv[1])
bound, workspace = bind(load_recipe(folder / "recipe.yaml")), Workspace(folder / "workspace")
options = Options(workspace.root, folder / "releases")
with workspace.lease() as lease:
    scan = scan_sources(bound, workspace, options, lease.epoch)
    importer(bound, workspace, options, scan, lease.epoch).run()
"""
CLI = "from affectory.pipelines.cli import main; main()"


def write(folder: Path, ratings: int, each: int, changed: bool = False) -> None:
    """Lines of text, each rated by `each` people; or the same with another label in the first rating."""
    lines = range(-(-ratings // each))
    rows = [[f"l{n}", f"rater{(n + r) % (5 * each)}", MOODS[(n + r) % 4]] for n in lines for r in range(each)][:ratings]
    if changed:
        rows[0][2] = "disgust"
    with (folder / "ratings.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["id", "rater", "emotion"], *rows])
    bodies = [json.dumps({"id": f"l{n}", "body": f"Line {n}: I feel {MOODS[n % 4]} today."}) for n in lines]
    (folder / "lines.jsonl").write_text("\n".join(bodies) + "\n")
    (folder / "recipe.yaml").write_text(yaml.safe_dump(RECIPE))


def measure(what: str, code: str, *arguments: str) -> None:
    """Run Python code in a process of its own and print a line of the table."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=told, stderr=told)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        told.seek(0)
        if process.returncode:
            sys.exit(f"{what} failed:\n{told.read()}")
    print(f"{what:<40}{time.perf_counter() - start:>9.1f}{usage.ru_maxrss / 1024:>10.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ratings", type=int, default=200_000, help="how many (default 200000)")
    parser.add_argument("--each", type=int, default=10, help="how many people rate a line (default 10)")
    asked = parser.parse_args()
    print(f"{f'{asked.ratings} ratings':<40}{'seconds':>9}{'peak MiB':>10}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        where = ("--workspace", f"{folder}/workspace")
        build = ("build", f"{folder}/recipe.yaml", *where, "--releases", f"{folder}/releases", "--workers", "0")
        write(folder, asked.ratings, asked.each)
        measure("import, first", IMPORT, name)
        measure("import, nothing changed", IMPORT, name)
        measure("build, first", CLI, *build)
        measure("plan, nothing to do", CLI, "plan", f"{folder}/recipe.yaml", *where)
        measure("build, nothing to do", CLI, *build)
        write(folder, asked.ratings, asked.each, changed=True)
        measure("plan, one rating changed", CLI, "plan", f"{folder}/recipe.yaml", *where)
        measure("import, one rating changed", IMPORT, name)
        measure("build, one rating changed", CLI, *build)


if __name__ == "__main__":
    main()
