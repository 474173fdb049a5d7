"""How a process ends that has read through Arrow."""

import atexit
import os
import sys
from contextlib import suppress
from typing import NoReturn


def end_now(code: int) -> NoReturn:
    """End without Python's own taking down of itself, after all that asked to be called at the end.

    Arrow's threads may hold a buffer of Python's a moment longer than the read. Where one lets go while Python ends,
    the process aborts (134) although its work is done and told, and a scheduler takes that for a failure.
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
