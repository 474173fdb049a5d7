"""What a recipe asks of people, bound to code: forms by kind of sample, conditions, files that it names."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from affectory.annotation.form import Form, field_modules, form_of
from affectory.annotation.selecting.when import When, parse
from affectory.pipelines import discovery
from affectory.schemas.errors import UserError
from affectory.schemas.recipe.problems import KeyPath, Problem
from affectory.schemas.recipe.recipe import Recipe
from affectory.schemas.recipe.review import Asking, Question, Review
from affectory.schemas.taxonomy import Taxonomy
from affectory.schemas.urls import Location

DEFAULT = (Asking.model_validate("categories"),)
"""What is asked where nothing is said."""


@dataclass(frozen=True)
class BoundQuestion:
    """One set of questions: its interface for each kind of sample, and when it is asked."""

    name: str
    question: Question
    forms: Mapping[str, Form] = field(default_factory=dict)
    when: When | None = None
    gold: Path | None = None

    @property
    def compared(self) -> tuple[str, str] | None:
        """The two notes of each sample that are compared."""
        return self.forms["pair"].compared if "pair" in self.forms else None

    @cached_property
    def deciding(self) -> Mapping[str, Form]:
        """The same interfaces for who decides where others disagreed."""
        return {kind: replace(form, adjudicates=True) for kind, form in self.forms.items()}


@dataclass(frozen=True)
class BoundReview:
    """The review of a recipe."""

    review: Review
    questions: tuple[BoundQuestion, ...]
    raters_file: Path | None = None

    def forms(self) -> dict[tuple[str, str], Form]:
        """All interfaces by the name of the question and the kind of sample."""
        return {(q.name, kind): form for q in self.questions for kind, form in q.forms.items()}


@dataclass(frozen=True)
class Questions:
    """Binds a review; what is wrong is added to `problems`."""

    recipe: Recipe
    problems: list[Problem]
    instance: Callable[[type[Any], Mapping[str, Any], KeyPath], Any]
    place: Callable[[KeyPath, str], Location | None]

    def bound(self, taxonomy: Taxonomy | None) -> BoundReview | None:
        """The review with all its questions, None where the recipe has none."""
        review = self.recipe.spec.review
        if review is None or self.recipe.is_gap(("review",)):
            return None
        questions = tuple(self._question(name, q, taxonomy) for name, q in review.questions().items())
        return BoundReview(review, questions, self._file(("review", "raters_file"), review.raters_file))

    def _question(self, name: str, question: Question, taxonomy: Taxonomy | None) -> BoundQuestion:
        at: KeyPath = ("review",) if name == "main" else ("review", "also", name)
        fields = [field for index, part in enumerate(question.ask or DEFAULT) for field in self._field(at, index, part)]
        forms = dict(self._forms(name, question, fields, taxonomy, at)) if taxonomy else {}
        gold = self._file((*at, "gold", "path"), question.gold.path if question.gold else None)
        for index, word in enumerate(question.second.after if question.second and taxonomy else ()):
            if taxonomy and word not in taxonomy.labels:
                path = (*at, "second", "after", index)
                self.problems.append(self.recipe.unknown(path, f"no label of {taxonomy.name}", word, taxonomy.labels))
        return BoundQuestion(name, question, forms, self._when((*at, "when"), question.when), gold)

    def _field(self, at: KeyPath, index: int, part: Asking) -> Iterator[Any]:
        known, path = field_modules(), (*at, "ask", index)
        if part.name not in known:
            self.problems.append(self.recipe.unknown(path, "nothing of that name can be asked", part.name, known))
            return
        bound = self.instance(discovery.public_class(known[part.name]), part.params, (*path, part.name))
        if bound is not None:
            yield bound

    def _forms(
        self, name: str, question: Question, fields: list[Any], taxonomy: Taxonomy, at: KeyPath
    ) -> Iterator[tuple[str, Form]]:
        """Interfaces for all kinds of sample that something is asked about; of samples whose notes are compared for
        that alone."""
        pairs = [part for part in fields if part.alone and "pair" in part.kinds]
        whole = () if any(getattr(part, "of", None) for part in pairs) else question.kinds
        for kind in (*whole, *(("pair",) if pairs else ())):
            mine = tuple(part for part in fields if kind in part.kinds)
            if not any(part.alone for part in mine):
                continue
            try:
                yield kind, form_of(name, kind, question, mine, taxonomy)
            except UserError as error:
                self.problems.append(self.recipe.problem((*at, "ask"), error.message, hint=error.hint))

    def _when(self, path: KeyPath, given: str | None) -> When | None:
        if given is None:
            return None
        try:
            return parse(given)
        except UserError as error:
            self.problems.append(self.recipe.problem(path, error.message, given, hint=error.hint))
            return None

    def _file(self, path: KeyPath, given: str | None) -> Path | None:
        if given is None:
            return None
        found = self.place(path, given)
        return found if isinstance(found, Path) else None
