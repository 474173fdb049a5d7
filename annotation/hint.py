"""A hint that somebody answered, so that a pull that watches looks sooner.

Label Studio calls webhooks while the rater waits, gives up after a second, and never tries again: so a call says only
that it makes sense to look. Nothing of what it carries is read.
"""

import hmac
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from affectory.annotation.client.server import Server

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

PATH, HEADER = "/hint", "X-Affectory-Hint"
ACTIONS = ("ANNOTATION_CREATED", "ANNOTATIONS_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED")


def app(secret: str, hint: Callable[[], Any]) -> "Starlette":
    """Calls `hint` for each call that knows the secret; it must return at once."""
    from starlette.applications import Starlette
    from starlette.routing import Route

    if not secret:
        raise ValueError("without a secret anybody could call")
    return Starlette(routes=[Route(PATH, _answer(secret.encode(), hint), methods=["POST"])])


def _answer(secret: bytes, hint: Callable[[], Any]) -> "Callable[[Request], Awaitable[Response]]":
    from starlette.responses import Response

    async def answer(request: "Request") -> Response:
        if not hmac.compare_digest(request.headers.get(HEADER, "").encode(), secret):
            return Response(status_code=403)
        hint()
        return Response(status_code=204)

    return answer


def ask_for_hints(server: Server, project: int, url: str, secret: str) -> None:
    """Makes Label Studio call `url` when somebody answers in this project; it is asked for once, however often."""
    wanted = {"project": project, "url": url, "send_payload": False, "headers": {HEADER: secret}}
    body = {**wanted, "send_for_all_actions": False, "actions": list(ACTIONS), "is_active": True}
    found = [hook for hook in server.get("/api/webhooks/", project=project) if hook["url"] == url]
    for surplus in found[1:]:
        server.delete(f"/api/webhooks/{surplus['id']}/")
    if found:
        server.patch(f"/api/webhooks/{found[0]['id']}/", body)
    else:
        server.post("/api/webhooks/", body)
