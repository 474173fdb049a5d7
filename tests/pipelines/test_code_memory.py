"""Parsed sources are remembered by their bytes; a memory that is damaged or cannot be written costs time only."""

from pathlib import Path

import pytest

from affectory.pipelines.code_memory import Memory, Parsed


class Parser:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, source: bytes, package: str) -> Parsed:
        self.asked += 1
        return Parsed(source.decode(errors="replace"), ("os",), (f"{package}.x",), ("a\ud800", "b"))


@pytest.fixture(autouse=True)
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    return tmp_path / "caches" / "affectory" / "code"


def test_what_was_parsed_is_found_again() -> None:
    parser = Parser()
    first, again = Memory(parser, Path(__file__)), Memory(parser, Path(__file__))
    found = [first(b"x = 1", "p"), first(b"x = 1", "q"), first(b"x = 2", "p")]
    first.keep()
    assert [again(b"x = 1", "p"), again(b"x = 1", "q"), again(b"x = 2", "p")] == found
    assert parser.asked == 3


def test_another_parser_knows_nothing(tmp_path: Path) -> None:
    parser = Parser()
    (tmp_path / "other.py").write_text("other")
    first = Memory(parser, Path(__file__))
    first(b"x", "p")
    first.keep()
    Memory(parser, tmp_path / "other.py")(b"x", "p")
    assert parser.asked == 2


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b'{"a": 1}', b'{"a": []}', b"\xff"])
def test_a_damaged_memory_is_no_memory(caches: Path, damage: bytes) -> None:
    parser = Parser()
    first = Memory(parser, Path(__file__))
    found = first(b"x", "p")
    first.keep()
    [file] = caches.iterdir()
    file.write_bytes(damage)
    assert Memory(parser, Path(__file__))(b"x", "p") == found
    assert parser.asked == 2


def test_where_nothing_can_be_written_all_is_parsed(tmp_path: Path) -> None:
    (tmp_path / "caches").write_text("a file")
    parser = Parser()
    for _ in range(2):
        memory = Memory(parser, Path(__file__))
        memory(b"x", "p")
        memory.keep()
    assert parser.asked == 2
