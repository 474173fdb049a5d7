"""The Dockerfiles, read instruction by instruction, and the pins that they install from."""

import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from house.tree import FOLDERS, ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

IMAGES = ROOT / "infra" / "images"
DOCKERFILES = sorted(IMAGES.glob("Dockerfile.*"))
PLACE = {
    "python_version": "3.12",
    "python_full_version": "3.12.12",
    "sys_platform": "linux",
    "platform_machine": "x86_64",
}
SECRET = re.compile(r"(?i)(password|secret|token|api_?key)\s*=\s*\S")


@dataclass(frozen=True)
class Line:
    """One instruction with its words."""

    word: str
    rest: str


def instructions(path: Path) -> list[Line]:
    """What Docker would run, with comments gone and continued lines joined."""
    kept = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(kept))
    words = [line.strip().split(maxsplit=1) for line in joined.splitlines() if line.strip()]
    return [Line(word.upper(), rest) for word, rest in words]


def of(path: Path, word: str) -> list[str]:
    return [line.rest for line in instructions(path) if line.word == word]


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda p: p.name)
def test_what_an_image_is_made_from_is_pinned_and_the_same_for_all(path: Path) -> None:
    bases = [rest.split()[0] for rest in of(path, "FROM")]
    assert len(bases) == 2 and set(bases) == {"python:3.12.12-slim-bookworm"}
    assert instructions(path)[0].word == "FROM"


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda p: p.name)
def test_an_image_runs_as_nobody_special(path: Path) -> None:
    lines = instructions(path)
    last = [line.word for line in lines][-4:]
    assert of(path, "USER") == ["10001:10001"] and last == ["WORKDIR", "USER", "HEALTHCHECK", "CMD"]
    assert "USER" not in [
        line.word for line in lines[: next(i for i, x in enumerate(lines[1:], 1) if x.word == "FROM")]
    ]


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda p: p.name)
def test_nothing_comes_from_an_address_and_no_secret_stays(path: Path) -> None:
    assert of(path, "ADD") == []
    assert not [rest for rest in of(path, "RUN") if re.search(r"https?://|curl |wget ", rest)]
    assert not [line for line in instructions(path) if line.word in ("ARG", "ENV") and SECRET.search(line.rest)]
    assert [rest for rest in of(path, "COPY") if "--from" in rest] == ["--from=build /opt/affectory /opt/affectory"]


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda p: p.name)
def test_packages_are_installed_from_the_pins_alone(path: Path) -> None:
    calls = [call for rest in of(path, "RUN") for call in rest.split("&&") if "pip install" in call]
    dependencies, own = calls
    assert "--only-binary :all:" in dependencies and "-c pins.txt" in dependencies
    assert "--no-deps" in own and "--no-build-isolation" in own
    assert not [
        rest for rest in of(path, "RUN") if "apt-get install" in rest and "rm -rf /var/lib/apt/lists" not in rest
    ]


def test_only_what_the_image_needs_reaches_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = {line[1:] for line in lines if line.startswith("!")}
    assert "*" in lines and "**/.env" in lines
    assert {*FOLDERS, "src", "pyproject.toml", "README.md", "LICENSE", "constraints.txt"} == allowed


def pins(path: Path) -> dict[str, str]:
    """Versions by name, of a file with or without hashes, for the Python of the images."""
    lines = re.findall(r"^\w[^\\\n]*", path.read_text(), re.MULTILINE)
    found = [Requirement(line) for line in lines]
    fitting = [r for r in found if r.marker is None or r.marker.evaluate(PLACE)]
    return {canonicalize_name(r.name): str(r.specifier) for r in fitting}


def test_the_two_images_have_the_same_versions_of_what_both_have() -> None:
    cpu, gpu = pins(ROOT / "constraints.txt"), pins(IMAGES / "constraints-gpu.txt")
    assert len(gpu) > 200 and len(set(cpu) & set(gpu)) > 60
    assert {name: (cpu[name], gpu[name]) for name in set(cpu) & set(gpu) if cpu[name] != gpu[name]} == {}
    assert all(spec.startswith("==") for spec in gpu.values())


def test_every_requirement_of_the_gpu_image_has_a_fitting_pin() -> None:
    gpu = {**pins(ROOT / "constraints.txt"), **pins(IMAGES / "constraints-gpu.txt")}
    done = subprocess.run(
        [sys.executable, IMAGES / "requirements.py", "ray", "s3", "llm", "models", "media"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    asked = [Requirement(line) for line in done.stdout.splitlines()]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert len(asked) > len(project["dependencies"]) + 5
    missing = [
        str(r) for r in asked if not r.specifier.contains(gpu.get(canonicalize_name(r.name), "==0").removeprefix("=="))
    ]
    assert missing == []
    assert gpu["ray"] == "==2.60.0" and "vllm" in gpu and "torch" in gpu
