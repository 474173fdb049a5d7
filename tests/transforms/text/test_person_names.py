"""Names of persons: how a model's answer is read, and a real pipeline of spaCy."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import TypeAdapter, ValidationError
from support.running import samples

from affectory.schemas.errors import UserError
from affectory.schemas.types import PLACES
from affectory.transforms.base import Reply, Result
from affectory.transforms.text.person_names import PersonNames

TEXT = "Anna met Bo Li; Will they?"
TOLD = [[0, 4], [9, 14]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline that knows two persons and a place."""
    spacy = pytest.importorskip("spacy", reason="needs the extra `names`")
    pipeline, path = spacy.blank("xx"), tmp_path_factory.mktemp("model") / "names"
    known = {"Anna": "PERSON", "Bo Li": "PER", "Berlin": "LOC"}
    pipeline.add_pipe("entity_ruler").add_patterns([{"label": v, "pattern": k} for k, v in known.items()])
    pipeline.to_disk(path)
    return path


def read(folder: Path, row: dict[str, Any], told: Any = TOLD, notes: pa.Table | None = None, **given: Any) -> Result:
    step = PersonNames(path=folder, **given)
    rows = samples(step, [row])
    for name in notes.column_names if notes else ():
        rows = rows.append_column(name, notes.column(name))  # type: ignore[union-attr]
    result = step.reader()(rows, [None if told is None else Reply(json.dumps(told))])
    result.check(1, "person_names")
    return result


def test_a_real_pipeline_finds_and_masks_them(folder: Path) -> None:
    step = PersonNames(path=folder)
    rows = [{"text": t} for t in ("In Berlin, Anna met Bo Li.", None, "", "Nobody.")]
    made = step.setup()(samples(step, rows)).rows
    assert made.column("text").to_pylist() == ["In Berlin, [name] met [name].", None, "", "Nobody."]
    assert step.model()(samples(step, rows[:1])) == [Reply("[[11, 15], [20, 25]]")]


def test_what_a_model_told_is_masked_where_it_lies(folder: Path) -> None:
    row = read(folder, {"text": TEXT}).rows.to_pylist()[0]
    assert row["text"] == "[name] met [name]; Will they?"
    found = [(p["kind"], row["text"][p["char_start"] : p["char_end"]], p["text"]) for p in row["person_names"]]
    assert found == [("name", "[name]", None)] * 2


def test_other_actions(folder: Path) -> None:
    row = read(folder, {"text": TEXT}, action="keep").rows.to_pylist()[0]
    assert (row["text"], [TEXT[p["char_start"] : p["char_end"]] for p in row["person_names"]]) == (
        TEXT,
        ["Anna", "Bo Li"],
    )
    [rejected] = read(folder, {"text": TEXT}, action="reject").rejected
    assert (rejected.reason, rejected.detail) == ("filtered", "personal data: 2 of kind name")
    assert read(folder, {"text": "Nobody."}, [], action="reject").rows.column("person_names").to_pylist() == [[]]
    assert read(folder, {"text": None}, None).rows.column("person_names").to_pylist() == [None]


def test_the_same_names_are_masked_in_all_that_is_said(folder: Path) -> None:
    segments = [{"kind": "utterance", "start_us": 0, "end_us": 9, "text": t} for t in ("Bo Li!", "Annabel, anna", None)]
    words = [{"kind": "word", "char_start": a, "char_end": b, "text": TEXT[a:b]} for a, b in [(0, 4), (5, 8), (12, 14)]]
    notes = pa.table({"asr_text": pa.array(["Anna met Bo"]), "words": pa.array([words], PLACES)})
    row = {"text": TEXT, "segments": segments, "extra": {"title": "Anna's day"}}
    made = read(folder, row, notes=notes).rows.to_pylist()[0]
    assert [s["text"] for s in made["segments"]] == ["[name]!", "Annabel, anna", None]
    assert [w["text"] for w in made["words"]] == ["[name]", "met", "[name]"]
    assert [made["text"][w["char_start"] : w["char_end"]] for w in made["words"]] == ["[name]", "met", "[name]"]
    assert made["asr_text"] == "[name] met Bo"
    assert made["extra"] == [("title", "[name]'s day")]


@pytest.mark.parametrize("told", [[[0, 99]], [[3, 1]], [[0, 4], [2, 6]], [[4, 4]], [1], "no", {"a": 1}, [["x", "y"]]])
def test_an_answer_that_is_none_fails_its_row(folder: Path, told: Any) -> None:
    assert len(read(folder, {"text": TEXT}, told).failed) == 1


def test_whom_it_asks_is_known_by_what_is_in_the_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "names").mkdir()
    (tmp_path / "names" / "meta.json").write_text("{}")
    one, other = PersonNames(path=folder).whom(), PersonNames(path=tmp_path / "names").whom()
    assert (one.backend, one.model) == (other.backend, other.model) == ("spacy", "names")
    assert one.revision != other.revision
    assert one.parameters != PersonNames(path=folder, labels=("PER",)).whom().parameters
    assert PersonNames(path=folder, action="keep").whom() == one


@pytest.mark.parametrize("given", [{}, {"path": "x", "package": "y"}])
def test_a_model_is_named_in_one_way(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="it needs a model"):
        TypeAdapter(PersonNames).validate_python(given)


def test_a_model_that_is_not_there_is_told_when_planning() -> None:
    with pytest.raises(UserError, match="finds no package xx_no_such_model") as told:
        PersonNames(package="xx_no_such_model")
    assert "spacy download xx_no_such_model" in told.value.hint
    with pytest.raises(UserError, match="knows no backend named 'parrot'"):
        PersonNames(package="pytest", backend="parrot")
    assert PersonNames(package="pytest").whom().revision == pytest.__version__
