"""A step that asks a model of vLLM in two rounds, and a build of it by both ways to an engine."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
from support.partitions import Build, counts

from affectory.pipelines.engines import local
from affectory.pipelines.engines.base import Choice, Notice, opened
from affectory.pipelines.runner.partition import PartitionReport
from affectory.pipelines.runner.stage import Stage, conversed_with
from affectory.schemas.recipe.asked import Asked
from affectory.transforms.base import Columns, Resources, Step
from affectory.transforms.models._asked import AskedModel, needs_of
from affectory.transforms.models._conversing import plainly
from affectory.transforms.models._messages import Ask, Message, Part
from affectory.transforms.models._talking import Talk
from affectory.transforms.rows import Values

ENGINE = {"max_model_len": 512, "dtype": "float32", "enforce_eager": True}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"word": {"type": "string", "maxLength": 12}},
    "required": ["word"],
    "additionalProperties": False,
}
TEXTS = [["I lost my keys again.", "We won!", "word " * 900], ["Get out.", "Who is there?"], ["We won!"]]


@dataclass(frozen=True)
class Wonders:
    """Asks for a letter and for a word as JSON, and then what is between them."""

    model: AskedModel

    on: ClassVar[frozenset[str]] = frozenset({"text"})

    @property
    def resources(self) -> Resources:
        return needs_of(self.models())

    def models(self) -> tuple[AskedModel, ...]:
        return (self.model,)

    def reads(self) -> Columns:
        return {"text": pa.string()}

    def writes(self) -> Columns:
        return {"heard": pa.string()}

    def talk(self, row: Values) -> Talk:
        letter, word = yield [
            self._ask(f"{row['text']} Is this A good or B bad?", choices=("A", "B")),
            self._ask(f"{row['text']} Name this in a word, as JSON.", schema=SCHEMA),
        ]
        (last,) = yield [self._ask(f"Why {letter.text} and {word.text}?", max_tokens=8)]
        return {"heard": json.dumps([letter.text, word.text, last.text])}

    def _ask(self, text: str, **how: Any) -> Ask:
        return Ask(self.model.name, (Message("user", (Part("text", text),)),), "wonders", **how)

    def setup(self) -> Step:
        return plainly(self)


CHOICES = ("A", "B", "C", "D", "E", "F", "G")


def question(model: str, text: str) -> Ask:
    """About a text that begins with its number: every other one has choices."""
    odd = int(text.partition(" ")[0]) % 2
    how = "Answer with one letter from A to G." if odd else "Say what it is about, in some detail."
    return Ask(model, (Message("user", (Part("text", f"{text}\n{how}"),)),), "asks", choices=CHOICES if odd else ())


@dataclass(frozen=True)
class Asks(Wonders):
    """Asks one question about each text, and writes down what came."""

    def talk(self, row: Values) -> Talk:
        (reply,) = yield [question(self.model.name, row["text"])]
        return {"heard": json.dumps({"text": reply.text, "logprobs": dict(reply.logprobs)})}


def asks_stage(model: AskedModel) -> Stage:
    """For benchmarks."""
    step = Asks(model)
    return Stage("asks", "assist", step, "asks-1", models=conversed_with(step))


def both_ways(folder: str, weights: str) -> None:
    """Build by an engine in a child and past Ray's stage; print what is to be looked at."""
    import ray

    spec = Asked(backend="vllm", path="m", gpus=1, max_tokens=40, memory_mb=8000, options={"engine": ENGINE})
    step = Wonders(AskedModel("small", spec, Path(weights)))
    stage = Stage("wonders", "assist", step, "wonders-1", models=conversed_with(step))
    here, there = (Build(Path(folder, name), (stage,)) for name in ("here", "there"))
    list(local.run(here.partitions(TEXTS), 1))
    ray.init("local", num_cpus=3, num_gpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    with opened(Choice("ray")) as engine:
        found = list(engine.run(there.partitions(TEXTS)))
    ray.shutdown()
    reports = [r for r in found if isinstance(r, PartitionReport)]
    rejects = [
        row for key, (_, tables) in there.commits().items() for row in tables.get("rejects", ()) if "wonders" in key
    ]
    told = {
        "alike": here.commits() == there.commits(),
        "counts": asdict(counts(reports, "wonders")),
        "reasons": [row["reason"] for row in rejects],
        "asked": sum(s.asked for r in reports for s in r.stages),
        "notices": [n.text for n in found if isinstance(n, Notice)],
        "here": str(here.commits())[:3000] if here.commits() != there.commits() else "",
        "there": str(there.commits())[:3000] if here.commits() != there.commits() else "",
    }
    print(json.dumps(told), file=sys.stdout)
