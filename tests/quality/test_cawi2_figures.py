"""CAWI2: about 54 people's intensities of eight emotions for each of 100 texts."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.published import means_of_whole_numbers

from affectory.quality.agreement import Ratings, coded
from affectory.quality.labelling import label, opinions_of
from affectory.schemas.taxonomy import parse_taxonomy

Shared = Callable[[str], Path]
POLISH = {
    "anticipation": "OCZEKIWANIE", "joy": "RADOŚĆ", "sadness": "SMUTEK", "fear": "STRACH", "disgust": "WSTRĘT",
    "surprise": "ZASKOCZENIE", "trust": "ZAUFANIE", "anger": "ZŁOŚĆ",
}  # fmt: skip
EIGHT = parse_taxonomy({"name": "cawi2", "space": "ordinal", "entries": list(POLISH)})


@pytest.fixture(scope="module")
def rows(shared: Shared) -> list[dict[str, str]]:
    english = {polish: name for name, polish in POLISH.items()}
    with shared("cawi2/cawi2_annotations.csv").open(encoding="utf-8-sig", newline="") as file:
        return [{english.get(name, name): value for name, value in row.items()} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def wanted(shared: Shared) -> Any:
    return json.loads(shared("expected/cawi2_agreement.json").read_text())


def test_how_many_rated_what(rows: list[dict[str, str]], wanted: Any) -> None:
    # Each row, also one with gaps, says of its text that it is rated.
    [question] = Ratings.read(rows, item="text_id", rater="annotator_id", value="text_id").questions
    made = coded(question)
    assert (made.size, len(made.items), len(made.raters)) == (wanted["rows"], wanted["texts"], wanted["annotators"])
    assert made.repeats == wanted["duplicate_rows"]
    low, middle, high = np.quantile(made.sizes, [0.25, 0.5, 0.75])
    found = {
        "count": len(made.sizes), "mean": made.sizes.mean(), "std": made.sizes.std(ddof=1),
        "min": made.sizes.min(), "25%": low, "50%": middle, "75%": high, "max": made.sizes.max(),
    }  # fmt: skip
    assert found == pytest.approx(wanted["ratings_per_text"], abs=1e-9)


def test_means_and_shares_of_the_first_texts_to_the_places_printed(rows: list[dict[str, str]], wanted: Any) -> None:
    """A share is that of all intensity that was given, which is no vote: who feels more has more to give."""
    labels = label(opinions_of(rows, EIGHT, item="text_id", rater="annotator_id", intensities=EIGHT.labels), EIGHT,
                   "intensity_mean")  # fmt: skip
    means, texts = means_of_whole_numbers(labels, 6), labels.column("sample_id").to_pylist()
    shares = means / means.sum(axis=1, keepdims=True)
    for name, found in (("mean_intensity_first5", means), ("soft_labels_first5", shares)):
        for text, figures in wanted[name].items():
            ours = dict(zip(EIGHT.labels, found[texts.index(text)].round(6).tolist(), strict=True))
            assert ours == pytest.approx(figures, abs=1e-9), (name, text)
        assert len(wanted[name]) == 5
