"""The recipe unibench from end to end: words of three models under three conditions, scored as the reference is."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.project import Project, write_lines
from support.talking import BACKENDS

from affectory.quality.emotion_wheel import EmotionWheels, words_of
from affectory.quality.wheel_scores import wheel_scores

ROOT = Path(__file__).parents[3] / "pipelines"
Shared = Callable[[str], Path]
EDITIONS = (2025, 2026)


def reader(folder: Path, captions: list[dict[str, Any]], known: frozenset[str]) -> dict[str, Any]:
    """Who reads the captions and finds in each what the authors' own model found there, as far as a wheel knows it.

    The rest scores nothing, and some of it is no word: whole sentences, and brackets that the pipeline would take off.
    """
    said = {}
    for row in captions:
        words = [word for word in words_of(row["open_labels_raw"]) if word.lower() in known]
        said[row["caption"]] = {"labels": [{"word": word, "quote": ""} for word in words]}
    (folder / "book.json").write_text(json.dumps(said))
    return {"backend": "parrot", "tries": 1, "options": {"book": str(folder / "book.json")}}


@pytest.fixture(scope="module")
def built(shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("unibench")
    with gzip.open(shared("ovmer/ovmer_model_captions.jsonl.gz"), "rt", encoding="utf-8") as file:
        captions = [json.loads(line) for line in file]
    recipe = yaml.safe_load((ROOT / "recipes" / "unibench.yaml").read_text())
    wheels = [EmotionWheels.read(shared("emotion_wheel"), edition=edition) for edition in EDITIONS]
    known = frozenset(word for wheel in wheels for classes in wheel.classes for word in classes)
    recipe["models"]["writer"] = reader(folder, captions, known)
    recipe["validate"]["suite"] = "rules"
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False))
    rows = [
        {"clip": row["clip"], "system": row["model"], "condition": row["condition"], "caption": row["caption"]}
        for row in captions
    ]
    write_lines(folder / "captions.jsonl", rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BACKENDS)
        made = Project(folder)
        assert made.build().kept == len(rows) == 2988
    return made


@pytest.mark.parametrize("edition", EDITIONS)
def test_scores_are_those_of_the_reference(built: Project, shared: Shared, edition: int) -> None:
    wheels = EmotionWheels.read(shared("emotion_wheel"), edition=edition)
    opinions, samples = (built.rows("v1.0.0", name) for name in ("opinions", "samples"))
    found = wheel_scores(opinions, samples, wheels, item="clip", system="system", condition="condition")
    scores = {f"{pair.condition}|gt={pair.truth}|pred={pair.said}": pair.score for pair in found}
    reference = json.loads(shared("expected/ew_metric_ovmer_pairs.json").read_text())["scores"]
    assert len(found) == 18 and len(reference) == 10
    for name, wanted in reference.items():
        score = scores[name]
        assert [score.f, score.precision, score.recall] == pytest.approx(wanted[f"tables{edition}_F_P_R"], abs=1e-9)


def test_the_label_is_what_share_of_the_words_means_each_emotion(built: Project) -> None:
    rows = built.rows("v1.0.0").to_pylist()
    assert {row["label_space"] for row in rows} == {"multi-label"}
    assert sum(row["label"] is not None for row in rows) > len(rows) / 2
