"""CREMA-D: what raters say against what was acted, by what they saw and heard."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.published import CREMA_D, means_of_whole_numbers

from affectory.quality.distances import cross_entropy
from affectory.quality.labelling import label, opinions_of

Shared = Callable[[str], Path]
ACTED = {"ANG": "A", "DIS": "D", "FEA": "F", "HAP": "H", "NEU": "N", "SAD": "S"}


@pytest.mark.parametrize(("modality", "number"), [("voice", "1"), ("face", "2"), ("multimodal", "3")])
def test_what_raters_say_and_what_was_acted(shared: Shared, modality: str, number: str) -> None:
    wanted = json.loads(shared("expected/cremad_agreement.json").read_text())[modality]
    with shared("crema_d/tabulatedVotes.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row[""].startswith(number)]
    labels = label(opinions_of(rows, CREMA_D, item="fileName", counts=CREMA_D.labels), CREMA_D, "plurality")
    acted = [ACTED[clip.split("_")[2]] for clip in labels.column("sample_id").to_pylist()]
    shares, chosen = means_of_whole_numbers(labels), labels.column("chosen").to_pylist()
    of_acted = shares[np.arange(len(acted)), [CREMA_D.index(emotion) for emotion in acted]]
    figures = {
        "clips": labels.num_rows,
        "ratings": sum(labels.column("count").to_pylist()),
        "ties": labels.column("state").to_pylist().count("tie"),
        "majority_matches_intended": np.mean([names == [e] for names, e in zip(chosen, acted, strict=True)]),
        "mean_share_on_intended": of_acted.mean(),
        "mean_entropy_nats": cross_entropy(shares, shares).mean(),
    }
    assert figures == pytest.approx({name: wanted[name] for name in figures}, abs=1e-9)
    assert wanted.keys() - figures.keys() == {"alpha_nominal"}, "tested with the agreement of the others"
