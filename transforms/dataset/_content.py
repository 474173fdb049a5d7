"""What is signed of a sample so that its near-duplicates can be found: where it belongs, what its content is."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from affectory.schemas.ids import canonical
from affectory.transforms.base import Columns, Failed, Rejected, Result
from affectory.transforms.dataset._alike import packed
from affectory.transforms.dataset._pictures import picture_hash
from affectory.transforms.dataset._shingles import BINS, EMPTY, signatures
from affectory.transforms.dataset._sounds import BYTES, fingerprint
from affectory.transforms.rows import Reject, rejected, told

SIGNATURES: Columns = {
    "_text": pa.binary(4 * BINS),
    "_image": pa.binary(8),
    "_audio": pa.binary(BYTES),
    "_video": pa.binary(),
}
SIGNS: Columns = {
    "_unit": pa.string(),
    "_record": pa.string(),
    "_uri": pa.string(),
    "_kind": pa.string(),
    "_position": pa.int32(),
    "_exact": pa.binary(),
    **SIGNATURES,
}
_MEDIA = ("video", "audio", "image")


@dataclass(frozen=True)
class Signer:
    """Signs samples of the kinds that are compared; what belongs to a dialogue or set is only compared with it."""

    compared: frozenset[str]
    exact: bool
    sets: str | None

    def __call__(self, batch: pa.Table) -> Result:
        units = self._units(batch)
        kinds, alone = batch.column("kind").to_pylist(), np.asarray(pc.equal(units, batch.column("sample_id")))
        columns: dict[str, Any] = {"_unit": units, "_record": pc.struct_field(batch.column("anchor"), "record")}
        columns |= {f"_{name}": batch.column(name) for name in ("uri", "kind", "position")}
        columns |= {name: pa.nulls(batch.num_rows, dtype) for name, dtype in SIGNATURES.items()}
        lost = _Lost({}, {})
        for kind in sorted({*kinds} & self.compared):
            mine = np.array([k == kind for k in kinds], bool)
            columns[f"_{kind}"] = self._signatures(kind, batch, mine if kind == "text" else mine & alone, lost)
        columns["_exact"] = self._exact(batch, alone & _any_valid(columns))
        for name in SIGNS:
            batch = batch.append_column(name, columns[name])
        return lost.without(batch)

    def _units(self, batch: pa.Table) -> pa.ChunkedArray:
        """A set, a dialogue, or else the sample by itself."""
        dialogue = pc.binary_join_element_wise("dialogue", batch.column("source"), batch.column("dialogue"), ":")
        if self.sets is None:
            return pc.coalesce(dialogue, batch.column("sample_id"))
        values = [dict(row or ()).get(self.sets) for row in batch.column("extra").to_pylist()]
        named = pc.binary_join_element_wise("set", batch.column("source"), pa.array(values, pa.string()), ":")
        return pc.coalesce(named, dialogue, batch.column("sample_id"))

    def _signatures(self, kind: str, batch: pa.Table, mine: NDArray[np.bool_], lost: "_Lost") -> pa.Array:
        if kind == "text":
            return _of_texts(batch, mine)
        work: Callable[[Mapping[str, Any]], bytes | None] = globals()[f"_of_{kind}"]
        names = ["kind", "anchor", *(name for name in ("original", "image", "frames") if name in batch.column_names)]
        rows, found = batch.select(names), [None] * batch.num_rows
        for at in np.flatnonzero(mine).tolist():
            found[at] = lost.tried(at, work, rows.slice(at, 1).to_pylist()[0])
        return pa.array(found, SIGNATURES[f"_{kind}"])

    def _exact(self, batch: pa.Table, done: NDArray[np.bool_]) -> pa.Array:
        """A hash of the content, where no signature tells as much."""
        found: list[bytes | None] = [None] * batch.num_rows
        rows = np.flatnonzero(~done) if self.exact else np.zeros(0, np.int64)
        names = [name for name in ("kind", "text", "anchor", "original", *_MEDIA) if name in batch.column_names]
        for at, row in zip(rows.tolist(), batch.select(names).take(pa.array(rows)).to_pylist(), strict=True):
            found[at] = _content(row)
        return pa.array(found, pa.binary())


@dataclass(frozen=True)
class _Lost:
    """Rows that could not be signed."""

    rejected: dict[int, Rejected]
    failed: dict[int, Failed]

    def tried(self, row: int, work: Callable[[Mapping[str, Any]], bytes | None], values: Any) -> Any:
        try:
            return work(values)
        except Reject as reject:
            self.rejected[row] = rejected(row, reject)
        except Exception as error:  # one bad row never takes its batch along
            self.failed[row] = Failed(row, type(error).__name__, told(error))
        return None

    def without(self, batch: pa.Table) -> Result:
        kept = np.array([i for i in range(batch.num_rows) if i not in self.rejected | self.failed], np.int64)
        rows = batch if len(kept) == batch.num_rows else batch.take(pa.array(kept))
        return Result(rows, kept, tuple(self.rejected.values()), tuple(self.failed.values()))


def _any_valid(columns: Mapping[str, Any]) -> NDArray[np.bool_]:
    there: NDArray[np.bool_] = np.logical_or.reduce([np.asarray(pc.is_valid(columns[name])) for name in SIGNATURES])
    return there


def _of_texts(batch: pa.Table, mine: NDArray[np.bool_]) -> pa.Array:
    texts, languages = (batch.column(name).combine_chunks() for name in ("text", "language"))
    if not mine.all():
        texts = pc.if_else(pa.array(mine), texts, pa.scalar(None, pa.string()))
    found = signatures(texts, languages)
    blank = (found == EMPTY).all(axis=1)
    return packed(found) if not blank.any() else pc.if_else(pa.array(blank), None, packed(found))


def _of_image(row: Mapping[str, Any]) -> bytes | None:
    return picture_hash((row["image"] or row["original"])["path"])


def _of_audio(row: Mapping[str, Any]) -> bytes | None:
    from affectory.transforms.audio._working import heard

    sound = heard(row)
    return None if sound is None else fingerprint(sound)


def _of_video(row: Mapping[str, Any]) -> bytes | None:
    found = [picture_hash(frame["path"]) for frame in row["frames"] or ()]
    return b"".join(h for h in found if h is not None) or None


def _content(row: Mapping[str, Any]) -> bytes | None:
    """Of media their bytes, and where in them the sample lies."""
    kind = row["kind"]
    if kind not in _MEDIA:
        said = row["text"] if kind == "text" else _asset(row["original"])
        return None if said is None else hashlib.blake2b(f"{kind}:{said}".encode(), digest_size=20).digest()
    made, own = _asset(row.get(kind)), _asset(row["original"])
    if made is None and own is None:
        return None
    place = {k: v for k, v in row["anchor"].items() if k != "record" and v is not None}
    what = [kind, made] if made and made != own else [kind, own, place]
    return hashlib.blake2b(canonical(what).encode(), digest_size=20).digest()


def _asset(media: Mapping[str, Any] | None) -> Any:
    return media["asset"] if media else None


def in_one(exact: Sequence[bytes | None]) -> bytes | None:
    """The content of several samples in their order; none if one has none."""
    if any(one is None for one in exact):
        return None
    return hashlib.blake2b(b"".join(one for one in exact if one), digest_size=20).digest()
