"""Rows of a release as batches of tensors, for torch's `DataLoader`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from affectory.pipelines.consuming.soft import DISTRIBUTION, label_count, of_rows
from affectory.schemas.errors import UserError

NO_LABEL = -100
"""What torch's losses leave out by themselves."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Collator:
    """Makes a batch of rows: `collate_fn=Collator.of(data)`. Workers may have it, forked or spawned.

    Of `distribution` come `soft`, with 0 where a label was not asked, and `mask`; `label` is -100 where there is none;
    `vad` is NaN there. `audio` is mono, padded with silence, with `audio_lengths` in samples and `audio_rate`. Whatever
    else a row has stays a list: ids, texts, pictures.
    """

    labels: int | None = None
    """How many there are, for batches in which no row has one."""
    rate: int | None = None
    """Sound is resampled to so many samples a second; else all sounds of a batch must have one rate."""

    @classmethod
    def of(cls, data: Any, rate: int | None = None) -> "Collator":
        """One that knows how many labels a dataset has."""
        return cls(label_count(data), rate)

    def __call__(self, rows: Sequence[Row]) -> dict[str, Any]:
        """The batch."""
        names = list(dict.fromkeys(name for row in rows for name in row))
        batch: dict[str, Any] = {}
        for name in names:
            batch |= self._column(name, [row.get(name) for row in rows])
        return batch

    def _column(self, name: str, values: list[Any]) -> dict[str, Any]:
        if name == DISTRIBUTION:
            return self._soft(values)
        if name == "audio":
            return self._audio(values)
        torch = import_module("torch")

        if name == "label":
            return {name: torch.tensor([NO_LABEL if value is None else value for value in values])}
        if name == "vad":
            return {name: torch.from_numpy(_places(values))}
        return {name: values}

    def _soft(self, values: list[Any]) -> dict[str, Any]:
        torch = import_module("torch")

        soft = of_rows(({DISTRIBUTION: value} for value in values), self.labels)
        return {"soft": torch.from_numpy(np.nan_to_num(soft)), "mask": torch.from_numpy(~np.isnan(soft))}

    def _audio(self, values: list[Any]) -> dict[str, Any]:
        torch = import_module("torch")

        heard = [None if value is None else _sound(value, self.rate) for value in values]
        rates = {sound[1] for sound in heard if sound is not None}
        if len(rates) > 1:
            told = " and ".join(f"{rate} Hz" for rate in sorted(rates))
            raise UserError(f"sounds of {told} do not make a batch", "resample them: Collator.of(data, rate=16000)")
        lengths = [0 if sound is None else len(sound[0]) for sound in heard]
        padded = np.zeros((len(heard), max(lengths, default=0)), np.float32)
        for row, sound in enumerate(heard):
            if sound is not None:
                padded[row, : lengths[row]] = sound[0]
        found = {"audio": torch.from_numpy(padded), "audio_lengths": torch.tensor(lengths, dtype=torch.int64)}
        return {**found, "audio_rate": next(iter(rates), self.rate)}


def collate(rows: Sequence[Row]) -> dict[str, Any]:
    """A batch of rows, as `Collator` makes it."""
    return Collator()(rows)


def _places(values: list[Any]) -> NDArray[np.float32]:
    """In valence, arousal and dominance."""
    rows = [[None] * 3 if value is None else value for value in values]
    return np.array([[np.nan if x is None else x for x in row] for row in rows], np.float32).reshape(-1, 3)


def _sound(value: Any, rate: int | None) -> tuple[NDArray[np.float32], int]:
    """Mono: of a column that was cast with `decode=False`, or as torchcodec decodes it."""
    if isinstance(value, Mapping):
        return _decoded(value, rate)
    if hasattr(value, "get_all_samples"):
        heard = value.get_all_samples()
        if rate is not None and heard.sample_rate != rate:
            hint = 'cast the column: data.cast_column("audio", Audio(sampling_rate=...)), or Audio(decode=False)'
            raise UserError(f"a decoded sound has {heard.sample_rate} Hz, and {rate} Hz were asked for", hint)
        return heard.data.numpy().astype(np.float32, copy=False).mean(axis=0), int(heard.sample_rate)
    raise UserError(
        f"a {type(value).__name__} is no sound", 'cast the column: cast_column("audio", Audio(decode=False))'
    )


def _decoded(value: Mapping[str, Any], rate: int | None) -> tuple[NDArray[np.float32], int]:
    from affectory.pipelines.release.media import decode_audio

    samples, own = decode_audio(value)
    mono = samples.mean(axis=0, dtype=np.float32)
    return (mono, own) if rate is None or rate == own else (_resampled(mono, own, rate), rate)


def _resampled(mono: NDArray[np.float32], own: int, rate: int) -> NDArray[np.float32]:
    import av

    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(mono[None]), format="fltp", layout="mono")
    frame.sample_rate = own
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=rate)
    blocks = [found.to_ndarray()[0] for given in (frame, None) for found in resampler.resample(given)]
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
