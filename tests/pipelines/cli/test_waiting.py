"""Who waits is told what for."""

import time

import pytest

from affectory.pipelines.cli.waiting import progress, told_when_slow


def test_only_what_takes_long_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with told_when_slow("quick", after=60):
        pass
    with told_when_slow("bayes over 3 opinions", after=0):
        time.sleep(0.2)
    assert capsys.readouterr().err == "bayes over 3 opinions ...\n"


def test_how_far_something_is_stands_on_stderr_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody looks a line in two seconds, as builds have it."""
    seconds = iter(range(100))
    with progress(lambda: float(next(seconds))) as told:
        for done in range(5):
            told("verify", done * 1_000_000, 4_000_000, "bytes")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("verify ")
    assert 1 <= captured.err.count("\n") < 5
