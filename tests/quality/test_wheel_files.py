"""The classes of words from the files of the wheels' authors, against the table that the authors' own code makes."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from support.spreadsheet import write_sheet

from affectory.quality._wheel_files import WHEELS, table_of
from affectory.quality.emotion_wheel import EmotionWheels
from affectory.schemas.errors import UserError

Shared = Callable[[str], Path]
RINGS = [
    ["level1", "level2", "level3"],
    [" Joy ", "Peaceful", "Calm"],
    ["", "", "Content"],
    ["", "Amused", "Playful"],
    ["Anger", "Mad", "Furious"],
    ["Power", "Proud", "Content"],
]
FORMS = "name,format\ncalm,\"calm,calmly,'calmness'\"\nfurious,[fury]\njoy,joyful\nserene,calmly\nodd,oddly\n,lost\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Wheels of a few words, of which the fifth has but one class."""
    for number in range(1, WHEELS):
        write_sheet(tmp_path / f"wheel{number}.xlsx", RINGS)
    write_sheet(tmp_path / "wheel5.xlsx", RINGS[:3])
    names = [f"{what}_run{run}" for run in range(1, 9) for what in ("word", "synonym")]
    asked = ["Calm", "Serene, tranquil", "content", "joy, serene", "furious", "[wild]"]
    write_sheet(tmp_path / "synonym.xlsx", [names, asked, ["joy", "", "", "lost"]])
    (tmp_path / "format.csv").write_text(FORMS)
    return tmp_path


@pytest.mark.parametrize(
    ("form", "case1", "case2", "first", "fifth"),
    [
        ("calm", "calm", "calm", ("joy", "peaceful"), ("joy", "peaceful")),
        ("calmly", "calm", "calm", ("joy", "peaceful"), ("joy", "peaceful")),
        ("serene", "serene", "calm", ("joy", "peaceful"), ("joy", "peaceful")),
        ("joyful", "joy", "content", ("power", "proud"), ("joy", "peaceful")),
        ("fury", "furious", "furious", ("anger", "mad"), ("", "")),
        ("oddly", "odd", "", ("", ""), ("", "")),
    ],
)
def test_a_form_leads_to_the_first_word_that_a_wheel_holds(
    folder: Path, form: str, case1: str, case2: str, first: tuple[str, str], fifth: tuple[str, str]
) -> None:
    row = {row["label"]: row for row in table_of(folder)}[form]
    assert (row["case1"], row["case2"]) == (case1, case2)
    assert (row["wheel1_level1"], row["wheel1_level2"]) == first
    assert (row["wheel5_level1"], row["wheel5_level2"]) == fifth


def test_forms_come_in_order_and_once(folder: Path) -> None:
    forms = [row["label"] for row in table_of(folder)]
    assert forms == ["calm", "calmly", "calmness", "furious", "fury", "joy", "joyful", "odd", "oddly", "serene"]


def test_a_word_of_the_inner_ring_has_the_first_of_its_second(folder: Path) -> None:
    (folder / "synonym.xlsx").unlink()
    names = [f"{what}_run{run}" for run in range(1, 9) for what in ("word", "synonym")]
    write_sheet(folder / "synonym.xlsx", [names, ["joy"]])
    wheels = EmotionWheels.read(folder, level=2)
    assert [sorted(wheels.mapped(["Joyful "], wheel)) for wheel in range(WHEELS)] == [["amused"]] * 4 + [["peaceful"]]


def test_an_edition_has_its_own_forms(folder: Path) -> None:
    (folder / "format_2025.csv").write_text("name,format\ncalm,soothed\n")
    assert EmotionWheels.read(folder, edition=2025).mapped(["soothed"], 0) == {"joy"}
    assert not EmotionWheels.read(folder).mapped(["soothed"], 0)


def test_a_table_made_of_the_folder_reads_the_same(folder: Path) -> None:
    rows = table_of(folder)
    with (folder / "table.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    for level in (1, 2):
        assert EmotionWheels.read(folder / "table.csv", level) == EmotionWheels.read(folder, level)


@pytest.mark.parametrize("name", ["synonym.xlsx", "wheel3.xlsx", "format.csv"])
def test_a_folder_that_lacks_a_file_is_told_which(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(UserError, match=f"has no {name}") as error:
        EmotionWheels.read(folder)
    assert "MERTools" in error.value.hint


@pytest.mark.parametrize("rows", [RINGS[:1], [RINGS[0], ["joy", "", "calm"]], [RINGS[0], ["", "amused", "calm"]]])
def test_a_wheel_without_its_first_words_is_none(folder: Path, rows: list[list[str]]) -> None:
    write_sheet(folder / "wheel2.xlsx", rows)
    with pytest.raises(UserError, match=r"wheel2.xlsx holds no wheel"):
        EmotionWheels.read(folder)


def test_what_cannot_be_asked_for_is_told(folder: Path) -> None:
    with pytest.raises(UserError, match="no edition 2024"):
        EmotionWheels.read(folder, edition=2024)
    with pytest.raises(UserError, match="no level 3"):
        EmotionWheels.read(folder, level=3)
    with pytest.raises(UserError, match="does not exist"):
        EmotionWheels.read(folder / "none")
    with pytest.raises(UserError, match="has no column 'label'"):
        EmotionWheels.read(folder / "format.csv")


@pytest.mark.parametrize(("edition", "forms"), [(2025, 7386), (2026, 7356)])
def test_the_table_is_that_of_the_authors_code(shared: Shared, edition: int, forms: int) -> None:
    """Every form with its word, its word of a wheel and its classes, all in the same order."""
    made = table_of(shared("emotion_wheel"), edition)
    with shared(f"expected/ew_label_mapping_{edition}.csv").open(encoding="utf-8", newline="") as file:
        assert made == list(csv.DictReader(file))
    assert len(made) == forms
    assert len(made[0]) == 3 + 2 * WHEELS
