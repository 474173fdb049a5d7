"""The files of a tree, and what their syntax says."""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("schemas", "transforms", "quality", "annotation", "pipelines", "infra")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One Python file below `root`."""

    root: Path
    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(self.root).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def syntax(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @property
    def functions(self) -> list[Function]:
        return [node for node in ast.walk(self.syntax) if isinstance(node, Function)]

    @property
    def public_classes(self) -> list[ast.ClassDef]:
        return [n for n in self.syntax.body if isinstance(n, ast.ClassDef) and not n.name.startswith("_")]

    def imported(self) -> Iterator[tuple[int, str]]:
        """Line and dotted name of everything imported anywhere in the module, by statement or by `import_module`."""
        for node in ast.walk(self.syntax):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = self._absolute(node)
                yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
                names = [a.value for a in node.args[:1] if isinstance(a, ast.Constant) and isinstance(a.value, str)]
                yield from ((node.lineno, name) for name in names)

    def _absolute(self, node: ast.ImportFrom) -> str:
        package = ("affectory", *self.path.relative_to(self.root).parts)[: -node.level or None]
        return ".".join([*(package if node.level else ()), *([node.module] if node.module else [])])


@cache
def module(root: Path, path: Path) -> Module:
    """The same object each time, so that a file is parsed once for all rules."""
    return Module(root, path)


def modules(root: Path, *folders: str) -> list[Module]:
    """The modules of the named folders of a tree."""
    return [module(root, path) for folder in folders for path in sorted((root / folder).rglob("*.py"))]


def transforms(root: Path) -> list[Module]:
    """The modules that each hold one transform, source, ratings reader or view."""
    found = modules(root, "transforms")
    return [m for m in found if m.name.count("/") == 2 and not m.path.name.startswith("_") and m.path.name != "base.py"]


def files(root: Path) -> list[Path]:
    """Every file that git would take, told by .gitignore, so that no git is needed."""
    ignored = root / ".gitignore"
    patterns = ignored.read_text(encoding="utf-8").split() if ignored.exists() else []
    folders = {p.strip("/") for p in patterns if p.endswith("/")} | {".git"}
    found = []
    for folder, below, names in os.walk(root):
        below[:] = sorted(set(below) - folders)
        paths = (Path(folder, name) for name in sorted(names) if name != ".git")  # a file, in a worktree
        found += [p.relative_to(root) for p in paths if p.suffix != ".pyc" and not p.is_symlink()]
    return found
