"""Rows that name media: the files are the records, hashed once, and nothing is read that a source may not have."""

from pathlib import Path
from typing import Any

import pytest
from support.project import Project, project, write_csv, write_image

from affectory.pipelines.bind import read_and_bind
from affectory.pipelines.build import Options, build
from affectory.pipelines.engines.base import Choice
from affectory.pipelines.events import Run
from affectory.pipelines.listing import folder_of
from affectory.pipelines.named_media import NamedMedia
from affectory.pipelines.store.filesystems import filesystem
from affectory.schemas.urls import Url
from affectory.transforms.sources.base import RECORDS, SourceFile
from affectory.transforms.sources.base import build as build_table

SOURCE: dict[str, Any] = {
    "kind": "csv", "name": "faces", "path": "in/faces.csv", "image": "file", "speaker": "who", "keep": ["mood"],
}  # fmt: skip
HEADER = ["file", "who", "mood"]


def faces(folder: Path, rows: list[list[str]], **source: Any) -> Project:
    recipe = {
        "dataset": "faces",
        "taxonomy": "ekman-7",
        "sources": [{**SOURCE, **source}],
        "ingest": ["load_image"],
        "validate": {"min_rows": 0},
        "publish": {"configs": ["default", "samples"]},
    }
    made = project(folder, recipe)
    write_image(folder / "in" / "pictures" / "a.png", 1)
    write_image(folder / "in" / "pictures" / "b.png", 2)
    write_csv(folder / "in" / "faces.csv", HEADER, rows)
    return made


def test_a_row_becomes_a_record_of_the_file_that_it_names(tmp_path: Path) -> None:
    made = faces(tmp_path, [["pictures/a.png", "ann", "glad"], ["./pictures/../pictures/b.png", "bob", "sad"]])
    summary = made.build()
    rows = made.rows(summary.version).sort_by("speaker").to_pylist()
    assert (summary.found, summary.kept, [row["kind"] for row in rows]) == (2, 2, ["image", "image"])
    assert len({row["speaker"] for row in rows}) == 2
    samples = made.rows(summary.version, "samples").to_pylist()
    assert {row["extra"][0]["value"] for row in samples} == {"glad", "sad"}
    assert {row["key"] for row in samples} == {None}


BAD = [
    ("pictures/none.png", "unreadable", "there is no file pictures/none.png"),
    ("../../secret.png", "outside_root", "lies outside"),
    ("/etc/hostname", "outside_root", "lies outside"),
    ("https://example.org/a.png", "outside_root", "is an address elsewhere"),
    ("pictures", "unsupported", "not a file"),
    ("empty.png", "empty", "zero bytes"),
    ("link.png", "outside_root", "a link out of"),
    ("sound.wav", "unsupported", "named as image, but is audio (wav)"),
    ("words.txt", "unsupported", "no known media"),
    ("pic\x07.png", "unsupported", "control characters"),
    ("", "bad_row", "no media"),
]


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """Reason and detail by place, of a table in which every row but the first names something bad."""
    folder = tmp_path_factory.mktemp("named")
    made = faces(folder / "p", [["pictures/a.png", "ann", ""], *([name, "bob", ""] for name, _, _ in BAD)])
    write_image(folder / "secret.png", 9)
    (made.folder / "in" / "empty.png").touch()
    (made.folder / "in" / "link.png").symlink_to(folder / "secret.png")
    (made.folder / "in" / "sound.wav").write_bytes(b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(30))
    (made.folder / "in" / "words.txt").write_text("words")
    summary = made.build()
    assert (summary.kept, summary.rejected) == (1, len(BAD))
    return {row["uri"]: (row["reason"], row["detail"]) for row in made.rejects()}


@pytest.mark.parametrize(
    ("line", "reason", "detail"),
    [(line, reason, detail) for line, (_, reason, detail) in enumerate(BAD, 3)],
    ids=[f"{reason}-{name}" for name, reason, _ in BAD],
)
def test_a_name_that_leads_nowhere_good_is_refused_with_its_row(
    refused: dict[str, tuple[str, str]], line: int, reason: str, detail: str
) -> None:
    found = refused[f"faces.csv#L{line}"]
    assert found[0] == reason and detail in found[1]


def test_what_the_rows_say_is_part_of_what_tells_them_apart(tmp_path: Path) -> None:
    """One film of two people is two records; the same said twice is one."""
    rows = [["pictures/a.png", "ann", ""], ["pictures/a.png", "bob", ""], ["pictures/a.png", "bob", ""]]
    made = faces(tmp_path, rows)
    assert made.build().records == 2
    assert made.reasons() == [("pictures/a.png#L4", "duplicate")]


def test_a_file_that_changes_or_comes_back_is_seen_though_the_table_is_the_same(tmp_path: Path) -> None:
    made = faces(tmp_path, [["pictures/a.png", "ann", ""], ["pictures/c.png", "bob", ""]])
    first = made.build()
    again = made.build()
    write_image(tmp_path / "in" / "pictures" / "c.png", 7)
    write_image(tmp_path / "in" / "pictures" / "a.png", 8)
    after = made.build()
    assert (first.kept, again.unchanged, after.kept, after.rejected) == (1, True, 2, 0)


def test_media_may_lie_elsewhere_than_the_table(tmp_path: Path) -> None:
    made = faces(tmp_path, [["a.png", "ann", ""]], media_root="in/pictures")
    assert made.build().kept == 1


def test_table_and_media_in_a_bucket_are_as_from_a_folder(tmp_path: Path, bucket: str) -> None:
    rows = [["pictures/a.png", "ann", ""], ["pictures/none.png", "bob", ""]]
    local = faces(tmp_path / "here", rows)
    here = local.build()
    for path in (p for p in local.folder.rglob("in/**/*") if p.is_file()):
        filesystem(bucket).pipe_file(f"{bucket}/{path.relative_to(local.folder).as_posix()}", path.read_bytes())
    rows = [[f"{bucket}/in/pictures/a.png", "ann", ""], ["pictures/none.png", "bob", ""]]
    for given in ({}, {"media_root": f"{bucket}/in"}):
        made = faces(tmp_path / f"there{len(given)}", rows, path=f"{bucket}/in/faces.csv", **given)
        with Run(made.workspace / "runs" / "test.jsonl", ()) as run:
            bound = read_and_bind(made.recipe, (), [bucket])
            there = build(bound, Options(made.workspace, made.releases, Choice("local", 0)), run)
        assert (there.release_hash == here.release_hash, there.rejected) == (not given, 1)
        assert made.rows(there.version) == local.rows(here.version)


@pytest.mark.parametrize(
    ("table", "folder"),
    [
        ("s3://bucket/in/faces.csv", "s3://bucket/in"),
        ("s3://bucket/in/faces.JSONL.gz", "s3://bucket/in"),
        ("s3://bucket/faces.v1", "s3://bucket/faces.v1"),
        ("hf://datasets/org/faces-1.5", "hf://datasets/org/faces-1.5"),
    ],
)
def test_media_are_looked_for_beside_a_table_elsewhere(table: str, folder: str) -> None:
    assert str(folder_of(Url(table))) == folder


def test_one_kind_of_media_is_named(tmp_path: Path) -> None:
    made = faces(tmp_path, [["pictures/a.png", "ann", ""]], video="who")
    done = made.command("plan")
    assert done.returncode != 0
    assert "recipe.yaml:4" in done.stderr and "give one of video, audio, image, media" in done.stderr


def test_a_media_root_that_is_not_there_is_told_with_its_line(tmp_path: Path) -> None:
    made = faces(tmp_path, [["pictures/a.png", "ann", ""]], media_root="picturs")
    done = made.command("plan")
    assert "no such file or folder" in done.stderr and "media_root" in done.stderr


def test_a_name_that_came_while_the_table_was_read_is_told(tmp_path: Path) -> None:
    """Tables are read twice, for the names in them and for their rows; between that they may change."""
    rows = build_table(RECORDS, {"kind": ["image"], "media": ["late.png"], "row": [3], "occurrence": [0]}, 1)
    media = NamedMedia(tmp_path, beside_table=True)
    kept, (told,) = media.resolved(rows, SourceFile("t.csv", tmp_path / "t.csv", "0" * 64, 1))
    assert (kept.num_rows, told.uri, told.reason, media.failed) == (0, "t.csv#L3", "unreadable", True)
    assert "build again" in told.detail
