"""What a build would ask of models now, as far as the ledger and what is committed tell before anything runs."""

from dataclasses import dataclass
from typing import cast

from affectory.pipelines.plan import Plan
from affectory.pipelines.runner.partition import Partition, questions
from affectory.pipelines.runner.stage import Stage
from affectory.pipelines.store.answers import look_anew
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._asking import asks_of
from affectory.transforms.models._conversing import Conversing
from affectory.transforms.models._messages import Ask

BYTES_A_TOKEN = 3
"""Of UTF-8, at least: English has more than four, other scripts about three."""


@dataclass(frozen=True)
class Pending:
    """A stage that talks with models. `questions` are those of the next round, `rows` are records for which stages
    before it have to run first; `cost` is what these questions come to at most, media apart."""

    stage: str
    models: tuple[str, ...]
    questions: int
    rows: int
    cost: float

    def __str__(self) -> str:
        cost = f", for {self.cost:,.4g} at most" if self.cost else ""
        told = [f"at least {self.questions:,} questions{cost}"] if self.questions else []
        told += [f"{self.rows:,} records are not that far"] if self.rows else []
        return f"{self.stage} asks {', '.join(self.models)}: {'; '.join(told) or 'all is answered'}"


def pending(plan: Plan) -> tuple[Pending, ...]:
    """The stages of a plan that talk with models. Their prompts, and what the models can do, were checked before."""
    if plan.agreements is not None:
        plan.agreements.write(plan.workspace)
    look_anew()
    return tuple(_pending(plan, stage) for stage in plan.bound.stages if stage.models)


def _pending(plan: Plan, stage: Stage) -> Pending:
    models = {model.name: model for model in cast(Conversing, stage.transform).models()}
    count, cost, rows = 0, 0.0, 0
    for partition in plan.partitions:
        asks = _asks(plan, stage, partition)
        if asks is None:
            rows += partition.rows
        for ask in asks or ():
            count, cost = count + 1, cost + _most(models[ask.model], ask)
    return Pending(stage.name, tuple(map(_told, models.values())), count, rows, cost)


def _asks(plan: Plan, stage: Stage, partition: Partition) -> list[Ask] | None:
    """What is asked next about a partition; None where stages before have to run first."""
    keys = [partition.root, *(link.key for link in partition.links)]
    at = next((i for i, link in enumerate(partition.links) if link.stage.name == stage.name), None)
    if at is None:
        return None if stage.name in plan.beyond.get(partition.root, ()) else []
    if keys[at] not in plan.committed:
        return None
    found = questions(partition, at)
    return [] if found is None else asks_of(found)


def _most(model: AskedModel, ask: Ask) -> float:
    sent = sum(len(part.text.encode()) for message in ask.messages for part in message.parts)
    answer = ask.max_tokens or model.spec.max_tokens
    price = model.spec.price
    return (sent / BYTES_A_TOKEN * price.input + answer * price.output) / 1e6


def _told(model: AskedModel) -> str:
    who = f"{model.spec.backend} {model.spec.model or ''}".strip()
    return f"{model.name} ({who}{'' if model.local else ', a third party'})"
