"""What a page of the documentation tells in its tables."""

import re


def described(page: str) -> dict[str, set[str]]:
    """By each name that begins a row of a table, all that the row has in backticks."""
    rows: dict[str, set[str]] = {}
    for line in page.splitlines():
        if line.startswith("| `"):
            told = set(re.findall(r"`([\w_]+)`", line))
            for name in re.findall(r"`(\w+)`", line.split("|")[1]):
                rows.setdefault(name, set()).update(told)
    return rows
