"""Tables from files of others: what is read of them, and what of hostile or broken ones is refused."""

import csv
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_LZMA, ZIP_STORED

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.spreadsheet import LINKS, MAIN, packed, parts, sheet, write_sheet

from affectory.quality._sheets import read_csv, read_sheet
from affectory.schemas.errors import UserError

Reader = Callable[[Path, Sequence[str]], list[tuple[str, ...]]]
WORDS = [["word", "means"], ["glad", "happy & <gay>"], ["", " at  ease "], [], ["cross", ""]]
FIRST, RELATED, SHARED = "xl/worksheets/sheet2.xml", "xl/_rels/workbook.xml.rels", "xl/sharedStrings.xml"
NO_TEXTS = f'<sst xmlns="{MAIN}"/>'
printable = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"))


def test_the_named_columns_of_the_first_sheet_are_read(tmp_path: Path) -> None:
    path = write_sheet(tmp_path / "words.xlsx", [[], *WORDS])
    assert read_sheet(path, ["means", "word"]) == [("happy & <gay>", "glad"), (" at  ease ", ""), ("", "cross")]
    assert read_sheet(path, ["word"]) == [("glad",), ("",), ("cross",)]


@given(st.lists(st.tuples(printable, printable), max_size=6))
def test_texts_come_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, texts: list[tuple[str, str]]
) -> None:
    path = write_sheet(tmp_path_factory.getbasetemp() / "texts.xlsx", [["one", "other"], *texts])
    assert read_sheet(path, ["one", "other"]) == [text for text in texts if any(text)]


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ('<c r="A2" t="inlineStr"><is><t>glad</t></is></c>', "glad"),
        ('<c t="inlineStr"><is><r><t>gl</t></r><r><t>ad</t></r><rPh><t>x</t></rPh></is></c>', "glad"),
        ('<c r="A2" t="str"><f>A1</f><v>glad</v></c>', "glad"),
        ('<c r="A2"><v>7</v></c>', "7"),
        ('<c r="A2" t="e"><v>#REF!</v></c><c r="B2" t="str"><v>.</v></c>', ""),
        ('<c r="A2" t="s"/><c r="B2" t="str"><v>.</v></c>', ""),
        ('<c r="XFD2" t="str"><v>far</v></c><c r="A2" t="str"><v>glad</v></c>', "glad"),
    ],
)
def test_every_way_to_write_a_cell(tmp_path: Path, cell: str, shown: str) -> None:
    rows = ['<row><c t="str"><v>word</v></c></row>', f"<row>{cell}</row>"]
    path = packed(tmp_path / "words.xlsx", parts([]) | {FIRST: sheet(rows)}, ZIP_STORED)
    assert read_sheet(path, ["word"]) == [(shown,)]


def unfolding() -> str:
    return '<!DOCTYPE sst [<!ENTITY a "glad">]>' + NO_TEXTS.replace("/>", "><si><t>&a;</t></si></sst>")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({SHARED: unfolding()}, "declares entities in xl/sharedStrings.xml"),
        ({SHARED: unfolding().encode("utf-16")}, "is no spreadsheet that can be read"),
        ({SHARED: NO_TEXTS}, "shows a text 5 that it does not hold"),
        ({FIRST: sheet(['<row><c t="s"><v>-1</v></c></row>'])}, "shows a text -1 that it does not hold"),
        ({FIRST: sheet(['<row><c t="s"><v>one</v></c></row>'])}, "is no spreadsheet that can be read"),
        ({FIRST: "<worksheet>"}, "is no spreadsheet that can be read"),
        ({FIRST: sheet([])}, "has no column 'word'"),
        ({FIRST: "<a>" * 100_000 + "</a>" * 100_000}, "has no column 'word'"),
        ({FIRST: sheet([" " * 4_000_000])}, "unpacks to more than 4,000,000 bytes"),
        ({RELATED: LINKS.replace("rId7", "rId9")}, "has no sheet"),
        ({RELATED: LINKS.replace("sheet2", "../../../etc/passwd")}, "has no part xl/worksheets/../../../etc/passwd"),
        ({"xl/workbook.xml": "<workbook/>"}, "has no sheet"),
        ({f"part{number}": "" for number in range(500)}, "has more than 500 parts"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, changed: dict[str, str | bytes], said: str) -> None:
    path = packed(tmp_path / "words.xlsx", {**parts(WORDS), **changed})
    with pytest.raises(UserError) as error:
        read_sheet(path, ["word"])
    assert error.value.message.startswith(str(path))
    assert said in error.value.message
    assert error.value.hint


def test_a_long_text_is_not_shown_without_end(tmp_path: Path) -> None:
    texts = f'<sst xmlns="{MAIN}"><si><t>{"a" * 1_000_000}</t></si></sst>'
    rows = ["<row>" + '<c t="s"><v>0</v></c>' * 100 + "</row>"]
    path = packed(tmp_path / "words.xlsx", parts([]) | {SHARED: texts, FIRST: sheet(rows)})
    with pytest.raises(UserError, match="shows more than 4,000,000 characters"):
        read_sheet(path, ["word"])


def test_packings_that_unpack_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="packed in an unusual way"):
        read_sheet(packed(tmp_path / "words.xlsx", parts(WORDS), ZIP_LZMA), ["word"])


@pytest.mark.parametrize("read", [read_sheet, read_csv])
def test_a_table_says_which_columns_it_has(tmp_path: Path, read: Reader) -> None:
    path = tmp_path / "words"
    write_sheet(path, WORDS) if read is read_sheet else path.write_text("word,means\n")
    with pytest.raises(UserError, match=r"has no column 'words'") as error:
        read(path, ["word", "words"])
    assert error.value.hint.endswith("which names word, means")


@pytest.mark.parametrize("read", [read_sheet, read_csv])
@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "(is no spreadsheet|has no column)"), (b"\xff\n", "can be read"), (b" " * 4_000_001, "is larger")],
)
def test_other_files_are_refused(tmp_path: Path, read: Reader, data: bytes, said: str) -> None:
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(UserError, match=said):
        read(tmp_path / "file", ["word"])
    with pytest.raises(UserError, match="is no file"):
        read(tmp_path, ["word"])


@pytest.mark.parametrize("method", [ZIP_STORED, ZIP_DEFLATED])
def test_no_byte_of_a_spreadsheet_brings_it_down(tmp_path: Path, method: int) -> None:
    """Hundreds of broken copies are each read or refused in words."""
    whole = packed(tmp_path / "whole.xlsx", parts(WORDS), method).read_bytes()
    draw = random.Random(6)
    read = 0
    for _ in range(700):
        broken = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            broken[draw.randrange(len(broken))] = draw.randrange(256)
        (tmp_path / "broken.xlsx").write_bytes(broken[: draw.choice([None, draw.randrange(len(broken))])])
        try:
            read_sheet(tmp_path / "broken.xlsx", ["word"])
            read += 1
        except UserError:
            pass
    assert 0 < read < 700


def test_csv_is_read_by_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_bytes(b'\xef\xbb\xbfword,means,word\r\nglad,"happy, ""gay""",x\r\n\r\ncross\r\n')
    assert read_csv(path, ["means", "word"]) == [('happy, "gay"', "glad"), ("", ""), ("", "cross")]


def test_a_field_of_csv_has_an_end(tmp_path: Path) -> None:
    (tmp_path / "words.csv").write_text("word\n" + "a" * 200_000)
    csv.field_size_limit(max(csv.field_size_limit(), 1_000_000))  # as other readers of the process do
    with pytest.raises(UserError, match="is no CSV that can be read"):
        read_csv(tmp_path / "words.csv", ["word"])
