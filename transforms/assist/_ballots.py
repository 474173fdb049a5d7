"""What a member of a panel made of its question, however it was asked: read from replies, and put together."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from affectory.transforms.base import Reply
from affectory.transforms.models._talking import Unreadable

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
YES, NO = "yes", "no"
MAX_WORD = 100


@dataclass(frozen=True)
class Ballot:
    """Weights in the order of the labels, none where it chose none of them; `words` are its own.

    `coverage` is the part of the model's probability that lay on what it was offered.
    """

    weights: tuple[float, ...] | None
    words: tuple[str, ...] = ()
    confidence: float | None = None
    rationale: str | None = None
    coverage: float | None = None


def offered(reply: Reply, choices: Sequence[str], least: float) -> tuple[dict[str, float], float]:
    """The probability of each choice among those that the model gave any, and of all of these together."""
    seen = {choice: math.exp(min(value, 0.0)) for choice, value in reply.logprobs if choice in choices}
    coverage = math.fsum(seen.values())
    if coverage < least or not coverage:
        told = f"{', '.join(choices[:3])}{', ...' if len(choices) > 3 else ''}"
        raise Unreadable(f"its probability of beginning with one of {told} is {coverage:.3g}, not at least {least:g}")
    return {choice: seen.get(choice, 0.0) / coverage for choice in choices}, min(coverage, 1.0)


def rotations(labels: Sequence[str], count: int) -> Iterator[tuple[str, ...]]:
    """As many orders of the labels, each begun at another place; these lie as far apart as can be."""
    for k in range(count):
        start = k * len(labels) // count
        yield (*labels[start:], *labels[:start])


def averaged(labels: Sequence[str], parts: Sequence[tuple[Mapping[str, float], float]]) -> Ballot:
    """One model's answers to the same question with its options in several orders."""
    weights = tuple(math.fsum(shares[label] for shares, _ in parts) / len(parts) for label in labels)
    return Ballot(weights, coverage=math.fsum(coverage for _, coverage in parts) / len(parts))


def counted(labels: Sequence[str], draws: Sequence[Sequence[str]], several: bool) -> Ballot:
    """Draws of one model as weights: shares of the draws, of those that chose a label where only one may be chosen."""
    words = tuple(word for draw in draws for word in draw if word not in labels)
    chosen = [label for draw in draws for label in dict.fromkeys(draw) if label in labels]
    if not chosen and (words or not several):
        return Ballot(None, words)
    whole = len(draws) if several else len(chosen)
    return Ballot(tuple(chosen.count(label) / whole for label in labels), words)


def divided(labels: Sequence[str], weights: Mapping[str, float], several: bool) -> tuple[float, ...]:
    """Weights that a model gave in words, as parts of one unless several labels may apply."""
    total = 1.0 if several else math.fsum(weights.values())
    if not total:
        raise Unreadable("weights: at least one of them has to be more than 0")
    return tuple(weights[label] / total for label in labels)


def choice_schema(labels: Sequence[str], several: bool, reason: bool) -> dict[str, Any]:
    """The answer that chooses among labels; without labels any word is one."""
    word: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": MAX_WORD}
    one = {"type": "string", "enum": list(labels)} if labels else word
    if several:
        return _object({"labels": {"type": "array", "items": one, "maxItems": 100}}, reason)
    return _object({"label": one}, reason)


def weights_schema(labels: Sequence[str], several: bool, reason: bool) -> dict[str, Any]:
    """The answer that weighs every label and says how sure it is."""
    number = {"type": "number", "minimum": 0, "maximum": 1 if several else 100}
    sure = {"type": "number", "minimum": 0, "maximum": 1}
    return _object({"weights": _object(dict.fromkeys(labels, number), False), "confidence": sure}, reason)


def _object(properties: Mapping[str, Any], reason: bool) -> dict[str, Any]:
    first = {"reason": {"type": "string"}} if reason else {}
    known = {**first, **properties}
    return {"type": "object", "properties": known, "required": list(known), "additionalProperties": False}
