"""Preferences between two answers, scored as MER2026 does: which was read from a reply, and how often rightly."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Choice = Literal["a1", "a2", "same"]
_TWO: tuple[Choice, ...] = ("a1", "a2")
_THREE: tuple[Choice, ...] = ("a1", "a2", "same")


@dataclass(frozen=True)
class PreferenceScore:
    """None where no pair is left to be scored."""

    weighted_f1: float | None
    accuracy: float | None
    pairs: int


def read_preference(reply: str) -> Choice:
    """What a reply prefers: how it begins, else what it names first; a reply that names nothing prefers neither."""
    reply = reply.lower()
    named = [(place, choice) for choice in _THREE if (place := reply.find(choice)) >= 0]
    return min(named)[1] if named else "same"


def two_class(truth: Sequence[Choice], said: Sequence[Choice]) -> PreferenceScore:
    """Pairs that people found equal are left out; where a model found them equal it counts as one for the first."""
    pairs = [(t, "a1" if s == "same" else s) for t, s in zip(truth, said, strict=True) if t != "same"]
    return _score(pairs, _TWO)


def three_class(truth: Sequence[Choice], said: Sequence[Choice]) -> PreferenceScore:
    """`same` is an answer like the others."""
    return _score(list(zip(truth, said, strict=True)), _THREE)


def _score(pairs: Sequence[tuple[str, str]], classes: Sequence[str]) -> PreferenceScore:
    if odd := sorted({choice for pair in pairs for choice in pair} - set(classes)):
        raise ValueError(f"no preference: {', '.join(odd)}")
    if not pairs:
        return PreferenceScore(None, None, 0)
    weighted = sum(_f1(pairs, name) * sum(t == name for t, _ in pairs) for name in classes) / len(pairs)
    return PreferenceScore(weighted, sum(t == s for t, s in pairs) / len(pairs), len(pairs))


def _f1(pairs: Sequence[tuple[str, str]], name: str) -> float:
    """Of one class; 0 where it is never true nor said."""
    hit = sum(t == name == s for t, s in pairs)
    named = sum((t == name) + (s == name) for t, s in pairs)
    return 2 * hit / named if named else 0.0
