"""The rules of a recipe bound to code: each with its parameters and the taxonomy that its labels are in."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from affectory.pipelines import discovery
from affectory.pipelines.runner.ruled import Ruled
from affectory.schemas.errors import UserError
from affectory.schemas.recipe.problems import KeyPath, Problem, describe
from affectory.schemas.recipe.recipe import Recipe, StepSpec
from affectory.schemas.taxonomy import Taxonomy

VAD_MEAN = "vad_mean"


@dataclass(frozen=True)
class Rules:
    """Binds rules; what is wrong is added to `problems`."""

    recipe: Recipe
    problems: list[Problem]
    instance: Callable[[type[Any], Mapping[str, Any], KeyPath], Any]
    built_in: Callable[[str, KeyPath], Taxonomy | None]

    def bound(self, taxonomy: Taxonomy | None) -> Iterator[Ruled]:
        """The rule of the published label first; the mean place in VAD is always there."""
        specs = self.recipe.rules()
        for spec in specs:
            if (rule := self._rule(spec, taxonomy)) is not None:
                yield rule
        if taxonomy is not None and VAD_MEAN not in {spec.name for spec in specs}:
            view = discovery.public_class(discovery.modules("views")[VAD_MEAN])()
            yield Ruled(view, taxonomy, self.recipe.spec.label.across)

    def _rule(self, spec: StepSpec, taxonomy: Taxonomy | None) -> Ruled | None:
        known = discovery.modules("views")
        if spec.name not in known:
            self.problems.append(self.recipe.unknown(spec.path, "unknown rule", spec.name, known))
            return None
        cls, params = discovery.public_class(known[spec.name]), dict(spec.params)
        if (named := params.pop("taxonomy", None)) is not None:
            taxonomy = self._other_taxonomy(spec, named)
        view = self.instance(cls, params, spec.path)
        if view is None or taxonomy is None or not self._suits(view, taxonomy, spec):
            return None
        return Ruled(view, taxonomy, self.recipe.spec.label.across)

    def _suits(self, view: Any, taxonomy: Taxonomy, spec: StepSpec) -> bool:
        """A rule may ask something of the taxonomy, such as places in VAD."""
        try:
            getattr(view, "check", lambda _: None)(taxonomy)
        except UserError as error:
            self.problems.append(self.recipe.problem(spec.path, error.message, hint=error.hint))
            return False
        return True

    def _other_taxonomy(self, spec: StepSpec, named: Any) -> Taxonomy | None:
        """A taxonomy that a further rule counts in; the published label is in the recipe's own."""
        path = (*spec.path, "taxonomy")
        if spec.path[:2] != ("label", "rule"):
            return self.built_in(str(named), path)
        message, hint = "the published label is in the recipe's taxonomy", "see `label.also`"
        self.problems.append(self.recipe.problem(path, message, describe(named), hint=hint))
        return None
