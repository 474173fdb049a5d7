"""An event loop beside threads that know of none: it runs in a thread of its own while anybody waits for it."""

import asyncio
import atexit
import os
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Submit = Callable[[Coroutine[Any, Any, None]], "Future[None]"]


class Loop(Generic[T]):
    """Of all threads that use it the first starts the loop and opens what they share, the last closes both: nothing is
    left when a process ends or forks. A fork while it runs starts anew in the child."""

    def __init__(self, opened: Callable[[], AbstractAsyncContextManager[T]]) -> None:
        self._opened = opened
        self._anew()

    def _anew(self) -> None:
        self._pid, self._lock, self._users = os.getpid(), threading.Lock(), 0
        self._running: _Running[T] | None = None

    @contextmanager
    def used(self) -> Iterator["_Running[T]"]:
        """The running loop, with what is open in it."""
        if self._pid != os.getpid():
            self._anew()
        with self._lock:
            if self._running is None:
                self._running = _Running(self._opened)
            self._users += 1
            running = self._running
        try:
            yield running
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._running = None
                    running.close()


class _Running(Generic[T]):
    """A thread with a loop in it. `shared` is what was opened."""

    def __init__(self, opened: Callable[[], AbstractAsyncContextManager[T]]) -> None:
        self._ready: Future[T] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(opened)), name="asking", daemon=True)
        self._thread.start()
        self.shared = self._ready.result()
        atexit.register(self.close)  # threads that wait for this one as Python ends would wait for ever

    async def _run(self, opened: Callable[[], AbstractAsyncContextManager[T]]) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        try:
            async with opened() as shared:
                self._ready.set_result(shared)
                await self._end.wait()
                await _given_up(asyncio.all_tasks() - {asyncio.current_task()})
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)

    def submit(self, work: Coroutine[Any, Any, None]) -> "Future[None]":
        """Do this in the loop; cancelled, it is given up there."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self) -> None:
        """Give up what is left, and end the thread."""
        atexit.unregister(self.close)
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join()


async def _given_up(tasks: Iterable[asyncio.Task[Any] | None]) -> None:
    left = [task for task in tasks if task is not None]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
