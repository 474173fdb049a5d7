"""What is checked of every request, before anybody asks who sent it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

SAFE = ("GET", "HEAD")
METHODS = (*SAFE, "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# A path of one meaning only: nothing escaped, no empty or dotted step, no parameters.
PLAIN = re.compile(r"/|(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9_.\-+@]+)+/?")
# Cookies and addresses are made anew; what is not named here never reaches Label Studio.
PASSED = ("accept", "accept-language", "content-type", "range", "if-none-match", "if-modified-since", "if-range",
          "user-agent", "x-csrftoken")  # fmt: skip
DROPPED = {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "upgrade",
           "transfer-encoding", "server", "x-powered-by", "date", "location", "set-cookie",
           "content-length"}  # fmt: skip
SECURE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "SAMEORIGIN",
    "cross-origin-resource-policy": "same-origin",
}


@dataclass(frozen=True)
class Place:
    """Where the proxy is reached: `origin` as browsers name it, and the hosts that it answers to."""

    origin: str
    hosts: frozenset[str]

    @classmethod
    def at(cls, host: str, port: int, public: str | None) -> "Place":
        """Its public address where there is one, and the loopback names of the port that it listens on."""
        local = [f"{name}:{port}" for name in dict.fromkeys((host, "127.0.0.1", "localhost"))]
        if public is None:
            return cls(f"http://{local[0]}", frozenset(local))
        parts = urlsplit(public)
        return cls(f"{parts.scheme}://{parts.netloc}".lower(), frozenset({parts.netloc.lower(), *local}))

    @property
    def secure(self) -> bool:
        """Whether people reach it by TLS."""
        return self.origin.startswith("https:")

    @property
    def host(self) -> str:
        """The host that Label Studio is told."""
        return urlsplit(self.origin).netloc

    def owns(self, origin: str) -> bool:
        """Whether an origin or address is one of ours."""
        parts = urlsplit(origin)
        found = f"{parts.scheme}://{parts.netloc}".lower()
        return found == self.origin or (parts.scheme == "http" and parts.netloc.lower() in self.hosts)


def fault(method: str, raw_path: bytes, headers: Iterable[tuple[bytes, bytes]], place: Place) -> str:
    """What is wrong with a request as such, in one sentence, or nothing."""
    names = [name for name, _ in headers]
    values = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
    if method not in METHODS:
        return "This method is not served here."
    if any(names.count(single) > 1 for single in (b"authorization", b"host", b"x-api-key", b"origin", b"content-type")):
        return "A header that may stand once stands twice."
    if values.get("host", "").lower() not in place.hosts:
        return "This address is not one of the server's names."
    if any(byte < 0x21 or byte > 0x7E for byte in raw_path):
        return "This path is not written as an address."
    return "" if method in SAFE else foreign(values, place)


def foreign(headers: Mapping[str, str], place: Place) -> str:
    """Whether a page of another site sends this; Label Studio's API itself does not ask."""
    sender = headers.get("origin") or headers.get("referer")
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return "This was sent by a page of another site."
    return "This was sent by a page of another site." if sender and not place.owns(sender) else ""


def plain(raw_path: bytes) -> bool:
    """Whether a path means one thing only, to us and to whoever reads it after us."""
    return PLAIN.fullmatch(raw_path.decode("latin-1")) is not None


def passed(headers: Mapping[str, str], place: Place) -> dict[str, str]:
    """The headers that Label Studio is sent; origin and referer in the scheme that it believes to be served by."""
    kept = {name: headers[name] for name in PASSED if name in headers}
    kept |= {"host": place.host, "accept-encoding": headers.get("accept-encoding", "identity")}
    if "origin" in headers:
        kept["origin"] = f"http://{place.host}"
    if "referer" in headers:
        kept["referer"] = f"http://{place.host}/"
    return kept


def answered(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers of an answer that may reach people."""
    return [
        (name, value)
        for name, value in ((name.lower(), value) for name, value in headers)
        if name not in DROPPED and name not in SECURE and not name.startswith("access-control-")
    ]


def landing(location: str, place: Place, upstream: str) -> str:
    """Where a redirection leads: within this server, whatever name it was given."""
    parts = urlsplit(location)
    ours = {place.host.lower(), urlsplit(upstream).netloc.lower(), *place.hosts}
    if (parts.netloc and parts.netloc.lower() not in ours) or not parts.path.startswith("/"):
        return "/"
    path = "/" + parts.path.lstrip("/\\")
    return f"{path}?{parts.query}" if parts.query else path


def cookie(value: str, place: Place) -> str:
    """A cookie of Label Studio's for the site that people see: without a domain, and never sent in clear there."""
    parts = [part.strip() for part in value.split(";")]
    kept = [
        part for part in parts if part.partition("=")[0].lower() not in ("domain", "secure", "samesite", "httponly")
    ]
    kept.append("SameSite=Lax")
    if parts[0].startswith("sessionid="):
        kept.append("HttpOnly")
    return "; ".join([*kept, "Secure"] if place.secure else kept)
