"""Connected components of a graph whose edges lie in many files, by exchanges: large stars and small stars in turn.

In a large star every node sends its larger neighbours to its smallest one, in a small star itself and its smaller ones
(Kiveris et al., "Connected components in MapReduce and beyond", 2014). Both keep what hangs together; where neither
changes anything, every node has the smallest of its component as its only smaller neighbour.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.pipelines.components import Places, components
from affectory.pipelines.exchanges import Exchanges, Found, Rows, by_key
from affectory.schemas.parquet import read_parquet

EDGES = pa.schema([("high", pa.string()), ("low", pa.string())])
"""Two names that belong together, the larger first."""
FEW = 2_000_000
"""Edges that one process connects at once: some 400 MB and seconds."""


def connected(exchanges: Exchanges, edges: Sequence[Rows], count: int, few: int | None = None) -> list[Rows]:
    """Edges from every node to the smallest of its component, from `count` edges or fewer of any shape."""
    few = FEW if few is None else few
    round_ = 0
    while count > few:
        round_ += 1
        large = exchanges.run(f"large-{round_:02d}", edges, _Large(exchanges.buckets), _large_star)
        edges = [Rows(part) for part in large.parts("edges")]
        small = exchanges.run(f"small-{round_:02d}", edges, _Small(exchanges.buckets), _small_star)
        edges, count = [Rows(part) for part in small.parts("edges")], small.facts()["edges"]
        if not large.facts()["changed"] + small.facts()["changed"]:
            return edges
    if not edges:
        return []
    made = exchanges.once("connected", lambda: connected_at_once(pa.concat_tables(map(_read, edges))))
    return [Rows(made)]


def _read(rows: Rows) -> pa.Table:
    return read_parquet(rows.part)


@dataclass(frozen=True)
class _Large:
    buckets: int

    def __call__(self, part: Rows) -> pa.Table:
        """Each edge goes to both of its ends."""
        edges = part.read()
        ends = [edges.select(names).rename_columns(["key", "other"]) for names in (["high", "low"], ["low", "high"])]
        return by_key(pa.concat_tables(ends), "key", self.buckets)


@dataclass(frozen=True)
class _Small:
    buckets: int

    def __call__(self, part: Rows) -> pa.Table:
        """Each edge goes to its larger end."""
        return by_key(part.read().rename_columns(["key", "other"]), "key", self.buckets)


def _large_star(bucket: int, rows: pa.Table) -> Found:
    names, (key, other) = ranked_together(rows.column("key"), rows.column("other"))
    least = np.arange(len(names))
    np.minimum.at(least, key, other)
    larger = other > key
    high, low = other[larger], least[key[larger]]
    return _edges(names, high, low, int((low != key[larger]).sum()))


def _small_star(bucket: int, rows: pa.Table) -> Found:
    names, (key, other) = ranked_together(rows.column("key"), rows.column("other"))
    least = np.arange(len(names))
    np.minimum.at(least, key, other)
    moved = other != least[key]
    high, low = np.concatenate([other[moved], key]), np.concatenate([least[key[moved]], least[key]])
    return _edges(names, high, low, int(moved.sum()))


def _edges(names: pa.Array, high: Places, low: Places, changed: int) -> Found:
    high, low = distinct(high, low, len(names))
    table = pa.table([names.take(pa.array(high)), names.take(pa.array(low))], schema=EDGES)
    return Found({"edges": table}, {"edges": len(high), "changed": changed})


def connected_at_once(table: pa.Table) -> pa.Table:
    """Edges from every node to the smallest of its component, where one process holds them all."""
    names, (high, low) = ranked_together(table.column("high"), table.column("low"))
    root = components(len(names), high, low)
    leaves = np.flatnonzero(root != np.arange(len(root)))
    return pa.table([names.take(pa.array(leaves)), names.take(pa.array(root[leaves]))], schema=EDGES)


def ranked_together(*columns: pa.ChunkedArray) -> tuple[pa.Array, list[Places]]:
    """The sorted names in several columns, and for each column the places of its values among them."""
    chunks = [chunk for column in columns for chunk in column.chunks]
    encoded = pa.chunked_array(chunks, pa.string()).combine_chunks().dictionary_encode()
    order = np.asarray(pc.sort_indices(encoded.dictionary))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    places = rank[np.asarray(encoded.indices)]
    ends = np.cumsum([len(column) for column in columns])
    return encoded.dictionary.take(pa.array(order)), np.split(places, ends[:-1])


def distinct(a: Places, b: Places, count: int) -> tuple[Places, Places]:
    """Pairs of places below `count`, each once and in order."""
    pairs = np.unique(a * count + b)
    return pairs // max(1, count), pairs % max(1, count)
