"""The recipe mer-caption from end to end, on real captions: descriptions, open labels, filters with their reasons."""

import shutil
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from support import emer
from support.llama import ALIAS, llama
from support.project import Project

__all__ = ["llama"]
RECIPE = Path(__file__).parents[3] / "pipelines" / "recipes" / "mer-caption.yaml"
CLIPS = slice(2, 4)
"""One that is kept and one that is not: the model needs ten seconds for each."""
FILTERS = {"merge", "refusals", "same_language", "length_outliers", "opine", "opine-2", "consensus", "extract_labels"}


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("mer")
    shutil.copy(RECIPE, folder / "recipe.yaml")
    return Project(folder)


def test_from_clues_to_open_labels(laid_out: Project, shared: Callable[[str], Path], llama: str) -> None:
    rows = [emer.shortened(clip) for clip in islice(emer.clips(shared), CLIPS.start, CLIPS.stop)]
    emer.write(laid_out.folder, rows)
    writer = [
        f"models.writer.{key}={value}"
        for key, value in (("url", llama), ("model", ALIAS), ("max_tokens", 240), ("tries", 1))
    ]
    summary = laid_out.build(*writer, "limits.max_failed=1.0")
    assert summary.kept + summary.rejected + summary.failed == summary.found == len(rows)
    assert summary.kept
    for lost in laid_out.rejects():
        assert lost["stage"] in FILTERS and lost["detail"], lost
    notes = laid_out.rows(summary.version, "notes").to_pylist()
    kept = {note["sample_id"] for note in notes if note["name"] == "description"}
    assert len(kept) == summary.kept
    assert all("merge_text@1" in note["text"] for note in notes if note["name"] == "description_by")
    opinions = laid_out.rows(summary.version, "opinions").to_pylist()
    open_words = {o["sample_id"]: o["answer"]["words"] for o in opinions if o["asked"]["response"] == "words"}
    assert set(open_words) == kept
