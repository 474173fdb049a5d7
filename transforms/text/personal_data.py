"""Personal data in texts: mail, telephone, handles, links, addresses of machines, cards, accounts, identity numbers.

The note `personal` tells kind and place of each, in the text as it is published, and never what it was. Segments,
words, notes and `extra` are treated as the text is. Names of persons are for `person_names`, which asks a model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ConfigDict, Field

from affectory.schemas.types import PLACES
from affectory.transforms.base import STRICT, Columns, Resources, Step
from affectory.transforms.text._personal import KINDS, found
from affectory.transforms.text._treatment import Action, Finder, Treatment


@dataclass(frozen=True)
class PersonalData:
    """`mask` puts the kind in brackets in its place, `keep` only notes it, `reject` the row; `ignore` does not look."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"text", "audio", "video"})
    resources: ClassVar[Resources] = Resources(batch_rows=1024)
    before: ClassVar[Mapping[str, str]] = {"context": "what it masks would be told beside later turns"}

    mail: Annotated[Action, Field(description="mail addresses, also written with [at] and [dot]")] = "mask"
    phone: Annotated[Action, Field(description="telephone numbers in the shapes that their countries write")] = "mask"
    handle: Annotated[Action, Field(description="@names, also of Mastodon; u/names, name#1234")] = "mask"
    url: Annotated[Action, Field(description="links, with www. or a path where the scheme is missing")] = "mask"
    ip: Annotated[Action, Field(description="addresses of machines, IPv4 and IPv6")] = "mask"
    card: Annotated[Action, Field(description="numbers of payment cards, with a right check digit")] = "mask"
    iban: Annotated[Action, Field(description="bank accounts, with right check digits")] = "mask"
    id: Annotated[Action, Field(description="identity numbers of US GB ES IT FR BR CN KR FI SE PL IN")] = "mask"

    def reads(self) -> Columns:
        return {"text": pa.string(), "segments": PLACES}

    def writes(self) -> Columns:
        return {"text": pa.string(), "segments": PLACES, "personal": PLACES}

    def setup(self) -> Step:
        actions: dict[str, Action] = {kind: getattr(self, kind) for kind in KINDS}
        sought = {kind: action for kind, action in actions.items() if action != "ignore"}

        def finders(texts: pa.Array, _: Sequence[int]) -> list[Finder | None]:
            likely = _likely(texts, tuple(sought))
            return [partial(found, kinds=kinds, actions=sought) if kinds else None for kinds in likely]

        return lambda batch: Treatment("personal", sought, batch, finders, finders).result()


def _likely(text: pa.Array, kinds: Sequence[str]) -> list[tuple[str, ...]]:
    """The kinds that each text may hold, by a look at the whole column."""
    hints = [pc.fill_null(pc.match_substring_regex(text, KINDS[kind].hint), False) for kind in kinds]
    table = np.array([np.asarray(hint, dtype=bool) for hint in hints]).reshape(len(kinds), len(text))
    if not table.any():
        return [()] * len(text)
    return [tuple(kind for kind, likely in zip(kinds, column, strict=True) if likely) for column in table.T]
