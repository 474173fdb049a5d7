"""The ratings of published datasets as opinions, with what their authors made of them."""

import csv
import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from numpy.typing import NDArray

from affectory.schemas.derived import OPINIONS_TABLE
from affectory.schemas.taxonomy import Taxonomy, parse_taxonomy
from affectory.schemas.types import ANSWER, ASKED

Shared = Callable[[str], Path]
Numbers = NDArray[np.float64]
Pair = tuple[float | None, float]
FER_LABELS = (
    *("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"),
    *("unknown", "NF"),
)
FER = parse_taxonomy({"name": "ferplus", "entries": list(FER_LABELS)})
CREMA_D = parse_taxonomy({"name": "crema-d", "entries": list("ADFHNS")})
FRIENDS_LABELS = ("neutral", "joy", "sadness", "fear", "anger", "surprise", "disgust")
FRIENDS = parse_taxonomy({"name": "friends", "entries": list(FRIENDS_LABELS)})


def opinions(samples: Sequence[str], given: Numbers, taxonomy: Taxonomy, field: str = "weights") -> pa.Table:
    """An opinion about each of the samples, which may come again: a row of numbers for the labels, NaN unasked."""
    rows, flat = len(given), given.ravel()
    offsets = pa.array(np.arange(rows + 1, dtype=np.int32) * given.shape[1])
    lists = pa.ListArray.from_arrays(offsets, pa.array(flat, pa.float32(), mask=np.isnan(flat)))
    answer = {f.name: lists if f.name == field else pa.nulls(rows, f.type) for f in ANSWER}
    asked = {"question": "q", "labels": list(taxonomy.labels), "response": "simplex", "taxonomy": taxonomy.name}
    question = pa.scalar({**asked, "taxonomy_hash": taxonomy.hash}, ASKED)
    ids = pa.array([f"o_{n:08}" for n in range(rows)])
    same = {"rater_kind": "human", "perspective": "perceived", "modalities": ["image"]}
    columns = {
        "opinion_id": ids,
        "rater": ids,
        "sample_id": pa.array(samples, pa.string()),
        "asked": _same(question, rows),
        **{name: _same(pa.scalar(value), rows) for name, value in same.items()},
        "answer": pa.StructArray.from_arrays(list(answer.values()), fields=list(ANSWER)),
    }
    absent = {c.name: pa.nulls(rows, c.type) for c in OPINIONS_TABLE.columns if c.name not in columns}
    return OPINIONS_TABLE.cast(pa.table({**columns, **absent}))


def _same(value: pa.Scalar, rows: int) -> pa.Array:
    return pa.array([value.as_py()], value.type).take(pa.array(np.zeros(rows, np.int64)))


def counted(samples: Sequence[str], counts: NDArray[np.int64], taxonomy: Taxonomy) -> pa.Table:
    """Votes of people who were only counted: a row of counts for each sample, an opinion for each vote."""
    each = np.arange(counts.size).repeat(counts.ravel())
    row, label = np.divmod(each, counts.shape[1])
    return opinions([samples[i] for i in row], np.eye(counts.shape[1])[label], taxonomy)


def ferplus(shared: Shared) -> tuple[list[str], list[str], NDArray[np.int64]]:
    """Of each picture its part, a name of its own, and the votes for the ten words. Those without a file are left
    out, which their authors took back; four files come twice, one of them with other votes."""
    table = pa.csv.read_csv(shared("ferplus/fer2013new.csv"))
    table = table.filter(pc.not_equal(table.column("Image name"), ""))
    votes = np.stack([table.column(label).to_numpy() for label in FER_LABELS], axis=1)
    return table.column("Usage").to_pylist(), [f"row{n:05}" for n in range(table.num_rows)], votes


def crema_d(shared: Shared) -> tuple[pa.Table, list[str], NDArray[np.int64]]:
    """The published table, a name for each row of it, and the votes for the six emotions."""
    table = pa.csv.read_csv(shared("crema_d/tabulatedVotes.csv"))
    votes = np.stack([table.column(label).to_numpy() for label in CREMA_D.labels], axis=1)
    return table, [f"row{n:06}" for n in range(table.num_rows)], votes


def friends(shared: Shared) -> tuple[list[str], NDArray[np.int64]]:
    """Of each utterance the published label, and the votes for the seven emotions."""
    with zipfile.ZipFile(shared("emotionx/2019_Train_Friends.zip")) as archive:
        lines = [line for dialogue in json.loads(archive.read("Friends/friends.json")) for line in dialogue]
    return [x["emotion"] for x in lines], np.array([[int(n) for n in x["annotation"]] for x in lines])


def means_of_whole_numbers(labels: pa.Table, places: int | None = None) -> Numbers:
    """The values of labels as they were before they were kept in 32 bits, and where said rounded to so many places:
    each is a whole sum over the count."""
    given = np.array(labels.column("values").to_pylist(), np.float32)
    count = labels.column("count").to_numpy()[:, None]
    means: Numbers = np.rint(given.astype(np.float64) * count) / count
    kept = means if places is None else np.round(means, places)
    assert (kept.astype(np.float32) == given).all(), "to the last bit"
    return means


def brighter(shared: Shared, language: str, *, present: bool = False) -> tuple[Taxonomy, pa.Table]:
    """All raters' intensities, or 1 where one is `present`; equal texts are one sample, whose name is the text."""
    with shared(f"brighter/{language}_individuals.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    words = {"happy": "joy", "sad": "sadness"}
    labels = sorted({words.get(row["emotion"].lower(), row["emotion"].lower()) for row in rows})
    raters = [name for name in rows[0] if name.lower().startswith("annotator")]
    text = "text" if "text" in rows[0] else "text_content"
    # A text's emotions follow each other, in an order of their own.
    asked = rows[:: len(labels)]
    given = np.full((len(asked), len(raters), len(labels)), np.nan)
    for number, row in enumerate(rows):
        label = words.get(row["emotion"].lower(), row["emotion"].lower())
        given[number // len(labels), :, labels.index(label)] = [float(row[name] or "nan") for name in raters]
    if present:
        given[given > 0] = 1
    samples = [row[text].strip() for row in asked for _ in raters]
    taxonomy = parse_taxonomy({"name": f"brighter-{language}", "space": "multi-label", "entries": labels})
    return taxonomy, opinions(samples, given.reshape(-1, len(labels)), taxonomy, "intensities")


def brighter_gold(shared: Shared, language: str, track: str, labels: pa.Table, taxonomy: Taxonomy) -> list[Pair]:
    """What we have and what was published, of each cell of a track whose text the raters saw as it was published."""
    found = {row["sample_id"]: row["values"] for row in labels.to_pylist()}
    pairs: list[Pair] = []
    for part in ("train", "dev", "test"):
        with shared(f"brighter/gold_track_{track}_{part}_{language}.csv").open(
            encoding="utf-8-sig", newline=""
        ) as file:
            rows = [row for row in csv.DictReader(file) if row["text"].strip() in found]
        named = [(place, label) for place, label in enumerate(taxonomy.labels) if rows and label in rows[0]]
        pairs += [(found[row["text"].strip()][place], float(row[label])) for row in rows for place, label in named]
    return pairs
