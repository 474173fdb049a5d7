"""What the first tokens of an answer say of the choices that it was given: one rule for every backend."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

_SPACES = " \t\r\n▁ĠĊ"
"""Spaces as texts and as vocabularies write them."""


def seen(choices: Sequence[str], tokens: Iterable[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    """The log-probability of each choice that is seen among the likeliest first tokens, in the order of the choices.

    A token stands for the choice that it spells, with or without spaces around it, or for the only one that it begins;
    tokens of one choice add up. `Yes` is `yes`; but a single letter keeps its case: `a` begins other answers than `A`.
    """
    found: defaultdict[str, list[float]] = defaultdict(list)
    for token, logprob in dict(tokens).items():
        choice = meant(choices, token)
        if choice is not None and math.isfinite(logprob):
            found[choice].append(min(logprob, 0.0))
    return tuple((choice, _sum(found[choice])) for choice in choices if choice in found)


def meant(choices: Sequence[str], token: str) -> str | None:
    """The choice that a first token stands for, if that is one."""
    plain = token.strip(_SPACES)
    if not plain or plain in choices:
        return plain or None
    folded = plain.casefold()
    words = {choice: choice.casefold() for choice in choices if len(choice) > 1}
    same = [choice for choice, word in words.items() if word == folded]
    begun = [choice for choice, word in words.items() if word.startswith(folded)]
    found = same or begun
    return found[0] if len(found) == 1 else None


def likeliest(logprobs: Sequence[tuple[str, float]]) -> str | None:
    """The likeliest choice; of several the first."""
    return max(logprobs, key=lambda x: x[1])[0] if logprobs else None


def _sum(logprobs: Sequence[float]) -> float:
    most = max(logprobs)
    return min(most + math.log(sum(math.exp(x - most) for x in logprobs)), 0.0)
