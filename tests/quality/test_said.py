import numpy as np
import pyarrow as pa
import pytest
from support.opining import ABC, Row, opinion, table

from affectory.quality.said import Said, entropy_of, raters_of

A, B = [1.0, 0, 0], [0, 1.0, 0]
IDS = pa.array(["s_1", "s_2", "s_3"])


def heard(number: int, weights: list[float], modality: str, sample: str = "s_1", **more: object) -> Row:
    return opinion(number, weights, modalities=[modality], sample_id=sample, **more)


def machine(number: int, weights: list[float], modality: str, sample: str = "s_1", name: str = "eye") -> Row:
    return heard(number, weights, modality, sample, rater=name, rater_kind="model")


def apart(*rows: Row) -> list[float | None]:
    found = Said.of(table(*rows), ABC).apart(IDS, "audio", "video")
    return [None if np.isnan(x) else round(float(x), 6) for x in found]


def test_modalities_lie_apart_where_both_were_judged() -> None:
    rows = [heard(1, A, "audio"), heard(2, B, "video"), heard(3, A, "audio", "s_2"), heard(4, A, "video", "s_2")]
    assert apart(*rows, heard(5, A, "audio", "s_3")) == [1.0, 0.0, None]


def test_who_had_more_than_one_modality_says_nothing_of_it() -> None:
    assert apart(heard(1, A, "audio"), opinion(2, B, modalities=["video", "text"])) == [None, None, None]


def test_models_speak_where_people_do_not() -> None:
    people, models = [heard(1, A, "audio"), heard(2, A, "video")], [machine(3, A, "audio"), machine(4, B, "video")]
    assert apart(*people, *models)[0] == 0.0
    assert apart(*models)[0] == 1.0
    assert apart(people[0], models[1])[0] == 1.0


@pytest.mark.parametrize("name", ["eye", "eye@r1", "large@2 as eye"])
def test_the_score_of_a_model_by_any_of_its_names(name: str) -> None:
    rows = [machine(1, [0.7, 0.2, 0.1], "video", name=name), machine(2, [0, 1, 0], "text", "s_2", name="ear")]
    found = Said.of(table(*rows, heard(3, A, "text", "s_2", rater="eye")), ABC).score(IDS, "eye")
    assert found[0] == pytest.approx(0.7)
    assert np.isnan(found[1:]).all()


def test_entropy_of_what_models_say() -> None:
    said = Said.of(table(machine(1, A, "text"), machine(2, B, "text", name="ear"), heard(3, A, "text", "s_2")), ABC)
    found = entropy_of(said.of_models(IDS))
    assert found[0] == pytest.approx(np.log(2) / np.log(3))
    assert np.isnan(found[1:]).all()


def test_how_many_people_judged() -> None:
    rows = [heard(1, A, "text"), heard(2, A, "audio"), heard(3, B, "text", rater="r1"), machine(4, A, "text")]
    assert raters_of(table(*rows, heard(5, A, "text", "s_3", people=20)), IDS).tolist() == [2, 0, 20]


def test_no_opinions() -> None:
    said = Said.of(table(), ABC)
    assert np.isnan(said.apart(IDS, "audio", "video")).all()
    assert np.isnan(said.score(IDS, "eye")).all()
    assert raters_of(table(), IDS).tolist() == [0, 0, 0]
