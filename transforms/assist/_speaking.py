"""Speech that models make: who says what in which voice, and sound of others, read without handing it to a decoder."""

import wave
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from affectory.schemas.ids import fractions
from affectory.transforms.assist._describing import By
from affectory.transforms.base import Reply
from affectory.transforms.models._asked import AskedModel
from affectory.transforms.models._messages import Ask, Message, Part
from affectory.transforms.models._talking import Unreadable, held
from affectory.transforms.rows import Reject, Values

_MAX_BYTES = 200_000_000
_MOST_CHANNELS, _LOWEST_HZ, _HIGHEST_HZ = 2, 8_000, 96_000


@dataclass(frozen=True)
class Sound:
    """A WAV file that holds samples and nothing else, and how long it lasts."""

    data: bytes
    seconds: float


def speaker_of(models: Sequence[AskedModel], row: Values, same: str) -> AskedModel:
    """Whose voice a sample has: of several the same wherever the column `same` says the same."""
    if len(models) == 1:
        return models[0]
    who = held(row, same) or row["sample_id"]
    return models[int(fractions("voice", [str(who)])[0] * len(models))]


def words_of(row: Values, of: str, max_chars: int) -> str:
    """What is to be spoken; a sample without words is rejected, and one with too many."""
    text = held(row, of)
    if not isinstance(text, str) or not text.strip():
        raise Reject("empty", f"`{of}` has no words to speak")
    if len(text) > max_chars:
        raise Reject("too_long", f"{len(text)} characters, at most {max_chars} are spoken")
    return text


def to_say(who: By, row: Values, text: str) -> Ask:
    """The question for speech: what the user says is spoken, what a system message says is how."""
    said = who.prompt.unfenced(row, said=text)
    messages = tuple(Message(role, (Part("text", words),)) for role, words in said)  # type: ignore[arg-type]
    return Ask(who.model.name, messages, who.prompt.hash, speaks=True)


def sound_of(reply: Reply, max_s: float) -> Sound:
    """The speech in a reply: WAV, whose samples are written into a file of ours, as headers may say anything."""
    data = reply.media or b""
    if len(data) > _MAX_BYTES:
        raise Unreadable(f"it has {len(data):,} bytes, at most {_MAX_BYTES:,} are read")
    try:
        with wave.open(BytesIO(data)) as given:
            channels, width, rate = given.getnchannels(), given.getsampwidth(), given.getframerate()
            samples = given.readframes(given.getnframes())
    except (wave.Error, EOFError, RuntimeError, OverflowError) as error:
        raise Unreadable(f"it is no WAV file of plain samples: {error or type(error).__name__}") from error
    if not (1 <= channels <= _MOST_CHANNELS and width in (2, 3, 4) and _LOWEST_HZ <= rate <= _HIGHEST_HZ):
        raise Unreadable(f"{channels} channels of {8 * width} bits at {rate} Hz are no speech")
    count = len(samples) // (channels * width)
    return _checked(samples[: count * channels * width], (channels, width, rate), count / rate, max_s)


def _checked(samples: bytes, form: tuple[int, int, int], seconds: float, max_s: float) -> Sound:
    if not samples:
        raise Reject("empty", "the speech has no samples")
    if seconds > max_s:
        raise Reject("too_long", f"the speech lasts {seconds:.1f} s, at most {max_s:g} s are kept")
    if not samples.strip(b"\0"):
        raise Reject("no_speech", "the speech is silent throughout")
    file = BytesIO()
    with wave.open(file, "wb") as made:
        made.setnchannels(form[0])
        made.setsampwidth(form[1])
        made.setframerate(form[2])
        made.writeframes(samples)
    return Sound(file.getvalue(), seconds)
