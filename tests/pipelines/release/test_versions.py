"""Which version a release becomes, and what is said about it."""

import re
from pathlib import Path
from typing import Any

import pytest

from affectory.pipelines.release import Release, diff, latest, list_releases, verify, write, write_release
from affectory.pipelines.release.version import FIRST, Version
from affectory.schemas.taxonomy import load_taxonomy

PLAIN = {"media": ("image",)}


@pytest.fixture(autouse=True)
def no_load_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has tests of its own, and takes seconds."""
    monkeypatch.setattr(write, "run_load_test", lambda *_: None)


def release(world: Any, folder: Path) -> Release:
    return write_release(world.inputs(folder / "in"), folder / "releases")


def add_row(world: Any) -> None:
    world.add(77)


def add_row_with_new_split(world: Any) -> None:
    world.add(77, "validation")


def remove_row(world: Any) -> None:
    del world.splits[world.rows["samples"][0]["sample_id"]]


def relabel(world: Any) -> None:
    world.rows["labels"][0]["values"] = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]


def edit_text(world: Any) -> None:
    world.rows["samples"][0]["text"] = "another line"


def replace_media(world: Any) -> None:
    world.rows["samples"][1]["image"] = world.keep(world.assets.pop(world.rows["samples"][1]["image"]["asset"]), "png")
    world.rows["samples"][1]["image"] = world.keep(b"other bytes", "png")


def another_opinion(world: Any) -> None:
    world.opine(world.rows["samples"][0]["sample_id"], "p_2")


def edit_card(world: Any) -> None:
    world.options |= {"card": {"title": "Renamed", "licence": "CC-BY-4.0"}}


def edit_recipe(world: Any) -> None:
    world.options |= {"recipe": {"dataset": "small", "seed": 2}}


def move_split(world: Any) -> None:
    world.splits[world.rows["samples"][0]["sample_id"]] = "test"


def another_reject(world: Any) -> None:
    world.reject(91)


def add_note(world: Any) -> None:
    world.note(world.rows["samples"][0]["sample_id"], "loudness", number=1.0)


def add_config(world: Any) -> None:
    world.options |= {"configs": ("default", "opinions", "notes")}


def drop_media(world: Any) -> None:
    world.options |= {"media": ()}


def other_taxonomy(world: Any) -> None:
    world.taxonomy = load_taxonomy("ekman-6")


def allow_many_labels(world: Any) -> None:
    world.rows["labels"][0]["space"] = "multi-label"


@pytest.mark.parametrize(
    ("change", "version", "reasons"),
    [
        (add_row, "v1.1.0", ["1 row added"]),
        (add_row_with_new_split, "v1.1.0", ["1 row added"]),
        (remove_row, "v1.0.1", ["1 row removed"]),
        (relabel, "v1.0.1", ["1 row changed (label, distribution)"]),
        (edit_text, "v1.0.1", ["1 row changed (text)"]),
        (replace_media, "v1.0.1", ["1 row changed (image_sha256)"]),
        (another_opinion, "v1.0.1", ["1 row changed (opinions)"]),
        (edit_card, "v1.0.1", ["README.md changed"]),
        (edit_recipe, "v1.0.1", ["recipe.yaml changed"]),
        (move_split, "v1.0.1", ["1 row moved to another split"]),
        (another_reject, "v1.0.1", ["README.md, rejects.parquet changed"]),
        (add_note, "v2.0.0", ["columns added: note_loudness", "1 row changed"]),
        (add_config, "v2.0.0", ["configs added: notes", "8 rows changed"]),
        (
            drop_media,
            "v2.0.0",
            ["columns removed: image, image_sha256", "2 rows changed"],
        ),
        (
            other_taxonomy,
            "v2.0.0",
            [
                "taxonomy changed: ekman-7 with 7 labels -> ekman-6 with 6 labels",
                "7 rows changed (label, distribution)",
            ],
        ),
        (
            allow_many_labels,
            "v2.0.0",
            ["label spaces added: multi-label", "1 row changed (label_space)"],
        ),
    ],
)
def test_the_version_follows_from_what_changed(
    world: Any, tmp_path: Path, change: Any, version: str, reasons: list[str]
) -> None:
    world.options |= PLAIN
    first = release(world, tmp_path)
    change(world)
    if change is other_taxonomy:
        for row in world.rows["labels"]:
            row |= {"taxonomy": "ekman-6", "values": row["values"][:6]}
    second = release(world, tmp_path)
    shown = [reason.partition(" (label, distribution,")[0] for reason in second.reasons]
    assert second.version == version
    assert [r for r in reasons if not any(s.startswith(r) for s in shown)] == []
    assert len(second.reasons) == len(reasons)
    assert diff(first.path, second.path).bump == second.bump
    assert latest(tmp_path / "releases") == second
    assert [r.version for r in list_releases(tmp_path / "releases")] == ["v1.0.0", version]


def test_the_first_release_says_so(world: Any, tmp_path: Path) -> None:
    first = release(world, tmp_path)
    assert (first.version, first.bump, first.reasons, first.unchanged) == (
        "v1.0.0",
        "first",
        ("first release",),
        False,
    )
    assert first.rows == {"default": {"train": 7, "test": 1}, "opinions": {"train": 14, "test": 2}}
    assert verify(first.path) == []


def test_the_same_data_again_writes_nothing(world: Any, tmp_path: Path) -> None:
    first = release(world, tmp_path)
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "releases").rglob("*")}
    world.options |= {"versions": {"affectory": "0.2.0"}}
    again = release(world, tmp_path)
    assert (again.version, again.path, again.hash, again.unchanged) == ("v1.0.0", first.path, first.hash, True)
    assert {p: t for p, t in stamps.items() if p.is_file() and p.stat().st_mtime_ns != t} == {}
    assert {p.name for p in (tmp_path / "releases").iterdir()} == {"v1.0.0", "LATEST", ".lock"}


def test_going_back_is_a_version_of_its_own(world: Any, tmp_path: Path) -> None:
    first = release(world, tmp_path)
    added = world.add(77)
    release(world, tmp_path)
    del world.splits[added]
    third = release(world, tmp_path)
    assert (third.version, third.hash, third.reasons) == ("v1.1.1", first.hash, ("1 row removed",))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (add_row, "minor: rows were added; columns, configs and taxonomy stayed \\(1 row added\\)"),
        (remove_row, "patch: no rows were added: .* rows were taken back.* \\(1 row removed\\)"),
        (
            add_note,
            "major: columns, configs, the taxonomy or label spaces changed.* \\(columns added: note_loudness; .*",
        ),
    ],
)
def test_it_says_by_which_rule(world: Any, tmp_path: Path, change: Any, why: str) -> None:
    world.options |= PLAIN
    first = release(world, tmp_path)
    change(world)
    second = release(world, tmp_path)
    assert first.why == "first: nothing was published before"
    assert re.match(f"{why}$", second.why)
    assert [found.why for found in list_releases(tmp_path / "releases")] == [first.why, second.why]


@pytest.mark.parametrize(
    ("bump", "expected"), [("major", "v3.0.0"), ("minor", "v2.4.0"), ("patch", "v2.3.5"), ("none", "v2.3.4")]
)
def test_versions_rise_by_their_rules(bump: Any, expected: str) -> None:
    assert str(Version(2, 3, 4).bumped(bump)) == expected


@pytest.mark.parametrize("name", ["1.0.0", "v1.0", "v1.0.0-rc", "vx.y.z", "", "v1.0.0 "])
def test_other_names_are_no_versions(name: str) -> None:
    assert Version.parse(name) is None
    assert Version.parse("v1.0.0") == FIRST and Version.parse("v1.10.0") > Version(1, 9, 0)
