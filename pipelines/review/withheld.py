"""Whose samples no rater is shown: of those who said no to it, whose consent ended, or who withdrew."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from affectory.pipelines.store.workspace import Workspace

PURPOSE = "annotate"


@dataclass(frozen=True)
class Withheld:
    """Why nothing is shown of people (by pseudonym), nor of the records that they are in."""

    people: Mapping[str, str] = field(default_factory=dict)
    records: Mapping[str, str] = field(default_factory=dict)

    def why(self, row: Mapping[str, Any]) -> str | None:
        """Why a sample is not shown; None where it may be."""
        return self.people.get(row["speaker"]) or self.records.get(row["anchor"]["record"])


def withheld(workspace: Workspace, today: date) -> Withheld:
    """What is withheld on a day, by the newest word of each person."""
    ledger = workspace.ledger("people").read().to_pylist(maps_as_pydicts="strict")
    newest = {row["person_id"]: row for row in sorted(ledger, key=lambda row: int(row["revision"]))}
    people = dict(_refusals(newest, today))
    return Withheld(people, dict(_records(workspace, people)) if people else {})


def _records(workspace: Workspace, people: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Who is seen in a record need not be the one who speaks."""
    sources = workspace.ledger("sources").read(["record_id", "subjects"])
    for record, subjects in zip(*(sources.column(n).to_pylist() for n in ("record_id", "subjects")), strict=True):
        for person in subjects or ():
            if person in people:
                yield record, people[person]


def _refusals(people: Mapping[str, dict[str, object]], today: date) -> Iterator[tuple[str, str]]:
    for person, row in people.items():
        consent, expires = row["consent"] or {}, row["expires"]
        if "subject" not in (row["roles"] or ()):  # type: ignore[operator]
            continue
        if row["withdrawn"]:
            yield person, "the person withdrew"
        elif isinstance(consent, Mapping) and consent.get(PURPOSE) is False:
            yield person, f"the person did not agree to {PURPOSE}"
        elif isinstance(expires, date) and expires <= today:
            yield person, "the person's consent ended"
