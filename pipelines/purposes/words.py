"""The newest word of each person, and what of it stands against a purpose on a day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal, Self

from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.recipe.people import People, Purpose

Against = Literal["withdrawn", "no", "ended", "embargo", "unasked"]
PUBLISHING: tuple[Purpose, ...] = ("publish_features", "publish_media", "train")
"""What an embargo holds back."""


def this_day() -> date:
    """The day by which consents end and embargoes are over, the same everywhere."""
    return datetime.now(UTC).date()


@dataclass(frozen=True)
class Rules:
    """What counts of those whom nobody asked."""

    assumed: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()

    @classmethod
    def of(cls, people: People) -> Self:
        return cls(frozenset(people.assume), frozenset(people.require))

    def allow(self, purpose: Purpose) -> bool:
        """Whether something is done with those who were not asked about it."""
        return purpose not in self.required and (purpose != "third_parties" or purpose in self.assumed)


PLAIN = Rules()
"""Of a recipe that says nothing of it."""


@dataclass(frozen=True)
class Word:
    """What a person said of all purposes: yes, no or nothing, until when, from when on, and if it was taken back."""

    consent: Mapping[str, bool] = field(default_factory=dict)
    expires: date | None = None
    embargo: date | None = None
    withdrawn: bool = False

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """As a row of the ledger says it."""
        return cls(dict(row["consent"] or []), row["expires"], row["embargo"], bool(row["withdrawn"]))

    def against(self, purpose: Purpose, rules: Rules, today: date) -> Against | None:
        """What stands against a purpose on a day, the weightiest first; None where it may be."""
        said = self.consent.get(purpose)
        if self.withdrawn:
            return "withdrawn"
        if said is False:
            return "no"
        if self.expires is not None and self.expires <= today:
            return "ended"
        if self.embargo is not None and self.embargo > today and purpose in PUBLISHING:
            return "embargo"
        return "unasked" if said is None and not rules.allow(purpose) else None


NOTHING_SAID = Word()


def newest(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """The newest row of each person."""
    rows = workspace.ledger("people").read().to_pylist(maps_as_pydicts="strict")
    return {row["person_id"]: row for row in sorted(rows, key=lambda row: int(row["revision"]))}


def words(workspace: Workspace) -> dict[str, Word]:
    """The newest word of each person."""
    return {person: Word.of(row) for person, row in newest(workspace).items()}
