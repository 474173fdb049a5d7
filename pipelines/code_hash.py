"""A hash of the code that a step runs, so that editing it recomputes its stage and a comment does not."""

import ast
import hashlib
import importlib.metadata
import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from affectory.schemas.ids import digest

OURS = "affectory"


@cache
def code_hash(module: str) -> str:
    """Hash of a module's meaning: its code, ours that it imports, its data files, versions of the libraries it uses."""
    closure = _closure(module)
    libraries = sorted({name for found in closure for name in _libraries(found)})
    return digest({name: _own_hash(name) for name in sorted(closure)}, {name: _version(name) for name in libraries})


def _closure(module: str) -> set[str]:
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(n for n in _imports(name) if n.startswith(f"{OURS}."))
    return seen


@cache
def _path(module: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(module)
    except (ModuleNotFoundError, ValueError):
        return None
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None


@cache
def _tree(module: str) -> ast.Module:
    path = _path(module)
    tree = ast.parse(path.read_bytes() if path else b"")
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and _has_doc(node):
            node.body = node.body[1:]
    return tree


def _has_doc(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return ast.get_docstring(node, clean=False) is not None


def _own_hash(module: str) -> str:
    return digest(ast.dump(_tree(module)), [_file_hash(path) for path in _data_files(module)])


def _data_files(module: str) -> Iterator[Path]:
    """Files beside a module that it names in a string, such as model weights."""
    path = _path(module)
    if path is None:
        return
    names = {n.value for n in ast.walk(_tree(module)) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    folders = [
        path.parent,
        *(path.parent / n for n in sorted(names) if n.isidentifier() and (path.parent / n).is_dir()),
    ]
    for folder in folders:
        for name in sorted(n for n in names if "." in n and len(n) < 200 and "\x00" not in n and "\n" not in n):
            if (folder / name).is_file() and not name.endswith(".py"):
                yield folder / name


@cache
def _file_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def _imports(module: str) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            if node.module.startswith(OURS):
                found.update(n for n in (f"{node.module}.{a.name}" for a in node.names) if _path(n))
    return frozenset(name for name in found if not name.startswith(OURS) or _path(name))


def _libraries(module: str) -> set[str]:
    return {name.partition(".")[0] for name in _imports(module)} - {OURS}


@cache
def _distributions() -> dict[str, list[str]]:
    return {name: sorted(set(found)) for name, found in importlib.metadata.packages_distributions().items()}


@cache
def _version(library: str) -> str:
    """Versions of the distributions that provide an import name; empty for the standard library."""
    found = _distributions().get(library, [])
    return ",".join(f"{name}=={importlib.metadata.version(name)}" for name in found)
