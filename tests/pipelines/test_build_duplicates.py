"""Near-duplicates in builds: in one split, rejected with a name, never within MELD's dialogues, on any layout."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from support.project import TEXTS, Project, project, write_csv, write_lines

from affectory.pipelines import connecting, fits
from affectory.pipelines.history import last_build
from affectory.pipelines.store.workspace import Workspace

MELD = Path(__file__).resolve().parents[3] / "shared" / "data" / "meld" / "dev_sent_emo.csv"
SAID = "It was such a long day at work that all I want to do now is sleep until noon"
BODIES = [
    SAID,
    SAID + " tomorrow",
    "What?",
    "What?",
    *(f"Number {n} is what they called out in the hall" for n in range(9)),
]


def talks(folder: Path, bodies: list[str], keep: str = "groups", **publish: Any) -> Project:
    """Lines of as many people."""
    ingest = ["clean_text", {"near_duplicates": {"text": 0.8, "keep": keep}}]
    made = project(folder, {**TEXTS, "ingest": ingest, "publish": publish} if publish else {**TEXTS, "ingest": ingest})
    write_lines(folder / "lines.jsonl", [{"id": f"l{n}", "who": f"s{n}", "body": b} for n, b in enumerate(bodies)])
    ratings = [[f"l{n}", f"r{r}", "joy"] for n in range(len(bodies)) for r in range(2)]
    write_csv(folder / "ratings.csv", ["id", "rater", "emotion"], ratings)
    return made


def test_one_of_those_that_are_alike_is_kept_and_votes_stay_where_they_are(tmp_path: Path) -> None:
    made = talks(tmp_path, BODIES, keep="one")
    summary = made.build()
    assert (summary.kept, summary.rejected) == (11, 2)
    table = made.rows(summary.version).select(["sample_id", "key", "duplicates", "label_count"]).to_pylist()
    assert {row["label_count"] for row in table} == {2}
    grouped = {row["key"]: row["sample_id"] for row in table if row["duplicates"]}
    assert [key in ("l0", "l1") for key in sorted(grouped)] == [True, False]
    details = [row["detail"] for row in made.rejects() if row["reason"] == "duplicate"]
    assert sorted(details) == sorted(f"nearly or exactly the same as {s} (lines.jsonl)" for s in grouped.values())
    assert summary.unattached == 4 and summary.judgements == 26, "what was said of those that go is not theirs who stay"


@pytest.mark.parametrize("few", [False, True])
def test_those_that_are_alike_are_in_one_split(tmp_path: Path, few: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if few:
        monkeypatch.setattr(fits, "AT_ONCE", -1)
        monkeypatch.setattr(connecting, "FEW", -1)
    bodies = [f"{SAID} {n // 2}" if n % 2 else f"{SAID.lower()} {n // 2}" for n in range(2)] + BODIES[2:]
    by = {"splits": {"by": ["speaker", "duplicates"], "a": 0.34, "b": 0.33, "c": 0.33}}
    made = talks(tmp_path, bodies * 2, **by)
    summary = made.build(partition_rows=5)
    shards = (made.releases / summary.version / "data" / "default").glob("*.parquet")
    import pyarrow.parquet as pq

    where = [(g, s.name.partition("-")[0]) for s in shards for g in pq.read_table(s)["duplicates"].to_pylist()]
    counts = Counter(group for group, _ in set(where) if group)
    assert len(counts) == 11 and set(counts.values()) == {1}
    assert len({split for _, split in where}) == 3


def test_partitions_and_workers_leave_no_trace(tmp_path: Path) -> None:
    first, other = talks(tmp_path / "a", BODIES, keep="one"), talks(tmp_path / "b", BODIES[::-1], keep="one")
    release = first.build().release_hash
    keys = {f"l{n}": f"l{len(BODIES) - 1 - n}" for n in range(len(BODIES))}
    lines = [{"id": keys[f"l{n}"], "who": f"s{len(BODIES) - 1 - n}", "body": b} for n, b in enumerate(BODIES[::-1])]
    write_lines(other.folder / "lines.jsonl", lines)
    assert other.build(partition_rows=3).release_hash == release


@pytest.mark.skipif(not MELD.exists(), reason="the shared data is not on this machine")
def test_what_said_again_in_meld_is_as_many_utterances(tmp_path: Path) -> None:
    source = {
        "kind": "csv", "name": "meld", "path": MELD.name, "text": "Utterance", "speaker": "Speaker",
        "dialogue": "Dialogue_ID", "position": "Utterance_ID", "key": ["Dialogue_ID", "Utterance_ID"],
    }  # fmt: skip
    steps = [{"near_duplicates": {"text": 0.8, "keep": "one"}}]
    made = project(tmp_path, {"dataset": "meld", "taxonomy": "ekman-7", "sources": [source], "ingest": steps})
    (tmp_path / MELD.name).write_bytes(MELD.read_bytes())
    summary = made.build(publish=False)
    assert (summary.records, summary.kept, summary.reasons) == (1109, 1109, {})
    record = last_build(Workspace(made.workspace))
    assert record is not None
    commits = Workspace(made.workspace).commits()
    [key] = record.finished
    texts = commits.read(commits.get(key), "samples", ["text"])
    assert texts is not None and Counter(texts.column("text").to_pylist())["What?"] == 11
