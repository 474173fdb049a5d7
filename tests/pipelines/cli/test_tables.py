"""Files of ratings as labs have them."""

from pathlib import Path

import pytest

from affectory.pipelines.cli.tables import is_table, read_table
from affectory.schemas.errors import UserError


def written(folder: Path, name: str, text: str | bytes) -> Path:
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return folder / name


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", 'clip,said\n1,None\n\n"2, b",\n'),
        ("a.csv", "clip;said\r\n1;None\r\n2, b;\r\n"),
        ("A.CSV", '\ufeffclip,said\n1,None\n"2, b"\n'),
        ("a.tsv", "clip\tsaid\n1\tNone\n2, b\t\n"),
        ("a.jsonl", '{"clip": "1", "said": "None"}\n\n{"clip": "2, b", "said": ""}'),
    ],
)
def test_cells_are_text_as_they_stand(tmp_path: Path, name: str, text: str) -> None:
    file = written(tmp_path, name, text)
    assert is_table(file)
    assert read_table(file).to_pydict() == {"clip": ["1", "2, b"], "said": ["None", ""]}


def test_a_cell_may_hold_a_long_text(tmp_path: Path) -> None:
    assert read_table(written(tmp_path, "a.csv", f"essay\n{'x' * 200_000}")).column("essay")[0].as_py() == "x" * 200_000


@pytest.mark.parametrize(("text", "names"), [("clip,said\n", ["clip", "said"]), ("", []), (",A\n1,2\n", ["", "A"])])
def test_columns_are_those_of_the_first_line(tmp_path: Path, text: str, names: list[str]) -> None:
    assert read_table(written(tmp_path, "a.csv", text)).column_names == names


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "clip,said\n1,joie\n2,d\u00e9go\u00fbt".encode("latin-1"), "not in UTF-8"),
        ("a.csv", 'clip,said\n1,joy\n"2,joy\n3,joy\n', "the row that begins in line 3"),
        ("a.csv", "clip,said,said\n1,joy,joy\n", "two columns 'said'"),
        (
            "a.jsonl",
            '{"clip": 1, "said": "joy"}\n{"clip": 2, "said": ["joy"]}',
            "the column 'said' holds values of sev",
        ),
        ("a.jsonl", "[1, 2]", "line 1 is no object"),
        ("a.jsonl", "{}\n{1}", "line 2 is not JSON"),
        ("a.parquet", "clip,said", "a.parquet"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(tmp_path: Path, name: str, text: str | bytes, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_table(written(tmp_path, name, text))
