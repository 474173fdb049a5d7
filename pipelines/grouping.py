"""Records into partitions: those of an earlier scan stay as they were, new records come together in new ones."""

import pyarrow as pa
import pyarrow.compute as pc

from affectory.schemas.ids import digest

ROWS = {"text": 4096, "video": 8, "audio": 16, "image": 32, "signal": 16}
"""Records in a partition: enough to be worth a commit, few enough to share out and to lose little in a kill."""


def grouped(table: pa.Table, previous: pa.Table | None, rows: int | None, layout: str = "") -> pa.Array:
    """The root key of every record; `layout` stands for the code that lays records out."""
    keys: list[str | None] = _kept(table, previous, layout)
    waiting: dict[tuple[str, str], list[int]] = {}
    places = zip(keys, table.column("source").to_pylist(), table.column("kind").to_pylist(), strict=True)
    for index, (key, source, kind) in enumerate(places):
        if key is None:
            waiting.setdefault((source, kind), []).append(index)
    prints = table.column("fingerprint").to_pylist()
    for (_, kind), indices in sorted(waiting.items()):
        size = rows or ROWS.get(kind, 16)
        for start in range(0, len(indices), size):
            members = indices[start : start + size]
            root = root_key([prints[i] for i in members], layout)
            for i in members:
                keys[i] = root
    return pa.array(keys, pa.string())


def root_key(fingerprints: list[str], layout: str = "") -> str:
    """The key of a root partition, from what its records contribute."""
    return digest("root", layout, sorted(fingerprints))


def _kept(table: pa.Table, previous: pa.Table | None, layout: str) -> list[str | None]:
    """Keys of earlier partitions of which every record is still there, unchanged and laid out as it would be now."""
    none: list[str | None] = [None] * table.num_rows
    if previous is None:
        return none
    now = table.column("fingerprint")
    still = pc.is_in(previous.column("fingerprint"), value_set=now.combine_chunks())
    broken = set(pc.unique(previous.filter(pc.invert(still)).column("root")).to_pylist())
    earlier = dict(zip(previous.column("fingerprint").to_pylist(), previous.column("root").to_pylist(), strict=True))
    members: dict[str, list[str]] = {}
    for print_, root in earlier.items():
        members.setdefault(root, []).append(print_)
    broken |= {root for root, prints in members.items() if root_key(prints, layout) != root}
    return [root if (root := earlier.get(print_)) not in broken else None for print_ in now.to_pylist()]
