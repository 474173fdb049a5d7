"""Finding steps, sources, ratings and views by the names of their files, so that nobody keeps a list."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import affectory.transforms

NOT_STEPS = frozenset({"sources", "ratings", "views"})
"""Folders of transforms/ whose modules are not steps of a recipe."""


@cache
def modules(folder: str) -> Mapping[str, str]:
    """Public module names in a folder of transforms/, each with its full name."""
    return _modules(f"{affectory.transforms.__name__}.{folder}")


@cache
def audits() -> Mapping[str, str]:
    """Every audit a recipe can name, with the module that holds it."""
    return _modules("affectory.quality.audits")


def _modules(package: str) -> Mapping[str, str]:
    found = pkgutil.iter_modules([str(files(package))])
    names = sorted(m.name for m in found if not m.name.startswith("_") and m.name != "base" and not m.ispkg)
    return {name: f"{package}.{name}" for name in names}


@cache
def steps() -> Mapping[str, str]:
    """Every step a recipe can name, with the module that holds it."""
    folders = [m.name for m in pkgutil.iter_modules(list(affectory.transforms.__path__)) if m.ispkg]
    return {n: m for folder in sorted(set(folders) - NOT_STEPS) for n, m in modules(folder).items()}


@cache
def public_class(module: str) -> type[Any]:
    """The one public class that a module defines."""
    loaded = importlib.import_module(module)
    classes = [c for _, c in inspect.getmembers(loaded, inspect.isclass) if c.__module__ == loaded.__name__]
    public = [c for c in classes if not c.__name__.startswith("_")]
    if len(public) != 1:
        raise TypeError(f"{module} must define exactly one public class, found {[c.__name__ for c in public]}")
    return public[0]


def summary(module: str) -> str:
    """First line of a module's docstring, without importing it."""
    folder, name = module.rsplit(".", 1)
    source = (files(folder) / f"{name}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]
