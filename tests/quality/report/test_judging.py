"""What opinions tell as a whole."""

from pathlib import Path

import numpy as np
import pytest
from support.released import TAXONOMY, released

from affectory.quality.report import judging
from affectory.quality.report.judging import Judged, judge
from affectory.quality.report.released import Released


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    return judge(Released(released(tmp_path_factory.mktemp("release"), 42)))


def test_people_and_models_are_told_apart(judged: Judged) -> None:
    assert judged.kinds == {"human": 147, "model": 42}
    assert [row["rater"][-1] for row in judged.raters] == ["0", "1", "2", "3"]
    assert [row["rater"] for row in judged.machines] == ["writer@1"]


def test_disagreement_shows_where_it_was_put(judged: Judged) -> None:
    """Every third sample has one who says label 3n + 1 where the others say n."""
    assert judged.confused_of == "people"
    assert judged.confused is not None
    shares = np.nan_to_num(judged.confused)
    assert np.diag(shares).min() > 0.6
    assert shares.sum(axis=1) == pytest.approx(np.ones(len(TAXONOMY.labels)))
    taken = {(n % 7, (3 * n + 1) % 7) for n in range(0, 42, 3)}
    expected = taken | {(b, a) for a, b in taken} | {(n, n) for n in range(7)}
    assert {(int(a), int(b)) for a, b in np.argwhere(shares > 0)} == expected


def test_agreement_is_told_for_each_emotion_of_what_was_seen(judged: Judged) -> None:
    assert list(judged.agreement) == ["people, perceived, audio", "people, perceived, image", "people, perceived, text"]
    questions = {figure.question for figure in judged.agreement["people, perceived, text"]}
    assert {"joy", "emotion"} <= questions <= {*TAXONOMY.labels, "emotion"}


def test_whether_ears_and_eyes_say_the_same_is_told(tmp_path: Path) -> None:
    found = judge(Released(released(tmp_path / "a", 21, apart=True)))
    assert found.conflict == {"consistent": 11, "audio-aligned": 10}


def test_of_very_many_samples_some_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "MOST", 10)
    found = judge(Released(released(tmp_path / "a", 42)))
    assert found.samples == 10
