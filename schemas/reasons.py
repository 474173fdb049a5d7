"""Reasons that people type and a release publishes: one line, of characters that a page and a terminal can show."""

import unicodedata

MOST_CHARACTERS = 500
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""These make a line read otherwise than it is written."""


def one_line(given: str) -> str:
    """A reason without line breaks and doubled blanks; empty where it is too long or holds what cannot be shown."""
    if len(given) > 2 * MOST_CHARACTERS:
        return ""
    said = " ".join(given.split())
    shown = all(unicodedata.category(c) not in ("Cc", "Cs", "Cn", "Co") and c not in _TURNING for c in said)
    return said if shown and len(said) <= MOST_CHARACTERS else ""
