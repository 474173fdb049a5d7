"""Splits by exchanges are the same on every engine."""

from pathlib import Path

import pyarrow as pa
import pytest
from support import split_oracle
from support.splitting import EVEN, Layout, exchanged, table_of
from support.steps import PYTHON_PATH

from affectory.pipelines.engines.base import Choice, names, opened
from affectory.pipelines.exchanges import Exchanges, Found
from affectory.pipelines.store.files import LocalFiles

pytestmark = pytest.mark.usefixtures("ray_where_named")
BY = ["speaker", "dialogue"]
SAMPLES = [(n, f"p{n % 6}" if n % 5 else None, f"d{n // 4}" if n % 3 else None) for n in range(24)]
FIT = {"speaker:p1": "train", "dialogue:d0": "test", "record:r_0": "ex", "speaker:gone": "train"}


@pytest.mark.parametrize("name", names())
def test_samples_are_placed_as_one_by_one(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every kind of exchange, with samples that are held back; and one of which nothing comes."""
    monkeypatch.setenv("PYTHONPATH", PYTHON_PATH)
    table = table_of(SAMPLES)
    with opened(Choice(name, 2)) as engine:
        placed, _, _ = exchanged(tmp_path, table, BY, FIT, Layout(3, 2, -1, engine))
        nothing = Exchanges(engine, LocalFiles(tmp_path), "x", 2).run("nothing", [1, 2], no_rows, no_bucket)
    assert placed == split_oracle.place(split_oracle.tokens_of(table, BY), EVEN, FIT)
    assert placed.conflicts
    assert nothing.facts() == {}


def no_rows(part: int) -> pa.Table:
    return pa.table({"key": pa.array([], pa.string()), "bucket": pa.array([], pa.int64())})


def no_bucket(bucket: int, rows: pa.Table) -> Found:
    raise AssertionError(bucket)
