"""What steps have in common whose answers become notes: names of notes, and who wrote them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._prompts import Prompt
from affectory.transforms.rows import Values

NAME = r"^[a-z][a-z0-9_]{0,62}$"


def as_column(description: str) -> Any:
    """The field of a parameter `as`: what a note is called."""
    return Field(alias="as", pattern=NAME, description=description)


def by(note: str) -> str:
    """The note that says who wrote another one."""
    return f"{note}_by"


@dataclass(frozen=True)
class By:
    """Who answered, asked by what."""

    model: AskedModel
    prompt: Prompt

    @property
    def rater(self) -> str:
        """The model with its revision, as opinions name it."""
        whom = self.model.whom()
        return f"{whom.model}@{whom.revision}" if whom.revision else whom.model

    @property
    def text(self) -> str:
        return f"{self.rater}, asked by {self.prompt.called}"


def nothing(row: Values, inputs: Iterable[str]) -> bool:
    """Whether a sample has nothing to tell under any of these names."""
    return all(row[name] in (None, "", []) for name in inputs)
