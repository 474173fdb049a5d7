"""Splits by exchanges are the same on every engine."""

from pathlib import Path

import pytest
from support import split_oracle
from support.splitting import EVEN, Layout, exchanged, table_of
from support.steps import PYTHON_PATH

from affectory.pipelines.engines.base import Choice, names, opened

BY = ["speaker", "dialogue"]
SAMPLES = [(n, f"p{n % 6}" if n % 5 else None, f"d{n // 4}" if n % 3 else None) for n in range(24)]
FIT = {"speaker:p1": "train", "dialogue:d0": "test", "record:r_0": "ex", "speaker:gone": "train"}


@pytest.mark.parametrize("name", names())
def test_samples_are_placed_as_one_by_one(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """With rounds of stars and samples that are held back; then with nothing that could meet."""
    monkeypatch.setenv("PYTHONPATH", PYTHON_PATH)
    if name == "ray":
        request.getfixturevalue("ray_session")
    table = table_of(SAMPLES)
    with opened(Choice(name, 2)) as engine:
        for by, fit, few in ((BY, FIT, -1), (["source"], {}, 1000)):
            placed, _, _ = exchanged(tmp_path, table, by, fit, Layout(3, 2, few, engine))
            expected = split_oracle.place(split_oracle.tokens_of(table, by), EVEN, fit)
            assert placed == expected
            assert bool(placed.conflicts) == bool(fit)
