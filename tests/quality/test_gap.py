"""Writers against readers, and people against models."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support.opining import ABC, Row, opinion, table, vad

from affectory.quality.gap import hidden, model_gap, perspective_gap
from affectory.schemas.derived import LABELS
from affectory.schemas.taxonomy import parse_taxonomy
from affectory.transforms.views.vad_mean import VadMean
from affectory.transforms.views.vote_share import VoteShare

Shared = Callable[[str], Path]
SHARES = VoteShare()
A, B, AB = [1, 0, 0], [0, 1, 0], [1, 1, 0]
FELT = {"perspective": "felt", "rater_kind": "author", "modalities": []}


def labels(*rows: Row, view: Any = SHARES) -> pa.Table:
    found: pa.Table = view.view(table(*rows), ABC)
    return found


def test_an_emotion_that_the_writer_had_and_readers_do_not_see_is_hidden() -> None:
    readers = [opinion(n, given) for n, given in enumerate([A, B, B])]
    seen = [opinion(20 + n, A, sample_id="s_2") for n in range(3)]
    writers = [opinion(9, A, **FELT), opinion(29, A, sample_id="s_2", **FELT)]
    found = perspective_gap(labels(*readers, *seen, *writers), taxonomy=ABC)
    first, second = found.rows.to_pylist()
    assert (first["writer"], first["reader"]) == ("felt", "perceived")
    assert (first["hidden"], second["hidden"]) == (["a"], [])
    assert first["change"] == pytest.approx([-2 / 3, 2 / 3, 0], abs=1e-6)
    assert (first["tv"], first["same_first"], second["same_first"]) == (pytest.approx(2 / 3, abs=1e-6), 0, 1)
    assert [row["sample_id"] for row in hidden(found, "a").to_pylist()] == ["s_1"]
    figures = {name.partition(": ")[2]: figure.value for name, figure in found.figures.items()}
    assert (figures["a hidden"], figures["b hidden"]) == (0.5, 0)
    assert figures["a, reader less writer"] == pytest.approx(-1 / 3, abs=1e-6)


def test_what_counts_as_had_and_as_seen_is_a_parameter() -> None:
    made = labels(opinion(1, [2, 1, 0], **FELT), opinion(2, [1, 2, 0]))
    [loose] = perspective_gap(made, taxonomy=ABC, had=0.6, seen=0.4).rows.to_pylist()
    [strict] = perspective_gap(made, taxonomy=ABC, had=0.7, seen=0.4).rows.to_pylist()
    assert (loose["hidden"], strict["hidden"]) == (["a"], [])


def test_perspectives_are_paired_and_never_mixed() -> None:
    rows = [
        opinion(1, A, perspective="expressed"),
        opinion(2, B, perspective="felt"),
        opinion(3, A, perspective="elicited"),
        opinion(4, B),
    ]
    found = perspective_gap(labels(*rows), taxonomy=ABC).rows.to_pylist()
    assert {(row["writer"], row["reader"]): row["tv"] for row in found} == {
        ("expressed", "elicited"): 0,
        ("expressed", "perceived"): 1,
        ("felt", "elicited"): 1,
        ("felt", "perceived"): 0,
    }


def test_models_are_no_readers_of_people_and_others_feelings_are_other_questions() -> None:
    rows = [opinion(1, A, **FELT), opinion(2, A, rater_kind="model"), opinion(3, A, whose="mother")]
    found = perspective_gap(labels(*rows), taxonomy=ABC)
    assert (found.rows.num_rows, found.left_out, str(found).splitlines()[0]) == (0, 1, "nothing to compare")
    assert hidden(found, "a").num_rows == 0


def test_readers_who_had_most_of_it_stand_for_the_readers() -> None:
    rows = [opinion(1, A, **FELT), opinion(2, B, modalities=["text"]), opinion(3, A, modalities=["audio", "text"])]
    [row] = perspective_gap(labels(*rows), taxonomy=ABC).rows.to_pylist()
    assert (row["reader_modalities"], row["tv"]) == ("audio+text", 0)


def test_places_in_vad_have_differences_and_correlations_but_no_divergence() -> None:
    rows = []
    for n, (own, other) in enumerate([(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)]):
        sample = {"sample_id": f"s_{n}"}
        rows += [vad(2 * n, own, 0.0, 0.0, **sample, **FELT), vad(2 * n + 1, other, 0.0, 1.0, **sample)]
    found = perspective_gap(labels(*rows, view=VadMean()))
    figures = {name.partition(": ")[2]: figure.value for name, figure in found.figures.items()}
    assert figures["valence, correlation"] == pytest.approx(1)
    assert figures["valence, reader less writer"] == pytest.approx(2)
    assert figures["arousal, correlation"] is None
    assert found.rows.column("jsd").null_count == 3
    assert found.rows.column("hidden").to_pylist() == [[], [], []]


def test_each_model_is_compared_with_people_by_itself() -> None:
    people = [opinion(n, given, sample_id=f"s_{n // 2}") for n, given in enumerate([A, A, A, B])]
    good = [opinion(10 + n, A, rater="good", rater_kind="model", sample_id=f"s_{n}") for n in range(2)]
    poor = [opinion(20 + n, B, rater="poor", rater_kind="model", sample_id=f"s_{n}") for n in range(3)]
    summed = opinion(30, B, sample_id="s_0", people=9)
    found = model_gap(table(*people, *good, *poor, summed), ABC)
    rows = {(row["model"], row["sample_id"]): (row["tv"], row["same_first"]) for row in found.rows.to_pylist()}
    assert rows == {
        ("good", "s_0"): (0, 1),
        ("good", "s_1"): (0.5, 0.5),
        ("poor", "s_0"): (1, 0),
        ("poor", "s_1"): (0.5, 0.5),
    }
    assert found.left_out == 1
    assert found.figures["good, perceived, abc, vote_share: same_first"].value == 0.75
    assert found.figures["poor, perceived, abc, vote_share: same_first"].value == 0.25


def test_a_model_is_compared_with_people_who_had_what_it_had_where_there_are_some() -> None:
    people = [opinion(1, A, modalities=["text"]), opinion(2, B, modalities=["audio", "text"])]
    models = [
        opinion(3, A, rater="reader", rater_kind="model", modalities=["text"]),
        opinion(4, B, rater="listener", rater_kind="model", modalities=["audio"]),
        opinion(5, A, rater="other", rater_kind="model", perspective="elicited"),
    ]
    found = model_gap(table(*people, *models), ABC).rows.to_pylist()
    seen = {row["model"]: (row["human_modalities"], row["model_modalities"], row["tv"]) for row in found}
    assert seen == {"reader": ("text", "text", 0), "listener": ("audio+text", "audio", 0)}


@pytest.mark.parametrize("rows", [[], [opinion(1, A)], [opinion(1, A, rater_kind="model")]])
def test_one_side_alone_has_no_gap(rows: list[Row]) -> None:
    found = model_gap(table(*rows), ABC)
    assert (found.rows.num_rows, found.left_out) == (0, len(rows))
    assert perspective_gap(labels(*rows), taxonomy=ABC).rows.num_rows == 0


def test_labels_of_one_rule_that_are_of_different_things_are_no_one_column() -> None:
    row = {"sample_id": "s_1", "taxonomy": "t", "whose": "", "modalities": "", "pool": "human", "rule": "r", "count": 1}
    made = [
        {**row, "perspective": side, "space": "ordinal", "values": [1.0], "names": [name], "sample_id": name}
        for side in ("felt", "perceived")
        for name in ("x", "y")
    ]
    found = perspective_gap(LABELS.from_rows(made))
    assert found.rows.num_rows == 2
    assert list(found.figures) == [
        "felt, perceived, human, t, r: difference",
        "felt, perceived, human, t, r: same_first",
    ]


def test_the_recipes_own_taxonomy_names_the_figures() -> None:
    own = parse_taxonomy({"name": "own", "entries": ["calm", "tense"]})
    rows = [opinion(1, [1, 0], own.labels, own, **FELT), opinion(2, [0, 1], own.labels, own)]
    found = perspective_gap(VoteShare().view(table(*rows), own), taxonomy=own)
    assert found.rows.column("hidden").to_pylist() == [["calm"]]


def test_writers_and_readers_of_emobank(shared: Shared) -> None:
    made = []
    for side, perspective in (("writer", "expressed"), ("reader", "elicited")):
        with shared(f"emobank/{side}.csv").open(encoding="utf-8") as file:
            made += [_places(row, perspective) for row in csv.DictReader(file)]
    with shared("emobank/meta.tsv").open(encoding="utf-8") as file:
        documents = [(row["id"], row["document"]) for row in csv.DictReader(file, delimiter="\t")]
    names, clusters = zip(*documents, strict=True)
    found = perspective_gap(LABELS.from_rows(made), pa.table({"sample_id": names, "cluster": clusters}))
    figures = {name.partition(": ")[2]: figure for name, figure in found.figures.items()}
    expected = json.loads(shared("expected/emobank_agreement.json").read_text())["reader_writer_pearson"]
    for letter, name in (("V", "valence"), ("A", "arousal"), ("D", "dominance")):
        figure = figures[f"{name}, correlation"]
        assert figure.value == pytest.approx(expected[letter], abs=1e-9)
        assert figure.low is not None and figure.high is not None and figure.low < expected[letter] < figure.high
    assert found.rows.num_rows == 10062
    assert figures["arousal, reader less writer"].value == pytest.approx(2.8, abs=0.05)


def _places(row: dict[str, str], perspective: str) -> Row:
    """In hundredths, which 32 bits hold exactly; correlations know no scale."""
    return {
        "sample_id": row["id"],
        "taxonomy": "vad",
        "perspective": perspective,
        "whose": "",
        "modalities": "text",
        "pool": "human",
        "rule": "vad_mean",
        "space": "continuous",
        "values": [round(100 * float(row[letter])) for letter in "VAD"],
        "names": ["valence", "arousal", "dominance"],
        "count": int(row["N"]),
    }
