"""What is taken in of what people send."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from starlette.requests import Request

ANSWER = 4 << 20
FORM = 64 << 10
LONGEST = 256 << 20


@dataclass(eq=False)
class Unfit(Exception):
    """A body that is not taken: which status says so, and why."""

    status: int
    why: str


async def whole(request: "Request", most: int) -> bytes:
    """The body, if it is no longer than `most` bytes."""
    told = request.headers.get("content-length", "0")
    if not told.isdecimal() or int(told) > most:
        raise Unfit(413, f"This is longer than the {most >> 10} KiB that are taken here.")
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise Unfit(413, f"This is longer than the {most >> 10} KiB that are taken here.")
        parts.append(part)
    return b"".join(parts)


async def row(request: "Request") -> dict[str, Any]:
    """The body as a JSON object; another kind of form could say twice what we read once."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Unfit(415, "Answers are taken as JSON only.")
    try:
        found = json.loads((await whole(request, ANSWER)).decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Unfit(400, "This is not JSON.") from error
    if not isinstance(found, dict):
        raise Unfit(400, "This is not an answer.")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")
