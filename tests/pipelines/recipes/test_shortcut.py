"""The recipe shortcut from end to end: what an interviewer asks only of some is named, a clean set is not accused."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from support.project import Project, write_lines

RECIPE = Path(__file__).parents[3] / "pipelines" / "recipes" / "shortcut.yaml"
LABELS = ("depressed", "not depressed")
OPENINGS = ("how are you doing today", "where are you from originally", "what do you enjoy about your city")
FOLLOW_UPS = ("have you been diagnosed with depression", "what got you to seek help", "do you still go to therapy")
SMALL_TALK = ("do you travel often", "how easy was it to get used to living there", "who is your oldest friend")
REPLIES = ("well i guess", "yeah i do", "not really no", "it is okay", "some of the time", "that was long ago")
PEOPLE = 60


def interview(number: int, planted: bool) -> Iterator[dict[str, Any]]:
    """Three openings, then three questions, which hang on the label where the shortcut is planted, else on chance."""
    random = np.random.default_rng((number, planted))
    label = LABELS[number % 2]
    follows = label == "depressed" if planted else random.random() < 0.5
    asked = [*random.permutation(OPENINGS), *random.permutation(FOLLOW_UPS if follows else SMALL_TALK)]
    site = ("LA", "Boston", "Oulu")[int(random.integers(3))]
    for turn, question in enumerate(asked):
        place: dict[str, Any] = {"interview": f"{300 + number}", "site": site}
        yield {**place, "turn": 2 * turn, "role": "interviewer", "text": f"{question}, number {number}"}
        reply = f"{REPLIES[int(random.integers(len(REPLIES)))]} {int(random.integers(10, 99))}"
        yield {**place, "turn": 2 * turn + 1, "who": f"p{number}", "role": "participant", "text": reply, "phq8": label}


@pytest.fixture(scope="module", params=[True, False], ids=["planted", "clean"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[bool, Project]:
    folder = tmp_path_factory.mktemp("shortcut")
    shutil.copy(RECIPE, folder / "recipe.yaml")
    write_lines(folder / "turns.jsonl", [turn for n in range(PEOPLE) for turn in interview(n, request.param)])
    made = Project(folder)
    done = made.build("validate.suite=rules")
    assert done.version == "v1.0.0" and done.kept == 12 * PEOPLE
    assert (done.attached, done.refused_ratings) == (6 * PEOPLE, {})
    return request.param, made


def test_what_the_interviewer_says_alone_is_named_where_it_tells(built: tuple[bool, Project]) -> None:
    planted, made = built
    gate = json.loads((made.releases / "v1.0.0" / "gate.json").read_text())
    audit = next(audit for audit in gate["audits"] if audit["name"] == "shortcuts")
    assert audit["verdict"] == ("warns" if planted else "clean"), audit
    told = {line["field"]: line for line in audit["table"]}
    what = told["what interviewer says"]
    if planted:
        assert audit["table"][0] == what and what["told"] > 0.8 and what["p"] <= 0.05
        assert "what interviewer says tells" in audit["says"] and audit["rows"]
    else:
        assert what["told"] < 0.02 or what["p"] > 0.05
    assert all(line["p"] > 0.05 or line["told"] <= 0.02 for line in audit["table"] if line != what)


def test_no_interview_is_cut_by_a_split(built: tuple[bool, Project]) -> None:
    _, made = built
    rows = {row["sample_id"]: row["dialogue"] for row in made.rows("v1.0.0", "samples").to_pylist()}
    splits: dict[str, set[str]] = {}
    for file in sorted((made.releases / "v1.0.0" / "data" / "default").glob("*.parquet")):
        ids = pq.read_table(file, columns=["sample_id"])["sample_id"].to_pylist()
        splits.setdefault(file.name.partition("-")[0], set()).update(rows[one] for one in ids)
    assert set(splits) == {"train", "validation", "test"}
    assert sum(map(len, splits.values())) == PEOPLE


def test_the_card_says_so(built: tuple[bool, Project]) -> None:
    planted, made = built
    card = (made.releases / "v1.0.0" / "README.md").read_text()
    assert ("one field alone tells more than it should: what interviewer says" in card) is planted
