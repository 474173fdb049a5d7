"""Published ratings: about 54 people's emotions for each of 100 texts."""

import csv
from collections import Counter

from affectory.transforms.ratings.csv import CsvRatings

EMOTIONS = ("OCZEKIWANIE", "RADOŚĆ", "SMUTEK", "STRACH", "WSTRĘT", "ZASKOCZENIE", "ZAUFANIE", "ZŁOŚĆ")


def plainly(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_cawi2_valence_as_published(take, shared):
    path = shared("cawi2/cawi2_annotations.csv")
    ratings = CsvRatings(
        path="x", of="texts", target="text_id", rater="annotator_id", valence="ZNAK EMOCJI", vad_range=(-3, 3)
    )
    rows, refused = take(ratings, path)
    expected = [e for e in plainly(path) if e["ZNAK EMOCJI"]]
    assert [r.detail for r in refused] == ["nothing is rated"] * (len(plainly(path)) - len(expected))
    assert [(r["target_key"], r["rater"], round(r["valence"] * 3)) for r in rows] == [
        (e["text_id"], e["annotator_id"], int(e["ZNAK EMOCJI"])) for e in expected
    ]
    assert len({r["target_key"] for r in rows}) == 100


def test_cawi2_too_narrow_a_scale_refuses_exactly_what_lies_beyond(take, shared):
    path = shared("cawi2/cawi2_annotations.csv")
    ratings = CsvRatings(
        path="x", of="texts", target="text_id", rater="annotator_id", valence="ZNAK EMOCJI", vad_range=(-1, 1)
    )
    rows, refused = take(ratings, path)
    given = [(line, e["ZNAK EMOCJI"]) for line, e in enumerate(plainly(path), 2)]
    beyond = [line for line, value in given if value and abs(int(value)) > 1]
    assert beyond
    assert [int(r.uri.partition("#L")[2]) for r in refused if "between" in r.detail] == beyond
    assert [r["row"] for r in rows] == [line for line, value in given if value and line not in beyond]


def test_cawi2_emotions_in_long_form(take, shared, tmp_path):
    wide = plainly(shared("cawi2/cawi2_annotations.csv"))
    with (tmp_path / "long.csv").open("w", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(("text", "person", "emotion", "level"))
        writer.writerows((e["text_id"], e["annotator_id"], name, e[name]) for e in wide for name in EMOTIONS)
    ratings = CsvRatings(
        path="x", of="texts", target="text", rater="person", label="emotion", intensity="level", intensity_max=4
    )
    rows, refused = take(ratings, tmp_path / "long.csv")
    assert refused == []
    assert Counter(r["label"] for r in rows) == dict.fromkeys(EMOTIONS, len(wide))
    levels = [e[name] for e in wide for name in EMOTIONS]
    assert [r["intensity"] for r in rows] == [float(level) if level else None for level in levels]
