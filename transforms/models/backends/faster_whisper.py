"""Whisper models through CTranslate2, on one thread of the processor: the same sound gives the same words again."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from affectory.schemas.errors import UserError

NEEDS = {"faster_whisper": "affectory[speech]", "ctranslate2": "affectory[speech]"}

_DIGITS = 4


def asr(
    model: str,
    *,
    revision: str | None,
    download: bool,
    compute: str,
    language: str | None,
    beam: int,
    prompt: str | None,
) -> Callable[[NDArray[np.float32]], dict[str, Any]]:
    """Loads a model, from its folder or by its name on the hub; it hears samples at 16 kHz. Times are in seconds."""
    from faster_whisper import WhisperModel

    weights = WhisperModel(
        _folder(model, revision, download), device="cpu", compute_type=compute, cpu_threads=1, num_workers=1
    )

    def hear(samples: NDArray[np.float32]) -> dict[str, Any]:
        found, about = weights.transcribe(
            samples,
            language=language,
            beam_size=beam,
            initial_prompt=prompt,
            temperature=0.0,
            condition_on_previous_text=False,
            word_timestamps=True,
        )
        segments = [_segment(segment) for segment in found]
        return {"language": about.language if segments else None, "segments": segments}

    return hear


def _folder(model: str, revision: str | None, download: bool) -> str:
    if revision is None:
        return model
    from faster_whisper.utils import download_model
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return str(download_model(model, local_files_only=not download, revision=revision))
    except (LocalEntryNotFoundError, HfHubHTTPError, ValueError) as error:
        hint = "" if download else "; `download: true` allows fetching it, or give the folder of a model as `path`"
        message = f"asr finds no model {model} at revision {revision} on this machine"
        raise UserError(message, f"{error}{hint}") from error


def _segment(segment: Any) -> dict[str, Any]:
    return {
        **_stretch(segment),
        "text": segment.text,
        "logprob": round(segment.avg_logprob, _DIGITS),
        "compression": round(segment.compression_ratio, _DIGITS),
        "words": [
            {**_stretch(w), "text": w.word, "probability": round(w.probability, _DIGITS)} for w in segment.words or ()
        ],
    }


def _stretch(of: Any) -> dict[str, float]:
    return {"start": round(float(of.start), 3), "end": round(float(of.end), 3)}
