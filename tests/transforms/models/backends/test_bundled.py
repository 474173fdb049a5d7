import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from support.running import run

from affectory.pipelines.prompting import prompt
from affectory.pipelines.runner.stage import conversed_with
from affectory.schemas.errors import UserError
from affectory.schemas.ids import asset_id
from affectory.schemas.recipe.asked import Asked
from affectory.schemas.taxonomy import load_taxonomy
from affectory.transforms.assist.caption import Caption
from affectory.transforms.assist.opine import Opine
from affectory.transforms.base import Failed, Reply
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._asking import put
from affectory.transforms.models._messages import Ask, Message, Part
from affectory.transforms.models.face_emotion import FaceEmotion

EKMAN = load_taxonomy("ekman-7")
PORTRAIT = Path(__file__).resolve().parents[4] / "pipelines" / "recipes" / "demo" / "media" / "portrait.jpg"
NAMES = ("face_emotion", "text_emotion", "lexicon", "vader")
SAD = "My best friend died and I cannot stop crying."


def bundled(model: str, **spec: Any) -> AskedModel:
    return AskedModel(model, Asked(backend="bundled", model=model, **spec))


def picture(path: Path = PORTRAIT) -> dict[str, Any]:
    return {"asset": asset_id([path.read_bytes()]), "format": "jpg", "path": str(path)}


def put_to(model: str, text: str | None, choices: Sequence[str] = (), **more: Any) -> Any:
    sample = {"text": text, **more.pop("sample", {})}
    ask = Ask(model, (Message("user", (Part("text", "?"),)),), "p", choices=tuple(choices), sample=sample, **more)
    [said] = put(bundled(model).load(), [ask])
    return said


@pytest.mark.parametrize("name", NAMES)
def test_all_of_them_are_raters_that_take_no_prompt_and_stay_at_home(name: str) -> None:
    model = bundled(name)
    model.check()
    assert {"unprompted", "logprobs", "text"} <= model.can
    assert ("image" in model.can) == (name == "face_emotion") == model.isolated
    assert model.local


def test_a_face_is_read_as_the_step_reads_it() -> None:
    row = {"kind": "image", "image": picture()}
    [alone] = run(FaceEmotion(taxonomy=EKMAN), [row]).rows.column("opinions_face_emotion").to_pylist()
    step = Opine(panel=(bundled("face_emotion"),), prompt=prompt("opine"), see=("image",), taxonomy=EKMAN)
    [in_panel] = run(step, [row]).rows.column("opinions_panel").to_pylist()
    for name in ("rater", "rater_kind", "answer", "evidence", "modalities"):
        assert [x[name] for x in in_panel] == [x[name] for x in alone], name


def test_frames_are_read_with_their_times() -> None:
    frames = [{"at_us": 40_000 * n, **picture()} for n in range(2)]
    row = {"kind": "video", "frames": frames, "text": SAD}
    panel = (bundled("face_emotion"), bundled("text_emotion"))
    step = Opine(panel=panel, prompt=prompt("opine"), see=("frames",), taxonomy=EKMAN)
    [[face, text]] = run(step, [row]).rows.column("opinions_panel").to_pylist()
    assert [x["start_us"] for x in face["evidence"]] == [0, 40_000]
    assert (face["modalities"], text["modalities"]) == (["video"], ["text"])


def test_a_picture_without_a_face_is_no_opinion(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (320, 200), (90, 120, 200)).save(tmp_path / "sky.png")
    step = Opine(panel=(bundled("face_emotion"),), prompt=prompt("opine"), see=("image",), taxonomy=EKMAN)
    [row] = run(step, [{"kind": "image", "image": picture(tmp_path / "sky.png")}]).rows.to_pylist()
    assert (row["opinions_panel"], row["panel_missing"]) == ([], None)


@pytest.mark.parametrize(
    ("model", "row", "says"),
    [
        ("face_emotion", {"kind": "image", "image": picture()}, "The faces show joy ("),
        ("text_emotion", {"text": SAD}, "The text expresses sadness (0."),
        ("lexicon", {"text": "I am happy."}, "The text names joy (1.00)."),
        ("lexicon", {"text": "A bus."}, "The text names no emotion."),
        ("vader", {"text": "What a wonderful day!"}, "The text sounds pleasant (0."),
        ("vader", {"text": "This is awful."}, "The text sounds unpleasant (-0."),
    ],
)
def test_they_describe_in_words_what_they_measure(model: str, row: dict[str, Any], says: str) -> None:
    see = ("image",) if "image" in row else ()
    result = run(Caption(bundled(model), prompt("caption"), see=see), [row])
    assert str(result.rows.column("caption")[0]).startswith(says)


@pytest.mark.parametrize("options", [{}, {"options": dict(zip("ABC", ("sadness", "joy", "fear"), strict=True))}])
def test_a_choice_has_the_probabilities_of_the_labels_behind_it(options: dict[str, Any]) -> None:
    choices = tuple("ABC") if options else ("sadness", "joy", "fear")
    said = put_to("text_emotion", SAD, choices, sample=options)
    found = {choice: math.exp(value) for choice, value in said.logprobs}
    assert said.text == choices[0]
    assert found[choices[0]] > 0.5
    assert 0.5 < sum(found.values()) <= 1


@pytest.mark.parametrize("more", [{"schema": {"type": "object"}}, {"speaks": True}])
def test_what_they_cannot_answer_fails_with_what_they_can(more: dict[str, Any]) -> None:
    said = put_to("text_emotion", SAD, **more)
    assert isinstance(said, Failed)
    assert (said.error, "reads no prompt" in said.detail) == ("NotForThisModel", True)


def test_one_question_that_fails_takes_no_other_along() -> None:
    asks = [Ask("x", (Message("user", ()),), "p", speaks=speaks, sample={"text": SAD}) for speaks in (True, False)]
    said = put(bundled("text_emotion").load(), asks)
    assert [type(x) for x in said] == [Failed, Reply]


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"model": "voice"}, "has no model 'voice'"),
        ({}, "names no model"),
    ],
)
def test_a_model_that_is_not_there_is_told(spec: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=says):
        AskedModel("x", Asked(backend="bundled", **spec)).check()


def test_a_path_has_no_meaning() -> None:
    with pytest.raises(UserError, match="no path"):
        AskedModel("x", Asked(backend="bundled", model="vader"), Path("weights")).check()


def test_weights_that_change_are_another_revision() -> None:
    step = Opine(panel=(bundled("text_emotion"),), prompt=prompt("opine"), taxonomy=EKMAN)
    assert conversed_with(step)["text_emotion"].revision, "the hash of the code and of the weights"
