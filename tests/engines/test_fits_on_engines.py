"""A recipe with fits leads to the same rows on every engine, whether signs meet in one process or by exchanges."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from support.fitting import last_rows
from support.project import TEXTS, Project, project, write_lines
from support.steps import PYTHON_PATH

from affectory.pipelines import connecting, discovery, fits
from affectory.pipelines.engines.base import names
from affectory.pipelines.store.workspace import Workspace

pytestmark = pytest.mark.usefixtures("ray_where_named")
SAID = "It was such a long day at work that all I want to do now is sleep until noon"


def lines(folder: Path) -> Project:
    """Some lines that are alike, and how positive they are."""
    ingest = ["clean_text", {"near_duplicates": {"text": 0.7, "keep": "one"}}, "common", {"tertiles": {"of": "common"}}]
    made = project(folder, {**TEXTS, "ratings": [], "ingest": ingest, "assist": []})
    texts = [
        f"{SAID} {'and so on ' * (n % 2)}{n // 3}" if n < 6 else f"{word} {n}" for n, word in enumerate(["joy"] * 14)
    ]
    write_lines(folder / "lines.jsonl", [{"id": f"l{n}", "who": f"s{n}", "body": text} for n, text in enumerate(texts)])
    return made


@pytest.fixture(scope="module", autouse=True)
def known() -> Iterator[None]:
    steps = {**discovery.steps(), "common": "support.steps_fitting"}
    with patch.object(discovery, "steps", lambda: steps):
        yield


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    return built(lines(tmp_path_factory.mktemp("fits")), "local")


def built(made: Project, engine: str, **options: Any) -> tuple[Any, ...]:
    summary = made.build(engine=engine, publish=False, **options)
    files = Workspace(made.workspace).fits()
    remembered = {name: files.read(name) for name in files.names()}
    return summary.kept, summary.reasons, last_rows(made.workspace), remembered


@pytest.mark.parametrize("engine", [pytest.param(n, marks=pytest.mark.drill) if n == "ray" else n for n in names()])
def test_the_same_rows_come_out(
    engine: str,
    tmp_path: Path,
    expected: tuple[Any, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", PYTHON_PATH)
    monkeypatch.setattr(fits, "AT_ONCE", -1)
    monkeypatch.setattr(connecting, "FEW", -1)
    assert built(lines(tmp_path), engine, workers=2, partition_rows=5) == expected
    assert expected[0] < 14
