"""A reader whose decoder crashes or hangs costs its own file, and says so."""

from pathlib import Path

import pytest
from support.readers import Reader

from affectory.pipelines import reading
from affectory.pipelines.runner.child import Child
from affectory.transforms.sources.base import Limits, SourceFile

FILE = SourceFile("a.bin", Path("a.bin"), "0" * 64, 1)


@pytest.mark.parametrize(("then", "says"), [("crash", "SIGSEGV"), ("hang", "no answer within"), ("end", "")])
def test_what_was_read_stays_and_the_rest_is_refused(monkeypatch: pytest.MonkeyPatch, then: str, says: str) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    monkeypatch.setattr(reading, "_TIMEOUT_S", 8.0)
    child = Child()
    try:
        found = list(reading.batches(Reader(then), FILE, Limits(), child))
    finally:
        child.stop()
    assert sum(b.rows.num_rows for b in found) == 1
    refused = [r for b in found for r in b.refused]
    assert [(r.uri, r.reason) for r in refused] == ([("a.bin", "unreadable")] if says else [])
    assert all(says in r.detail for r in refused)
