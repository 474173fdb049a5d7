"""The command shows what will go, asks, and takes no reason that names the person."""

import json

import pytest
from support.forgetting import NAME, PERSON, REASON
from support.project import Project

from affectory.pipelines.forget.forgetting import refuse_naming
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import UserError

WHO = ["--person", NAME, "--reason", REASON]


def _forget(made: Project, *more: str, who: list[str] = WHO) -> str:
    places = ["--workspace", str(made.workspace), "--releases", str(made.releases)]
    told = made.told("forget", *who, *places, *more)
    return told.stdout + told.stderr


def test_a_dry_run_changes_nothing(made: Project) -> None:
    text = _forget(made, "--dry-run")
    assert f"{PERSON}: 3 records, 3 samples" in text and "nothing was changed" in text
    assert not Workspace(made.workspace).forgotten()


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_who_does_not_say_yes_is_left_alone(made: Project, more: tuple[str, ...]) -> None:
    text = _forget(made, *more)
    assert ("Remove all of it" in text) == (not more) and "say it with --yes" in text
    assert not Workspace(made.workspace).forgotten()


def test_it_says_what_is_left_to_do_by_hand(made: Project) -> None:
    text = _forget(made, "--yes")
    assert "delete yourself: media/aq-portrait.png" in text and "rows of theirs in lines/lines.jsonl" in text
    assert "backups" in text and "affectory build" in text
    assert Workspace(made.workspace).forgotten().knows(PERSON)


def test_machines_get_numbers(made: Project) -> None:
    found = json.loads(_forget(made, "--json", "--dry-run").splitlines()[-1])
    assert (found["records"], found["rows"]["sources"], found["rows"]["judgements"]) == (3, 3, 3)


def test_somebody_unknown_is_kept_from_coming_in(made: Project) -> None:
    text = _forget(made, "--yes", who=["--person", "p_" + "0" * 20, "--reason", REASON])
    assert "only kept from coming in" in text
    assert Workspace(made.workspace).forgotten().knows("p_" + "0" * 20)


@pytest.mark.parametrize(
    ("reason", "given"),
    [
        (f"{NAME} asked", NAME),
        ("annabel asked", NAME),
        ("as A.Quist@example.org wrote", "a.quist@example.org"),
        (f"of {PERSON}", PERSON),
        ("file_annabel_7 goes", NAME),
        ("as Jose wrote", "Jose\u0301 Ruiz"),
    ],
)
def test_a_reason_that_names_them_is_refused(reason: str, given: str) -> None:
    with pytest.raises(UserError, match="reason"):
        refuse_naming(reason, given, PERSON)


@pytest.mark.parametrize("reason", [" ", "asked\x1b[2J", "why " * 1000])
def test_a_reason_that_cannot_be_published_is_refused(made: Project, reason: str) -> None:
    text = _forget(made, "--yes", who=["--person", NAME, "--reason", reason])
    assert "no reason was given that could be published" in text
    assert not Workspace(made.workspace).forgotten()


@pytest.mark.parametrize("reason", [REASON, "GDPR Article 17", "withdrew on 3 May"])
def test_any_other_reason_is_taken(reason: str) -> None:
    refuse_naming(reason, NAME, PERSON)


def test_previews_logs_and_pages_in_the_workspace_go_where_they_hold_something(made: Project) -> None:
    for name in ("preview-5/ledgers/x", "runs/old.jsonl", "pages/theirs.html", "pages/others.html", "parts/.tmp/half"):
        (made.workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (made.workspace / name).write_text("nobody" if "others" in name else f"of {PERSON}")
    _forget(made, "--yes")
    left = [p.relative_to(made.workspace).as_posix() for p in made.workspace.rglob("*") if p.is_file()]
    assert "pages/others.html" in left
    assert not [name for name in left if name.startswith(("preview-", "runs/old", "pages/theirs", "parts/.tmp"))]


def test_releases_that_cannot_be_reached_stop_nobody(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OSError("away")

    monkeypatch.setattr("affectory.pipelines.forget.forgetting.held_by", away)
    assert "could not be looked at: away" in _forget(made, "--yes")
    assert Workspace(made.workspace).forgotten().knows(PERSON)
