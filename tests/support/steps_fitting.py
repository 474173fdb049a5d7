"""A step with a fit over the whole dataset that goes wrong on purpose while a file exists."""

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.fitting import Fitted, Ground, Rows
from affectory.transforms.rows import Reject, by_row

_MEMORY = pa.schema([("word", pa.string()), ("count", pa.int64())])


@dataclass(frozen=True)
class Common:
    """Notes how many texts of the dataset begin with the same word, as often as there were when it was first met."""

    while_there: str = "/nowhere"
    trouble: str = ""

    on: ClassVar[frozenset[str]] = frozenset({"text"})
    resources: ClassVar[Resources] = Resources(batch_rows=4)
    __pydantic_config__ = STRICT

    def reads(self) -> Columns:
        return {"text": pa.string()}

    def writes(self) -> Columns:
        return {"common": pa.int64()}

    def signs(self) -> Columns:
        return {"_word": pa.string()}

    def signer(self) -> Step:
        return by_row(self.reads(), self.signs(), self._sign())

    def _sign(self) -> Callable[[Any], dict[str, str]]:
        def sign(row: Any) -> dict[str, str]:
            if self._is_there() and self.trouble and self.trouble in row["text"]:
                raise ConnectionError("the service is away")
            if row["text"].startswith("odd"):
                raise Reject("filtered", "odd")
            return {"_word": row["text"].split()[0]}

        return sign

    def told(self) -> Columns:
        return {"_count": pa.int64()}

    def memory(self) -> pa.Schema:
        return _MEMORY

    def fit(self, ground: Ground, memory: Sequence[Rows]) -> Fitted:
        if self._is_there() and self.trouble == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        met = ground.meet("words", [*ground.signs, *memory], "_word", _as_signs, _counted)
        return Fitted(met.rows("told"), met.rows("memory"))

    def setup(self) -> Step:
        return by_row({"_count": pa.int64()}, self.writes(), lambda row: {"common": row["_count"]})

    def _is_there(self) -> bool:
        return Path(self.while_there).exists()


def _as_signs(rows: pa.Table) -> pa.Table:
    if "word" in rows.column_names:
        none = {"part": pa.nulls(rows.num_rows, pa.int64()), "sample_id": pa.nulls(rows.num_rows, pa.string())}
        return pa.table({**none, "_word": rows.column("word"), "count": rows.column("count")})
    return rows.select(["part", "sample_id", "_word"]).append_column("count", pa.nulls(rows.num_rows, pa.int64()))


def _counted(rows: pa.Table) -> Mapping[str, pa.Table]:
    found = rows.to_pylist()
    known = {row["_word"]: row["count"] for row in found if row["count"] is not None}
    signed = [row for row in found if row["count"] is None]
    words = [row["_word"] for row in signed]
    counts = {word: known.get(word, words.count(word)) for word in sorted(set(words))}
    told = [{"part": r["part"], "sample_id": r["sample_id"], "_count": counts[r["_word"]]} for r in signed]
    memory = [{"word": word, "count": count} for word, count in counts.items()]
    schema = pa.schema([("part", pa.int64()), ("sample_id", pa.string()), ("_count", pa.int64())])
    return {"told": pa.Table.from_pylist(told, schema), "memory": pa.Table.from_pylist(memory, _MEMORY)}
