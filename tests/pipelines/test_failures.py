"""Failed rows: told, kept apart, run again on demand, and a stop when there are too many."""

import json
from pathlib import Path

import pytest
import yaml
from support.project import TEXTS, Project, texts

from affectory.pipelines import discovery
from affectory.pipelines.process import TooManyFailed
from affectory.pipelines.retry import mark_for_retry
from affectory.schemas.errors import UserError


@pytest.fixture
def flaky(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Twelve lines, three of which fail until the trouble is over."""
    steps = {**discovery.steps(), "flaky": "support.steps_failing"}
    monkeypatch.setattr(discovery, "steps", lambda: steps)
    made = texts(tmp_path, 12)
    trouble = tmp_path / "trouble"
    trouble.touch()
    recipe = {**TEXTS, "ingest": [*TEXTS["ingest"], {"flaky": {"while_there": str(trouble)}}]}
    made.recipe.write_text(yaml.safe_dump({**recipe, "limits": {"max_failed": 0.5}}, sort_keys=False))
    return made


def test_failed_rows_are_told_and_run_again_on_demand(flaky: Project) -> None:
    first = flaky.build()
    assert (first.kept, first.failed, first.version) == (9, 3, "v1.0.0")
    failed = [r for r in flaky.rejects() if r["outcome"] == "failed"]
    assert {(r["stage"], r["reason"], r["detail"]) for r in failed} == {
        ("flaky", "ConnectionError", "the service is away")
    }
    (flaky.folder / "trouble").unlink()
    assert flaky.build().partitions_run == 0, "a failure is an outcome: it is not tried again unasked"
    assert mark_for_retry(flaky.workspace, "ConnectionError") == 3
    again = flaky.build()
    assert (again.kept, again.failed, again.version) == (12, 0, "v1.1.0")
    assert flaky.rejects() == []


def test_a_retry_ends_like_a_build_without_trouble(flaky: Project, tmp_path: Path) -> None:
    flaky.build()
    (flaky.folder / "trouble").unlink()
    mark_for_retry(flaky.workspace, "ConnectionError")
    retried = flaky.build()
    calm = Project(tmp_path / "calm")
    calm.folder.mkdir()
    for name in ("recipe.yaml", "lines.jsonl", "ratings.csv"):
        (calm.folder / name).write_bytes((flaky.folder / name).read_bytes())
    assert calm.build().release_hash == retried.release_hash


def test_a_retry_that_fails_again_keeps_the_rows_as_failed(flaky: Project) -> None:
    flaky.build()
    mark_for_retry(flaky.workspace, "ConnectionError")
    summary = flaky.build()
    assert (summary.kept, summary.failed) == (9, 3)
    assert mark_for_retry(flaky.workspace, "ConnectionError") == 3


def test_a_reason_nobody_failed_for_is_a_mistake_that_names_those_there_are(flaky: Project) -> None:
    flaky.build()
    with pytest.raises(UserError, match="ConnectionError"):
        mark_for_retry(flaky.workspace, "TimedOut")


def test_too_many_failures_stop_the_build_before_anything_is_published(flaky: Project) -> None:
    strict = ("limits.max_failed=0.2", "limits.min_for_max_failed=4")
    with pytest.raises(TooManyFailed) as caught:
        flaky.build(*strict)
    assert (caught.value.stage, caught.value.failed, caught.value.seen) == ("flaky", 3, 12)
    assert not flaky.releases.exists()
    with pytest.raises(TooManyFailed):
        flaky.build(*strict)
    (flaky.folder / "trouble").unlink()


def test_counts_are_conserved_from_the_first_file_to_the_last_split(flaky: Project) -> None:
    summary = flaky.build()
    for stage in summary.stages:
        c = stage.counts
        assert c.rows_in == c.kept + c.rejected + c.failed, stage
    assert summary.found == summary.kept + summary.rejected + summary.failed


def test_every_run_leaves_a_log_of_its_stages(flaky: Project) -> None:
    flaky.build()
    events = [json.loads(x) for x in (flaky.workspace / "runs" / "test.jsonl").read_text().splitlines()]
    stages = [e for e in events if e["event"] == "stage"]
    assert {e["stage"] for e in stages} == {"clean_text", "flaky", "lexicon", "label"}
    assert sum(e["failed"] for e in stages) == 3


def test_after_a_stop_the_errors_are_listed_and_can_be_run_again(flaky: Project) -> None:
    strict = ("limits.max_failed=0.2", "limits.min_for_max_failed=4")
    with pytest.raises(TooManyFailed):
        flaky.build(*strict)
    assert [r["reason"] for r in flaky.rejects() if r["outcome"] == "failed"] == ["ConnectionError"] * 3
    (flaky.folder / "trouble").unlink()
    assert mark_for_retry(flaky.workspace, "ConnectionError") == 3
    assert flaky.build(*strict).kept == 12
