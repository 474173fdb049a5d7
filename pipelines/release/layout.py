"""Which names files of a release have."""

import re

_OURS = re.compile(
    r"data/[a-z]+/[\w.]+-[0-9a-f]+\.parquet|(lineage|rejects)\.parquet|(taxonomy|gate|croissant|manifest)\.json"
    r"|recipe\.yaml|README\.md|report\.html|SHA256SUMS(\.sig)?"
)


def is_ours(name: str) -> bool:
    """Whether a release may hold a file of this name."""
    return _OURS.fullmatch(name) is not None
