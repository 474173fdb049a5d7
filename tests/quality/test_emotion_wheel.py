"""The emotion-wheel score, against what the authors' own code gives."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from affectory.quality.emotion_wheel import EmotionWheels, words_of

Shared = Callable[[str], Path]
SMALL = EmotionWheels(tuple({"glad": "joy", "happy": "joy", "cross": "anger"} for _ in range(5)))


@pytest.mark.parametrize(
    ("truth", "said", "expected"),
    [
        ([["glad"]], [["happy"]], (1.0, 1.0, 1.0)),
        ([["glad", "cross"]], [["Happy "]], (2 / 3, 1.0, 0.5)),
        ([["glad"], ["cross"]], [["happy"], []], (0.5, 0.5, 0.5)),
        ([["glad"], ["odd"]], [["happy"], ["happy"]], (1.0, 1.0, 1.0)),
        ([["odd"]], [["happy"]], (0.0, 0.0, 0.0)),
    ],
)
def test_words_of_one_class_are_the_same(
    truth: list[list[str]], said: list[list[str]], expected: tuple[float, float, float]
) -> None:
    score = SMALL.score(truth, said)
    assert (score.f, score.precision, score.recall) == pytest.approx(expected)


def test_lists_are_split_as_the_authors_do() -> None:
    assert words_of("[happy, 'at ease', \"proud\"]") == ["happy", "at ease", "proud"]
    assert words_of("[]") == []


@pytest.mark.parametrize("level", [1, 2])
def test_the_reference_cases(shared: Shared, level: int) -> None:
    wheels = EmotionWheels.read(shared("expected/ew_label_mapping_2026.csv"), level)
    cases = json.loads(shared("expected/ew_metric_cases.json").read_text())["cases"]
    for case in cases:
        score = wheels.score([words_of(case["gt"])], [words_of(case["pred"])])
        reference = case[f"level{level}"]["avg_fscore_precision_recall"]
        assert (score.f, score.precision, score.recall) == pytest.approx(reference), case
    assert len(cases) == 26


@pytest.mark.parametrize("year", [2025, 2026])
def test_models_against_each_other_on_real_captions(shared: Shared, year: int) -> None:
    wheels = EmotionWheels.read(shared(f"expected/ew_label_mapping_{year}.csv"))
    labels: dict[tuple[str, str], dict[str, list[str]]] = {}
    with gzip.open(shared("ovmer/ovmer_model_captions.jsonl.gz"), "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            labels.setdefault((row["condition"], row["model"]), {})[row["clip"]] = words_of(row["open_labels_raw"])
    scores = json.loads(shared("expected/ew_metric_ovmer_pairs.json").read_text())["scores"]
    for name, reference in scores.items():
        condition, truth, said = (part.partition("=")[2] or part for part in name.split("|"))
        a, b = labels[condition, truth], labels[condition, said]
        score = wheels.score([a[clip] for clip in sorted(a)], [b[clip] for clip in sorted(a)])
        assert [score.f, score.precision, score.recall] == pytest.approx(reference[f"tables{year}_F_P_R"]), name
