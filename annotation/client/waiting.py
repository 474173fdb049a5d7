"""How long a server is waited for that does not answer, and what is said meanwhile."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from affectory.annotation.client.errors import Silent

FIRST_WAIT, MOST_WAIT = 0.5, 15.0
SAID_AFTER = 3
"""Tries in vain before anybody is told: a server that starts a worker anew is back sooner."""


@dataclass
class Outage:
    """One stretch of time in which a server did not answer."""

    url: str
    tell: Callable[[str], None]
    patience_s: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    tries: int = 0
    _since: float = field(default=0.0)
    _said: bool = False

    def wait(self, why: str) -> None:
        """Before the next try; an error once patience is at its end."""
        now = self.clock()
        self._since = self._since if self.tries else now
        self.tries += 1
        gone = now - self._since
        if gone >= self.patience_s:
            raise Silent(
                f"Label Studio at {self.url} did not answer for {gone:.0f} s ({why}).",
                "See that it runs, and run the same again: it goes on where it stopped.",
            )
        if self.tries >= SAID_AFTER and not self._said:
            self._said = True
            self.tell(
                f"Label Studio at {self.url} does not answer ({why}); waiting, "
                f"tried {self.tries} times in {gone:.0f} s, for {self.patience_s:.0f} s at most"
            )
        longest = min(MOST_WAIT, FIRST_WAIT * 2.0 ** (self.tries - 1))
        self.sleep(min(longest * random.uniform(0.5, 1.0), self.patience_s - gone))

    def end(self) -> None:
        """It answers."""
        if self._said:
            self.tell(f"Label Studio answers again after {self.clock() - self._since:.0f} s; going on")
        self.tries, self._said = 0, False
