"""The parameters of ratings: what a recipe may say, and what editors are told."""

import math
import pickle

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from affectory.schemas.opinion import PERSPECTIVES, RATER_KINDS
from affectory.transforms.ratings.csv import CsvRatings
from affectory.transforms.ratings.dialogues import DialogueRatings
from affectory.transforms.ratings.jsonl import JsonlRatings
from affectory.transforms.ratings.label_studio import LabelStudioRatings
from affectory.transforms.ratings.parquet import ParquetRatings

KINDS = (CsvRatings, JsonlRatings, ParquetRatings, DialogueRatings, LabelStudioRatings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"file": "f"}, "give either `target`"),
        ({"target": None}, "give either `target`"),
        ({"label": None}, "nothing is rated: give at least one of label, valence, arousal, dominance"),
        ({"label": None, "valence": "v", "intensity": "i"}, "`intensity` is that of a label"),
        ({"intensity_max": 3}, "`intensity_max` belongs to `intensity`"),
        ({"intensity": "i", "intensity_max": 0}, "greater than 0"),
        ({"vad_range": [1, 1]}, r"`vad_range` is \[lowest, highest\]"),
        ({"vad_range": [0, math.inf]}, "finite number"),
        ({"vad_range": [0]}, "Field required"),
        ({"perspective": "seen"}, "'expressed', 'perceived', 'elicited', 'felt' or 'intended'"),
        ({"rater_kind": "model"}, "'human', 'author' or 'adjudicator'"),
        ({"rater_relation": "friend"}, "'self', 'parent', 'clinician', 'crowd' or 'expert'"),
        ({"modalities": ["smell"]}, "'video', 'audio', 'image', 'text' or 'signal'"),
        ({"question": ""}, "at least 1 character"),
        ({"raters": "x"}, "Unexpected keyword argument"),
        ({"rater": None}, "say who rated: `rater`"),
        ({"rater_name": "published"}, "rater and rater_name: give one of them"),
        ({"anonymous": True}, "rater and anonymous: give one of them"),
        ({"wide": ["a"]}, "rater and wide: give one of them"),
        ({"anonymous": True, "rater": None, "people": 3}, "`people` are summed up"),
        ({"people": -1}, "greater than or equal to 0"),
        ({"label": None, "votes": {"joy": "j"}}, "leave out `rater`"),
        ({"votes": {"joy": "j"}}, "`label` is the column of a label a row"),
        ({"label": None, "columns": {"joy": "j"}, "distribution": {"joy": "j"}}, "columns and distribution"),
        ({"columns": {"joy": "j"}, "label": None, "intensity": "i"}, "`intensity` is that of a label"),
        ({"separator": ",", "intensity": "i"}, "`intensity` is that of one label"),
        ({"levels": ["no", "yes", " NO"], "intensity": "i"}, "`levels` has a word twice"),
        ({"levels": ["no", "yes"], "intensity": "i", "intensity_max": 1}, "`levels` are a scale in words"),
        ({"rater": None, "wide": "(?P<label>.*)_r"}, r"needs a group \(\?P<rater>"),
        ({"rater": None, "wide": "(a+)+"}, "a repeated group"),
        ({"labels": {"Happy": "joy", "happy ": "fear"}}, "`labels` has a word twice"),
        ({"where": {"kind": "("}}, "not a regular expression"),
        ({"vad_range": {"valence": [2, 1]}}, r"`vad_range` is \[lowest, highest\]"),
        ({"vad_range": {"joy": [1, 2]}}, "'valence', 'arousal' or 'dominance'"),
        ({"of": ""}, "at least 1 character"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_wrong_parameters_are_mistakes_of_the_recipe(reader, kind, change, message):
    with pytest.raises(ValidationError, match=message):
        reader(kind, **change)


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_from_yaml(reader, kind):
    made = reader(kind, modalities=["video", "audio"], rater_relation="crowd", rater_kind="author", question="Which?")
    assert (made.modalities, made.perspective, made.rater_kind) == (("video", "audio"), "perceived", "author")
    assert reader(kind).question == "Which emotion do you perceive?"
    assert pickle.loads(pickle.dumps(made)) == made
    assert hash(made)


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_is_described_for_editors(kind):
    schema = TypeAdapter(kind).json_schema()
    Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    assert [name for name, field in schema["properties"].items() if not field.get("description")] == []
    assert sorted(schema["required"]) == ["of", "path"]
    assert schema["properties"]["perspective"]["enum"] == list(PERSPECTIVES)
    assert set(schema["properties"]["rater_kind"]["enum"]) < set(RATER_KINDS)
