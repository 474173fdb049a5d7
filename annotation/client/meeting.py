"""The first words with a server: is anybody there, is it a Label Studio, is it new enough?"""

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from affectory.annotation.client.errors import Silent
from affectory.annotation.client.refusals import refusal, why
from affectory.schemas.errors import UserError

if TYPE_CHECKING:
    import httpx

LEAST_VERSION = (1, 23)
CONNECT_S, ANSWER_S, FIRST_ANSWER_S = 10.0, 600.0, 30.0
IDLE_S = 1.0
"""A connection that was idle for longer is not used again: a server closes it, and a POST into it would be lost."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
VERSION_PATH = "/api/version"


def met(url: str) -> tuple["httpx.Client", str, str]:
    """A client of the Label Studio at this address, the address where it answers itself, and its version."""
    import httpx

    asked = _address(url)
    client = _client(asked)
    try:
        answer = client.get(asked + VERSION_PATH, timeout=FIRST_ANSWER_S, follow_redirects=True)
    except (httpx.TransportError, httpx.TooManyRedirects) as lost:
        client.close()
        raise Silent(
            f"No Label Studio answers at {asked}: {why(lost)}.", "Start it, or correct the recipe's `review: url:`."
        ) from lost
    base = str(answer.url).split("?")[0].removesuffix(VERSION_PATH)
    version = _version(answer, asked)
    client.base_url = httpx.URL(base)
    return client, base, version


def renewed(client: "httpx.Client", url: str, token: str) -> str:
    """A short token for a personal access token; the answer alone says whether it was good."""
    answer = client.post("/api/token/refresh/", json={"refresh": token})
    if not answer.is_success:
        raise refusal(answer, url, "POST", "/api/token/refresh/")
    try:
        return str(answer.json()["access"])
    except (ValueError, KeyError, TypeError):
        raise UserError(f"Label Studio at {url} gives no access for a personal access token.") from None


def _address(url: str) -> str:
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError("The address of Label Studio is no web address.", "Write it as https://label-studio.example.")
    if parts.username or parts.password:
        raise UserError("The address of Label Studio holds a name or a password.", "Put a token into `review: token:`.")
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))


def _client(url: str) -> "httpx.Client":
    """Nothing stands between here and a server on this machine: no proxy of the environment."""
    import httpx

    return httpx.Client(
        timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
        limits=httpx.Limits(max_connections=4, keepalive_expiry=IDLE_S),
        headers={"User-Agent": "affectory"},
        trust_env=urlsplit(url).hostname not in LOOPBACK,
    )


def _version(answer: "httpx.Response", url: str) -> str:
    release = _release(answer)
    found = re.match(r"(\d+)\.(\d+)", release)
    if not found:
        raise UserError(
            f"What answers at {url} is no Label Studio.",
            "Correct the recipe's `review: url:`; leave out what follows /.",
        )
    if (int(found[1]), int(found[2])) < LEAST_VERSION:
        least = ".".join(map(str, LEAST_VERSION))
        raise UserError(f"Label Studio at {url} is of version {release}; {least} or newer is needed.", "Update it.")
    return release


def _release(answer: "httpx.Response") -> str:
    try:
        body: Any = answer.json()
    except ValueError:
        return ""
    known = isinstance(body, dict) and "label-studio-os-package" in body
    return str(body.get("release", "")) if known else ""
