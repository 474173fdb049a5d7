"""What opinions come to, as far as checks compare them: first choices, shares of a panel, the side of an emotion."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from affectory.schemas.taxonomy import Taxonomy

Opinion = Mapping[str, Any]
NEUTRAL = 0.1
"""Valence up to this is neither pleasant nor unpleasant."""


def tops(opinion: Opinion) -> list[str]:
    """The labels that an opinion gives most weight, several where they are equal; none where it gives no weight."""
    labels, weights = opinion["asked"]["labels"] or (), opinion["answer"]["weights"] or ()
    known = [(label, w) for label, w in zip(labels, weights, strict=False) if w is not None]
    most = max((w for _, w in known), default=0.0)
    return [label for label, w in known if w == most and w > 0]


def shares(opinions: Iterable[Opinion]) -> dict[str, float]:
    """How a panel divides: every opinion has one vote, shared among its first choices."""
    votes: Counter[str] = Counter()
    voters = 0
    for first in filter(None, map(tops, opinions)):
        voters += 1
        for label in first:
            votes[label] += 1 / len(first)  # type: ignore[assignment]
    return {label: votes[label] / voters for label in sorted(votes)}


def sides(taxonomy: Taxonomy) -> dict[str, str]:
    """Of each label that has a place in VAD space whether it is positive, negative or neutral."""
    asked = {entry.name: entry.vad for entry in taxonomy.entries if entry.vad is not None}
    return {label: _side(asked[label].valence) for label in taxonomy.labels if label in asked}


def _side(valence: float) -> str:
    if abs(valence) <= NEUTRAL:
        return "neutral"
    return "positive" if valence > 0 else "negative"


def side_shares(labels: Mapping[str, float], side: Mapping[str, str]) -> dict[str, float]:
    """Shares of labels as shares of their sides."""
    found: Counter[str] = Counter()
    for label, share in labels.items():
        if label in side:
            found[side[label]] += share  # type: ignore[assignment]
    return dict(sorted(found.items()))


def told(shares: Mapping[str, float]) -> str:
    """Shares for people, the largest first."""
    ordered: Sequence[tuple[str, float]] = sorted(shares.items(), key=lambda x: (-x[1], x[0]))
    return ", ".join(f"{name} {share:.0%}" for name, share in ordered) or "nothing"
