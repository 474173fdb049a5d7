"""Ratings of published files as the ledger would hold them: as many as the file counts, and saying what it says."""

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import TypeAdapter

from affectory.pipelines.acts import judgements
from affectory.pipelines.rating import Gathering, RatingEntry, Targets
from affectory.schemas.derived import OPINIONS_TABLE
from affectory.schemas.opinion import OPINION_COLUMNS
from affectory.schemas.taxonomy import Taxonomy, load_taxonomy, parse_taxonomy
from affectory.transforms.ratings.csv import CsvRatings
from affectory.transforms.sources.base import Limits, SourceFile
from affectory.transforms.views.vad_mean import VadMean
from affectory.transforms.views.vote_share import VoteShare

Row = dict[str, Any]
Shared = Callable[[str], Path]


def published(path: Path, *kept: tuple[str, str]) -> list[Row]:
    """The rows of a file whose columns begin so."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if all(row[column].startswith(start) for column, start in kept)]


def imported(
    path: Path, keys: set[str], taxonomy: Taxonomy, **parameters: Any
) -> tuple[list[Row], list[Row], Gathering]:
    """What an import of a file would add to the ledger, the labels of all of it, and what was gathered."""
    reader = TypeAdapter(CsvRatings).validate_python({"path": path.name, "of": "s", **parameters})
    places = pa.table({"key": sorted(keys), "uri": ["f"] * len(keys), "record_id": sorted(keys)})
    found, file = Gathering(taxonomy, "p_{}".format), SourceFile(path.name, path, "0" * 64, path.stat().st_size)
    for batch in reader.read(file, Limits()):
        found.refused += [("s", refused) for refused in batch.refused]
        found.add(RatingEntry("s", reader, path, ""), Targets("s", places), path.name, batch.rows)
    table = judgements(found.judgements, taxonomy)
    records = pa.array([row["record"] for row in table.column("anchor").to_pylist()], pa.string())
    ids = {"opinion_id": table.column("judgement_id"), "sample_id": records}
    opinions = OPINIONS_TABLE.cast(pa.table({**ids, **{c.name: table.column(c.name) for c in OPINION_COLUMNS}}))
    views = (VoteShare(), VadMean())
    return table.to_pylist(), [row for view in views for row in view.view(opinions, taxonomy).to_pylist()], found


CREMA = {"anger": "A", "disgust": "D", "fear": "F", "joy": "H", "neutral": "N", "sadness": "S"}


@pytest.mark.parametrize("modality", ["1", "2", "3"])
def test_crema_d_shares_are_exactly_the_counts(shared: Shared, modality: str) -> None:
    path, taxonomy = shared("crema_d/tabulatedVotes.csv"), load_taxonomy("ekman-7")
    rows = published(path, ("", modality), ("fileName", "1001_"))
    keys = {row["fileName"] for row in rows}
    where = {"": f"{modality}.*", "fileName": "1001_.*"}
    votes, labels, found = imported(path, keys, taxonomy, target="fileName", votes=CREMA, where=where)
    assert (len(labels), found.refused) == (82, [])
    assert len({vote["rater"] for vote in votes}) == len(votes) == sum(int(row["numResponses"]) for row in rows)
    by_clip = {label["sample_id"]: label for label in labels}
    for row in rows:
        counts = [int(row[CREMA[label]]) if label in CREMA else None for label in taxonomy.labels]
        label, total = by_clip[row["fileName"]], int(row["numResponses"])
        assert label["count"] == total
        expected = [None if c is None else pytest.approx(c / total) for c in counts if c is not None]
        assert [v for v in label["values"] if v is not None] == expected


def test_crema_d_has_as_many_votes_as_were_published(shared: Shared) -> None:
    path = shared("crema_d/tabulatedVotes.csv")
    reader = CsvRatings(path="x", of="s", target="fileName", votes=CREMA, where={"": "2.*"})
    file = SourceFile("x", path, "0" * 64, path.stat().st_size)
    batches = list(reader.read(file, Limits()))
    expected = json.loads(shared("expected/cremad_agreement.json").read_text())["face"]
    assert sum(b.rows.num_rows for b in batches) == expected["ratings"]
    assert len({key for b in batches for key in b.rows.column("target_key").to_pylist()}) == expected["clips"]


FERPLUS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")


def test_ferplus_votes_without_those_for_no_emotion(shared: Shared) -> None:
    path, taxonomy = shared("ferplus/fer2013new.csv"), parse_taxonomy({"name": "ferplus", "labels": list(FERPLUS)})
    rows = published(path, ("Image name", "fer00003"))
    keys = {row["Image name"] for row in rows}
    votes, labels, found = imported(
        path, keys, taxonomy, target="Image name", votes={x: x for x in FERPLUS}, where={"Image name": "fer00003.*"}
    )
    counts = {row["Image name"]: [int(row[label]) for label in FERPLUS] for row in rows}
    empty = [name for name, votes in counts.items() if not sum(votes)]
    assert len(votes) == sum(map(sum, counts.values()))
    assert [refused.detail for _, refused in found.refused] == ["nothing is rated"] * len(empty)
    assert {label["sample_id"]: label["values"] for label in labels} == {
        name: [pytest.approx(n / sum(votes)) for n in votes] for name, votes in counts.items() if sum(votes)
    }


def test_brighter_has_a_judgement_of_each_who_rated_a_text(shared: Shared) -> None:
    path, taxonomy = shared("brighter/arq_individuals.csv"), load_taxonomy("ekman-7")
    rows = published(path, ("text_id", "1"))
    people = [f"Annotator-{n}" for n in range(1, 11)]
    rated: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for row, person in ((row, person) for row in rows for person in people if row[person]):
        rated[row["text_id"], person][str(taxonomy.resolve(row["emotion"]))] = float(row[person])
    found, _, gathered = imported(
        path, {row["text_id"] for row in rows}, taxonomy,
        target="text_id", wide="Annotator-.*", label="emotion", intensity_max=3, where={"text_id": "1.*"},
    )  # fmt: skip
    assert (len(found), gathered.refused) == (len(rated), [])
    for row in found:
        given = dict(zip(row["asked"]["labels"], row["answer"]["intensities"], strict=True))
        said = rated[row["anchor"]["record"], row["rater"].removeprefix("p_")]
        assert {label: value for label, value in given.items() if value is not None} == said
        assert [w is None for w in row["answer"]["weights"]] == [v is None for v in given.values()]


CAWI2 = {
    "anticipation": "OCZEKIWANIE", "joy": "RADOŚĆ", "sadness": "SMUTEK", "fear": "STRACH", "disgust": "WSTRĘT",
    "surprise": "ZASKOCZENIE", "trust": "ZAUFANIE", "anger": "ZŁOŚĆ",
}  # fmt: skip


def test_cawi2_has_eight_emotions_and_two_dimensions_of_each_who_rated(shared: Shared) -> None:
    path, taxonomy = shared("cawi2/cawi2_annotations.csv"), parse_taxonomy({"name": "eight", "labels": sorted(CAWI2)})
    rows = published(path, ("text_id", "1"))
    found, _, gathered = imported(
        path, {row["text_id"] for row in rows}, taxonomy,
        target="text_id", rater="annotator_id", columns=CAWI2, intensity_max=4, valence="ZNAK EMOCJI",
        arousal="POBUDZENIE EMOCJONALNE", vad_range={"valence": [-3, 3], "arousal": [0, 4]}, where={"text_id": "1.*"},
    )  # fmt: skip
    given = [row for row in rows if row["ZNAK EMOCJI"]]
    said = Counter((row["text_id"], row["annotator_id"]) for row in given)
    assert len(found) == len(said)
    refused = Counter(refused.detail.partition(",")[0] for _, refused in gathered.refused)
    twice = "an earlier row of this person"
    assert refused == {"nothing is rated": len(rows) - len(given), twice: 4}, "of five, one says the same twice"
    once = {key: row for row in given if said[key := (row["text_id"], row["annotator_id"])] == 1}
    for row in found:
        if answer := once.get((row["anchor"]["record"], row["rater"].removeprefix("p_"))):
            assert row["answer"]["intensities"] == [float(answer[CAWI2[label]]) for label in taxonomy.labels]
            vad = (int(answer["ZNAK EMOCJI"]) / 3, int(answer["POBUDZENIE EMOCJONALNE"]) / 2 - 1, None)
            assert tuple(row["answer"]["vad"].values()) == pytest.approx(vad)


def test_emobank_has_every_reader_though_none_has_a_name(shared: Shared) -> None:
    path = shared("emobank/individual_reader_ratings.csv")
    rows = published(path, ("id", "Acephalous"))
    found, labels, gathered = imported(
        path, {row["id"] for row in rows}, load_taxonomy("ekman-7"),
        target="id", anonymous=True, valence="V", arousal="A", dominance="D", vad_range=[1, 5],
        where={"id": "Acephalous.*"},
    )  # fmt: skip
    assert (len(found), len({row["rater"] for row in found}), gathered.refused) == (len(rows), len(rows), [])
    valences: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        valences[row["id"]].append(int(row["V"]))
    means = {key: pytest.approx((sum(v) / len(v) - 3) / 2) for key, v in valences.items()}
    assert {label["sample_id"]: label["values"][0] for label in labels} == means
