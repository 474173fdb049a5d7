"""Loading a release with `datasets`, as it is and by another rule."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.consuming import RULES
from support.project import Project

import affectory
from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import load_taxonomy

pytestmark = pytest.mark.usefixtures("cached")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    import datasets

    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()


def rows(data: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in data]


def test_the_package_imports_nothing_until_it_is_asked() -> None:
    code = "import sys, affectory; print(*[m for m in ('numpy', 'pyarrow', 'datasets', 'torch') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == ""
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        affectory.lode  # noqa: B018


def test_by_the_recipe_s_own_rule_it_is_as_it_was_published(released: Project) -> None:
    was, anew = affectory.load(released.releases), affectory.load(released.releases, rule=RULES[0])
    assert list(was) == list(anew) == ["train", "validation", "test"]
    for split in was:
        assert was[split].features == anew[split].features
        assert rows(was[split]) == rows(anew[split])


@pytest.mark.parametrize(
    "columns", [["label", "text"], ["text", "distribution", "sample_id"], ["text", "kind"]], ids=str
)
def test_a_stream_holds_the_rows_of_a_copy(released: Project, columns: list[str]) -> None:
    said: dict[str, Any] = {"rule": "majority", "split": "train", "columns": columns}
    copied = affectory.load(released.releases, **said)
    streamed = affectory.load(released.releases, streaming=True, **said)
    assert rows(copied) == rows(streamed) and len(copied) > 5
    assert list(copied[0]) == columns
    assert copied.features == streamed.features


def test_labels_have_the_names_of_the_taxonomy_that_was_asked_for(released: Project) -> None:
    found = affectory.load(released.releases, split="test", taxonomy="sentiment", columns=["label", "distribution"])
    names = found.features["label"].names
    assert tuple(names) == load_taxonomy("sentiment").labels
    assert {len(row["distribution"]) for row in found if row["distribution"]} == {len(names)}


def test_other_configs_are_loaded_as_they_are(released: Project) -> None:
    found = affectory.load(released.releases, "opinions", split="train", columns=["rater_kind"])
    assert {row["rater_kind"] for row in found} == {"human", "lexicon"}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"config": "opinion"}, "no config 'opinion', did you mean opinions"),
        ({"split": "tran"}, "no split 'tran' in 'default', did you mean train"),
        ({"columns": ["tex"]}, "no column 'tex', did you mean text"),
        ({"rule": "majority", "columns": ["tex"]}, "no column 'tex', did you mean text"),
        ({"rule": "majority", "config": "opinions"}, "a rule labels the config 'default', and 'opinions' was asked"),
    ],
)
def test_what_is_not_there_is_told(released: Project, said: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        affectory.load(released.releases, **said)


def test_a_place_of_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no release in"):
        affectory.load(tmp_path)


def test_media_may_stay_bytes(released: Project) -> None:
    found = affectory.load(released.releases, split="train", decode=False)
    decoded = {name: getattr(found.features[name], "decode", None) for name in ("audio", "video", "image", "text")}
    assert decoded == {"audio": False, "video": False, "image": False, "text": None}
