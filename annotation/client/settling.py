"""After a request whose end nobody knows: the server is watched until it rests."""

import time
from collections.abc import Callable

from affectory.annotation.client.server import Server

EVERY_S = 0.25


def rest(server: Server, count: Callable[[], int], expected: int) -> None:
    """Returns once there is as much as was expected, or nothing has changed for as long as the server is watched."""
    last, since = count(), time.monotonic()
    while last < expected and time.monotonic() - since < server.settle_s:
        time.sleep(EVERY_S)
        now = count()
        if now != last:
            last, since = now, time.monotonic()
