"""Splits of more samples than one process should hold, by exchanges on the engine: the same as `splits.place` gives.

Samples of a record lie in one partition, so each part of samples is connected on its own first. Its groups then go by
the name of the smallest they are connected to there, their node; only nodes that share a group have to meet. The
process that calls for it holds, for each million, 40 MB of samples with their splits and, packed, 30 MB of groups.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.columns import firsts
from affectory.pipelines.connecting import EDGES, connected
from affectory.pipelines.exchanges import Exchanges, Found, Outcome, Rows, by_key, distinct_rows, filled
from affectory.pipelines.splits import (
    CONFLICTS,
    FIT,
    NARROW,
    SPLITS,
    Memberships,
    conflict,
    drawn,
    memberships_of,
    narrow,
)
from affectory.pipelines.store.commits import CommitStore
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.derived import SAMPLES
from affectory.schemas.parquet import read_parquet

_AND = ", "
"""Between the names of splits, none of which has a comma."""


def _texts(*names: str) -> pa.Schema:
    return pa.schema([(name, pa.string()) for name in names])


_LIST, _PART = pa.list_(pa.string()), ("part", pa.int64())
_MEET, _OWN = _texts("group", "node", "split"), pa.schema([*_texts("group", "split"), _PART])
_JOIN, _DECIDE = _texts("node", "root", "split"), _texts("root", "node", "split")
_DECIDED = _texts("node", "root", "splits")
_ASK = pa.schema([*_DECIDED, _PART])
_GIVE = pa.schema([*_ASK, ("keys", _LIST)])
_TORN = pa.schema([_PART, *CONFLICTS, ("groups", _LIST)])
_SETTLE = pa.schema([*_TORN, *_texts("group", "split")])


def samples_of(commits: CommitStore, keys: Sequence[str]) -> pa.Table:
    """What decides about the splits of the samples that were committed under some keys."""
    found = (commits.read(commits.get(key), "samples", list(NARROW)) for key in keys)
    none = narrow(SAMPLES.schema.empty_table())
    return pa.concat_tables([none, *(narrow(table).cast(none.schema) for table in found if table is not None)])


@dataclass(frozen=True)
class SamplesPart:
    """Some partitions whose samples are read together, known by a number."""

    number: int
    workspace: str
    keys: tuple[str, ...]
    by: tuple[str, ...]

    def members(self) -> Memberships:
        return memberships_of(samples_of(Workspace(self.workspace).commits(), self.keys), self.by)


@dataclass(frozen=True)
class ExchangedPlacement:
    """Where an exchange put samples and groups: tables in order, the fit piece by piece as it may be large."""

    splits: pa.Table
    conflicts: pa.Table
    fit: Outcome

    def pieces(self) -> Iterator[pa.Table]:
        """The fit as it is now, in the order of its groups."""
        yield from (read_parquet(part).cast(FIT) for part in self.fit.parts("rows"))

    @property
    def fit_changed(self) -> bool:
        return bool(self.fit.facts()["changed"])

    @property
    def moved(self) -> int:
        """How many groups are in another split than they were."""
        return self.fit.facts()["moved"]


@dataclass(frozen=True)
class Placing:
    """Places samples by exchanges. `fit` holds row groups of the fit; a refit only compares with it."""

    exchanges: Exchanges
    samples: Sequence[SamplesPart]
    shares: Mapping[str, float]
    fit: Sequence[Rows]
    refit: bool

    def place(self) -> ExchangedPlacement:
        """A split or a reason for every sample, and the fit that comes of it."""
        given = self._given(self._decided(self._meet()))
        settled = self._settled(given) if given.facts()["torn"] else None
        return ExchangedPlacement(self._splits(given, settled), _conflicts(settled), self._fit(given))

    @property
    def _binding(self) -> Sequence[Rows]:
        return () if self.refit else self.fit

    def _meet(self) -> Outcome:
        read = _Meet(self.exchanges.buckets, every_group=bool(self._binding))
        return self.exchanges.run("meet", [*self.samples, *self._binding], read, _met)

    def _decided(self, met: Outcome) -> list[Rows]:
        """For nodes that met others, or that the fit knows: their component and in which splits it is."""
        stars = connected(self.exchanges, _rows(met, "edges"), met.facts()["edges"])
        known = _rows(met, "known")
        if stars and known:
            known = _rows(self.exchanges.run("join", [*stars, *known], self._keyed("node", _JOIN), _joined), "known")
        elif known:
            known = [Rows(rows.part, renamed={"node": "root"}) for rows in known]
        if not stars and not known:
            return []
        decided = self.exchanges.run("decide", [*stars, *known], self._keyed("root", _DECIDE), _decide)
        return _rows(decided, "decided")

    def _given(self, decided: Sequence[Rows]) -> Outcome:
        """Each part asks what was decided of its nodes, and gives its own samples their splits: they stay where they
        are, however many of them are of one node."""
        told: list[Rows] = []
        if decided:
            ask = _Ask(self.exchanges.buckets)
            told = _rows(self.exchanges.run("ask", [*self.samples, *decided], ask, _asked), "told")
        return self.exchanges.run("give", [*self.samples, *told], _by_part, _Given(self.samples[0], self.shares))

    def _keyed(self, key: str, schema: pa.Schema) -> "_Stars":
        return _Stars(key, self.exchanges.buckets, schema)

    def _settled(self, given: Outcome) -> Outcome:
        """Samples of torn components stay where all of their groups are already, and are held back otherwise."""
        torn = _rows(given, "torn")
        own = self.exchanges.run("own", [*torn, *self._binding], _Own(self.exchanges.buckets), _owned)
        return self.exchanges.run("settle", [*_rows(own, "own"), *torn], _settling, _settle)

    def _splits(self, given: Outcome, settled: Outcome | None) -> pa.Table:
        parts = _rows(given, "placed") + (_rows(settled, "placed") if settled else [])
        placed = self.exchanges.in_order("splits", parts, "sample_id", _in_order)
        return pa.concat_tables([SPLITS.empty_table(), *(read_parquet(part) for part in placed.parts("rows"))])

    def _fit(self, given: Outcome) -> Outcome:
        parts = _rows(given, "grown", old=False) + [Rows(r.part, r.group, extra={"old": True}) for r in self.fit]
        return self.exchanges.in_order("fit", parts, "group", _Grown(self.refit))


def _rows(outcome: Outcome, table: str, **extra: object) -> list[Rows]:
    return [Rows(part, extra=extra) for part in outcome.parts(table)]


def _conflicts(settled: Outcome | None) -> pa.Table:
    parts = settled.parts("conflicts") if settled else ()
    return pa.concat_tables([CONFLICTS.empty_table(), *map(read_parquet, parts)]).sort_by("sample_id")


@dataclass(frozen=True)
class _Meet:
    """Groups of samples with their nodes, and groups of the fit with their splits, meet by group."""

    buckets: int
    every_group: bool

    def __call__(self, part: SamplesPart | Rows) -> pa.Table:
        rows = part.read() if isinstance(part, Rows) else self._nodes(part.members())
        return by_key(filled(rows, _MEET), "group", self.buckets)

    def _nodes(self, members: Memberships) -> pa.Table:
        rows = pa.table([members.groups, members.groups.take(pa.array(members.roots()))], ["group", "node"])
        # Records are in no other part, so only the fit may know more of them.
        return rows if self.every_group else rows.filter(pc.invert(pc.starts_with(rows["group"], "record:")))


def _met(bucket: int, rows: pa.Table) -> Found:
    """Nodes that share a group are connected; the first of them takes what the fit knows of the group."""
    nodes = distinct_rows(rows.filter(pc.is_valid(rows["node"])).select(["group", "node"]))
    first = nodes.filter(pa.array(firsts(nodes["group"])))
    low = _joined_to(nodes["group"], first, "group", "node")
    edges = distinct_rows(pa.table([nodes["node"], low], schema=EDGES)).filter(pc.field("high") != pc.field("low"))
    fit = rows.filter(pc.is_valid(rows["split"]))
    known = pa.table([_joined_to(fit["group"], first, "group", "node"), fit["split"]], ["node", "split"])
    found = {"edges": edges, "known": distinct_rows(known.filter(pc.is_valid(known["node"])))}
    return Found(found, {"edges": edges.num_rows})


def _joined_to(keys: pa.ChunkedArray, table: pa.Table, key: str, value: str) -> pa.ChunkedArray:
    """For each key the value beside it in a table, null where it is not there."""
    return table.column(value).take(pc.index_in(keys, value_set=table.column(key).combine_chunks()))


@dataclass(frozen=True)
class _Stars:
    """Reads edges as nodes with their root, beside rows of other tables."""

    key: str
    buckets: int
    schema: pa.Schema

    def __call__(self, part: Rows) -> pa.Table:
        rows = part.read()
        rows = rows.rename_columns(["node", "root"]) if rows.column_names == EDGES.names else rows
        return by_key(filled(rows, self.schema), self.key, self.buckets)


def _joined(bucket: int, rows: pa.Table) -> Found:
    """What is known of a node is known of its root."""
    stars, known = rows.filter(pc.is_valid(rows["root"])), rows.filter(pc.is_valid(rows["split"]))
    root = pc.coalesce(_joined_to(known["node"], stars, "node", "root"), known["node"])
    return Found({"known": distinct_rows(pa.table([root, known["split"]], ["root", "split"]))})


def _decide(bucket: int, rows: pa.Table) -> Found:
    """Every node of a component, the root among them, learns in which splits the component is already."""
    stars = rows.filter(pc.is_valid(rows["node"])).select(["node", "root"])
    known = distinct_rows(rows.filter(pc.is_valid(rows["split"])).select(["root", "split"]))
    listed = known.group_by("root", use_threads=False).aggregate([("split", "list")])
    splits = pa.table([listed["root"], pc.binary_join(listed["split_list"], _AND)], ["root", "splits"])
    roots = pc.unique(rows["root"])
    nodes = pa.concat_tables([stars, pa.table([roots, roots], ["node", "root"])]).combine_chunks()
    said = pc.fill_null(_joined_to(nodes["root"], splits, "root", "splits"), "")
    return Found({"decided": distinct_rows(nodes.append_column("splits", said).select(_DECIDED.names))})


@dataclass(frozen=True)
class _Ask:
    """Nodes of each part, and what was decided of nodes, meet by node."""

    buckets: int

    def __call__(self, part: SamplesPart | Rows) -> pa.Table:
        rows = part.read() if isinstance(part, Rows) else self._nodes(part)
        return by_key(filled(rows, _ASK), "node", self.buckets)

    @staticmethod
    def _nodes(part: SamplesPart) -> pa.Table:
        members = part.members()
        nodes = members.groups.take(pa.array(np.unique(members.roots())))
        return pa.table([nodes, pa.repeat(part.number, len(nodes))], ["node", "part"])


def _asked(bucket: int, rows: pa.Table) -> Found:
    asked, decided = rows.filter(pc.is_valid(rows["part"])), rows.filter(pc.is_valid(rows["root"]))
    root, splits = (_joined_to(asked["node"], decided, "node", name) for name in ("root", "splits"))
    told = pa.table([asked["node"], root, splits, asked["part"]], schema=_ASK).filter(pc.is_valid(root))
    return Found({"told": distinct_rows(told)})


def _by_part(part: SamplesPart | Rows) -> pa.Table:
    """What a part is told goes to the part, and so do the keys of its samples."""
    own = {} if isinstance(part, Rows) else {"part": [part.number], "keys": pa.array([list(part.keys)], _LIST)}
    rows = filled(part.read() if isinstance(part, Rows) else pa.table(own), _GIVE)
    return rows.append_column("bucket", rows["part"])


@dataclass(frozen=True)
class _Given:
    """Every sample of a part gets the split of its component, drawn where it is new; those of torn ones are told
    apart. `like` is any part."""

    like: SamplesPart
    shares: Mapping[str, float]

    def __call__(self, bucket: int, rows: pa.Table) -> Found:
        [keys] = rows["keys"].drop_null().to_pylist()
        decided = rows.filter(pc.is_valid(rows["root"]))
        samples = _with_groups(replace(self.like, number=bucket, keys=tuple(keys)).members())
        root = pc.coalesce(_joined_to(samples["node"], decided, "node", "root"), samples["node"])
        splits = pc.fill_null(_joined_to(samples["node"], decided, "node", "splits"), "")
        torn = pc.match_substring(splits, _AND)
        samples = samples.append_column("split", self._drawn(root, splits)).append_column("splits_now", splits)
        whole, held = samples.filter(pc.invert(torn)), samples.filter(torn)
        grown = _exploded(whole, "split").rename_columns(["group", "split"])
        found = {"placed": whole.select(SPLITS.names), "grown": distinct_rows(grown), "torn": _torn(held, bucket)}
        return Found(found, {"torn": held.num_rows})

    def _drawn(self, root: pa.ChunkedArray, splits: pa.ChunkedArray) -> pa.ChunkedArray:
        names = list(self.shares)
        new = pc.equal(splits, "")
        roots = pc.unique(root.filter(new))
        codes = drawn(roots, self.shares, names)
        fresh = pa.table([roots, pa.array(names, pa.string()).take(pa.array(codes))], ["root", "split"])
        return pc.if_else(new, _joined_to(root, fresh, "root", "split"), splits)


def _with_groups(members: Memberships) -> pa.Table:
    """The samples with their nodes and all of their groups."""
    places = np.stack(members.places, axis=1)
    has = places >= 0
    ends = np.append(0, np.cumsum(has.sum(axis=1))).astype(np.int32)
    groups = pa.ListArray.from_arrays(pa.array(ends), members.groups.take(pa.array(places[has])))
    node = members.groups.take(pa.array(members.roots()[members.first]))
    return pa.table([node, members.samples, members.records, groups], ["node", "sample_id", "record_id", "groups"])


def _torn(held: pa.Table, part: int) -> pa.Table:
    known = pc.unique(held["splits_now"])
    words = [conflict(splits.split(_AND)) for splits in known.to_pylist()]
    detail = pa.array(words, pa.string()).take(pc.index_in(held["splits_now"], value_set=known).combine_chunks())
    told = held.append_column("detail", detail).append_column("part", pa.repeat(part, held.num_rows))
    return told.select(_TORN.names)


def _exploded(samples: pa.Table, column: str) -> pa.Table:
    """A row for each group of each sample, with one more column of the sample."""
    samples = samples.combine_chunks()
    rows = pc.list_parent_indices(samples["groups"])
    return pa.table([pc.list_flatten(samples["groups"]), samples[column].take(rows)], ["group", column])


@dataclass(frozen=True)
class _Own:
    """The groups of torn samples meet what the fit knows of them."""

    buckets: int

    def __call__(self, part: Rows) -> pa.Table:
        rows = part.read()
        rows = distinct_rows(_exploded(rows, "part")) if "groups" in rows.column_names else rows
        return by_key(filled(rows, _OWN), "group", self.buckets)


def _owned(bucket: int, rows: pa.Table) -> Found:
    asked, fit = rows.filter(pc.is_valid(rows["part"])), rows.filter(pc.is_valid(rows["split"]))
    split = _joined_to(asked["group"], fit, "group", "split")
    own = pa.table([asked["part"], asked["group"], split], ["part", "group", "split"])
    return Found({"own": distinct_rows(own.filter(pc.is_valid(split)))})


def _settling(part: Rows) -> pa.Table:
    """What a part is told of its groups goes to its torn samples."""
    rows = filled(part.read(), _SETTLE)
    return rows.append_column("bucket", rows["part"])


def _settle(bucket: int, rows: pa.Table) -> Found:
    torn = rows.filter(pc.is_valid(rows["sample_id"])).sort_by("sample_id")
    known = rows.filter(pc.is_valid(rows["group"])).select(["group", "split"])
    own = _exploded(torn, "sample_id")
    own = distinct_rows(pa.table([own["sample_id"], _joined_to(own["group"], known, "group", "split")], schema=SPLITS))
    counted = own.group_by("sample_id", use_threads=False).aggregate([("split", "count", pc.CountOptions(mode="all"))])
    several = counted.filter(pc.field("split_count") > 1)["sample_id"].combine_chunks()
    settled = own.filter(pc.and_(pc.is_valid(own["split"]), pc.invert(pc.is_in(own["sample_id"], value_set=several))))
    held = pc.invert(pc.is_in(torn["sample_id"], value_set=settled["sample_id"].combine_chunks()))
    return Found({"placed": settled, "conflicts": torn.filter(held).select(CONFLICTS.names)})


def _in_order(bucket: int, rows: pa.Table) -> Found:
    return Found({"rows": rows.sort_by("sample_id")})


@dataclass(frozen=True)
class _Grown:
    """Groups of the fit as it was and as it is meet; a refit leaves out those that no sample has any more."""

    refit: bool

    def __call__(self, bucket: int, rows: pa.Table) -> Found:
        was, now = (distinct_rows(rows.filter(pc.equal(rows["old"], old)).select(FIT.names)) for old in (True, False))
        before = _joined_to(now["group"], was, "group", "split")
        new = now.filter(pc.is_null(before))
        gone = was.num_rows - (now.num_rows - new.num_rows) if self.refit else 0
        moved = pc.sum(pc.not_equal(before, now["split"])).as_py() or 0
        grown = now if self.refit else pa.concat_tables([was, new]).sort_by("group")
        return Found({"rows": grown}, {"changed": new.num_rows + gone + moved, "moved": moved})
