"""What a status other than 200 means: to ask again, to fail one row, or to stop, as the next would fare no better."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from affectory.schemas.errors import UserError
from affectory.transforms.base import Failed
from affectory.transforms.models.backends._openai_answers import Lost, at, clean, parsed

LONGEST_WAIT = 60.0
"""A server that wants us to come back later than in so many seconds is asked then."""
_BUSY = {408, 409, 429}
_STOPS = {
    401: "give the server's key as `key: ${env:NAME}`, and export it",
    402: "the account has no credit left; add some and build again: nothing is asked twice",
    403: "the key may not use this model; give another, or name another model",
    404: "look at `url` (up to and with /v1) and `model`; GET <url>/models lists what the server has",
    405: "look at `url`: it goes up to and with /v1",
}
_ABOUT_THIS_ONE = re.compile(r"moderat|flagged|content.?policy|safety|harmful", re.IGNORECASE)
_SPENT = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}


def refusal(status: int, headers: Mapping[str, str], data: bytes) -> Lost | Failed | UserError:
    """What to make of an answer that is none."""
    said = told(data)
    if _spent(data):
        return UserError(f"the server has no credit for us: {said}", _STOPS[402])
    if status in _BUSY or status >= 500:
        return Lost("ServerBusy" if status == 429 else "ServerError", f"HTTP {status}: {said}", _after(headers))
    if 300 <= status < 400:
        where = clean(headers.get("location", ""))[:200]
        return UserError(f"the server sends us elsewhere, to {where!r}", "give that place as `url` if you trust it")
    if status in _STOPS and not (status == 403 and _ABOUT_THIS_ONE.search(said)):
        return UserError(f"the server refuses to answer, HTTP {status}: {said}", _STOPS[status])
    return Failed(0, "Refused", f"HTTP {status}: {said}")


def told(data: bytes) -> str:
    """The server's words, on one line and not many of them."""
    try:
        body = parsed(data)
    except Lost:
        body = data.decode("utf-8", "replace")
    places = (at(body, "error", "message"), at(body, "error"), at(body, "message"), at(body, "detail"), body)
    words = next((x for x in places if isinstance(x, str) and x), str(body))
    return " ".join(re.sub(r"[\x00-\x1f\x7f]+", " ", clean(words)).split())[:500]


def inside(body: Any) -> int | None:
    """The status of an error that came as an answer, as some gateways send it."""
    code = at(body, "error", "code")
    return code if type(code) is int and 400 <= code < 600 else None


def _spent(data: bytes) -> bool:
    try:
        body = parsed(data)
    except Lost:
        return False
    return bool({str(at(body, "error", key)) for key in ("code", "type")} & _SPENT)


def _after(headers: Mapping[str, str]) -> float:
    """Seconds of `Retry-After`, told as a number or as a date."""
    given = headers.get("retry-after", "")
    try:
        seconds = float(given)
    except ValueError:
        seconds = _until(given)
    return min(max(seconds, 0.0), LONGEST_WAIT) if not math.isnan(seconds) else 0.0


def _until(date: str) -> float:
    try:
        then = parsedate_to_datetime(date)
        return (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp() - datetime.now(UTC).timestamp()
    except (TypeError, ValueError, OverflowError):
        return 0.0
