"""A hash of the code that a step runs, so that editing it recomputes its stage and a comment does not."""

import ast
import hashlib
import importlib.metadata
import importlib.util
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType

from affectory.pipelines.code_memory import Memory, Parsed
from affectory.schemas.ids import digest

OURS = "affectory"
_NAME = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class _Module:
    """What matters of a module: its meaning, what it imports, the texts in it that may name files beside it."""

    meaning: str
    imports: frozenset[str]
    texts: frozenset[str]


@cache
def code_hash(module: str) -> str:
    """Hash of a module's meaning: its code, ours that it imports, its data files, versions of the libraries it uses."""
    closure = _closure(module)
    libraries = {name.partition(".")[0] for found in closure for name in _module(found).imports} - {OURS}
    parsed.keep()
    return digest(
        {name: _own_hash(name) for name in sorted(closure)}, {name: _version(name) for name in sorted(libraries)}
    )


def own_hash(*modules: str) -> str:
    """Hash of the meaning of some modules alone: of plumbing whose imports decide about no result."""
    return digest([_own_hash(module) for module in modules])


def _closure(module: str) -> set[str]:
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(n for n in _module(name).imports if n.startswith(f"{OURS}."))
    return seen


@cache
def _path(module: str) -> Path | None:
    """Where a module's source lies, found without importing anything, as its parents may be heavy."""
    top, *rest = module.split(".")
    for folder in _roots(top):
        place = folder.joinpath(*rest)
        for path in (place / "__init__.py", place.with_suffix(".py")):
            if path.is_file():
                return path
    return None


@cache
def _roots(top: str) -> tuple[Path, ...]:
    """Where a top-level name lies: a package's folders, or a module's path without its ending."""
    loaded = getattr(sys.modules.get(top), "__path__", None)
    if loaded:
        return tuple(Path(folder) for folder in loaded)
    try:
        spec = importlib.util.find_spec(top)
    except (ModuleNotFoundError, ValueError):
        return ()
    if spec is None or not (spec.origin or "").endswith(".py"):
        return ()
    if spec.submodule_search_locations:
        return tuple(Path(folder) for folder in spec.submodule_search_locations)
    return (Path(spec.origin or "").with_suffix(""),)


@cache
def _module(name: str) -> _Module:
    path = _path(name)
    package = name if path and path.stem == "__init__" else name.rpartition(".")[0]
    found = parsed(path.read_bytes() if path else b"", package)
    named = {n for n in found.names if _path(n)}
    return _Module(found.meaning, frozenset({*found.imports, *named}), frozenset(found.texts))


def _parse(source: bytes, package: str) -> Parsed:
    tree = _without_docstrings(ast.parse(source))
    imports: set[str] = set()
    names: set[str] = set()
    texts: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                texts.add(node.value)
        elif isinstance(node, ast.Import):
            imports.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            imports.add(module)
            names.update(f"{module}.{a.name}" for a in node.names if module.startswith(OURS))
    # Compiled as it runs, so that an assertion counts.
    meaning = digest(_meaning(compile(tree, "", "exec", optimize=0, dont_inherit=True)))
    return Parsed(meaning, tuple(sorted(imports)), tuple(sorted(names)), tuple(sorted(texts)))


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            documented = ast.get_docstring(node, clean=False) is not None
            node.body = (node.body[1:] or [ast.Pass()]) if documented else node.body
    return ast.fix_missing_locations(tree)


def _meaning(code: CodeType) -> list[object]:
    """A code object without its lines and file names."""
    names = [code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, code.co_name]
    return [
        code.co_code.hex(),
        code.co_exceptiontable.hex(),
        code.co_flags,
        [code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount],
        names,
        [_constant(c) for c in code.co_consts],
    ]


def _constant(value: object) -> object:
    if isinstance(value, CodeType):
        return _meaning(value)
    if isinstance(value, frozenset):
        return ["set", sorted(repr(v) for v in value)]
    return repr(value)


@cache
def _own_hash(module: str) -> str:
    return digest(_module(module).meaning, [_file_hash(path) for path in _data_files(module)])


def _data_files(module: str) -> Iterator[Path]:
    """Files beside a module that it names in a string, such as model weights."""
    path = _path(module)
    if path is None:
        return
    texts = sorted(t for t in _module(module).texts if t.isprintable() and len(t.encode()) < 200)
    names = [t for t in texts if "." in t and not t.endswith(".py")]
    yield from _named(path.parent, names)
    for folder in (path.parent / t for t in texts if t.isidentifier() and (path.parent / t).is_dir()):
        # A folder whose files are not named one by one is read whole.
        yield from _named(folder, names) or [p for p in sorted(folder.iterdir()) if p.suffix not in ("", ".py", ".md")]


def _named(folder: Path, names: list[str]) -> list[Path]:
    return [folder / name for name in names if (folder / name).is_file()]


@cache
def _file_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def _distributions() -> dict[str, list[str]]:
    return {name: sorted(set(found)) for name, found in importlib.metadata.packages_distributions().items()}


@cache
def _version(library: str) -> str:
    """Versions of the distributions that provide an import name; empty for the standard library."""
    found = sorted({name for top in _distributions().get(library, []) for name in _with_needs(top)})
    return ",".join(f"{name}=={importlib.metadata.version(name)}" for name in found)


@cache
def _with_needs(distribution: str) -> frozenset[str]:
    """A distribution and those installed that it needs, as the work may be done by these."""
    seen: set[str] = set()
    waiting = [distribution]
    while waiting:
        name = waiting.pop()
        if name not in seen and _installed(name):
            seen.add(name)
            waiting.extend(_needs(name))
    return frozenset(seen)


@cache
def _needs(distribution: str) -> list[str]:
    stated = importlib.metadata.requires(distribution) or []
    return [_NAME.match(need)[0].lower().replace("_", "-") for need in stated if "extra ==" not in need]  # type: ignore[index]


@cache
def _installed(distribution: str) -> bool:
    try:
        return bool(importlib.metadata.version(distribution))
    except importlib.metadata.PackageNotFoundError:
        return False


parsed = Memory(_parse, Path(__file__))
"""Parses a source, unless this machine did so before."""
