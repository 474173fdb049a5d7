"""A reason that is published is one line that can be shown."""

import pytest

from affectory.schemas.reasons import MOST_CHARACTERS, one_line


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("  asked by mail ", "asked by mail"),
        ("asked\n\n# by mail\r\n", "asked # by mail"),
        ("به‌درخواست او", "به‌درخواست او"),
        ("\x1b[2Jasked by mail", ""),
        ("asked \u202eliam yb", ""),
        ("asked\x00", ""),
        ("\ud800 asked", ""),
        ("x" * MOST_CHARACTERS, "x" * MOST_CHARACTERS),
        ("x" * (MOST_CHARACTERS + 1), ""),
        ("x" * 10_000_000, ""),
    ],
    ids=lambda text: repr(text)[:20],
)
def test_a_reason_is_one_line_or_none(given: str, said: str) -> None:
    assert one_line(given) == said
