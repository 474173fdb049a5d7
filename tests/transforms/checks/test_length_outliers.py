"""Unusual lengths: fences over the whole dataset, made once."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from support.fitting import fitted

from affectory.transforms.base import Result
from affectory.transforms.checks.length_outliers import LengthOutliers

STEP = LengthOutliers(of="caption")


def run(texts: list[str | None], memory: pa.Table | None = None) -> tuple[Result, pa.Table]:
    ids = [f"s{n:03}" for n in range(len(texts))]
    rows = pa.table({"sample_id": ids, "caption": pa.array(texts, pa.string())})
    told, memory = fitted(STEP, rows, memory)
    result = STEP.setup()(rows.append_column("_level", told.column("_level")))
    result.check(rows.num_rows, "length_outliers")
    return result, memory


def words(count: int) -> str:
    return " ".join(["word"] * count)


def test_what_is_far_from_the_others_is_rejected_and_says_why() -> None:
    usual: list[str | None] = [words(n) for n in range(20, 40)]
    result, _ = run([*usual, words(2), words(300), None])
    found = [(x.row, x.reason, x.detail) for x in result.rejected]
    assert found == [
        (20, "too_short", "caption has 2 words, unusually short here"),
        (21, "too_long", "caption has 300 words, unusually long here"),
    ]
    assert result.rows.num_rows == 21


def test_of_few_texts_none_is_unusual() -> None:
    assert not run([words(1), words(2), words(500)])[0].rejected


def test_new_texts_go_by_the_fences_that_were_made_first() -> None:
    first: list[str | None] = [words(n) for n in range(20, 40)]
    _, memory = run(first)
    long: list[str | None] = [words(500)] * 30
    assert len(run([*first, *long], memory)[0].rejected) == 30
    assert not run([*first, *long])[0].rejected  # fitted anew, they are what is usual


@given(st.lists(st.integers(0, 60), min_size=8, max_size=40))
def test_the_middle_half_is_never_rejected(lengths: list[int]) -> None:
    result, _ = run([words(n) for n in lengths])
    lost = {x.row for x in result.rejected}
    middle = sorted(range(len(lengths)), key=lengths.__getitem__)[len(lengths) // 4 : -(len(lengths) // 4) or None]
    assert not lost & set(middle)
