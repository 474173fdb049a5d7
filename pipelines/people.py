"""The people ledger: who appears as subject or rater, under a pseudonym."""

from collections.abc import Mapping

from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.ledgers import PEOPLE


def note_people(workspace: Workspace, roles: Mapping[str, set[str]], relation: str | None = None) -> int:
    """Add people, or a new revision of those in a further role or relation; how many rows that were."""
    ledger = workspace.ledger("people")
    newest = {row["person_id"]: row for row in sorted(ledger.read().to_pylist(), key=lambda r: int(r["revision"]))}
    rows = []
    for person, found in sorted(roles.items()):
        before = newest.get(person)
        known, was = (set(before["roles"]), before["relation"]) if before else (set(), None)
        if not found <= known or (relation or was) != was:
            row = {**(before or {}), "person_id": person, "roles": sorted(known | found)}
            rows.append({**row, "revision": before["revision"] + 1 if before else 0, "relation": relation or was})
    return ledger.append(PEOPLE.from_rows(rows)) if rows else 0
