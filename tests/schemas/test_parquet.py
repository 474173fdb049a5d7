"""Parts are read in order, whether they lie on this machine or are fetched ahead from elsewhere."""

import io
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from affectory.schemas.parquet import in_turn, read_all, read_parquet


@dataclass
class Elsewhere:
    """A part that counts who looks at it."""

    number: int
    opened: list[int] = field(default_factory=list)

    def open(self, mode: Literal["rb"], /) -> IO[bytes]:
        self.opened.append(threading.get_ident())
        buffer = io.BytesIO()
        pq.write_table(pa.table({"x": [self.number], "y": ["-"]}), buffer)
        return io.BytesIO(buffer.getvalue())


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 30])
def test_parts_elsewhere_come_in_order_and_are_fetched_once(count: int) -> None:
    opened: list[int] = []
    parts = [Elsewhere(number, opened) for number in range(count)]
    tables = read_all(parts, ["x"])
    assert [table.to_pylist() for table in tables] == [[{"x": number}] for number in range(count)]
    assert len(opened) == count


def test_only_some_are_fetched_ahead() -> None:
    opened: list[int] = []
    parts = [Elsewhere(number, opened) for number in range(100)]
    files = in_turn(parts)
    next(files)
    files.close()  # type: ignore[attr-defined]
    assert len(opened) <= 9


def test_a_part_on_this_machine_is_a_path(tmp_path: Path) -> None:
    for number in range(3):
        pq.write_table(pa.table({"x": [number], "y": ["-"]}), tmp_path / f"{number}.parquet")
    parts = sorted(tmp_path.iterdir())
    assert [table["x"].to_pylist() for table in read_all(parts)] == [[0], [1], [2]]
    assert read_parquet(parts[1], ["y"]).to_pylist() == [{"y": "-"}]
