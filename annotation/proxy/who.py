"""Who sends a request: one credential of theirs, and what Label Studio says whose it is."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from time import monotonic
from typing import TYPE_CHECKING, Any

from affectory.annotation.proxy.home import Facts, Rater

if TYPE_CHECKING:
    from affectory.annotation.proxy.upstream import Upstream

REMEMBERED_S = 5.0
MOST = 2048
WHOAMI = "/api/current-user/whoami"


@dataclass(frozen=True)
class Visitor:
    """Somebody logged in: their number and address in Label Studio, and who we know them to be."""

    user: int
    email: str
    known: Rater | None
    credentials: Mapping[str, str]
    account: Mapping[str, Any]

    @property
    def lead(self) -> bool:
        """Whether all doors are open to them."""
        return self.known is not None and self.known.role == "lead" and not self.known.withdrawn

    @property
    def rater(self) -> str | None:
        """The pseudonym under which they are asked things; nobody asks who is unknown or has withdrawn."""
        return None if self.known is None or self.known.withdrawn else self.known.id


def credentials(headers: Mapping[str, str]) -> dict[str, str]:
    """One credential as Label Studio is sent it: a token where there is one, else the session; never both.

    Its views disagree on which of two counts, so that one of an annotator and one of somebody else must not mix.
    """
    if "x-api-key" in headers:
        return {"authorization": f"Token {headers['x-api-key']}"}
    if "authorization" in headers:
        return {"authorization": headers["authorization"]}
    kept = "; ".join(f"{name}={value}" for name, value in _cookies(headers.get("cookie", "")).items())
    return {"cookie": kept} if kept else {}


class Door:
    """Knows visitors by their credentials, and asks Label Studio anew after some seconds."""

    def __init__(self, upstream: "Upstream", facts: Facts) -> None:
        self._upstream, self._facts = upstream, facts
        self._known: OrderedDict[bytes, tuple[float, dict[str, Any]]] = OrderedDict()

    async def visitor(self, headers: Mapping[str, str]) -> Visitor | None:
        """Who sends these headers, or None where they are not logged in."""
        given = credentials(headers)
        if not given or ("cookie" in given and "sessionid=" not in given["cookie"]):
            return None
        account = await self._account(given)
        if account is None:
            return None
        email = str(account["email"])
        return Visitor(int(account["id"]), email, self._facts.rater(email), given, account)

    async def _account(self, given: dict[str, str]) -> dict[str, Any] | None:
        key = hashlib.sha256(repr(sorted(given.items())).encode()).digest()
        found = self._known.get(key)
        if found and monotonic() - found[0] < REMEMBERED_S:
            return found[1]
        self._known.pop(key, None)
        account = await self._upstream.get(WHOAMI, given, default=None)
        if not isinstance(account, dict) or not isinstance(account.get("id"), int) or not account.get("email"):
            return None
        self._known[key] = monotonic(), account
        while len(self._known) > MOST:
            self._known.popitem(last=False)
        return account


def _cookies(header: str) -> dict[str, str]:
    """The session and the form's secret, each as it stands first; a second one of the same name does not count."""
    found: dict[str, str] = {}
    for part in header.split(";"):
        try:
            cookie = SimpleCookie(part.strip())
        except CookieError:
            continue
        for name, morsel in cookie.items():
            if name in ("sessionid", "csrftoken"):
                found.setdefault(name, morsel.coded_value)
    return found
