"""Overlapping samples that are cut at the same places give each part once."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from affectory.pipelines.runner.repeats import without_repeats
from affectory.transforms.base import Rejected, Result


def result(ids: Sequence[str], origin: Sequence[int], *rejected: Rejected) -> Result:
    return Result(pa.table({"sample_id": pa.array(ids, pa.string())}), np.array(origin, np.int64), rejected)


@pytest.mark.parametrize(
    ("ids", "origin", "kept", "lost"),
    [
        ([], [], [], []),
        (["a", "b"], [0, 1], [0, 1], []),
        (["a", "b", "b", "c"], [0, 0, 1, 1], [0, 0, 1], []),
        (["a", "b", "b", "a", "d"], [0, 0, 1, 2, 3], [0, 0, 3], [(1, "b"), (2, "a")]),
    ],
)
def test_each_part_is_there_once(
    ids: list[str], origin: list[int], kept: list[int], lost: list[tuple[int, str]]
) -> None:
    found = without_repeats(result(ids, origin))
    assert found.rows["sample_id"].to_pylist() == sorted(set(ids))
    assert found.origin.tolist() == kept
    assert [(x.row, x.reason, x.detail.rpartition(" ")[2]) for x in found.rejected] == [
        (row, "duplicate", sample) for row, sample in lost
    ]
    found.check(max(origin, default=-1) + 1, "cut")


def test_what_was_rejected_before_stays_so() -> None:
    before = Rejected(2, "empty")
    found = without_repeats(result(["a", "a"], [0, 1], before))
    assert [x.row for x in found.rejected] == [2, 1]
    found.check(3, "cut")
