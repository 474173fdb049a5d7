"""What may be published of a record under its licence."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, Self

from affectory.schemas.recipe.publishing import Publish

Published = Literal["media", "features", "nothing"]
_STRICTNESS: Mapping[Published, int] = {"media": 0, "features": 1, "nothing": 2}
LICENCE = "licence: "
"""How every reason begins."""
NO_DERIVATIVES = "licence without derivatives: "
"""How a reason begins against what is made of a record, and against nothing else."""
_NO_DERIVATIVES = re.compile(r"(?<![a-z0-9])nd(?![a-z0-9])|no[ _-]?deriv")


@dataclass(frozen=True)
class Licences:
    """Which licences a recipe accepts, and how much may be published under each."""

    accepted: tuple[str, ...] = ()
    required: bool = False
    by_licence: Mapping[str, Published] = field(default_factory=dict)

    @classmethod
    def of(cls, publish: Publish) -> Self:
        return cls(publish.licences, publish.require_licence, publish.by_licence)

    def of_records(self, licence: str) -> tuple[Published, str]:
        """How much may be published under a licence, or under all of several joined by AND; if not all, why."""
        return max((self._of_one(one) for one in licence.split(" AND ")), key=lambda found: _STRICTNESS[found[0]])

    def bars(self, licence: str) -> str:
        """Why nothing is published under a licence, so that nobody is shown it either; empty where something is."""
        published, why = self.of_records(licence)
        return why if published == "nothing" else ""

    def against(self, licence: str) -> tuple[str, ...]:
        """What stands against showing a record to others, or against making something of it."""
        if why := self.bars(licence):
            return (why,)
        names = [one for one in licence.split(" AND ") if _NO_DERIVATIVES.search(one.casefold())]
        return tuple(f"{NO_DERIVATIVES}{one}" for one in names if self._of_one(one)[0] != "media")

    def _of_one(self, licence: str) -> tuple[Published, str]:
        if not licence.strip():
            return ("nothing", "licence: none is given") if self.required else ("media", "")
        if self.accepted and not any(_fits(licence, pattern) for pattern in self.accepted):
            return "nothing", f"licence: {licence} is not accepted"
        for pattern, published in self.by_licence.items():
            if _fits(licence, pattern):
                return published, "" if published == "media" else f"licence: {published} under {licence}"
        if _NO_DERIVATIVES.search(licence.casefold()):
            return "features", f"licence: {licence} allows no derivatives, which clips are"
        return "media", ""


FREELY = Licences()
"""Of a recipe that says nothing of licences."""


def _fits(licence: str, pattern: str) -> bool:
    return fnmatchcase(licence.strip().casefold(), pattern.strip().casefold())
