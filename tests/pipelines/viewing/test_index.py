"""What a filter finds on the server is what the page finds, and what a plain look at all rows finds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.released import TAXONOMY, released

from affectory.pipelines.viewing.index import Asking, Index
from affectory.quality.report.released import Released

Row = dict[str, Any]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Released:
    return Released(released(tmp_path_factory.mktemp("release") / "v1.0.0", 90, group=7))


@pytest.fixture(scope="module")
def rows(release: Released) -> list[Row]:
    return [
        {**row, "split": shard.split}
        for shard in release.shards("default")
        for row in pq.read_table(shard.path, columns=release.light).to_pylist()
    ]


ASKED: list[tuple[Asking, Callable[[Row], bool]]] = [
    (Asking(), lambda row: True),
    (Asking((("label", "joy"),)), lambda row: row["label"] == TAXONOMY.labels.index("joy")),
    (Asking((("label", "none"),)), lambda row: row["label"] is None),
    (Asking((("split", "train"), ("kind", "audio"))), lambda row: (row["split"], row["kind"]) == ("train", "audio")),
    (Asking((("band", "most say the same"),)), lambda row: 0.5 < (row["label_agreement"] or 0) < 0.9),
    (Asking((("state", "tie of #"),)), lambda row: row["label_state"] is not None),
    (Asking((("kind", "film"),)), lambda row: False),
    (Asking(words="LAST train"), lambda row: "last train" in (row["text"] or "")),
    (Asking(words="k17"), lambda row: row["key"] == "k17"),
    (Asking((("split", "test"),), "somebody writes"), lambda row: row["split"] == "test"),
]


@pytest.mark.parametrize(("asking", "meant"), ASKED)
def test_it_finds_what_is_meant(
    release: Released, rows: list[Row], asking: Asking, meant: Callable[[Row], bool]
) -> None:
    found = Index(release).find(asking).tolist()
    assert found == [number for number, row in enumerate(rows) if meant(row)]


@pytest.mark.parametrize(
    ("order", "key"),
    [
        ("split", lambda row: 2.0 if row["label_agreement"] is None else row["label_agreement"]),
        ("alike", lambda row: 1.0 if row["label_agreement"] is None else -row["label_agreement"]),
        ("many", lambda row: -(row["label_count"] or 0)),
        ("no such order", lambda row: 0),
    ],
)
def test_orders_keep_equals_as_they_come(
    release: Released, rows: list[Row], order: str, key: Callable[[Row], float]
) -> None:
    found = Index(release).find(Asking(order=order)).tolist()
    assert found == sorted(range(len(rows)), key=lambda number: key(rows[number]))


def test_sources_are_those_of_the_lineage(release: Released, rows: list[Row]) -> None:
    index = Index(release)
    lines = pq.read_table(release.folder / "lineage.parquet").to_pylist()
    of = {line["sample_id"]: line["source"] for line in lines}
    assert [index.source(number) for number in range(len(rows))] == [of[row["sample_id"]] for row in rows]


def test_of_a_release_without_lineage_sources_are_not_told(tmp_path: Path) -> None:
    folder = released(tmp_path / "v1.0.0", 10)
    (folder / "lineage.parquet").unlink()
    assert Index(Released(folder)).counts()["source"] == [("none", 10)]
