"""What Label Studio says when it says no, in one sentence of ours."""

from typing import TYPE_CHECKING, Any

from affectory.annotation.client.errors import Refused

if TYPE_CHECKING:
    import httpx

MOST_REPEATED = 300
"""Characters of what a server says that we repeat."""
HINTS = {
    401: "Make a token under Account & Settings and put it where the recipe's `review: token:` says.",
    403: "Use the token of somebody who may change projects there.",
    404: "See whether it was deleted, and run the same again.",
    413: "A proxy before Label Studio takes no requests of this size: raise its limit to 10 MB.",
}


def refusal(answer: "httpx.Response", url: str, method: str, path: str) -> Refused:
    """The error for this answer; it never holds what we sent."""
    status, said = answer.status_code, _said(answer)
    if status == 401 and "legacy" in said:
        told = f"Label Studio at {url} takes no legacy tokens."
        return Refused(
            told, "Use a personal access token, or allow legacy ones in its organisation's settings.", status
        )
    if status == 401:
        return Refused(f"Label Studio at {url} does not know this token.", HINTS[401], status)
    if answer.is_redirect:
        told = f"Label Studio at {url} sends {method} {path} elsewhere."
        return Refused(told, "Give the address under which it answers itself.", status)
    told = f"Label Studio at {url} refused {method} {path} ({status}): {said or 'it does not say why'}"
    return Refused(told, HINTS.get(status, ""), status)


def why(lost: Exception) -> str:
    """What happened to a connection, in words."""
    import httpx

    if isinstance(lost, httpx.ConnectError):
        return "connection refused"
    if isinstance(lost, httpx.TimeoutException):
        return "no answer in time"
    if isinstance(lost, httpx.TransportError):
        return "connection lost"
    return f"the answer broke off: {lost}"


def _said(answer: "httpx.Response") -> str:
    try:
        body = answer.json()
    except ValueError:
        return ""
    if not isinstance(body, dict):
        return ""
    wrong: Any = body.get("validation_errors") or body.get("detail") or ""
    return " ".join(str(wrong).split())[:MOST_REPEATED]
