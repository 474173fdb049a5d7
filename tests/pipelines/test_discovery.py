"""Steps, sources, ratings and views are found by the names of their files."""

import pkgutil
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import affectory.transforms
from affectory.pipelines import discovery
from affectory.transforms.base import Transform

FOLDERS = Path(affectory.transforms.__path__[0])
STEP = '"""Planted: the first line.\n\nAnd more."""\n\n\nclass Planted:\n    """One."""\n\n\nclass _Hidden:\n    pass\n'


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A further folder of transforms, empty as yet."""
    folder = tmp_path / "planted"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.setattr(affectory.transforms, "__path__", [*affectory.transforms.__path__, str(tmp_path)])
    forget()
    yield folder
    for name in [n for n in sys.modules if n.startswith("affectory.transforms.planted")]:
        del sys.modules[name]
    forget()


def forget() -> None:
    for found in (discovery.modules, discovery.steps, discovery.public_class):
        found.cache_clear()


def test_a_file_is_a_step_under_its_name(planted: Path) -> None:
    (planted / "shine.py").write_text(STEP)
    assert discovery.steps()["shine"] == "affectory.transforms.planted.shine"
    assert discovery.public_class("affectory.transforms.planted.shine").__name__ == "Planted"
    assert discovery.summary("affectory.transforms.planted.shine") == "Planted: the first line."


def test_helpers_bases_and_folders_are_no_steps(planted: Path) -> None:
    (planted / "_helper.py").write_text(STEP)
    (planted / "base.py").write_text(STEP)
    (planted / "data").mkdir()
    (planted / "data" / "__init__.py").write_text("")
    assert not discovery.steps().keys() & {"_helper", "base", "data"}


def test_looking_does_not_import(planted: Path) -> None:
    (planted / "broken.py").write_text('"""Says so."""\nraise ImportError\n')
    assert "broken" in discovery.steps()
    assert discovery.summary(discovery.steps()["broken"]) == "Says so."


@pytest.mark.parametrize("text", ["", "class A: ...\nclass B: ...\n", "from pathlib import Path\n", "class _A: ...\n"])
def test_a_step_without_exactly_one_public_class_is_refused(planted: Path, text: str) -> None:
    (planted / "odd.py").write_text(text)
    with pytest.raises(TypeError, match=r"planted\.odd must define exactly one public class"):
        discovery.public_class("affectory.transforms.planted.odd")


def test_a_step_without_a_docstring_has_no_summary(planted: Path) -> None:
    (planted / "mute.py").write_text("class A: ...\n")
    assert discovery.summary("affectory.transforms.planted.mute") == ""


def test_every_step_that_is_found_is_a_transform_with_a_summary() -> None:
    assert {"clean_text", "language", "lexicon", "scenes"} <= discovery.steps().keys()
    for module in discovery.steps().values():
        cls = discovery.public_class(module)
        assert all(hasattr(cls, name) for name in ("reads", "writes", "setup"))
        assert discovery.summary(module)


def test_sources_ratings_and_views_are_found_apart_from_steps() -> None:
    steps = set(discovery.steps().values())
    for folder in discovery.NOT_STEPS:
        found = discovery.modules(folder)
        assert found
        assert not steps & set(found.values())
    assert {"csv", "jsonl", "parquet", "folder"} <= discovery.modules("sources").keys()


def test_no_two_steps_share_a_name() -> None:
    """A recipe names steps without their folder: of two with one name only one could be had."""
    folders = [m.name for m in pkgutil.iter_modules([str(FOLDERS)]) if m.ispkg and m.name not in discovery.NOT_STEPS]
    names = Counter(name for folder in folders for name in discovery.modules(folder))
    assert [name for name, count in names.items() if count > 1] == []


def test_a_step_of_default_parameters_keeps_the_protocol() -> None:
    made = discovery.public_class(discovery.steps()["clean_text"])()
    assert isinstance(made, Transform)
