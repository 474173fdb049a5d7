"""How far raters agree in a review: the figures of `quality.agreement`, of what may be compared, or words."""

from typing import Any

import numpy as np
import pytest
from support.reviewing import MOODS, Review

from affectory.annotation.status.agreeing import ONLY_AFTER, Agreed, Agreements
from affectory.quality.agreement import Ratings, agreement

Words = list[list[str]]
SHOWN: Words = [["joy", "joy"], ["joy", "anger"], ["anger", "anger"], ["fear", "fear"], ["fear", "joy"], ["joy", "joy"]]


def reviewed(words: Words, review: Review | None = None, **given: Any) -> Review:
    """Two raters who say one word each of every sample."""
    review = review or Review()
    for place, said in enumerate(words):
        for rater, word in enumerate(said):
            review.says(review.ask(f"s_{place}", f"p_{rater}", **given), word)
    return review


def found(review: Review, **given: Any) -> Agreements:
    return review.status(**given).agreement


def of(agreements: Agreements, question: str = "emotion", set_: str = "main") -> Agreed:
    [figure] = [f for f in agreements.figures if (f.question, f.set) == (question, set_)]
    return figure


def alpha(words: Words, question: str) -> float | None:
    rows = [{"item": n, "rater": r, "word": word} for n, said in enumerate(words) for r, word in enumerate(said)]
    if question != "emotion":
        rows = [{**row, "word": str(row["word"] == question)} for row in rows]
    ratings = Ratings.read(rows, item="item", rater="rater", value="word")
    return agreement(ratings, draws=0).figures[0].value


@pytest.mark.parametrize("question", ["emotion", "joy", "anger", "fear"])
def test_alpha_of_each_emotion_is_that_of_the_answers_themselves(question: str) -> None:
    figure = of(found(reviewed(SHOWN)), question)
    assert figure.value == pytest.approx(alpha(SHOWN, question), abs=1e-12)
    assert (figure.items, figure.raters, figure.ratings, figure.measure) == (6, 2, 12, "alpha nominal")


def test_intervals_hold_the_figure_where_there_are_items_enough() -> None:
    figure = of(found(reviewed(SHOWN * 4), draws=200))
    assert figure.low is not None
    assert figure.high is not None
    assert figure.low < figure.value < figure.high
    assert of(found(reviewed(SHOWN[:4]), draws=200)).low is None


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([["joy"], ["fear"]], "a single rater"),
        ([["joy", "joy"], ["joy", "joy"]], "all ratings are alike"),
        ([["joy", "joy"]], "all ratings are alike"),
        ([["joy", "fear"]], "only one item has two ratings"),
    ],
)
def test_where_no_number_is_honest_there_are_words(words: Words, why: str) -> None:
    figure = of(found(reviewed(words)))
    assert (figure.value, figure.state.startswith(why)) == (None, True)
    told = " ".join(reviewed(words).status().as_text().split())
    assert f"emotion ({figure.about}): {why}" in told


@pytest.mark.parametrize("purpose", ["second", "recheck"])
def test_who_was_asked_only_after_an_answer_is_not_compared(purpose: str) -> None:
    review = Review()
    for place, (first, second) in enumerate(SHOWN):
        review.says(review.ask(f"s_{place}", "p_0"), first)
        review.says(review.ask(f"s_{place}", "p_1", purpose=purpose, round=2), second)
    assert of(found(review)).value is None
    assert "not compared: 6 answers asked for after an answer of others" in " ".join(found(review).notes)


def test_where_all_were_asked_after_an_answer_it_is_said() -> None:
    [figure] = found(reviewed(SHOWN, purpose="second")).figures
    assert (figure.value, figure.state) == (None, ONLY_AFTER)


def test_who_was_chosen_later_with_another_probability_is_not_compared_and_a_later_one_with_the_same_is() -> None:
    planned = {"same": 0.25, "other": 0.75}
    values = {}
    for name, probability in planned.items():
        review = Review()
        for place, (first, second) in enumerate(SHOWN):
            review.says(review.ask(f"s_{place}", "p_0", probability=0.25), first)
            review.says(review.ask(f"s_{place}", "p_1", probability=probability, round=2), second)
        values[name] = of(found(review)).value
    assert values == {"same": pytest.approx(alpha(SHOWN, "emotion")), "other": None}


def test_samples_that_came_again_are_not_compared() -> None:
    review = reviewed(SHOWN)
    review.says(review.ask("s_0", "p_0", purpose="repeat", occasion="again"), "fear")
    assert of(found(review)).value == pytest.approx(alpha(SHOWN, "emotion"))
    assert "1 answers of a later occasion" in " ".join(found(review).notes)


def test_who_decides_knows_what_others_said_and_is_not_compared() -> None:
    review = reviewed(SHOWN)
    ask = review.ask("s_1", "p_9", purpose="adjudication", occasion="adjudication")
    review.says(ask, "anger", rater_kind="adjudicator")
    assert of(found(review)).value == pytest.approx(alpha(SHOWN, "emotion"))
    assert "p_9" not in {row.rater for row in review.status().reliability.raters if row.attention is not None}


def test_sets_of_questions_are_never_mixed() -> None:
    review = reviewed([list(reversed(words)) for words in SHOWN], reviewed(SHOWN), question="heard")
    other = reviewed([["joy", "anger"]] * 5, question="third", review=review)
    assert {figure.set for figure in found(other).figures} == {"main", "heard", "third"}
    assert of(found(other)).value == pytest.approx(alpha(SHOWN, "emotion"))


def test_parts_of_samples_are_not_compared() -> None:
    review = reviewed(SHOWN)
    ask = review.ask("s_0", "p_0")
    back = review.says(ask, "joy")
    face = review.judge(ask, "p_0", {"weights": [0, 0, 1]}, anchor={**ask["anchor"], "box": [0.0, 0.0, 9.0, 9.0]})
    back["judgements"] = [*back["judgements"], face["judgement_id"]]
    assert of(found(review)).value == pytest.approx(alpha(SHOWN, "emotion"))
    assert "1 judgements about parts of samples are not compared" in found(review).notes


def test_places_in_valence_have_alpha_and_icc() -> None:
    review = Review()
    draws = np.random.default_rng(3)
    for place in range(12):
        for rater in range(2):
            value = float(np.clip(draws.normal(place / 6 - 1, 0.2), -1, 1))
            review.says(review.ask(f"s_{place}", f"p_{rater}"), answer={"vad": {"valence": value}})
    figures = {f.measure: f.value for f in found(review).figures if f.question == "valence"}
    assert set(figures) == {"alpha interval", "icc 1"}
    assert min(figures.values()) > 0.8


def test_what_was_edited_counts_as_it_is_now() -> None:
    review = reviewed(SHOWN)
    first = review.judgements[1]
    later = {**first, "judgement_id": "j_later", "revision": 1, "supersedes": first["judgement_id"]}
    review.judgements.append({**later, "answer": {"weights": [0.0, 1.0, 0.0]}})
    changed = [["joy", "anger"], *SHOWN[1:]]
    assert of(found(review)).value == pytest.approx(alpha(changed, "emotion"))


def test_labels_are_those_of_the_taxonomy() -> None:
    assert {f.question for f in found(reviewed(SHOWN)).figures} == {"emotion", *MOODS.labels}
