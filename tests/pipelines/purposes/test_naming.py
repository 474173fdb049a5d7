"""Of what a gate found nothing is told that names what is not published."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from affectory.pipelines.purposes.naming import unnamed
from affectory.schemas.derived import OPINIONS_TABLE, SAMPLES

HERE, GONE = "a" * 24, "b" * 24
WHO, NOBODY = "p_" + "a" * 20, "p_" + "b" * 20


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    folder = tmp_path_factory.mktemp("tables")
    rows = [{"sample_id": f"s_{x}", "anchor": {"record": f"r_{x}"}, "kind": "text", "source": "s", "uri": "u",
             "speaker": who} for x, who in ((HERE, WHO), (GONE, NOBODY))]  # fmt: skip
    pq.write_table(SAMPLES.from_rows(rows), folder / "samples.parquet")
    said = [{"sample_id": f"s_{x}", "opinion_id": f"o_{x}", "rater": who} for x, who in ((HERE, WHO), (GONE, NOBODY))]
    columns = {f.name: pa.array([row.get(f.name) for row in said], f.type) for f in OPINIONS_TABLE.schema}
    pq.write_table(pa.table(columns), folder / "opinions.parquet")
    return {name: [folder / f"{name}.parquet"] for name in ("samples", "opinions")}


@pytest.mark.parametrize(
    ("facts", "left"),
    [
        ([f"s_{HERE}", f"s_{GONE}"], [f"s_{HERE}"]),
        ({"rows": (f"r_{GONE}", f"r_{HERE}")}, {"rows": [f"r_{HERE}"]}),
        ({f"o_{GONE}": 1, f"o_{HERE}": 2}, {f"o_{HERE}": 2}),
        ({"worst": NOBODY, "best": WHO}, {"worst": None, "best": WHO}),
        (f"{WHO} copies {NOBODY}; n=2", f"{WHO} copies [not published]; n=2"),
        ([f"x_{HERE}", f"s_{GONE}-1", 3, None, True], [3, None, True]),
        ({"table": "people", "rows": (WHO,), "count": 1}, {"table": "people", "rows": [], "count": 1}),
        ({"deep": [[{"a": [NOBODY]}]]}, {"deep": [[{"a": []}]]}),
    ],
    ids=str,
)
def test_names_of_what_is_not_published_go(tables: dict[str, list[Path]], facts: Any, left: Any) -> None:
    assert unnamed(facts, tables, pa.table({"sample_id": [f"s_{HERE}"], "split": ["train"]})) == left


def test_what_names_nobody_is_as_it_was(tables: dict[str, list[Path]]) -> None:
    facts = {"findings": [], "suite": None, "note": "s_12 of p_", "hash": HERE * 2}
    assert unnamed(facts, tables, pa.table({"sample_id": ["s0"], "split": ["train"]})) == facts
