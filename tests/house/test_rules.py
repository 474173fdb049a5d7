"""Every rule of the house holds for this tree, and each is shown to find what it forbids."""

from pathlib import Path

import pytest
from house import rules
from house.tree import FOLDERS, ROOT, files

GOOD_STEP = '"""Says hello."""\n\nclass Hello:\n    """Hello."""\n'
LONG = "def f():\n" + "    x = 1\n" * 60
BROKEN = [
    (rules.folders_import_downwards, "schemas/a.py", "import affectory.transforms.base"),
    (rules.folders_import_downwards, "transforms/text/a.py", "def f():\n    from affectory.quality import gate"),
    (rules.folders_import_downwards, "transforms/text/a.py", "from affectory import pipelines"),
    (rules.folders_import_downwards, "transforms/text/a.py", "from ...quality import gate"),
    (rules.folders_import_downwards, "transforms/a.py", "import importlib\nimportlib.import_module('affectory.infra')"),
    (rules.folders_import_downwards, "annotation/a.py", "import affectory.transforms"),
    (rules.engines_stay_in_their_folder, "pipelines/a.py", "def f():\n    import ray.data"),
    (rules.engines_stay_in_their_folder, "infra/a.py", "from apache_beam.io import x"),
    (rules.engines_stay_in_their_folder, "infra/a.py", "import importlib\nimportlib.import_module('ray')"),
    (rules.no_folder_is_named_as_an_engine, "pipelines/ray/__init__.py", ""),
    (rules.modules_are_short, "quality/a.py", "x = 1\n" * 401),
    (rules.steps_are_short, "transforms/text/a.py", "x = 1\n" * 81),
    (rules.functions_are_short, "pipelines/a.py", LONG),
    (rules.the_middle_function_is_short, "pipelines/a.py", LONG),
    (rules.transforms_are_documented, "transforms/text/a.py", GOOD_STEP.replace('"""Says hello."""', "")),
    (rules.transforms_are_documented, "transforms/text/a.py", GOOD_STEP.replace('"""Hello."""', "pass")),
    (rules.transforms_are_documented, "transforms/text/a.py", GOOD_STEP + "class B:\n    '''B.'''\n"),
    (rules.transforms_are_documented, "transforms/text/a.py", '"""Nothing."""\n'),
    (rules.transforms_are_tested, "transforms/text/a.py", GOOD_STEP),
    (rules.nothing_names_a_registry_or_a_machine, "docs/a.md", "see https://p" + "ypi.org/x"),
    (rules.nothing_names_a_registry_or_a_machine, "a.txt", "/ro" + "ot/x"),
    (rules.nothing_names_a_registry_or_a_machine, "a.txt", "--find-links /op" + "t/wheels"),
    (rules.the_top_holds_what_it_should, "scripts/a.sh", ""),
]
FINE = [
    (rules.folders_import_downwards, "pipelines/a.py", "from affectory.quality import gate\nimport affectory.schemas"),
    (rules.engines_stay_in_their_folder, "pipelines/engines/ray_data.py", "import ray"),
    (rules.engines_stay_in_their_folder, "pipelines/a.py", "import arrays.ray"),
    (rules.modules_are_short, "quality/a.py", "x = 1\n" * 400),
    (rules.steps_are_short, "transforms/text/_helper.py", "x = 1\n" * 81),
    (rules.functions_are_short, "pipelines/a.py", "def f():\n" + "    x = 1\n" * 59),
    (rules.transforms_are_documented, "transforms/text/a.py", GOOD_STEP + "class _B:\n    pass\n"),
]


def plant(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_rule_holds(rule: rules.Rule) -> None:
    found = rule(ROOT)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("rule", "path", "text"), BROKEN)
def test_the_rule_finds_what_it_forbids(rule: rules.Rule, path: str, text: str, tmp_path: Path) -> None:
    plant(tmp_path, path, text)
    assert any(path.split("/")[0] in finding or "half" in finding for finding in rule(tmp_path))


@pytest.mark.parametrize(("rule", "path", "text"), FINE)
def test_the_rule_leaves_alone_what_is_allowed(rule: rules.Rule, path: str, text: str, tmp_path: Path) -> None:
    plant(tmp_path, path, text)
    assert rule(tmp_path) == []


def test_links_to_elsewhere_or_nowhere_are_found(tmp_path: Path) -> None:
    links = tmp_path / "src" / "affectory"
    links.mkdir(parents=True)
    for folder in FOLDERS:
        (links / folder).symlink_to(f"../../{folder}")
        (tmp_path / folder).mkdir()
    assert rules.links_lead_to_the_folders(tmp_path) == []
    (tmp_path / "infra").rmdir()
    (links / "quality").unlink()
    (links / "quality").symlink_to("../../schemas")
    assert len(rules.links_lead_to_the_folders(tmp_path)) == 2


def test_every_rule_has_a_counter_example() -> None:
    shown = {rule for rule, _, _ in BROKEN} | {rules.links_lead_to_the_folders}
    assert set(rules.RULES) == shown


def test_ignored_files_are_left_out(tmp_path: Path) -> None:
    plant(tmp_path, ".gitignore", ".venv/\n/demo-out/\n*.pyc\n")
    for path in (".venv/lib/a.py", "demo-out/a", "infra/a.pyc", ".git/config", "infra/a.py"):
        plant(tmp_path, path, "")
    assert [str(p) for p in files(tmp_path)] == [".gitignore", "infra/a.py"]
