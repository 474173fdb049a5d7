"""Media bytes into rows, one sample at a time, each checked against its sha256."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from affectory.pipelines.release.model import AssetMismatch
from affectory.schemas.errors import UserError

OpenAsset = Callable[[str, str], bytes]
Value = dict[str, Any]
_LONGEST = (1 << 31) - 1


@dataclass(frozen=True)
class Media:
    """The media of some samples, by reference until a row is asked for."""

    ids: Sequence[str]
    references: Mapping[str, Sequence[Any]]
    open_asset: OpenAsset

    @classmethod
    def of(cls, samples: pa.Table, columns: Sequence[str], open_asset: OpenAsset) -> "Media":
        references = {name: samples[name].to_pylist() for name in columns}
        return cls(samples["sample_id"].to_pylist(), references, open_asset)

    def row(self, index: int) -> dict[str, Any]:
        """The values of one sample's media columns; null where it has none."""
        return {name: self._value(name, index, column[index]) for name, column in self.references.items()}

    def _value(self, column: str, index: int, given: Any) -> Any:
        if not isinstance(given, list):
            return self._embed(column, index, given, self.ids[index])
        frames = (self._embed(column, index, f, f"{self.ids[index]}-{n:04d}") for n, f in enumerate(given))
        return [frame for frame in frames if frame]

    def _embed(self, column: str, index: int, reference: Any, stem: str) -> Value | None:
        if not reference or not reference["asset"]:
            return None
        asset, extension = reference["asset"], reference["format"] or ""
        data = self.open_asset(asset, extension)
        given = hashlib.sha256(data).hexdigest()
        if given != asset:
            raise AssetMismatch(asset, self.ids[index], column, given)
        if len(data) > _LONGEST:
            raise UserError(f"{column} of sample {self.ids[index]} has {len(data)} bytes; Parquet takes {_LONGEST}")
        return {"bytes": data, "path": f"{stem}.{extension}" if extension else stem}


def media_bytes(row: Mapping[str, Any]) -> int:
    """Bytes of a row's media values."""
    values = [v for value in row.values() for v in (value if isinstance(value, list) else [value]) if v]
    return sum(len(v["bytes"]) + len(v["path"]) for v in values)
