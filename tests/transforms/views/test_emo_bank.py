"""EmoBank's statistics: small cases by hand, and the published files from the published ratings."""

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pydantic import TypeAdapter, ValidationError
from support.opining import ABC, Row, labels_of, opinion, vad

from affectory.schemas.derived import OPINIONS_TABLE
from affectory.schemas.types import ANSWER, ASKED, VAD
from affectory.transforms.views.emo_bank import FEW, NONE_LEFT, EmoBank

Shared = Callable[[str], Path]
BOTH = EmoBank(together=("elicited", "expressed"))


def rated(number: int, *grades: float | None, **given: object) -> Row:
    """A rating on the scale of 1 to 5."""
    return vad(number, *(None if g is None else (g - 3) / 2 for g in grades), **given)


def test_mean_standard_deviation_and_number_on_the_scale_of_the_ratings() -> None:
    [label] = labels_of(EmoBank(), rated(1, 3, 3, 5), rated(2, 4, 3, 5), rated(3, 4, 3, 2))
    assert label["values"] == pytest.approx([3.67, 3, 4])
    assert label["spread"] == pytest.approx([0.47, 0, 1.41])
    assert (label["count"], label["state"], label["taxonomy"], label["space"]) == (3, None, "vad", "continuous")
    assert (label["names"], label["rule"]) == (["valence", "arousal", "dominance"], "emo_bank")


def test_who_gave_the_lowest_value_throughout_did_not_look() -> None:
    rows = [rated(1, 1, 1, 1), rated(2, 1, 1, 2), rated(3, 3, 1, 2)]
    [label] = labels_of(EmoBank(), *rows)
    assert (label["values"], label["count"]) == ([2, 1, 2], 2)
    [label] = labels_of(EmoBank(drop_ones=False), *rows)
    assert (label["values"], label["count"]) == (pytest.approx([1.67, 1, 1.67]), 3)


@pytest.mark.parametrize(
    ("rows", "count", "state"),
    [([rated(1, 3, 3, 3)], 1, FEW), ([rated(1, 1, 1, 1)], 0, NONE_LEFT), ([rated(1, 1, 1, 1)] * 2, 0, NONE_LEFT)],
)
def test_too_few_ratings_are_told_and_give_no_number(rows: list[Row], count: int, state: str) -> None:
    [label] = labels_of(EmoBank(), *rows)
    assert (label["values"], label["spread"], label["count"]) == ([None] * 3, [None] * 3, count)
    assert label["state"] == state


def test_a_dimension_that_nobody_gave_is_null() -> None:
    [label] = labels_of(EmoBank(), rated(1, 2, 3, None), rated(2, 4, 3, None))
    assert label["values"] == [3, 3, None]


def test_readers_and_writers_are_kept_apart_and_weighted_on_request() -> None:
    readers = [rated(n, g, 3, 3, perspective="elicited") for n, g in enumerate((2, 2, 3), 1)]
    writers = [rated(n, g, 3, 3, perspective="expressed") for n, g in enumerate((5, 4), 11)]
    found = {label["perspective"]: label for label in labels_of(BOTH, *readers, *writers)}
    assert {name: label["values"][0] for name, label in found.items()} == {
        "elicited": pytest.approx(2.33),
        "expressed": 4.5,
        "any": pytest.approx(round((2.33 * 3 + 4.5 * 2) / 5, 2)),
    }
    assert (found["any"]["count"], found["any"]["spread"]) == (5, None)
    assert len(labels_of(EmoBank(), *readers, *writers)) == 2


@pytest.mark.parametrize("writers", [[], [rated(11, 5, 3, 3, perspective="expressed")]], ids=["nobody", "one"])
def test_nothing_is_weighted_where_one_side_has_no_mean(writers: list[Row]) -> None:
    readers = [rated(n, 2, 3, 3, perspective="elicited") for n in (1, 2)]
    assert "any" not in {label["perspective"] for label in labels_of(BOTH, *readers, *writers)}


def test_people_and_models_are_never_weighted_together() -> None:
    rows = [rated(n, 2, 3, 3, perspective=p, rater_kind=kind) for n, (p, kind) in enumerate(
        [("elicited", "human")] * 2 + [("expressed", "model")] * 2
    )]  # fmt: skip
    assert {label["perspective"] for label in labels_of(BOTH, *rows)} == {"elicited", "expressed"}


def test_nothing_rated_is_no_label() -> None:
    assert labels_of(BOTH) == labels_of(BOTH, opinion(1, [1, 0, 0])) == []


@pytest.mark.parametrize("scale", [[5, 1], [1, 1], [1, float("nan")]])
def test_a_scale_begins_with_its_lowest_value(scale: list[float]) -> None:
    with pytest.raises(ValidationError, match="scale"):
        TypeAdapter(EmoBank).validate_python({"scale": scale})


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def opinions(path: Path, perspective: str) -> pa.Table:
    """The ratings of a published file as our importer holds them."""
    rows = rows_of(path)
    scaled = [pa.array([(float(row[d]) - 3) / 2 for row in rows], pa.float32()) for d in "VAD"]
    places = pa.StructArray.from_arrays(scaled, fields=list(VAD))
    nulls = {field.name: pa.nulls(len(rows), field.type) for field in ANSWER}
    answer = pa.StructArray.from_arrays([*{**nulls, "vad": places}.values()], fields=list(ANSWER))
    columns = {
        "opinion_id": [f"{perspective}{n:06}" for n in range(len(rows))],
        "sample_id": [row["id"] for row in rows],
        "rater": [f"a_{n}" for n in range(len(rows))],
        "rater_kind": pa.repeat("human", len(rows)),
        "perspective": pa.repeat(perspective, len(rows)),
        "asked": pa.repeat(pa.scalar({"question": "how"}, ASKED), len(rows)),
        "answer": answer,
    }
    return OPINIONS_TABLE.cast(pa.table(columns))


@pytest.fixture(scope="module")
def emobank(shared: Shared) -> dict[str, dict[str, Row]]:
    """The labels of all of EmoBank by perspective and sentence."""
    readers = opinions(shared("emobank/individual_reader_ratings.csv"), "elicited")
    writers = opinions(shared("emobank/individual_writer_ratings.csv"), "expressed")
    labels = BOTH.view(pa.concat_tables([readers, writers]), ABC).to_pylist()
    found: dict[str, dict[str, Row]] = {}
    for label in labels:
        found.setdefault(label["perspective"], {})[label["sample_id"]] = label
    return found


def exact(values: list[float]) -> list[str]:
    return [f"{value:.2f}" for value in values]


@pytest.mark.parametrize(("name", "perspective"), [("reader", "elicited"), ("writer", "expressed")])
def test_each_perspective_is_as_published(
    emobank: dict[str, dict[str, Row]], shared: Shared, name: str, perspective: str
) -> None:
    published, labels = rows_of(shared(f"emobank/{name}.csv")), emobank[perspective]
    assert {key for key, label in labels.items() if label["state"] is None} == {row["id"] for row in published}
    assert len(labels) > len(published), "what was left out is told"
    for row in published:
        label = labels[row["id"]]
        assert exact(label["values"]) == [f"{float(row[d]):.2f}" for d in "VAD"]
        assert exact(label["spread"]) == [f"{float(row[f'std{d}']):.2f}" for d in "VAD"]
        assert label["count"] == int(row["N"])


def test_readers_and_writers_together_are_as_published(emobank: dict[str, dict[str, Row]], shared: Shared) -> None:
    published = rows_of(shared("emobank/emobank.csv"))
    labels = emobank["any"]
    assert labels.keys() == {row["id"] for row in published}
    for row in published:
        assert exact(labels[row["id"]]["values"]) == [f"{float(row[d]):.2f}" for d in "VAD"]


def test_as_many_sentences_have_a_label_as_were_published(emobank: dict[str, dict[str, Row]], shared: Shared) -> None:
    wanted = json.loads(shared("expected/emobank_agreement.json").read_text())
    kept = {}
    for side, perspective in (("reader", "elicited"), ("writer", "expressed")):
        labels = emobank[perspective]
        kept[side] = {key for key, label in labels.items() if label["state"] is None}
        assert len(labels) == wanted[side]["items_individual"]
        assert len(kept[side]) == wanted[side]["items_agg"] == wanted[side]["items_published"]
        rated = sum(label["count"] for label in labels.values())
        assert rated == wanted[side]["rows_after_111_filter"]
    both, published = kept["reader"] & kept["writer"], rows_of(shared("emobank/emobank.csv"))
    in_both = sum(row["id"] in both for row in published)
    assert (len(both), len(published), in_both) == (wanted["both"], wanted["emobank_items"], wanted["emobank_in_both"])
    assert Counter(row["split"] for row in published) == wanted["splits"]


@pytest.mark.parametrize("dimension", "VAD")
def test_means_without_weights_are_not_what_was_published(
    emobank: dict[str, dict[str, Row]], shared: Shared, dimension: str
) -> None:
    """The share of sentences whose published value each is, within what rounding can do."""
    published, place = rows_of(shared("emobank/emobank.csv")), "VAD".index(dimension)

    def match(made: dict[str, float], within: float) -> float:
        return sum(abs(made[row["id"]] - float(row[dimension])) < within for row in published) / len(published)

    sides = {name: {key: label["values"][place] for key, label in labels.items()} for name, labels in emobank.items()}
    plain = {row["id"]: (sides["elicited"][row["id"]] + sides["expressed"][row["id"]]) / 2 for row in published}
    wanted = json.loads(shared("expected/emobank_agreement.json").read_text())[f"weighted_match_{dimension}"]
    assert [match(sides["any"], 1e-6), match(plain, 0.0051)] == pytest.approx(wanted, abs=1e-9)
