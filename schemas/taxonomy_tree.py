"""How entries hang together: tiers found from parents, the entries asked at a tier, what a word means there."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from affectory.schemas.taxonomy_parts import Entry, did_you_mean, word_key

DEEPEST = 50
"""Tiers that a tree may have: more is a mistake, or an attack."""


def expand(given: Any) -> Any:
    """Entries as written - names, mappings, `children` nested in them - as a flat list of mappings."""
    return list(_flat(given, None, 0)) if isinstance(given, Sequence) and not isinstance(given, str) else given


def _flat(given: Sequence[Any], parent: str | None, tier: int) -> Iterator[Any]:
    if tier > DEEPEST:
        raise ValueError(f"entry {parent!r}: deeper than {DEEPEST} tiers")
    for item in given:
        entry = {"name": item} if isinstance(item, str) else item
        if not isinstance(entry, Mapping):
            yield entry
            continue
        children: Any = entry.get("children")
        nested = {"parent": parent, "tier": tier} if tier else {}
        if nested and ("parent" in entry or "tier" in entry):
            raise ValueError(f"entry {entry.get('name')!r}: it is nested, so its parent and tier are known already")
        nests = isinstance(children, list | tuple)
        yield {**{k: v for k, v in entry.items() if k != "children" or not nests}, **nested}
        if nests:
            yield from _flat(children, entry.get("name"), _tier_below(entry, tier))


def _tier_below(entry: Mapping[str, Any], tier: int) -> int:
    own = tier or entry.get("tier") or (1 if entry.get("parent") is None else None)
    if not isinstance(own, int):
        raise ValueError(f"entry {entry.get('name')!r}: say its tier in numbers, since it has children")
    return own + 1


def arrange(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """The entries with their tiers, children after their parent and in declared order otherwise."""
    if not entries:
        raise ValueError("there are none")
    parents = _parents(entries)
    paths = [_path(i, parents, entries) for i in range(len(entries))]
    for entry, path in zip(entries, paths, strict=True):
        if entry.tier not in (0, len(path)):
            raise ValueError(f"entry {entry.name!r}: declared on tier {entry.tier}, but it is on tier {len(path)}")
    counts = Counter((word_key(e.name), len(p)) for e, p in zip(entries, paths, strict=True))
    for (name, tier), count in counts.items():
        if count > 1:
            raise ValueError(f"entry {name!r}: named {count} times on tier {tier}")
    order = sorted(range(len(entries)), key=paths.__getitem__)
    return tuple(_on_tier(entries[i], len(paths[i])) for i in order)


def _on_tier(entry: Entry, tier: int) -> Entry:
    return entry if entry.tier == tier else entry.model_copy(update={"tier": tier})


def _parents(entries: Sequence[Entry]) -> list[int | None]:
    named: dict[str, list[int]] = {}
    for i, entry in enumerate(entries):
        named.setdefault(entry.name, []).append(i)
    return [_parent(entry, entries, named) for entry in entries]


def _parent(entry: Entry, entries: Sequence[Entry], named: Mapping[str, list[int]]) -> int | None:
    if entry.parent is None:
        if entry.tier > 1:
            raise ValueError(f"entry {entry.name!r}: an orphan, on tier {entry.tier} without a parent")
        return None
    found = [i for i in named.get(entry.parent, []) if not entry.tier or _may_be_on(entries[i], entry.tier - 1)]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"entry {entry.name!r}: {entry.parent!r} is on several tiers, so say this one's tier")
    raise ValueError(f"entry {entry.name!r}: unknown parent {entry.parent!r}{did_you_mean(entry.parent, named)}")


def _may_be_on(entry: Entry, tier: int) -> bool:
    return tier == 1 if entry.parent is None else entry.tier in (0, tier)


def _path(start: int, parents: Sequence[int | None], entries: Sequence[Entry]) -> tuple[int, ...]:
    path = {start: None}
    while (above := parents[next(reversed(path))]) is not None:
        if above in path:
            names = " > ".join(entries[i].name for i in [*path, above])
            raise ValueError(f"entry {entries[start].name!r}: its parents run in a circle, {names}")
        if len(path) == DEEPEST:
            raise ValueError(f"entry {entries[start].name!r}: deeper than {DEEPEST} tiers")
        path[above] = None
    return tuple(reversed(path))


def cut(entries: Sequence[Entry], tier: int) -> Iterator[tuple[Entry, Entry | None]]:
    """Each arranged entry with the one asked for it at `tier`: itself, an ancestor, or none where it is too coarse.

    A branch that ends above the tier is asked by its last entry, so that the labels of a tier cover the whole tree.
    """
    path: list[Entry] = []
    for entry, after in zip_longest(entries, entries[1:]):
        path[entry.tier - 1 :] = [entry]
        if entry.tier >= tier:
            yield entry, path[tier - 1]
        else:
            yield entry, entry if after is None or after.tier <= entry.tier else None


def words_at(entries: Sequence[Entry], tier: int, words: Callable[[Entry], Iterable[str]]) -> dict[str, Entry]:
    """Every word that means one of the entries asked at `tier`; a word for two of them is an error.

    The words of an entry that is too coarse mean there what its own name means (Parrott's joy is a word on all tiers),
    unless a finer entry has them too.
    """
    meant: dict[str, Entry] = {}
    coarse = []
    for entry, asked in cut(entries, tier):
        if asked is None:
            coarse.append(entry)
            continue
        for word in words(entry):
            if (other := meant.setdefault(word_key(word), asked)) is not asked:
                raise ValueError(f"entry {entry.name!r}: {word!r} means {other.name!r} already")
    for entry in sorted(coarse, key=lambda e: -e.tier):
        if asked := meant.get(word_key(entry.name)):
            meant = {**{word_key(word): asked for word in words(entry)}, **meant}
    return meant
