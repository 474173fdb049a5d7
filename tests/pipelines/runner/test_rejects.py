"""Rows that were not kept: one reject each, with all that leads back to the file."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.steps import flow

from affectory.pipelines.runner.rejects import failed_for, rejects_of
from affectory.schemas.derived import REJECTS
from affectory.transforms.base import Failed, Rejected, Result

TEXTS = ["a", "b", "c", "d"]


def result(rejected: tuple[Rejected, ...] = (), failed: tuple[Failed, ...] = ()) -> Result:
    gone = {x.row for x in (*rejected, *failed)}
    kept = [i for i in range(len(TEXTS)) if i not in gone]
    return Result(flow(TEXTS).take(pa.array(kept, pa.int64())), np.array(kept), rejected, failed)


def test_a_reject_leads_back_to_its_record_and_file() -> None:
    table = flow(TEXTS, speaker="p_1", key="t7", extra={"mood": "höflich"})
    lost = result((Rejected(2, "too_short", "1 character"),), (Failed(0, "ValueError", "bad"),))
    rows = {r["outcome"]: r for r in rejects_of("trim", table, lost).to_pylist()}
    ids = table.column("sample_id").to_pylist()
    rejected = rows["rejected"]
    assert (rejected["stage"], rejected["reason"], rejected["detail"]) == ("trim", "too_short", "1 character")
    assert (rejected["sample_id"], rejected["record_id"]) == (ids[2], "r_2")
    assert (rejected["source"], rejected["uri"]) == ("test", "2.txt")
    failed = rows["failed"]
    assert (failed["reason"], failed["detail"], failed["sample_id"]) == ("ValueError", "bad", ids[0])
    shown = json.loads(rejected["row"])
    assert (shown["key"], shown["text"]) == ("t7", "c")
    assert shown["extra"] == {"mood": "höflich"}
    assert "language" not in shown and "anchor" not in shown, "what is not known is not shown"


def test_where_nothing_was_lost_there_are_no_rejects() -> None:
    table = rejects_of("s", flow(TEXTS), result())
    assert table.schema.equals(REJECTS.schema)
    assert table.num_rows == 0
    assert rejects_of("s", flow([]), Result.keep_all(flow([]))).num_rows == 0


@given(st.permutations(range(4)), st.integers(0, 4))
def test_every_lost_row_is_told_whatever_their_order(order: list[int], cut: int) -> None:
    rejected = tuple(Rejected(i, "empty") for i in order[:cut])
    table = rejects_of("s", flow(TEXTS), result(rejected, tuple(Failed(i, "E") for i in order[cut:])))
    assert {r["uri"]: r["outcome"] for r in table.to_pylist()} == {
        f"{i}.txt": "rejected" if i in order[:cut] else "failed" for i in range(4)
    }
    assert len(set(table.column("reject_id").to_pylist())) == 4


def test_a_reject_has_the_same_id_in_every_build_and_another_at_every_stage() -> None:
    lost = result((Rejected(0, "empty", "once"),))
    [one] = rejects_of("s", flow(TEXTS), lost).column("reject_id").to_pylist()
    assert [one] == rejects_of("s", flow(TEXTS), result((Rejected(0, "empty", "again"),))).column(0).to_pylist()
    assert [one] != rejects_of("t", flow(TEXTS), lost).column("reject_id").to_pylist()


def test_a_long_row_is_shortened() -> None:
    [row] = rejects_of(
        "s", flow(["x" * 10_000]), Result(flow([]), np.array([]), (Rejected(0, "too_long"),))
    ).to_pylist()
    assert len(row["row"]) == 500


@pytest.mark.parametrize(("reason", "rows"), [("ValueError", [0, 3]), ("Crashed", [1]), ("empty", []), ("Other", [])])
def test_those_that_failed_for_a_reason_are_found_again(reason: str, rows: list[int]) -> None:
    lost = result((Rejected(2, "empty"),), (Failed(0, "ValueError"), Failed(1, "Crashed"), Failed(3, "ValueError")))
    ids = flow(TEXTS).column("sample_id").to_pylist()
    assert failed_for(rejects_of("s", flow(TEXTS), lost), reason).to_pylist() == [ids[i] for i in rows]


def test_without_rejects_nothing_failed() -> None:
    assert failed_for(None, "ValueError").to_pylist() == []
