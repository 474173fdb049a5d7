"""Members of a panel: each is asked apart, and none takes the opinions of the others along when it fails."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

from affectory.schemas.taxonomy import Taxonomy
from affectory.transforms.assist._ballots import Ballot
from affectory.transforms.assist._describing import nothing
from affectory.transforms.assist._missing import heard
from affectory.transforms.assist._polling import METHODS, Poll, check
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._conversing import SEEN, shown
from affectory.transforms.models._opinions import Rater
from affectory.transforms.models._prompts import Prompt
from affectory.transforms.models._rating import UNPROMPTED, as_text, rating_ask, ratings_of
from affectory.transforms.models._talking import Heard, answered, held, said
from affectory.transforms.rows import Values

SEEN_AS = {"image": "image", "frames": "video", "audio": "audio", "video": "video"}
_SOMEBODY = "the person who speaks or is shown"
_QUESTIONS = {
    "expressed": ("does {whose} express", _SOMEBODY),
    "perceived": ("does {whose} seem to feel", _SOMEBODY),
    "elicited": ("does this call up in {whose}", "somebody who reads, sees or hears it"),
    "felt": ("does {whose} feel", _SOMEBODY),
    "intended": ("is {whose} meant to show", _SOMEBODY),
}
UNPROMPTED_SIDES = ("expressed", "perceived")


def question(perspective: str, whose: str | None, several: bool) -> str:
    """What a panel is asked, in words."""
    verb, somebody = _QUESTIONS[perspective]
    return f"Which {'emotions' if several else 'emotion'} {verb.format(whose=whose or somebody)}?"


def names(panel: Sequence[AskedModel]) -> dict[str, str]:
    """How opinions name each member, by its name in the recipe; that is added where two are the same model."""
    if twice := [model.name for model in panel if panel.count(model) > 1]:
        raise ValueError(f"{twice[0]} is named twice: a model has one opinion")
    raters = [model.rater[0] for model in panel]
    return {
        model.name: rater if raters.count(rater) == 1 else f"{rater} as {model.name}"
        for model, rater in zip(panel, raters, strict=True)
    }


class Panel(Protocol):
    """What a step says of its panel."""

    @property
    def panel(self) -> tuple[AskedModel, ...]: ...
    @property
    def method(self) -> str: ...
    @property
    def prompt(self) -> Prompt: ...
    @property
    def see(self) -> tuple[str, ...]: ...
    @property
    def perspective(self) -> str: ...
    @property
    def whose(self) -> str | None: ...
    @property
    def response(self) -> str | None: ...
    @property
    def samples(self) -> int: ...
    @property
    def orders(self) -> int: ...
    @property
    def reason(self) -> bool: ...
    @property
    def min_coverage(self) -> float: ...


def members(step: Panel, taxonomy: Taxonomy) -> tuple["Member", ...]:
    """The members of a panel, or a `ValueError` that says why one of them cannot be asked so."""
    if taxonomy.kind == "dimensional":
        raise ValueError(f"opine asks for labels, and {taxonomy.name} has dimensions")
    several = (step.response or taxonomy.space) == "multi-label"
    asked = {"question": question(step.perspective, step.whose, several)}
    written, called, found = as_text(taxonomy), names(step.panel), []
    for model in step.panel:
        how = (several, step.samples, step.orders, step.min_coverage, step.reason, asked)
        poll = Poll(model, step.prompt, taxonomy.labels, *how)
        side = Side(called[model.name], step.perspective, step.whose, taxonomy, written)
        found.append(Member(poll, step.method, step.see, side))
        found[-1].check()
    return tuple(found)


@dataclass(frozen=True)
class Side:
    """Who judges, from which side, in which taxonomy."""

    rater: str
    perspective: str
    whose: str | None
    taxonomy: Taxonomy
    written: str


@dataclass(frozen=True)
class Member:
    """One of a panel, with all that its opinions have in common."""

    poll: Poll
    method: str
    see: tuple[str, ...]
    side: Side

    def check(self) -> None:
        """A `ValueError` where it cannot be asked so."""
        model = self.poll.model
        if UNPROMPTED not in model.can:
            model.need("opine", *dict.fromkeys(SEEN[column] for column in self.see))
            check(self.poll, self.method)
            return
        if self.side.perspective not in UNPROMPTED_SIDES or self.side.whose:
            raise ValueError(f"{model.name} takes no prompt: it judges what is {' or '.join(UNPROMPTED_SIDES)}")
        model.judges(self.side.taxonomy)
        if "image" in model.can and not self._sees:
            raise ValueError(f"{model.name} looks at pictures: opine has to `see` image or frames")

    @cached_property
    def _sees(self) -> tuple[str, ...]:
        """What a member that takes no prompt looks at; one that does sees all."""
        return tuple(column for column in self.see if SEEN[column] in self.poll.model.can)

    def opinions(self, row: Values) -> Heard[tuple[list[dict[str, Any]], float | None]]:
        """What it thinks of a row, if there is anything to judge, and how much of its probability was on the labels."""
        media = shown(row, self.see)
        if not media and nothing(row, self.poll.prompt.inputs):
            return [], None
        if UNPROMPTED in self.poll.model.can:
            return (yield from self._unprompted(row)), None
        ballot = yield from METHODS[self.method](self.poll, row, media)
        seen = [column for column in self.see if row[column]]
        instructions = f"prompt {self.poll.prompt.called}, {self.method}"
        return [self._opinion(self._rater(row, seen, instructions, self._tells(row)), ballot)], ballot.coverage

    def _tells(self, row: Values) -> bool:
        return not nothing(row, self.poll.prompt.inputs)

    def _unprompted(self, row: Values) -> Heard[list[dict[str, Any]]]:
        model, sees = self.poll.model, self._sees
        read = next(iter(self.poll.prompt.inputs), "text")
        ask = rating_ask(model, self.side.written, {**row, "text": said(held(row, read))}, sees)
        if ask is None:
            return []
        found = yield from answered(ask, ratings_of, model.spec.tries)
        if read != "text" and not sees:
            found = replace(found, evidence=())  # characters are those of the sample's own text
        of = "" if read == "text" or sees else f", and read {read}"
        rater = self._rater(row, sees, f"none: {model.spec.model} takes no prompt{of}", not sees)
        return list(found.opinions(rater, self.side.taxonomy))

    def _rater(self, row: Values, seen: Sequence[str], instructions: str, text: bool) -> Rater:
        modalities = tuple(dict.fromkeys([*(["text"] if text else []), *(SEEN_AS[column] for column in seen)]))
        told = {"instructions": instructions, "language": row["language"]}
        kind, asked = self.poll.model.rater[1], str(self.poll.settings["question"])
        return Rater(self.side.rater, kind, self.side.perspective, modalities, asked, self.side.whose, told)

    def _opinion(self, rater: Rater, ballot: Ballot) -> dict[str, Any]:
        response = "multi-label" if self.poll.several else "simplex"
        response = response if ballot.weights is not None else "words"
        vote = rater.votes(self.side.taxonomy, ballot.weights, (), response, ballot.words)
        return {**vote, "confidence": ballot.confidence, "rationale": ballot.rationale}


@dataclass(frozen=True)
class Polled:
    """What came of a panel: opinions, the least part of a probability that lay on the labels, and who is missing."""

    opinions: list[dict[str, Any]]
    coverage: float | None
    missing: str | None


def polled(members: Sequence[Member], row: Values, least: int) -> Heard[Polled]:
    """All members side by side."""
    found, missing = yield from heard({m.poll.model.name: m.opinions(row) for m in members}, least)
    opinions = [opinion for some, _ in found for opinion in some]
    return Polled(opinions, min((c for _, c in found if c is not None), default=None), missing)
