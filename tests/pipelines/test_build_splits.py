"""Splits in builds: groups stay together, what is placed stays placed, and only a refit moves it."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from support.project import TEXTS, Project, texts, write_lines

from affectory.pipelines import connecting, splitting
from affectory.pipelines.retry import sweep
from affectory.pipelines.store.workspace import Workspace

BY = {"by": ["speaker", "dialogue"], "train": 0.5, "test": 0.5}


@pytest.fixture
def exchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few samples there are, they are placed by exchanges, in as many rounds as that takes."""
    monkeypatch.setattr(splitting, "AT_ONCE", -1)
    monkeypatch.setattr(connecting, "FEW", -1)


def conversation(folder: Path, extra: list[dict[str, str]]) -> Project:
    """Twelve speakers, each in a dialogue of their own, and further lines."""
    made = texts(folder, 1)
    source = {**TEXTS["sources"][0], "dialogue": "talk"}
    recipe = {**TEXTS, "sources": [source], "ratings": [], "publish": {"splits": BY}}
    made.recipe.write_text(yaml.safe_dump(recipe, sort_keys=False))
    lines = [{"id": f"l{n}", "who": f"s{n}", "talk": f"t{n}", "body": f"I feel joy number {n}"} for n in range(12)]
    write_lines(folder / "lines.jsonl", [*lines, *extra])
    return made


def placed(made: Project, version: str) -> dict[str, str]:
    """Which split each text is in."""
    files = (made.releases / version / "data" / "default").glob("*.parquet")
    return {
        text: file.name.split("-")[0]
        for file in files
        for text in pq.read_table(file, columns=["text"]).column("text").to_pylist()
    }


@pytest.mark.parametrize("how", [[], ["exchanged"]], ids=["in one process", "by exchanges"])
def test_a_line_that_joins_two_splits_is_held_back_until_a_refit(
    tmp_path: Path, how: list[str], request: pytest.FixtureRequest
) -> None:
    for fixture in how:
        request.getfixturevalue(fixture)
    made = conversation(tmp_path, [])
    made.build()
    before = placed(made, "v1.0.0")
    assert set(before.values()) == {"train", "test"}
    one, other = (next(n for n in range(12) if before[f"I feel joy number {n}"] == s) for s in ("train", "test"))
    bridge = {"id": "b", "who": f"s{one}", "talk": f"t{other}", "body": "a line between"}
    conversation(tmp_path, [bridge])
    second = made.build()
    assert made.reasons() == [("None", "split_conflict")]
    assert second.kept == 12
    assert placed(made, second.version) == before
    refitted = made.build(refit=True)
    after = placed(made, refitted.version)
    assert refitted.groups_moved > 0
    assert len({after[f"I feel joy number {one}"], after[f"I feel joy number {other}"], after["a line between"]}) == 1
    assert made.reasons() == []


def test_new_lines_of_known_speakers_go_where_the_speaker_is(tmp_path: Path) -> None:
    made = conversation(tmp_path, [])
    made.build()
    more = [{"id": f"m{n}", "who": f"s{n}", "talk": f"new{n}", "body": f"more of {n}"} for n in range(12)]
    conversation(tmp_path, more)
    after = placed(made, made.build().version)
    assert all(after[f"more of {n}"] == after[f"I feel joy number {n}"] for n in range(12))


def test_other_shares_are_another_fit(tmp_path: Path) -> None:
    made = conversation(tmp_path, [])
    made.build()
    all_test = made.build("publish.splits.train=0", "publish.splits.test=1")
    assert set(placed(made, all_test.version).values()) == {"test"}
    assert all_test.bump == "patch"


def test_exchanges_make_the_same_release_and_leave_nothing_behind(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    first, other = (conversation(tmp_path / name, []) for name in "ab")
    expected = first.build()
    request.getfixturevalue("exchanged")
    assert other.build(partition_rows=5).release_hash == expected.release_hash
    one, two = (Workspace(made.workspace).fits() for made in (first, other))
    assert [one.read(name) for name in one.names()] == [two.read(name) for name in two.names()]
    files = Workspace(other.workspace).exchanges()
    assert list(files.names()) == []
    files.create("x/meet/edges/000001.parquet", b"123")
    assert sweep(Workspace(other.workspace)) == (1, 3)
    assert list(files.names()) == []
