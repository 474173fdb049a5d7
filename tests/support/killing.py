"""Work of ours in a process that is killed at its n-th step: before or after a request, or a write to a ledger."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from typing import Any
from unittest import mock

import httpx

from affectory.pipelines.review import pulling, serving
from affectory.pipelines.store.ledger import Ledger

AT_ONCE = 2
"""Annotations that a pull takes between two writes."""


def killed(step: int, work: Callable[[], Any]) -> bool:
    """Whether the work did not live to its end. Its process is a copy of this one: starting Python takes longer."""
    process = multiprocessing.get_context("fork").Process(target=_done, args=(step, work))
    process.start()
    process.join(120)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


def at_once(*works: Callable[[], Any]) -> None:
    """All of it at the same time, each in a process of its own."""
    processes = [multiprocessing.get_context("fork").Process(target=work) for work in works]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * len(works)


def _done(step: int, work: Callable[[], Any]) -> None:
    around = _dying(step)
    with (
        mock.patch.object(httpx.Client, "send", around(httpx.Client.send)),
        mock.patch.object(Ledger, "append", around(Ledger.append)),
        mock.patch.object(serving, "write_assigned", around(serving.write_assigned)),
        mock.patch.object(pulling, "AT_ONCE", AT_ONCE),
    ):
        work()


def _dying(step: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    left = step

    def stumble() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(real: Callable[..., Any]) -> Callable[..., Any]:
        def done(*given: Any, **named: Any) -> Any:
            stumble()
            found = real(*given, **named)
            stumble()
            return found

        return done

    return around
