"""Whether media can be decoded: tried on a few samples of each medium, the same few every time."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectory.quality.findings import SHOWN
from affectory.quality.suites._arrays import within
from affectory.quality.suites._hashes import hashes
from affectory.quality.suites._lots import lots
from affectory.quality.suites.about import Check
from affectory.quality.suites.result import Counted
from affectory.schemas.parquet import Part

OpenMedia = Callable[[str, str, str], object]
"""Opens and decodes a file, given its medium, its hash and its format; raises where it cannot."""
DECODES = "column_values_to_decode"
TRIED = 50
"""Of each medium at most."""


def decode_check(medium: str) -> Check:
    """The check of one medium."""
    means = f"its {medium} does not decode"
    return Check(f"samples.{medium}_decodes", "samples", DECODES, {"column": medium, "tried": TRIED}, means)


def decoded(parts: Sequence[Part], checks: Sequence[Check], open_media: OpenMedia) -> Iterator[Counted]:
    """Of each medium, which files of the few tried do not decode."""
    for check in checks:
        medium = check.arguments["column"]
        files = _few(parts, medium)
        bad = sorted({sample for sample, asset, form in files if not _opens(open_media, medium, asset, form)})
        yield Counted(check, len(files), 0, len(bad), tuple(bad[:SHOWN]), looked=True)


def _few(parts: Sequence[Part], medium: str) -> list[tuple[str, str, str]]:
    """Samples with their files: those whose ids have the smallest hashes."""
    kept: list[tuple[int, str, str, str]] = []
    for rows in lots(parts, "samples", ["sample_id", medium]):
        rows = rows.filter(pc.is_valid(within(rows, medium, "asset")))
        names = hashes([rows.column("sample_id")])
        first = pa.array(np.argsort(names, kind="stable")[:TRIED])
        ids, files = rows.column("sample_id").take(first).to_pylist(), within(rows, medium).take(first).to_pylist()
        found = zip(names[first.to_numpy()].tolist(), ids, files, strict=True)
        kept += [(hashed, sample, file["asset"], file["format"] or "") for hashed, sample, file in found]
        kept = sorted(kept)[:TRIED]
    return [(sample, asset, form) for _, sample, asset, form in kept]


def _opens(open_media: OpenMedia, medium: str, asset: str, form: str) -> bool:
    try:
        open_media(medium, asset, form)
    except Exception:
        return False
    return True
