"""Interfaces: what they show, and that what was answered is what is read."""

from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from support.forms import EKMAN, FORMS, TEXT, answered_result, asking, link, shown, weights

from affectory.annotation.answered import Read
from affectory.annotation.form import Form, field_class, field_modules
from affectory.annotation.shown import Shown, Suggestion
from affectory.schemas.errors import UserError
from affectory.schemas.recipe.review import Floors, Suggest
from affectory.schemas.taxonomy import Taxonomy, load_taxonomy

SLOW = Floors()
ANY = Floors(text=0, media=0)
LABELS = EKMAN.labels


def read(form: Form, about: Shown, said: dict[str, object], spent_s: float | None = 60.0) -> Read:
    return form.read(answered_result(form, about, said), about, spent_s, SLOW)


def test_fields_are_found_by_their_files() -> None:
    assert {"categories", "vad", "cues", "times", "faces", "transcript", "confidence", "words", "preference", "tree",
            "trace", "reason"} == field_modules().keys()  # fmt: skip


@pytest.mark.parametrize("name", field_modules())
def test_a_field_has_one_public_class_whose_parameters_are_described(name: str) -> None:
    cls = field_class(name)
    assert cls().name == name
    assert cls.__doc__
    assert all("description=" in str(hint) for hint in cls.__annotations__.values() if "ClassVar" not in str(hint))


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("vad", {"of": ["joy"]}, "of.0"),
        ("vad", {"steps": 1}, "steps"),
        ("categories", {"may": True}, "may"),
        ("categories", {"intensity": 1}, "intensity"),
        ("cues", {"of": []}, "of"),
        ("cues", {"of": ["a,b"]}, "of.0"),
    ],
)
def test_parameters_are_checked(name: str, given: dict[str, object], told: str) -> None:
    adapter = TypeAdapter(field_class(name))
    assert adapter.json_schema()["additionalProperties"] is False
    with pytest.raises(ValidationError) as error:
        adapter.validate_python(given)
    assert ".".join(map(str, error.value.errors()[0]["loc"])) == told


@pytest.mark.parametrize("name", field_modules())
def test_nothing_needs_to_be_said_of_a_field(name: str) -> None:
    assert TypeAdapter(field_class(name)).validate_python({}) == field_class(name)()


# What goes in comes out.

picked = st.lists(st.sampled_from(LABELS), min_size=1, unique=True)
steps = st.integers(1, 9)


@given(picked, st.data())
def test_several_emotions_and_how_strong_each_is(chosen: list[str], data: st.DataObject) -> None:
    form = asking("text", ("categories", {"many": True, "intensity": 5}))
    strong = {label: data.draw(st.integers(1, 5)) for label in chosen}
    stars = {f"strength_{LABELS.index(label)}": step for label, step in strong.items()}
    (answer,) = read(form, shown("text"), {"categories": chosen, **stars}).answers
    assert answer.answer["weights"] == weights(chosen)
    assert answer.answer["intensities"] == [strong.get(label) for label in LABELS]
    assert answer.asked["labels"] == list(LABELS)
    assert answer.asked["response"] == "multi-label"


@given(st.sampled_from(LABELS), st.integers(1, 5))
def test_one_emotion_and_how_sure(label: str, sure: int) -> None:
    form = asking("audio", "categories", "confidence", "reason", name="heard")
    said = {"categories": [label], "confidence": sure, "reason": ["her voice"]}
    (answer,) = read(form, shown("audio"), said).answers
    assert (answer.question, answer.asked["response"]) == ("heard: categories", "simplex")
    assert answer.answer == {"weights": weights(label)}
    assert (answer.confidence, answer.rationale) == ((sure - 1) / 4, "her voice")


@given(steps, steps, steps)
def test_sliders_are_brought_to_the_scale_of_the_ledger(valence: int, arousal: int, dominance: int) -> None:
    said = {"valence": valence, "arousal": arousal, "dominance": dominance}
    (answer,) = read(asking("image", "vad"), shown("image"), said).answers
    assert answer.asked["response"] == "continuous"
    assert answer.answer["vad"] == {name: pytest.approx((step - 5) / 4) for name, step in said.items()}


def test_a_slider_that_is_not_asked_says_nothing() -> None:
    form = asking("text", ("vad", {"of": ("arousal",), "steps": 3}))
    (answer,) = read(form, shown("text"), {"arousal": 3}).answers
    assert answer.answer["vad"] == {"valence": None, "arousal": 1.0, "dominance": None}


@given(st.data())
def test_spans_of_text_are_those_of_the_record(data: st.DataObject) -> None:
    text = data.draw(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=2, max_size=60))
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    about = Shown("s", "text", {"record": "r", "char_start": 100}, text)
    form = asking("text", "categories", ("cues", {"of": ("cause", "wish")}))
    (answer,) = read(form, about, {"categories": ["joy"], "cues": [((start, end), ["wish"])]}).answers
    (cue,) = answer.evidence
    assert (cue["kind"], cue["char_start"], cue["char_end"]) == ("wish", 100 + start, 100 + end)


def test_cues_that_stand_alone_are_an_answer_of_their_own() -> None:
    form = asking("audio", ("cues", {"of": ("pitch", "pause")}))
    (answer,) = read(form, shown("audio"), {"cues": [((0.5, 1.0), ["pause"])]}).answers
    assert answer.answer == {"weights": [0.0, 1.0]}
    assert [(e["start_us"], e["end_us"]) for e in answer.evidence] == [(1_500_000, 2_000_000)]


@given(st.integers(0, 48), st.integers(1, 50))
def test_stretches_of_video_are_counted_in_frames(first: int, frames: int) -> None:
    last = min(50, first + frames)
    about, form = shown("video"), asking("video", "times")
    (answer,) = read(form, about, {"times": [((first / 25, last / 25), ["fear"])]}).answers
    assert answer.place == {"start_us": 1_000_000 + first * 40_000, "end_us": 1_000_000 + last * 40_000}
    assert answer.answer == {"weights": weights("fear")}


def test_where_nothing_is_marked_none_of_the_labels_is() -> None:
    (answer,) = read(asking("video", "times"), shown("video"), {}).answers
    assert (answer.place, answer.answer, answer.asked["response"]) == ({}, {"weights": weights([])}, "multi-label")


@given(st.integers(0, 600), st.integers(0, 440), st.integers(1, 40), st.integers(1, 40))
def test_boxes_are_pixels_of_the_picture(x: int, y: int, w: int, h: int) -> None:
    (answer,) = read(asking("image", "faces"), shown("image"), {"faces": [((x, y, w, h), ["joy"])]}).answers
    assert answer.place["box"] == pytest.approx([x, y, w, h], abs=1e-6)


def test_a_box_in_a_face_lies_in_the_picture_that_the_face_is_of() -> None:
    about = shown("image", anchor={"record": "r", "box": [100.0, 50.0, 200.0, 100.0]}, size=(400, 200))
    result = [{"from_name": "faces", "to_name": "image", "type": "rectanglelabels",
               "value": {"x": 50, "y": 50, "width": 25, "height": 10, "rectanglelabels": ["joy"]}}]  # fmt: skip
    (answer,) = asking("image", "faces").read(result, about, None, ANY).answers
    assert answer.place["box"] == [200.0, 100.0, 50.0, 10.0]


def test_a_tree_is_answered_by_its_finest_words() -> None:
    tree = load_taxonomy("parrott")
    form = asking("text", "tree", taxonomy=tree)
    (answer,) = read(form, shown("text"), {"tree": ["relief"]}).answers
    assert answer.asked["taxonomy_hash"] == tree.at(3).hash
    assert answer.answer == {"weights": weights("relief", tree.at(3))}


@pytest.mark.parametrize("side", ["left", "right", "same"])
def test_a_preference(side: str) -> None:
    (answer,) = read(asking("pair", "preference"), shown("pair"), {"preference": [side]}).answers
    assert (answer.answer, answer.asked["response"]) == ({"preference": side}, "preference")


def test_words_are_divided_at_commas_and_said_once() -> None:
    (answer,) = read(asking("text", "words"), shown("text"), {"words": ["glad, moved", "glad "]}).answers
    assert answer.answer == {"words": ["glad", "moved"]}


def test_who_hears_no_words_yet_begins_with_an_empty_transcript() -> None:
    form = asking("video", "transcript")
    data = form.data(shown("video", text=None), link)
    assert (data["text"], data["said"]) == ("(no text)", "") and 'value="$said"' in form.config()


@pytest.mark.parametrize(
    ("kind", "field", "advice"),
    [
        ("text", ("vad", {"required": True}), "where the middle is right, click on it"),
        ("text", ("vad", {"required": False}), "about which you can say something"),
        ("text", ("categories", {"intensity": 3}), "the one emotion that fits best, and say how strong it is"),
        ("text", ("categories", {"intensity": 3, "many": True}), "emotions that are there, and say how strong each is"),
    ],
)  # fmt: skip
def test_instructions_say_what_is_wanted(kind: str, field: tuple[str, dict[str, object]], advice: str) -> None:
    assert advice in asking(kind, field).instructions()


@pytest.mark.parametrize(
    ("kind", "fields", "plays", "marks"),
    [("text", ("vad",), False, False), ("text", ("cues",), False, True), ("image", ("faces",), False, True),
     ("audio", ("vad",), True, False), ("video", ("times",), True, True)],
)  # fmt: skip
def test_instructions_list_keys_of_what_is_there(kind: str, fields: tuple[str, ...], plays: bool, marks: bool) -> None:
    told = asking(kind, *fields).instructions()
    assert ("play and pause" in told, "Backspace" in told) == (plays, marks)


def test_a_transcript_is_no_word_for_an_emotion() -> None:
    (answer,) = read(asking("video", "transcript"), shown("video"), {"transcript": ["He came."]}).answers
    assert (answer.answer, answer.rationale) == ({}, "He came.")


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("exit_", ["cannot judge", "harmful"])
def test_who_declines_is_asked_nothing_else(name: str, exit_: str) -> None:
    form, about = FORMS[name]
    assert read(form, about, {"exit": [exit_]}, spent_s=0.0) == Read(declined=exit_)


# What is shown.


@pytest.mark.parametrize("name", FORMS)
def test_no_key_does_two_things(name: str) -> None:
    form, _ = FORMS[name]
    keys = [element.get("hotkey") for element in fromstring(form.config()).iter() if element.get("hotkey")]
    assert len(set(keys)) == len(keys)
    assert "u" not in keys


@pytest.mark.parametrize(("kind", "taxonomy"), [("image", "goemotions-28"), ("text", "emonet-40")])
def test_every_emotion_has_a_key(kind: str, taxonomy: str) -> None:
    known = load_taxonomy(taxonomy)
    form = asking(kind, ("categories", {"many": True, "intensity": 3}), taxonomy=known)
    choices = [e for e in fromstring(form.config()).iter("Choice") if e.get("alias") in known.labels]
    assert len(choices) == len({e.get("hotkey") for e in choices} - {None}) == len(known.labels)


def test_labels_are_shown_as_text_and_read_as_they_were() -> None:
    known = Taxonomy(name="odd", entries=["joy, or so", "<b>fear</b>", 'a"b', "$text", "ever\u202emore"])
    form = asking("text", ("categories", {"many": True, "intensity": 2}), taxonomy=known)
    shown_labels = [e.get("value") for e in fromstring(form.config()).iter("Choice")]
    assert shown_labels[-5:] == ["joy, or so", "<b>fear</b>", 'a"b', "＄text", "evermore"]
    assert "<b>fear" not in form.instructions()
    said = {"categories": list(known.labels), **{f"strength_{i}": 1 for i in range(5)}}
    (answer,) = read(form, shown("text"), said).answers
    assert answer.answer["weights"] == [1.0] * 5


def test_labels_are_shown_in_the_language_of_the_raters() -> None:
    form = asking("text", "categories", taxonomy=load_taxonomy("parrott"), language="de")
    assert "Freude" in form.config()
    (answer,) = read(form, shown("text"), {"categories": ["joy"]}).answers
    assert "joy" in answer.asked["labels"]


def test_instructions_tell_the_question_examples_and_keys_and_nothing_unescaped() -> None:
    html = FORMS["text"][0].instructions()
    told = (
        "Read it twice.",
        "answer &lt;for&gt; her &amp; him",
        "I got it!",
        "<b>Shift+its key</b>",
        "<td>angry, mad, furious, ",
    )
    assert [part for part in told if part not in html] == []
    assert "<for>" not in html


def test_a_task_holds_what_is_shown() -> None:
    form, about = FORMS["video"]
    assert form.data(about, link) == {"video": "https://media.example/clip.mp4", "text": TEXT, "fps": 25.0}


def test_text_of_a_pair_is_no_html() -> None:
    side = shown("text", "<script>alert(1)</script>")
    pair = Shown("s", "pair", {"record": "r"}, sides=(side, shown("video", None)))
    data = asking("pair", "preference").data(pair, lambda _: 'https://x/"><script>')
    assert "<script>" not in data["left"] + data["right"]


def test_an_adjudicator_sees_what_others_said() -> None:
    form, about = FORMS["text"]
    decides = Form(form.name, form.kind, form.question, form.fields, form.taxonomy, adjudicates=True)
    assert decides.data(about, link, earlier=["A: joy", "B: fear"])["earlier"] == "A: joy\nB: fear"
    assert decides.identity != form.identity
    assert 'value="$earlier"' in decides.config()


@pytest.mark.parametrize("change", [{"question": "How?"}, {"language": "de"}, {"instructions": "Read."},
                                    {"perspective": "felt"}, {"see": ("text",)}])  # fmt: skip
def test_whatever_is_asked_otherwise_is_another_form(change: dict[str, object]) -> None:
    known = load_taxonomy("parrott")
    kinds = [asking("video", "categories", taxonomy=known, **given) for given in ({}, change)]
    assert kinds[0].identity != kinds[1].identity == asking("video", "categories", taxonomy=known, **change).identity


# What models said.


@pytest.mark.parametrize(("suggest", "scored"), [(Suggest(of=("m",)), False), (Suggest(of=("m",), scores=True), True)])
def test_suggestions_are_shown_where_that_is_asked(suggest: Suggest, scored: bool) -> None:
    said = Suggestion("m@1", {"joy": 0.7, "fear": 0.3, "pride": 1.0}, 0.9)
    made = asking("text", "categories", suggest=suggest).prediction(said)
    assert made is not None
    assert [item["value"] for item in made["result"]] == [{"choices": ["joy"]}]
    assert ("score" in made) == scored
    assert made["model_version"] == "m@1"


def test_raters_are_blind_unless_somebody_says_otherwise() -> None:
    assert asking("text", "categories").prediction(Suggestion("m", {"joy": 1.0})) is None


# What cannot be asked.


@pytest.mark.parametrize(
    ("kind", "fields", "told"),
    [
        ("text", ["faces"], "boxes are drawn in images"),
        ("text", ["times"], "marked in video and audio"),
        ("pair", ["categories"], "asked about video or audio or image or text"),
        ("text", ["preference"], "asked about pair"),
        ("text", [("cues", {"where": "video"})], "that is not shown"),
        ("text", [("tree", {"tier": 3})], "has 1 tiers"),
        ("text", ["vad", "vad"], "asked twice"),
        ("text", [], "nothing is asked"),
    ],
)
def test_what_does_not_fit_is_told_before_anything_is_pushed(kind: str, fields: list[object], told: str) -> None:
    with pytest.raises(UserError, match=told):
        asking(kind, *fields)


def test_a_sample_without_its_media_is_told() -> None:
    form = asking("video", "categories", see=("audio",))
    with pytest.raises(UserError, match="has no audio"):
        form.data(shown("video"), link)
