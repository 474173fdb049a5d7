"""A server that is away is waited for with one line, and not for ever."""

import pytest

from affectory.annotation.client.errors import Silent
from affectory.annotation.client.waiting import MOST_WAIT, Outage


class Clock:
    """Time passes only while somebody waits."""

    def __init__(self) -> None:
        self.now, self.waits = 0.0, list[float]()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def outage(patience_s: float = 600) -> tuple[Outage, Clock, list[str]]:
    clock, told = Clock(), list[str]()
    return Outage("http://there", told.append, patience_s, clock, clock.sleep), clock, told


def test_a_hiccup_is_not_worth_a_line() -> None:
    away, _, told = outage()
    away.wait("connection refused")
    away.wait("connection refused")
    away.end()
    assert not told


def test_a_long_outage_is_told_once_and_its_end_too() -> None:
    away, _, told = outage()
    for _ in range(10):
        away.wait("connection refused")
    away.end()
    assert len(told) == 2
    assert told[0].startswith(
        "Label Studio at http://there does not answer (connection refused); waiting, tried 3 times"
    )
    assert told[1].startswith("Label Studio answers again after ")


def test_waits_grow_up_to_a_bound() -> None:
    away, clock, _ = outage()
    for _ in range(20):
        away.wait("answered 503")
    assert clock.waits[0] <= 0.5
    assert max(clock.waits) <= MOST_WAIT
    assert min(clock.waits[-5:]) >= MOST_WAIT / 2


@pytest.mark.parametrize("patience_s", [0.0, 1.0, 60.0])
def test_patience_ends_on_time_with_one_clear_error(patience_s: float) -> None:
    away, clock, _ = outage(patience_s)
    with pytest.raises(Silent, match=r"did not answer for \d+ s \(connection refused\)"):
        for _ in range(1000):
            away.wait("connection refused")
    assert clock.now == pytest.approx(patience_s)
