"""Answers made worse in one named way, for pairs that a model is to prefer by: what may change is checked here."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from affectory.transforms.assist._describing import Answer, By, quoted
from affectory.transforms.assist._quotes import found
from affectory.transforms.base import Reply
from affectory.transforms.models._answers import as_text, text_of
from affectory.transforms.models._talking import Heard, Unreadable, answered
from affectory.transforms.rows import Values

if TYPE_CHECKING:
    from affectory.transforms.assist.prefer import Prefer

Corruption = Literal["spurious_cue", "hallucinated_cue", "text_prior", "swapped_modality"]
EDITS = ("spurious_cue", "hallucinated_cue")
_LONGEST = 400


@dataclass(frozen=True)
class Pair:
    """An answer, the worse one, and how that came about."""

    chosen: str
    rejected: str
    change: str

    def notes(self, note: str, corruption: str, by: str | None) -> dict[str, str | None]:
        pair = {f"{note}_chosen": self.chosen, f"{note}_rejected": self.rejected, f"{note}_change": self.change}
        return {**pair, f"{note}_corruption": corruption, f"{note}_by": by}


def notes_of(note: str) -> tuple[str, ...]:
    return tuple(Pair("", "", "").notes(note, "", None))


class Edit(Answer):
    """Words of an answer, what takes their place, and the cue that is claimed there."""

    old: str = Field(min_length=1, max_length=_LONGEST)
    new: str = Field(min_length=1, max_length=_LONGEST)
    cue: str = Field(min_length=2, max_length=_LONGEST)

    def pair(self, chosen: str) -> Pair:
        """The answer with these words in the place of those, and nothing else changed."""
        return Pair(chosen, chosen.replace(self.old, self.new), as_text({"new": self.new, "old": self.old}))

    def check(self, corruption: str, chosen: str, evidence: Sequence[str], most: float) -> None:
        """What is not this corruption is told as `Unreadable`."""
        if (count := chosen.count(self.old)) != 1:
            raise Unreadable(f"`old` stands {count} times in the answer: copy words that stand in it once")
        if len(self.old) > most * len(chosen):
            raise Unreadable(f"`old` is more than {most:.0%} of the answer: change less of it")
        if found(self.cue, self.new) is None:
            raise Unreadable("`new` does not tell the cue word for word")
        if found(self.cue, chosen) is not None:
            raise Unreadable("the answer tells that cue already: take another one")
        there = any(found(self.cue, text) for text in evidence)
        if corruption == "spurious_cue" and not there:
            raise Unreadable("nothing that was observed tells that cue: copy it from what was observed")
        if corruption == "hallucinated_cue" and there:
            raise Unreadable("that cue was observed: make up one that was not")


def _prior(chosen: str, alike: float, reply: Reply) -> Pair:
    """An answer from the words alone beside the one from all; one that is nearly that is no worse."""
    rejected = text_of(reply)
    same = share_alike(chosen, rejected, alike)
    if same > alike:
        raise Unreadable(f"{same:.0%} of the words are those of the right answer")
    return Pair(chosen, rejected, as_text({"told": "text alone"}))


def made_worse(step: "Prefer", who: By, row: Values, chosen: str) -> Heard[Pair]:
    """A pair that a model makes, asked for until it differs in the named way only."""
    if step.corruption == "text_prior":
        ask = who.prompt.ask(who.model, row)
        read = partial(_prior, chosen, step.alike)
        return (yield from answered(ask, read, who.model.spec.tries))
    observed = quoted(row, step.evidence)
    told: dict[str, Any] = {"corruption": step.corruption, "observed": observed, "chosen": quoted(row, [step.of])}

    def check_edit(edit: Edit) -> None:
        edit.check(step.corruption, chosen, list(observed.said.values()), step.most)

    edit = yield from who.answer_about(row, Edit, check=check_edit, **told)
    return edit.pair(chosen)


def share_alike(a: str, b: str, least: float = 0.0) -> float:
    """How much two texts have in common, of their words in order; where that is not more than `least`, how much they
    could have at most, which takes no time however long one of them is."""
    matcher = SequenceMatcher(None, a.casefold().split(), b.casefold().split(), autojunk=False)
    bounds = (bound for bound in (matcher.real_quick_ratio, matcher.quick_ratio) if bound() <= least)
    return next(bounds, matcher.ratio)()


def swapped(heard: str, seen: str, called: tuple[str, str]) -> Pair:
    """What was heard told as seen, and what was seen as heard."""
    chosen, rejected = (f"{called[0]}: {a}\n{called[1]}: {b}" for a, b in ((heard, seen), (seen, heard)))
    return Pair(chosen, rejected, as_text({"swapped": list(called)}))


def check(step: "Prefer") -> None:
    """A `ValueError` where a corruption lacks what it is made of, or is told what it must not know."""
    name, prior = step.corruption, step.prior
    if (name == "swapped_modality") != (step.between is not None):
        raise ValueError("`between` names what swapped_modality swaps, as [audio_clues, video_clues], and is its alone")
    if (name == "swapped_modality") != (step.model is None):
        raise ValueError(f"{name} needs a model" if step.model is None else f"{name} asks nobody: leave out `model`")
    if name == "spurious_cue" and not step.evidence:
        raise ValueError("spurious_cue takes cues from what was observed: name columns as `evidence`")
    if name == "text_prior" and (told := {step.of, *step.evidence} & set(prior.inputs)):
        raise ValueError(f"text_prior is told the words alone, and {prior.header.id} tells {min(told)}")
    if step.model is not None:
        if name == "text_prior":
            By(step.model, prior).check("prefer", answer=False)
        else:
            tells = ["chosen", "corruption", *(["observed"] if step.evidence else [])]
            By(step.model, step.prompt).check("prefer", tells=tells, answer=True)
