"""Finding a sample by what people know of it, and what is told of it."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from support.project import Project, project, texts, write_image, write_lines

from affectory.pipelines import finding
from affectory.pipelines.history import last_build
from affectory.pipelines.runner.finish import unattached_row
from affectory.pipelines.store.workspace import Workspace
from affectory.pipelines.trace import Trace, trace
from affectory.schemas.errors import UserError
from affectory.schemas.types import ANCHOR

RATINGS = {"kind": "jsonl", "path": "ratings.jsonl", "of": "pictures", "file": "file", "rater": "who"}
PICTURES: dict[str, Any] = {
    "dataset": "pictures",
    "taxonomy": "ekman-7",
    "sources": [{"kind": "folder", "name": "pictures", "path": "media", "include": ["**/*.png"]}],
    "ratings": [{**RATINGS, "label": "emotion"}],
    "ingest": ["load_image"],
}


def follow(made: Project, wanted: str) -> Trace:
    workspace = Workspace(made.workspace)
    build = last_build(workspace)
    assert build is not None
    return trace(workspace, build, wanted)


def refusal(made: Project, wanted: str) -> str:
    with pytest.raises(UserError) as raised:
        follow(made, wanted)
    return str(raised.value)


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = texts(tmp_path_factory.mktemp("lines"), 24)
    with (made.folder / "lines.jsonl").open("a") as file:
        file.write('{"id": "short", "who": "a", "body": "x"}\n')
    made.build()
    return made


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = project(tmp_path_factory.mktemp("pictures"), PICTURES)
    for number, name in enumerate(("pic1.png", "a/same.png", "b/same.png", "b/other.png")):
        write_image(made.folder / "media" / name, number)
    shutil.copy(made.folder / "media/pic1.png", made.folder / "media/twin.png")
    (made.folder / "media/broken.png").write_bytes(b"no picture")
    said = [("pic1.png", "w1", "joy"), ("pic1.png", "w2", "sadness"), ("pic1.png", "w3", "joy")]
    write_lines(made.folder / "ratings.jsonl", [dict(zip(("file", "who", "emotion"), r, strict=True)) for r in said])
    made.build()
    return made


@pytest.mark.parametrize("wanted", ["l7", "lines.jsonl#L8", "./lines.jsonl#L8"])
def test_a_line_is_found_by_its_key_and_by_its_place(lines: Project, wanted: str) -> None:
    found = follow(lines, wanted)
    assert (found.sample["key"], found.sample["text"]) == ("l7", "Line 7: I feel fear today.")
    assert "  key l7  " in found.as_text() and "  file     lines: lines.jsonl#L8  " in found.as_text()


@pytest.mark.parametrize(
    ("wanted", "uri"),
    [
        ("pic1.png", "pic1.png"),
        ("media/pic1.png", "pic1.png"),
        ("./media/pic1.png", "pic1.png"),
        ("twin.png", "pic1.png"),
        ("a/same.png", "a/same.png"),
        ("media/b/same.png", "b/same.png"),
        ("other.png", "b/other.png"),
    ],
)
def test_a_picture_is_found_by_its_file_and_by_a_copy_of_it(pictures: Project, wanted: str, uri: str) -> None:
    assert follow(pictures, wanted).source["uri"] == uri


def test_every_id_leads_to_the_same_sample(pictures: Project) -> None:
    found = follow(pictures, "pic1.png")
    judgement = found.opinions[0]
    ids = [found.sample["sample_id"], found.sample["anchor"]["record"]]
    ids += [judgement["opinion_id"], judgement["judgement_id"]]
    assert [follow(pictures, each) for each in ids] == [found] * 4


def test_of_several_samples_one_has_to_be_named(pictures: Project) -> None:
    said = refusal(pictures, "same.png").splitlines()
    assert said[0] == "'same.png' leads to 2 samples: name one of them"
    assert sorted(line.split()[-1] for line in said[1:]) == ["a/same.png", "b/same.png"]
    ids = [line.split()[0] for line in said[1:]]
    assert sorted(follow(pictures, each).source["uri"] for each in ids) == ["a/same.png", "b/same.png"]


def test_of_very_many_samples_some_are_named(lines: Project) -> None:
    said = refusal(lines, "lines.jsonl").splitlines()
    assert (len(said), said[-1]) == (22, "  ... and 4 more")
    assert "text  the whole of it  lines.jsonl  Line " in said[1]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ({"start_us": 500_000, "end_us": 3_000_000}, "0.500 s to 3.000 s"),
        ({"char_start": 3, "char_end": 9}, "characters 3 to 9"),
        ({"box": [10.0, 20.0, 30.5, 40.0]}, "x 10, y 20, 30.5 by 40 pixels"),
        ({}, "the whole of it"),
    ],
)
def test_places_are_told_in_units_of_people(place: dict[str, Any], said: str) -> None:
    anchor = {"record": "r_1", **dict.fromkeys(ANCHOR.names), **place}
    assert finding.span(anchor) == said
    assert f" overlaps {said}, " in str(unattached_row({"judgement_id": "j_1", "anchor": anchor})["detail"])


@pytest.mark.parametrize("wanted", ["short", "lines.jsonl#L25"])
def test_what_was_not_kept_says_why(lines: Project, wanted: str) -> None:
    said = refusal(lines, wanted)
    assert "no sample, record, opinion, judgement, key or file" in said
    assert said.count("too_short") == 1


def test_a_file_that_was_not_kept_says_why(pictures: Project) -> None:
    assert "unreadable" in refusal(pictures, "media/broken.png")


@pytest.mark.parametrize("wanted", ["", "nothing", "ic1.png", "lines.jsonl#L999", "#L1", "/"])
def test_what_is_unknown_finds_nothing(lines: Project, pictures: Project, wanted: str) -> None:
    for made in (lines, pictures):
        assert (
            refusal(made, wanted) == f"no sample, record, opinion, judgement, key or file {wanted!r} in the last build"
        )


def test_labels_are_told_by_name(pictures: Project) -> None:
    [label] = [line for line in follow(pictures, "pic1.png").as_text().splitlines() if line.startswith("  label")]
    assert label.endswith("n=3): joy 0.67, sadness 0.33")


def test_without_an_opinion_or_a_release_labels_are_numbers() -> None:
    anchor = {"record": "r", "start_us": None, "char_start": None}
    label = {"taxonomy": "mine", "perspective": "felt", "pool": "human", "rule": "any", "count": 1, "space": "simplex"}
    sample = {"sample_id": "s", "kind": "text", "anchor": anchor, "key": None, "text": None}
    found = Trace(sample, {"source": "a", "uri": "b"}, (), (), (), ({**label, "values": [0.0, None, 1.0]},), "")
    assert found.as_text().endswith("  label    mine felt by human (any, n=1): 0.000, -, 1.000")


def test_a_file_is_told_as_the_last_scan_found_it(tmp_path: Path) -> None:
    made = project(tmp_path, {**PICTURES, "ratings": [], "sources": [{**PICTURES["sources"][0], "key": "stem"}]})
    write_image(tmp_path / "media/p.png", 1)
    made.build(publish=False)
    first = follow(made, "p.png").source
    write_image(tmp_path / "media/p.png", 2)
    made.build(publish=False)
    second = follow(made, "p.png").source
    write_image(tmp_path / "media/p.png", 1)
    made.build(publish=False)
    assert first["record_id"] == second["record_id"] and first["asset_id"] != second["asset_id"]
    assert follow(made, "p.png").source == first


def test_searching_reads_ids_and_nothing_else(lines: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    tables = finding._tables

    def watched(workspace: Any, build: Any, name: str, columns: list[str]) -> Any:
        read.extend(columns)
        return tables(workspace, build, name, columns)

    monkeypatch.setattr(finding, "_tables", watched)
    follow(lines, "l3")
    assert set(read) == {"sample_id", "anchor", "opinion_id", "judgement_id"}
