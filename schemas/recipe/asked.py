"""Models that a recipe names once and its steps ask by that name."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from affectory.schemas.recipe.part import Part, Text
from affectory.schemas.recipe.secrets import Secret

Capability = Literal["text", "image", "audio", "video", "json", "logprobs", "speech"]
Positive = Annotated[int, Field(ge=1)]


class Price(Part):
    """What a model costs, per million tokens, in whatever currency budgets are given in."""

    input: Annotated[float, Field(ge=0)] = 0.0
    """For what is sent."""
    output: Annotated[float, Field(ge=0)] = 0.0
    """For what is answered."""


class Asked(Part):
    """A model: who runs it, which one it is, how it draws its answers, and what it may take."""

    backend: Text
    """What runs it: `openai` (any compatible server), `vllm`, `transformers`, `bundled`, or one that is installed."""
    model: Text | None = None
    """Its name: on the hub, or as the server calls it."""
    path: Text | None = None
    """Or its folder or file, below the recipe."""
    revision: Text | None = None
    """Its commit on the hub; of a hosted model whatever changes when it does."""
    url: Text | None = None
    """Where its server is, up to and with `/v1`; no part of what determines an answer."""
    key: Secret | None = None
    """The server's key, as ${env:NAME}."""
    local: bool | None = None
    """Whether what is sent stays in your own hands. Models in this process and servers on this machine do, others
    are third parties, to whom nothing of a person goes who has not agreed to that."""
    can: Annotated[tuple[Capability, ...] | None, Field(strict=False)] = None
    """What it takes and gives, where its backend cannot know that: image, audio, video, json, logprobs, speech."""
    temperature: Annotated[float, Field(ge=0, le=5)] = 0.0
    """How freely it draws; 0 takes what is likeliest."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Draw only from the likeliest tokens that together have this probability."""
    max_tokens: Positive = 512
    """Longest answer, in tokens."""
    seed: int = 0
    """Of drawing, where the backend takes one."""
    voice: Text | None = None
    """Of a model that speaks."""
    options: dict[str, JsonValue] = Field(default_factory=dict)
    """Whatever else the backend takes; part of what determines an answer."""
    tries: Annotated[int, Field(ge=1, le=10)] = 3
    """How often a question is asked whose answer cannot be read, each time with what was wrong."""
    gpus: Annotated[float, Field(ge=0)] = 0.0
    """GPUs of each engine; several share one where it is a fraction."""
    batch_rows: Positive = 64
    """How many questions an engine gets at once."""
    memory_mb: Annotated[int, Field(ge=256)] | None = None
    """Memory that its process may hold, where it needs more than `limits.memory_mb`."""
    concurrency: Positive = 8
    """Questions that wait for a server at once, of each process."""
    requests_per_minute: Positive | None = None
    """Most questions to a server in a minute, of each process."""
    tokens_per_minute: Positive | None = None
    """Most tokens to a server in a minute, of each process, as far as they are known beforehand."""
    timeout_s: Annotated[float, Field(gt=0)] = 120.0
    """How long one answer may take."""
    retries: Annotated[int, Field(ge=0, le=20)] = 6
    """How often a question is sent again that a server was too busy for, or lost."""
    price: Price = Field(default_factory=Price)
    """What its tokens cost, for the report and `--max-cost`."""
