"""What a recipe expects of its tables, and whether it can be expected."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from affectory.pipelines import discovery
from affectory.schemas.recipe.problems import Problem
from affectory.schemas.recipe.recipe import Recipe

if TYPE_CHECKING:
    from affectory.quality.suites.about import About, Asked


def about(recipe: Recipe, asked: Sequence["Asked"] = (), sources: Sequence[str] = ()) -> "About":
    """What a recipe declares that its tables must keep."""
    from affectory.quality.suites.about import About

    spec = recipe.spec
    raters = spec.review.raters if spec.review else 0
    declared = (tuple(asked), tuple(spec.languages), tuple(spec.publish.media), tuple(sources))
    return About(spec.validation, *declared, raters, spec.publish.require_licence)


def problems(recipe: Recipe) -> Iterator[Problem]:
    """Expectations and adjustments that cannot be, each at its place."""
    gate = recipe.spec.validation
    if not (gate.expect or gate.adjust) or recipe.is_gap(("validate",)):
        return
    from affectory.quality.suites.checks import AUDIT, unfit_for

    for unfit in unfit_for(about(recipe)):
        if not recipe.is_gap(unfit.at):
            hint = unfit.hint if unfit.hint != unfit.allowed else ""
            yield recipe.problem(unfit.at, unfit.what, unfit.given, unfit.allowed, hint)
    audits = [f"{AUDIT}{name}" for name in discovery.audits()]
    for name in gate.adjust:
        if name.startswith(AUDIT) and name not in audits:
            yield recipe.unknown(("validate", "adjust", name), "unknown audit", name, audits)
