"""Who is asked: the list of raters, under pseudonyms; e-mail addresses go no further than the folder of the server."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from affectory.pipelines.people import RELATIONS
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import UserError
from affectory.schemas.ledgers import PEOPLE

COLUMNS = ("email", "relation", "languages", "hours_a_week", "role")
ROLES = ("annotator", "lead")
KEPT = "judgements"
"""The purpose to which raters say no who take back what they judged."""
_MOST, _WEEK_H = 10_000, 168


@dataclass(frozen=True)
class Person:
    """One rater of the list, with the address under which Label Studio knows them."""

    email: str
    id: str
    relation: str | None = None
    languages: tuple[str, ...] = ()
    hours_a_week: float | None = None
    role: str = "annotator"
    withdrawn: bool = False


def read_raters(path: Path, pseudonym: Callable[[str], str]) -> list[Person]:
    """The raters of a csv or yaml file; raises `UserError` with the row that is wrong."""
    rows = _rows(path)
    if not rows:
        raise UserError(f"{path} lists nobody", f"give each rater a row below a head of: {', '.join(COLUMNS)}")
    if len(rows) > _MOST:
        raise UserError(f"{path} lists {len(rows)} raters", f"at most {_MOST}")
    people = [_person(path, number, row, pseudonym) for number, row in enumerate(rows, 1)]
    seen: set[str] = set()
    for number, person in enumerate(people, 1):
        if person.email in seen:
            raise UserError(f"{path}, row {number}: {person.email} is there twice", "give each rater one row")
        seen.add(person.email)
    return people


def _rows(path: Path) -> list[Mapping[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{path} is not in UTF-8", "save it as UTF-8; spreadsheets call that CSV UTF-8") from None
    if path.suffix in (".yaml", ".yml"):
        import yaml

        found = yaml.safe_load(text)
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise UserError(
                f"{path} is no list of raters", "write: - {email: a@b.org, languages: [de], relation: expert}"
            )
        return found
    head = text.partition("\n")[0]
    separator = ";" if ";" in head and "," not in head else ","  # as spreadsheets write where a comma is decimal
    return list(csv.DictReader(io.StringIO(text), delimiter=separator))


def _person(path: Path, number: int, row: Mapping[str, Any], pseudonym: Callable[[str], str]) -> Person:
    def wrong(what: str, hint: str) -> UserError:
        return UserError(f"{path}, row {number}: {what}", hint)

    if None in row:
        raise wrong("more cells than columns", f"columns are {', '.join(COLUMNS)}; several languages: en de")
    if odd := sorted(str(key) for key in row if key not in COLUMNS):
        raise wrong(f"no rater has {', '.join(odd)}", f"columns are {', '.join(COLUMNS)}")
    email = str(row.get("email") or "").strip().lower()
    if email.count("@") != 1 or len(email) > 254 or any(c.isspace() or c in ",;<>\"'" for c in email):
        raise wrong(f"{email or 'nothing'!r} is no e-mail address", "each rater logs in under one")
    relation, role = row.get("relation") or None, row.get("role") or "annotator"
    if relation is not None and relation not in RELATIONS:
        raise wrong(f"no such relation: {relation}", f"allowed: {', '.join(RELATIONS)}")
    if role not in ROLES:
        raise wrong(f"no such role: {role}", f"allowed: {', '.join(ROLES)}")
    hours = _hours(row.get("hours_a_week"))
    if hours is not None and not 0 < hours <= _WEEK_H:
        raise wrong(f"hours_a_week is {row['hours_a_week']}", f"a number above 0, at most {_WEEK_H}, or nothing")
    spoken = _languages(row.get("languages"))
    if spoken is None:
        raise wrong(f"languages are {row['languages']!r}", 'codes in quotes: languages: ["no", "de-AT"]')
    return Person(email, pseudonym(email), relation, tuple(spoken), hours, str(role))


def _languages(given: Any) -> list[str] | None:
    """Codes; None where YAML read something else than text: its `no` is no language."""
    if given is None or isinstance(given, str):
        return (given or "").replace(";", " ").split()
    return given if isinstance(given, list) and all(isinstance(code, str) for code in given) else None


def _hours(given: Any) -> float | None:
    try:
        return None if given in (None, "") else float(given)
    except (TypeError, ValueError):
        return -1.0


def note_raters(workspace: Workspace, people: Sequence[Person], *, write: bool = True) -> list[Person]:
    """Keep what the list says of raters in the ledger of people; the same raters, with who has withdrawn."""
    newest = _newest(workspace)
    rows = [row for person in people for row in _revision(newest.get(person.id), person)]
    if rows and write:
        workspace.ledger("people").append(PEOPLE.from_rows(rows))
    gone = {person for person, row in newest.items() if row["withdrawn"]}
    return [Person(**{**vars(p), "withdrawn": p.id in gone}) for p in people]


def withdraw(
    workspace: Workspace, rater: str, *, heard: bool = False, take_back: bool = False, named: str = ""
) -> bool:
    """Note that a rater withdrew, `heard` of even where they stand in no list; False where that was known."""
    before = _newest(workspace).get(rater)
    if before is None and not heard:
        raise UserError(
            f"nobody is known as {named or rater}", "name an e-mail address of the list of raters, or a pseudonym"
        )
    known = before or {"person_id": rater, "revision": -1, "roles": ["rater"]}
    consent = {**(known.get("consent") or {}), **({KEPT: False} if take_back else {})} or None
    if not known.get("withdrawn") or consent != known.get("consent"):
        row = {**known, "revision": known["revision"] + 1, "withdrawn": True, "consent": consent}
        workspace.ledger("people").append(PEOPLE.from_rows([row]))
    return not known.get("withdrawn")


def raters_ever(workspace: Workspace) -> frozenset[str]:
    """Everybody who stands in the ledger of people as a rater."""
    return frozenset(person for person, row in _newest(workspace).items() if "rater" in (row["roles"] or ()))


def took_back(workspace: Workspace) -> frozenset[str]:
    """Raters of whom nothing counts any more, whenever it comes in."""
    people = _newest(workspace).items()
    return frozenset(person for person, row in people if (row["consent"] or {}).get(KEPT) is False)


def _newest(workspace: Workspace) -> dict[str, dict[str, Any]]:
    rows = workspace.ledger("people").read().to_pylist(maps_as_pydicts="strict")
    return {row["person_id"]: row for row in sorted(rows, key=lambda row: int(row["revision"]))}


def _revision(before: dict[str, Any] | None, person: Person) -> Iterator[dict[str, Any]]:
    known = before or {}
    now = {
        "roles": sorted({*(known.get("roles") or ()), "rater"}),
        "relation": person.relation or known.get("relation"),
        "languages": list(person.languages) or known.get("languages"),
    }
    if any(known.get(name) != value for name, value in now.items()):
        revision = known["revision"] + 1 if known else 0
        yield {**known, "person_id": person.id, "revision": revision, **now}
