"""Two versions side by side, as data, text and files."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support.project import Project

from affectory.pipelines.comparing.compared import Comparison, compared
from affectory.pipelines.comparing.joined import joined
from affectory.pipelines.comparing.rows import SHOWN, changed_rows
from affectory.pipelines.release.diff import Side


@pytest.fixture(scope="module")
def found(versions: Project) -> Comparison:
    return compared(versions.releases / "v1.0.0", versions.releases / "v1.1.0", draws=200)


def test_rows_are_named_by_what_became_of_them(found: Comparison) -> None:
    counted = {first.change: first.rows for first in found.rows}
    assert counted == {"added": 30, "removed": 3, "changed": 57}
    assert all(len(first.ids) == min(SHOWN, first.rows) for first in found.rows)
    assert (found.diff.added, found.diff.removed, found.diff.changed) == (30, 3, 57)


def test_labels_raters_and_agreement_shifted(found: Comparison) -> None:
    whole = found.shifts[0]
    assert (whole.split, whole.rows_a, whole.rows_b, whole.shifted) == ("all", 60, 87, True)
    joy = next(share for share in whole.shares if share.label == "joy")
    assert joy.shift > 0.4 and joy.low > 0.2
    [crowd] = found.crowds
    assert (crowd.kind, crowd.raters, crowd.opinions, crowd.samples) == ("human", (2, 3), (120, 261), (60, 87))
    emotion = next(shift for shift in found.agreement if shift.question == "emotion")
    assert emotion.a is not None and emotion.a < 0.5 and emotion.b == 1.0
    assert emotion.shifted and emotion.low is not None and emotion.low > 0.3


def test_it_is_plain_data_and_text(found: Comparison) -> None:
    data = json.loads(json.dumps(found.as_json()))
    assert (data["added"], data["shifts"][0]["shifted"], data["raters"][0]["kind"]) == (30, True, "human")
    said = found.as_text()
    for part in (
        "rows added: s_",
        "and 10 more",
        "all: ",
        "shifted (60 -> 87 rows)",
        "human: 2 -> 3 raters",
        "emotion (",
    ):
        assert part in said


def test_a_version_does_not_differ_from_itself(versions: Project) -> None:
    found = compared(versions.releases / "v1.0.0", versions.releases / "v1.0.0")
    assert found.as_text() == "v1.0.0 and v1.0.0 hold the same."
    assert (found.shifts, found.agreement, found.rows) == ((), (), ())


def test_without_draws_rows_alone_are_compared(versions: Project) -> None:
    found = compared(versions.releases / "v1.0.0", versions.releases / "v1.1.0", draws=0)
    assert found.rows and not (found.shifts or found.crowds or found.agreement)


def test_every_row_that_changed_is_written_with_both_labels(versions: Project, tmp_path: Path) -> None:
    sides = [Side.of(versions.releases / version) for version in ("v1.0.0", "v1.1.0")]
    rows = changed_rows(*sides, joined(*sides))
    assert rows["sample_id"].to_pylist() == sorted(rows["sample_id"].to_pylist())
    lineage = [pq.read_table(versions.releases / v / "lineage.parquet")["sample_id"] for v in ("v1.0.0", "v1.1.0")]
    old, new = (set(ids.to_pylist()) for ids in lineage)
    by_change = {what: [r for r in rows.to_pylist() if r["change"] == what] for what in ("added", "removed", "changed")}
    assert {row["sample_id"] for row in by_change["added"]} == new - old
    assert {row["sample_id"] for row in by_change["removed"]} == old - new
    assert all(row["label_a"] is None and row["label_b"] for row in by_change["added"])
    assert all("distribution" in row["columns"] or row["label_a"] == row["label_b"] for row in by_change["changed"])


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_the_command_writes_rows_and_a_page(versions: Project, tmp_path: Path, ending: str) -> None:
    page, rows = tmp_path / "diff.html", tmp_path / f"rows.{ending}"
    said = versions.told("diff", "v1.0.0", "v1.1.0", "--page", str(page), "--out", str(rows), "--draws", "100",
                         "--releases", str(versions.releases))  # fmt: skip
    assert said.returncode == 0, said.stderr
    assert "30 rows added" in said.stdout and "labels shifted" in said.stdout
    assert page.read_text().startswith("<!doctype html>")
    if ending == "parquet":
        assert pq.read_table(rows).num_rows == 90
    else:
        assert len(rows.read_text().splitlines()) == 90 + (ending == "csv")


def test_an_ending_that_is_no_table_is_told(versions: Project) -> None:
    said = versions.told("diff", "v1.0.0", "v1.1.0", "--out", "rows.txt", "--draws", "0",
                         "--releases", str(versions.releases))  # fmt: skip
    assert (said.returncode, said.stdout) == (2, "")
    assert "cannot write rows.txt" in said.stderr
