"""What single modalities show against all of them together, on small cases and on CREMA-D."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from support.opining import ABC, Row, opinion, table

from affectory.quality._clustered import correlation, mean
from affectory.quality.conflict import modality_conflict
from affectory.schemas.derived import LABELS
from affectory.schemas.taxonomy import parse_taxonomy
from affectory.transforms.views.majority import Majority
from affectory.transforms.views.vote_share import VoteShare

Shared = Callable[[str], Path]
SHARES = VoteShare()
SEEN = (["audio"], ["video"], ["audio", "video"])
A, B, C, AB = [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]


def judged(audio: Any, video: Any, both: Any, sample: str = "s_1", **given: Any) -> list[Row]:
    start = 10 * int(sample[2:]) + 100 * len(given)
    answers = zip((audio, video, both), SEEN, strict=True)
    return [
        opinion(start + n, weights, modalities=seen, sample_id=sample, **given)
        for n, (weights, seen) in enumerate(answers)
        if weights is not None
    ]


def labels(*rows: Row, view: Any = SHARES) -> pa.Table:
    found: pa.Table = view.view(table(*rows), ABC)
    return found


@pytest.mark.parametrize(
    ("audio", "video", "both", "subset"),
    [
        (A, A, A, "consistent"),
        (A, B, A, "audio-aligned"),
        (A, B, B, "video-aligned"),
        (A, B, C, "none-aligned"),
        (A, A, B, "none-aligned"),
        (AB, B, A, "undecided"),
        (AB, AB, AB, "consistent"),
        (AB, C, C, "video-aligned"),
    ],
)
def test_the_subsets_say_which_modality_shows_what_all_of_it_shows(
    audio: list[int], video: list[int], both: list[int], subset: str
) -> None:
    [row] = modality_conflict(labels(*judged(audio, video, both)), taxonomy=ABC).rows.to_pylist()
    assert row["subset"] == subset
    assert row["modalities"] == "audio+video"


def test_how_far_the_modalities_lie_apart_and_who_said_so() -> None:
    rows = judged(A, B, A)
    found = modality_conflict(labels(*rows), table(*rows), taxonomy=ABC)
    [row] = found.rows.to_pylist()
    assert (row["jsd_audio_video"], row["tv_audio_video"]) == (1, 1)
    assert (row["top_audio"], row["top_video"], row["top_all"]) == (["a"], ["b"], ["a"])
    behind = [row[f"opinions_{side}"] for side in ("audio", "video", "all")]
    assert behind == [["o_0010"], ["o_0011"], ["o_0012"]]


def test_few_raters_lie_apart_by_chance_too() -> None:
    same = [opinion(n, A if n % 2 else B, modalities=SEEN[n % 3], sample_id="s_1") for n in range(36)]
    few, many = (modality_conflict(labels(*same[:size]), taxonomy=ABC).rows.to_pylist()[0] for size in (6, 36))
    assert few["chance_audio_video"] > many["chance_audio_video"] > 0
    assert many["jsd_audio_video"] == 0


def test_three_modalities_have_subsets_and_distances_of_their_own() -> None:
    whole = opinion(9, A, modalities=["audio", "text", "video"])
    rows = [
        opinion(n, given, modalities=[name])
        for n, (given, name) in enumerate([(A, "audio"), (A, "text"), (B, "video")])
    ]
    [row] = modality_conflict(labels(*rows, whole), taxonomy=ABC).rows.to_pylist()
    assert row["subset"] == "audio+text-aligned"
    assert (row["jsd_audio_text"], row["jsd_audio_video"], row["jsd_text_video"]) == (0, 1, 1)


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_sample_without_one_of_the_sides_is_left_out_and_counted(missing: int) -> None:
    sides: list[Any] = [A, B, A]
    sides[missing] = None
    found = modality_conflict(labels(*judged(*sides), *judged(A, A, A, "s_2")), taxonomy=ABC)
    assert [row["sample_id"] for row in found.rows.to_pylist()] == ["s_2"]
    assert found.left_out == 1
    assert str(found).endswith("samples with nothing to compare: 1")


def test_perspectives_and_pools_are_compared_apart() -> None:
    felt = judged(B, B, B, perspective="elicited")
    models = judged(A, B, A, rater_kind="model", rater="m")
    found = modality_conflict(labels(*judged(A, A, A), *felt, *models), taxonomy=ABC)
    subsets = {(row["perspective"], row["pool"]): row["subset"] for row in found.rows.to_pylist()}
    assert subsets == {
        ("perceived", "human"): "consistent",
        ("elicited", "human"): "consistent",
        ("perceived", "model"): "audio-aligned",
    }


def test_a_rule_that_decides_is_taken_at_its_word() -> None:
    found = modality_conflict(labels(*judged(AB, B, B), view=Majority()), taxonomy=ABC)
    [row] = found.rows.to_pylist()
    assert row["top_video"] == ["b"]
    assert row["subset"] == "undecided", "no majority for one side, or a tie that names the other's choice"


def test_nothing_to_compare_is_said() -> None:
    found = modality_conflict(LABELS.empty())
    assert (found.rows.num_rows, str(found)) == (0, "nothing to compare")
    assert found.facts() == {"compared": 0, "left_out": 0, "figures": {}}


def test_neither_order_of_rows_nor_runs_change_a_figure() -> None:
    made = labels(*judged(A, B, A), *judged(A, A, A, "s_2"), *judged(B, A, A, "s_3"))
    turned = made.take(pa.array(range(made.num_rows - 1, -1, -1)))
    first, second = (modality_conflict(given, taxonomy=ABC) for given in (made, turned))
    assert first.rows.equals(second.rows)
    assert json.dumps(first.facts()) == json.dumps(second.facts())
    assert first.facts()["figures"]["perceived, human, abc, vote_share: consistent"]["value"] == pytest.approx(1 / 3)


def test_intervals_draw_whole_clusters() -> None:
    values = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0] * 5)
    alone = mean(values, [str(n) for n in range(30)])
    twins = mean(values, [str(n // 3) for n in range(30)])
    assert alone.value == twins.value == 0.5
    assert twins.high is not None and twins.low is not None and alone.high is not None and alone.low is not None
    assert twins.high - twins.low > 1.4 * (alone.high - alone.low)
    assert (twins.clusters, twins.samples) == (10, 30)


@pytest.mark.parametrize(
    ("values", "clusters", "told"),
    [
        ([], [], "none"),
        ([float("nan")], ["a"], "none"),
        ([1.0, 2.0], ["a", "a"], "1.500 (no interval: 1 cluster)"),
        ([1.0, 1.0], ["a", "b"], "1.000 (1.000 to 1.000, only 2 clusters)"),
    ],
)
def test_where_there_is_too_little_for_an_interval_that_is_said(values: Any, clusters: Any, told: str) -> None:
    assert str(mean(np.array(values, np.float64), clusters)) == told


def test_no_correlation_with_what_never_changes() -> None:
    same, rising = np.ones(4), np.arange(4.0)
    assert correlation(same, rising, list("abcd")).value is None
    assert correlation(rising, 2 * rising + 1, list("abcd")).value == pytest.approx(1.0)


def test_crema_d_by_what_voice_and_face_alone_show(shared: Shared) -> None:
    own = parse_taxonomy({"name": "acted", "entries": ["anger", "disgust", "fear", "joy", "neutral", "sadness"]})
    seen = {"1": "audio", "2": "video", "3": "audio+video"}
    with shared("crema_d/tabulatedVotes.csv").open(encoding="utf-8") as file:
        clips = list(csv.DictReader(file))
    made = []
    for clip in clips:
        votes = np.array([float(clip[letter]) for letter in "ADFHNS"])
        made.append(
            {
                "sample_id": clip["fileName"],
                "taxonomy": "acted",
                "perspective": "perceived",
                "whose": "",
                "modalities": seen[clip[""][0]],
                "pool": "human",
                "rule": "vote_share",
                "space": "simplex",
                "values": (votes / votes.sum()).tolist(),
                "count": int(votes.sum()),
            }
        )
    names = sorted({clip["fileName"] for clip in clips})
    actors = pa.table({"sample_id": names, "cluster": [name[:4] for name in names]})
    found = modality_conflict(LABELS.from_rows(made), clusters=actors, taxonomy=own)
    figures = {name.partition(": ")[2]: figure for name, figure in found.figures.items()}
    assert (found.rows.num_rows, found.left_out) == (7442, 0)
    shares = {name: round(figure.value or 0, 3) for name, figure in figures.items() if figure.clusters == 91}
    assert shares == {
        "consistent": 0.408,
        "video-aligned": 0.266,
        "audio-aligned": 0.078,
        "none-aligned": 0.089,
        "undecided": 0.159,
        "jsd_audio_video": 0.326,
        "chance_audio_video": pytest.approx(0.121, abs=0.002),
        "tv_audio_video": 0.465,
    }
    assert figures["consistent"].low == pytest.approx(0.387, abs=0.004)
