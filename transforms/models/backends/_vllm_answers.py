"""What vLLM's engine answers, as a reply: the same whether Ray brought it or it came in this process."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from affectory.transforms.base import Reply
from affectory.transforms.models._choices import likeliest
from affectory.transforms.models.backends._vllm_telling import Request


@dataclass(frozen=True)
class Told:
    """What the engine says of one question: a text, its tokens, how likely tokens were in the first place, how many
    tokens the question had."""

    text: str
    tokens: Sequence[int]
    first: Mapping[int, float]
    asked: int

    @classmethod
    def of_output(cls, output: Any) -> "Told":
        """From the engine's own class for the end of a request."""
        (answer,) = output.outputs
        first = answer.logprobs[0] if answer.logprobs else {}
        likely = {int(token): float(x.logprob) for token, x in first.items()}
        return cls(answer.text, list(answer.token_ids), likely, len(output.prompt_token_ids))

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> "Told":
        """From a row of Ray's LLM stage for vLLM."""
        logprobs = row.get("logprobs")
        first = logprobs[0] if logprobs is not None and len(logprobs) else {}
        likely = {int(token): float(x["logprob"]) for token, x in first.items()}
        return cls(row["generated_text"], list(row["generated_tokens"]), likely, int(row["num_input_tokens"]))


def reply(request: Request, told: Told) -> Reply:
    """The reply to a question. Where it had choices, each has the probability of all tokens that stand for it."""
    usage = {"tokens_in": told.asked, "tokens_out": len(told.tokens)}
    if not request.choices:
        whole = len(told.tokens) < request.sampling["max_tokens"] or told.tokens[-1] in request.stops
        return Reply(told.text, usage=usage if whole else {**usage, "cut": 1})
    found: defaultdict[str, list[float]] = defaultdict(list)
    for token, choice in request.says.items():
        if math.isfinite(logprob := told.first.get(token, -math.inf)):
            found[choice].append(logprob)
    logprobs = tuple((choice, _sum(found[choice])) for choice in request.choices if found[choice])
    return Reply(likeliest(logprobs) or told.text, logprobs, usage)


def _sum(logprobs: Sequence[float]) -> float:
    most = max(logprobs)
    return min(most + math.log(math.fsum(math.exp(x - most) for x in logprobs)), 0.0)
