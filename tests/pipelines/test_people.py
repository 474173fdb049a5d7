"""The people ledger: nobody is entered twice, nothing said about them is lost, roles and relations are added."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectory.pipelines.people import Declared, declared_in, declared_table, hold_to_key, note_people
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import UserError
from affectory.schemas.ledgers import PEOPLE


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def newest(workspace: Workspace) -> dict[str, dict[str, Any]]:
    rows = workspace.ledger("people").read().to_pylist(maps_as_pydicts="strict")
    return {row["person_id"]: row for row in sorted(rows, key=lambda r: r["revision"])}


def test_a_person_is_entered_once(workspace: Workspace) -> None:
    assert note_people(workspace, {"p": {"rater"}, "q": {"subject", "rater"}}, {"p": {"crowd"}, "q": {"crowd"}}) == 2
    assert note_people(workspace, {"p": {"rater"}, "q": {"subject"}}, {"p": {"crowd"}, "q": {"crowd"}}) == 0
    people = newest(workspace)
    assert (people["p"]["roles"], people["p"]["relation"], people["p"]["revision"]) == (["rater"], "crowd", 0)
    assert people["q"]["roles"] == ["rater", "subject"]


def test_nobody_makes_no_entry(workspace: Workspace, tmp_path: Path) -> None:
    assert note_people(workspace, {}) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_further_role_is_a_revision_that_keeps_the_former(workspace: Workspace) -> None:
    note_people(workspace, {"p": {"rater"}})
    assert note_people(workspace, {"p": {"subject"}}) == 1
    assert newest(workspace)["p"]["roles"] == ["rater", "subject"]
    assert newest(workspace)["p"]["revision"] == 1
    assert workspace.ledger("people").read().num_rows == 2, "what was known before stays in the ledger"


def test_a_relation_is_kept_until_another_is_named(workspace: Workspace) -> None:
    note_people(workspace, {"p": {"rater"}}, {"p": {"parent"}})
    note_people(workspace, {"p": {"subject"}})
    assert newest(workspace)["p"]["relation"] == "parent"
    assert note_people(workspace, {"p": {"rater"}}, {"p": {"expert"}}) == 1
    assert newest(workspace)["p"]["relation"] == "expert"


def test_what_someone_declared_and_allowed_survives_a_further_role(workspace: Workspace) -> None:
    said = {"languages": ["de"], "declared": {"age": "40"}, "consent": {"train": False, "annotate": True}}
    person = {"person_id": "p", "revision": 4, "roles": ["rater"], "withdrawn": True, **said}
    workspace.ledger("people").append(PEOPLE.from_rows([person]))
    note_people(workspace, {"p": {"subject"}})
    now = newest(workspace)["p"]
    assert now["revision"] == 5
    assert now["withdrawn"]
    assert {name: now[name] for name in said} == said


@settings(max_examples=20)
@given(st.lists(st.tuples(st.sampled_from("pq"), st.sampled_from(["rater", "subject"])), max_size=5))
def test_roles_do_not_depend_on_the_order_in_which_they_are_seen(
    tmp_path_factory: pytest.TempPathFactory, seen: list[tuple[str, str]]
) -> None:
    roles = []
    for order in (seen, seen[::-1]):
        workspace = Workspace(tmp_path_factory.mktemp("w"))
        for person, role in order:
            note_people(workspace, {person: {role}})
        roles.append({person: row["roles"] for person, row in newest(workspace).items()})
    assert roles[0] == roles[1]
    assert roles[0] == {p: sorted({r for q, r in seen if q == p}) for p, _ in seen}


def test_ledgers_are_held_to_the_key_that_they_were_begun_with(workspace: Workspace) -> None:
    """Under another key everyone would be somebody else, and be counted twice."""
    for _ in range(2):
        hold_to_key(workspace, "one {}".format)
    workspace.clean()
    with pytest.raises(UserError, match="another pseudonym key") as raised:
        hold_to_key(workspace, "other {}".format)
    assert "people.pseudonym_key" in raised.value.hint
    assert list(workspace.ledger("people").segments()) == []


def test_what_people_say_of_themselves_is_kept_and_contradictions_are_not(workspace: Workspace) -> None:
    one = Declared(facts={"gender": "f", "age": "30"})
    both = one.stricter(Declared(facts={"gender": "m", "city": "Ulm"}))
    assert both == Declared(facts={"gender": "m", "city": "Ulm"}).stricter(one)
    assert both.facts == {"age": "30", "city": "Ulm"}
    assert declared_in(declared_table({"p": both})) == {"p": both}
    note_people(workspace, {"p": {"subject"}}, declared={"p": one})
    note_people(workspace, {"p": {"subject"}}, declared={"p": Declared(facts={"age": "31"})})
    assert newest(workspace)["p"]["declared"] == {"age": "31", "gender": "f"}
