"""A step that talks with two models by turns."""

import os
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
from support.talking import parrot

from affectory.pipelines.runner.stage import Stage, conversed_with
from affectory.transforms.base import Columns, Resources, Step
from affectory.transforms.models._asked import AskedModel, needs_of
from affectory.transforms.models._conversing import plainly
from affectory.transforms.models._messages import Ask, Message, Part
from affectory.transforms.models._talking import Talk
from affectory.transforms.rows import Values

_NUMBERS = count()


@dataclass(frozen=True)
class Duet:
    """Tells the first model a row's text, the second what the first one said, and the first what the second said."""

    first: AskedModel
    second: AskedModel

    on: ClassVar[frozenset[str]] = frozenset({"text"})

    @property
    def resources(self) -> Resources:
        return needs_of(self.models())

    def models(self) -> tuple[AskedModel, ...]:
        return self.first, self.second

    def reads(self) -> Columns:
        return {"text": pa.string()}

    def writes(self) -> Columns:
        return {"heard": pa.string()}

    def talk(self, row: Values) -> Talk:
        told = row["text"]
        for model in (self.first, self.second, self.first) if told else ():
            (reply,) = yield [Ask(model.name, (Message("user", (Part("text", told),)),), "duet")]
            told = f"{model.name}: {reply.text}"
        return {"heard": told}

    def setup(self) -> Step:
        return plainly(self)


def duet_stage(folder: Path, **settings: Any) -> Stage:
    """A stage that no process has set up yet, of two birds; `settings` are of both."""
    options = {name: settings.pop(name) for name in ("dies_after", "lives") if name in settings}
    birds = [parrot(name=name, folder=folder, **settings) for name in ("lark", "wren")]
    for bird in birds:
        bird.spec.options.update(options)
    duet = Duet(*birds)
    return Stage("duet", "assist", duet, f"duet-{os.getpid()}-{next(_NUMBERS)}", models=conversed_with(duet))
