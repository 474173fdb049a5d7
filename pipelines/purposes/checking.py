"""What a recipe promises of people, and whether its steps can keep it."""

from collections.abc import Iterator, Sequence

from affectory.pipelines.runner.stage import Stage
from affectory.schemas.recipe.problems import Problem
from affectory.schemas.recipe.recipe import Recipe
from affectory.transforms.text.personal_data import PersonalData

_AT = ("people", "personal_data")


def problems(recipe: Recipe, stages: Sequence[Stage]) -> Iterator[Problem]:
    """A policy on personal data of which nothing is looked for, or of which something is left in."""
    policy = recipe.spec.people.personal_data
    steps = [stage.transform for stage in stages if isinstance(stage.transform, PersonalData)]
    if policy is None or not recipe.is_whole("ingest"):
        return
    if not steps:
        hint = "add the step `personal_data` to `ingest`, after `clean_text`"
        yield recipe.problem(_AT, f"people.personal_data is {policy}, but no step looks for personal data", hint=hint)
    elif policy == "mask" and (
        left := sorted(kind for kind, action in _actions(steps[-1]) if action in ("keep", "ignore"))
    ):
        hint = "let the step mask or reject all kinds, or say people: {personal_data: keep}"
        yield recipe.problem(
            _AT, f"people.personal_data is mask, but personal_data leaves {', '.join(left)}", hint=hint
        )
    elif policy != "mask" and (unseen := sorted(kind for kind, action in _actions(steps[-1]) if action == "ignore")):
        hint = "`keep` or `mask` in the step `personal_data` notes where it is"
        yield recipe.problem(
            _AT, f"people.personal_data is {policy}, but nobody looks for {', '.join(unseen)}", hint=hint
        )


def _actions(step: PersonalData) -> Iterator[tuple[str, str]]:
    from affectory.transforms.text._personal import KINDS

    yield from ((kind, getattr(step, kind)) for kind in KINDS)
