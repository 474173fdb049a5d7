"""constraints.txt pins, by hash, everything that pyproject.toml asks for, and names no address."""

import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from typing import Any

from house.tree import FOLDERS, ROOT, modules
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PYTHONS = ("3.11", "3.12", "3.13")
BROUGHT = {
    "parselmouth": "praat-parselmouth",
    "pydantic_core": "pydantic",
    "referencing": "jsonschema",
    "vllm": "ray",
}
"""Packages that are part of another one's interface, or that do not say what to import of them."""


def pins() -> dict[str, list[Requirement]]:
    """The pinned requirements by name: one where it is the same for every Python, else several with markers."""
    found: dict[str, list[Requirement]] = {}
    for block in blocks():
        requirement = Requirement(block.split("\\")[0])
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def blocks() -> list[str]:
    """One text for each pin: its line and the hashes below."""
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    return re.findall(r"^\w.*(?:\n .*)*", text, re.MULTILINE)


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def asked() -> list[Requirement]:
    project = pyproject()
    lines = (
        project["project"]["dependencies"] + project["dependency-groups"]["dev"] + project["build-system"]["requires"]
    )
    return [Requirement(line) for line in lines]


def test_each_pin_is_one_version_with_hashes() -> None:
    loose = [
        b for b in blocks() if not re.match(r"[\w.-]+==[\w.]+( ; .+)? \\(\n    --hash=sha256:[0-9a-f]{64}( \\)?)+$", b)
    ]
    assert loose == []
    assert len(blocks()) > 50


def test_nothing_but_pins_hashes_and_comments() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    other = [line for line in lines if not re.match(r"#|    --hash=sha256:|[\w.-]+==", line)]
    assert other == []


def test_every_requirement_has_a_fitting_pin_on_every_python() -> None:
    pinned, missing = pins(), []
    for requirement in asked():
        for python in PYTHONS:
            environment = {"python_version": python, "python_full_version": f"{python}.0"}
            fitting = [
                pin
                for pin in pinned.get(canonicalize_name(requirement.name), [])
                if (pin.marker is None or pin.marker.evaluate(environment))
                and all(requirement.specifier.contains(s.version) for s in pin.specifier)
            ]
            if len(fitting) != 1:
                missing.append(f"{requirement} on Python {python}: {fitting}; run `make pin`")
    assert missing == []


def undeclared(imports: dict[str, str]) -> list[str]:
    """What is imported (a top-level name, and where) without being asked for in pyproject.toml, extras included."""
    project = pyproject()["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    declared = {canonicalize_name(Requirement(line).name) for line in lines}
    installed = packages_distributions()
    needed = {name: installed.get(BROUGHT.get(name, name), [BROUGHT.get(name, name)]) for name in imports}
    return [
        f"{imports[n]} imports {n}" for n, found in needed.items() if not declared & {*map(canonicalize_name, found)}
    ]


def test_every_import_is_asked_for() -> None:
    pairs = [(name.partition(".")[0], m.name) for m in modules(ROOT, *FOLDERS) for _, name in m.imported()]
    ours = {name: where for name, where in pairs if name not in {"affectory", *sys.stdlib_module_names}}
    assert undeclared(ours) == []


def test_an_import_that_is_not_asked_for_is_found() -> None:
    assert undeclared({"pytest": "a.py", "yaml": "b.py", "apache_beam": "c.py"}) == ["a.py imports pytest"]
