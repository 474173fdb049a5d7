"""Steps that describe, asked of a parrot: one at a time on a few rows, and all of them in a recipe."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any

import pyarrow as pa
from support.talking import parrot

from affectory.pipelines.prompting import prompt
from affectory.transforms.base import Result
from affectory.transforms.models._asked import AskedModel

Row = dict[str, Any]


def step(cls: type[Any], says: Any = None, model: AskedModel | None = None, **given: Any) -> Any:
    """A step with its own prompt, unless another is named, and a parrot that says this."""
    own = next(f.default for f in fields(cls) if f.name == "prompt")
    named = given.pop("prompt", own if own is not MISSING else "")
    return cls(model=model or parrot(says), prompt=prompt(named) if isinstance(named, str) else named, **given)


def told(made: Any, *rows: Row) -> Result:
    """What becomes of rows that have the columns which a step reads."""
    columns = {name: _column([row.get(name) for row in rows], dtype) for name, dtype in made.reads().items()}
    ids = pa.array([f"s{n}" for n in range(len(rows))])
    result: Result = made.setup()(pa.table({"sample_id": ids, **columns}))
    result.check(len(rows), type(made).__name__)
    return result


def one(made: Any, **row: Any) -> Row:
    """What is written about a row that is kept."""
    result = told(made, row)
    assert not result.failed and not result.rejected, (result.failed, result.rejected)
    written: list[Row] = result.rows.select(list(made.writes())).to_pylist()
    return written[0]


def failure(made: Any, **row: Any) -> str:
    """Why a row failed."""
    (failed,) = told(made, row).failed
    return f"{failed.error}: {failed.detail}"


def questions(made: Any, **row: Any) -> list[str]:
    """The first round of what a step asks about a row, each question as one text."""
    talk = made.talk({name: row.get(name) for name in made.reads()})
    try:
        return ["\n".join(message.text for message in ask.messages) for ask in next(talk)]
    except StopIteration:
        return []


def _column(values: Sequence[Any], dtype: pa.DataType) -> pa.Array:
    return pa.array(values) if dtype == pa.null() else pa.array(values, dtype)


def places(found: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Places without what they leave open."""
    return [{key: value for key, value in place.items() if value is not None} for place in found]


@dataclass(frozen=True)
class _Says:
    """Answers that fit any line of the texts that recipes of tests are about."""

    merged: Any
    labels: Any
    cues: Any
    reasons: Any


_ALL = _Says(
    {"sentences": [{"text": "Somebody tells of a day.", "rests_on": [{"clue": "text", "quote": "line"}]}]},
    {"labels": [{"word": "calm", "quote": "tells of a day"}, {"word": "bored", "quote": "what is not there"}]},
    {"cues": [{"kind": "textual", "cue": "how it begins", "quote": "line"}]},
    {"steps": [{"says": "Little is told.", "facts": ["text"]}], "conclusion": "Nothing moves the speaker."},
)
MODELS: dict[str, Any] = {
    "describer": {"backend": "parrot"},
    "merger": {"backend": "parrot", "options": {"says": _ALL.merged}},
    "reader": {"backend": "parrot", "options": {"says": ["no JSON", _ALL.labels]}},
    "looker": {"backend": "parrot", "options": {"says": _ALL.cues}},
    "thinker": {"backend": "parrot", "options": {"says": _ALL.reasons}},
    "forth": {"backend": "parrot", "options": {"says": "有人讲述了平静的一天，没有什么特别的事情发生。"}},
    "back": {"backend": "parrot", "options": {"says": "Somebody tells of a quiet day."}},
}
"""Whom these steps ask."""
STEPS: list[dict[str, Any]] = [
    {"caption": {"model": "describer", "as": "situation"}},
    {"merge": {"model": "merger", "from": ["situation", "text"]}},
    {"extract_labels": {"model": "reader", "modalities": ["text"]}},
    {"cues": {"model": "looker"}},
    {"explain": {"model": "thinker", "facts": ["text", "open_labels"], "max_words": 50}},
    {"translate": {"model": "forth", "back": "back", "to": "zh", "min_similarity": 0.2}},
    {"rewrite": {"model": "back", "aim": "Tell it without any word of emotion."}},
]
"""All that describe, each reading what those before it wrote."""
