"""Links to media that expire, for those who have no login."""

import hashlib
import hmac
from time import time
from urllib.parse import urlencode

PATH = "/affectory/media/"


def signed_link(secret: bytes, base: str, name: str, until: int) -> str:
    """An address of a file that can be fetched without a login up to `until`, in seconds since 1970."""
    return f"{base.rstrip('/')}{PATH}{name}?{urlencode({'until': until, 'sig': _signature(secret, name, until)})}"


def holds(secret: bytes, name: str, until: str, signature: str, now: float | None = None) -> bool:
    """Whether a link was signed by us for this file and has not expired."""
    if not (until.isascii() and until.isdecimal() and len(until) < 16):
        return False
    expected = _signature(secret, name, int(until))
    return hmac.compare_digest(expected.encode(), signature.encode()) and (time() if now is None else now) < int(until)


def _signature(secret: bytes, name: str, until: int) -> str:
    return hmac.new(secret, f"media|{name}|{until}".encode(), hashlib.sha256).hexdigest()
