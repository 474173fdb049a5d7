"""The list of raters is read as people write it, and what cannot be meant is told with its row."""

from pathlib import Path

import pytest

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
