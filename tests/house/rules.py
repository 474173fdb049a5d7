"""The rules of the house. Each looks at a tree and says what breaks it, one line a finding."""

import re
from collections.abc import Callable
from pathlib import Path
from statistics import median

from house.tree import FOLDERS, Function, Module, files, modules, transforms

Rule = Callable[[Path], list[str]]

MAY_IMPORT = {
    "schemas": (),
    "transforms": ("schemas",),
    "quality": ("schemas", "transforms"),
    "annotation": ("schemas", "quality"),
    "pipelines": ("schemas", "transforms", "quality", "annotation"),
    "infra": ("schemas", "transforms", "quality", "annotation", "pipelines"),
}
ENGINES = ("ray", "apache_beam")
MODULE_LINES, STEP_LINES, FUNCTION_LINES, MEDIAN_LINES = 400, 80, 60, 12
NOT_STEPS = ("sources", "ratings", "views")
TOP_FOLDERS = {*FOLDERS, "tests", "src", "benchmarks", "docs"}
# Letters in brackets keep this file from matching itself.
BANNED = {
    "a package registry's host": r"https?://[a-z0-9.-]*(p[y]pi|npm[j]s|d[e]bian|pythonhost[e]d)",
    "a package folder of one machine": r"/[o]pt/(wheels|pypi)",
    "a path of one machine": r"/[w]ork/(main|steering|\.library)|/[f]arm/|/[r]oot/",
}


def folders_import_downwards(root: Path) -> list[str]:
    found = []
    for module in modules(root, *FOLDERS):
        home = module.name.split("/")[0]
        allowed = {home, *MAY_IMPORT[home]}
        for line, name in module.imported():
            package, _, rest = name.partition(".")
            folder = rest.partition(".")[0]
            if package == "affectory" and folder in FOLDERS and folder not in allowed:
                found.append(f"{module.name}:{line} imports {name}")
    return found


def engines_stay_in_their_folder(root: Path) -> list[str]:
    return [
        f"{module.name}:{line} imports {name}"
        for module in modules(root, *FOLDERS)
        for line, name in module.imported()
        if name.partition(".")[0] in ENGINES and not module.name.startswith("pipelines/engines/")
    ]


def no_folder_is_named_as_an_engine(root: Path) -> list[str]:
    """Run as a script, a file beside it would import it as the engine."""
    return [str(p.relative_to(root)) for f in FOLDERS for p in (root / f).rglob("*") if p.stem in ENGINES]


def modules_are_short(root: Path) -> list[str]:
    found = modules(root, *FOLDERS, "benchmarks", "tests")
    return [f"{m.name}: {m.lines} lines" for m in found if m.lines > MODULE_LINES]


def steps_are_short(root: Path) -> list[str]:
    steps = [m for m in transforms(root) if m.name.split("/")[1] not in NOT_STEPS]
    return [f"{m.name}: {m.lines} lines" for m in steps if m.lines > STEP_LINES]


def functions_are_short(root: Path) -> list[str]:
    pairs = [(m, f) for m in modules(root, *FOLDERS, "benchmarks", "tests") for f in m.functions]
    return [f"{m.name}: {f.name} has {_lines(f)} lines" for m, f in pairs if _lines(f) > FUNCTION_LINES]


def the_middle_function_is_short(root: Path) -> list[str]:
    lengths = [_lines(function) for module in modules(root, *FOLDERS) for function in module.functions]
    middle = median(lengths) if lengths else 0
    return [f"half of the functions have {middle:g} lines or more"] if middle > MEDIAN_LINES else []


def _lines(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def transforms_are_documented(root: Path) -> list[str]:
    return [f"{module.name}: {fault}" for module in transforms(root) for fault in _faults(module)]


def _faults(module: Module) -> list[str]:
    classes = module.public_classes
    faults = [] if _documented(module.syntax) else ["no module docstring"]
    if len(classes) != 1:
        faults.append(f"public classes: {', '.join(c.name for c in classes) or 'none'}; there must be one")
    return faults + [f"{c.name} has no docstring" for c in classes if not _documented(c)]


def _documented(node: object) -> bool:
    first = next(iter(getattr(node, "body", ())), None)
    return isinstance(getattr(getattr(first, "value", None), "value", None), str)


def transforms_are_tested(root: Path) -> list[str]:
    wanted = [root / "tests" / Path(m.name).with_name(f"test_{m.path.name}") for m in transforms(root)]
    return [f"no {path.relative_to(root)}" for path in wanted if not path.exists()]


def nothing_names_a_registry_or_a_machine(root: Path) -> list[str]:
    found = []
    for path in files(root):
        data = (root / path).read_bytes()
        text = "" if b"\0" in data[:8000] else data.decode("utf-8", "replace")
        found += [f"{path}: {what}: {m[0]}" for what, pattern in BANNED.items() for m in re.finditer(pattern, text)]
    return found


def the_top_holds_what_it_should(root: Path) -> list[str]:
    folders = {path.parts[0] for path in files(root) if len(path.parts) > 1}
    odd = {name for name in folders if not name.startswith(".")} ^ TOP_FOLDERS
    return [f"{name}/ is {'missing' if name in TOP_FOLDERS else 'not one of ours'}" for name in sorted(odd)]


def links_lead_to_the_folders(root: Path) -> list[str]:
    links = root / "src" / "affectory"
    wrong = [name for name in FOLDERS if not _links(links / name, f"../../{name}")]
    return [f"src/affectory/{name} must be a link to ../../{name}" for name in wrong]


def _links(link: Path, target: str) -> bool:
    return link.is_symlink() and str(link.readlink()) == target and link.resolve().is_dir()


RULES: tuple[Rule, ...] = (
    folders_import_downwards,
    engines_stay_in_their_folder,
    no_folder_is_named_as_an_engine,
    modules_are_short,
    steps_are_short,
    functions_are_short,
    the_middle_function_is_short,
    transforms_are_documented,
    transforms_are_tested,
    nothing_names_a_registry_or_a_machine,
    the_top_holds_what_it_should,
    links_lead_to_the_folders,
)
