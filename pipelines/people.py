"""The people ledger: who appears as subject or rater, under a pseudonym."""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa

from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import UserError
from affectory.schemas.ledgers import PEOPLE
from affectory.transforms.sources._described import PURPOSES

RELATIONS = ("expert", "clinician", "parent", "self", "crowd")
"""Of several relations of one person the first counts, whatever the order in which they are found."""


@dataclass(frozen=True)
class Declared:
    """What a person agreed to, by purpose, until when, and from when on anything may be published; and who they say
    that they are."""

    consent: Mapping[str, bool] = field(default_factory=dict)
    expires: date | None = None
    embargo: date | None = None
    facts: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.consent or self.expires or self.embargo or self.facts)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Declared":
        """What a row says of it."""
        return cls(
            {p: row[p] for p in PURPOSES if p in row}, row.get("expires"), row.get("embargo"), row.get("facts") or {}
        )

    def said(self) -> dict[str, Any]:
        """As a row says it."""
        days = {"expires": self.expires, "embargo": self.embargo}
        facts = {"facts": dict(self.facts)} if self.facts else {}
        return {**self.consent, **{name: day for name, day in days.items() if day}, **facts}

    def stricter(self, other: "Declared") -> "Declared":
        """Of two that differ what allows less, whatever their order; facts that contradict each other are none."""
        purposes = {*self.consent, *other.consent}
        consent = {p: self.consent.get(p, True) and other.consent.get(p, True) for p in purposes}
        ends = [day for day in (self.expires, other.expires) if day]
        starts = [day for day in (self.embargo, other.embargo) if day]
        told = sorted({**self.facts, **other.facts}.items())
        facts = {k: v for k, v in told if self.facts.get(k, v) == other.facts.get(k, v)}
        return Declared(consent, min(ends, default=None), max(starts, default=None), facts)

    def over(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """A person's row with this said; what it leaves open stays as it was."""
        consent = sorted({**dict(before.get("consent") or []), **self.consent}.items())
        facts = sorted({**dict(before.get("declared") or []), **self.facts}.items())
        found = {
            "consent": consent or None,
            "expires": self.expires,
            "embargo": self.embargo,
            "declared": facts or None,
        }
        return {name: before.get(name) if value is None else value for name, value in found.items()}


_NOTHING = Declared()
_DECLARED = pa.schema(
    [PEOPLE.schema.field(name) for name in ("person_id", "consent", "expires", "embargo", "declared")]
)


def declared_table(declared: Mapping[str, Declared]) -> pa.Table:
    """What people declared, to be kept beside what told it."""
    rows = [
        {
            "person_id": person,
            "consent": sorted(d.consent.items()),
            "expires": d.expires,
            "embargo": d.embargo,
            "declared": sorted(d.facts.items()),
        }
        for person, d in sorted(declared.items())
    ]
    return pa.Table.from_pylist(rows, _DECLARED)


def declared_in(table: pa.Table | None) -> dict[str, Declared]:
    """What `declared_table` kept."""
    rows = table.to_pylist() if table is not None else []
    return {
        r["person_id"]: Declared(dict(r["consent"]), r["expires"], r["embargo"], dict(r.get("declared") or []))
        for r in rows
    }


def hold_to_key(workspace: Workspace, pseudonym: Callable[[str], str]) -> None:
    """Refuse another pseudonym key than the ledgers were begun with: the same people would count twice."""
    files, mark = workspace.files("ledgers"), pseudonym("whoever holds the key").encode()
    if not files.create("pseudonyms.mark", mark) and files.read("pseudonyms.mark") != mark:
        hint = "give people.pseudonym_key the value that it had, or build in another workspace"
        raise UserError("the ledgers of this workspace name people under another pseudonym key", hint)


def note_people(
    workspace: Workspace,
    roles: Mapping[str, Set[str]],
    relations: Mapping[str, Set[str]] | None = None,
    declared: Mapping[str, Declared] | None = None,
) -> int:
    """Add people, or a new revision of those of whom something else is known; how many rows that were.

    `relations` are all that are known now of a person; where none is, the former one is kept.
    """
    ledger = workspace.ledger("people")
    newest = {row["person_id"]: row for row in sorted(ledger.read().to_pylist(), key=lambda r: int(r["revision"]))}
    rows = []
    for person, found in sorted(roles.items()):
        before = newest.get(person) or {}
        relation = _first((relations or {}).get(person, frozenset())) or before.get("relation")
        said = (declared or {}).get(person, _NOTHING).over(before)
        now = {"roles": sorted({*before.get("roles", ()), *found}), "relation": relation, **said}
        if any(_plain(before.get(name)) != _plain(value) for name, value in now.items()):
            revision = before["revision"] + 1 if before else 0
            rows.append({**before, "person_id": person, "revision": revision, **now})
    return ledger.append(PEOPLE.from_rows(rows)) if rows else 0


def _plain(value: Any) -> Any:
    """Lists and maps in an order that says nothing."""
    return sorted(value) if isinstance(value, list) else value


def _first(relations: Set[str]) -> str | None:
    return min(relations, key=RELATIONS.index, default=None)
