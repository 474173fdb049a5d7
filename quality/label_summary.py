"""What labels look like as a whole: how many, of whom, what they say, how sure they are."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.schemas.taxonomy import Taxonomy

_NUMBER = re.compile(r"\d+(\.\d+)?")
_MOST_STATES = 8
_KEYS = ("rule", "taxonomy", "space", "perspective", "modalities", "pool")


@dataclass(frozen=True)
class Lot:
    """The labels of one rule, pool, perspective and evidence."""

    rule: str
    taxonomy: str
    space: str
    perspective: str
    modalities: str
    pool: str
    labels: int
    opinions: int
    uncertainty: float | None
    """Its mean."""
    width: float | None
    """How wide intervals are on average."""
    chosen: Mapping[str, int] = field(default_factory=dict)
    """How often each label is among those decided for, or the heaviest (all that tie); `-` where none is."""
    states: Mapping[str, int] = field(default_factory=dict)
    """How often each is said; those that differ in numbers only are one, with # for these."""


@dataclass(frozen=True)
class LabelSummary:
    """All lots, in the order of their rules."""

    lots: tuple[Lot, ...]

    def facts(self) -> list[dict[str, Any]]:
        return [asdict(lot) for lot in self.lots]

    def as_text(self) -> str:
        return "\n\n".join("\n".join(_lines(lot)) for lot in self.lots) or "no labels"


def summary(labels: pa.Table, taxonomy: Taxonomy) -> LabelSummary:
    """Of a table of labels, those in this taxonomy with what they say."""
    kinds = sorted(set(zip(*(labels.column(name).to_pylist() for name in _KEYS), strict=True)))
    return LabelSummary(tuple(_lot(kind, _of(kind, labels), taxonomy) for kind in kinds))


def _of(kind: tuple[str, ...], labels: pa.Table) -> pa.Table:
    for name, value in zip(_KEYS, kind, strict=True):
        labels = labels.filter(pc.equal(labels.column(name), value))
    return labels


def _lot(kind: tuple[str, ...], labels: pa.Table, taxonomy: Taxonomy) -> Lot:
    names = taxonomy.labels if kind[_KEYS.index("taxonomy")] == taxonomy.name else ()
    widths = pc.subtract(*(pc.list_flatten(labels.column(name)) for name in ("high", "low")))
    about = dict(zip(_KEYS, kind, strict=True))
    return Lot(
        rule=about["rule"], taxonomy=about["taxonomy"], space=about["space"], perspective=about["perspective"],
        modalities=about["modalities"], pool=about["pool"],
        labels=labels.num_rows,
        opinions=pc.sum(labels.column("count")).as_py() or 0,
        uncertainty=pc.mean(labels.column("uncertainty")).as_py(),
        width=pc.mean(widths).as_py(),
        chosen=_chosen(labels, names),
        states=_states(labels.column("state").to_pylist()),
    )  # fmt: skip


def _states(said: Sequence[str | None]) -> dict[str, int]:
    there = Counter(filter(None, said))
    kinds = {state: _NUMBER.sub("#", state) for state in there}
    alike = Counter(kinds.values())
    found = Counter[str]()
    for state, count in there.items():
        found[kinds[state] if alike[kinds[state]] > 1 else state] += count
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _chosen(labels: pa.Table, names: Sequence[str]) -> dict[str, int]:
    found = Counter[str]()
    rows = labels.select(["chosen", "values", "names"]).to_pylist()
    for row in rows:
        chosen = row["chosen"]
        if chosen is None and not row["names"] and names:
            chosen = _heaviest(row["values"], names)
        found.update(chosen or ["-"])
    return {} if set(found) == {"-"} else dict(found.most_common())


def _heaviest(values: Sequence[float | None], names: Sequence[str]) -> list[str]:
    most = max((value for value in values if value), default=None)
    return [name for name, value in zip(names, values, strict=False) if value == most] if most else []


def _lines(lot: Lot) -> list[str]:
    about = ", ".join(x for x in (lot.pool, lot.perspective, lot.modalities) if x)
    lines = [f"{lot.rule} in {lot.taxonomy} ({lot.space}; {about})"]
    lines.append(f"  labels       {lot.labels}, from {lot.opinions} opinions")
    measures = [("uncertainty", lot.uncertainty, "on average, 0 sure to 1 open")]
    measures += [("intervals", lot.width, "wide on average")]
    lines += [f"  {name:<12} {value:.3f} {words}" for name, value, words in measures if value is not None]
    if lot.chosen:
        lines.append(
            f"  {'says':<12} "
            + ", ".join(f"{count} {'none' if label == '-' else label}" for label, count in lot.chosen.items())
        )
    states = list(lot.states.items())
    lines += [f"  {'but':<12} {count} {state}" for state, count in states[:_MOST_STATES]]
    more = states[_MOST_STATES:]
    return [*lines, f"  {'but':<12} {sum(n for _, n in more)} in {len(more)} other words"] if more else lines
