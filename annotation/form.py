"""An interface for one set of questions about one kind of sample: shown in Label Studio, its answers read again."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

from affectory.annotation import _instructions, _layout, fields
from affectory.annotation.answered import Answered, Read
from affectory.annotation.checks import MOST_PROBLEMS, checked, too_fast
from affectory.annotation.fields._base import Asked, Given, Said, Scene
from affectory.annotation.fields._controls import Choices, Control
from affectory.annotation.fields._keys import EXITS, assigned
from affectory.annotation.fields._xml import token
from affectory.annotation.shown import Media, Shown, Suggestion
from affectory.schemas.errors import UserError
from affectory.schemas.ids import digest
from affectory.schemas.recipe.review import Floors, Question
from affectory.schemas.taxonomy import Taxonomy

_DIGITS = 6


@cache
def field_modules() -> Mapping[str, str]:
    """What can be asked, each with the module that holds it."""
    names = sorted(m.name for m in pkgutil.iter_modules(list(fields.__path__)) if not m.name.startswith("_"))
    return {name: f"{fields.__name__}.{name}" for name in names}


@cache
def field_class(name: str) -> type[Asked]:
    """The class of one field, whose attributes are its parameters."""
    module = importlib.import_module(field_modules()[name])
    own = (v for v in vars(module).values() if isinstance(v, type) and v.__module__ == module.__name__)
    return next(cls for cls in own if issubclass(cls, Asked))


@dataclass(frozen=True)
class Form:
    """All that is asked about a sample, in one interface."""

    name: str
    """Of the set of questions in the recipe."""
    kind: str
    """Of the samples: video, audio, image, text or pair."""
    question: Question
    fields: tuple[Asked, ...]
    taxonomy: Taxonomy
    adjudicates: bool = False
    """Whether it shows what others said before, by nobody's name."""

    @cached_property
    def scene(self) -> Scene:
        """What its fields need to know of it, with the keys that they get."""
        objects = _layout.objects(self.kind, self.question.see)
        names = tuple(field.name for field in self.fields)
        compares = self.compared is not None
        bare = Scene(self.name, self.kind, self.question, self.taxonomy, objects, names, compares)
        wishes = [wish for field in self.fields for wish in field.wishes(bare)]
        return replace(bare, keys=assigned(wishes, pictures=bool({"image", "frames"} & set(objects))))

    @property
    def compared(self) -> tuple[str, str] | None:
        """The two notes of a sample that are compared, if that is asked."""
        return next((of for field in self.fields if (of := getattr(field, "of", None)) and self.kind == "pair"), None)

    @cached_property
    def identity(self) -> str:
        """A hash of all that is asked, and how it is shown."""
        asked = [self.taxonomy.name, self.taxonomy.hash, self.question.perspective, self.question.whose]
        return digest("form", self.name, self.kind, self.config(), self.instructions(), asked)

    @cached_property
    def controls(self) -> Mapping[str, Control]:
        """How answers stand in Label Studio, by their names there."""
        exits = Choices("exit", self.scene.main, tuple(EXITS))
        return {c.name: c for c in (exits, *(c for field in self.fields for c in field.controls(self.scene)))}

    def config(self) -> str:
        """The interface in the language of Label Studio."""
        return _layout.config(self.scene, self.fields, adjudicates=self.adjudicates)

    def instructions(self) -> str:
        """What raters read before they begin, in HTML."""
        return _instructions.html(self.scene, self.fields)

    def data(
        self, shown: Shown, link: Callable[[Media], str], *, earlier: Sequence[str] = (), trace: str = ""
    ) -> dict[str, Any]:
        """What a task holds of a sample; `link` says where a file is served."""
        told = {"earlier": "\n".join(earlier) or "–"} if self.adjudicates else {}
        return {**_layout.data(self.scene, self.fields, shown, link, trace), **told}

    def prediction(self, said: Suggestion) -> dict[str, Any] | None:
        """What a model said, as an answer that is filled in; None where it said nothing that is asked here."""
        nothing = Shown("", self.kind, {})
        given = [(name, value) for f in self.fields for name, value in f.suggested(self.scene, said).items()]
        if self.question.suggest is None or not given:
            return None
        result = [self.controls[name].result(value, nothing) for name, value in given]
        known = self.question.suggest.scores and said.score is not None
        score = {"score": round(float(said.score or 0.0), _DIGITS)} if known else {}
        return {"model_version": said.model, **score, "result": result}

    def read(self, result: Any, shown: Shown, spent_s: float | None, floors: Floors) -> Read:
        """What an annotation says. Of one that declines nothing else is asked."""
        found = checked(result, self.controls, shown)
        if "exit" in found.values:
            return Read(declined=found.values["exit"][0])
        given = Given(shown, found.values, found.marks)
        said = [(field, field.read(self.scene, given)) for field in self.fields] if not found.problems else []
        missing = [f"{field.name}: {problem}" for field, part in said for problem in part.problems]
        problems = [*found.problems, *missing, *too_fast(spent_s, shown, floors)]
        if problems:
            more = [f"and {len(problems) - MOST_PROBLEMS} more"] if len(problems) > MOST_PROBLEMS else []
            return Read(problems=(*problems[:MOST_PROBLEMS], *more))
        read = _joined(tuple(part for _, part in said))
        elsewhere = any(field.name == "trace" for field in self.fields)
        return read if read.answers or elsewhere else Read(problems=("nothing is answered",))


def form_of(name: str, kind: str, question: Question, fields: Sequence[Asked], taxonomy: Taxonomy) -> Form:
    """The form, or `UserError` where something cannot be asked about this kind of sample."""
    form = Form(name, kind, question, tuple(fields), taxonomy)
    if not form.scene.objects:
        raise UserError(
            f"review {name}: of a {kind} nothing is shown",
            f"leave {kind} out of `kinds`, or let `see` name what raters see of it",
        )
    names = [field.name for field in fields]
    if twice := next((n for n in names if names.count(n) > 1), None):
        raise UserError(f"review {name}: {twice} is asked twice", "ask it once, or in a further set of questions")
    for field in fields:
        if why := field.unfit(form.scene):
            hint = "name other `kinds`, or ask it in a set of questions of its own, below `also`"
            raise UserError(f"review {name}: {field.name} cannot be asked about a {kind}: {why}", hint)
    if same := _alike(taxonomy.labels):
        words = " and ".join(map(repr, same))
        raise UserError(f"review {name}: labels {words} look the same", f"rename one of them in {taxonomy.name}")
    if not fields:
        raise UserError(f"review {name}: nothing is asked", f"`ask` some of: {', '.join(field_modules())}")
    return form


def _alike(labels: Sequence[str]) -> tuple[str, str] | None:
    """Two labels that answers could not tell apart, once marks are left out that Label Studio would misread."""
    known: dict[str, str] = {}
    return next(((first, label) for label in labels if (first := known.setdefault(token(label), label)) != label), None)


def _joined(parts: Sequence[Said]) -> Read:
    """All judgements, with what belongs to each; what was pointed at belongs to the first about the whole."""
    answers = [answer for part in parts for answer in part.answers]
    sure = next((part.confidence for part in parts if part.confidence is not None), None)
    why = next((part.rationale for part in parts if part.rationale is not None), None)
    evidence = tuple(place for part in parts for place in part.evidence)
    first = next((i for i, answer in enumerate(answers) if not answer.place), 0)
    if not answers:
        return Read()
    return Read(tuple(_with(a, sure, why, evidence if i == first else ()) for i, a in enumerate(answers)))


def _with(said: Answered, sure: float | None, why: str | None, evidence: tuple[Mapping[str, Any], ...]) -> Answered:
    reason = said.rationale if said.rationale is not None else why
    return replace(said, confidence=sure, rationale=reason, evidence=(*said.evidence, *evidence))
