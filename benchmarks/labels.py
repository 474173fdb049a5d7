"""Many opinions become labels: seconds and peak memory of each rule.

    .venv/bin/python benchmarks/labels.py

Each rule runs in a process of its own, on two processors, with one file of opinions that are in the order of their
ids, as the pipeline has them; `--shuffled` has them in any order. Making the opinions is shown apart, `nothing` only
reads them. `seconds` are of the whole process, `CPU s` what it kept processors busy, `read` and `rule` parts of it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

CORES = 2
LABELS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
RULES = ("nothing", "vote_share", "fer_plus", "plurality", "all_inclusive", "intensity_mean", "bayes")


def made(path: Path, opinions: int, samples: int, raters: int, shuffled: bool) -> None:
    """Write opinions: one label each, mostly that of the sample; every rater is as good as their number says."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from affectory.schemas.derived import OPINIONS_TABLE

    rng = np.random.default_rng(0)
    about, rater = rng.permutation(np.arange(opinions) % samples), rng.integers(raters, size=opinions)
    label = np.where(
        rng.random(opinions) < 0.4 + 0.5 * rater / raters, about % len(LABELS), rng.integers(len(LABELS), size=opinions)
    )
    order = rng.permutation(opinions) if shuffled else np.arange(opinions)
    columns = {
        "opinion_id": pa.array([f"j_{n:024x}" for n in order]),
        "sample_id": pa.array([f"s_{n * 2654435761 % 2**32:024x}" for n in about.tolist()]),
        "rater": pa.array([f"p_{n:06}" for n in rater]),
        **_same(opinions),
        "answer": _answers(np.eye(len(LABELS), dtype=np.float32)[label]),
    }
    absent = {c.name: pa.nulls(opinions, c.type) for c in OPINIONS_TABLE.columns if c.name not in columns}
    pq.write_table(OPINIONS_TABLE.cast(pa.table({**columns, **absent})), path)


def _same(rows: int) -> dict[str, Any]:
    """What all opinions have in common."""
    import numpy as np
    import pyarrow as pa

    from affectory.schemas.types import ASKED

    asked = {"question": "which emotion?", "labels": list(LABELS), "response": "simplex"}
    asked |= {"taxonomy": "ferplus", "taxonomy_hash": taxonomy().hash}
    texts = {"rater_kind": "human", "perspective": "perceived", "modalities": ["image"]}
    scalars = {"asked": pa.scalar(asked, ASKED), **{name: pa.scalar(value) for name, value in texts.items()}}
    nowhere = pa.array(np.zeros(rows, np.int64))
    return {name: pa.array([scalar.as_py()], scalar.type).take(nowhere) for name, scalar in scalars.items()}


def _answers(weights: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    from affectory.schemas.types import ANSWER

    rows, each = weights.shape
    lists = pa.ListArray.from_arrays(pa.array(np.arange(rows + 1, dtype=np.int32) * each), pa.array(weights.ravel()))
    parts = [lists if field.name == "weights" else pa.nulls(rows, field.type) for field in ANSWER]
    return pa.StructArray.from_arrays(parts, fields=list(ANSWER))


def taxonomy() -> Any:
    from affectory.schemas.taxonomy import parse_taxonomy

    return parse_taxonomy({"name": "ferplus", "entries": list(LABELS)})


def labelled(rule: str, path: Path) -> None:
    """Read the opinions, make one rule's labels, and print the seconds that each of it took."""
    import pyarrow.parquet as pq

    started = time.perf_counter()
    opinions = pq.read_table(path)
    read = time.perf_counter()
    if rule == "nothing":
        print(f"{read - started:.1f} 0.0 0")
        return
    labels = _labels(rule, opinions)
    print(f"{read - started:.1f} {time.perf_counter() - read:.1f} {labels.num_rows}")


def _labels(rule: str, opinions: Any) -> Any:
    from affectory.pipelines import discovery
    from affectory.transforms.views._base import FittedView

    view = discovery.public_class(discovery.modules("views")[rule])()
    if not isinstance(view, FittedView):
        return view.view(opinions, taxonomy())
    evidence = view.evidence(opinions, taxonomy()).sort_by([("sample_id", "ascending"), ("opinion_id", "ascending")])
    return view.placed(opinions, taxonomy(), view.fit(evidence, taxonomy()))


def measured(what: str, *arguments: str) -> None:
    """Run a part of this script on two processors and print a line of the table."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as told:
        environment = {**os.environ, "OMP_NUM_THREADS": str(CORES), "ARROW_NUM_THREADS": str(CORES)}
        process = subprocess.Popen([sys.executable, __file__, *arguments], stdout=told, stderr=told, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        told.seek(0)
        said = told.read()
    if process.returncode:
        sys.exit(f"{what} failed:\n{said}")
    read, ruled, rows = said.split() or ("", "", "")
    took, busy = time.perf_counter() - started, usage.ru_utime + usage.ru_stime
    print(f"{what:<24}{took:>8.1f}{busy:>8.1f}{read:>8}{ruled:>8}{rows:>10}{usage.ru_maxrss / 1024:>10.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--opinions", type=int, default=1_000_000, help="how many (default 1000000)")
    parser.add_argument("--samples", type=int, default=200_000, help="about how many samples (default 200000)")
    parser.add_argument("--raters", type=int, default=2_000, help="by how many people (default 2000)")
    parser.add_argument("--shuffled", action="store_true", help="not in the order of their ids")
    parser.add_argument("--rules", nargs="+", default=RULES, help=f"default: {' '.join(RULES)}")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--rule", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.make:
        made(asked.make, asked.opinions, asked.samples, asked.raters, asked.shuffled)
    elif asked.rule:
        labelled(asked.rule[0], Path(asked.rule[1]))
    else:
        compare(asked)


def compare(asked: argparse.Namespace) -> None:
    from affectory.pipelines import discovery

    known = discovery.modules("views")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    print(f"{asked.opinions} opinions over {asked.samples} samples, {CORES} processors")
    print(f"{'':<24}{'seconds':>8}{'CPU s':>8}{'read':>8}{'rule':>8}{'labels':>10}{'peak MiB':>10}")
    sizes = ("--opinions", str(asked.opinions), "--samples", str(asked.samples), "--raters", str(asked.raters))
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/opinions.parquet"
        measured("making the opinions", "--make", path, *sizes, *(["--shuffled"] if asked.shuffled else []))
        for rule in asked.rules:
            if rule == "nothing" or rule in known:
                measured(rule, "--rule", rule, path)
            else:
                print(f"{rule:<24}there is no such rule: transforms/views/{rule}.py")


if __name__ == "__main__":
    main()
