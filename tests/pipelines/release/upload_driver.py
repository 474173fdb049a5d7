"""Publishes to buckets in child processes that are killed, and prints by which signal each ended. Run by `test_bucket`.

Usage: upload_driver.py FOLDER N=URL... A child dies before its N-th step, or after it where N is negative; a step is a
file that is sent, or the pointer that moves.
"""

import os
import runpy
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from affectory.pipelines.release import bucket, write, write_release
from affectory.schemas.urls import Url


class Deadly:
    """Counts steps, and ends the process at one of them."""

    def __init__(self, at: int) -> None:
        self.at, self.seen = at, 0

    def step(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **more: Any) -> Any:
            self.seen += 1
            self.die_if(self.seen == self.at)
            done = method(*given, **more)
            self.die_if(self.seen == -self.at)
            return done

        return counted

    @staticmethod
    def die_if(now: bool) -> None:
        if now:
            os.kill(os.getpid(), signal.SIGKILL)


def publish(inputs: Any, releases: Url, at: int) -> int:
    """The signal that ended a child. The parent never speaks to the store, so that it may fork."""
    child = os.fork()
    if child == 0:
        deadly = Deadly(at)
        bucket.Bucket._send = deadly.step(bucket.Bucket._send)  # type: ignore[method-assign]
        bucket.Bucket._advance = deadly.step(bucket.Bucket._advance)  # type: ignore[method-assign]
        write_release(inputs, releases)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def main() -> None:
    folder = Path(sys.argv[1])
    write.run_load_test = lambda *_: None
    world = runpy.run_path(str(Path(__file__).with_name("conftest.py")))["small_world"]()
    world.add(77)
    inputs = world.inputs(folder)
    for given in sys.argv[2:]:
        at, _, url = given.partition("=")
        print(publish(inputs, Url(url), int(at)), flush=True)


if __name__ == "__main__":
    main()
