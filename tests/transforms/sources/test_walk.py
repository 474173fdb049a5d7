"""Listing files: a fixed order, nothing outside the root, no loops, and nothing opened that is not a file."""

import os
import socket
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectory.transforms.sources._walk import Selection
from affectory.transforms.sources.folder import FolderSource
from affectory.transforms.sources.jsonl import JsonlSource

FOLDER = FolderSource(path="x")


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def test_an_empty_folder_lists_nothing(tmp_path, listed):
    assert listed(FOLDER, tmp_path) == []


def test_depth_first_by_name_whatever_the_order_of_arrival(tmp_path, listed):
    touch(tmp_path, "b.txt", "a/2.txt", "a.txt", "a/1.txt", "ä.txt", "B.txt", "a/b/c.txt")
    assert listed(FOLDER, tmp_path) == ["B.txt", "a/1.txt", "a/2.txt", "a/b/c.txt", "a.txt", "b.txt", "ä.txt"]


def test_a_single_file_is_its_own_root(tmp_path, listed):
    touch(tmp_path, ".one.jsonl")
    assert listed(JsonlSource(path="x"), tmp_path / ".one.jsonl") == [".one.jsonl"]


def test_a_root_that_is_not_there(tmp_path, listed):
    assert listed(FOLDER, tmp_path / "gone") == ["unreadable gone"]


def test_names_with_spaces_emoji_and_joiners_work(tmp_path, listed):
    names = ["a good day ☕.mp4", "👩‍👩‍👧/नमस्ते.txt", "a\u00a0b.txt", "per cent %20.txt"]
    touch(tmp_path, *names)
    assert sorted(listed(FOLDER, tmp_path)) == sorted(names)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a\nb.txt", "a\\nb.txt"), ("\x1b[31m.txt", "\\x1b[31m.txt"), (os.fsdecode(b"caf\xe9.txt"), "caf\\xe9.txt")],
)
def test_names_that_can_not_be_stored_are_refused_printably(tmp_path, listed, name, shown):
    touch(tmp_path, name, "fine.txt")
    assert sorted(listed(FOLDER, tmp_path)) == sorted([f"unsupported {shown}", "fine.txt"])


def test_hidden_files_and_folders_are_refused_and_not_entered(tmp_path, listed):
    touch(tmp_path, ".DS_Store", ".git/config", "a/.hidden.txt", "a/b.txt")
    expected = ["unsupported .DS_Store", "unsupported .git", "unsupported a/.hidden.txt", "a/b.txt"]
    assert listed(FOLDER, tmp_path) == expected


def test_links_out_of_the_root_are_refused_and_not_followed(tmp_path, listed):
    root = tmp_path / "root"
    touch(tmp_path, "root/a.txt", "out/secret.txt", "root2/near.txt")
    (root / "file.txt").symlink_to(tmp_path / "out/secret.txt")
    (root / "folder").symlink_to(tmp_path / "out")
    (root / "near").symlink_to("../root2")
    (root / "up.txt").symlink_to("../out/../out/secret.txt")
    (root / "deep").mkdir()
    (root / "deep/hop.txt").symlink_to("../file.txt")
    expected = ["a.txt", *(f"outside_root {n}" for n in ("deep/hop.txt", "file.txt", "folder", "near", "up.txt"))]
    assert listed(FOLDER, root) == expected


def test_links_inside_the_root_are_followed_once(tmp_path, listed):
    touch(tmp_path, "real/a.txt", "b.txt")
    (tmp_path / "also").symlink_to("real")
    (tmp_path / "again").symlink_to("real")
    (tmp_path / "c.txt").symlink_to("b.txt")
    assert listed(FOLDER, tmp_path) == ["again/a.txt", "duplicate also", "b.txt", "c.txt", "real/a.txt"]


def test_loops_end(tmp_path, listed):
    touch(tmp_path, "a/x.txt", "b/y.txt")
    (tmp_path / "a/up").symlink_to("..")
    (tmp_path / "a/self").symlink_to(".")
    (tmp_path / "a/to_b").symlink_to("../b")
    (tmp_path / "b/to_a").symlink_to("../a")
    found = listed(FOLDER, tmp_path)
    assert [x for x in found if x in ("a/x.txt", "b/y.txt")] == ["a/x.txt", "b/y.txt"]
    assert {"duplicate a/up", "duplicate a/self"} <= set(found)
    assert len(found) < 20


def test_links_to_nowhere_are_unreadable(tmp_path, listed):
    (tmp_path / "broken.txt").symlink_to("gone.txt")
    (tmp_path / "ring.txt").symlink_to("ring.txt")
    assert listed(FOLDER, tmp_path) == ["unreadable broken.txt", "unreadable ring.txt"]


def test_pipes_and_sockets_are_never_opened(tmp_path, listed):
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "linked.txt").symlink_to("pipe.txt")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        assert listed(FOLDER, tmp_path) == ["unsupported linked.txt", "unsupported pipe.txt", "unsupported s"]


def test_a_device_as_root_is_unsupported(listed):
    assert listed(FOLDER, Path("/dev/null")) == ["unsupported null"]


@pytest.fixture
def closed_folder():
    """A folder in which some things may not be read, for the time of the test not even by root."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        touch(root, "a.txt", "b.txt", "no_list/c.txt", "no_search/d.txt")
        modes = {"": 0o755, "a.txt": 0o000, "no_list": 0o000, "no_search": 0o744}
        for path, mode in modes.items():
            (root / path).chmod(mode)
        me = os.geteuid()
        if me == 0:
            os.seteuid(65534)
        yield root
        os.seteuid(me)
        for path in modes:
            (root / path).chmod(0o755)


def test_what_may_not_be_read_is_unreadable(closed_folder, listed):
    unreadable = ["unreadable no_list", "unreadable no_search/d.txt"]
    assert listed(FOLDER, closed_folder) == ["unreadable a.txt", "b.txt", *unreadable]


def test_a_file_that_became_unreadable_is_refused_when_read(closed_folder, take):
    rows, (refused,) = take(FOLDER, closed_folder / "a.txt")
    assert (rows, refused.reason, refused.detail) == ([], "unreadable", "Permission denied")


def test_a_deep_folder(tmp_path, listed):
    deep = "/".join(["d"] * 400)
    touch(tmp_path, f"{deep}/x.txt")
    assert listed(FOLDER, tmp_path) == [f"{deep}/x.txt"]


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        (["*.txt"], [], ["a.txt", "s/b.TXT", "s/t/c.txt"]),
        (["s/*.txt"], [], ["s/b.TXT"]),
        (["s/**"], [], ["s/b.TXT", "s/d.mp4", "s/t/c.txt"]),
        (["**/t/*"], [], ["s/t/c.txt"]),
        (["**"], ["s"], ["[1].md", "a.txt"]),
        (["**"], ["/s/t/"], ["[1].md", "a.txt", "s/b.TXT", "s/d.mp4"]),
        (["**"], ["*.txt"], ["[1].md", "s/d.mp4"]),
        (["?.txt"], ["[!a].txt"], ["a.txt"]),
        (["[[]1].md", "[a-b].*"], [], ["[1].md", "a.txt", "s/b.TXT"]),
        (["a.txt", "s/t/c.txt"], [], ["a.txt", "s/t/c.txt"]),
        (["a+.txt"], [], []),
    ],
)
def test_globs(tmp_path, listed, include, exclude, expected):
    touch(tmp_path, "a.txt", "s/b.TXT", "s/t/c.txt", "s/d.mp4", "[1].md")
    assert listed(FolderSource(path="x", include=tuple(include), exclude=tuple(exclude)), tmp_path) == expected


def test_what_was_not_asked_for_is_not_refused(tmp_path, listed):
    touch(tmp_path, "a.jsonl", "b.json", ".c.json", ".d.jsonl", "sub/e.JSONL.GZ")
    (tmp_path / "gone.json").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    assert listed(JsonlSource(path="x"), tmp_path) == ["unsupported .d.jsonl", "a.jsonl", "sub/e.JSONL.GZ"]
    assert listed(JsonlSource(path="x", include=("*.json",)), tmp_path) == [
        "unsupported .c.json",
        "b.json",
        "unreadable gone.json",
    ]


def test_a_hostile_pattern_takes_no_time():
    """One of 25 stars has more ways to fit a name than there are seconds."""
    for glob in ("*a" * 25 + "b", "**a" * 25 + "b", "**/" * 25 + "b", "*a/" * 25 + "b", "**/*a" * 12 + "b", "*?" * 25):
        begun = time.process_time()
        assert not Selection([glob]).takes(f"{'a' * 60}/{'a/' * 40}{'a' * 60}.parquet/") or glob == "*?" * 25
        assert time.process_time() - begun < 0.1, glob


def fits(glob, name, begins=True):
    """What patterns mean, in the plainest words; `**/` are folders where a name begins, as others are after a slash."""
    if not glob:
        return not name
    if begins and glob.startswith("**/"):
        ends = [i + 1 for i, char in enumerate(name) if char == "/"]
        return any(fits(glob[3:], name[i:]) for i in (0, *ends))
    if glob.startswith("**"):
        return any(fits(glob[2:], name[i:], begins=False) for i in range(len(name) + 1))
    if glob.startswith("*"):
        return any(fits(glob[1:], name[i:], begins=False) for i in range(len(name.partition("/")[0]) + 1))
    if glob.startswith("[!a]"):
        return name[:1] not in ("", "a", "/") and fits(glob[4:], name[1:], begins=False)
    is_this = name[:1] == glob[0] or (glob[0] == "?" and name[:1] not in ("", "/"))
    return is_this and fits(glob[1:], name[1:], begins=glob[0] == "/")


parts = st.lists(st.sampled_from(["**/", "**", "*", "?", "[!a]", "/", "a", "b"]), min_size=1, max_size=8)


@settings(max_examples=500)
@given(parts.map("".join), st.text("aab/", min_size=1, max_size=9))
def test_patterns_mean_what_they_say(glob, name):
    anchored = glob.strip("/") if "/" in glob else f"**/{glob}"
    assert Selection([glob]).takes(name) == fits(anchored, name)
