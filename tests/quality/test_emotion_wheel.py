"""The emotion-wheel score, against what the authors' own code gives."""

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from affectory.quality.emotion_wheel import WHEELS, EmotionWheels, words_of

Shared = Callable[[str], Path]
FORMS = ["emotion_wheel", "expected/ew_label_mapping_{}.csv"]
"""The folder of the wheels' authors, and the table that their code makes of it."""
NAN = float("nan")
SMALL = EmotionWheels(tuple({"glad": "joy", "happy": "joy", "cross": "anger", "blue": "sorrow"} for _ in range(5)))


@pytest.mark.parametrize(
    ("truth", "said", "expected"),
    [
        ([["glad"]], [["happy"]], (1.0, 1.0, 1.0)),
        ([["glad", "cross"]], [["Happy "]], (2 / 3, 1.0, 0.5)),
        ([["glad"], ["cross"]], [["happy"], []], (0.5, 0.5, 0.5)),
        ([["glad"], ["odd"]], [["happy"], ["happy"]], (1.0, 1.0, 1.0)),
        ([["odd"]], [["happy"]], (0.0, 0.0, 0.0)),
        ([], [], (0.0, 0.0, 0.0)),
    ],
)
def test_words_of_one_class_are_the_same(
    truth: list[list[str]], said: list[list[str]], expected: tuple[float, float, float]
) -> None:
    score = SMALL.score(truth, said)
    assert (score.f, score.precision, score.recall) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("truth", "said", "expected"),
    [([["glad"]], [["cross"]], (NAN, 0.0, 0.0)), ([["odd"]], [["glad"]], (NAN, NAN, NAN))],
)
def test_the_edition_of_2025_has_no_score_where_nothing_fits(
    truth: list[list[str]], said: list[list[str]], expected: tuple[float, float, float]
) -> None:
    score = SMALL.score(truth, said, undefined=NAN)
    assert (score.f, score.precision, score.recall) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("truth", "said", "expected"),
    [
        (["glad"], [["happy"]], (1.0, 1.0, 1)),
        (["glad", "cross"], [["happy", "cross"], ["cross"]], (1.0, 0.75, 2)),
        (["glad", "cross"], [["blue", "happy"], ["blue"]], (0.5, 0.5, 2)),
        (["neutral", "cross"], [["glad"], ["cross"]], (1.0, 1.0, 1)),
        (["neutral"], [["glad"]], (0.0, 0.0, 0)),
        ([], [], (0.0, 0.0, 0)),
    ],
)
def test_hits_of_one_label_count_only_labels_that_occur(
    truth: list[str], said: list[list[str]], expected: tuple[float, float, int]
) -> None:
    score = SMALL.hits(truth, said)
    assert (score.hit_rate, score.m_score, score.samples) == pytest.approx(expected)


def test_lists_are_split_as_the_authors_do() -> None:
    assert words_of("[happy, 'at ease', \"proud\"]") == ["happy", "at ease", "proud"]
    assert words_of("[]") == []


def read(shared: Shared, form: str, year: int = 2026, level: int = 1) -> EmotionWheels:
    return EmotionWheels.read(shared(form.format(year)), level, year)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("year", "forms"), [(2025, 7386), (2026, 7356)])
@pytest.mark.parametrize("level", [1, 2])
def test_every_word_form_has_the_classes_that_the_authors_give_it(
    shared: Shared, form: str, year: int, forms: int, level: int
) -> None:
    wheels = read(shared, form, year, level)
    with shared(FORMS[1].format(year)).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        for wheel in range(WHEELS):
            expected = {row[f"wheel{wheel + 1}_level{level}"]} - {""}
            assert wheels.mapped([f" {row['label'].upper()} "], wheel) == expected, row
    assert len(rows) == forms


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("level", [1, 2])
def test_the_reference_cases(shared: Shared, form: str, level: int) -> None:
    wheels = read(shared, form, level=level)
    cases = json.loads(shared("expected/ew_metric_cases.json").read_text())["cases"]
    for case in cases:
        truth, said = words_of(case["gt"]), words_of(case["pred"])
        score = wheels.score([truth], [said])
        reference = case[f"level{level}"]["avg_fscore_precision_recall"]
        assert [score.f, score.precision, score.recall] == pytest.approx(reference, abs=1e-9), case
        for number in range(WHEELS):
            one = EmotionWheels((wheels.classes[number],)).score([truth], [said])
            wanted = case[f"level{level}"]["per_wheel_precision_recall"][f"wheel{number + 1}"]
            assert [one.precision, one.recall] == pytest.approx(wanted, abs=1e-9), case
    assert len(cases) == 26


@pytest.mark.parametrize("form", FORMS)
def test_the_reference_cases_word_by_word(shared: Shared, form: str) -> None:
    new, old = (read(shared, form, year) for year in (2026, 2025))
    for case in json.loads(shared("expected/ew_metric_cases.json").read_text())["cases"]:
        for side in ("gt", "pred"):
            mapped = {f"wheel{w + 1}": sorted(new.mapped(words_of(case[side]), w)) for w in range(WHEELS)}
            assert mapped == case[f"mapped_{side}"]
        assert old.hit_any(words_of(case["gt"]), words_of(case["pred"])) is case["hit_any_wheel_affectgpt"], case


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("year", [2025, 2026])
def test_models_against_each_other_on_real_captions(shared: Shared, form: str, year: int) -> None:
    wheels = read(shared, form, year)
    labels: dict[tuple[str, str], dict[str, list[str]]] = {}
    with gzip.open(shared("ovmer/ovmer_model_captions.jsonl.gz"), "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            labels.setdefault((row["condition"], row["model"]), {})[row["clip"]] = words_of(row["open_labels_raw"])
    scores = json.loads(shared("expected/ew_metric_ovmer_pairs.json").read_text())["scores"]
    for name, reference in scores.items():
        condition, truth, said = (part.partition("=")[2] or part for part in name.split("|"))
        a, b = labels[condition, truth], labels[condition, said]
        score = wheels.score([a[clip] for clip in sorted(a)], [b[clip] for clip in sorted(a)])
        wanted = reference[f"tables{year}_F_P_R"]
        assert [score.f, score.precision, score.recall] == pytest.approx(wanted, abs=1e-9), name
    assert len(scores) == 10
