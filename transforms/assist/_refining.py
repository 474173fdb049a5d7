"""Turns of checking and rewriting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from affectory.schemas.ids import canonical
from affectory.transforms.assist._describing import By
from affectory.transforms.assist._rubrics import Critic, Critique, criteria, without_itself
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._prompts import Prompt, Quoted
from affectory.transforms.models._talking import Heard, held
from affectory.transforms.rows import Values


class Refining(Protocol):
    """What a step says of who rewrites and who checks."""

    @property
    def rubric(self) -> Mapping[str, str]: ...
    @property
    def writer(self) -> AskedModel: ...
    @property
    def critic(self) -> AskedModel: ...
    @property
    def prompt(self) -> Prompt: ...
    @property
    def critique(self) -> Prompt: ...


@dataclass(frozen=True)
class Refined:
    """Texts in the order in which they were written, each with its critique."""

    turns: Sequence[tuple[str, Critique]]

    @property
    def last(self) -> str:
        return self.turns[-1][0]

    @property
    def passed(self) -> bool:
        return self.turns[-1][1].passed

    @property
    def failing(self) -> str:
        return ", ".join(self.turns[-1][1].failing)

    @property
    def rewritten(self) -> bool:
        return len(self.turns) > 1

    @property
    def history(self) -> str:
        return canonical([{"text": text, **critique.plain} for text, critique in self.turns])


@dataclass(frozen=True)
class Refiner:
    """Who rewrites a text, and who checks it."""

    writer: By
    critic: Critic

    @classmethod
    def of(cls, step: Refining) -> "Refiner":
        return cls(By(step.writer, step.prompt), Critic(By(step.critic, step.critique), step.rubric))

    def check(self) -> None:
        """A `ValueError` where one of them cannot do that."""
        self.writer.check("refine", tells=["work", "criteria", "critique"], answer=False)
        self.critic.check("refine")

    def refined(self, row: Values, of: str, rounds: int) -> Heard[Refined]:
        """The text checked, and rewritten as often as it may be."""
        text, turns = str(held(row, of)), list[tuple[str, Critique]]()
        for left in range(rounds, -1, -1):
            critique = yield from self.critic.critique(row, of, text)
            turns.append((text, critique))
            if critique.passed or not left:
                break
            told: dict[str, Any] = {"work": Quoted({"work": text}), "critique": Quoted({"critique": critique.told})}
            about = without_itself(row, of)
            text = yield from self.writer.text_about(about, criteria=criteria(self.critic.rubric), **told)
        return Refined(turns)

    def called(self, rewritten: bool) -> str:
        """Who made the last text what it is."""
        checked = f"checked by {self.critic.by.text}"
        return f"{self.writer.text}; {checked}" if rewritten else checked
