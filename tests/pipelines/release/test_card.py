"""The dataset card."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from affectory.pipelines.release import agreed
from affectory.pipelines.release.card import _cell, cited
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
        "| a\\|b | 1 | not stated |",
        "| source | rejected | unreadable | 1 |",
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


def test_it_tells_what_was_checked_allowed_and_stated(released: Path, gate: Any) -> None:
    lines = (released / "README.md").read_text().splitlines()
    for line in (
        "| balance | warns | joy is rare |",
        "| samples.a | warns | &lt;b>no \\| language | 2 |",
        "- `samples.a`: nobody knows the language of a cry",
        "1 check of the suite was run. All of it, with the rows, is in `gate.json`.",
        "**Maintenance.** Until 2030.",
        "| lines | 8 | CC0-1.0 |",
        "16 opinions are about 8 samples, 2.0 of each.",
        "No two raters of one kind judged enough of the same samples.",
        "  title = {Small}",
    ):
        assert line in lines, line
    assert not any("audit.b" in line for line in lines), "an audit is told once"
    assert json.loads((released / "gate.json").read_text()) == gate


def test_it_tells_what_nobody_looked_for(empty_world: Any, tmp_path: Path) -> None:
    empty_world.add(1)
    empty_world.options = {"gate": {"findings": [], "suite": None, "audits": [], "allowed": []}}
    _, text = card(empty_world, tmp_path)
    assert "The rules that every table keeps were checked, but no audits were run: nobody looked for leaks," in text


def test_it_tells_how_far_people_agree_and_what_models_were_told(world: Any, tmp_path: Path) -> None:
    world.rows["opinions"].clear()
    for row in world.rows["samples"]:
        for rater in ("p_1", "p_2", "p_3"):
            world.opine(row["sample_id"], rater, weights=(float(row["sample_id"] < "s_8"),))
        world.opine(row["sample_id"], "face@1", "model")
        world.rows["opinions"][-1]["shown"] = {"instructions": "prompt judge@ab12"}
    world.options["recipe"] = {"models": {"eye": {"backend": "openai", "model": "Qwen", "revision": "f00"}}}
    _, text = card(world, tmp_path)
    assert "| people | joy (perceived) | alpha nominal | 1.000 | 8 | 3 |" in text.splitlines()
    assert "  - told `prompt judge@ab12`: 8" in text.splitlines()
    assert "| eye | Qwen | f00 |" in text.splitlines()


def test_of_very_many_opinions_the_card_names_the_command(
    world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreed, "MOST_OPINIONS", 3)
    assert "`affectory agreement` with this folder measures it." in card(world, tmp_path)[1]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"citation": " @misc{x} "}, "@misc{x}"),
        ({"title": "A {b}", "authors": ("Ann", "Bo")}, "@misc{a_b,\n  title = {A b},\n  author = {Ann and Bo}\n}"),
        ({}, "@misc{a_b,\n  title = {a-b}\n}"),
    ],
)
def test_a_dataset_can_be_cited(given: dict[str, Any], expected: str) -> None:
    assert cited(given, "a-b") == expected


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a|b", "a\\|b"),
        ("a\r\n# b\u2028c", "a # b c"),
        ("<img src=x>", "&lt;img src=x>"),
        ("![x](https://example.org/x.png)", "![x] (https://example.org/x.png)"),
    ],
)
def test_what_data_says_begins_nothing_in_a_table(given: str, shown: str) -> None:
    assert _cell(given) == shown


def test_a_citation_does_not_end_its_block(world: Any, tmp_path: Path) -> None:
    world.options = {"card": {"citation": "one\n```\n# two"}}
    _, text = card(world, tmp_path)
    assert text.endswith("## Citation\n\n````\none\n```\n# two\n````\n")
