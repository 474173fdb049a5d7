"""HS-Brexit of LeWiDi 2023: six raters' votes as the soft and hard labels that were published."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from affectory.quality.labelling import label, opinions_of
from affectory.schemas.taxonomy import parse_taxonomy

Shared = Callable[[str], Path]
Row = dict[str, Any]
HATE = parse_taxonomy({"name": "hate", "entries": ["0", "1"]})


@pytest.mark.parametrize(("part", "items"), [("train", 784), ("dev", 168), ("test", 168)])
def test_soft_labels_are_vote_shares_and_hard_ones_majorities(shared: Shared, part: str, items: int) -> None:
    published: Row = json.loads(shared(f"lewidi/HS-Brexit_{part}.json").read_text(encoding="utf-8"))
    votes = [
        {"item": item, "who": who, "said": said}
        for item, of in published.items()
        for who, said in zip(of["annotators"].split(","), of["annotations"].split(","), strict=True)
    ]
    labels: list[Row] = label(
        opinions_of(votes, HATE, item="item", rater="who", value="said"), HATE, "plurality"
    ).to_pylist()
    assert len(labels) == len(published) == items
    for found in labels:
        of = published[found["sample_id"]]
        assert [f"{share:.2f}" for share in found["values"]] == [f"{of['soft_label'][x]:.2f}" for x in HATE.labels]
        assert of["hard_label"] in found["chosen"], "where they tie it was drawn by lot"
        assert found["count"] == of["number of annotations"]
