"""The process that runs suites, seen from the one that reads the tables."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Timer
from typing import Any

import pyarrow as pa

from affectory.quality.suites.about import Check
from affectory.schemas.errors import AffectoryError, UserError

_COMMAND = [sys.executable, "-P", "-c", "from affectory.quality.suites.child import main; main()"]

_ONE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Sums in another order differ in the last bit."""


LIMIT_S, PER_ROW_S = 300.0, 1e-4
"""How long one answer may take: many times what a busy machine needs, and less than anybody waits for an expression
that never ends."""


@dataclass(eq=False)
class SuiteDied(AffectoryError):
    """The process of Great Expectations ended while it worked."""

    status: int
    said: str

    def __str__(self) -> str:
        return f"the process that runs the suite ended with {self.status}: {self.said}"


class Examiner:
    """Asks a process that has loaded Great Expectations."""

    def __init__(self, process: subprocess.Popen[bytes], errors: Any) -> None:
        self._process, self._errors = process, errors

    @property
    def pid(self) -> int:
        return self._process.pid

    def refused(self, checks: Sequence[Check]) -> dict[str, str]:
        """Why it takes some checks not, by name."""
        job = {"do": "try", "checks": [_plain(check) for check in checks]}
        found: dict[str, str] = self._ask(job, checks=checks)
        return found

    def look(self, checks: Sequence[Check], rows: pa.Table) -> list[dict[str, Any]]:
        """What each check finds in a lot of rows."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema) as writer:
            writer.write_table(rows)
        job = {"do": "look", "checks": [_plain(check) for check in checks]}
        found: list[dict[str, Any]] = self._ask(job, sink.getvalue(), checks, len(rows))
        return found

    def write_docs(self, folder: Path, tables: Sequence[dict[str, Any]]) -> list[str]:
        """Write data docs of what was found; gives the names of the pages."""
        found: list[str] = self._ask({"do": "docs", "folder": str(folder), "tables": list(tables)})
        return found

    def _ask(self, job: dict[str, Any], data: Any = b"", checks: Sequence[Check] = (), rows: int = 0) -> Any:
        asked, answers = self._process.stdin, self._process.stdout
        assert asked and answers
        limit = LIMIT_S + PER_ROW_S * rows
        with _killed_after(self._process, limit) as slow:
            try:
                asked.write(json.dumps({**job, "bytes": len(data)}).encode() + b"\n")
                asked.write(data)
                asked.flush()
                line = answers.readline()
            except BrokenPipeError:
                line = b""
        if slow.is_set() and not line:
            raise _too_slow(limit, rows, checks)
        if not line:
            status = self._process.wait()
            self._errors.seek(0)
            raise SuiteDied(status, self._errors.read().decode(errors="replace").strip()[-1500:])
        return json.loads(line)


@contextmanager
def _killed_after(process: subprocess.Popen[bytes], seconds: float) -> Iterator[Event]:
    """Ends a process that does not answer in time; the event says whether it did."""
    slow = Event()

    def end() -> None:
        slow.set()
        process.kill()

    timer = Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield slow
    finally:
        timer.cancel()


def _too_slow(limit: float, rows: int, checks: Sequence[Check]) -> UserError:
    """What the recipe expects is likelier to take for ever than what affectory does."""
    own = [check for check in checks if check.origin]
    likely = [check for check in own if "regex" in check.expect] or own
    told = "; ".join(f"{check.origin}: {check.expect} of {', '.join(check.columns)}" for check in likely)
    if not likely:
        hint = "is the machine very busy, or out of memory? then try again later; `suite: rules` does without the suite"
    elif "regex" in likely[0].expect:
        hint = "a pattern with repeats inside repeats, as (a+)+, may take for ever: write a+, and no look-ahead"
    else:
        hint = "leave it out, or ask for less of it with `where`"
    return UserError(
        f"the suite found no end within {limit:.0f} s over {rows:,} rows: {told or 'its own checks'}", hint
    )


def _plain(check: Check) -> dict[str, Any]:
    return {"name": check.name, "expect": check.expect, "arguments": dict(check.arguments)}


@contextmanager
def started() -> Iterator[Examiner]:
    """A process that lives as long as this; it has a home of its own, which goes with it."""
    with tempfile.TemporaryDirectory(prefix="affectory-suite-") as home, tempfile.TemporaryFile() as errors:
        places = {"HOME": home, "TMPDIR": home, "GX_ANALYTICS_ENABLED": "false", "PYTHONWARNINGS": "ignore", **_ONE}
        process = subprocess.Popen(
            _COMMAND, env={**os.environ, **places}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
        )
        try:
            yield Examiner(process, errors)
        finally:
            process.kill()
            process.communicate()
