"""The forms in which bundled models answer: an opinion, one of several choices, or words."""

import math
from collections.abc import Callable, Mapping

from affectory.schemas.taxonomy import Taxonomy, load_taxonomy
from affectory.transforms.base import Reply
from affectory.transforms.models._messages import Ask
from affectory.transforms.models._rating import Rating, taxonomy_of
from affectory.transforms.models.backends._bundled_raters import Bundled, Given

OWN = "ekman-7"
"""The taxonomy of those who are not asked for an opinion in another."""
_TOLD = 0.1
"""Weight of an emotion that is worth a word."""


class NotForThisModel(Exception):
    """The question cannot be answered by a model that reads no prompt: what it can answer."""

    def __init__(self, rater: str) -> None:
        super().__init__(rater)
        self.rater = rater

    def __str__(self) -> str:
        return (
            f"{self.rater} reads no prompt: it gives opinions (opine), chooses among labels of {OWN}, and says what it "
            f"sees in words (caption); it writes no other JSON and speaks not"
        )


def answering(model: Bundled) -> Callable[[Ask], Reply]:
    """The loaded model, as an answer to one question."""
    loaded = model.load()

    def read(given: Given, taxonomy: Taxonomy) -> Rating:
        return loaded(given, taxonomy) if given.text or given.pictures else Rating()

    def answer(ask: Ask) -> Reply:
        taxonomy, given = taxonomy_of(ask), _given(ask)
        if taxonomy is not None:
            return Reply(read(given, taxonomy).text)
        if ask.speaks or (ask.schema is not None and not ask.choices):
            raise NotForThisModel(model.rater)
        own = load_taxonomy(OWN)
        rating = read(given, own)
        return _chosen(ask, rating, own) if ask.choices else Reply(_words(model, rating, own))

    return answer


def _given(ask: Ask) -> Given:
    pictures = tuple(part.path for part in ask.media if part.kind == "image")
    at_us = tuple(ask.sample.get("at_us") or [None] * len(pictures))
    return Given(ask.sample.get("text") or "", ask.sample.get("language"), pictures, at_us)


def _chosen(ask: Ask, rating: Rating, taxonomy: Taxonomy) -> Reply:
    """The log-probability of each choice, by what is written behind it, if not by itself."""
    options: Mapping[str, str] = ask.sample.get("options") or {choice: choice for choice in ask.choices}
    weights = dict(zip(taxonomy.labels, rating.weights or (), strict=False))
    shares = {choice: weights.get(taxonomy.resolve(options[choice]) or "") or 0.0 for choice in ask.choices}
    known = tuple((choice, math.log(share)) for choice, share in shares.items() if share > 0)
    return Reply(max(known, key=lambda pair: pair[1])[0] if known else "", known)


def _words(model: Bundled, rating: Rating, taxonomy: Taxonomy) -> str:
    """What it found as a sentence, with the numbers."""
    if rating.valence is not None:
        return f"{model.told} {'pleasant' if rating.valence >= 0 else 'unpleasant'} ({rating.valence:.2f})."
    pairs = zip(taxonomy.labels, rating.weights or (), strict=False)
    found = sorted(((label, weight) for label, weight in pairs if weight and weight >= _TOLD), key=lambda x: -x[1])
    named = ", ".join(f"{label} ({weight:.2f})" for label, weight in found)
    return f"{model.told} {named}." if named else model.untold
