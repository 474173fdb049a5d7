"""The dataset card."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from affectory.pipelines.release.write import write_content


def card(world: Any, folder: Path) -> tuple[dict[str, Any], str]:
    """Its header as data and its text."""
    write_content(world.inputs(folder / "in"), folder / "out", folder / "gathered")
    _, header, text = (folder / "out" / "README.md").read_text().split("---\n", 2)
    return yaml.safe_load(header), text


def test_the_header_lists_only_splits_and_configs_with_rows(world: Any, tmp_path: Path) -> None:
    world.options = {"configs": ("default", "notes", "opinions")}
    world.rows["opinions"].clear()
    world.rows["notes"] = world.rows["notes"][:1]
    header, _ = card(world, tmp_path)
    configs = {c["config_name"]: [f["split"] for f in c["data_files"]] for c in header["configs"]}
    assert configs == {"default": ["train", "test"], "notes": ["train"]}
    info = {i["config_name"]: i for i in header["dataset_info"]}
    assert [(s["name"], s["num_examples"]) for s in info["default"]["splits"]] == [("train", 7), ("test", 1)]
    label = next(f for f in info["default"]["features"] if f["name"] == "label")
    assert label["dtype"]["class_label"]["names"]["3"] == "joy"
    assert header["configs"][0]["default"] is True


def test_splits_come_in_their_usual_order(empty_world: Any, tmp_path: Path) -> None:
    for number, split in enumerate(["zoo", "test", "validation", "train", "adult"]):
        empty_world.add(number, split)
    header, _ = card(empty_world, tmp_path)
    assert [f["split"] for f in header["configs"][0]["data_files"]] == ["train", "validation", "test", "adult", "zoo"]


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("CC-BY-4.0", {"license": "cc-by-4.0"}),
        ("Our Own Terms", {"license": "other", "license_name": "our-own-terms"}),
        (None, {"license": "unknown"}),
    ],
)
def test_the_licence_is_one_that_the_hub_knows(
    world: Any, tmp_path: Path, licence: str | None, expected: dict[str, str]
) -> None:
    world.options = {"card": {"title": None, "licence": licence, "languages": ("no", "de")}}
    header, text = card(world, tmp_path)
    assert {k: v for k, v in header.items() if k.startswith("license")} == expected
    assert header["language"] == ["no", "de"] and header["pretty_name"] == "small"
    assert f"| licence | {licence or 'not stated'} |" in text


def test_the_text_tells_what_was_counted(world: Any, tmp_path: Path) -> None:
    world.rows["samples"][0]["source"] = "a|b"
    world.options = {
        "card": {
            "description": "What it is.",
            "citation": "@misc{x}",
            "authors": ["Ann", "Bo"],
            "limits": ["Few rows."],
        }
    }
    _, text = card(world, tmp_path)
    for line in (
        "What it is.",
        "| authors | Ann, Bo |",
        "| rows | 8 |",
        "| 0 | anger | 2 | 0 | 2 |",
        "| 5 | surprise | 0 | 1 | 1 |",
        "| human | 4 |",
        "- model `face@1`: 8 opinions",
        "People: 1.",
        "| a\\|b | 1 |",
        "| rejected | unreadable | 1 |",
        "- Few rows.",
        "- 1 of 8 rows have no label.",
        "- 3 of 7 labels do not come from people: see `label_pool`.",
        "@misc{x}",
    ):
        assert line in text.splitlines(), line
    assert "p_1" not in text


def test_a_bare_dataset_has_a_card_too(empty_world: Any, tmp_path: Path) -> None:
    empty_world.add(1)
    empty_world.options = {"card": {}, "media": ()}
    _, text = card(empty_world, tmp_path)
    assert "Nothing was rejected." in text and "Nobody yet" in text
    assert "\n\n\n" not in text
