"""Which key does what: one key each, none twice, and none that Label Studio itself listens to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

EXITS = {"cannot judge": "0", "harmful": "x"}
_ALWAYS = {"u", *EXITS.values()}
_OF_PICTURES = set("hvr")
_POOL = "123456789qwertasdfgzcvbyiophjklnm-=;,./'"


@dataclass(frozen=True)
class Wish:
    """Something that a key should do; `like` is the key that one would think of."""

    what: str
    says: str
    like: str = ""
    shifts: str = ""
    """Set where it goes with another's key: the same, held with shift."""


def assigned(wishes: Iterable[Wish], *, pictures: bool) -> dict[str, str]:
    """The key of each wish, as long as there are some; the tools of `pictures` have keys of their own."""
    listed = list(wishes)
    taken = _ALWAYS | (_OF_PICTURES if pictures else set())
    digits = set("12") if pictures and any(w.shifts for w in listed) else set[str]()
    found: dict[str, str] = {}
    for wish in listed:
        if wish.like and wish.like not in taken | set(found.values()) and not wish.shifts:
            found[wish.what] = wish.like
    for wish in listed:
        if not wish.shifts and wish.what not in found:
            free = [key for key in _pool(listed) if key not in taken | digits | set(found.values())]
            if free:
                found[wish.what] = free[0]
    return found | _shifted(listed, found)


def _pool(wishes: Iterable[Wish]) -> list[str]:
    """Where nothing else is held with shift, letters may be."""
    letters = [] if any(wish.shifts for wish in wishes) else [f"shift+{key}" for key in _POOL if key.isalpha()]
    return [*_POOL, *letters]


def _shifted(wishes: Iterable[Wish], found: Mapping[str, str]) -> dict[str, str]:
    return {w.what: f"shift+{found[w.shifts]}" for w in wishes if w.shifts and w.shifts in found}
