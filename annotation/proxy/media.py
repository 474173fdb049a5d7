"""Media as they were pushed, by range, to those who are shown them or hold a link that has not expired."""

import re
from typing import TYPE_CHECKING

from affectory.annotation.proxy import links
from affectory.annotation.proxy.home import Facts
from affectory.annotation.proxy.who import Visitor

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

NAME = re.compile(r"[0-9a-f]{64}\.[a-z0-9]{1,5}")
# Nothing that a browser would run.
TYPES = {"mp4": "video/mp4", "m4v": "video/mp4", "webm": "video/webm", "mov": "video/quicktime",
         "mkv": "video/x-matroska",
         "ogv": "video/ogg", "wav": "audio/wav", "mp3": "audio/mpeg", "m4a": "audio/mp4", "ogg": "audio/ogg",
         "opus": "audio/ogg", "flac": "audio/flac", "aac": "audio/aac", "png": "image/png", "jpg": "image/jpeg",
         "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif",
         "bmp": "image/bmp", "txt": "text/plain"}  # fmt: skip
# A link is for pages of another server, which play and draw what they fetch.
LINKED = {"cross-origin-resource-policy": "cross-origin", "access-control-allow-origin": "*"}
HEADERS = {"cache-control": "private, max-age=3600", "content-security-policy": "default-src 'none'; sandbox"}


def serve(request: "Request", facts: Facts, secret: bytes, visitor: Visitor | None) -> "Response | None":
    """The file, or None where it is not for them or not there."""
    from starlette.responses import FileResponse

    name = request.scope["path"].removeprefix(links.PATH)
    if NAME.fullmatch(name) is None:
        return None
    linked = links.holds(secret, name, request.query_params.get("until", ""), request.query_params.get("sig", ""))
    if not linked and (visitor is None or not allowed(facts, visitor, name)):
        return None
    path = facts.home / "media" / name
    if not path.is_file():
        return None
    headers = HEADERS | (LINKED if linked else {})
    return FileResponse(path, headers=headers, media_type=TYPES.get(path.suffix[1:], "application/octet-stream"))


def allowed(facts: Facts, visitor: Visitor, name: str) -> bool:
    """Whether a visitor is shown a file in one of their tasks."""
    if visitor.lead:
        return True
    rater = visitor.rater
    plans = [plan for plan in facts.projects().values() if rater is not None and plan.listed(rater)]
    return any(
        plan.media is None or any(plan.asks(rater or "", task) for task in plan.media.get(name, ())) for plan in plans
    )
