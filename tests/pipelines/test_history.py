"""What a build record says of a build."""

import pytest

from affectory.pipelines.history import BuildRecord, StageTotals
from affectory.pipelines.store.commits import Counts


@pytest.mark.parametrize(
    ("stages", "share"),
    [
        ({"split": Counts(4, 4, 4)}, 0.0),
        ({"scan": Counts(4, 3, 3, 1), "split": Counts(3, 3, 3)}, 0.25),
        # Three videos, cut into thirty scenes, half of them filtered: half was rejected, not five times what came in.
        ({"scenes": Counts(3, 3, 30), "filter": Counts(30, 15, 15, 15), "split": Counts(15, 15, 15)}, 0.5),
        ({"ratings": Counts(9, 0, 0, 9), "split": Counts(1, 1, 1)}, 0.0),
        ({"scan": Counts(2, 0, 0, 2)}, 1.0),
        ({}, 0.0),
    ],
)
def test_the_rejected_share_is_of_rows_that_ended_somewhere(stages: dict[str, Counts], share: float) -> None:
    totals = tuple(StageTotals(stage, counts) for stage, counts in stages.items())
    assert BuildRecord(1, "d", "", "", "", (), totals).rejected_share == share
