"""Create-only files: all or nothing, and the first writer wins."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from affectory.pipelines.store import files as module
from affectory.pipelines.store.files import Files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "store")


def leftovers(files: Files) -> list[Path]:
    return list((files.root / ".tmp").glob("*"))


def test_what_is_created_is_there(files: Files) -> None:
    assert files.create("a/b/c.bin", b"\0one")
    assert files.read("a/b/c.bin") == b"\0one"
    assert files.exists("a/b/c.bin")
    assert files.path("a/b/c.bin").is_relative_to(files.root)
    assert leftovers(files) == []


def test_the_first_writer_of_a_name_wins(files: Files) -> None:
    assert files.create("a", b"first")
    assert not files.create("a", b"second")
    assert files.read("a") == b"first"
    assert leftovers(files) == []


def test_of_many_writers_at_once_exactly_one_wins(files: Files) -> None:
    start = threading.Barrier(8)

    def write(number: int) -> bool:
        start.wait()
        return files.create("a", b"%d" % number * 10_000)

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(write, range(8)))
    assert won.count(True) == 1
    assert files.read("a") == b"%d" % won.index(True) * 10_000
    assert leftovers(files) == []


def test_a_writer_that_comes_between_look_and_link_loses_nothing(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    write = module._write_synced

    def overtaken(path: Path, data: bytes) -> None:
        write(path, data)
        files.path("a").write_bytes(b"the other's")

    monkeypatch.setattr(module, "_write_synced", overtaken)
    assert not files.create("a", b"mine")
    assert files.read("a") == b"the other's"
    assert leftovers(files) == []


def test_a_write_that_breaks_off_leaves_no_file_of_that_name(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Path, data: bytes) -> None:
        path.write_bytes(data[:3])
        raise OSError("disk full")

    monkeypatch.setattr(module, "_write_synced", broken)
    with pytest.raises(OSError, match="disk full"):
        files.create("a", b"whole")
    assert not files.exists("a")
    assert list(files.names()) == []


def test_a_finished_file_is_adopted_once(files: Files) -> None:
    one, other = files.temporary(), files.temporary()
    assert one != other
    one.write_bytes(b"one")
    other.write_bytes(b"other")
    assert files.adopt("x/a", one)
    assert not files.adopt("x/a", other)
    assert files.read("x/a") == b"one"
    assert leftovers(files) == []


def test_names_are_sorted_and_leave_out_what_is_unfinished(files: Files) -> None:
    for name in ("b/2", "a", "b/1", "b/c/3"):
        files.create(name, b"")
    files.temporary().write_bytes(b"half")
    assert list(files.names()) == ["a", "b/1", "b/2", "b/c/3"]
    assert list(files.names("b")) == ["b/1", "b/2", "b/c/3"]
    assert list(files.names("nowhere")) == []


def test_nothing_is_there_before_something_is_written(files: Files) -> None:
    assert list(files.names()) == []
    assert not files.exists("a")
    assert not files.root.exists()
    with pytest.raises(FileNotFoundError):
        files.read("a")


def test_removing_says_what_it_freed(files: Files) -> None:
    files.create("a", b"12345")
    assert files.remove("a") == 5
    assert not files.exists("a")
    assert files.create("a", b"again")
