"""Audits of texts, splits and fields: what they take, and from how strong a fault on they find it.

    .venv/bin/python benchmarks/audits.py time --samples 200000
    .venv/bin/python benchmarks/audits.py power --draws 50

Times are those of one process, with what it took to import; memory is the peak of the whole process, tables included.
"""

import argparse
import io
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import IO, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from affectory.quality.audits._audited import Audit, run
from affectory.quality.audits._data import AuditData
from affectory.quality.audits.balance import Balance
from affectory.quality.audits.keywords import Keywords
from affectory.quality.audits.leakage import Leakage
from affectory.quality.audits.shortcuts import Shortcuts
from affectory.schemas.derived import LABELS, SAMPLES
from affectory.schemas.taxonomy import load_taxonomy

TAXONOMY = load_taxonomy("ekman-7")
AUDITS: dict[str, Audit] = {
    "leakage": Leakage(),
    "keywords": Keywords(),
    "shortcuts": Shortcuts(),
    "balance": Balance(),
}
WORDS, EACH, PART = 5000, 12, 20_000
Numbers = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Held:
    """A part in memory."""

    data: bytes

    def open(self, mode: Literal["rb"], /) -> IO[bytes]:
        return io.BytesIO(self.data)


@dataclass(frozen=True)
class World:
    """Texts by speakers; in a share of them a word, or a field, tells the label."""

    count: int
    seed: int = 0
    word: float = 0.0
    field: float = 0.0
    speakers: int = 0

    def data(self) -> AuditData:
        rng = np.random.default_rng(self.seed)
        who = rng.integers(0, self.speakers or max(4, self.count // 20), self.count)
        label = rng.integers(0, len(TAXONOMY.labels), self.count)
        ids = [f"s_{number:024x}" for number in rng.integers(0, 2**62, self.count)]
        splits = np.where(who % 10 < 8, "train", np.where(who % 10 == 8, "validation", "test"))
        tables = {"samples": self._samples(rng, ids, who, label), "labels": _labels(ids, label)}
        parts = {
            name: [_part(table.slice(at, PART)) for at in range(0, self.count, PART)] for name, table in tables.items()
        }
        where = pa.table({"sample_id": ids, "split": splits.tolist()})
        return AuditData(parts, where, TAXONOMY, "vote_share")

    def _samples(self, rng: np.random.Generator, ids: list[str], who: Numbers, label: Numbers) -> pa.Table:
        common = np.minimum(rng.zipf(1.3, (self.count, EACH)), WORDS)
        told = np.where(rng.random(self.count) < self.word, label, rng.integers(0, 7, self.count))
        texts = [
            f"{' '.join(f'w{w}' for w in line)} hint{at}"
            for line, at in zip(common.tolist(), told.tolist(), strict=True)
        ]
        rooms = np.where(rng.random(self.count) < self.field, label, rng.integers(0, 7, self.count))
        columns = {
            "sample_id": pa.array(ids),
            "kind": pa.array(["text"] * self.count),
            "source": pa.array(["corpus"] * self.count),
            "uri": pa.array(["lines.jsonl"] * self.count),
            "speaker": pa.array([f"p_{s}" for s in who.tolist()]),
            "dialogue": pa.array([f"d_{s}" for s in who.tolist()]),
            "text": pa.array(texts),
            "extra": pa.array([[("room", f"room {r}"), ("floor", f"{n % 9}")] for n, r in enumerate(rooms.tolist())],
                              pa.map_(pa.string(), pa.string())),
        }  # fmt: skip
        anchor = [{"record": f"r{name}"} for name in ids]
        return SAMPLES.cast(pa.table(columns | {"anchor": pa.array(anchor, SAMPLES.schema.field("anchor").type)}))


def _labels(ids: list[str], label: Numbers) -> pa.Table:
    count, same = len(ids), {"taxonomy": TAXONOMY.name, "perspective": "perceived", "whose": "", "modalities": "text"}
    same |= {"pool": "human", "rule": "vote_share", "space": "simplex"}
    values = np.eye(len(TAXONOMY.labels), dtype=np.float32)[label]
    columns = {name: pa.array([value] * count) for name, value in same.items()}
    columns |= {"sample_id": pa.array(ids), "values": pa.array(list(values), pa.list_(pa.float32()))}
    return LABELS.cast(pa.table(columns | {"count": pa.array([3] * count, pa.int32())}))


def _part(table: pa.Table) -> Held:
    file = io.BytesIO()
    pq.write_table(table, file)
    return Held(file.getvalue())


def times(count: int) -> Iterator[str]:
    data = World(count).data()
    yield f"{'audit':10} {'samples':>9} {'s':>7} {'peak MB':>8}"
    yield f"{'(tables)':10} {count:9,} {'':7} {_peak():8.0f}"
    for name, audit in AUDITS.items():
        start = time.process_time()
        [found] = run([audit], data)
        yield f"{name:10} {count:9,} {time.process_time() - start:7.1f} {_peak():8.0f}  {found.verdict}"


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def power(draws: int) -> Iterator[str]:
    """How often a fault of each strength is found, at three sizes."""
    yield f"{'audit':10} {'samples':>8} " + " ".join(f"{share:>6.0%}" for share in SHARES)
    planted: dict[str, tuple[Audit, Callable[[World, float], World]]] = {
        "keywords": (Keywords(times=199, told=0), lambda world, share: replace(world, word=share)),
        "shortcuts": (Shortcuts(times=199, told=0), lambda world, share: replace(world, field=share)),
    }
    for name, (audit, plant) in planted.items():
        for count in (100, 400, 1600):
            found = [_found(audit, plant, count, share, draws) for share in SHARES]
            yield f"{name:10} {count:8,} " + " ".join(f"{rate:6.0%}" for rate in found)


SHARES = (0.0, 0.1, 0.2, 0.4, 0.6)


def _found(audit: Audit, plant: Callable[[World, float], World], count: int, share: float, draws: int) -> float:
    worlds = (plant(World(count, seed, speakers=max(8, count // 10)), share) for seed in range(draws))
    return float(np.mean([run([audit], world.data())[0].verdict != "clean" for world in worlds]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["time", "power"])
    parser.add_argument("--samples", type=int, default=200_000)
    parser.add_argument("--draws", type=int, default=50)
    asked = parser.parse_args()
    for line in times(asked.samples) if asked.what == "time" else power(asked.draws):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
