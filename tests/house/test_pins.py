"""constraints.txt pins, by hash, everything that pyproject.toml asks for, and names no address."""

import re
import tomllib

from house.tree import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PYTHONS = ("3.11", "3.12", "3.13")


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


def asked() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
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
