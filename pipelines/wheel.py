"""This code as a wheel that a cluster can install: the same file for the same code, however the package lies here."""

import base64
import hashlib
import os
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import affectory

# Dependencies are in a cluster's image or environment. Were they named here, pip would install them all again.
_METADATA = "Metadata-Version: 2.1\nName: affectory\nVersion: {version}\n"
_WHEEL = "Wheel-Version: 1.0\nGenerator: affectory\nRoot-Is-Purelib: true\nTag: py3-none-any\nBuild: {build}\n"
_LEFT_OUT = ("__pycache__", "demo")
_BEGINNING = (1980, 1, 1, 0, 0, 0)


def write_wheel(folder: Path) -> Path:
    """The wheel, written into a folder. Its build tag is the hash of its content: Ray tells wheels apart by name."""
    contents = dict(_package_files())
    name = f"affectory-{version('affectory')}"
    build = f"1{_hash_of(contents)[:16]}"
    info = f"{name}.dist-info"
    contents[f"{info}/METADATA"] = _METADATA.format(version=version("affectory")).encode()
    contents[f"{info}/WHEEL"] = _WHEEL.format(build=build).encode()
    contents[f"{info}/RECORD"] = _record(contents, f"{info}/RECORD").encode()
    path = folder / f"{name}-{build}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for inside, content in contents.items():
            archive.writestr(zipfile.ZipInfo(inside, _BEGINNING), content, zipfile.ZIP_DEFLATED)
    return path


def _package_files() -> Iterator[tuple[str, bytes]]:
    """Every file of the package by its path in the wheel, sorted. Media of the demo stay, and any `.env`."""
    root = Path(affectory.__path__[0])
    for folder, below, names in os.walk(root, followlinks=True):
        below[:] = sorted(name for name in set(below) - set(_LEFT_OUT) if not name.startswith("."))
        for path in (Path(folder, name) for name in sorted(names) if not name.endswith(".pyc") and name[0] != "."):
            yield f"affectory/{path.relative_to(root).as_posix()}", path.read_bytes()


def _hash_of(contents: dict[str, bytes]) -> str:
    found = hashlib.sha256()
    for name, content in sorted(contents.items()):
        found.update(f"{len(name)} {name} {len(content)} ".encode() + content)
    return found.hexdigest()


def _record(contents: dict[str, bytes], own: str) -> str:
    lines = [f"{name},sha256={_digest(content)},{len(content)}\n" for name, content in contents.items()]
    return "".join((*lines, f"{own},,\n"))


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
