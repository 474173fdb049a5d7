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
from typing import Any

import pyarrow as pa

from affectory.quality.suites.about import Check
from affectory.schemas.errors import AffectoryError

_COMMAND = [sys.executable, "-P", "-c", "from affectory.quality.suites.child import main; main()"]

_ONE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Sums in another order differ in the last bit."""


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
        found: dict[str, str] = self._ask({"do": "try", "checks": [_plain(check) for check in checks]})
        return found

    def look(self, checks: Sequence[Check], rows: pa.Table) -> list[dict[str, Any]]:
        """What each check finds in a lot of rows."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema) as writer:
            writer.write_table(rows)
        job = {"do": "look", "checks": [_plain(check) for check in checks]}
        found: list[dict[str, Any]] = self._ask(job, sink.getvalue())
        return found

    def write_docs(self, folder: Path, tables: Sequence[dict[str, Any]]) -> list[str]:
        """Write data docs of what was found; gives the names of the pages."""
        found: list[str] = self._ask({"do": "docs", "folder": str(folder), "tables": list(tables)})
        return found

    def _ask(self, job: dict[str, Any], data: Any = b"") -> Any:
        asked, answers = self._process.stdin, self._process.stdout
        assert asked and answers
        try:
            asked.write(json.dumps({**job, "bytes": len(data)}).encode() + b"\n")
            asked.write(data)
            asked.flush()
            line = answers.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            status = self._process.wait()
            self._errors.seek(0)
            raise SuiteDied(status, self._errors.read().decode(errors="replace").strip()[-1500:])
        return json.loads(line)


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
