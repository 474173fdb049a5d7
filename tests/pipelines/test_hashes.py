"""File hashes: read once, and again when a file may have changed."""

import hashlib
import os
from pathlib import Path

import pytest

from affectory.pipelines import hashes as module
from affectory.pipelines.hashes import hash_files, unchanged


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "memory" / "hashes.sqlite"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files whose bytes were read."""
    names: list[str] = []
    hash_ = module._hash

    def noted(path: Path) -> str | OSError:
        names.append(path.name)
        return hash_(path)

    monkeypatch.setattr(module, "_hash", noted)
    return names


def write(path: Path, data: bytes) -> Path:
    """A file that has not changed for a long time."""
    path.write_bytes(data)
    os.utime(path, (1, 1))
    return path


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_files_are_hashed_in_the_order_they_are_given(tmp_path: Path, memory: Path) -> None:
    big = b"x" * (2 << 20)
    paths = [write(tmp_path / n, data) for n, data in (("b", b""), ("a", big), ("c ☕", b"c"))]
    assert hash_files(paths, memory) == [sha(b""), sha(big), sha(b"c")]
    assert hash_files(paths[::-1], memory) == [sha(b"c"), sha(big), sha(b"")]
    assert hash_files([], memory) == []


def test_a_file_is_read_once(tmp_path: Path, memory: Path, read: list[str]) -> None:
    paths = [write(tmp_path / n, n.encode()) for n in "ab"]
    first = hash_files(paths, memory)
    assert sorted(read) == ["a", "b"]
    assert hash_files(paths, memory) == first
    assert len(read) == 2
    hash_files([*paths, write(tmp_path / "c", b"c")], memory)
    assert read[2:] == ["c"]


@pytest.mark.parametrize("change", ["size", "time", "replaced"])
def test_a_file_that_may_have_changed_is_read_again(tmp_path: Path, memory: Path, read: list[str], change: str) -> None:
    path = write(tmp_path / "a", b"then")
    stat = path.stat()
    hash_files([path], memory)
    if change == "replaced":  # by one of the same size and time
        write(tmp_path / "new", b"next").rename(path)
    else:
        write(path, b"now: longer" if change == "size" else b"next")
    later = stat.st_mtime_ns + (10**9 if change == "time" else 0)
    os.utime(path, ns=(stat.st_atime_ns, later))
    assert hash_files([path], memory) == [sha(path.read_bytes())]
    assert read == ["a", "a"]


def test_the_same_name_elsewhere_is_another_file(tmp_path: Path, memory: Path) -> None:
    (tmp_path / "sub").mkdir()
    paths = [write(tmp_path / "a", b"one"), write(tmp_path / "sub" / "a", b"two")]
    assert hash_files(paths, memory) == [sha(b"one"), sha(b"two")]


def test_what_cannot_be_read_is_told_beside_the_others(tmp_path: Path, memory: Path, read: list[str]) -> None:
    good, folder = write(tmp_path / "good", b"good"), tmp_path / "folder"
    folder.mkdir()
    missing, directory, found = hash_files([tmp_path / "missing", folder, good], memory)
    assert isinstance(missing, FileNotFoundError)
    assert isinstance(directory, IsADirectoryError)
    assert found == sha(b"good")
    write(tmp_path / "missing", b"there now")
    assert hash_files([tmp_path / "missing"], memory) == [sha(b"there now")], "an error is not remembered"


def test_names_that_are_not_text_can_be_hashed(tmp_path: Path, memory: Path, read: list[str]) -> None:
    path = tmp_path / os.fsdecode(b"\xff\xfe.wav")
    write(path, b"odd")
    assert hash_files([path], memory) == hash_files([path], memory) == [sha(b"odd")]
    assert len(read) == 1


def test_a_lost_memory_costs_only_time(tmp_path: Path, memory: Path) -> None:
    path = write(tmp_path / "a", b"a")
    first = hash_files([path], memory)
    memory.unlink()
    assert hash_files([path], memory) == first


def test_a_path_that_is_given_twice_is_answered_twice(tmp_path: Path, memory: Path) -> None:
    path = write(tmp_path / "a", b"a")
    assert hash_files([path, path], memory) == [sha(b"a")] * 2


def test_an_edit_that_keeps_size_and_time_is_seen(tmp_path: Path, memory: Path) -> None:
    path = write(tmp_path / "a", b"then")
    hash_files([path], memory)
    write(path, b"when")
    assert hash_files([path], memory) == [sha(b"when")]
    assert unchanged(path, sha(b"when"), memory) and not unchanged(path, sha(b"then"), memory)


def test_a_file_that_changed_just_now_is_not_remembered(tmp_path: Path, memory: Path, read: list[str]) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"a")
    hash_files([path], memory)
    hash_files([path], memory)
    assert read == ["a", "a"]


def test_a_file_that_is_replaced_while_it_is_read_is_read_again(
    tmp_path: Path, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By one of the same size and time of change, as a copy that keeps times would be."""
    path, new = write(tmp_path / "a", b"then"), write(tmp_path / "new", b"next")
    hash_ = module._hash

    def replaced_meanwhile(path: Path) -> str:
        sha = hash_(path)
        new.rename(path)
        return sha

    with monkeypatch.context() as patch:
        patch.setattr(module, "_hash", replaced_meanwhile)
        hash_files([path], memory)
    assert hash_files([path], memory) == [sha(b"next")]


def test_a_file_that_vanishes_while_it_is_read_does_no_harm(
    tmp_path: Path, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, hash_ = write(tmp_path / "a", b"then"), module._hash

    def gone_meanwhile(path: Path) -> str:
        found = hash_(path)
        path.unlink()
        return found

    monkeypatch.setattr(module, "_hash", gone_meanwhile)
    assert hash_files([path], memory) == [sha(b"then")]
    assert isinstance(hash_files([path], memory)[0], FileNotFoundError)


def test_a_memory_that_cannot_be_used_costs_a_further_look_at_the_file(tmp_path: Path, memory: Path) -> None:
    path = write(tmp_path / "a", b"a")
    memory.parent.mkdir()
    memory.write_bytes(b"no database, as one that is locked is none" * 50)
    assert unchanged(path, sha(b"a"), memory)
    assert not unchanged(path, sha(b"b"), memory)
