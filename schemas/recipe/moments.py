"""When something is to happen: the times of cron, and time zones."""

import re
import zoneinfo

from pydantic_core import PydanticCustomError

from affectory.schemas.recipe.problems import describe, did_you_mean

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, MONTHS),
    ("weekday", 0, 6, DAYS),
)
FORM = "minute hour day month weekday, such as 0 2 * * * (every night at two)"
_LONGEST = {1: 31, 2: 29, 3: 31, 4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31, 11: 30, 12: 31}
_PART = re.compile(r"(?:\*|(?P<low>\w+)(?:-(?P<high>\w+))?)(?:/(?P<step>\d+))?")


def checked_schedule(text: str) -> str:
    """Five fields that cron and Kubernetes both read the same way, and that come true some day."""
    words = text.split()
    if len(words) != len(FIELDS):
        raise _wrong("not five fields", text, FORM)
    fields = zip(words, FIELDS, strict=True)
    days, months, _ = [_values(word, *field) for word, field in fields][2:5]
    if words[4] == "*" and not any(day <= _LONGEST[month] for day in days for month in months):
        raise _wrong("a day that never comes", text, "a day that one of the months has")
    return " ".join(words)


def _values(word: str, name: str, low: int, high: int, names: tuple[str, ...]) -> set[int]:
    """The numbers that a field stands for."""
    found: set[int] = set()
    for part in word.split(","):
        match = _PART.fullmatch(part)
        first, last = _ends(match, low, high, names) if match else (high, low)
        step = int(match["step"] or 1) if match else 0
        if not low <= first <= last <= high or step < 1:
            also = f", or {names[0]} to {names[-1]}" if names else ""
            raise _wrong(f"not a {name}", part, f"{low} to {high}{also}; *, lists, ranges and steps of them")
        found.update(range(first, last + 1, step))
    return found


def _ends(match: re.Match[str], low: int, high: int, names: tuple[str, ...]) -> tuple[int, int]:
    if match["low"] is None:
        return low, high
    first = _number(match["low"], low, names)
    if match["high"] is not None:
        return first, _number(match["high"], low, names)
    return first, high if match["step"] else first


def _number(word: str, low: int, names: tuple[str, ...]) -> int:
    if word.isdecimal() and len(word) < 3:
        return int(word)
    return names.index(word.lower()) + low if word.lower() in names else -1


def checked_zone(name: str) -> str:
    """A time zone by its name in the IANA database, as far as this machine has one."""
    known = zoneinfo.available_timezones()
    good = name in known if known else re.fullmatch(r"[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*", name)
    if not good or name in ("localtime", "posixrules", "Factory"):
        raise _wrong("unknown time zone", name, "a name such as Etc/UTC or Europe/Berlin", did_you_mean(name, known))
    return name


def _wrong(message: str, given: str, allowed: str, hint: str = "") -> PydanticCustomError:
    return PydanticCustomError("moment", message, {"given": describe(given), "allowed": allowed, "hint": hint})
