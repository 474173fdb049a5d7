"""The recipe fairness from end to end: groups with intervals, small ones marked, a planted gap named."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.project import Project, write_csv, write_lines

RECIPE = Path(__file__).parents[3] / "pipelines" / "recipes" / "fairness.yaml"
GROUPS = ("female", "male", "female", "male", "female", "male", "female", "male", "female", "nonbinary")
"""Of 40 people four are nonbinary: too few to compare."""
FEW = "shared by too few to be named (1 group)"
PEOPLE, LINES = 40, 6
MOODS = ("joy", "sadness", "neutral")


def angry(sex: str, planted: bool, random: np.random.Generator) -> bool:
    """How people say it, which hangs on their sex where that is planted."""
    return bool(random.random() < (0.7 if planted and sex == "male" else 0.2))


def laid_out(folder: Path, planted: bool) -> Project:
    """Lines of people who declare things, each judged by three, of whom one may see it otherwise than the others.

    Where gaps are planted, men are angry and raters differ about the old.
    """
    random = np.random.default_rng(5)
    shutil.copy(RECIPE, folder / "recipe.yaml")
    speakers, lines, ratings = [], [], []
    for person in range(PEOPLE):
        sex, age = GROUPS[person % len(GROUPS)], "60+" if person % 4 >= 2 else "18-29"
        speakers.append([f"p{person}", sex, age])
        for line in range(LINES):
            one = f"{person}-{line}"
            condition = ("phone", "studio")[line % 2]
            lines.append({"id": one, "who": f"p{person}", "condition": condition, "said": f"That was it, {one}."})
            first = "anger" if angry(sex, planted, random) else MOODS[int(random.integers(3))]
            alike = random.random() < (0.3 if planted and age == "60+" else 0.8)
            said = (first, first, first if alike else "disgust")
            ratings += [[one, f"rater{(person + line + 2 * at) % 6}", mood] for at, mood in enumerate(said)]
    write_csv(folder / "speakers.csv", ["who", "sex", "age"], speakers)
    write_lines(folder / "lines.jsonl", lines)
    write_csv(folder / "ratings.csv", ["id", "rater", "emotion"], ratings)
    return Project(folder)


@pytest.fixture(scope="module", params=[True, False], ids=["planted", "alike"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[bool, Project]:
    made = laid_out(tmp_path_factory.mktemp("fairness"), request.param)
    assert made.build("validate.suite=rules").kept == PEOPLE * LINES
    return request.param, made


def audit_of(made: Project) -> Mapping[str, Any]:
    gate = json.loads((made.releases / "v1.0.0" / "gate.json").read_text())
    return next(audit for audit in gate["audits"] if audit["name"] == "fairness")


def test_a_planted_gap_is_named_and_groups_that_are_alike_are_not_accused(built: tuple[bool, Project]) -> None:
    planted, made = built
    audit = audit_of(made)
    assert audit["verdict"] == ("warns" if planted else "clean"), audit["says"]
    accused = {m["what"].partition(",")[0] for m in audit["measures"] if m["large"] and m["p"] <= 0.05}
    assert accused == ({"gender female: anger", "age_band 18-29: agreement"} if planted else set())


def test_every_group_has_its_share_and_agreement_with_an_interval(built: tuple[bool, Project]) -> None:
    _, made = built
    lines = {(line["by"], line["group"], line["of"]): line for line in audit_of(made)["table"]}
    groups = {by: {group for name, group, _ in lines if name == by} for by, _, _ in lines}
    assert groups == {
        "gender": {"female", "male", FEW},
        "age_band": {"18-29", "60+"},
        "extra.condition": {"phone", "studio"},
    }
    for by, named in groups.items():
        for group in named:
            for what in ("anger", "joy", "agreement"):
                line = lines[by, group, what]
                assert 0 <= line["low"] <= line["mean"] <= line["high"] <= 1, line
    ages = made.rows("v1.0.0", "people")["age_band"].to_pylist()
    assert sorted(set(filter(None, ages))) == ["18-29", "60+"]


def test_small_groups_are_marked_and_neither_accused_nor_named(built: tuple[bool, Project]) -> None:
    _, made = built
    audit = audit_of(made)
    small = {(line["by"], line["group"]) for line in audit["table"] if line["state"]}
    assert small == {("gender", FEW)}
    assert {line["state"] for line in audit["table"]} == {None, "too small to compare"}
    assert {line["speakers"] for line in audit["table"] if line["group"] == FEW} == {4}
    assert not any("too few" in measure["what"] for measure in audit["measures"])
    for file in made.releases.rglob("*"):
        assert not file.is_file() or b"nonbinary" not in file.read_bytes(), file
