"""Who waits is told what for."""

import time

import pytest

from affectory.pipelines.cli.waiting import told_when_slow


def test_only_what_takes_long_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with told_when_slow("quick", after=60):
        pass
    with told_when_slow("bayes over 3 opinions", after=0):
        time.sleep(0.2)
    assert capsys.readouterr().err == "bayes over 3 opinions ...\n"
