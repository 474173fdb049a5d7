"""Rubrics: criteria by name, each with what it asks of a text, and what models say by them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from affectory.schemas.ids import canonical, digest
from affectory.transforms.assist._describing import By
from affectory.transforms.base import Reply
from affectory.transforms.models._answers import json_of
from affectory.transforms.models._messages import Ask, Part
from affectory.transforms.models._opinions import Rater
from affectory.transforms.models._prompts import Quoted
from affectory.transforms.models._talking import Heard, answered, held
from affectory.transforms.rows import Values

Criterion = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Rubric = Annotated[
    dict[Criterion, Annotated[str, StringConstraints(min_length=1)]],
    Field(
        min_length=1, max_length=20, description="criteria by name, each with what it asks, as `warmth: Is it kind?`"
    ),
]
Of = Annotated[str, Field(min_length=1, description="the column whose text is judged")]
Scale = Annotated[str, Field(pattern=r"^\d{1,2}-\d{1,3}$", description="the lowest score and the highest, as 1-5")]
PERSPECTIVE = "perceived"
"""Whoever scores a text says how it seems to them."""


def without_itself(row: Values, of: str) -> Values:
    """A row as what is judged is about; the sample's own text is told once."""
    return {**row, "text": None} if of == "text" else row


def criteria(rubric: Mapping[str, str]) -> list[tuple[str, str]]:
    """A rubric as prompts list it."""
    return list(rubric.items())


def object_of(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of an object with these properties and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


@dataclass(frozen=True)
class Critique:
    """What a critic found: by criterion whether it passes and why, and what to change."""

    verdicts: Mapping[str, Mapping[str, Any]]
    advice: str

    @property
    def passed(self) -> bool:
        return all(verdict["passes"] for verdict in self.verdicts.values())

    @property
    def failing(self) -> list[str]:
        return [name for name, verdict in self.verdicts.items() if not verdict["passes"]]

    @property
    def plain(self) -> dict[str, Any]:
        return {"verdicts": self.verdicts, "advice": self.advice, "passed": self.passed}

    @property
    def text(self) -> str:
        """As a note holds it."""
        return canonical(self.plain)

    @property
    def told(self) -> str:
        """As a writer is told."""
        found = [f"{name}: {self.verdicts[name]['why']}" for name in self.failing]
        return "\n".join([*found, *([self.advice] if self.advice.strip() else [])])


@dataclass(frozen=True)
class Critic:
    """A model that checks texts by a rubric."""

    by: By
    rubric: Mapping[str, str]

    def check(self, step: str, see: Sequence[str] = ()) -> None:
        """A `ValueError` where it cannot."""
        self.by.check(step, see, tells=["work", "criteria"])
        self.by.model.need(step, "json")

    @cached_property
    def _schema(self) -> dict[str, Any]:
        verdict = object_of({"why": {"type": "string"}, "passes": {"type": "boolean"}})
        verdicts = object_of(dict.fromkeys(self.rubric, verdict))
        return object_of({"verdicts": verdicts, "advice": {"type": "string"}})

    def critique(self, row: Values, of: str, text: str, media: Sequence[Part] = ()) -> Heard[Critique]:
        """Its critique of a text."""
        ask = _about(self.by, row, of, text, media, criteria=criteria(self.rubric))
        asked, repair = replace(ask, schema=self._schema), self.by.prompt.header.repair
        read = lambda reply: Critique(**json_of(reply, self._schema, repair))  # noqa: E731
        return answered(asked, read, self.by.model.spec.tries)


@dataclass(frozen=True)
class Judge:
    """A model that scores texts by a rubric; `rater` is how its opinions name it."""

    by: By
    rater: str
    rubric: Mapping[str, str]
    low: int
    high: int
    reason: bool

    def check(self, see: Sequence[str]) -> None:
        """A `ValueError` where it cannot score so."""
        self.by.check("judge", see, tells=["work", "criteria", "low", "high"])
        self.by.model.need("judge", "json")

    @cached_property
    def _schema(self) -> dict[str, Any]:
        score = {"type": "integer", "minimum": self.low, "maximum": self.high}
        why = {"reason": {"type": "string"}} if self.reason else {}
        return object_of({**why, "scores": object_of(dict.fromkeys(self.rubric, score))})

    def opinion(self, row: Values, of: str, media: Sequence[Part], seen: Sequence[str]) -> Heard[Any]:
        """Its scores as an opinion."""
        told = {"criteria": criteria(self.rubric), "low": self.low, "high": self.high, "reason": self.reason}
        ask, schema = _about(self.by, row, of, str(held(row, of)), media, **told), self._schema

        def read(reply: Reply) -> Mapping[str, Any]:
            found: Mapping[str, Any] = json_of(reply, schema, self.by.prompt.header.repair)
            return found

        answer = yield from answered(replace(ask, schema=schema), read, self.by.model.spec.tries)
        question = f"From {self.low} to {self.high}, how much does `{of}` meet each of these?"
        shown = {"instructions": f"prompt {self.by.prompt.called}, judge", "language": row["language"]}
        rater = Rater(self.rater, self.by.model.rater[1], PERSPECTIVE, ("text", *seen), question, shown=shown)
        scores = [answer["scores"][name] for name in self.rubric]
        known = digest("rubric", criteria(self.rubric), self.low, self.high)
        return {**rater.scores(list(self.rubric), scores, "rubric", known), "rationale": answer.get("reason")}


def spread(opinions: Sequence[Mapping[str, Any]], rubric: Mapping[str, str]) -> Iterator[tuple[str, float | None]]:
    """Of each criterion the mean of the scores and, of several, how far the lowest lies from the highest."""
    for place, name in enumerate(rubric):
        scores = [opinion["answer"]["intensities"][place] for opinion in opinions]
        yield name, sum(scores) / len(scores)
        yield f"{name}_range", max(scores) - min(scores) if len(scores) > 1 else None


def _about(by: By, row: Values, of: str, text: str, media: Sequence[Part], **settings: Any) -> Ask:
    work = Quoted({"work": text})
    return by.prompt.ask(by.model, without_itself(row, of), media, work=work, **settings)
