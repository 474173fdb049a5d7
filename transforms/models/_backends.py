"""Models that are not bundled: a recipe names a backend, and it is found by that name.

A backend is a module of `transforms/models/backends/`, or one that an installed package offers as an entry point in the
group `affectory.backends`. For each step that it serves it has a function of the step's name, which loads the model.
`NEEDS` says what has to be installed for it: names to import, each with what to give to pip. It imports these in its
functions only, so that a plan can look at it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module, util
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Protocol

from affectory.schemas.errors import UserError

GROUP = "affectory.backends"
TALKING = "chat"
"""The function of backends whose models talk: no step is called so, and no user knows the word."""
_FOLDER = "affectory.transforms.models.backends"


class Asked(Protocol):
    """The parameters of a step that name whom it asks."""

    @property
    def backend(self) -> str: ...

    @property
    def path(self) -> Path | None: ...

    @property
    def hub(self) -> str | None: ...

    @property
    def revision(self) -> str | None: ...


@dataclass(frozen=True)
class Backend:
    """A module that does the work of a step; its name is for `Whom.code`."""

    step: str
    module: str

    def load(self, *args: Any, **options: Any) -> Any:
        """What the module's function for the step returns: its model, ready to be asked."""
        return getattr(import_module(self.module), self.step)(*args, **options)


def backend(step: str, name: str) -> Backend:
    """The backend of that name for a step, or a `UserError` that says which there are or what to install."""
    module = _module(name)
    loaded = import_module(module) if module else None
    if module is None or not hasattr(loaded, step):
        known = ", ".join(_serving(step)) or "none is installed"
        hint = f"backends for it: {known}; another can come with a package that has it as an entry point in {GROUP}"
        raise UserError(_unknown(step, name, module), hint)
    for package, install in getattr(loaded, "NEEDS", {}).items():
        need(f"the backend {name}" if step == TALKING else f"{step} with the backend {name}", install, package)
    return Backend(step, module)


def _unknown(step: str, name: str, module: str | None) -> str:
    if step != TALKING:
        return f"{step} knows no backend named {name!r}"
    return f"no backend is named {name!r}" if module is None else f"the backend {name} does not talk"


def need(what: str, install: str, *packages: str) -> None:
    """A `UserError` where a package that `what` uses is not installed. Looks only, and imports none."""
    missing = [package for package in packages if not _installed(package)]
    if missing:
        names = " and ".join(missing)
        raise UserError(f"{what} needs {names}, not installed here", f"pip install '{install}'")


def _installed(package: str) -> bool:
    try:
        return util.find_spec(package) is not None
    except (ModuleNotFoundError, ValueError):
        return False


def _module(name: str) -> str | None:
    wanted = name.replace("-", "_")
    return next((module for known, module in _known() if known == wanted), None)


def _known() -> Iterator[tuple[str, str]]:
    """Names as modules are named, ours first."""
    for found in iter_modules([str(files(_FOLDER))]):
        if not found.name.startswith("_"):
            yield found.name, f"{_FOLDER}.{found.name}"
    yield from ((point.name.replace("-", "_"), point.value) for point in entry_points(group=GROUP))


def _serving(step: str) -> Iterable[str]:
    return sorted({name for name, module in _known() if hasattr(import_module(module), step)})
