"""What changes from turn to turn of a dialogue: shifts of emotion, and how far back the causes of an emotion lie."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise

FAR = 3
"""Causes further back than so many turns are counted together."""


@dataclass(frozen=True)
class Turn:
    """One turn. Its speaker is called so within the dialogue; its emotion is anything that can be compared."""

    dialogue: str
    position: int
    speaker: str | None
    emotion: Hashable


@dataclass(frozen=True)
class Shifts:
    """How often emotion changes between two turns that follow each other."""

    same_speaker: int
    """From a speaker's turn to the next of the same speaker, whoever speaks in between."""
    consecutive: int
    """From a turn to the next, whoever speaks."""
    other_speaker: int
    """Those of the consecutive ones at which the speaker changes too."""
    turns: int

    def weighted(self, same_speaker: float, other_speaker: float) -> float:
        """How hard the dialogues are to follow: shifts per turn, those of one speaker and those to another weighed."""
        shifts = same_speaker * self.same_speaker + other_speaker * self.other_speaker
        return shifts / self.turns if self.turns else 0.0


def shifts(turns: Iterable[Turn]) -> Shifts:
    """The shifts of any number of dialogues. A turn without an emotion is passed over, as if it were not there."""
    known = sorted((t for t in turns if t.emotion is not None), key=lambda t: (t.dialogue, t.position))
    spoken = sorted((t for t in known if t.speaker is not None), key=lambda t: (t.dialogue, str(t.speaker), t.position))
    after = list(_following(known, ("dialogue",)))
    own = _following(spoken, ("dialogue", "speaker"))
    return Shifts(
        same_speaker=sum(a.emotion != b.emotion for a, b in own),
        consecutive=sum(a.emotion != b.emotion for a, b in after),
        other_speaker=sum(a.emotion != b.emotion for a, b in after if a.speaker != b.speaker),
        turns=len(known),
    )


def _following(turns: Iterable[Turn], alike: tuple[str, ...]) -> Iterator[tuple[Turn, Turn]]:
    for _, part in groupby(turns, key=lambda turn: [getattr(turn, name) for name in alike]):
        yield from pairwise(part)


def cause_distances(causes: Iterable[tuple[int, Iterable[int]]]) -> Counter[str]:
    """How far back causes lie, as RECCON counts: of each turn's position the distinct turns that caused its emotion.

    `t-0` is the turn itself, `>t-3` all that lies further back, and `later` what comes after it.
    """
    return Counter(_distance(turn - cause) for turn, found in causes for cause in set(found))


def _distance(back: int) -> str:
    return "later" if back < 0 else f"t-{back}" if back <= FAR else f">t-{FAR}"
