"""The recipe aipsy from end to end: scenes that name nothing, their controls, and three methods that find little."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.project import Project
from support.scenes import SCENARIOS, SHOWN, lines
from support.talking import BACKENDS, backends

from affectory.pipelines.process import TooManyFailed
from affectory.quality.findings import GateFailed
from affectory.schemas.taxonomy import load_taxonomy
from affectory.transforms.checks._naming import Naming

__all__ = ["backends"]
RECIPE = Path(__file__).parents[3] / "pipelines" / "recipes" / "aipsy.yaml"
EIGHT = load_taxonomy("plutchik-8").labels
PARTS = {"main": 16, "moderate": 16, "discriminant": 8}
Rows = Mapping[str, dict[str, Any]]


def laid_out(folder: Path, says: list[Any], **generate: Any) -> Project:
    """The recipe with a writer who needs no server."""
    recipe = yaml.safe_load(RECIPE.read_text())
    recipe["models"]["writer"] = {"backend": "parrot", "tries": 2, "options": {"lines": says}}
    recipe["ingest"][0]["generate"].update(generate)
    recipe["validate"]["suite"] = "rules"
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False))
    scenarios = [{"id": name, "text": text} for name, text in SCENARIOS.items()]
    (folder / "scenes.yaml").write_text(yaml.safe_dump({"axes": {"scenario": scenarios}}))
    return Project(folder)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BACKENDS)
        made = laid_out(tmp_path_factory.mktemp("aipsy"), lines())
        done = made.build()
        assert (done.failed, done.rejected) == (0, 0), made.rejects()
    return made


@pytest.fixture(scope="module")
def samples(built: Project) -> Rows:
    rows = built.rows("v1.0.0", "samples").to_pylist()
    return {row["sample_id"]: {**row, "extra": {x["key"]: x["value"] for x in row["extra"]}} for row in rows}


def test_every_scene_has_a_control_that_matches_it_in_people_place_and_length(samples: Rows) -> None:
    controls = [row for row in samples.values() if row["parent"]]
    assert len(controls) == len(samples) - len(controls) == sum(PARTS.values())
    assert len({row["parent"] for row in controls}) == len(controls)
    for row in controls:
        scene = samples[row["parent"]]
        assert row["extra"] == scene["extra"] and row["session"] == scene["session"] == row["extra"]["scenario_id"]
        assert row["anchor"]["record"] == scene["anchor"]["record"]
        lengths = [len(one["text"].split()) for one in (row, scene)]
        assert abs(lengths[0] - lengths[1]) <= 0.2 * lengths[1] and row["text"] != scene["text"]


def test_what_is_meant_is_an_intended_opinion_and_a_control_means_neutral(built: Project, samples: Rows) -> None:
    opinions = built.rows("v1.0.0", "opinions").to_pylist()
    assert {(o["perspective"], o["rater_kind"]) for o in opinions} == {("intended", "model")}
    meant: dict[str, list[str]] = {part: [] for part in PARTS}
    for opinion in opinions:
        row, answer = samples[opinion["sample_id"]], opinion["answer"]
        said = answer["words"] or [label for label, w in zip(EIGHT, answer["weights"], strict=True) if w]
        assert said == ["neutral"] if row["parent"] else said == [row["extra"]["shows"]]
        meant[row["source"]] += [] if row["parent"] else said
    assert {part: len(words) for part, words in meant.items()} == PARTS
    assert all(sorted(meant[part]) == sorted(list(EIGHT) * 2) for part in ("main", "moderate"))
    assert set(meant["discriminant"]) == set(SHOWN) - set(EIGHT)
    assert {row["extra"]["strength"] for row in samples.values() if row["source"] == "moderate"} == {"moderate"}


def test_no_text_names_an_emotion(samples: Rows) -> None:
    naming = Naming(load_taxonomy("plutchik-8"))
    assert [row["text"] for row in samples.values() if naming.find(row["text"], "en")] == []


def test_lexicon_and_words_find_nothing_and_reading_in_context_is_far_below_what_keywords_tell(built: Project) -> None:
    gate = json.loads((built.releases / "v1.0.0" / "gate.json").read_text())
    audit = next(audit for audit in gate["audits"] if audit["name"] == "keywords")
    value = {measure["what"]: measure["value"] for measure in audit["measures"]}
    told = "of what there is to know of a label, told by"
    first = "labels that a contextual classifier says first, the mean over labels, of"
    assert audit["verdict"] == "clean" and audit["rows"] == []
    assert value["texts that name any label"] == value["texts that name their own label"] == 0
    assert value[f"{told} named emotions"] == 0 and value[f"{told} words"] < 0.05
    assert value[f"{first} sentences with a keyword"] > 0.7
    assert value[f"{first} texts"] < value[f"{first} sentences with a keyword"] / 2


def named() -> list[list[Any]]:
    """What a writer says who does name what is meant."""
    places = [(shows, where) for shows in SHOWN for where in SCENARIOS.values()]
    scenes = [[[f"\n{shows}\n", where], f"It was all {shows} in {where}, and no more."] for shows, where in places]
    return [[["It was all"], "It was all the same to everybody there, and no more of it then."], *scenes]


@pytest.mark.usefixtures("backends")
def test_a_writer_who_names_what_is_meant_gets_nothing_published(tmp_path: Path) -> None:
    made = laid_out(tmp_path, named(), alike=1.0)
    with pytest.raises(TooManyFailed, match="generate failed on 32 of 32 rows"):
        made.build()


@pytest.mark.usefixtures("backends")
def test_names_that_slip_through_are_found_by_all_three_methods(tmp_path: Path) -> None:
    made = laid_out(tmp_path, named(), alike=1.0, unnamed=False)
    recipe = yaml.safe_load(made.recipe.read_text())
    made.recipe.write_text(yaml.safe_dump({**recipe, "ingest": recipe["ingest"][:1]}, sort_keys=False))
    with pytest.raises(GateFailed) as caught:
        made.build()
    gate = json.loads((Path(caught.value.kept_at) / "gate.json").read_text())
    audit = next(audit for audit in gate["audits"] if audit["name"] == "keywords")
    large = [measure["what"] for measure in audit["measures"] if measure["large"]]
    assert audit["verdict"] == "blocks" and len(large) == 3, audit["measures"]
