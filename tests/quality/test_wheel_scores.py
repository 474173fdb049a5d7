"""Open words of several systems, each scored against every other by emotion wheels."""

from typing import Any

import pyarrow as pa
import pytest
from support.opining import Row

from affectory.quality.emotion_wheel import EmotionWheels
from affectory.quality.wheel_scores import wheel_scores
from affectory.schemas.derived import TABLES
from affectory.schemas.errors import UserError

SMALL = EmotionWheels(tuple({"glad": "joy", "happy": "joy", "cross": "anger", "blue": "sorrow"} for _ in range(5)))
SAID = [
    ("c1", "a", "heard", ["glad"]),
    ("c2", "a", "heard", ["cross", "glad"]),
    ("c1", "b", "heard", ["happy"]),
    ("c2", "b", "heard", ["happy"]),
    ("c3", "b", "heard", ["blue"]),  # of which a says nothing
    ("c1", "a", "seen", ["blue"]),
    ("c1", "b", "seen", []),
]


def tables(said: list[tuple[str, str, str, list[str]]]) -> tuple[pa.Table, pa.Table]:
    samples, opinions = list[Row](), list[Row]()
    for number, (clip, system, condition, words) in enumerate(said):
        name, extra = f"s{number}", [("clip", clip), ("system", system), ("condition", condition)]
        samples.append({"sample_id": name, "extra": extra})
        asked: dict[str, Any] = {"response": "words"}
        opinions.append({"opinion_id": f"o{number}", "sample_id": name, "asked": asked, "answer": {"words": words}})
        opinions.append({"opinion_id": f"p{number}", "sample_id": name, "asked": {"response": "simplex"}})
    found = (
        pa.Table.from_pylist(rows, pa.schema([TABLES[name].schema.field(column) for column in columns]))
        for name, rows, columns in (
            ("opinions", opinions, ("opinion_id", "sample_id", "asked", "answer")),
            ("samples", samples, ("sample_id", "extra")),
        )
    )
    return next(found), next(found)


def test_each_system_is_scored_against_every_other_under_each_condition() -> None:
    found = wheel_scores(*tables(SAID), SMALL, item="clip", system="system", condition="condition")
    rows = {(p.condition, p.truth, p.said): [round(x, 3) for x in list(p.row().values())[3:]] for p in found}
    assert rows == {
        ("heard", "a", "b"): [0.857, 1.0, 0.75, 2],
        ("heard", "b", "a"): [0.857, 0.75, 1.0, 2],
        ("seen", "a", "b"): [0.0, 0.0, 0.0, 1],
        ("seen", "b", "a"): [0.0, 0.0, 0.0, 0],
    }


def test_without_conditions_what_one_says_of_a_thing_is_put_together() -> None:
    forward, back = wheel_scores(*tables(SAID), SMALL, item="clip", system="system")
    assert (forward.condition, forward.truth, forward.score.samples) == ("", "a", 2)
    assert (back.score.precision, back.score.recall) == (pytest.approx(0.5), 1.0)


def test_the_order_of_rows_makes_no_difference() -> None:
    opinions, samples = tables(SAID)
    turned = opinions.take(list(range(opinions.num_rows))[::-1]), samples.take(list(range(samples.num_rows))[::-1])
    named = {"item": "clip", "system": "system", "condition": "condition"}
    assert wheel_scores(*turned, SMALL, **named) == wheel_scores(opinions, samples, SMALL, **named)


def test_a_column_that_was_not_kept_is_told() -> None:
    with pytest.raises(UserError, match="has no 'video' in extra"):
        wheel_scores(*tables(SAID), SMALL, item="video", system="system")
