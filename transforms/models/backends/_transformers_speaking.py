"""Having a model of transformers read texts out: sound as 16-bit WAV."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from affectory.transforms.base import Failed, Reply
from affectory.transforms.models._messages import Ask
from affectory.transforms.models.backends._transformers_drawing import seed_of
from affectory.transforms.models.backends._transformers_loading import Loaded
from affectory.transforms.models.backends._transformers_talking import Answer, failed


class Speaker:
    """A loaded model that speaks the last message."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded

    def answers(self, asks: Sequence[Ask]) -> Iterator[Answer]:
        """One after the other: what is drawn for one hangs on no other."""
        for index, ask in enumerate(asks):
            try:
                answer: Reply | Failed = self._spoken(ask)
            except Exception as error:
                answer = failed(error)
            yield index, answer

    def _spoken(self, ask: Ask) -> Reply:
        torch, loaded = import_module("torch"), self._loaded
        if not (text := ask.messages[-1].text.strip()):
            raise ValueError("there is nothing to say")
        given = loaded.tokenizer(text, return_tensors="pt")
        given = {name: value.to(loaded.model.device) for name, value in given.items()}
        with torch.inference_mode(), torch.random.fork_rng():
            torch.manual_seed(seed_of(ask, loaded.spec.seed))
            made = self._made({**given, **self._voice()})
        usage = {"tokens_in": int(given["input_ids"].shape[1])}
        return Reply("wav", usage=usage, media=_wav(made.float().cpu().numpy(), self._rate))

    def _made(self, given: dict[str, Any]) -> Any:
        model = self._loaded.model
        if model.can_generate():
            return model.generate(**given)
        return model(**given).waveform

    def _voice(self) -> dict[str, Any]:
        voice = self._loaded.spec.voice
        return {} if voice is None else {"speaker_id": int(voice)}

    @property
    def _rate(self) -> int:
        return int(self._loaded.model.config.sampling_rate)


def _wav(samples: Any, rate: int) -> bytes:
    from affectory.transforms.media._sound import encode_sound

    flat = np.asarray(samples, np.float64).reshape(1, -1)
    if flat.size == 0 or not np.isfinite(flat).all():
        raise ValueError("the model made no sound that could be written")
    whole = np.rint(flat.clip(-1, 1) * 32767).astype(np.int16)
    return encode_sound(iter([whole]), rate, "wav")[0]
