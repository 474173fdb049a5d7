"""Tags of Label Studio: attributes are plain text, whatever they were made of."""

import re
import unicodedata
from collections.abc import Iterable
from xml.etree.ElementTree import Element

_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Marks that change the direction of what follows, by which one label could pass for another."""


def plain(text: str) -> str:
    """A text as Label Studio shows it, and nothing else: it takes `$name` for data of the task."""
    visible = _TURNING.sub("", text).replace("$", "＄")
    spaced = "".join(" " if unicodedata.category(c)[0] in "CZ" and c not in "\u200c\u200d" else c for c in visible)
    return " ".join(spaced.split())


def token(label: str) -> str:
    """How a label stands in answers; lists of choices are divided by commas there."""
    return plain(label).replace(",", "‚")


def tag(kind: str, /, *inside: Element, **attributes: str | int | bool | None) -> Element:
    """An element; attributes that are None are left out."""
    given = {key: _text(value) for key, value in attributes.items() if value is not None}
    made = Element(kind, given)
    made.extend(inside)
    return made


def view(inside: Iterable[Element], name: str = "", /, **attributes: str | None) -> Element:
    """A block, with the class by which it is laid out."""
    return tag("View", *inside, className=f"aff-{name}" if name else None, **attributes)


def header(text: str, size: int = 5, key: str | None = None) -> Element:
    """A line of text, with the key that answers it."""
    shown = f"{plain(text)} [{key.replace('shift+', '⇧')}]" if key else plain(text)
    return tag("Header", value=shown, size=size)


def _text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
