"""The ways of asking a model for a distribution over labels, each a part of a talk."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from affectory.transforms.assist import _ballots
from affectory.transforms.assist._ballots import LETTERS, NO, YES, Ballot
from affectory.transforms.base import Reply
from affectory.transforms.models._answers import json_of, recased
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._messages import Ask, Part
from affectory.transforms.models._prompts import Prompt
from affectory.transforms.models._talking import Heard, Unreadable, UnreadableAnswer, answered, together
from affectory.transforms.rows import Values


@dataclass(frozen=True)
class Poll:
    """What is asked about a row, of whom, and about which labels."""

    model: AskedModel
    prompt: Prompt
    labels: tuple[str, ...]
    several: bool = False
    draws: int = 5
    orders: int = 1
    min_coverage: float = 0.25
    reason: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)

    def ask(self, row: Values, media: Sequence[Part], **settings: Any) -> Ask:
        told = {"labels": self.labels, "several": self.several, "reason": self.reason, **self.settings, **settings}
        return self.prompt.ask(self.model, row, media, **told)

    def choosing(self, ask: Ask, options: Mapping[str, str]) -> Heard[tuple[dict[str, float], float]]:
        """The probabilities of what is written behind each choice."""
        asked = replace(ask, choices=tuple(options), schema=None, sample={**ask.sample, "options": dict(options)})

        def read(reply: Reply) -> tuple[dict[str, float], float]:
            shares, coverage = _ballots.offered(reply, tuple(options), self.min_coverage)
            return {options[choice]: share for choice, share in shares.items()}, coverage

        return answered(asked, read, self.model.spec.tries)

    def naming(self, ask: Ask) -> Heard[Mapping[str, Any]]:
        """A choice as JSON; after the last try a word that is no label is taken as the model's own."""
        schema = _ballots.choice_schema(ask.sample["labels"], self.several, self.reason)
        repair = self.prompt.header.repair
        try:
            found: Mapping[str, Any] = yield from answered(
                replace(ask, schema=schema), lambda reply: json_of(reply, schema, repair), self.model.spec.tries
            )
        except UnreadableAnswer as error:
            loose = _ballots.choice_schema((), self.several, self.reason)
            try:
                found = json_of(Reply(error.answer), loose, repair)
            except Unreadable:
                raise error from None
            found = recased(found, schema) if "case" in repair else found
        return found


def by_logprobs(poll: Poll, row: Values, media: Sequence[Part]) -> Heard[Ballot]:
    """How likely each lettered option is to begin the answer; of several that may apply, how likely each is a yes."""
    if poll.several:
        asks = [poll.ask(row, media, method="logprobs", label=label) for label in poll.labels]
        found = yield from together([poll.choosing(ask, {YES: YES, NO: NO}) for ask in asks])
        return Ballot(tuple(shares[YES] for shares, _ in found), coverage=min(coverage for _, coverage in found))
    talks = []
    for order in _ballots.rotations(poll.labels, poll.orders):
        options = dict(zip(LETTERS, order, strict=False))
        ask = poll.ask(row, media, method="logprobs", options=list(options.items()), labels=order)
        talks.append(poll.choosing(ask, options))
    return _ballots.averaged(poll.labels, (yield from together(talks)))


def by_samples(poll: Poll, row: Values, media: Sequence[Part]) -> Heard[Ballot]:
    """Draws of a choice, the order of the labels turned on from one to the next where `orders` says so."""
    orders = list(_ballots.rotations(poll.labels, poll.orders))
    asks = [_listing(poll, row, media, "samples", orders[k % len(orders)], k) for k in range(poll.draws)]
    found = yield from together([poll.naming(ask) for ask in asks])
    return _ballots.counted(poll.labels, [_names(answer) for answer in found], poll.several)


def by_choice(poll: Poll, row: Values, media: Sequence[Part]) -> Heard[Ballot]:
    """The one label that fits best, or all that apply."""
    answer = yield from poll.naming(_listing(poll, row, media, "choice", poll.labels))
    return replace(_ballots.counted(poll.labels, [_names(answer)], poll.several), rationale=answer.get("reason"))


def by_words(poll: Poll, row: Values, media: Sequence[Part]) -> Heard[Ballot]:
    """The weights that the model itself gives, and how sure it says it is."""
    schema = _ballots.weights_schema(poll.labels, poll.several, poll.reason)
    ask = replace(_listing(poll, row, media, "verbalised", poll.labels), schema=schema)

    def read(reply: Reply) -> Ballot:
        answer = json_of(reply, schema, poll.prompt.header.repair)
        weights = _ballots.divided(poll.labels, answer["weights"], poll.several)
        return Ballot(weights, confidence=answer["confidence"], rationale=answer.get("reason"))

    return (yield from answered(ask, read, poll.model.spec.tries))


METHODS: Mapping[str, Callable[[Poll, Values, Sequence[Part]], Heard[Ballot]]] = {
    "logprobs": by_logprobs,
    "samples": by_samples,
    "verbalised": by_words,
    "choice": by_choice,
}


def _listing(poll: Poll, row: Values, media: Sequence[Part], method: str, order: Sequence[str], repeat: int = 0) -> Ask:
    ask = poll.ask(row, media, method=method, labels=order)
    return replace(ask, repeat=repeat, sample={**ask.sample, "labels": list(order)})


def _names(answer: Mapping[str, Any]) -> list[str]:
    """Labels, and words of the model's own without spaces around them."""
    given = answer["labels"] if "labels" in answer else [answer["label"]]
    return [name.strip() for name in given if name.strip()]


def check(poll: Poll, method: str) -> None:
    """A `ValueError` where this model cannot be asked in this way."""
    model, count = poll.model, len(poll.labels)
    if method == "samples" and not model.spec.temperature:
        raise ValueError(
            f"opine draws samples, and {model.name} has the temperature 0, which draws the same every time: "
            f"give it one under `models`, or ask by another method"
        )
    if method != "logprobs":
        model.need(f"opine by {method}", "json")
    else:
        model.need("opine by log-probabilities", "logprobs")
        if not poll.several:
            _check_letters(model, count)
    if poll.orders > 1 and (poll.several or method not in ("logprobs", "samples")):
        raise ValueError("orders are for log-probabilities and samples of which one label is chosen: leave them out")
    if poll.orders > count:
        raise ValueError(f"orders is {poll.orders}, and {count} labels have {count} orders that begin differently")
    needed = {"logprobs": {"label"} if poll.several else {"options"}}.get(method, {"labels"})
    if missing := sorted(needed - set(poll.prompt.header.settings)):
        raise ValueError(
            f"the prompt {poll.prompt.header.id} has to show {', '.join(missing)}: name it under `settings`"
        )


def _check_letters(model: AskedModel, count: int) -> None:
    instead = "ask for each of them (`response: multi-label`) or use another method"
    if count > len(LETTERS):
        raise ValueError(f"opine letters {count} labels, and there are {len(LETTERS)} letters: {instead}")
    if model.shows is not None and count > model.shows:
        raise ValueError(
            f"opine letters {count} labels, and of {model.name} only {model.shows} can be seen at once: raise "
            f"options.top_logprobs where its server allows that, {instead}"
        )
