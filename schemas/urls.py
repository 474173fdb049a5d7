"""Addresses of object storage and of the Hugging Face hub, as recipes and command lines write them."""

import re
from pathlib import Path
from typing import Any

from affectory.schemas.errors import UserError

FORMS = {
    "s3": "s3://bucket/prefix",
    "hf": "hf://datasets/org/name/folder",
    "gs": "gs://bucket/prefix",
    "az": "az://container/prefix",
    "https": "https://host/path",
    "http": "http://host/path",
    "memory": "memory://name",
}
"""The kinds of address that are understood, each with how it is written."""
STORES = ("s3", "hf")
"""Those that can be written to as well."""

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_MEANT = re.compile(rf"({'|'.join(FORMS)}):")
"""A slash may have been forgotten."""
_WEB, _PORT = ("http", "https"), re.compile(r"[A-Za-z0-9.-]+:[0-9]{1,5}")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HUB = re.compile(r"datasets/[\w.-]+/[\w.-]+(@[\w.%-]+)?(/|$)", re.ASCII)
_REVISION = re.compile(r"@[^/]*")


class Url(str):
    """A checked address without a slash at its end. A `Path` would swallow one of its slashes."""

    __slots__ = ()

    @property
    def scheme(self) -> str:
        return self.partition("://")[0]

    @property
    def name(self) -> str:
        """Its last part."""
        return self.rpartition("/")[2]

    def __truediv__(self, below: str) -> "Url":
        return Url(f"{self}/{below}")

    def is_below(self, root: "Url") -> bool:
        """Whether this is `root` or lies under it; a revision of a dataset on the hub lies under the dataset."""
        own, other = (_REVISION.sub("", url) if url.scheme == "hf" else str(url) for url in (self, root))
        return own == other or own.startswith(f"{other}/")


Location = Path | Url
"""Where files lie: a folder of this machine or an address."""


class BadUrl(ValueError):
    """Why an address cannot be used: (what is wrong, how it should be written)."""


def is_url(text: str) -> bool:
    """Whether `text` is meant as an address, good or bad."""
    return bool(_URL.match(text) or _MEANT.match(text))


def read_url(text: str, schemes: tuple[str, ...] = STORES) -> Url:
    """A checked address of one of the `schemes`; raises `BadUrl`."""
    forms = " or ".join(FORMS[scheme] for scheme in schemes) or "a path"
    match = _URL.fullmatch(text)
    if match is None or match[1] not in schemes:
        raise BadUrl("an address of this kind cannot be used here", forms)
    rest = match[2].rstrip("/")
    if wrong := _wrong(match[1], rest):
        raise BadUrl(wrong, forms)
    return Url(f"{match[1]}://{rest}")


def _wrong(scheme: str, rest: str) -> str:
    first = rest.partition("/")[0]
    if "@" in first or (":" in first and not (scheme in _WEB and _PORT.fullmatch(first))):
        return "an address never holds credentials: they come from the environment or the provider's usual files"
    if set("?#\\") & set(rest) or any(ord(char) < 32 for char in rest):
        return "an address without ?, #, \\ and control characters is wanted"
    if any(part in ("", ".", "..") for part in rest.split("/")):
        return "an address with an empty part, . or .. in it"
    if scheme == "hf" and not _HUB.match(rest):
        return "not a dataset on the hub"
    return "" if scheme in ("hf", *_WEB) or _BUCKET.fullmatch(first) else "no name of a bucket"


def masked(text: str) -> str:
    """An address as it may be shown: without a query, and nothing of one that may hold a key or a password."""
    head, found, rest = text.partition("?")[0].partition("://")
    if not found and _MEANT.match(head) and "@" in head:
        return f"{head.partition(':')[0]}:***"
    hidden = found and {"@", ":"} & set(rest.partition("/")[0])
    return f"{head}://***" if hidden else f"{head}{found}{rest}"


def read_location(given: str | Path, what: str, schemes: tuple[str, ...] = STORES) -> Location:
    """What was given on the command line as a location; raises `UserError`."""
    if isinstance(given, Path) or not is_url(given):
        return Path(given)
    try:
        return read_url(given, schemes)
    except BadUrl as error:
        wrong, allowed = error.args
        raise UserError(f"{what} {masked(given)}: {wrong}", f"allowed: a folder, or {allowed}") from None


def as_location(text: Any) -> Location:
    """A location that was checked before and travelled as text."""
    return Url(text) if is_url(str(text)) else Path(text)
