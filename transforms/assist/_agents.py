"""Agents that talk with each other, each with what only it knows: no other agent's prompt ever has that in it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Any

from pydantic import Field

from affectory.schemas.ids import fractions
from affectory.transforms.assist._describing import By
from affectory.transforms.assist._writing import repeat_of, settings_of
from affectory.transforms.base import STRICT, Reply
from affectory.transforms.models._answers import text_of
from affectory.transforms.models._asked import RecipeModel
from affectory.transforms.models._prompts import Quoted, RecipePrompt
from affectory.transforms.models._talking import Heard, Unreadable, answered, held, said
from affectory.transforms.rows import Values

LONGEST_TURN = 4000
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_LEAST_WORDS, _LEAST_CHARS = 4, 3
"""What is shorter is no sentence of a secret, and no secret."""


@dataclass(frozen=True)
class Mood:
    """A score from 0 to 100 that what others say moves, by VADER's measure of English and by chance."""

    __pydantic_config__ = STRICT

    start: Annotated[float, Field(ge=0, le=100, description="before anybody spoke")] = 50.0
    gain: Annotated[float, Field(ge=0, le=100, description="what the most pleasant turn adds")] = 20.0
    spread: Annotated[float, Field(ge=0, le=100, description="what chance adds or takes at most")] = 0.0
    seed: Annotated[int, Field(description="of chance")] = 0

    def after(self, score: float, turn: str, sample: str, number: int) -> float:
        """The score once a turn was heard: the same for the same seed, sample and turn."""
        drawn = 2 * float(fractions("mood", [f"{self.seed}/{sample}/{number}"])[0]) - 1
        moved = score + self.gain * _pleasant(turn) + self.spread * drawn
        return round(min(max(moved, 0.0), 100.0), 1)


@dataclass(frozen=True)
class Agent:
    """One that speaks: who plays it, asked by what, and the columns that it alone is told."""

    __pydantic_config__ = STRICT

    model: Annotated[RecipeModel, Field(description="who plays it: a name under `models`")]
    prompt: Annotated[RecipePrompt, Field(description="what it is told before each turn")] = "dialogue"  # type: ignore[assignment]
    private: Annotated[tuple[str, ...], Field(description="columns that it alone is told, as extra.persona")] = ()
    mood: Annotated[Mood | None, Field(description="a score of its own, which it alone is told")] = None

    @property
    def by(self) -> By:
        return By(self.model, self.prompt)


@dataclass(frozen=True)
class Turn:
    """What an agent said, and its mood then."""

    who: str
    text: str
    mood: float | None


def check_agents(agents: Mapping[str, Agent], shared: Sequence[str]) -> None:
    """A `ValueError` where somebody would be told what another one alone is to know."""
    for name, agent in agents.items():
        for other, of in agents.items():
            told = {*shared, *(of.prompt.inputs if other != name else ()), *(of.private if other != name else ())}
            known = [column for column in agent.private if column in told or column.partition(".")[0] in told]
            if known:
                raise ValueError(f"{known[0]} is private to {name}, and {other} would be told it as well")


@dataclass(frozen=True)
class Play:
    """One dialogue: about which sample, between whom, with what all of them are told."""

    agents: Mapping[str, Agent]
    row: Values
    shared: Quoted
    turns: int
    least: int
    stop: tuple[str, ...]

    def talk(self) -> Heard[list[Turn]]:
        """Turn after turn, until there are enough or somebody ends it."""
        names, heard = list(self.agents), list[Turn]()
        moods = {name: agent.mood.start for name, agent in self.agents.items() if agent.mood}
        for number in range(self.turns):
            name = names[number % len(names)]
            text, ended = yield from self._turn(name, number, moods.get(name), heard)
            if text:
                heard.append(Turn(name, text, moods.get(name)))
                for other in moods.keys() - {name}:
                    moods[other] = self._moved(other, moods[other], text, number)
            if ended:
                break
        return heard

    def _moved(self, name: str, score: float, text: str, number: int) -> float:
        mood = self.agents[name].mood
        return score if mood is None else mood.after(score, text, self.row["sample_id"], number)

    def _turn(self, name: str, number: int, mood: float | None, heard: Sequence[Turn]) -> Heard[tuple[str, bool]]:
        agent, others = self.agents[name], [x for x in self.agents if x != name]
        state = state_of(self.row, agent.private, mood)
        told = settings_of(
            agent.prompt, name=name, others=others, turn=number + 1, turns=self.turns, shared=self.shared,
            state=state, dialogue=Quoted({"dialogue": written_down(heard)[0]}), stop=next(iter(self.stop), None),
        )  # fmt: skip
        ask = replace(agent.prompt.ask(agent.model, self.row, **told), repeat=repeat_of(self.row))
        secrets, may_end = self._secrets(name, state), number + 1 >= self.least

        def read(reply: Reply) -> tuple[str, bool]:
            return self._read(text_of(reply), name, others, secrets, may_end)

        return (yield from answered(ask, read, agent.model.spec.tries))

    def _read(
        self, text: str, name: str, others: Sequence[str], secrets: Sequence[str], may_end: bool
    ) -> tuple[str, bool]:
        ended = may_end and any(mark in text for mark in self.stop)
        for mark in self.stop:
            text = text.replace(mark, " ")
        text = one_turn(text, name, others)
        if not text and not ended:
            raise Unreadable("nobody says anything in it")
        if len(text) > LONGEST_TURN:
            raise Unreadable(f"it has {len(text)} characters, a turn at most {LONGEST_TURN}")
        if any(_in(secret, plain(text)) for secret in secrets):
            raise Unreadable("it tells word for word what only you know: say it in your own words, or not at all")
        return text, ended

    def _secrets(self, name: str, state: Quoted) -> list[str]:
        """What an agent may not say word for word: what is told to it alone, and to others in no other way."""
        others = [agent for other, agent in self.agents.items() if other != name]
        columns = [column for agent in others for column in agent.prompt.inputs]
        public = plain("\n".join([*self.shared.said.values(), *(said(held(self.row, c)) or "" for c in columns)]))
        return [piece for value in state.said.values() for piece in pieces(value) if not _in(piece, public)]


def state_of(row: Values, columns: Sequence[str], mood: float | None = None) -> Quoted:
    """Columns of a row as agents are told them, what is kept by its own name, and a mood."""
    told = {column.removeprefix("extra."): held(row, column) for column in columns}
    return Quoted(told if mood is None else {**told, "mood": f"{mood:g} of 100"})


def one_turn(text: str, name: str, others: Iterable[str]) -> str:
    """What one speaker says, on one line: without its own label, and without what it has others say."""
    text = re.sub(rf"\A\W{{0,9}}{re.escape(name)}\W{{0,5}}[:：]", "", text, flags=re.IGNORECASE)
    labels = "|".join(map(re.escape, (*others, name)))
    end = re.search(rf"^\W{{0,9}}(?:{labels})\W{{0,5}}[:：]", text, re.IGNORECASE | re.MULTILINE)
    return " ".join((text[: end.start()] if end else text).split())


def written_down(turns: Sequence[Turn]) -> tuple[str, list[dict[str, Any]]]:
    """A dialogue as one text, a line a turn, and where in it each turn lies."""
    lines, places, at = list[str](), list[dict[str, Any]](), 0
    for turn in turns:
        start = at + len(turn.who) + 2
        lines.append(f"{turn.who}: {turn.text}")
        where = {"char_start": start, "char_end": start + len(turn.text)}
        score = None if turn.mood is None else turn.mood / 100
        places.append({"kind": "turn", "who": turn.who, "text": turn.text, "score": score, **where})
        at += len(lines[-1]) + 1
    return "\n".join(lines), places


def pieces(value: str) -> list[str]:
    """A secret, and each of its sentences that is long enough to be known again."""
    sentences = [plain(part) for part in re.split(r"[.!?;\n]+", value)]
    whole = [plain(value)] if len(plain(value)) >= _LEAST_CHARS else []
    return [*whole, *(part for part in sentences if len(part.split()) >= _LEAST_WORDS)]


def plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _in(piece: str, text: str) -> bool:
    """Whether words follow each other in a text, as whole words where a script has spaces between them."""
    if _UNSPACED.search(piece):
        return piece.replace(" ", "") in text.replace(" ", "")
    return bool(piece) and f" {piece} " in f" {text} "


@cache
def _analyser() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()


def _pleasant(text: str) -> float:
    return float(_analyser().polarity_scores(text)["compound"])
