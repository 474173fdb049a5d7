"""Judgements belong to places in records: cutting differently keeps every one of them and attaches it anew."""

from pathlib import Path

import pytest
from support.media import write_video
from support.project import Project, project, write_csv

RECIPE = {
    "dataset": "scenes",
    "taxonomy": "ekman-7",
    "sources": [{"kind": "folder", "name": "media", "path": "media"}],
    "ratings": [
        {
            "kind": "csv", "path": "ratings.csv", "of": "media", "file": "file",
            "start": "start", "end": "end", "rater": "rater", "label": "emotion",
        }
    ],
    "ingest": ["probe", {"scenes": {"min_s": 0.3}}],
}  # fmt: skip


@pytest.fixture
def video(tmp_path: Path) -> Project:
    """Two scenes of a second each, both judged by two people, and one judgement of the whole."""
    made = project(tmp_path, RECIPE)
    (tmp_path / "media").mkdir()
    write_video(tmp_path / "media" / "v.mp4", 60, cuts=[30])
    rows = [["v.mp4", s, s + 1, r, e] for s, e in ((0, "joy"), (1, "fear")) for r in ("r1", "r2")]
    write_csv(
        tmp_path / "ratings.csv", ["file", "start", "end", "rater", "emotion"], [*rows, ["v.mp4", 0, 2, "r3", "anger"]]
    )
    return made


def ledger_bytes(made: Project) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in (made.workspace / "ledgers" / "judgements").glob("*.parquet")}


def test_another_threshold_keeps_all_judgements_and_attaches_them_anew(video: Project) -> None:
    first = video.build()
    ledger = ledger_bytes(video)
    assert (first.kept, first.attached, first.unattached) == (2, 5, 0)
    whole = "ingest[1].scenes.threshold=255"
    planned = video.plan(whole).lost
    second = video.build(whole)
    assert ledger_bytes(video) == ledger
    assert (second.kept, second.attached, second.unattached) == (1, 5, 0)
    assert (planned.judgements, planned.standing, planned.records_cut) == (0, 5, 1)
    third = video.build()
    assert third.release_hash != second.release_hash
    assert (third.kept, third.attached) == (2, 5)


@pytest.mark.parametrize(("overlap", "lost"), [(0.4, 0), (0.5, 0), (0.6, 4), (1.0, 4)])
def test_plan_says_how_many_would_find_none_and_the_build_agrees(video: Project, overlap: float, lost: int) -> None:
    settings = ("ingest[1].scenes.threshold=255", f"label.min_overlap={overlap}")
    planned = video.plan(*settings).lost
    built = video.build(*settings)
    assert (planned.judgements, planned.standing) == (built.unattached, built.judgements) == (lost, 5)
    assert video.plan(*settings).lost.records_cut == 0
    unattached = [r for r in video.rejects() if r["reason"] == "unattached"]
    assert len(unattached) == lost
    assert all(r["record_id"] and r["detail"].startswith("judgement j_") for r in unattached)


def test_a_plan_leaves_no_release_and_no_commit_behind(video: Project) -> None:
    video.plan("ingest[1].scenes.threshold=255")
    assert not video.releases.exists()
    commits = (video.workspace / "derived" / "commits").rglob("*.json")
    assert not (video.workspace / "derived" / "scratch").exists()
    assert not (video.workspace / "derived" / "assets").exists()
    assert len(list(commits)) == 2, "the scan and its one partition"


def test_judgements_of_a_file_that_left_are_kept_and_counted(video: Project) -> None:
    video.build()
    ledger = ledger_bytes(video)
    (video.folder / "media" / "v.mp4").unlink()
    write_video(video.folder / "media" / "w.mp4", 30)
    summary = video.build()
    assert ledger_bytes(video) == ledger
    assert (summary.attached, summary.unattached) == (0, 5)
