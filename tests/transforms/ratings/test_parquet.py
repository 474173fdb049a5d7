"""Ratings from Parquet."""

import pyarrow as pa
import pyarrow.parquet as pq

from affectory.transforms.ratings.parquet import ParquetRatings


def test_parquet(reader, take, tmp_path):
    table = pa.table({"id": [1, 2, None], "who": ["r", "r", "r"], "emotion": ["joy", None, "joy"]})
    pq.write_table(table, tmp_path / "r.parquet")
    rows, refused = take(reader(ParquetRatings), tmp_path / "r.parquet")
    assert [(r["target_key"], r["label"], r["row"]) for r in rows] == [("1", "joy", 1)]
    assert [(r.uri, r.reason) for r in refused] == [("r.parquet#L2", "bad_row"), ("r.parquet#L3", "missing_key")]
