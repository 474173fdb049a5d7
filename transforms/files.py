"""Files that parameters of a step name: resolved, and held below the recipe's folder, before the step sees them."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from affectory.schemas.ids import digest

_WHOLE, _STRETCHES, _STRETCH = 1 << 23, 64, 1 << 16


class _BelowRecipe:
    """Marks a parameter whose text is a path as the recipe writes it."""


RecipePath = Annotated[Path, _BelowRecipe()]
"""A file or folder that a step's parameter names. It is known by its content, wherever it lies."""


def path_fields(cls: type[Any]) -> Iterator[str]:
    """The parameters of a step that are paths."""
    return marked_fields(cls, _BelowRecipe)


def marked_fields(cls: type[Any], marker: type[Any]) -> Iterator[str]:
    """The parameters of a step whose type carries a marker, at whatever depth."""
    for name, hint in get_type_hints(cls, include_extras=True).items():
        if _marked(hint, marker):
            yield name


def _marked(hint: Any, marker: type[Any]) -> bool:
    metadata, inner = getattr(hint, "__metadata__", ()), getattr(hint, "__args__", ())
    return any(isinstance(x, marker) for x in metadata) or any(_marked(x, marker) for x in inner)


def fingerprint(path: Path) -> str:
    """What tells a file, or a folder of them, from others: names, sizes and content.

    Of a large file it is 64 stretches of 64 KB: a plan cannot wait for gigabytes, and weights trained anew differ in
    all of them.
    """
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return digest([(p.relative_to(path).as_posix(), p.stat().st_size, _seen(p)) for p in files])


def _seen(path: Path) -> str:
    size, hasher = path.stat().st_size, hashlib.sha256()
    with path.open("rb") as file:
        if size <= _WHOLE:
            hasher.update(file.read(_WHOLE))
        else:
            for k in range(_STRETCHES):
                file.seek((size - _STRETCH) * k // (_STRETCHES - 1))
                hasher.update(file.read(_STRETCH))
    return hasher.hexdigest()
