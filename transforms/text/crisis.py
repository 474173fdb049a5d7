"""Signs of danger in texts: suicide, self-harm and abuse, as people say it in a dozen languages and more.

The note `crisis` tells where and of which kind. It is meant to miss little, so much of what it finds is a figure of
speech, a song, or somebody else's story: a person looks. Until one has, a release holds such samples back.
"""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
from pydantic import ConfigDict

from affectory.schemas.types import PLACES
from affectory.transforms.base import STRICT, Columns, Resources, Result, Step
from affectory.transforms.rows import set_column
from affectory.transforms.text._danger import danger


@dataclass(frozen=True)
class Crisis:
    """Looks into the text of each sample; no row is rejected. To be put after what changes texts."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"text", "audio", "video"})
    resources: ClassVar[Resources] = Resources(batch_rows=1024)

    def reads(self) -> Columns:
        return {"text": pa.string()}

    def writes(self) -> Columns:
        return {"crisis": PLACES}

    def setup(self) -> Step:
        return _step


def _step(batch: pa.Table) -> Result:
    texts = batch.column("text").to_pylist()
    found = [None if text is None else [span.place() for span in sorted(danger(text))] for text in texts]
    return Result.keep_all(set_column(batch, "crisis", pa.array(found, PLACES)))
