"""English speech by a small voice that comes in its package, on one thread: the same text is the same sound again."""

from collections.abc import Callable, Iterator, Sequence

from affectory.schemas.errors import UserError
from affectory.schemas.recipe.asked import Asked
from affectory.transforms.base import Failed, Reply
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._messages import Ask, Chat
from affectory.transforms.models.backends import _hibari_speech
from affectory.transforms.models.backends._hibari_speech import VOICE, speech
from affectory.transforms.rows import told

NEEDS = {"hibari": "affectory[voice]"}
ISOLATED = True
_SPEEDS = (0.5, 2.0)


def can(spec: Asked) -> frozenset[str]:
    return frozenset({"speech"})


def code(spec: Asked) -> str:
    """What a change of makes other sound."""
    return _hibari_speech.__name__


def rater(spec: Asked) -> tuple[str, str]:
    return f"hibari-{VOICE}", "model"


def check(model: AskedModel) -> None:
    """Complain of voices and options that are not there."""
    spec = model.spec
    if spec.voice not in (None, VOICE):
        raise UserError(f"hibari has no voice {spec.voice!r} in its package", f"it has {VOICE}: leave out `voice`")
    if spec.model is not None or model.path is not None:
        raise UserError(f"model {model.name} comes in its package", "leave out `model` and `path`")
    if unknown := sorted(set(spec.options) - {"speed"}):
        raise UserError(f"hibari has no option {unknown[0]!r}", f"its options: speed, {_SPEEDS[0]} to {_SPEEDS[1]}")
    _speed(spec)


def _speed(spec: Asked) -> float:
    speed = spec.options.get("speed", 1.0)
    if isinstance(speed, bool) or not isinstance(speed, int | float) or not _SPEEDS[0] <= speed <= _SPEEDS[1]:
        raise UserError(f"hibari cannot speak at speed {speed!r}", f"speed is from {_SPEEDS[0]} to {_SPEEDS[1]}")
    return float(speed)


def chat(model: AskedModel) -> Chat:
    """The voice, which says what the last message of a question says; each repeat with breath of its own."""
    say = speech(_speed(model.spec))

    def talk(asks: Sequence[Ask]) -> Iterator[tuple[int, Reply | Failed]]:
        for index, ask in enumerate(asks):
            try:
                yield index, _said(say, ask, model.spec.seed + ask.repeat)
            except Exception as error:  # one text that cannot be spoken never takes others along
                yield index, Failed(0, type(error).__name__, told(error))

    return talk


def _said(say: Callable[[str, int], tuple[bytes, int]], ask: Ask, seed: int) -> Reply | Failed:
    if not ask.speaks:
        return Failed(0, "SpeaksOnly", "hibari says texts, and answers no questions")
    text = ask.messages[-1].text
    data, count = say(text, seed)
    if not count:
        return Failed(0, "NothingToSay", "there is no word in the text that can be spoken")
    return Reply("wav", usage={"characters_in": len(text), "samples_out": count}, media=data)
