"""The process that runs suites: it keeps to itself, and says so when it dies."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from support.suites import warm_examiner

from affectory.quality.suites import examiner as examining
from affectory.quality.suites.about import Check
from affectory.quality.suites.examiner import SuiteDied, started
from affectory.schemas.errors import UserError

pytestmark = pytest.mark.xdist_group("suites")

CHECK = Check("samples.kind", "samples", "column_values_to_be_in_set", {"column": "kind", "value_set": ["a"]}, "odd")


def test_rows_are_looked_at_in_another_process() -> None:
    [found] = warm_examiner().look([CHECK], pa.table({"kind": ["a", "b", None], "_row": ["1", "2", "3"]}))
    assert found == {
        "name": "samples.kind", "element": 3, "missing": 1, "unexpected": 1, "rows": ["2"], "observed": None,
        "met": False,
    }  # fmt: skip
    assert "great_expectations" not in sys.modules


def test_of_no_numbers_there_is_no_mean() -> None:
    """Not one that is not a number, for which JSON has no word."""
    mean = Check("notes.m", "notes", "column_mean_to_be_between", {"column": "number", "max_value": 1}, "too high")
    rows = pa.table({"number": pa.nulls(2, pa.float64()), "_row": ["1", "2"]})
    [found] = warm_examiner().look([mean], rows)
    assert (found["observed"], found["rows"]) == (None, [])


def test_words_of_the_data_are_counted_and_not_told() -> None:
    """What was observed is published, and whose words they are may not be."""
    common = Check(
        "s.t", "samples", "column_most_common_value_to_be_in_set", {"column": "text", "value_set": ["x"]}, "odd"
    )
    [found] = warm_examiner().look([common], pa.table({"text": ["a secret", "another"], "_row": ["1", "2"]}))
    assert (found["observed"], found["met"]) == ("2 texts", False)


def test_importing_suites_loads_neither_great_expectations_nor_pandas() -> None:
    code = "import sys, affectory.quality.suites.validate; print({'great_expectations', 'pandas'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"


def test_a_process_that_dies_is_told_with_what_it_said(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import sys; sys.stderr.write('no memory'); sys.exit(3)"
    monkeypatch.setattr("affectory.quality.suites.examiner._COMMAND", [sys.executable, "-c", code])
    with started() as examiner, pytest.raises(SuiteDied) as raised:
        examiner.look([CHECK], pa.table({"kind": ["a"] * 100_000, "_row": ["1"] * 100_000}))
    assert str(raised.value) == "the process that runs the suite ended with 3: no memory"


def test_it_has_a_home_of_its_own_that_goes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import json, os, sys; open(os.path.expanduser('~/x'), 'w'); "
    code += "print(json.dumps({**os.environ}), flush=True); sys.stdin.read()"
    monkeypatch.setattr("affectory.quality.suites.examiner._COMMAND", [sys.executable, "-c", code])
    monkeypatch.setenv("HOME", str(tmp_path))
    with started() as examiner:
        environment = json.loads(examiner._process.stdout.readline())  # type: ignore[union-attr]
        assert Path(environment["HOME"], "x").exists()
        assert environment["GX_ANALYTICS_ENABLED"] == "false"
    assert not Path(environment["HOME"]).exists()
    assert not list(tmp_path.iterdir())


ENDLESS = Check(
    "samples.text.values_to_match_regex", "samples", "column_values_to_match_regex",
    {"column": "text", "regex": "^(?=a)(a+)+$"}, "odd", origin="validate.expect[0]",
)  # fmt: skip


@pytest.mark.parametrize(
    ("checks", "told", "hint"),
    [
        ([CHECK, ENDLESS], "validate.expect[0]: column_values_to_match_regex of text", "repeats inside repeats"),
        ([CHECK], "its own checks", "busy"),
    ],
)
def test_what_finds_no_end_is_ended_and_told(
    monkeypatch: pytest.MonkeyPatch, checks: list[Check], told: str, hint: str
) -> None:
    """As the pattern does on sixty letters and another one."""
    monkeypatch.setattr(
        "affectory.quality.suites.examiner._COMMAND", [sys.executable, "-c", "import sys; sys.stdin.read()"]
    )
    monkeypatch.setattr(examining, "LIMIT_S", 0.5)
    rows = pa.table({"kind": ["a"], "text": [f"{'a' * 60}b"], "_row": ["1"]})
    with started() as examiner, pytest.raises(UserError) as raised:
        examiner.refused(checks) if len(checks) == 1 else examiner.look(checks, rows)
    assert told in str(raised.value) and hint in (raised.value.hint or "")
