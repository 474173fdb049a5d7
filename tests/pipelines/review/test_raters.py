"""The list of raters is read as people write it, and what cannot be meant is told with its row."""

from pathlib import Path

import pytest
from support.project import texts

from affectory.pipelines.review.raters import read_raters
from affectory.schemas.errors import UserError

YAML = {"nan": ".nan", "inf": ".inf"}


def read(folder: Path, text: str, name: str = "raters.yaml") -> list[tuple[tuple[str, ...], float | None]]:
    (folder / name).write_text(text)
    return [(one.languages, one.hours_a_week) for one in read_raters(folder / name, lambda email: "p")]


@pytest.mark.parametrize("hours", ["nan", "inf", "-1", "0", "169"])
@pytest.mark.parametrize("name", ["raters.csv", "raters.yaml"])
def test_hours_are_those_of_a_week(tmp_path: Path, hours: str, name: str) -> None:
    text = (
        f"email,hours_a_week\na@b.c,{hours}\n"
        if name.endswith("csv")
        else f"- email: a@b.c\n  hours_a_week: {YAML.get(hours, hours)}"
    )
    with pytest.raises(UserError, match="row 1: hours_a_week is"):
        read(tmp_path, text, name)


@pytest.mark.parametrize(
    ("given", "spoken"),
    [("[de, en]", ("de", "en")), ("de; en", ("de", "en")), ('["no"]', ("no",)), ("", ()), ('"no"', ("no",))],
)
def test_languages_are_codes(tmp_path: Path, given: str, spoken: tuple[str, ...]) -> None:
    assert read(tmp_path, f"- email: a@b.c\n  languages: {given}\n") == [(spoken, None)]


@pytest.mark.parametrize("given", ["no", "[no, de]", "{de: 1}", "3"])
def test_what_yaml_takes_for_something_else_is_no_language(tmp_path: Path, given: str) -> None:
    """Somebody who speaks Norwegian would be asked in all languages, or in one that is called False."""
    with pytest.raises(UserError, match="row 1: languages are"):
        read(tmp_path, f"- email: a@b.c\n  languages: {given}\n")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (b"", "raters.csv lists nobody"),
        (b"email,relation\n", "raters.csv lists nobody"),
        (b"email\nj\xf6rg@b.c\n", "raters.csv is not in UTF-8\n  save it as UTF-8"),
        (b"email,relation\na@b.c,crowd,5\n", "row 1: more cells than columns"),
        (b"a@b.c\nd@e.f\n", "row 1: no rater has a@b.c"),
    ],
)
def test_what_is_no_list_of_raters_is_told(tmp_path: Path, given: bytes, told: str) -> None:
    (tmp_path / "raters.csv").write_bytes(given)
    with pytest.raises(UserError, match=told):
        read_raters(tmp_path / "raters.csv", lambda email: "p")


def test_a_spreadsheet_may_write_semicolons(tmp_path: Path) -> None:
    assert read(tmp_path, "email;languages;hours_a_week\na@b.c;de en;5\n", "raters.csv") == [(("de", "en"), 5.0)]


def test_a_list_of_leads_alone_does_not_ask_whoever_comes(tmp_path: Path) -> None:
    made = texts(tmp_path, 3)
    made.build(publish=False)
    (tmp_path / "raters.csv").write_text("email,role\na@b.c,lead\n")
    more = ["--set", "review.raters_file=raters.csv", "--workspace", str(made.workspace)]
    said = made.told("review", "plan", "--dry-run", "--home", str(tmp_path / "home"), *more)
    assert said.returncode == 2 and "raters.csv may be asked\n  leads are not asked" in said.stderr
