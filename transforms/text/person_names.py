"""Names of persons in texts, found by a model: masked, noted, or a reason to reject.

The note `person_names` tells where they lie in the text as it is published. The same names in segments, words, notes
and `extra` are treated as those in the text.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import pyarrow as pa
from pydantic import ConfigDict, Field

from affectory.schemas.ids import canonical
from affectory.schemas.types import PLACES
from affectory.transforms.asking import composed, one_by_one, text_hash
from affectory.transforms.base import STRICT, Columns, Model, Reader, Reply, Resources, Sent, Step, Whom
from affectory.transforms.files import RecipePath
from affectory.transforms.models._backends import backend
from affectory.transforms.text._names import reader, revision


@dataclass(frozen=True)
class PersonNames:
    """Asks a model for names of persons; give its folder as `path`, or the name of an installed `package`."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"text", "audio", "video"})
    resources: ClassVar[Resources] = Resources(batch_rows=256)
    before: ClassVar[Mapping[str, str]] = {"context": "what it masks would be told beside later turns"}

    backend: Annotated[str, Field(description="what runs the model")] = "spacy"
    path: Annotated[RecipePath | None, Field(description="folder of the model, below the recipe")] = None
    package: Annotated[str | None, Field(description="package of the model, as en_core_web_sm")] = None
    labels: Annotated[tuple[str, ...], Field(description="what the model calls persons")] = ("PERSON", "PER")
    action: Annotated[
        Literal["mask", "keep", "reject"],
        Field(description="mask: [name] in their place; keep: only note them; reject: the row"),
    ] = "mask"

    def __post_init__(self) -> None:
        backend("person_names", self.backend)
        if (self.path is None) == (self.package is None):
            raise ValueError("it needs a model: its folder as `path`, or the name of an installed `package`")
        revision(self.path, self.package)

    def reads(self) -> Columns:
        return {"text": pa.string(), "segments": PLACES}

    def writes(self) -> Columns:
        return {"text": pa.string(), "segments": PLACES, "person_names": PLACES}

    def whom(self) -> Whom:
        name = self.path.name if self.path else str(self.package)
        code, options = backend("person_names", self.backend).module, canonical({"labels": self.labels})
        return Whom(self.backend, name, revision(self.path, self.package), parameters=options, code=code)

    def sends(self, rows: pa.Table) -> list[Sent | None]:
        return [(text_hash(text),) if text else None for text in rows.column("text").to_pylist()]

    def model(self) -> Model:
        find = backend("person_names", self.backend).load(str(self.path or self.package), labels=self.labels)
        return one_by_one(self.reads(), lambda row: Reply(json.dumps(find(row["text"]))))

    def reader(self) -> Reader:
        return reader(self.action)

    def setup(self) -> Step:
        return composed(self)
