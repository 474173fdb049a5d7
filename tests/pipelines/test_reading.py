"""A reader whose decoder crashes, hangs or leaks costs its own file, and says so."""

from pathlib import Path

import pytest
from support.readers import Reader
from support.steps_hard import SMALL_MB

from affectory.pipelines import reading
from affectory.pipelines.runner.child import Child
from affectory.transforms.sources.base import Limits, SourceFile

FILE = SourceFile("a.bin", Path("a.bin"), "0" * 64, 1)


SAYS = {"crash": "SIGSEGV", "hang": "no answer within", "leak": "more than the 300 MB that it may", "end": ""}


@pytest.mark.parametrize(("then", "says"), SAYS.items())
def test_what_was_read_stays_and_the_rest_is_refused(monkeypatch: pytest.MonkeyPatch, then: str, says: str) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    monkeypatch.setattr(reading, "_TIMEOUT_S", 8.0)
    child = Child()
    try:
        found = list(reading.batches(Reader(then), FILE, Limits(memory_mb=SMALL_MB), child))
    finally:
        child.stop()
    assert sum(b.rows.num_rows for b in found) == 1
    refused = [r for b in found for r in b.refused]
    assert [(r.uri, r.reason) for r in refused] == ([("a.bin", "unreadable")] if says else [])
    assert all(says in r.detail for r in refused)
