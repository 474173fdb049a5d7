"""Facts about a sample that reasoning is bound to: what they are called, and which of them a text may name."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.assist._describing import Answer
from affectory.transforms.assist._quotes import found, word_count
from affectory.transforms.models._answers import as_text
from affectory.transforms.models._talking import Unreadable, held, said
from affectory.transforms.models._units import unit
from affectory.transforms.rows import Values

_AND = r"(?:\s*(?:[+/,&]|and|und|et|y)\s*)"
_UNITS = re.compile(
    rf"\bAUs?[ \u00a0]?0*\d{{1,2}}[LR]?\b(?:[+/]\d{{1,2}}[LR]?\b)*"
    rf"|(?i:\baction units?)[ \u00a0]0*\d{{1,2}}[LR]?\b(?:{_AND}\d{{1,2}}[LR]?\b)*"
)
_ARTICLE = re.compile(r"^\W*(?:(?:the|a|an|this|it|is|emotion|feeling)\W+)*", re.IGNORECASE)


class Thought(Answer):
    """A step of reasoning and the facts that it rests on."""

    says: str = Field(min_length=1)
    facts: list[str] = Field(min_length=1)


class Reasoning(Answer):
    """Steps and what follows from them."""

    steps: list[Thought] = Field(min_length=1, max_length=40)
    conclusion: str = ""

    @property
    def text(self) -> str:
        return " ".join(" ".join(part.split()) for part in (*(s.says for s in self.steps), self.conclusion) if part)

    @property
    def cited(self) -> str:
        """Steps with their facts, as a note."""
        return as_text([{"says": " ".join(s.says.split()), "facts": list(dict.fromkeys(s.facts))} for s in self.steps])


def facts_of(row: Values, names: Sequence[str]) -> dict[str, Any]:
    """Facts by name: of findings with a strength each kind by itself, at its strongest; of other columns the value."""
    facts: dict[str, Any] = {}
    for name in names:
        for fact, value in _facts(name.rpartition(".")[2], held(row, name)):
            facts[f"{fact} ({name})" if fact in facts else fact] = value
    return facts


def _facts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list) and value and all(isinstance(x, Mapping) and _measured(x) for x in value):
        strongest: dict[str, float] = {}
        for place in value:
            strongest[place["kind"]] = max(place["score"], strongest.get(place["kind"], place["score"]))
        yield from sorted(strongest.items())
    elif (told := said(value)) is not None and told != "":
        yield name, value if isinstance(value, int | float) else told


def _measured(place: Mapping[str, Any]) -> bool:
    return bool(place.get("kind")) and place.get("score") is not None and not place.get("text")


def listed(facts: Mapping[str, Any]) -> str:
    """Facts one a line; what a sample says stays in its line."""
    return "\n".join(f"{name}: {_value(value)}" for name, value in facts.items())


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(said(value))


def units(text: str) -> set[str]:
    """The action units that a text names, however it spells them."""
    numbers = (re.findall(r"0*(\d{1,2})([LR]?)", named) for named in _UNITS.findall(text))
    return {unit(f"AU{number}{side}") for found in numbers for number, side in found if int(number)}


def check_bound(told: Reasoning, facts: Mapping[str, Any]) -> None:
    """Every fact that is cited is there, and so is every action unit that is named."""
    if missing := sorted({fact for step in told.steps for fact in step.facts} - facts.keys()):
        raise Unreadable(f"there is no fact {', '.join(missing)[:300]}; the facts are {', '.join(facts)[:1000]}")
    there = {name.partition(" ")[0] for name in facts}
    known = there | {name.rstrip("LR") for name in there}
    if invented := sorted(named for named in units(told.text) if named not in known and named[:4] not in there):
        raise Unreadable(f"the facts do not have {', '.join(invented)}")


def check_form(text: str, least: int, most: int, taxonomy: Taxonomy | None) -> None:
    """It is as long as it should be, and begins with no label of the taxonomy, where one is given."""
    count = word_count(text)
    if not least <= count <= most:
        raise Unreadable(f"it has {count} words, and {least} to {most} are wanted")
    begins = _ARTICLE.sub("", text)[:100]
    for word in taxonomy.words() if taxonomy else ():
        if (place := found(word, begins)) and place[0] == 0:
            raise Unreadable(f"it begins with the label {word}: come to that at the end")
