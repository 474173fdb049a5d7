"""Ratings of turns, and causes as evidence: which turn, and which characters of it."""

import json
import zipfile
from collections import Counter

import pytest
from pydantic import TypeAdapter, ValidationError

from affectory.transforms.ratings.dialogues import DialogueRatings
from affectory.transforms.sources.base import Limits, SourceFile
from affectory.transforms.sources.dialogues import DialoguesSource


def made(**parameters):
    return TypeAdapter(DialogueRatings).validate_python({"path": "p", "of": "s", **parameters})


RECCON = made(shape="reccon", label="emotion", rater_name="published")


def turn(number, text, emotion="neutral", causes=None, spans=None):
    more = {} if causes is None else {"expanded emotion cause evidence": causes, "expanded emotion cause span": spans}
    return {"turn": number, "speaker": "A", "utterance": text, "emotion": emotion, **more}


def read(take_bytes, *turns, reader=RECCON):
    return take_bytes(reader, json.dumps({"tr_1": [list(turns)]}).encode())


def test_causes_are_turns_and_words(take_bytes):
    first = turn(1, "I lost  my\tkeys . Yes , my keys .")
    rows, refused = read(
        take_bytes, first, turn(2, "Oh no !", "sadness", [1, "1", 2, "b"], ["my keys", "Yes", "Oh", "b"])
    )
    assert (refused, [(r["target_key"], r["label"]) for r in rows]) == (
        [],
        [("tr_1/0", "neutral"), ("tr_1/1", "sadness")],
    )
    nothing, places = (r["evidence"] for r in rows)
    assert nothing is None
    assert [(p["kind"], p["key"], p["char_start"], p["char_end"]) for p in places] == [
        ("cause", "tr_1/0", 24, 31),
        ("cause", "tr_1/0", 18, 21),
        ("cause", None, 0, 2),
        ("background", None, None, None),
    ]


def test_spaces_in_words_of_a_cause_may_differ(take_bytes):
    rows, _ = read(take_bytes, turn(1, "I lost  my\tkeys .", "sadness", [1], ["lost my keys"]))
    assert [(p["char_start"], p["char_end"]) for p in rows[0]["evidence"]] == [(2, 15)]


@pytest.mark.parametrize(
    ("causes", "spans", "detail"),
    [
        ([7], ["x"], "the cause 7 is no turn of the dialogue"),
        (["c"], ["x"], "'c' is not a whole number"),
        ([None], ["x"], "the cause None is no turn of the dialogue"),
        ([1], ["lost"], "'lost' are not words of turn 1"),
        ([1], [""], "'' are not words of turn 1"),
        ([1], [3], "a value of type int, not text"),
        ([1, 1], ["Hi"], "2 causes, but words of 1"),
        ("1", ["Hi"], "are lists"),
        ([1], ["\ud800"], "one half of a character"),
    ],
)
def test_a_cause_that_is_not_there_refuses_its_turn_alone(take_bytes, causes, spans, detail):
    rows, (refused,) = read(take_bytes, turn(1, "Hi"), turn(2, "Ho", "joy", causes, spans))
    assert [r["target_key"] for r in rows] == ["tr_1/0"]
    assert (refused.uri, refused.reason) == ("file.txt#L2", "bad_encoding" if "half" in detail else "bad_row")
    assert detail in refused.detail
    assert '"utterance": "Ho"' in refused.row


def test_two_turns_of_one_number_are_no_cause(take_bytes):
    _, (refused,) = read(take_bytes, turn(1, "Hi"), turn(1, "Hi", "joy", [1], ["Hi"]))
    assert refused.detail == "the cause 1 is more than one turn of the dialogue"


def test_causes_in_a_layout_of_ones_own(take_bytes):
    causes = {"turns": "why", "numbers": "position", "background": ["outside"]}
    reader = made(label="mood", rater="who", target="id", causes=causes)
    turns = [
        {"id": "a", "mood": "joy", "who": "r", "text": "Hi"},
        {"id": "b", "mood": "fear", "who": "r", "why": [0, "outside"]},
    ]
    rows, refused = take_bytes(reader, json.dumps([turns]).encode())
    assert refused == []
    assert [(p["kind"], p["key"], p["char_start"]) for p in rows[1]["evidence"]] == [
        ("cause", "a", None),
        ("background", None, None),
    ]


def test_causes_need_to_say_where_they_are():
    with pytest.raises(ValidationError, match="turns"):
        made(label="x", rater_name="r", causes={})


STRATEGIES = {"Reflection of Feelings": "Reflection of feelings", "Others": "Other"}


def test_strategies_of_esconv_are_those_of_supporters_as_the_recipe_spells_them(take_bytes):
    said = ("Question", "Reflection of Feelings", "others", None)
    dialog = [
        {"speaker": who, "content": "...", "annotation": {} if strategy is None else {"strategy": strategy}}
        for who, strategy in [("seeker", None), *(("supporter", s) for s in said)]
    ]
    reader = made(
        shape="esconv",
        label="annotation.strategy",
        labels=STRATEGIES,
        rater_name="published",
        where={"speaker": "supporter"},
    )
    rows, refused = take_bytes(reader, json.dumps([{"dialog": dialog}]).encode())
    names = {r["target_key"].partition("/")[0] for r in rows}
    assert len(names) == 1
    assert [(r["target_key"].partition("/")[2], r["label"]) for r in rows] == [
        ("1", "Question"),
        ("2", "Reflection of feelings"),
        ("3", "Other"),
    ]
    assert [(r.uri, r.detail) for r in refused] == [("file.txt#L5", "nothing is rated")]
    assert set(reader.words().values()) == {"Reflection of feelings", "Other"}


def test_emotionx_has_the_votes_that_its_file_counts(take, shared, tmp_path):
    labels = ("neutral", "joy", "sadness", "fear", "anger", "surprise", "disgust")
    with zipfile.ZipFile(shared("emotionx/2019_Train_Friends.zip")) as archive:
        dialogues = json.loads(archive.read("Friends/friends.json"))[:60]
    path = tmp_path / "friends.json"
    path.write_text(json.dumps(dict(enumerate(dialogues))))
    rows, refused = take(made(vote_digits={"column": "annotation", "labels": labels}), path)
    assert refused == []
    expected = Counter(
        {
            (f"{d}/{t}", label): int(count)
            for d, turns in enumerate(dialogues)
            for t, said in enumerate(turns)
            for label, count in zip(labels, said["annotation"], strict=True)
        }
    )
    assert Counter((r["target_key"], r["label"]) for r in rows) == +expected
    assert len(rows) == 5 * sum(map(len, dialogues))


def test_ratings_of_a_list_find_the_turns_of_their_source(take_bytes, tmp_path):
    said = {"text": "Hi", "mood": "joy"}
    data = json.dumps([[said], [said | {"text": "Ho"}], [said]]).encode()
    (tmp_path / "d.json").write_bytes(data)
    file = SourceFile("d.json", tmp_path / "d.json", "0" * 64, len(data))
    (turns,) = DialoguesSource(path="x", speaker=None).read(file, Limits())
    rows, refused = take_bytes(made(label="mood", rater_name="r"), data)
    assert (refused, len(rows)) == ([], 3)
    assert [r["target_key"] for r in rows] == turns.rows.column("key").to_pylist()
