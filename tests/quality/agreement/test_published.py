"""Real data: the figures of reference implementations, each to 1e-9 unless it says otherwise."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.rating import asked

from affectory.quality.agreement import (
    Coded,
    Halves,
    Pairs,
    Question,
    Ratings,
    Rest,
    agreement,
    alpha,
    coded,
    cohen_kappas,
    fleiss_kappa,
    leave_one_out,
    leave_one_out_error,
    named,
    spearman_brown,
    split_half,
)

Shared = Callable[[str], Path]
Rows = list[dict[str, Any]]
EXACT = 1e-9
CAWI2 = {
    "anticipation": "OCZEKIWANIE", "joy": "RADOŚĆ", "sadness": "SMUTEK", "fear": "STRACH", "disgust": "WSTRĘT",
    "surprise": "ZASKOCZENIE", "trust": "ZAUFANIE", "anger": "ZŁOŚĆ", "arousal": "POBUDZENIE EMOCJONALNE",
    "valence": "ZNAK EMOCJI",
}  # fmt: skip
AMOUNTS = ("None", "A little", "Moderate", "Extremely")


def rows_of(path: Path) -> Rows:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def expected(shared: Shared, name: str) -> Any:
    return json.loads(shared(f"expected/{name}.json").read_text(encoding="utf-8"))


def by_name(ratings: Ratings) -> dict[str, Question]:
    return {question.name: question for question in ratings.questions}


def measured(ratings: Coded, wanted: dict[str, float]) -> dict[str, float]:
    """Alpha in each of the metrics that are wanted, under the names of the file."""
    return {name: alpha(ratings, name.removeprefix("alpha_")) for name in wanted}


def test_small_cases(shared: Shared) -> None:
    cases = expected(shared, "agreement_small_cases")["cases"]
    for case in cases:
        made = coded(asked(case["matrix_raters_x_items"], "ratio"))
        alphas = {name: value for name, value in case.items() if name.startswith("alpha_") and value == value}
        if any(isinstance(value, str) for value in alphas.values()):
            assert all(found != found for found in measured(made, alphas).values()), case["name"]
            continue
        assert measured(made, alphas) == pytest.approx(alphas, abs=EXACT), case["name"]
        if "fleiss_kappa" in case:
            assert fleiss_kappa(made) == pytest.approx(case["fleiss_kappa"], abs=EXACT)
        for pair, kappas in case.get("cohen_pairs", {}).items():
            raters = tuple(f"r{int(rater):03}" for rater in pair.split("-"))
            found = {w: named(Pairs(made), cohen_kappas(Pairs(made), w))[raters] for w in kappas}
            assert found == pytest.approx(kappas, abs=EXACT)
    assert len(cases) == 7


def test_cases_that_the_reference_refuses_have_words(shared: Shared) -> None:
    words = {"single_value_only": "all ratings are alike", "single_rater": "a single rater"}
    for case in expected(shared, "agreement_small_cases")["cases"]:
        if case["name"] in words:
            for figure in agreement(Ratings((asked(case["matrix_raters_x_items"]),))).figures:
                assert (figure.value, words[case["name"]] in figure.state) == (None, True)


@pytest.fixture(scope="module")
def cawi2(shared: Shared) -> dict[str, Question]:
    rows = rows_of(shared("cawi2/cawi2_annotations.csv"))
    return by_name(Ratings.read(rows, item="text_id", rater="annotator_id", columns=list(CAWI2.values())))


def test_cawi2(cawi2: dict[str, Question], shared: Shared) -> None:
    wanted = expected(shared, "cawi2_agreement")
    assert wanted["alpha"].keys() == CAWI2.keys()
    for emotion, figures in wanted["alpha"].items():
        made = coded(cawi2[CAWI2[emotion]])
        alphas = {metric: figures[metric] for metric in ("ordinal", "interval")}
        assert measured(made, alphas) == pytest.approx(alphas, abs=EXACT), emotion
        assert (made.size, len(made.items)) == (wanted["rows"] - figures["missing"], wanted["texts"])
    assert made.repeats == wanted["duplicate_rows"]


def test_cawi2_halves_agree_as_alpha_foretells(cawi2: dict[str, Question], shared: Shared) -> None:
    """The reference drew its halves from another generator: 100 splits of each lie within 0.02 of it."""
    for emotion, r in expected(shared, "cawi2_agreement")["split_half_r(seed0,100)"].items():
        made = coded(cawi2[CAWI2[emotion]])
        found = split_half(Halves(made, 100, 0))
        assert found == pytest.approx(r, abs=0.02), emotion
        assert spearman_brown(alpha(made, "interval"), made.sizes.mean() / 2) == pytest.approx(found, abs=0.02)


def test_cawi2_report_shows_both(cawi2: dict[str, Question]) -> None:
    joy = Ratings((cawi2[CAWI2["joy"]],))
    found = agreement(joy, draws=100, by_rater=False)
    alpha_joy, half = (found.of(CAWI2["joy"], name) for name in ("alpha ordinal", "split-half r"))
    assert alpha_joy.value == pytest.approx(0.26, abs=0.005) and half.value == pytest.approx(0.90, abs=0.005)
    assert (alpha_joy.raters, alpha_joy.items) == (3169, 100)
    assert "5 ratings are a rater's second of an item" in found.as_text()


@pytest.mark.parametrize(("modality", "number"), [("voice", "1"), ("face", "2"), ("multimodal", "3")])
def test_crema_d(shared: Shared, modality: str, number: str) -> None:
    wanted = expected(shared, "cremad_agreement")[modality]
    rows = [row for row in rows_of(shared("crema_d/tabulatedVotes.csv")) if row[""].startswith(number)]
    [found] = Ratings.read(rows, item="fileName", counts=list("ADFHNS")).questions
    made = coded(found)
    assert (made.size, len(made.items)) == (wanted["ratings"], wanted["clips"])
    assert alpha(made, "nominal") == pytest.approx(wanted["alpha_nominal"], abs=EXACT)


def test_earkick_has_a_level_called_none(shared: Shared) -> None:
    whole = expected(shared, "earkick_labelstudio_agreement")
    wanted, rows = whole["agreement"], rows_of(shared("earkick_labelstudio/assessment.csv"))
    emotions = [name for name in wanted if name != "sentiment"]
    found = by_name(Ratings.read(rows, item="audio", rater="annotator", columns=emotions, levels=AMOUNTS))
    for emotion in emotions:
        given = found[emotion].rows.column("value").to_pylist()
        assert {level: given.count(place) for place, level in enumerate(AMOUNTS)} == wanted[emotion]["levels"]
        alphas = {name: value for name, value in wanted[emotion].items() if name.startswith("alpha")}
        made = coded(found[emotion])
        assert measured(made, alphas) == pytest.approx(alphas, abs=EXACT)
        assert (len(rows), len(made.items), len(made.raters)) == (whole["rows"], whole["items"], whole["annotators"])
        assert made.size + wanted[emotion]["missing"] == whole["rows"]
    [sentiment] = Ratings.read(rows, item="audio", rater="annotator", value="sentiment").questions
    assert measured(coded(sentiment), wanted["sentiment"]) == pytest.approx(wanted["sentiment"], abs=EXACT)


@pytest.mark.parametrize("side", ["reader", "writer"])
def test_emobank(shared: Shared, side: str) -> None:
    wanted = expected(shared, "emobank_agreement")[side]
    rows = rows_of(shared(f"emobank/individual_{side}_ratings.csv"))
    kept = [row for row in rows if (row["V"], row["A"], row["D"]) != ("1", "1", "1")]
    assert (len(rows), len(kept)) == (wanted["rows"], wanted["rows_after_111_filter"])
    for question in Ratings.read(rows, item="id", columns=list("VAD")).questions:
        assert coded(question).scale.tolist() == wanted["bad_values"], "the values that occur: none of them is bad"
        assert len(coded(question).items) == wanted["items_individual"]
    for question in Ratings.read(kept, item="id", columns=list("VAD")).questions:
        figures, made = wanted["agreement"][question.name], coded(question)
        alphas = {name: value for name, value in figures.items() if name.startswith("alpha")}
        assert measured(made, alphas) == pytest.approx(alphas, abs=EXACT)
        assert leave_one_out(Rest(made)) == pytest.approx(figures["leave_one_out_pearson"], abs=EXACT)
        assert leave_one_out_error(Rest(made)) == pytest.approx(figures["leave_one_out_mae"], abs=EXACT)


@pytest.mark.parametrize(("language", "text"), [("afr", "text_content"), ("arq", "text_id")])
def test_brighter(shared: Shared, language: str, text: str) -> None:
    wanted = expected(shared, "brighter_aggregation")["languages"][language]
    rows = rows_of(shared(f"brighter/{language}_individuals.csv"))
    people = [name for name in rows[0] if name.lower().startswith("annotator")]
    present = [{**row, **{p: row[p] and str(int(float(row[p]) > 0)) for p in people}} for row in rows]
    words = {"happy": "joy", "sad": "sadness", "angry": "anger"}
    for name, metric, table in (("ordinal", "ordinal", rows), ("nominal_presence", "nominal", present)):
        found = by_name(Ratings.read(table, item=text, raters=people, question="emotion"))
        made = {words.get(q.lower(), q.lower()): coded(question) for q, question in found.items()}
        figures = {emotion: alphas[name] for emotion, alphas in wanted["alpha"].items()}
        assert {e: alpha(c, metric) for e, c in made.items()} == pytest.approx(figures, abs=EXACT)
        assert sum(c.size for c in made.values()) == wanted["ratings"]
