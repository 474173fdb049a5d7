"""Who judged in two releases: raters, opinions and samples by kind of rater."""

from collections import Counter
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.consuming.published import Published

Pair = tuple[int, int]


@dataclass(frozen=True)
class Crowd:
    """The raters of one kind in both."""

    kind: str
    raters: Pair
    opinions: Pair
    samples: Pair
    """Those that one of them judged."""


@dataclass
class _Counting:
    raters: dict[str, set[str]] = field(default_factory=dict)
    opinions: Counter[str] = field(default_factory=Counter)
    samples: Counter[str] = field(default_factory=Counter)

    def add(self, rows: pa.Table) -> None:
        kinds = rows.column("rater_kind")
        for kind in pc.unique(kinds).to_pylist():
            mine = rows.filter(pc.equal(kinds, kind))
            self.raters.setdefault(kind, set()).update(pc.unique(mine["rater"]).to_pylist())
            self.opinions[kind] += mine.num_rows
            self.samples[kind] += len(pc.unique(mine["sample_id"]))


def crowds(a: Published, b: Published) -> tuple[Crowd, ...]:
    """By kind of rater how many there are, and how much they judged."""
    old, new = _counted(a), _counted(b)
    return tuple(
        Crowd(
            kind,
            raters=(len(old.raters.get(kind, ())), len(new.raters.get(kind, ()))),
            opinions=(old.opinions[kind], new.opinions[kind]),
            samples=(old.samples[kind], new.samples[kind]),
        )
        for kind in sorted({*old.opinions, *new.opinions})
    )


def _counted(release: Published) -> _Counting:
    found = _Counting()
    for split in release.splits if release.has_opinions else ():
        for rows in release.opinions(split):
            found.add(rows)
    return found
