"""What is withheld reaches no model on Ray either, whether tasks ask or actors."""

from pathlib import Path

import pytest
from support.consenting import SAID, asked, asking
from support.talking import backends

from affectory.pipelines.build import Options, build
from affectory.pipelines.engines.base import Choice
from affectory.pipelines.events import Run

pytestmark = [pytest.mark.xdist_group("ray"), pytest.mark.usefixtures("backends", "ray_session")]
__all__ = ["backends"]


@pytest.mark.parametrize("way", ["stream", pytest.param("inline", marks=pytest.mark.drill)])
def test_only_who_agreed_is_sent(tmp_path: Path, way: str) -> None:
    made = asking(tmp_path, SAID)
    with Run(tmp_path / "log.jsonl", ()) as log:
        choice = Choice("ray", options=(f"models={way}",))
        summary = build(made.bound(), Options(made.workspace, made.releases, choice, 2, publish=False), log)
    assert (summary.kept, summary.rejected, summary.failed) == (2, 4, 0)
    assert asked(made) == [0, 3]
