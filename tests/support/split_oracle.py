"""Splits the slow way, sample by sample with dicts: what the columnar code must equal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import pyarrow as pa
import pyarrow.compute as pc

from affectory.schemas.ids import digest

Tokens = Sequence[str]
"""The groups that a sample belongs to: `speaker:p_1`, `record:r_2`."""


@dataclass(frozen=True)
class Placement:
    """A split for every sample, or a reason why it has none."""

    splits: Mapping[str, str]
    conflicts: Mapping[str, str]
    fit: Mapping[str, str]


def tokens_of(samples: pa.Table, by: Sequence[str]) -> dict[str, list[str]]:
    """Each sample's groups; a sample that has none of those asked for is a group of its own record."""
    records = pc.struct_field(samples.column("anchor"), "record").to_pylist()
    columns = {"record": records, "source": records}
    columns |= {name: samples.column(name).to_pylist() for name in ("speaker", "dialogue")}
    named = [("record" if name == "source" else name, columns[name]) for name in by]
    found: dict[str, list[str]] = {}
    for index, sample in enumerate(samples.column("sample_id").to_pylist()):
        tokens = [f"{name}:{values[index]}" for name, values in named if values[index] is not None]
        found[sample] = tokens or [f"record:{records[index]}"]
    return found


def place(tokens: Mapping[str, Tokens], shares: Mapping[str, float], fit: Mapping[str, str]) -> Placement:
    """Place what the fit knows by the fit, and the rest by a hash, so that no order or count matters."""
    groups = _Groups(tokens.values())
    known = _known(groups, fit)
    conflicts = {s: _conflict(known[root]) for s, ts in tokens.items() if len(known[root := groups.root(ts[0])]) > 1}
    placed, out = _own_splits(tokens, conflicts, fit)
    loose = {s: ts for s, ts in tokens.items() if s not in conflicts}
    for sample, ts in loose.items():
        root = groups.root(ts[0])
        placed[sample] = next(iter(known[root])) if known[root] else _drawn(root, shares)
    grown = {**fit, **{t: placed[s] for s, ts in loose.items() for t in ts}}
    return Placement(placed, out, grown)


def _own_splits(
    tokens: Mapping[str, Tokens], conflicts: Mapping[str, str], fit: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Samples that bring together groups of different splits are held back; the others stay where their groups are."""
    placed, held = {}, {}
    for sample, why in conflicts.items():
        own = {fit[t] for t in tokens[sample] if t in fit}
        if len(own) == 1 and all(t in fit for t in tokens[sample]):
            placed[sample] = own.pop()
        else:
            held[sample] = why
    return placed, held


def _known(groups: "_Groups", fit: Mapping[str, str]) -> dict[str, set[str]]:
    known: dict[str, set[str]] = {groups.root(t): set() for t in groups.parent}
    for token, split in fit.items():
        if token in groups.parent:
            known[groups.root(token)].add(split)
    return known


def _conflict(splits: Iterable[str]) -> str:
    return f"it joins groups that are in different splits already: {', '.join(sorted(splits))}; `--refit` moves them"


def _drawn(group: str, shares: Mapping[str, float]) -> str:
    at = int(digest("split", group)[:13], 16) / 16**13
    names = [name for name, share in shares.items() if share > 0]
    edges = accumulate(shares[name] for name in names)
    return next((name for name, edge in zip(names, edges, strict=True) if at < edge), names[-1])


class _Groups:
    """Connected groups: two are one as soon as a sample belongs to both. Each is known by its smallest name."""

    def __init__(self, samples: Iterable[Tokens]) -> None:
        self.parent: dict[str, str] = {}
        for tokens in samples:
            for token in tokens:
                self.parent.setdefault(token, token)
                self._join(tokens[0], token)

    def root(self, token: str) -> str:
        path = []
        while self.parent[token] != token:
            path.append(token)
            token = self.parent[token]
        for passed in path:
            self.parent[passed] = token
        return token

    def _join(self, a: str, b: str) -> None:
        low, high = sorted((self.root(a), self.root(b)))
        self.parent[high] = low
