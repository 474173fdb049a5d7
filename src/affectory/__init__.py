"""affectory builds emotion datasets: opinions are kept, labels are views over them."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from affectory.pipelines.consuming.collate import Collator, collate
    from affectory.pipelines.consuming.load import load
    from affectory.pipelines.consuming.soft import soft_labels

__all__ = ["Collator", "collate", "load", "soft_labels"]

_HOMES = {"Collator": "collate", "collate": "collate", "load": "load", "soft_labels": "soft"}


def __getattr__(name: str) -> Any:
    """What consumers of releases call, imported when it is first used: the package itself imports nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"affectory.pipelines.consuming.{_HOMES[name]}"), name)
