"""Editing a transform recomputes its stage and those after it; a comment does not. Nobody raises a number."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.project import Project, texts

ROOT = Path(__file__).parents[2]
FOLDERS = ("pipelines", "transforms", "schemas", "annotation", "quality", "infra")
PLAN = "import sys; sys.argv[0] = 'affectory'; from affectory.pipelines.cli import main; main()"


@dataclass(frozen=True)
class Built:
    """A build by a copy of the package that tests may edit."""

    package: Path
    made: Project

    @contextmanager
    def edited(self, module: str, edit: Callable[[str], str]) -> Iterator[None]:
        """A module that reads otherwise for a while."""
        file = self.package / module
        source = file.read_text()
        changed = edit(source)
        assert changed != source
        file.write_text(changed)
        try:
            yield
        finally:
            file.write_text(source)

    def to_run(self) -> list[str]:
        """Stages that a build would run again."""
        plan = json.loads(run(self.package, self.made, "plan", "--json"))
        return [stage["name"] for stage in plan["stages"] if stage["partitions"] > stage["cached"]]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("edits")
    package = folder / "site" / "affectory"
    shutil.copytree(ROOT / "src" / "affectory", package, ignore=shutil.ignore_patterns(*FOLDERS))
    skipped = shutil.ignore_patterns("demo", "*.pyc.*")  # what is compiled goes along
    for name in FOLDERS:
        shutil.copytree(ROOT / name, package / name, ignore=skipped)
    made = Built(package, texts(folder / "p", 6))
    run(package, made.made, "build", "--workers", "0")
    return made


def run(package: Path, made: Project, *words: str) -> str:
    env = {**os.environ, "PYTHONPATH": str(package.parent)}
    done = subprocess.run(
        [sys.executable, "-c", PLAN, *words], env=env, cwd=made.folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


EDITS = {
    "a comment": ('    """', '    # said otherwise\n    """', []),
    "a docstring": ('"""Text', '"""The text', []),
    "code": ("def setup(self)", "ADDED = 1\n\n    def setup(self)", ["clean_text", "lexicon", "label"]),
}


def test_nothing_edited_is_nothing_to_run(built: Built) -> None:
    assert built.to_run() == []


@pytest.mark.parametrize("edit", EDITS)
def test_editing_the_first_step(built: Built, edit: str) -> None:
    old, new, stages = EDITS[edit]

    def change(source: str) -> str:
        assert old in source or edit == "a docstring"
        return source.replace(old, new, 1) if old in source else source.replace('"""', '"""So: ', 1)

    with built.edited("transforms/text/clean_text.py", change):
        assert built.to_run() == stages


def test_editing_a_later_step_leaves_the_earlier_ones(built: Built) -> None:
    def change(source: str) -> str:
        return source.replace("def setup(self)", "ADDED = 1\n\n    def setup(self)", 1)

    with built.edited("transforms/models/lexicon.py", change):
        assert built.to_run() == ["lexicon", "label"]


def test_a_helper_of_a_step_counts_as_its_code(built: Built) -> None:
    with built.edited("transforms/models/_words.py", lambda source: source + "\nADDED = 1\n"):
        assert built.to_run() == ["lexicon", "label"]
