"""Has agents talk with each other, each with what only it knows, and writes down what they say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.types import PLACES
from affectory.transforms.assist._agents import Agent, Play, check_agents, state_of, written_down
from affectory.transforms.assist._describing import NAME, Language, as_column, by
from affectory.transforms.assist._writing import FOUND, SYNTHETIC, language_of
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.models._asked import AskedModel, needs_of
from affectory.transforms.models._conversing import plainly, reads_of
from affectory.transforms.models._talking import Talk
from affectory.transforms.rows import Values


@dataclass(frozen=True)
class Dialogue:
    """Writes the dialogue as `text`, a line a turn, its turns as `segments`, and the notes `origin` and `text_by`.

    `utterances` cuts it into its turns. What is private to one agent is in no other agent's prompt: not as it is, and
    not because somebody said it word for word, which is asked for anew. A text that is there stays as it is.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"text"})

    agents: Annotated[
        Mapping[Annotated[str, Field(pattern=NAME)], Agent],
        Field(min_length=2, max_length=6, description="who talks, by role; the first one begins"),
    ]
    turns: Annotated[int, Field(ge=2, le=100, description="most turns, of all together")] = 8
    least: Annotated[int, Field(ge=1, le=100, description="turns before which nobody can end it")] = 2
    stop: Annotated[tuple[Annotated[str, Field(min_length=2)], ...], Field(description="marks that end it")] = ()
    shared: Annotated[tuple[str, ...], Field(description="columns that all are told, as extra.scenario")] = ()
    as_: Annotated[str, as_column("`text`, or the name of notes beside a text that is there")] = "text"
    language: Annotated[Language, Field(description="of the dialogue, where the grid has no axis `language`")] = "en"

    def __post_init__(self) -> None:
        check_agents(self.agents, self.shared)
        for agent in self.agents.values():
            agent.by.check("dialogue", tells=["dialogue", *(["state"] if agent.private or agent.mood else [])])

    @property
    def resources(self) -> Resources:
        return needs_of(self.models())

    def models(self) -> tuple[AskedModel, ...]:
        return tuple({agent.model.name: agent.model for agent in self.agents.values()}.values())

    def reads(self) -> Columns:
        told = [column for agent in self.agents.values() for column in (*agent.private, *agent.prompt.inputs)]
        own = ["text", "language", "extra", "segments", "sample_id"]
        return reads_of((), [*self.shared, *told, *own])

    def writes(self) -> Columns:
        if self.as_ != "text":
            return {self.as_: pa.string(), f"{self.as_}_turns": PLACES, by(self.as_): pa.string()}
        told = dict.fromkeys(("text", "language", "origin", by("text")), pa.string())
        return {**told, "segments": PLACES}

    def talk(self, row: Values) -> Talk:
        if self.as_ == "text" and row["text"]:
            return {**{name: row[name] for name in ("text", "language", "segments")}, "origin": FOUND}
        shared = state_of(row, self.shared)
        turns = yield from Play(self.agents, row, shared, self.turns, self.least, self.stop).talk()
        text, places = written_down(turns)
        who = "; ".join(f"{name}: {agent.by.text}" for name, agent in self.agents.items())
        if self.as_ != "text":
            beside = [{**place, "char_start": None, "char_end": None} for place in places]
            return {self.as_: text, f"{self.as_}_turns": beside, by(self.as_): who}
        told = {"language": language_of(row, self.language), "origin": SYNTHETIC, by("text"): who}
        return {"text": text, "segments": places, **told}

    def setup(self) -> Step:
        return plainly(self)
