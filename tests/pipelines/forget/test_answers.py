"""What a model answered about a person goes; what it answered about others is kept, and not asked again."""

from pathlib import Path

import pytest
from support.forgetting import forget
from support.searching import places_of
from support.talking import asks, backends, texts_with

__all__ = ["backends"]


@pytest.mark.usefixtures("backends")
def test_answers_about_others_stay(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    asked.mkdir()
    bird = {"backend": "parrot", "options": {"folder": str(asked)}}
    made = texts_with(tmp_path / "p", 9, {"bird": bird}, [{"caption": {"model": "bird"}}])
    made.build(publish=False)
    needles = {f"Line {number}: I feel".encode() for number in (1, 4, 7)}
    assert any("ledgers/answers" in place for place in places_of(needles, made.workspace))
    before = len(asks(asked))
    done = forget(made, "speaker1")
    assert (done.plan.rows["answers"], done.plan.rows["sources"]) == (3, 3)
    assert made.build(publish=False).kept == 6
    assert places_of(needles, made.workspace) == set()
    assert len(asks(asked)) == before
