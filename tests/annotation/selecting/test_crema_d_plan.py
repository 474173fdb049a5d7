"""A plan for CREMA-D: clips whose voice and face say different things go to people, and some by chance."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from support.opining import table
from support.selecting import Row, asked, raters, samples_of, wanted

from affectory.annotation.selecting.plan import plan
from affectory.quality.distances import jensen_shannon
from affectory.schemas.taxonomy import parse_taxonomy

SIX = parse_taxonomy({"name": "crema-d", "entries": ["anger", "disgust", "fear", "happiness", "neutral", "sadness"]})
SEEN = {"1": ["audio"], "2": ["video"], "3": ["audio", "video"]}
CLIPS = 1500


@pytest.fixture(scope="module")
def votes(shared: Callable[[str], Path]) -> dict[str, dict[str, list[float]]]:
    """Of the first clips how many people chose each emotion, by what they perceived."""
    found: dict[str, dict[str, list[float]]] = {}
    with shared("crema_d/tabulatedVotes.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            counts = [float(row[letter]) for letter in "ADFHNS"]
            found.setdefault(row["fileName"], {})[row[""][0]] = counts
    return dict(list(found.items())[:CLIPS])


def opinions(votes: dict[str, dict[str, list[float]]]) -> pa.Table:
    asked = {"labels": list(SIX.labels), "response": "simplex", "taxonomy": SIX.name, "taxonomy_hash": SIX.hash}
    rows: list[Row] = []
    for clip, sides in votes.items():
        for side, counts in sides.items():
            total = sum(counts)
            rows.append({"opinion_id": f"o_{clip}_{side}", "sample_id": f"s_{clip}", "rater": f"g_{side}",
                         "rater_kind": "human", "perspective": "perceived", "modalities": SEEN[side], "asked": asked,
                         "answer": {"weights": [c / total for c in counts]}, "people": int(total)})  # fmt: skip
    return table(*rows)


def test_clips_whose_voice_and_face_differ_are_asked(votes: dict[str, dict[str, list[float]]]) -> None:
    clips = samples_of([{"sample_id": f"s_{clip}", "kind": "video", "language": "en"} for clip in votes])
    question = {"raters": 2, "budget": 200, "explore": 0.1, "enough": 0.01, "when": "conflict(audio, video) > 0.6"}
    given = wanted(clips, question, opinions=opinions(votes), taxonomy=SIX, mixture=None, raters=raters(*"abcde"))
    found = plan(given)
    voice, face = (np.array([votes[clip][side] for clip in votes]) for side in "12")
    apart = jensen_shannon(voice / voice.sum(axis=1, keepdims=True), face / face.sum(axis=1, keepdims=True))
    conflicting = {f"s_{clip}" for clip, far in zip(votes, apart.tolist(), strict=True) if far > 0.6}
    routed, explored = (
        {row["sample_id"] for row in asked(found, purpose=purpose)} for purpose in ("routed", "explored")
    )
    assert len(conflicting) > 100
    assert routed <= conflicting
    assert len(routed | explored) == 100
    chances = {row["sample_id"]: row["probability"] for row in asked(found, purpose="explored")}
    assert {np.float32(10 / (CLIPS - 90))} == {p for p in chances.values() if p < 1}
    assert len(explored - conflicting) >= 5
    assert found.summary.left == 0
    assert set(found.summary.raters.values()) == {40}
    gains = {row["sample_id"]: row["gain"] for row in found.values.to_pylist()}
    passed_over = conflicting - routed - explored
    assert min(gains[s] for s in routed) >= max(gains[s] for s in passed_over)
