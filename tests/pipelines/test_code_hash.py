"""Code hashes: what runs counts, wherever it stands; how it is written does not."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import affectory
from affectory.pipelines import code_hash as module
from affectory.pipelines.code_hash import code_hash

STEP = '''"""A step."""

from affectory.planted.helper import double

LIMIT = 3  # at most


def work(x):
    """Doubles."""
    return double(x) + LIMIT
'''
HELPER = '"""A helper."""\n\n\ndef double(x):\n    return 2 * x\n'

Hash = Callable[..., str]


def forget() -> None:
    for found in vars(module).values():
        if hasattr(found, "cache_clear"):
            found.cache_clear()


@pytest.fixture
def hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hash]:
    """Writes files of a package `affectory.planted` and hashes one of its modules, as a new process would."""
    folder = tmp_path / "planted"
    folder.mkdir()
    monkeypatch.setattr(affectory, "__path__", [*affectory.__path__, str(tmp_path)])

    def write(step: str = STEP, name: str = "step", **files: str | bytes) -> str:
        contents = {"__init__.py": "", "helper.py": HELPER, "step.py": step}
        contents |= {k.replace("__py", ".py").replace("__", "."): v for k, v in files.items()}
        for path, text in contents.items():
            (folder / path).write_bytes(text if isinstance(text, bytes) else text.encode())
        forget()
        return code_hash(f"affectory.planted.{name}")

    yield write
    forget()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  # at most", ""),
        ("# at most", "# never more than"),
        ('"""A step."""', '"""The same step, described at length."""'),
        ('    """Doubles."""\n', ""),
        ("double(x) + LIMIT", "(\n        double(x)\n        + LIMIT\n    )"),
        ("LIMIT = 3", "\n\n\nLIMIT = 3"),
        ("def work(x):", "def work(\n    x,\n):"),
    ],
    ids=["comment gone", "comment changed", "docstring", "docstring gone", "lines broken", "lines added", "signature"],
)
def test_how_code_is_written_does_not_matter(hashed: Hash, old: str, new: str) -> None:
    assert old in STEP
    assert hashed(STEP.replace(old, new)) == hashed(STEP)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 3", "LIMIT = 4"),
        ("LIMIT = 3", "LIMIT = 3.0"),
        ("double(x) + LIMIT", "double(x) - LIMIT"),
        ("double(x) + LIMIT", "LIMIT + double(x)"),
        ("def work(x):", "def work(x, y=1):"),
        ("def work(x):", "def work(*, x):"),
        ("def work(x):", "def work(x, /):"),
        ("def work(x):", "async def work(x):"),
        ('    """Doubles."""\n', "    assert x\n"),
        ('    """Doubles."""\n', "    if x: raise ValueError\n"),
        ("LIMIT = 3", "LIMIT = 3\nOTHER = {1, 2}"),
        ("import double", "import double as helper"),
    ],
)
def test_what_runs_matters(hashed: Hash, old: str, new: str) -> None:
    assert old in STEP
    assert hashed(STEP.replace(old, new)) != hashed(STEP)


def test_how_arguments_are_gathered_matters(hashed: Hash) -> None:
    assert hashed("def f(*x): return x\n") != hashed("def f(**x): return x\n")


def test_an_assertion_runs_and_so_it_counts(hashed: Hash) -> None:
    assert hashed("def f(x):\n    assert x\n") != hashed("def f(x):\n    assert not x\n")


def test_a_docstring_that_names_a_file_does_not_make_it_count(hashed: Hash) -> None:
    step = '"""Was trained from seeds.tsv."""\n'
    assert hashed(step, seeds__tsv="a") == hashed(step, seeds__tsv="b")


@pytest.mark.parametrize(
    "statement",
    [
        "from affectory.planted.helper import double",
        "from affectory.planted import helper",
        "import affectory.planted.helper",
        "import affectory.planted.helper as h",
        "from .helper import double",
        "from . import helper",
        "def f():\n    from affectory.planted.helper import double",
        "from affectory.planted.middle import double",
    ],
)
def test_a_helper_of_ours_counts_however_it_is_imported(hashed: Hash, statement: str) -> None:
    middle = "from affectory.planted.helper import double\n"
    one = hashed(statement, middle__py=middle)
    assert hashed(statement, middle__py=middle, helper__py=HELPER.replace("2 * x", "3 * x")) != one
    assert hashed(statement, middle__py=middle, helper__py=HELPER.replace("A helper", "The helper")) == one


def test_a_module_that_is_not_imported_does_not_count(hashed: Hash) -> None:
    assert hashed(other__py="x = 1") == hashed(other__py="x = 2")


def test_modules_that_import_each_other_can_be_hashed(hashed: Hash) -> None:
    there, back = "from affectory.planted import other\n", "from affectory.planted import step\n"
    assert hashed(there, other__py=back) != hashed(there, other__py=back + "x = 1\n")


def test_a_data_file_that_is_named_counts(hashed: Hash) -> None:
    named = 'WEIGHTS = "weights.npz"\n'
    assert hashed(named, weights__npz=b"\0\1") != hashed(named, weights__npz=b"\0\2")
    assert hashed("X = 1\n", weights__npz=b"\0\1") == hashed("X = 1\n", weights__npz=b"\0\2")


def test_a_data_file_in_a_folder_that_is_named_counts(hashed: Hash, tmp_path: Path) -> None:
    (tmp_path / "planted" / "models").mkdir()
    file, named = tmp_path / "planted" / "models" / "net.onnx", 'PATH = ("models", "net.onnx")\n'
    file.write_bytes(b"one")
    before = hashed(named)
    file.write_bytes(b"two")
    assert hashed(named) != before


@pytest.mark.parametrize("text", ["喜" * 150, "喜" * 150 + ".", "a" * 199 + ".b", "/", "..", ".", "a\0.b", "a\n.b"])
def test_texts_that_cannot_be_file_names_do_no_harm(hashed: Hash, text: str) -> None:
    """Steps hold words in every script, some of them longer than a file name may be."""
    assert hashed(f"X = {text!r}\n")


def test_the_version_of_a_library_counts(hashed: Hash, monkeypatch: pytest.MonkeyPatch) -> None:
    one = hashed("import numpy\n")
    with monkeypatch.context() as patch:
        patch.setattr(module.importlib.metadata, "version", lambda name: "0")
        assert hashed("import numpy\n") != one
        assert hashed("import json\n") == hashed("import json\n")
    assert hashed("import numpy\n") == one


def test_another_name_is_another_module(hashed: Hash) -> None:
    assert hashed(STEP, "step") != hashed(STEP, "twin", twin__py=STEP)


MANY_SETS = "from affectory.pipelines.code_hash import code_hash; print(code_hash('affectory.transforms.rows'))"


def test_a_hash_is_the_same_in_every_process() -> None:
    """Python orders the sets among a module's constants anew in each."""

    def made(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        return subprocess.run(
            [sys.executable, "-c", MANY_SETS], env=environment, capture_output=True, check=True, text=True
        ).stdout

    assert made("1") == made("2") == f"{code_hash('affectory.transforms.rows')}\n"


def test_sets_are_hashed_in_one_order(hashed: Hash) -> None:
    assert module._constant(frozenset("abc")) == module._constant(frozenset("cba"))
    assert module._constant(frozenset("ab")) != module._constant(("a", "b"))
    assert hashed("X = 'a' in {'a', 'b'}\n") != hashed("X = 'a' in {'a', 'c'}\n")


def test_what_a_library_needs_counts_with_it() -> None:
    told = module._version("datasets")
    assert "datasets==" in told and "fsspec==" in told, told
    assert module._version("json") == ""
