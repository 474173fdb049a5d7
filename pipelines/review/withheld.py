"""Whose samples no rater is shown: of those who said no to it, whose consent ended, or who withdrew."""

from collections.abc import Iterator, Mapping
from datetime import date

from affectory.pipelines.store.workspace import Workspace

PURPOSE = "annotate"


def withheld(workspace: Workspace, today: date) -> Mapping[str, str]:
    """People by pseudonym, each with why nothing of them is shown."""
    ledger = workspace.ledger("people").read().to_pylist(maps_as_pydicts="strict")
    newest = {row["person_id"]: row for row in sorted(ledger, key=lambda row: int(row["revision"]))}
    return dict(_refusals(newest, today))


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
