"""The fit of near-duplicates: units that share a key are compared, those that are alike make groups, and of each group
it is decided who is kept. Every step brings rows together that have a name in common, so no step needs all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.schemas.ids import digest
from affectory.transforms.base import Columns, Rejected, Result
from affectory.transforms.dataset._alike import Way, packed
from affectory.transforms.dataset._content import SIGNATURES
from affectory.transforms.dataset._units import MEMORY, shaped, to_units, united
from affectory.transforms.fitting import Fitted, Ground, Rows
from affectory.transforms.rows import set_column

TOLD: Columns = {"_group": pa.string(), "_instead": pa.string()}
MOST = 32
"""Of units that share a key each is compared with so many, the first ones: what is alike to many is alike to those."""
_AT_ONCE = 1 << 16


def _texts(*names: str) -> pa.Schema:
    return pa.schema([(name, pa.string()) for name in names])


_PAIRS = _texts("high", "low")
_LOOKS = pa.schema([("node", pa.string()), ("looks", pa.binary())])
_MEET = pa.schema([*_LOOKS, *_PAIRS, ("other", pa.binary())])
_ROOTED = _texts("node", "root", "other", "unit", "group", "instead", "show")
_DECIDING = _texts("root", "high", "low", "node", "unit", "group", "instead", "show")
_DECIDED = _texts("unit", "group", "instead", "show")
_TOLD = pa.schema([*_DECIDED, ("part", pa.int64()), ("sample_id", pa.string())])


@dataclass(frozen=True)
class _As:
    """Rows marked as what they are."""

    rows: Rows
    what: str

    def read(self) -> pa.Table:
        table = self.rows.read()
        return table.append_column("what", pa.repeat(self.what, table.num_rows))


def _marked(parts: Sequence[Rows], what: str) -> list[Rows]:
    return [_As(part, what) for part in parts]


def fit(ground: Ground, memory: Sequence[Rows], ways: Sequence[Way], exact: bool, one: bool) -> Fitted:
    """Groups of units that are alike, and with `one` whom of them to keep."""
    nodes = ground.meet("units", [*ground.signs, *memory], "_unit", to_units, united).rows("nodes")
    edges = list(ground.meet("exact", nodes, "exact", _with_content, _the_same).rows("edges")) if exact else []
    for way in ways:
        edges += _alike(ground, nodes, way)
    decided = _decided(ground, nodes, edges, one) if edges else []
    met = ground.meet("told", [*ground.signs, *decided], "unit", _to_samples, _told)
    return Fitted(met.rows("told"), met.rows("memory"))


def _alike(ground: Ground, nodes: Sequence[Rows], way: Way) -> Sequence[Rows]:
    """Pairs that have a key in common, looked up on one side and then compared on the other."""
    name = way.column.strip("_")
    pairs = ground.meet(f"{name}-keys", nodes, "key", _Keys(way), _candidates).rows("pairs")
    if not pairs:
        return []
    looked_up = ground.meet(f"{name}-low", [*nodes, *pairs], "node", _Side(way.column, "low"), _looked_up).rows("pairs")
    side, compared = _Side(way.column, "high"), _Compared(way)
    return ground.meet(f"{name}-high", [*nodes, *looked_up], "node", side, compared).rows("edges")


def _decided(ground: Ground, nodes: Sequence[Rows], edges: Sequence[Rows], one: bool) -> Sequence[Rows]:
    stars = ground.connected(edges)
    parts = [*_marked(stars, "star"), *_marked(edges, "edge"), *_marked(nodes, "node")]
    rooted = ground.meet("roots", parts, "node", _to_roots, _rooted)
    here = [*rooted.rows("edges"), *rooted.rows("members")]
    return ground.meet("decide", here, "root", _to_decide, _Decide(one)).rows("decided")


def _with_content(nodes: pa.Table) -> pa.Table:
    return nodes.select(["exact", "node", "record"]).filter(pc.is_valid(nodes.column("exact")))


def _the_same(rows: pa.Table) -> Mapping[str, pa.Table]:
    """Of units with the same content each belongs to the first one, or to the first of another record."""
    rows = rows.filter(_shared(rows.column("exact").to_pylist()))
    by_content: dict[bytes, list[tuple[str, str]]] = {}
    for exact, node, record in zip(*(rows.column(n).to_pylist() for n in ("exact", "node", "record")), strict=True):
        by_content.setdefault(exact, []).append((node, record))
    edges = []
    for found in by_content.values():
        first = min(found)
        other = min(((node, record) for node, record in found if record != first[1]), default=first)
        pairs = ((node, x) for node, record in found for x, its in (first, other) if its != record)
        edges += [(max(pair), min(pair)) for pair in pairs]
    high, low = (pa.array([edge[i] for edge in sorted(set(edges))], pa.string()) for i in (0, 1))
    return {"edges": pa.table([high, low], schema=_PAIRS)}


def _shared(values: list[bytes]) -> pa.Array:
    seen: set[bytes] = set()
    again = {value for value in values if value in seen or seen.add(value)}  # type: ignore[func-returns-value]
    return pa.array([value in again for value in values], pa.bool_())


@dataclass(frozen=True)
class _Keys:
    """Units under each of their keys."""

    way: Way

    def __call__(self, nodes: pa.Table) -> pa.Table:
        nodes = nodes.filter(pc.is_valid(nodes.column(self.way.column))).combine_chunks()
        at, keys = self.way.keys(nodes.column(self.way.column).combine_chunks())
        found = nodes.select(["node", "record"]).take(pa.array(at))
        return found.append_column("key", packed(keys[:, None]).cast(pa.binary()))


def _candidates(rows: pa.Table) -> Mapping[str, pa.Table]:
    """Pairs of units of different records that have a key in common."""
    rows, keys = _meeting(rows)
    names, rank = _ranked(rows.column("node"))
    order = np.lexsort([rank, keys])
    rank, keys = rank[order], keys[order]
    records = np.asarray(rows.column("record").combine_chunks().dictionary_encode().indices)[order]
    place = np.arange(len(keys))
    start = np.maximum.accumulate(np.where(np.append(True, keys[1:] != keys[:-1])[: len(keys)], place, 0))
    counts = np.minimum(place - start, MOST)
    high = np.repeat(place, counts)
    low = start[high] + np.arange(len(high)) - np.repeat(np.cumsum(counts) - counts, counts)
    apart = (records[high] != records[low]) & (rank[high] != rank[low])
    pairs = np.unique(rank[high[apart]] * len(names) + rank[low[apart]])
    high, low = pairs // max(1, len(names)), pairs % max(1, len(names))
    return {"pairs": pa.table([names.take(pa.array(high)), names.take(pa.array(low))], schema=_PAIRS)}


def _meeting(rows: pa.Table) -> tuple[pa.Table, NDArray[np.uint64]]:
    """The rows whose key is not theirs alone, and the keys."""
    keys = np.frombuffer(rows.column("key").cast(pa.binary(8)).combine_chunks().buffers()[1], np.uint64)[
        : rows.num_rows
    ]
    order = np.argsort(keys)
    same = keys[order][1:] == keys[order][:-1]
    chosen = order[np.append(same, False) | np.append(False, same)]
    return rows.select(["node", "record"]).take(pa.array(chosen)), keys[chosen]


def _ranked(column: pa.ChunkedArray) -> tuple[pa.Array, NDArray[np.int64]]:
    """The sorted names, and the place of each row's name among them."""
    encoded = column.combine_chunks().dictionary_encode()
    order = np.asarray(pc.sort_indices(encoded.dictionary))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return encoded.dictionary.take(pa.array(order)), rank[np.asarray(encoded.indices)]


@dataclass(frozen=True)
class _Side:
    """Signatures of units, and pairs that need them, meet by one side of the pairs."""

    column: str
    side: str

    def __call__(self, rows: pa.Table) -> pa.Table:
        if self.column not in rows.column_names:
            return shaped(rows, _MEET, node=self.side)
        rows = rows.filter(pc.is_valid(rows.column(self.column)))
        return shaped(pa.table([rows.column("node"), rows.column(self.column).cast(pa.binary())], schema=_LOOKS), _MEET)


def _looked_up(rows: pa.Table) -> Mapping[str, pa.Table]:
    """Each pair once, with what the lower of its units looks like."""
    asked = pc.is_valid(rows.column("high"))
    pairs = rows.filter(asked).group_by(_PAIRS.names, use_threads=False).aggregate([])
    return {"pairs": pairs.append_column("other", _looks(pairs.column("low"), rows.filter(pc.invert(asked))))}


def _looks(names: pa.ChunkedArray, nodes: pa.Table) -> pa.ChunkedArray:
    return nodes.column("looks").take(pc.index_in(names, value_set=nodes.column("node").combine_chunks()))


@dataclass(frozen=True)
class _Compared:
    """Of pairs those whose units are alike."""

    way: Way

    def __call__(self, rows: pa.Table) -> Mapping[str, pa.Table]:
        asked = pc.is_valid(rows.column("high"))
        pairs, nodes = rows.filter(asked), rows.filter(pc.invert(asked))
        found = [self._alike(pairs.slice(at, _AT_ONCE), nodes) for at in range(0, pairs.num_rows, _AT_ONCE)]
        return {"edges": pa.concat_tables([_PAIRS.empty_table(), *found])}

    def _alike(self, pairs: pa.Table, nodes: pa.Table) -> pa.Table:
        dtype = SIGNATURES[self.way.column]
        some, others = (
            column.cast(dtype).combine_chunks()
            for column in (_looks(pairs.column("high"), nodes), pairs.column("other"))
        )
        return pairs.select(_PAIRS.names).filter(pa.array(self.way.alike(some, others)))


def _to_roots(rows: pa.Table) -> pa.Table:
    """Stars tell both of their ends the root; edges and units go where that is told."""
    what = rows.column("what")[0].as_py() if rows.num_rows else "node"
    if what == "star":
        ends = [shaped(rows, _ROOTED, node=end, root="low") for end in ("high", "low")]
        return pa.concat_tables(ends)
    return shaped(rows, _ROOTED, node="high", other="low") if what == "edge" else shaped(rows, _ROOTED)


def _rooted(rows: pa.Table) -> Mapping[str, pa.Table]:
    told = rows.filter(pc.is_valid(rows.column("root")))
    root = told.column("root").take(pc.index_in(rows.column("node"), value_set=told.column("node").combine_chunks()))
    rows = rows.set_column(rows.column_names.index("root"), "root", root)
    edges = rows.filter(pc.is_valid(rows.column("other")))
    members = rows.filter(pc.and_(pc.is_valid(rows.column("unit")), pc.is_valid(root)))
    return {
        "edges": edges.select(["root", "node", "other"]).rename_columns(["root", "high", "low"]),
        "members": members,
    }


def _to_decide(rows: pa.Table) -> pa.Table:
    return shaped(rows, _DECIDING)


@dataclass(frozen=True)
class _Decide:
    """Each component gets the group that its units were in, and each unit that is alike to one that is kept, goes."""

    one: bool

    def __call__(self, rows: pa.Table) -> Mapping[str, pa.Table]:
        members = rows.filter(pc.is_valid(rows.column("node"))).sort_by("node")
        units = members.select(["unit", "show", "instead"])
        found = shaped(members, _DECIDED).set_column(1, "group", _groups(members))
        edges = rows.filter(pc.is_valid(rows.column("high")))
        at = self._instead(members, edges) if self.one else np.full(members.num_rows, -1)
        kept = pa.array(at, mask=at < 0)
        for number, name in ((2, "unit"), (3, "show")):
            found = found.set_column(number, _DECIDED.names[number], units.column(name).take(kept))
        return {"decided": found}

    def _instead(self, members: pa.Table, edges: pa.Table) -> NDArray[np.int64]:
        """For each unit, in order, the place of one that is kept and that it is alike to, else -1: it is kept.

        Where one was kept instead before, and still is, it stays that one.
        """
        names, units = (members.column(name).combine_chunks() for name in ("node", "unit"))
        high, low = (np.asarray(pc.index_in(edges.column(side), value_set=names)) for side in ("high", "low"))
        before = np.asarray(pc.fill_null(pc.index_in(members.column("instead"), value_set=units), -1)).tolist()
        found = [-1] * len(names)
        order = np.lexsort([low, high])
        for unit, other in zip(high[order].tolist(), low[order].tolist(), strict=True):
            if found[other] < 0 and (found[unit] < 0 or other == before[unit]):
                found[unit] = other
        return np.array(found, np.int64)


def group_of(unit: str) -> str:
    """The name of a group whose first unit this is."""
    return "d_" + digest("duplicates", unit)[:24]


def _groups(members: pa.Table) -> pa.Array:
    """The group of each unit: its own from before, else that of its component, else one by the first unit's name."""
    by_root = members.select(["root", "group", "unit"]).group_by("root", use_threads=False)
    found = by_root.aggregate([("group", "min"), ("unit", "first")])
    new = pa.array(map(group_of, found.column("unit_first").to_pylist()), pa.string())
    groups = pc.coalesce(found.column("group_min"), new)
    own = groups.take(pc.index_in(members.column("root"), value_set=found.column("root").combine_chunks()))
    return pc.coalesce(members.column("group"), own)


def _to_samples(rows: pa.Table) -> pa.Table:
    return shaped(rows, _TOLD, unit="_unit") if "_unit" in rows.column_names else shaped(rows, _TOLD)


def _told(rows: pa.Table) -> Mapping[str, pa.Table]:
    """What is decided of units is told to their samples, and remembered."""
    signed = pc.is_valid(rows.column("part"))
    samples, decided = rows.filter(signed), rows.filter(pc.invert(signed))
    at = pc.index_in(samples.column("unit"), value_set=decided.column("unit").combine_chunks())
    columns = {name: decided.column(name).take(at) for name in ("group", "instead", "show")}
    told = {"part": samples.column("part"), "sample_id": samples.column("sample_id")}
    told |= {"_group": columns["group"], "_instead": columns["show"]}
    memory = pa.table({"unit": samples.column("unit")} | {name: columns[name] for name in ("group", "instead")})
    memory = memory.group_by(MEMORY.names, use_threads=False).aggregate([])
    return {"told": pa.table(told), "memory": memory.select(MEMORY.names)}


def kept(batch: pa.Table) -> Result:
    """Samples with their groups, and why others go. What an earlier use of the step found of others stays."""
    groups = batch.column("_group")
    if "duplicates" in batch.column_names:
        groups = pc.coalesce(groups, batch.column("duplicates"))
    rows = set_column(batch, "duplicates", groups)
    goes = np.asarray(pc.is_valid(batch.column("_instead")))
    why = batch.column("_instead").to_pylist()
    lost = tuple(
        Rejected(int(at), "duplicate", f"nearly or exactly the same as {why[at]}") for at in np.flatnonzero(goes)
    )
    origin = np.flatnonzero(~goes)
    return Result(rows if not lost else rows.take(pa.array(origin)), origin, lost)
