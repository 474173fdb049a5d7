"""From the seven classes of our bundled classifiers to the recipe's taxonomy."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy, load_map, load_taxonomy

Mapped = Callable[[NDArray[np.float64]], list[float | None] | None]
_OWN = "ekman-7"


def check_map(taxonomy: Taxonomy | None, step: str) -> None:
    """A `ValueError` where our classes cannot be mapped: the plan then says in which line of the recipe that is."""
    if taxonomy is not None and _shares(taxonomy) is None:
        hint = f"leave it out of `assist`, or choose a taxonomy that {_OWN} can be mapped to"
        raise ValueError(f"{step} answers in {_OWN}, and there is no map from that to {taxonomy.name}: {hint}")


def onto(taxonomy: Taxonomy, classes: Sequence[str]) -> Mapped:
    """Turns weights of `classes`, in that order, into weights of the taxonomy's labels.

    A label that no class maps to stays null. Where more than half of the weight has no counterpart there is no answer.
    """
    order = [list(classes).index(label) for label in load_taxonomy(_OWN).labels]
    shares = _shares(taxonomy)
    assert shares is not None, "checked when the step was made"
    reached = [bool(known) for known in shares.sum(axis=0)]

    def mapped(weights: NDArray[np.float64]) -> list[float | None] | None:
        values = weights[order] @ shares
        if values.sum() <= weights.sum() / 2:
            return None
        return [float(v) if known else None for v, known in zip(values, reached, strict=True)]

    return mapped


def _shares(taxonomy: Taxonomy) -> NDArray[np.float64] | None:
    """Our classes x labels of the taxonomy."""
    if taxonomy.hash == load_taxonomy(_OWN).hash:
        return np.eye(len(taxonomy.labels))
    try:
        found = load_map(_OWN, taxonomy.name)
    except UserError:
        return None
    return found.matrix if found.target_labels == taxonomy.labels else None
