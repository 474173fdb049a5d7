"""What identifies a record, and what the parameters of a source are to an editor."""

import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from affectory.schemas.ids import canonical
from affectory.transforms.sources._records import Occurrences, contents
from affectory.transforms.sources.base import Refused, printable
from affectory.transforms.sources.csv import CsvSource
from affectory.transforms.sources.datasets import DatasetsSource
from affectory.transforms.sources.folder import FolderSource
from affectory.transforms.sources.jsonl import JsonlSource
from affectory.transforms.sources.label_studio import LabelStudioSource
from affectory.transforms.sources.parquet import ParquetSource
from affectory.transforms.sources.signal import SignalSource
from affectory.transforms.sources.webdataset import WebdatasetSource
from affectory.transforms.sources.zip import ZipSource

KINDS = (
    FolderSource,
    JsonlSource,
    CsvSource,
    ParquetSource,
    ZipSource,
    WebdatasetSource,
    DatasetsSource,
    SignalSource,
    LabelStudioSource,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


@given(st.lists(st.tuples(texts, st.none() | texts, st.none() | st.integers(), st.none() | texts), max_size=5))
def test_content_is_the_canonical_json_of_what_is_given(rows):
    text, speaker, position, kept = ([row[i] for row in rows] for i in range(4))
    made = contents({"text": text, "speaker": speaker, "position": position}, {'q"é': kept}, len(rows))
    for row, content in zip(rows, made, strict=True):
        expected = {"text": row[0], "speaker": row[1], "position": row[2]}
        expected = {k: v for k, v in expected.items() if v is not None}
        expected["extra"] = {} if row[3] is None else {'q"é': row[3]}
        assert content == canonical(expected)


@given(st.lists(st.lists(st.integers(0, 12), max_size=9), max_size=9))
def test_occurrences_count_equal_contents_across_batches(batches):
    counter, seen = Occurrences(), []
    for batch in batches:
        counts = counter.count([str(x) for x in batch]).tolist()
        for value, count in zip(batch, counts, strict=True):
            assert count == seen.count(value)
            seen.append(value)


def test_occurrences_need_little_memory():
    counter = Occurrences()
    for start in range(0, 100_000, 1000):
        assert not np.any(counter.count([str(n) for n in range(start, start + 1000)]))
    assert sum(a.nbytes for a in counter.seen) == 800_000
    assert len(counter.seen) < 18
    assert counter.repeated == {}


def test_equal_rows_of_a_file_are_told_apart(take_bytes):
    rows, _ = take_bytes(JsonlSource(path="x"), b'{"text": "Yes."}\n{"text": "No."}\n' * 2)
    assert [(r["text"], r["occurrence"]) for r in rows] == [("Yes.", 0), ("No.", 0), ("Yes.", 1), ("No.", 1)]


def test_a_declared_key_needs_no_counting(take_bytes):
    rows, _ = take_bytes(JsonlSource(path="x", key="k"), b'{"text": "a", "k": 1}\n{"text": "a", "k": 1}\n')
    assert [r["occurrence"] for r in rows] == [0, 0]


def test_rows_beyond_a_chunk_go_on_counting(take_bytes):
    rows, _ = take_bytes(JsonlSource(path="x"), b'{"text": "a"}\n' * 10_000)
    assert [r["occurrence"] for r in rows] == list(range(10_000))
    assert [r["row"] for r in rows] == list(range(1, 10_001))


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_is_described_for_editors(kind):
    schema = TypeAdapter(kind).json_schema()
    Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    assert schema["description"]
    assert [name for name, field in schema["properties"].items() if not field.get("description")] == []
    assert schema["required"] == ["path"]


@pytest.mark.parametrize("kind", KINDS)
def test_yaml_values_make_a_source_that_travels(kind):
    source = TypeAdapter(kind).validate_python({"path": "p", "name": "n", "licence": "CC0-1.0", "exclude": ["*.bak"]})
    assert (source.path, source.name, source.licence) == ("p", "n", "CC0-1.0")
    assert pickle.loads(pickle.dumps(source)) == source
    assert hash(source)


@pytest.mark.parametrize("wrong", [{"path": ""}, {}, {"path": "p", "txt": "x"}, {"path": "p", "text": ""}])
def test_wrong_parameters(wrong):
    with pytest.raises(ValidationError):
        TypeAdapter(JsonlSource).validate_python(wrong)


def test_a_refusal_needs_a_known_reason_and_is_printable():
    with pytest.raises(ValueError, match="not one of"):
        Refused("a", "because")
    refused = Refused("caf\udce9", "bad_row", "\ud800", "x" * 900)
    assert (refused.uri, refused.detail, len(refused.row)) == ("caf\\xe9", "\\ud800", 500)
    json.dumps([refused.uri, refused.detail], ensure_ascii=False).encode()


@given(st.text())
def test_printable_text_can_be_stored(text):
    assert printable(text).encode().decode() == printable(text)
