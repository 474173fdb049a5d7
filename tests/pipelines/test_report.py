"""What is shown of a build."""

import pyarrow as pa
import pytest

from affectory.pipelines.report import rejects_text
from affectory.schemas.derived import REJECTS


@pytest.mark.parametrize("column", ["detail", "row", "uri"])
def test_nothing_that_data_or_models_say_tells_a_terminal_what_to_do(column: str) -> None:
    row = {"reject_id": "x_1", "stage": "caption", "outcome": "failed", "reason": "UnreadableAnswer", "source": "lines"}
    evil = "joy\x1b]0;owned\x07\x1b[2J\r\u202eяркий\x9b"
    shown = rejects_text(pa.Table.from_pylist([{**row, column: evil}], REJECTS.schema), limit=5)
    assert not {letter for letter in shown if not letter.isprintable()} - {"\n"}
    assert "joy\\x1b]0;owned" in shown and "яркий" in shown
