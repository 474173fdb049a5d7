"""A backend is found by its name, and what is wrong with a name is said so that it can be mended."""

import pickle
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from affectory.schemas.errors import UserError
from affectory.transforms.models._backends import Backend, backend, need

POINTS = "[affectory.backends]\nours-too = acme_backend\nneedy = acme_needy\n"
DOES = "def action_units(model, **options):\n    return lambda path: (model, options, path)\n"


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package with two backends, one of which needs what is not there."""
    (tmp_path / "acme-1.0.dist-info").mkdir()
    (tmp_path / "acme-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (tmp_path / "acme-1.0.dist-info" / "entry_points.txt").write_text(POINTS)
    (tmp_path / "acme_backend.py").write_text(DOES)
    (tmp_path / "acme_needy.py").write_text("NEEDS = {'no_such_package.within': 'acme[all]'}\n" + DOES)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    for name in ("acme_backend", "acme_needy"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("name", ["ours-too", "ours_too"])
def test_an_installed_package_offers_one(name: str) -> None:
    found = backend("action_units", name)
    assert found == Backend("action_units", "acme_backend") == pickle.loads(pickle.dumps(found))
    assert found.load("big", threads=1)("a.png") == ("big", {"threads": 1}, "a.png")


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(("step", "name"), [("action_units", "nobody"), ("asr", "ours-too")])
def test_an_unknown_name_is_told_with_those_that_would_do(step: str, name: str) -> None:
    with pytest.raises(UserError) as caught:
        backend(step, name)
    assert caught.value.message == f"{step} knows no backend named {name!r}"
    assert ("needy, ours_too" in caught.value.hint) == (step == "action_units")


@pytest.mark.usefixtures("acme")
def test_what_is_not_installed_is_told_with_what_to_install() -> None:
    with pytest.raises(UserError) as caught:
        backend("action_units", "needy")
    assert "with the backend needy needs no_such_package.within, not installed" in caught.value.message
    assert caught.value.hint == "pip install 'acme[all]'"


def test_packages_are_looked_for_without_importing_them() -> None:
    assert "this" not in sys.modules
    need("poetry", "python", "this", "json")
    assert "this" not in sys.modules
    with pytest.raises(UserError, match=r"poetry needs no_rhyme and no_reason, not installed here\n  pip install 'x'"):
        need("poetry", "x", "json", "no_rhyme", "no_reason")
