"""Ratings from exports of Label Studio, in the shapes that its tags store."""

import json
from typing import Any

import pytest
from hypothesis import example, settings
from hypothesis import given as for_all
from hypothesis import strategies as st
from pydantic import TypeAdapter

from affectory.transforms.ratings.csv import CsvRatings
from affectory.transforms.ratings.label_studio import LabelStudioRatings


def made(**parameters):
    return TypeAdapter(LabelStudioRatings).validate_python({"path": "p", "of": "s", "label": "emotion", **parameters})


def result(tag: str, kind: str, id_: str = "g", **value: Any) -> dict[str, Any]:
    return {"id": id_, "from_name": tag, "to_name": "t", "type": kind, "value": value}


def chosen(*labels: str, tag: str = "emotion", **more: Any) -> dict[str, Any]:
    return result(tag, "choices", choices=list(labels), **more)


def annotation(*results: Any, **more: Any) -> dict[str, Any]:
    given = {"id": 31, "completed_by": 2, "result": list(results), "was_cancelled": False, "lead_time": 12.5}
    return {**given, **more}


def task(*annotations: Any, **data: Any) -> dict[str, Any]:
    return {"id": 7, "data": data or {"text": "Hi", "uid": "u7"}, "annotations": list(annotations), "predictions": []}


def read(take_bytes, *annotations, **parameters):
    return take_bytes(made(**parameters), json.dumps([task(*annotations)]).encode())


def given(rating):
    return {name: value for name, value in rating.items() if value is not None}


def test_an_annotation_is_a_rating(take_bytes):
    why = result("why", "textarea", text=["She smiles.", "A lot."])
    rows, refused = read(
        take_bytes,
        annotation(chosen("joy"), result("strength", "rating", rating=4), result("v", "number", number=-3), why),
        intensity="strength", valence="v", vad_range=[-3, 3], rationale="why", target="data.uid",
    )  # fmt: skip
    assert refused == []
    assert [given(r) for r in rows] == [
        {
            "target_key": "u7", "rater": "2", "label": "joy", "intensity": 4.0, "valence": -1.0,
            "rationale": "She smiles.\nA lot.", "spent_s": 12.5, "row": 1,
        }
    ]  # fmt: skip


@pytest.mark.parametrize("who", [5, "ann@x.org", {"id": 5, "email": "ann@x.org"}])
def test_annotators_are_told_apart(take_bytes, who):
    rows, _ = read(take_bytes, annotation(chosen("joy"), completed_by=who), annotation(chosen("fear"), completed_by=6))
    assert [r["rater"] for r in rows] == ["ann@x.org" if isinstance(who, str) else "5", "6"]
    assert [r["target_key"] for r in rows] == ["7", "7"]


def test_several_choices_and_branches_of_a_tree(take_bytes):
    tree = result("emotion", "taxonomy", taxonomy=[["joy", "pride"], ["fear"]])
    rows, _ = read(take_bytes, annotation(chosen("joy", "fear")), annotation(tree))
    assert [[x["label"] for x in r["labels"]] for r in rows] == [["joy", "fear"], ["pride", "fear"]]


@pytest.mark.parametrize(
    ("bad", "reason", "detail"),
    [
        (annotation(chosen("joy"), was_cancelled=True), "filtered", "the annotator skipped this task"),
        (annotation(), "bad_row", "nothing is rated"),
        (annotation(chosen("joy", tag="other")), "bad_row", "nothing is rated"),
        (annotation(result("emotion", "choices", choices={"a": 1})), "bad_row", "an object, not text"),
        (annotation("x"), "bad_row", "a result is an object"),
        (annotation(chosen("joy"), completed_by=None), "bad_row", "column 'annotator': no value"),
        (3, "bad_row", "not an annotation of a task"),
        (annotation(chosen("\ud800")), "bad_encoding", "one half of a character"),
        (annotation(result("emotion", "timelinelabels", ranges=[{"start": 1, "end": 2}])), "bad_row", "`framerate`"),
        (annotation(result("emotion", "brushlabels", rle=[1])), "bad_row", "regions of brushlabels have no place"),
    ],
)
def test_what_is_no_rating_is_refused_alone(take_bytes, bad, reason, detail):
    rows, (refused,) = read(take_bytes, bad, annotation(chosen("joy")))
    assert [r["row"] for r in rows] == [2]
    assert (refused.uri, refused.reason) == ("file.txt#L1", reason)
    assert detail in refused.detail


SOUND = result("emotion", "labels", "r1", start=1.5, end=2.0, channel=0, labels=["joy"])
WORDS = result("emotion", "labels", "r1", start=3, end=8, text="sadly", labels=["joy"])
FRAMES = result("emotion", "timelinelabels", "r1", ranges=[{"start": 1, "end": 50}], timelinelabels=["joy"])
FACE = {
    **result("emotion", "rectanglelabels", "r1", x=50, y=10, width=25, height=5, rotation=0, rectanglelabels=["joy"]),
    "original_width": 640,
    "original_height": 200,
}


@pytest.mark.parametrize(
    ("region", "place"),
    [
        (SOUND, {"start_us": 1_500_000, "end_us": 2_000_000}),
        (WORDS, {"char_start": 3, "char_end": 8}),
        (FRAMES, {"start_us": 0, "end_us": 2_000_000}),
        (FACE, {"box": [320.0, 20.0, 160.0, 10.0]}),
    ],
    ids=["sound", "words", "frames", "face"],
)
def test_regions_are_places(take_bytes, region, place):
    repeated = {k: v for k, v in region["value"].items() if k != region["type"]}
    beside = {**region, "from_name": "strength", "type": "rating", "value": {**repeated, "rating": 2}}
    about = {"target_key": "7", "rater": "2", "spent_s": 12.5, "row": 1}
    rows, refused = read(take_bytes, annotation(region, beside), intensity="strength", framerate=25)
    assert ([given(r) for r in rows], refused) == ([{**about, "label": "joy", "intensity": 2.0, **place}], [])
    rows, refused = read(take_bytes, annotation(chosen("fear"), region), framerate=25)
    assert [given(r) for r in rows] == [{**about, "label": "fear"}, {**about, "label": "joy", **place}]


def test_regions_may_be_what_the_rater_pointed_at(take_bytes):
    cue = {**SOUND, "from_name": "cue"}
    rows, refused = read(take_bytes, annotation(chosen("fear"), cue), evidence=["cue"])
    assert refused == []
    [place] = rows[0]["evidence"]
    assert given(place) == {"kind": "joy", "start_us": 1_500_000, "end_us": 2_000_000}


def test_what_the_recipe_does_not_name_may_be_of_any_kind(take_bytes):
    odd = [
        {"from_id": "r1", "to_id": "r2", "type": "relation", "direction": "right"},
        result("mask", "brushlabels", "r2", rle=[1], brushlabels=["x"]),
        result("time", "timelinelabels", "r3", ranges=[{"start": 1, "end": 2}], timelinelabels=["x"]),
    ]
    rows, refused = read(take_bytes, annotation(chosen("joy"), *odd))
    assert ([r["label"] for r in rows], refused) == (["joy"], [])
    _, (refusal,) = read(take_bytes, annotation({**chosen("joy"), "id": "r3"}, odd[2]))
    assert "`framerate`" in refusal.detail, "the choice is about a stretch that cannot be told"


def test_a_turned_box_is_refused(take_bytes):
    turned = {**FACE, "value": {**FACE["value"], "rotation": 30}}
    _, (refused,) = read(take_bytes, annotation(turned))
    assert refused.detail == "a turned box has no upright place"


def test_json_min_has_one_annotation_a_task(take_bytes):
    flat = {"id": 7, "text": "Hi", "uid": "u7", "annotator": 2, "annotation_id": 31, "emotion": "joy", "lead_time": 1.5}
    several = {**flat, "emotion": {"choices": ["joy", "fear"]}}
    rows, refused = take_bytes(made(occasion="annotation", target="data.uid"), json.dumps([flat, several]).encode())
    assert (refused, [(r["target_key"], r["label"], r["occasion"], r["spent_s"]) for r in rows]) == (
        [],
        [("u7", "joy", "31", 1.5), ("u7", None, "31", 1.5)],
    )


@pytest.mark.parametrize(("data", "detail"), [(b"{}", "a list of tasks"), (b"[", "not JSON"), (b"[]", "no rows")])
def test_a_file_that_is_no_export_is_one_refusal(take_bytes, data, detail):
    rows, (refused,) = take_bytes(made(), data)
    assert rows == []
    assert detail in refused.detail


def test_an_export_in_csv_is_told_which_kind_reads_it(take, tmp_path):
    (tmp_path / "export.csv").write_text("id,text,emotion\n1,a,joy\n")
    _, (refused,) = take(made(), tmp_path / "export.csv")
    assert refused.detail.endswith("exports as CSV or TSV are read by ratings of the kind csv")


def test_an_export_in_csv_keeps_the_level_none_and_odd_times(take, shared):
    levels = ("None", "A little", "Moderate", "Extremely")
    emotions = {"joy": "happy", "sadness": "sad", "anger": "anger", "fear": "fear", "disgust": "disgust"}
    reader = CsvRatings(
        path="p", of="s", target="id", rater="annotator", columns=emotions, levels=levels, spent_s="lead_time"
    )
    rows, refused = take(reader, shared("earkick_labelstudio/assessment.csv"))
    expected = json.loads(shared("expected/earkick_labelstudio_agreement.json").read_text())
    assert (len(rows), refused, len({r["rater"] for r in rows})) == (expected["rows"], [], expected["annotators"])
    for label, column in emotions.items():
        steps = [x["intensity"] for r in rows for x in r["labels"] if x["label"] == label]
        assert {levels[int(s)]: steps.count(s) for s in set(steps)} == expected["agreement"][column]["levels"]
    assert int(max(r["spent_s"] for r in rows)) == 126_206


def region(value, tag="emotion", **more):
    return {"id": "r", "from_name": tag, "type": "labels", "value": {"labels": ["joy"], **value}, **more}


SIZE = {"original_width": 200, "original_height": 100}
ODD = {
    "beyond all characters": region({"text": "x", "start": 0, "end": 10**30}),
    "before the first": region({"text": "x", "start": -5, "end": 3}),
    "backwards": region({"text": "x", "start": 5, "end": 3}),
    "beyond all times": region({"channel": 0, "start": 1.0, "end": 1e300}),
    "before the beginning": region({"channel": 0, "start": -1.0, "end": 1.0}),
    "a box without size": region({"x": 1, "y": 1, "width": 0, "height": 5}, **SIZE),
    "a box beyond all pictures": region({"x": 1e300, "y": 1, "width": 1, "height": 5}, **SIZE),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
@pytest.mark.parametrize("evidence", [(), ("emotion",)], ids=["rated", "pointed at"])
def test_regions_that_can_not_be_are_refused(take, tmp_path, odd, evidence):
    (tmp_path / "e.json").write_text(json.dumps([{"id": 7, "annotations": [{"completed_by": 3, "result": [odd]}]}]))
    rows, (refused,) = take(made(evidence=evidence), tmp_path / "e.json")
    assert (rows, refused.reason) == ([], "bad_row")


def test_regions_without_an_id_are_each_by_itself_and_hypertext_has_offsets(take, tmp_path):
    path = "/div[1]/text()[1]"
    hyper = region({"start": path, "end": path, "text": "x", "globalOffsets": {"start": 3, "end": 7}})
    given = [{**hyper, "id": None}, {**region({"text": "x", "start": 8, "end": 9}), "id": None}]
    (tmp_path / "e.json").write_text(json.dumps([{"id": 7, "annotations": [{"completed_by": 3, "result": given}]}]))
    rows, refused = take(made(), tmp_path / "e.json")
    assert ([(r["char_start"], r["char_end"]) for r in rows], refused) == ([(3, 7), (8, 9)], [])


values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 200) | st.sampled_from([0.5, "joy", "x", ""]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["choices", "labels", "ranges", "start", "end", "text", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
results = st.fixed_dictionaries(
    {"from_name": values | st.just("emotion"), "value": values},
    optional={"id": values, "type": st.sampled_from(["choices", "labels", "timelinelabels", "taxonomy", "textarea"])},
)
annotations = st.fixed_dictionaries(
    {"result": st.lists(results, max_size=3) | values}, optional={"completed_by": values, "lead_time": values}
)


@settings(max_examples=60)
@example(
    [{"id": 7, "annotations": [{"result": 5}, {"result": [{"from_name": "emotion", "value": {"ranges": ["x"]}}]}]}]
)
@for_all(
    st.lists(st.fixed_dictionaries({"id": values, "annotations": st.lists(annotations | values)}) | values, max_size=3)
)
def test_whatever_an_export_holds_every_annotation_is_told(take, tmp_path_factory, tasks):
    path = tmp_path_factory.mktemp("export") / "e.json"
    path.write_text(json.dumps(tasks))
    rows, refused = take(made(framerate=25), path)
    lists = [task.get("annotations") if isinstance(task, dict) else None for task in tasks]
    count = sum(len(found) if isinstance(found, list) else 1 for found in lists)
    told = {r["row"] for r in rows} | {int(r.uri.partition("#L")[2]) for r in refused if "#" in r.uri}
    assert told == set(range(1, count + 1))
