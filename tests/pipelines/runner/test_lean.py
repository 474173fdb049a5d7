"""Arrow without pandas: it is not imported for lists, and is there for whoever wants it."""

import subprocess
import sys

import pytest
from support import steps
from support.steps import PYTHON_PATH

from affectory.pipelines.runner import child

KEPT_OUT = """
import sys
from affectory.pipelines.runner.lean import keep_pandas_out
keep_pandas_out()
keep_pandas_out()
import pyarrow as pa
assert pa.array([1, None]).to_pylist() == [1, None]
assert pa.table({"a": ["x"]}).to_pydict() == {"a": ["x"]}
assert "pandas" not in sys.modules and len([f for f in sys.meta_path if type(f).__name__ == "_Absent"]) == 0
import pandas
keep_pandas_out()
assert pa.array(pandas.Series([1, 2])).to_pylist() == [1, 2]
"""


def test_arrow_makes_arrays_without_it() -> None:
    done = subprocess.run([sys.executable, "-c", KEPT_OUT], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_child_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", PYTHON_PATH)
    found = child.Child()
    try:
        assert found.call(steps.loads_pandas) is False
    finally:
        found.stop()
