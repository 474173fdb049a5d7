"""The people ledger: who appears as subject or rater, under a pseudonym."""

from collections.abc import Callable, Mapping, Set

from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import UserError
from affectory.schemas.ledgers import PEOPLE

RELATIONS = ("expert", "clinician", "parent", "self", "crowd")
"""Of several relations of one person the first counts, whatever the order in which they are found."""


def hold_to_key(workspace: Workspace, pseudonym: Callable[[str], str]) -> None:
    """Refuse another pseudonym key than the ledgers were begun with: the same people would count twice."""
    files, mark = workspace.files("ledgers"), pseudonym("whoever holds the key").encode()
    if not files.create("pseudonyms.mark", mark) and files.read("pseudonyms.mark") != mark:
        hint = "give people.pseudonym_key the value that it had, or build in another workspace"
        raise UserError("the ledgers of this workspace name people under another pseudonym key", hint)


def note_people(
    workspace: Workspace, roles: Mapping[str, Set[str]], relations: Mapping[str, Set[str]] | None = None
) -> int:
    """Add people, or a new revision of those in a further role or another relation; how many rows that were.

    `relations` are all that are known now of a person; where none is, the former one is kept.
    """
    ledger = workspace.ledger("people")
    newest = {row["person_id"]: row for row in sorted(ledger.read().to_pylist(), key=lambda r: int(r["revision"]))}
    rows = []
    for person, found in sorted(roles.items()):
        before = newest.get(person)
        known, was = (set(before["roles"]), before["relation"]) if before else (set(), None)
        relation = _first((relations or {}).get(person, frozenset())) or was
        if not found <= known or relation != was:
            row = {**(before or {}), "person_id": person, "roles": sorted(known | found)}
            rows.append({**row, "revision": before["revision"] + 1 if before else 0, "relation": relation})
    return ledger.append(PEOPLE.from_rows(rows)) if rows else 0


def _first(relations: Set[str]) -> str | None:
    return min(relations, key=RELATIONS.index, default=None)
