"""Builds with a fit over the whole dataset: a barrier in the chain, a slice for each partition, what is remembered."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pytest
from support.project import TEXTS, Project, project, write_lines
from support.steps import PYTHON_PATH
from support.steps_fitting import Common

from affectory.pipelines import connecting, discovery, fits
from affectory.pipelines.build import Summary
from affectory.pipelines.history import last_build, parts
from affectory.pipelines.retry import mark_for_retry, sweep
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import NotConserved
from affectory.schemas.parquet import read_all
from affectory.transforms.fitting import Fitted

KNOWN = {"common": "support.steps_fitting"}


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    steps = {**discovery.steps(), **KNOWN}
    with patch.object(discovery, "steps", lambda: steps):
        yield


def counted(folder: Path, texts: list[str], *more: Any, **params: Any) -> Project:
    """Texts, and of each how many begin with the same word."""
    ingest = ["clean_text", {"common": params}, *more]
    made = project(folder, {**TEXTS, "ratings": [], "ingest": ingest, "assist": [], "limits": {"max_failed": 0.9}})
    write_lines(folder / "lines.jsonl", [{"id": text, "who": text, "body": text} for text in texts])
    return made


def notes(made: Project, name: str = "common") -> dict[str, Any]:
    """A note of each text of the last build, by its key."""
    workspace = Workspace(made.workspace)
    record = last_build(workspace)
    assert record is not None
    samples, found = (
        pa.concat_tables(read_all(parts(workspace, record.finished, table))) for table in ("samples", "notes")
    )
    values = {
        n["sample_id"]: n["number"] if n["text"] is None else n["text"] for n in found.to_pylist() if n["name"] == name
    }
    return {row["key"]: values[row["sample_id"]] for row in samples.to_pylist()}


def build(made: Project, **options: Any) -> Summary:
    return made.build(publish=False, **options)


FRUIT = ["apple 1", "apple 2", "pear 1", "plum 1", "apple 3", "pear 2", "odd 1"]
COUNTS = {"apple 1": 3, "apple 2": 3, "apple 3": 3, "pear 1": 2, "pear 2": 2, "plum 1": 1}


def test_each_row_is_told_what_the_whole_dataset_says_of_it(tmp_path: Path) -> None:
    made = counted(tmp_path, FRUIT)
    summary = build(made)
    assert notes(made) == COUNTS
    assert made.reasons() == [("lines.jsonl", "filtered")]
    stages = {total.stage: total.counts for total in summary.stages}
    assert (stages["common-signs"].rows_in, stages["common-signs"].rejected) == (7, 1)
    assert stages["common-fit"].rows_in == stages["common"].rows_in == stages["common"].kept == 6
    assert build(made).partitions_run == 0


@pytest.mark.parametrize(("workers", "rows", "few"), [(0, 1, False), (2, 2, True), (0, 3, True)])
def test_no_layout_shows(tmp_path: Path, workers: int, rows: int, few: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    first = counted(tmp_path / "a", FRUIT)
    build(first)
    if few:
        monkeypatch.setattr(fits, "AT_ONCE", -1)
        monkeypatch.setattr(connecting, "FEW", -1)
    monkeypatch.setenv("PYTHONPATH", PYTHON_PATH)
    other = counted(tmp_path / "b", FRUIT[::-1])
    build(other, workers=workers, partition_rows=rows)
    assert notes(other) == notes(first) == COUNTS
    remembered = [Workspace(made.workspace).fits() for made in (first, other)]
    assert len({tuple((name, files.read(name)) for name in files.names()) for files in remembered}) == 1
    assert list(Workspace(other.workspace).exchanges().names()) == []


def test_a_plan_shows_what_lies_beyond_a_fit(tmp_path: Path) -> None:
    made = counted(tmp_path, FRUIT, {"tertiles": {"of": "common"}})
    first = {"clean_text": 1, "common-signs": 1, "common": 1, "tertiles-signs": 1, "tertiles": 1, "label": 1}
    assert made.to_run() == first
    build(made)
    assert made.to_run() == dict.fromkeys(first, 0)
    counted(tmp_path, [*FRUIT, "apple 4"], {"tertiles": {"of": "common"}})
    assert made.to_run() == {**dict.fromkeys(first, 2), "clean_text": 1, "common-signs": 1}


def test_fits_follow_one_another(tmp_path: Path) -> None:
    made = counted(tmp_path, FRUIT, {"tertiles": {"of": "common"}}, {"common": {"trouble": "again"}})
    build(made, partition_rows=2)
    assert set(notes(made, "common_level").values()) == {"low", "normal"}
    record = last_build(Workspace(made.workspace))
    assert record is not None and len(record.fits) == 3
    assert build(made).partitions_run == 0


def test_what_was_decided_stays_until_a_refit(tmp_path: Path) -> None:
    made = counted(tmp_path, FRUIT)
    build(made, partition_rows=7)
    counted(tmp_path, [*FRUIT, "apple 4", "fig 1"])
    told: list[dict[str, Any]] = []
    build(made, partition_rows=7, listeners=(told.append,))
    assert notes(made) == {**COUNTS, "apple 4": 3, "fig 1": 1}
    ran = Counter(event["stage"] for event in told if event["event"] == "stage")
    assert ran == {"clean_text": 1, "common-signs": 1, "common": 1, "label": 1}, "an old partition ran again"
    told.clear()
    build(made, refit=True, listeners=(told.append,))
    assert notes(made) == {**dict.fromkeys(COUNTS, 4), "pear 1": 2, "pear 2": 2, "plum 1": 1} | {
        "apple 4": 4, "fig 1": 1,
    }  # fmt: skip
    assert [e["text"] for e in told if e["event"] == "say"] == ["common: 1 of its earlier decisions changed"]
    assert build(made).partitions_run == 0


def test_only_partitions_that_are_told_something_else_run_again(tmp_path: Path) -> None:
    made = counted(tmp_path, FRUIT)
    build(made, partition_rows=1)
    counted(tmp_path, [*FRUIT, "plum 2"])
    told: list[dict[str, Any]] = []
    build(made, partition_rows=1, refit=True, listeners=(told.append,))
    ran = Counter(event["stage"] for event in told if event["event"] == "stage")
    assert ran["common-signs"] == 1
    assert ran["common"] == ran["label"] == 2


def test_rows_that_could_not_be_signed_are_tried_again(tmp_path: Path) -> None:
    trouble = tmp_path / "trouble"
    trouble.touch()
    made = counted(tmp_path / "p", FRUIT, while_there=str(trouble), trouble="pear 2")
    first = build(made)
    assert (first.kept, first.failed) == (5, 1)
    assert notes(made)["pear 1"] == 1
    trouble.unlink()
    assert mark_for_retry(made.workspace, "ConnectionError") == 1
    second = build(made)
    assert (second.kept, second.failed, second.rejected) == (6, 0, 1)
    assert notes(made) == {**COUNTS, "pear 1": 1, "pear 2": 1}, "pears were met as one"


BUILD = """
from pathlib import Path
from unittest.mock import patch
from support.project import Project
from affectory.pipelines import discovery
steps = {**discovery.steps(), "common": "support.steps_fitting"}
with patch.object(discovery, "steps", lambda: steps):
    Project(Path.cwd()).build(partition_rows=2)
"""


def test_a_build_that_was_killed_in_a_fit_goes_on_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", PYTHON_PATH)
    trouble = tmp_path / "trouble"
    trouble.touch()
    made = counted(tmp_path / "p", FRUIT, while_there=str(trouble), trouble="kill")
    killed = subprocess.run([sys.executable, "-c", BUILD], cwd=made.folder, check=False, capture_output=True)
    assert killed.returncode == -9
    assert made.to_run() == {"clean_text": 0, "common-signs": 0, "common": 4, "label": 4}
    trouble.unlink()
    told: list[dict[str, Any]] = []
    build(made, listeners=(told.append,))
    assert {event["stage"] for event in told if event["event"] == "stage"} == {"common", "label"}
    assert notes(made) == COUNTS


def test_a_kill_between_remembering_and_committing_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = counted(tmp_path, FRUIT)

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(fits, "Counts", stop)
        with pytest.raises(KeyboardInterrupt):
            build(made)
    assert len(list(Workspace(made.workspace).fits().names())) == 1
    build(made)
    assert notes(made) == COUNTS
    assert sorted(name.partition("/")[0] for name in Workspace(made.workspace).fits().names()) == ["common", "splits"]


def test_a_sweep_leaves_what_the_last_fit_says(tmp_path: Path) -> None:
    made = counted(tmp_path, FRUIT)
    build(made)
    counted(tmp_path, [*FRUIT, "fig 1"])
    build(made)
    before = notes(made)
    assert sweep(Workspace(made.workspace))[0] > 0
    assert build(made).partitions_run == 0
    Workspace(made.workspace).clean()
    build(made)
    assert notes(made) == before, "a fit was forgotten"


def test_a_fit_that_loses_a_row_stops_the_build(tmp_path: Path) -> None:
    made = counted(tmp_path, FRUIT)
    with (
        patch.object(Common, "fit", lambda *_: Fitted([], [])),
        pytest.raises(NotConserved, match="common: 6 rows in, 0 accounted"),
    ):
        build(made)
