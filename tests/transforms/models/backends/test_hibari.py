"""The voice in the package says what it is told, the same every time, and is complained of where it cannot."""

import io
import subprocess
import sys
import wave
from functools import cache
from typing import Any

import pytest

from affectory.schemas.errors import UserError
from affectory.schemas.recipe.asked import Asked
from affectory.transforms.base import Failed, Reply
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._messages import Ask, Chat, Message, Part

pytest.importorskip("hibari", reason="needs the extra `voice`")


@cache
def loaded(speed: float = 1.0) -> Chat:
    return hibari(options={"speed": speed}).load()


def hibari(**given: Any) -> AskedModel:
    return AskedModel("voice", Asked(backend="hibari", **given))


def say(text: str, repeat: int = 0, speaks: bool = True) -> Ask:
    return Ask("voice", (Message("user", (Part("text", text),)),), "", speaks=speaks, repeat=repeat)


def answers(*asks: Ask, speed: float = 1.0) -> list[Reply | Failed]:
    return [answer for _, answer in sorted(loaded(speed)(asks), key=lambda x: x[0])]


def seconds(answer: Reply | Failed) -> float:
    assert isinstance(answer, Reply) and answer.media and answer.text == "wav"
    with wave.open(io.BytesIO(answer.media)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 24_000)
        return sound.getnframes() / 24_000


def test_the_same_text_is_the_same_sound_whoever_asks_beside_it() -> None:
    first, *_ = answers(say("It was a good day."))
    _, again, other = answers(say("No."), say("It was a good day."), say("It was a good day.", repeat=1))
    assert again == first != other
    assert 0.8 < seconds(first) < 3


SCRIPT = """
import sys
from affectory.schemas.recipe.asked import Asked
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._messages import Ask, Message, Part
ask = Ask("voice", (Message("user", (Part("text", "It was a good day."),)),), "", speaks=True)
((_, reply),) = AskedModel("voice", Asked(backend="hibari")).load()([ask])
sys.stdout.buffer.write(reply.media)
"""


def test_another_process_says_the_same() -> None:
    told = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=True).stdout
    (here,) = answers(say("It was a good day."))
    assert isinstance(here, Reply) and here.media == told


def test_faster_is_shorter() -> None:
    assert seconds(answers(say("It was a good day."), speed=2.0)[0]) < 0.75 * seconds(
        answers(say("It was a good day."))[0]
    )


@pytest.mark.parametrize(("ask", "error"), [(say(" \n"), "NothingToSay"), (say("Why?", speaks=False), "SpeaksOnly")])
def test_what_it_cannot_say_fails_alone(ask: Ask, error: str) -> None:
    failed, said = answers(ask, say("Yes."))
    assert isinstance(failed, Failed) and failed.error == error
    assert seconds(said) > 0.2


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"voice": "emma"}, "no voice 'emma'"),
        ({"model": "kokoro"}, "comes in its package"),
        ({"options": {"pitch": 2}}, "no option 'pitch'"),
        ({"options": {"speed": 3}}, "at speed 3"),
        ({"options": {"speed": True}}, "at speed True"),
    ],
)
def test_what_it_has_not_is_told_when_planning(given: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=says):
        hibari(**given).check()
    hibari(voice="heart", options={"speed": 0.8}).check()


def test_it_speaks_and_nothing_else_and_its_version_is_its_revision() -> None:
    model = hibari()
    assert (model.can, model.isolated, model.local) == ({"speech", "text"}, True, True)
    assert model.whom().code == "affectory.transforms.models.backends._hibari_speech"
    with pytest.raises(ValueError, match="needs image of model voice"):
        model.need("caption", "image")
