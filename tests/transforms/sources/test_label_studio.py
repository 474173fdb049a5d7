"""Exports of Label Studio: tasks become records, whichever form they were exported in."""

import json

import pytest

from affectory.transforms.sources.label_studio import LabelStudioSource, served

TASKS = [
    {"id": 7, "data": {"uid": "u7", "text": "One", "meta": {"who": "ann"}}, "annotations": [{"id": 1}, {"id": 2}]},
    {"id": 8, "data": {"uid": "u8", "text": "Two", "meta": {"who": "bob"}}, "annotations": []},
]
FLAT = [{"id": 7, "text": "One", "mood": "joy"}, {"id": 7, "text": "One", "mood": "fear"}, {"id": 8, "text": "Two"}]
TABLE = "text,id,mood\nOne,7,joy\nOne,7,fear\nTwo,8,\n"
FORMS = [
    ("e.json", json.dumps(TASKS)),
    ("min.json", json.dumps(FLAT)),
    ("e.csv", TABLE),
    ("e.tsv", TABLE.replace(",", "\t")),
]


@pytest.mark.parametrize(("name", "text"), FORMS)
def test_every_task_is_a_record_once(take_bytes, name, text):
    rows, refused = take_bytes(LabelStudioSource(path="x"), text.encode(), name=name)
    assert refused == []
    assert [(r["key"], r["text"]) for r in rows] == [("7", "One"), ("8", "Two")]


def test_what_tasks_are_made_of_can_be_named(take_bytes):
    source = LabelStudioSource(path="x", key="data.uid", speaker="data.meta.who", keep=("id",))
    rows, _ = take_bytes(source, json.dumps(TASKS).encode(), name="e.json")
    assert [(r["key"], r["speaker"], r["extra"]) for r in rows] == [
        ("u7", "ann", {"id": "7"}),
        ("u8", "bob", {"id": "8"}),
    ]


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("/data/local-files/?d=sample/8404_8.m4a", "sample/8404_8.m4a"),
        ("http://ls:8080/data/local-files/?d=a%20b/c.wav", "a b/c.wav"),
        ("/data/upload/3/ab12-face.png", "upload/3/ab12-face.png"),
        ("https://example.org/a.png", "https://example.org/a.png"),
        ("s3://bucket/a.png", "s3://bucket/a.png"),
        ("a.png", "a.png"),
        (None, None),
    ],
)
def test_media_lie_below_the_folder_that_was_served(value, place):
    assert served(value) == place


def test_media_are_named(take_bytes):
    tasks = [{"id": n, "data": {"audio": v}} for n, v in enumerate(["/data/local-files/?d=a/b.wav", None, 3])]
    rows, refused = take_bytes(
        LabelStudioSource(path="x", audio="data.audio"), json.dumps(tasks).encode(), name="e.json"
    )
    assert [(r["key"], r["kind"], r["media"]) for r in rows] == [("0", "audio", "a/b.wav")]
    assert [(r.uri, r.reason) for r in refused] == [("e.json#L2", "bad_row"), ("e.json#L3", "bad_row")]


@pytest.mark.parametrize("text", ["{", "{}", "[1]", '[{"id": 1}]', '[{"data": {"text": "a"}}]', ""])
def test_what_is_no_task_is_refused(take_bytes, text):
    rows, refused = take_bytes(LabelStudioSource(path="x"), text.encode(), name="e.json")
    assert (rows, len(refused)) == ([], 1)


def test_a_real_export(take, shared):
    path = shared("earkick_labelstudio/assessment.csv")
    rows, refused = take(LabelStudioSource(path="x", audio="data.audio", keep=("data.gender",)), path)
    assert (len(rows), refused) == (348, [])
    assert (rows[0]["key"], rows[0]["media"], rows[0]["extra"]) == ("1", "sample/8404_8.m4a", {"data.gender": "Male"})


def test_tasks_of_one_number_that_differ_are_each_told(take_bytes):
    """As two projects number theirs: whether they are two records is seen from their keys."""
    nested = json.dumps([{"id": 7, "data": {"text": "One"}}, {"id": 7, "data": {"text": "Two"}}])
    flat, table = json.dumps([{"id": 7, "text": "One"}, {"id": 7, "text": "Two"}]), "id,text\n7,One\n7,Two\n7,One\n"
    for name, text in (("e.json", nested), ("min.json", flat), ("e.csv", table)):
        rows, refused = take_bytes(LabelStudioSource(path="x"), text.encode(), name=name)
        assert ([(r["key"], r["text"]) for r in rows], refused) == ([("7", "One"), ("7", "Two")], [])


def test_what_no_table_holds_costs_its_task_alone(take_bytes):
    bad = '{"id": 1, "data": {"text": "\\ud800"}}, {"id": 2, "data": {"text": "b", "n": 1e999}}'
    text = f'[{bad}, {{"id": 3, "data": {{"text": "c"}}}}]'
    rows, refused = take_bytes(LabelStudioSource(path="x"), text.encode(), name="e.json")
    assert [r["text"] for r in rows] == ["c"]
    assert [(r.uri, r.reason) for r in refused] == [("e.json#L1", "bad_encoding"), ("e.json#L2", "bad_row")]
