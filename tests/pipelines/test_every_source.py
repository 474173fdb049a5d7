"""Archives, shards, rows that name media, events and signals together: every file and row is accounted for."""

from pathlib import Path

from support.source_world import sources


def test_every_file_and_row_has_one_outcome(tmp_path: Path) -> None:
    made = sources(tmp_path / "p")
    done = made.build(workers=0)
    assert (done.records, done.kept, done.rejected, done.failed) == (6, 6, 3, 0)
    assert made.reasons() == [
        ("faces.zip/../evil.png", "outside_root"),
        ("rows.csv#L3", "unreadable"),
        ("s.tar/1", "bad_row"),
    ]
    rows = made.rows(done.version).to_pylist()
    assert sorted(row["kind"] for row in rows) == ["audio", "image", "image", "image", "image", "signal"]
    assert {row["session"] for row in rows} == {"d1", "d2", "e", None}
    assert made.build().unchanged
