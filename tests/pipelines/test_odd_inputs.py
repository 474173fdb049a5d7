"""What arrives broken, empty or hostile is refused with a reason, counted, and takes nothing along."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import TEXTS, Project, line, project, texts, write_image, write_lines

from affectory.transforms.sources.base import SourceFile

FOLDER = {
    "dataset": "odd",
    "taxonomy": "ekman-7",
    "sources": [{"kind": "folder", "name": "media", "path": "media"}],
    "ingest": ["probe", "load_image"],
    "validate": {"min_rows": 0},
}


def outside(folder: Path) -> None:
    (folder.parent / "secret.png").write_bytes(write_image(folder.parent / "s.png", 5).read_bytes())
    (folder / "media" / "link.png").symlink_to(folder.parent / "secret.png")


ODD: dict[str, tuple[Callable[[Path], object], list[tuple[str, str]]]] = {
    "zero-byte video": (lambda d: (d / "media" / "v.mp4").touch(), [("v.mp4", "empty")]),
    "broken link": (lambda d: (d / "media" / "l.png").symlink_to("nowhere.png"), [("l.png", "unreadable")]),
    "link out of the root": (outside, [("link.png", "outside_root")]),
    "not media": (lambda d: (d / "media" / "x.exe").write_bytes(b"MZ\0\1" * 9), [("x.exe", "unsupported")]),
    "corrupt picture": (
        lambda d: (d / "media" / "c.png").write_bytes((d / "media" / "good.png").read_bytes()[:200]),
        [("c.png", "unreadable")],
    ),
    "the same file twice": (
        lambda d: (d / "media" / "twin.png").write_bytes((d / "media" / "good.png").read_bytes()),
        [("twin.png", "duplicate")],
    ),
    "a pipe": (lambda d: os.mkfifo(d / "media" / "p.mp4"), [("p.mp4", "unsupported")]),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_file_is_refused_and_the_good_one_kept(tmp_path: Path, name: str) -> None:
    made = project(tmp_path / "p", FOLDER)
    write_image(made.folder / "media" / "good.png", 1)
    make, expected = ODD[name]
    make(made.folder)
    summary = made.build()
    assert made.reasons() == expected
    assert (summary.kept, summary.rejected, summary.failed) == (1, 1, 0)
    assert summary.found == 2


def test_a_path_with_spaces_and_emoji_is_a_path(tmp_path: Path) -> None:
    made = project(tmp_path / "my data 🎭", FOLDER)
    write_image(made.folder / "media" / "a smile 😀 ☕.png", 1)
    assert made.build().kept == 1


def test_an_empty_folder_is_a_release_of_nothing_only_when_allowed(tmp_path: Path) -> None:
    made = project(tmp_path, FOLDER)
    (tmp_path / "media").mkdir()
    done = made.command("build", "--set", "validate.min_rows=1")
    assert done.returncode == 4
    assert "min_rows" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("no rows", b"", [("lines.jsonl", "empty")]),
        ("only blank lines", b"\n\n", [("lines.jsonl", "empty")]),
        ("a broken line", b'{"id": "a", "body": "fine text"}\n{"id": "b", \n', [("lines.jsonl#L2", "bad_row")]),
        ("no key", b'{"body": "fine text"}\n{"id": "a", "body": "fine"}\n', [("lines.jsonl#L1", "missing_key")]),
        ("near-empty text", b'{"id": "a", "body": "."}\n', [("lines.jsonl", "too_short")]),
        (
            "5 MB of text",
            b'{"id": "a", "body": "' + b"sad " * 1_250_000 + b'"}\n{"id": "b", "body": "fine text"}\n',
            [("lines.jsonl#L1", "too_large")],
        ),
    ],
)
def test_odd_lines(tmp_path: Path, name: str, content: bytes, expected: list[tuple[str, str]]) -> None:
    made = project(tmp_path, {**TEXTS, "ratings": [], "validate": {"min_rows": 0}})
    (tmp_path / "lines.jsonl").write_bytes(content)
    summary = made.build()
    assert made.reasons() == expected
    assert summary.found == summary.kept + summary.rejected


def test_a_latin_1_table_is_refused_whole_and_says_how_to_read_it(tmp_path: Path) -> None:
    made = latin(tmp_path)
    done = made.command("build")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "bad_encoding" in done.stderr and "encoding: latin-1" in done.stderr
    assert made.build("sources[0].encoding=latin-1").kept == 2


def test_a_latin_1_table_among_others_is_a_reject(tmp_path: Path) -> None:
    made = latin(tmp_path)
    (tmp_path / "lines").mkdir()
    (tmp_path / "lines.csv").rename(tmp_path / "lines" / "a.csv")
    (tmp_path / "lines" / "b.csv").write_text("body\nall is well\n")
    made.build("sources[0].path=lines")
    assert made.reasons() == [("a.csv", "bad_encoding")]


def latin(folder: Path) -> Project:
    source = {"kind": "csv", "name": "lines", "path": "lines.csv", "text": "body"}
    made = project(folder, {"dataset": "x", "taxonomy": "ekman-7", "sources": [source], "validate": {"min_rows": 0}})
    (folder / "lines.csv").write_bytes("body\nça va très bien\nje suis fâché\n".encode("latin-1"))
    return made


def test_ratings_that_fit_nothing_are_listed_with_their_rows(tmp_path: Path) -> None:
    made = texts(tmp_path, 4)
    with (tmp_path / "ratings.csv").open("a") as file:
        file.write("nobody,rater1,joy\nl1,rater9,elated-ish\n")
    made.build()
    assert made.reasons() == [("ratings.csv#L10", "unknown_record"), ("ratings.csv#L11", "unknown_label")]


def test_two_sources_may_number_alike(tmp_path: Path) -> None:
    second = {**TEXTS["sources"][0], "name": "more", "path": "more.jsonl"}
    made = project(tmp_path, {**TEXTS, "sources": [*TEXTS["sources"], second], "ratings": []})
    write_lines(tmp_path / "lines.jsonl", [line(1)])
    write_lines(tmp_path / "more.jsonl", [{**line(1), "body": "another joy"}])
    assert made.build().kept == 2


def test_one_key_for_two_rows_keeps_the_first_and_names_both(tmp_path: Path) -> None:
    made = texts(tmp_path, 2)
    write_lines(tmp_path / "lines.jsonl", [line(0), {**line(0), "body": "not what it was"}, line(1)])
    made.build()
    (reject,) = made.rejects()
    assert (reject["reason"], reject["uri"]) == ("duplicate", "lines.jsonl#L2")
    assert "lines.jsonl#L1" in reject["detail"]


def test_a_file_that_changes_while_it_is_read_fails_and_is_read_anew_next_time(tmp_path: Path) -> None:
    made = project(tmp_path, FOLDER)
    write_image(tmp_path / "media" / "a.png", 1, side=64)
    write_image(tmp_path / "media" / "b.png", 2, side=64)

    def meddle(event: dict[str, object]) -> None:
        if event["event"] == "start" and event["what"] == "build":
            write_image(tmp_path / "media" / "a.png", 3, side=32)

    first = made.build("limits.max_failed=1", listeners=(meddle,))
    assert (first.kept, first.failed) == (1, 1)
    assert [r["reason"] for r in made.rejects()] == ["SourceChanged"]
    second = made.build()
    assert (second.kept, second.failed) == (2, 0)
    assert sorted(made.rows(second.version).column("note_width").to_pylist()) == [32, 64]


def test_a_passing_read_error_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from affectory.pipelines import scan
    from affectory.transforms.sources.base import Records, Refused

    made = texts(tmp_path, 6)

    def broken(reader: object, file: SourceFile, *rest: object) -> list[Records]:
        return [Records(refused=(Refused(file.uri, "unreadable", "input/output error"),))]

    with monkeypatch.context() as patched:
        patched.setattr(scan, "batches", broken)
        assert made.build("validate.min_rows=0").kept == 0
    assert made.build().kept == 6
    assert made.build().partitions_run == 0


def test_limits_count_on_a_warm_workspace_too(tmp_path: Path) -> None:
    made = texts(tmp_path, 6)
    made.build()
    assert made.build("limits.row_bytes=20", "validate.min_rows=0").kept == 0
    assert {reason for _, reason in made.reasons()} >= {"too_large"}
