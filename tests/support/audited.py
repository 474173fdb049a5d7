"""Tables for audits, in memory: made of rows, cut into parts at will."""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from support.opining import ABC, Row

from affectory.quality.audits._audited import ALPHA, Audit, Audited, run
from affectory.quality.audits._data import AuditData
from affectory.schemas.derived import TABLES
from affectory.schemas.ledgers import PEOPLE
from affectory.schemas.taxonomy import Taxonomy

RULE = "vote_share"


@dataclass(frozen=True)
class Held:
    """A part that lies in memory."""

    data: bytes

    def open(self, mode: Literal["rb"], /) -> IO[bytes]:
        return io.BytesIO(self.data)


class Whole(AuditData):
    """The same tables without files, which is quicker."""

    def scan(self, name: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        for table in self.tables.get(name, ()):
            yield table.select(list(dict.fromkeys(["sample_id", *columns])))


def part(rows: pa.Table) -> Held:
    file = io.BytesIO()
    pq.write_table(rows, file, compression="none", use_dictionary=False, write_statistics=False)
    return Held(file.getvalue())


def sample(name: str, **columns: Any) -> Row:
    anchor = {"record": columns.pop("record", f"r_{name}")}
    return {"sample_id": name, "kind": "text", "anchor": anchor, "source": "s", "uri": "u", **columns}


def note(of: str, name: str, value: Any) -> Row:
    """A note whose value stands where it belongs."""
    kinds = {str: "text", float: "number", int: "number", bool: "number", list: "places"}
    given = float(value) if isinstance(value, bool | int) else value
    return {"sample_id": of, "name": name, kinds[type(value)]: given, "stage": "a stage"}


def label(of: str, values: Sequence[float], taxonomy: Taxonomy = ABC) -> Row:
    key = {"sample_id": of, "taxonomy": taxonomy.name, "perspective": "perceived", "whose": "", "modalities": "text"}
    return {**key, "pool": "human", "rule": RULE, "space": "simplex", "values": list(values), "count": 3}


def person(name: str, **declared: str) -> Row:
    return {"person_id": name, "revision": 0, "roles": ["subject"], "declared": list(declared.items())}


def data(
    tables: Mapping[str, Sequence[Row]],
    splits: Mapping[str, str] | None = None,
    people: Sequence[Row] = (),
    taxonomy: Taxonomy = ABC,
    seed: int | None = None,
) -> AuditData:
    """What an audit looks at; with a seed the rows lie in files, in another order and in two parts."""
    whole = {name: TABLES[name].from_rows(list(rows)) for name, rows in tables.items()}
    ids = sorted(row["sample_id"] for row in tables["samples"])
    given = dict.fromkeys(ids, "train") | dict(splits or {})
    published = pa.table({"sample_id": list(given), "split": list(given.values())})
    known = PEOPLE.from_rows(list(people))
    if seed is None:
        return Whole({name: [table] for name, table in whole.items()}, published, taxonomy, RULE, people=known)
    parts = {name: _cut(table, np.random.default_rng(seed)) for name, table in whole.items()}
    return AuditData(parts, published, taxonomy, RULE, people=known)


def _cut(table: pa.Table, random: np.random.Generator) -> list[Held]:
    order = random.permutation(table.num_rows)
    cut = table.num_rows // 3
    return [part(table.take(pa.array(rows))) for rows in (order[:cut], order[cut:])]


def audited(audit: Audit, given: AuditData) -> Audited:
    """What one audit finds, with its verdict; all of it can be written down as JSON."""
    [found] = run([audit], given)
    json.dumps(found.facts(), allow_nan=False)
    return found


def tolerable(draws: int, alpha: float = ALPHA) -> int:
    """How many of so many clean draws an audit that accuses as often as it says accuses at most, but for one in 50."""
    from scipy.stats import binom

    return int(binom.isf(0.02, draws, alpha))
