"""Texts that are written, spoken, and made into messages and pairs in one build, in processes of their own too."""

import json
from pathlib import Path

import pytest
from support.project import project, write_csv, write_lines
from support.talk_making import making
from support.talking import asks, backends

from affectory.quality.findings import GateFailed

pytestmark = pytest.mark.usefixtures("backends")
__all__ = ["backends"]


def test_all_that_is_made_is_published_and_the_same_however_it_was_made(tmp_path: Path) -> None:
    pytest.importorskip("hibari", reason="needs the extra `voice`")
    made = making(tmp_path / "p")
    done = made.build()
    assert done.failed == 0 and done.records == 9
    rows = made.rows(done.version).to_pylist()
    assert {row["kind"] for row in rows} == {"audio"}
    origins = {(row["note_origin"], row["perspective"]) for row in rows}
    assert origins == {("synthetic", "intended"), ("synthetic", None), ("found", None)}
    parents = {row["sample_id"] for row in rows}
    assert {row["parent"] in parents for row in rows if row["note_variant"]} == {True}
    for row in rows:
        assert row["note_talk"].splitlines()[1] == "helper: It was a long day."
        assert row["note_preference_rejected"] == "It was a long silent smile."
        said = json.loads(row["note_messages"])
        assert f"{said[1]['content'][1]}) It was a long day." in said[0]["content"]
        assert row["note_loudness_dbfs"] < 0 and row["note_synthetic"] == 1
    again = making(tmp_path / "again")
    assert again.build(workers=2, partition_rows=2).release_hash == done.release_hash


def test_a_plan_asks_no_model_to_know_where_judgements_belong(tmp_path: Path) -> None:
    recipe = {
        "dataset": "judged",
        "taxonomy": "ekman-7",
        "sources": [{"kind": "generate", "name": "grid", "path": "grid.yaml"}],
        "ratings": [{"kind": "csv", "path": "r.csv", "of": "grid", "target": "key", "rater": "who", "label": "is"}],
        "models": {"bird": {"backend": "parrot", "options": {"folder": str(tmp_path)}}},
        "ingest": [{"generate": {"model": "bird"}}, "sentences"],
    }
    made = project(tmp_path / "p", recipe)
    (made.folder / "grid.yaml").write_text("axes: {mood: [calm, angry]}")
    ratings = [[f"mood={mood}/1", "ann", "joy"] for mood in ("calm", "angry")]
    write_csv(made.folder / "r.csv", ["key", "who", "is"], ratings)
    assert made.plan().stages
    assert asks(tmp_path) == []
    made.build()
    assert len(asks(tmp_path)) == 2


@pytest.mark.parametrize(("who", "kept"), [(None, 4), ("ann", 0)])
def test_roles_that_models_play_are_nobody_who_could_agree(tmp_path: Path, who: str | None, kept: int) -> None:
    bird = {"backend": "parrot", "options": {"says": "I see."}}
    agents = {name: {"model": "bird"} for name in ("seeker", "helper")}
    recipe = {
        "dataset": "talks",
        "taxonomy": "ekman-7",
        "sources": [{"kind": "jsonl", "name": "l", "path": "l.jsonl", "text": "body", "speaker": "who", "key": "id"}],
        "models": {"bird": bird, "stranger": {**bird, "local": False}},
        "ingest": [{"dialogue": {"agents": agents, "turns": 4}}, "utterances"],
        "assist": [{"caption": {"model": "stranger"}}],
    }
    made = project(tmp_path / "p", recipe)
    write_lines(made.folder / "l.jsonl", [{"id": 1, "body": "", "who": who}])
    if kept:
        assert made.build().kept == kept
    else:
        with pytest.raises(GateFailed):
            made.build()
        assert {row["reason"] for row in made.rejects()} == {"withheld"}
