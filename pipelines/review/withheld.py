"""What no rater is shown: of those who said no to it, whose consent ended, who withdrew, or were not asked; and of
records under licences of which nothing is published."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

from affectory.pipelines.purposes.words import PLAIN, Against, Rules, Word, newest
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.recipe.people import Purpose

PURPOSE: Purpose = "annotate"
_TOLD: Mapping[Against, str] = {
    "withdrawn": "the person withdrew",
    "no": f"the person did not agree to {PURPOSE}",
    "ended": "the person's consent ended",
    "unasked": f"the person was not asked about {PURPOSE}",
}


@dataclass(frozen=True)
class Withheld:
    """Why nothing is shown of people (by pseudonym), nor of the records that they are in."""

    people: Mapping[str, str] = field(default_factory=dict)
    records: Mapping[str, str] = field(default_factory=dict)

    def why(self, row: Mapping[str, Any]) -> str | None:
        """Why a sample is not shown; None where it may be."""
        return self.people.get(row["speaker"]) or self.records.get(row["anchor"]["record"])


def withheld(
    workspace: Workspace, today: date, rules: Rules = PLAIN, records: Mapping[str, str] = MappingProxyType({})
) -> Withheld:
    """What is withheld on a day, by the newest word of each person; `records` are withheld for other reasons."""
    people = dict(_refusals(newest(workspace), today, rules))
    return Withheld(people, {**records, **(dict(_records(workspace, people)) if people else {})})


def _records(workspace: Workspace, people: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Who is seen in a record need not be the one who speaks."""
    sources = workspace.ledger("sources").read(["record_id", "subjects"])
    for record, subjects in zip(*(sources.column(n).to_pylist() for n in ("record_id", "subjects")), strict=True):
        for person in subjects or ():
            if person in people:
                yield record, people[person]


def _refusals(people: Mapping[str, Mapping[str, Any]], today: date, rules: Rules) -> Iterator[tuple[str, str]]:
    for person, row in people.items():
        against = Word.of(row).against(PURPOSE, rules, today)
        if against and "subject" in (row["roles"] or ()):
            yield person, _TOLD[against]
