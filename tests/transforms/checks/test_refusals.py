"""Refusals and empty forms in what models wrote."""

import pytest
from support.checking import lost

from affectory.transforms.checks.refusals import Refusals

STEP = Refusals(of=("caption",))
REFUSED = [
    "I'm sorry, but I cannot help with that.",
    "I am so sorry - the picture is private and I’m unable to look at it.",
    "As an AI language model, I do not have feelings.",
    "I can't identify the emotion of real people.",
    "I don't have access to the video you mention.",
    "Please provide the image so that I can describe it.",
    "No audio was provided.",
    "Es tut mir leid, aber ich kann das Bild nicht beschreiben.",
    "Je suis désolé, mais je ne peux pas répondre.",
    "Lo siento, no puedo ayudar con eso.",
    "很抱歉，我无法查看视频。",
    "申し訳ありませんが、お答えできません。",
    "죄송하지만 그 요청은 도와드릴 수 없습니다.",
    "Извините, но я не могу ответить.",
    '"I\'m sorry, but I cannot help with that."',
    'About the line "Come home": as an AI, I have no opinion.',
]
EMPTY = ["Sure, here is the description:", "[insert description here]", "N/A", "None.", "Output:", "x <|im_end|> y"]
ANSWERS = [
    "A woman says that she is sorry and cries; she cannot look at him.",
    "He looks afraid and backs away from the door.",
    "She sends the text and smiles. No one has been told yet.",
    "The man shares a photo on the phone: here is my dog, he says.",
    "Nobody is in the picture; none of the chairs is taken.",
    "他对朋友说对不起，声音很低。",
    "He says, \"I'm sorry, I can't do this any more,\" and looks away.",
    "The subtitle is “I cannot help you. Please send the text.” Her voice trembles.",
    "彼女は「申し訳ありませんが、できません」と言って泣いた。",
]


@pytest.mark.parametrize("text", REFUSED)
def test_refusals_are_rejected(text: str) -> None:
    found = lost(STEP, caption=text)
    assert found and found[0] == "filtered" and "caption is a refusal" in found[1]


@pytest.mark.parametrize("text", EMPTY)
def test_forms_are_rejected_unless_that_is_not_asked(text: str) -> None:
    found = lost(STEP, caption=text)
    assert found and "caption is boilerplate" in found[1]
    assert lost(Refusals(of=("caption",), boilerplate=False), caption=text) is None


@pytest.mark.parametrize("text", [*ANSWERS, "", None])
def test_answers_are_kept(text: str | None) -> None:
    assert lost(STEP, caption=text) is None
