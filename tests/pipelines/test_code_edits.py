"""Editing a transform recomputes its stage and those after it; a comment does not. Nobody raises a number."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.project import Project, texts

ROOT = Path(__file__).parents[2]
FOLDERS = ("pipelines", "transforms", "schemas", "annotation", "quality", "infra")
PLAN = "import sys; sys.argv[0] = 'affectory'; from affectory.pipelines.cli import main; main()"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package that a test may edit."""
    target = tmp_path / "site" / "affectory"
    shutil.copytree(ROOT / "src" / "affectory", target, ignore=shutil.ignore_patterns(*FOLDERS))
    skipped = shutil.ignore_patterns("__pycache__", "demo")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, target / folder, ignore=skipped)
    return target


def run(package: Path, made: Project, *words: str) -> str:
    env = {**os.environ, "PYTHONPATH": str(package.parent)}
    done = subprocess.run(
        [sys.executable, "-c", PLAN, *words], env=env, cwd=made.folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def to_run(package: Path, made: Project) -> dict[str, int]:
    import json

    plan = json.loads(run(package, made, "plan", "--json"))
    return {stage["name"]: stage["partitions"] - stage["cached"] for stage in plan["stages"]}


EDITS = {
    "a comment": ('    """', '    # said otherwise\n    """', []),
    "a docstring": ('"""Text', '"""The text', []),
    "code": ("def setup(self)", "ADDED = 1\n\n    def setup(self)", ["clean_text", "lexicon", "label"]),
}


@pytest.mark.parametrize("edit", EDITS)
def test_editing_the_first_step(package: Path, tmp_path: Path, edit: str) -> None:
    made = texts(tmp_path / "p", 6)
    run(package, made, "build", "--workers", "0")
    assert not any(to_run(package, made).values())
    module = package / "transforms" / "text" / "clean_text.py"
    old, new, stages = EDITS[edit]
    source = module.read_text()
    assert old in source or edit == "a docstring"
    module.write_text(source.replace(old, new, 1) if old in source else source.replace('"""', '"""So: ', 1))
    assert [name for name, count in to_run(package, made).items() if count] == stages


def test_editing_a_later_step_leaves_the_earlier_ones(package: Path, tmp_path: Path) -> None:
    made = texts(tmp_path / "p", 6)
    run(package, made, "build", "--workers", "0")
    module = package / "transforms" / "models" / "lexicon.py"
    module.write_text(module.read_text().replace("def setup(self)", "ADDED = 1\n\n    def setup(self)", 1))
    assert [name for name, count in to_run(package, made).items() if count] == ["lexicon", "label"]


def test_a_helper_of_a_step_counts_as_its_code(package: Path, tmp_path: Path) -> None:
    made = texts(tmp_path / "p", 6)
    run(package, made, "build", "--workers", "0")
    helper = package / "transforms" / "models" / "_words.py"
    helper.write_text(helper.read_text() + "\nADDED = 1\n")
    assert [name for name, count in to_run(package, made).items() if count] == ["lexicon", "label"]
