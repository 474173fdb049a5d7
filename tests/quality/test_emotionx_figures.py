"""EmotionX: the votes of five people for each line of Friends, in the editions of 2018 and 2019."""

import json
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter
from support.published import FRIENDS, FRIENDS_LABELS, counted, means_of_whole_numbers

from affectory.quality.agreement import Ratings, alpha, coded, fleiss_kappa
from affectory.quality.distances import cross_entropy
from affectory.transforms.ratings.dialogues import DialogueRatings
from affectory.transforms.sources.base import Limits, SourceFile
from affectory.transforms.sources.dialogues import DialoguesSource
from affectory.transforms.views.emotion_x import EmotionX

Shared = Callable[[str], Path]
Dialogues = list[list[dict[str, Any]]]
PLAIN, AUGMENTED = "friends.json", "friends.augmented.json"
PARTS = {
    "friends2019": (PLAIN, slice(None)),
    "friends_aug": (AUGMENTED, slice(None)),
    # The augmented file has the dialogues in the order of 2018: train, dev, test.
    "2018_friends.train": (AUGMENTED, slice(0, 720)),
    "2018_friends.dev": (AUGMENTED, slice(720, 800)),
    "2018_friends.test": (AUGMENTED, slice(800, None)),
}
every_part = pytest.mark.parametrize("part", PARTS)


@pytest.fixture(scope="module")
def files(shared: Shared) -> dict[str, bytes]:
    with zipfile.ZipFile(shared("emotionx/2019_Train_Friends.zip")) as archive:
        return {name: archive.read(f"Friends/{name}") for name in (PLAIN, AUGMENTED)}


@pytest.fixture(scope="module")
def dialogues(files: dict[str, bytes]) -> dict[str, Dialogues]:
    return {part: json.loads(files[name])[which] for part, (name, which) in PARTS.items()}


@pytest.fixture(scope="module")
def expected(shared: Shared) -> Any:
    return json.loads(shared("expected/emotionx_votes.json").read_text())


def votes_of(dialogues: Dialogues) -> np.ndarray[Any, Any]:
    return np.array([[int(digit) for digit in line["annotation"]] for lines in dialogues for line in lines])


def test_every_part_is_tested(expected: Any) -> None:
    assert expected.keys() == PARTS.keys()


@every_part
def test_what_was_published_is_what_the_rule_gives(dialogues: dict[str, Dialogues], expected: Any, part: str) -> None:
    wanted, lines = expected[part], [line for lines in dialogues[part] for line in lines]
    assert (len(dialogues[part]), len(lines)) == (wanted["dialogues"], wanted["utterances"])
    # The files of 2018 have no translations.
    keys = Counter(key for line in lines for key in line if part[:4] != "2018" or key in wanted["keys"])
    assert keys == wanted["keys"]
    samples = [f"line{n:05}" for n in range(len(lines))]
    labels = EmotionX().view(counted(samples, votes_of(dialogues[part]), FRIENDS), FRIENDS)
    chosen = [":".join(names) for names in labels.column("chosen").to_pylist()]
    right = sum(ours == line["emotion"] for ours, line in zip(chosen, lines, strict=True))
    assert (right, len(lines) - right, wanted["bad_examples"]) == (wanted["rule_ok"], wanted["rule_bad"], [])
    assert Counter(chosen) == wanted["labels"]
    assert {str(n): times for n, times in Counter(labels.column("count").to_pylist()).items()} == wanted["votes_sum"]
    shares = means_of_whole_numbers(labels)
    assert cross_entropy(shares, shares).mean() == pytest.approx(wanted["mean_entropy_nats"], abs=1e-9)
    soft = dict(zip(FRIENDS_LABELS, shares.mean(axis=0), strict=True))
    assert soft == pytest.approx(wanted["soft_mean"], abs=1e-9)


@every_part
def test_agreement(dialogues: dict[str, Dialogues], expected: Any, part: str) -> None:
    wanted, votes = expected[part], votes_of(dialogues[part])
    table = {"line": list(range(len(votes))), **dict(zip(FRIENDS_LABELS, votes.T.tolist(), strict=True))}
    [question] = Ratings.read(table, item="line", counts=FRIENDS_LABELS).questions
    made = coded(question)
    assert len(made.items) == wanted["n5"]
    assert fleiss_kappa(made) == pytest.approx(wanted["fleiss_kappa_n5"], abs=1e-9)
    assert alpha(made, "nominal") == pytest.approx(wanted["alpha_nominal_all"], abs=1e-9)


@pytest.mark.parametrize("part", ["friends2019", "friends_aug"])
def test_our_importers_read_as_many(files: dict[str, bytes], expected: Any, part: str, tmp_path: Path) -> None:
    wanted, path = expected[part], tmp_path / PARTS[part][0]
    path.write_bytes(files[path.name])
    file, same = SourceFile(path.name, path, "0" * 64, path.stat().st_size), {"path": path.name}
    digits = {"of": "s", "vote_digits": {"column": "annotation", "labels": FRIENDS_LABELS}}
    turns = TypeAdapter(DialoguesSource).validate_python({**same, "text": "utterance"})
    votes = TypeAdapter(DialogueRatings).validate_python({**same, **digits})
    records, ratings = (list(reader.read(file, Limits())) for reader in (turns, votes))
    assert not any(batch.refused for batch in (*records, *ratings))
    names = [name for batch in records for name in batch.rows.column("dialogue").to_pylist()]
    assert (len(names), len(set(names))) == (wanted["utterances"], wanted["dialogues"])
    rated = Counter(key for batch in ratings for key in batch.rows.column("target_key").to_pylist())
    assert {str(n): times for n, times in Counter(rated.values()).items()} == wanted["votes_sum"]
