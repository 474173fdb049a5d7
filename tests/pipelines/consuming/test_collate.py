"""Rows as batches for torch."""

import io
import pickle
import wave
from typing import Any

import numpy as np
import pytest

from affectory.pipelines.consuming.collate import NO_LABEL, Collator, collate
from affectory.schemas.errors import UserError

torch = pytest.importorskip("torch", reason="no torch: `make models` installs it")


def tone(seconds: float, rate: int = 8000, channels: int = 1) -> dict[str, Any]:
    times = np.arange(round(seconds * rate)) / rate
    samples = np.repeat((np.sin(2 * np.pi * 200 * times) * 16000).astype("<i2"), channels)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples.tobytes())
    return {"bytes": file.getvalue(), "path": None}


ROWS = [
    {"sample_id": "s_1", "label": 1, "distribution": [0.25, 0.75, None], "vad": [0.5, None, 0.0], "text": "a"},
    {"sample_id": "s_2", "label": None, "distribution": None, "vad": None, "text": None},
]


def test_soft_labels_come_with_a_mask_and_ids_stay() -> None:
    batch = collate(ROWS)
    assert batch["soft"].tolist() == [[0.25, 0.75, 0.0], [0.0, 0.0, 0.0]]
    assert batch["mask"].tolist() == [[True, True, False], [False, False, False]]
    assert batch["label"].tolist() == [1, NO_LABEL]
    assert batch["vad"].isnan().tolist() == [[False, True, False], [True, True, True]]
    assert (batch["sample_id"], batch["text"]) == (["s_1", "s_2"], ["a", None])


def test_a_loss_over_what_was_asked_is_finite_and_ignores_the_rest() -> None:
    batch = collate(ROWS)
    logits = torch.zeros(2, 3, requires_grad=True)
    apart = torch.nn.functional.binary_cross_entropy_with_logits(logits, batch["soft"], reduction="none")
    (apart * batch["mask"]).sum().backward()
    assert logits.grad is not None
    assert (logits.grad != 0).tolist() == [[True, True, False], [False, False, False]]
    hard = torch.nn.functional.cross_entropy(torch.zeros(2, 3), batch["label"])
    assert hard.isfinite()


def test_a_batch_without_a_label_has_as_many_places_as_the_dataset() -> None:
    assert Collator(labels=3)([ROWS[1]])["soft"].shape == (1, 3)


def test_sound_is_mono_and_padded_with_silence() -> None:
    batch = collate([{"audio": tone(0.1)}, {"audio": tone(0.2, channels=2)}, {"audio": None}])
    assert batch["audio"].shape == (3, 1600) and batch["audio"].dtype == torch.float32
    assert batch["audio_lengths"].tolist() == [800, 1600, 0] and batch["audio_rate"] == 8000
    assert batch["audio"][0, 800:].abs().max() == 0 and batch["audio"][2].abs().max() == 0
    assert torch.allclose(batch["audio"][0, :800], batch["audio"][1, :800], atol=1e-6)


@pytest.mark.parametrize("rate", [8000, 16000, 22050])
def test_sound_is_resampled_to_one_rate(rate: int) -> None:
    batch = Collator(rate=rate)([{"audio": tone(0.5)}, {"audio": tone(0.5, 16000)}])
    assert batch["audio_rate"] == rate
    assert (batch["audio_lengths"] - rate // 2).abs().max() <= 64
    loud = batch["audio"][:, 200:-200].abs().max(dim=1).values
    assert ((loud > 0.45) & (loud < 0.55)).all(), "a tone stays as loud as it was"


def test_sounds_of_several_rates_are_told() -> None:
    with pytest.raises(UserError, match="sounds of 8000 Hz and 16000 Hz do not make a batch"):
        collate([{"audio": tone(0.1)}, {"audio": tone(0.1, 16000)}])


def test_what_is_no_sound_is_told() -> None:
    with pytest.raises(UserError, match="a str is no sound"):
        collate([{"audio": "a.wav"}])


def test_workers_may_have_it() -> None:
    collator = Collator(labels=3, rate=16000)
    assert pickle.loads(pickle.dumps(collator)) == collator
    loader = torch.utils.data.DataLoader(ROWS * 4, batch_size=4, num_workers=2, collate_fn=collator)
    batches = list(loader)
    assert [batch["soft"].shape for batch in batches] == [(4, 3), (4, 3)]
    assert [batch["sample_id"] for batch in batches] == [["s_1", "s_2"] * 2] * 2
