"""Details of rejects without the folders of whoever built the dataset."""

from typing import Any

import pytest

from affectory.pipelines.release.lineage import reject_rows, without_folders


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("cannot open /home/ann/media/a.mp4", "cannot open a.mp4"),
        ("[Errno 2] No such file: '/tmp/x/y/z.wav'", "[Errno 2] No such file: 'z.wav'"),
        ("/tmp/a/b.png: bad; /tmp/a/c.png: bad", "b.png: bad; c.png: bad"),
        ("in /srv/data/", "in "),
        ("text/plain or image/png", "text/plain or image/png"),
        ("s3://bucket/key/file", "s3://bucket/key/file"),
        ("3 / 4 of it", "3 / 4 of it"),
        ("row 3, column body", "row 3, column body"),
    ],
)
def test_folders_are_cut_from_absolute_paths(given: str, kept: str) -> None:
    assert without_folders(given) == kept


@pytest.mark.parametrize(
    ("stage", "outcome", "told"),
    [
        ("checks", "rejected", "too short"),
        ("caption", "failed", None),
        ("scan", "rejected", None),
    ],
)
def test_details_that_quote_what_was_taken_from_people_are_not_published(
    world: Any, tmp_path: Any, stage: str, outcome: str, told: str | None
) -> None:
    world.reject(91, stage=stage, outcome=outcome, detail="too short")
    rows = reject_rows(world.inputs(tmp_path).tables["rejects"]).to_pylist()
    (row,) = [row for row in rows if row["record_id"] == "r_000091"]
    assert (row["detail"], row["reason"]) == (told, "unreadable")


def test_what_a_duplicate_is_the_same_as_is_named_without_its_file(world: Any, tmp_path: Any) -> None:
    same = "nearly or exactly the same as s_1"
    world.reject(91, reason="duplicate", detail=f"{same} (talks (1)/ann\nroe.txt)")
    rows = reject_rows(world.inputs(tmp_path).tables["rejects"]).to_pylist()
    assert [row["detail"] for row in rows if row["record_id"] == "r_000091"] == [same]
