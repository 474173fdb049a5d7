"""Samples as plain data: all of what raters said, and nothing that JSON or a page could stumble over."""

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.released import DEFAULT

from affectory.quality.report.samples import Encoder, embedded, mime_of


def encoded(row: dict[str, Any], *opinions: dict[str, Any]) -> dict[str, Any]:
    rows = pa.Table.from_pylist([{"sample_id": "s_1", **row}], DEFAULT)
    given = {
        "rationale": None,
        "shown": None,
        "evidence": None,
        "rater": "p_1",
        "rater_kind": "human",
        "opinion_id": "o",
    }
    said = {"s_1": [{**given, **opinion} for opinion in opinions]}
    [sample] = Encoder(("image",)).samples(rows, ["train"], {"s_1": "letters"}, said)
    return json.loads(json.dumps(sample, allow_nan=False))


def test_what_is_not_there_takes_no_room() -> None:
    expected = {"id": "s_1", "split": "train", "source": "letters", "text": "a", "band": "not known", "opinions": []}
    assert encoded({"text": "a"}) == expected


def test_unasked_is_not_nought() -> None:
    asked = {"labels": ["joy", "fear", "anger"], "question": "q", "response": "multi-label"}
    sample = encoded({}, {"asked": asked, "answer": {"weights": [1.0, None, 0.0]}})
    assert sample["opinions"][0]["weights"] == {"joy": 1.0, "fear": None}


def test_what_is_no_number_is_null() -> None:
    assert encoded({"vad": [0.123456, float("nan"), None]})["vad"] == [0.1235, None, None]


def test_long_traces_keep_their_shape() -> None:
    trace = [{"at_us": n, "value": float(n)} for n in range(5000)]
    opinion = encoded({}, {"asked": {}, "answer": {"trace": trace}})["opinions"][0]
    assert len(opinion["trace"]) <= 400
    assert [opinion["trace"][0][1], opinion["trace"][-1][1]] == [0.0, pytest.approx(4999, abs=13)]


def test_media_are_named_by_their_type() -> None:
    sample = encoded({"image": {"bytes": b"1", "path": "a.PNG"}})
    assert sample["media"] == {"image": ["image/png"]}
    assert mime_of("a.svg") == mime_of("") == "application/octet-stream"


@given(st.text())
def test_text_in_a_page_ends_nothing_and_comes_back(text: str) -> None:
    written = embedded({"text": text})
    assert not set("<>&") & set(written)
    assert json.loads(written) == {"text": text}
