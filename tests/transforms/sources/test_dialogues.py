"""Dialogues in JSON: turns are records, whatever the layout; what is no turn is refused and costs no other."""

import gzip
import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectory.transforms.sources._documents import document
from affectory.transforms.sources.base import Limits, Refused, SourceFile
from affectory.transforms.sources.dialogues import DialoguesSource

HI, HO = {"speaker": "A", "text": "Hi"}, {"speaker": "B", "text": "Ho"}


def places(rows):
    return [(r["key"], r["dialogue"], r["position"], r["speaker"], r["text"]) for r in rows]


@pytest.mark.parametrize(
    ("document", "parameters", "ids"),
    [
        ([[HI, HO], [HI]], {}, ("fc7dd05bc7814e4c", "838a3f209ccb7ac8")),
        ({"x": [HI, HO], "y/1": [HI]}, {}, ("x", "y/1")),
        ([{"id": 7, "turns": [HI, HO]}, {"id": "z", "turns": [HI]}], {"turns": "turns", "number": "id"}, ("7", "z")),
        (
            {"data": {"all": {"x": {"t": [[HI, HO]]}, "y": {"t": [[HI]]}}}},
            {"dialogues": "data.all", "turns": "t.0"},
            "xy",
        ),
    ],
    ids=["lists", "by id", "with an id inside", "deep inside"],
)
def test_turns_are_found_in_any_layout(take_bytes, document, parameters, ids):
    first, second = ids
    quoted = second.replace("/", "%2F")
    expected = [
        (f"{first}/0", first, 0, f"{first}/A", "Hi"),
        (f"{first}/1", first, 1, f"{first}/B", "Ho"),
        (f"{quoted}/0", second, 0, f"{quoted}/A", "Hi"),
    ]
    source = DialoguesSource(path="x", **parameters)
    for data in (json.dumps(document).encode(), gzip.compress(b"\xef\xbb\xbf" + json.dumps(document).encode())):
        rows, refused = take_bytes(source, data)
        assert (places(rows), refused) == (expected, [])
        assert [r["row"] for r in rows] == [1, 2, 3]


def test_a_speaker_known_everywhere_is_one_person(take_bytes):
    rows, _ = take_bytes(DialoguesSource(path="x", speaker="speaker"), json.dumps([[HI], [HI]]).encode())
    assert [r["speaker"] for r in rows] == ["A", "A"]


def test_a_dialogue_of_a_list_is_known_by_what_it_holds_wherever_it_stands(take_bytes):
    """Not by its place: that would name dialogues of two files alike."""
    one, two, same = [HI], [HO], [dict(reversed(HI.items()))]
    rows, _ = take_bytes(DialoguesSource(path="x"), json.dumps([one, two, same, one]).encode())
    first, second, *others = (r["dialogue"] for r in rows)
    assert first != second and others == [f"{first}-2", f"{first}-3"]
    rows, _ = take_bytes(DialoguesSource(path="x"), json.dumps([two, one]).encode(), name="other.json")
    assert [r["dialogue"] for r in rows] == [second, first]
    numbered = json.dumps([{"id": "7", "turns": one}, {"turns": two}]).encode()
    rows, (refused,) = take_bytes(DialoguesSource(path="x", turns="turns", number="id"), numbered)
    assert ([r["dialogue"] for r in rows], "has no id" in refused.detail) == (["7"], True)


ESCONV = [
    {
        "emotion_type": "anxiety",
        "problem_type": "job crisis",
        "situation": "I hate my job.",
        "survey_score": {"seeker": {"initial_emotion_intensity": "5", "final_emotion_intensity": "1"}},
        "dialog": [
            {"speaker": "seeker", "annotation": {}, "content": "Hello\n"},
            {"speaker": "supporter", "annotation": {"strategy": "Question"}, "content": "What is it?"},
            {"speaker": "seeker", "annotation": {"feedback": "5"}, "content": "My job."},
        ],
    }
]


def test_esconv(take_bytes):
    kept = ("annotation.strategy", "annotation.feedback", "dialogue.emotion_type")
    kept += ("dialogue.survey_score.seeker.initial_emotion_intensity",)
    rows, refused = take_bytes(DialoguesSource(path="x", shape="esconv", keep=kept), json.dumps(ESCONV).encode())
    (name,) = {r["dialogue"] for r in rows}
    about = {"dialogue.emotion_type": "anxiety", kept[3]: "5"}
    assert (refused, [(r["speaker"], r["text"], r["extra"]) for r in rows]) == (
        [],
        [
            (f"{name}/seeker", "Hello\n", about),
            (f"{name}/supporter", "What is it?", {**about, "annotation.strategy": "Question"}),
            (f"{name}/seeker", "My job.", {**about, "annotation.feedback": "5"}),
        ],
    )


def test_reccon(take_bytes):
    turn = {"turn": 1, "speaker": "A", "utterance": "Hi .", "emotion": "neutral"}
    rows, _ = take_bytes(DialoguesSource(path="x", shape="reccon"), json.dumps({"tr_1": [[turn]]}).encode())
    assert places(rows) == [("tr_1/0", "tr_1", 0, "tr_1/A", "Hi .")]


def test_what_is_no_turn_costs_no_other(take_bytes):
    document = {"a": [HI, "Ho", {"speaker": "B"}, HO], "b": [], "c": {"turns": 3}, "d": [HI]}
    rows, refused = take_bytes(DialoguesSource(path="x"), json.dumps(document).encode())
    assert [r["key"] for r in rows] == ["a/0", "a/3", "d/0"]
    assert [(r.uri, r.reason, r.detail) for r in refused] == [
        ("file.txt#L2", "bad_row", "a turn is an object, this is str"),
        ("file.txt#L5", "bad_row", "the dialogue 'b' has no turns"),
        ("file.txt#L6", "bad_row", "the dialogue 'c' has no turns"),
        ("file.txt#L3", "bad_row", "column 'text': no value"),
    ]


@pytest.mark.parametrize(
    ("data", "reason", "detail"),
    [
        (b"", "empty", "no rows"),
        (b"[]", "empty", "no rows"),
        (b'"x"', "bad_row", "the document is neither a list of dialogues nor has any"),
        (b"[[", "bad_row", "not JSON"),
        (b'{"a": [], "b": [], "a": []}', "bad_row", "the key 'a' is there twice"),
        (b"[[NaN]]", "bad_row", "NaN is no number of JSON"),
        (b"[" * 100_000, "bad_row", "not JSON"),
        (b'["caf\xe9"]', "bad_encoding", "byte 5 is not utf-8"),
    ],
)
def test_a_document_that_can_not_be_read_is_one_refusal(take_bytes, data, reason, detail):
    rows, (refused,) = take_bytes(DialoguesSource(path="x"), data)
    assert (rows, refused.uri, refused.reason) == ([], "file.txt", reason)
    assert detail in refused.detail


def test_documents_and_turns_are_bounded(take_bytes):
    data = gzip.compress(json.dumps([[{"text": "x" * 3_000_000}, HI]]).encode())
    rows, (refused,) = take_bytes(DialoguesSource(path="x"), data, Limits(row_bytes=1000))
    assert ([r["text"] for r in rows], refused.reason) == (["Hi"], "too_large")
    rows, (refused,) = take_bytes(DialoguesSource(path="x"), data, Limits(memory_mb=16))
    assert (rows, refused.reason) == ([], "too_large")
    assert "divide it" in refused.detail


@pytest.mark.parametrize("times", [24, 40])
def test_what_a_document_takes_in_memory_is_bounded(tmp_path, times):
    """Of the worst there is: an object of nothing for every nine bytes takes thirty times as many."""
    path = tmp_path / "d.json"
    path.write_text("[" + ",".join(['{"a":[]}'] * 100_000) + "]")
    limits = Limits(memory_mb=path.stat().st_size * times >> 20)
    tracemalloc.start()
    try:
        found = document(SourceFile("d.json", path, "", path.stat().st_size), limits)
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(found, Refused) == (times == 24)
    assert taken < limits.memory_mb << 20


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "speaker", "a.b", "0"]), inner)
    ),
    max_leaves=12,
)


@settings(max_examples=150)
@given(values)
def test_whatever_a_document_holds_every_turn_is_told(take, tmp_path_factory, document):
    path = tmp_path_factory.mktemp("dialogues") / "d.json"
    path.write_text(json.dumps(document))
    rows, refused = take(DialoguesSource(path="x", keep=("a.b", "dialogue.text")), path)
    places = [r["row"] for r in rows] + [int(r.uri.partition("#L")[2]) for r in refused if "#" in r.uri]
    assert sorted(places) == list(range(1, len(places) + 1))
    assert places or refused


@pytest.mark.parametrize(
    ("value", "reason"),
    [("1e999", "bad_row"), ('"\\ud800"', "bad_encoding")],
    ids=["beyond all numbers", "half a sign"],
)
@pytest.mark.parametrize("turn", ['{"text": %s}', '{"text": "a", "b": [{"c": %s}]}', "[%s]"])
def test_what_no_table_holds_costs_its_turn_alone(take_bytes, turn, value, reason):
    rows, (refused,) = take_bytes(DialoguesSource(path="x"), f"[[{json.dumps(HI)}, {turn % value}]]".encode())
    assert ([r["text"] for r in rows], refused.uri, refused.reason) == (["Hi"], "file.txt#L2", reason)


@pytest.mark.parametrize("depth", range(900, 1000, 7))
def test_no_depth_is_more_than_a_refusal(take_bytes, depth):
    data = f'[[{{"speaker": "A", "text": "a", "b": {"[" * depth}{"]" * depth}}}]]'
    rows, refused = take_bytes(DialoguesSource(path="x"), data.encode())
    assert len(rows) + len(refused) == 1
