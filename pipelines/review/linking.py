"""Links to media that expire, in tasks that somebody answered already and others are still to answer."""

import json
import re
from collections.abc import Mapping
from typing import Any

from affectory.annotation.client.server import Server
from affectory.annotation.found import Task
from affectory.annotation.push import Pushed

_SIGNED = re.compile(r"\?until=\d+&(?:amp;)?sig=[0-9a-f]+")


def refresh_links(server: Server, done: Pushed, tasks: Mapping[str, Task]) -> int:
    """Give answered tasks new links, where nothing else of what they show has changed; how many got some.

    A push replaces tasks that nobody answered, and leaves the others as they are.
    """
    renewed = 0
    for uid in done.stale:
        number, task = done.numbers[uid], tasks[uid]
        there = server.get(f"/api/tasks/{number}/")["data"]
        wanted = {**task.data, "uid": uid, "content": task.content}
        if _bare(there) == _bare(wanted) and there != wanted:
            server.patch(f"/api/tasks/{number}/", {"data": wanted})
            renewed += 1
    return renewed


def _bare(data: Mapping[str, Any]) -> str:
    """What a task shows, whatever its links are good for."""
    shown = {name: value for name, value in data.items() if name != "content"}
    return _SIGNED.sub("", json.dumps(shown, sort_keys=True, ensure_ascii=False))
