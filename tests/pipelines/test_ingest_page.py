"""docs/ingest.md: its recipes run as they stand, and its tables name all steps and sources with their parameters."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml
from pydantic import TypeAdapter
from support.pages import described
from support.project import Project, project, write_csv, write_lines

from affectory.pipelines import discovery

PAGE = Path(__file__).parents[2] / "docs" / "ingest.md"
DEMO = Path(__file__).parents[2] / "pipelines" / "recipes" / "demo" / "media"
RECIPES = {
    r["dataset"]: r for r in map(yaml.safe_load, re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.M | re.S))
}
MEDIA = ("a good day ☕.mp4", "answering-machine.flac", "portrait.jpg", "cut-off.mp4")
ELSEWHERE = {
    "lexicon",
    "vader",
    "text_emotion",
    "face_emotion",
    *discovery.modules("assist"),
    *discovery.modules("checks"),
}
"""What belongs to `assist`."""
OF_ALL = {"path", "name", "licence", "sidecar", "segments"}
COLUMNS = {
    "text",
    "video",
    "audio",
    "image",
    "media",
    "media_root",
    "key",
    "speaker",
    "dialogue",
    "position",
    "session",
    "language",
}
OF_TABLES = COLUMNS | {"keep", "include", "exclude"}
"""Parameters of sources that the page tells once for all of them, and once for those with columns."""


def media(folder: Path) -> None:
    (folder / "media").mkdir()
    for name in MEDIA:
        shutil.copy(DEMO / name, folder / "media")


def sounds(folder: Path) -> None:
    media(folder)
    (folder / "media" / MEDIA[0]).unlink()
    write_csv(folder / "subjects.csv", ["file", "who", "day"], [[MEDIA[1], "jon", "tue"]])


def friends(folder: Path) -> None:
    header = ["Dialogue_ID", "Utterance_ID", "Speaker", "Utterance", "Emotion", "Season"]
    rows = [[d, u, "Mara", f"Well {d} {u}!", "joy", 1] for d in range(2) for u in range(3)]
    write_csv(folder / "friends.csv", header, rows)


def causes(folder: Path) -> None:
    turn = {"turn": 1, "speaker": "A", "utterance": "We won the cup!", "emotion": "happiness"}
    cause = {"expanded emotion cause evidence": [1], "expanded emotion cause span": ["We won"]}
    other = {"turn": 2, "speaker": "B", "utterance": "Oh no.", "emotion": "sad"}
    (folder / "talks.json").write_text(json.dumps({"tr_1": [[{**turn, **cause}, other]]}))


def chats(folder: Path) -> None:
    bodies = [
        "Therapist: How are you today?\nAnna: Bad. Write to anna@mail.de, please.\nTherapist: I will.",
        "noooooooooooo way man",
        "My card is 4111 1111 1111 1111, take it.",
    ]
    write_lines(folder / "chats.jsonl", [{"id": n, "body": body} for n, body in enumerate(bodies)])


INPUTS = {"said-aloud": sounds, "films": media, "friends": friends, "causes": causes, "chats": chats}
REJECTED = {
    "said-aloud": {("probe", "unreadable")},
    "films": {("probe", "unreadable")},
    "friends": set[tuple[str, str]](),
    "causes": set[tuple[str, str]](),
    "chats": {("filter_text", "filtered"), ("personal_data", "filtered")},
}
NEEDS = {"said-aloud": ("parselmouth", "audio")}


@pytest.fixture(params=INPUTS)
def laid_out(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    name = request.param
    if name in NEEDS:
        pytest.importorskip(NEEDS[name][0], reason=f"needs the extra `{NEEDS[name][1]}`")
    made = project(tmp_path / name, RECIPES[name])
    INPUTS[name](made.folder)
    return made


def test_a_recipe_runs_as_it_stands(laid_out: Project) -> None:
    summary = laid_out.build()
    assert summary.release_hash
    assert laid_out.rows("v1.0.0").num_rows
    found = {(str(r["stage"]), str(r["reason"])) for r in laid_out.rejects()}
    assert {f for f in found if f[0] != "cut"} == REJECTED[laid_out.folder.name]


def test_every_recipe_of_the_page_is_run() -> None:
    assert set(RECIPES) == set(INPUTS) == set(REJECTED)


def parameters(module: str) -> set[str]:
    return set(TypeAdapter(discovery.public_class(module)).json_schema().get("properties", {})) - {"taxonomy"}


@pytest.mark.parametrize("step", sorted(set(discovery.steps()) - ELSEWHERE))
def test_a_step_is_told_with_all_its_parameters(step: str) -> None:
    assert parameters(discovery.steps()[step]) - described(PAGE.read_text())[step] == set()


@pytest.mark.parametrize("kind", sorted(discovery.modules("sources")))
def test_a_source_is_told_with_all_its_parameters(kind: str) -> None:
    given = parameters(discovery.modules("sources")[kind])
    told = described(PAGE.read_text())[kind] | (OF_TABLES if given >= OF_TABLES else set())
    assert given - OF_ALL - told == set()
