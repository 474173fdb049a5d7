"""Prints what pyproject.toml asks for, with the extras that are named: an image's layer without the code."""

import sys
import tomllib
from pathlib import Path


def requirements(pyproject: Path, extras: list[str]) -> list[str]:
    """The dependencies as pip reads them; what builds the wheel among them."""
    found = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    optional = found["project"]["optional-dependencies"]
    lines = [*found["project"]["dependencies"], *(line for extra in extras for line in optional[extra])]
    return [*lines, *found["build-system"]["requires"]]


if __name__ == "__main__":
    print("\n".join(requirements(Path("pyproject.toml"), sys.argv[1:])))
