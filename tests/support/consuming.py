"""A release with opinions of people and a lexicon in three splits, whose recipe names several rules."""

from pathlib import Path
from typing import Any

import pytest
from support.project import Project, texts

from affectory.pipelines.release import write

RULES: tuple[Any, ...] = ("vote_share", "majority", "plurality", {"n_best": {"n": 1}}, "dawid_skene")
"""That of the recipe first; the last one fits."""


def released(folder: Path) -> Project:
    """The config `labels` holds what each of the rules came to."""
    made = texts(folder, 40)
    also = [rule if isinstance(rule, dict) else {rule: {}} for rule in RULES[1:]]
    shares = ("train=0.5", "validation=0.25", "test=0.25")
    configs = "publish.configs=[default, opinions, labels]"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "run_load_test", lambda *_: None)
        made.build(f"label.also={also}", configs, *(f"publish.splits.{x}" for x in ("by=[record]", *shares)))
    return made
