"""Models of transformers are shown pictures, hear sound and speak; what cannot be read fails its question alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from support import tiny
from support.tiny import ask

from affectory.transforms.base import Failed, Reply
from affectory.transforms.models._asking import put
from affectory.transforms.models._messages import Part

pytestmark = tiny.NEEDED

LETTERS = ("A", "B", "C")
MARKS = {"image": "<image>", "audio": "<|AUDIO|>"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    return {"image": tiny.eye(folder / "eye"), "audio": tiny.ear(folder / "ear")}


@pytest.fixture(scope="module")
def senses(folders: dict[str, Path]) -> dict[str, Any]:
    return {kind: tiny.model(at, can=[kind], max_tokens=6).load() for kind, at in folders.items()}


@pytest.fixture(scope="module")
def mouth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.mouth(tmp_path_factory.mktemp("models") / "mouth")


def picture(path: Path, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 255, (24, 32, 3), np.uint8)
    Image.fromarray(pixels).save(path, "PNG")


def sound(path: Path, seed: int) -> None:
    samples = np.random.default_rng(seed).integers(-9000, 9000, (1, 4000)).astype(np.int16)
    with av.open(str(path), "w", format="wav") as file:
        stream = file.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = 8000
        file.mux([*stream.encode(frame), *stream.encode(None)])


MADE: dict[str, Callable[[Path, int], None]] = {"image": picture, "audio": sound}


@pytest.fixture(params=["image", "audio"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def part(kind: str, tmp_path: Path) -> Callable[[int], Part]:
    def made(seed: int) -> Part:
        path = tmp_path / str(seed)
        MADE[kind](path, seed)
        return Part(kind, asset=f"a_{seed}", path=str(path))  # type: ignore[arg-type]

    return made


def test_what_is_shown_decides_the_answer(senses: dict[str, Any], kind: str, part: Callable[[int], Part]) -> None:
    asks = [ask("What is it?", part(seed), choices=LETTERS) for seed in (1, 2, 1)]
    first, other, again = put(senses[kind], asks)
    assert isinstance(first, Reply) and isinstance(other, Reply)
    assert first == again
    assert [letter for letter, _ in first.logprobs] == list(LETTERS)
    assert first.logprobs != other.logprobs


def test_several_media_and_none_in_one_question(senses: dict[str, Any], kind: str, part: Callable[[int], Part]) -> None:
    asks = [ask("What is it?", *map(part, range(count)), system="Look.") for count in (0, 1, 2)]
    none, one, two = (reply.usage["tokens_in"] for reply in put(senses[kind], asks))
    assert none < one < two
    assert two - one == one - none


def test_a_batch_changes_sums_in_their_last_digits_alone(
    senses: dict[str, Any], folders: dict[str, Path], kind: str, part: Callable[[int], Part]
) -> None:
    texts = ["What is it?", "What is that, do you think?", "So?"]
    asks = [ask(text, part(seed), choices=LETTERS) for seed, text in enumerate(texts)]
    together = put(tiny.model(folders[kind], can=[kind], options={"batch": 3}).load(), asks)
    for one, other in zip(put(senses[kind], asks), together, strict=True):
        assert dict(one.logprobs) == pytest.approx(dict(other.logprobs), abs=1e-4)
        assert one.usage == other.usage


def test_text_shows_no_medium_by_naming_its_mark(
    senses: dict[str, Any], kind: str, part: Callable[[int], Part]
) -> None:
    plain, marked = put(senses[kind], [ask("a b", part(1)), ask(f"a{MARKS[kind]}b", part(1))])
    assert 0 < marked.usage["tokens_in"] - plain.usage["tokens_in"] == len(MARKS[kind]) + 4 - 1


def test_a_medium_that_cannot_be_read_fails_its_question_alone(
    senses: dict[str, Any], kind: str, part: Callable[[int], Part], tmp_path: Path
) -> None:
    (tmp_path / "broken").write_text("no medium")
    bad, good = put(senses[kind], [ask("?", Part(kind, path=str(tmp_path / "broken"))), ask("?", part(1))])  # type: ignore[arg-type]
    assert isinstance(bad, Failed) and bad.error in ("unreadable", "unsupported")
    assert isinstance(good, Reply)


def test_speech_is_a_wav_that_hangs_on_what_is_said_the_voice_and_the_repeat(mouth: Path) -> None:
    def said(text: str, repeat: int = 0, voice: str | None = None) -> bytes:
        chat = tiny.model(mouth, can=["speech"], voice=voice).load()
        (reply,) = put(chat, [ask(text, speaks=True, repeat=repeat)])
        assert isinstance(reply, Reply) and reply.text == "wav"
        return reply.media or b""

    first = said("hello there")
    with av.open(str(_written(mouth.parent / "said.wav", first))) as file:
        stream = file.streams.audio[0]
        assert (stream.rate, stream.channels) == (8000, 1)
        assert sum(frame.samples for frame in file.decode(stream)) > 100
    assert first == said("hello there")
    assert len({first, said("hello there", repeat=1), said("hello there", voice="1"), said("good day")}) == 4


def test_nothing_to_say_fails_alone(mouth: Path) -> None:
    chat = tiny.model(mouth, can=["speech"]).load()
    empty, full = put(chat, [ask(" ", speaks=True), ask("hello", speaks=True)])
    assert empty == Failed(0, "ValueError", "there is nothing to say")
    assert isinstance(full, Reply)


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
