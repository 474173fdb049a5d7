"""Of people, licences and texts that may not be published, nothing is in a release; and the release says how much."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.project import Project, project, write_csv, write_lines
from support.publishing_people import FAR_AWAY, SAID, album, say, told

from affectory.pipelines.build import Summary
from affectory.pipelines.publish import Publisher
from affectory.pipelines.purposes.barred import Barred, Deciding
from affectory.pipelines.purposes.licences import Licences
from affectory.pipelines.purposes.withholding import Barring, Found
from affectory.pipelines.purposes.words import Rules
from affectory.pipelines.release.withheld import WHY, Withheld, nameless
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.derived import SAMPLES
from affectory.schemas.errors import UserError
from affectory.schemas.types import SHOWN

PICTURES = list(SAID)
HIDDEN = {"no features", "no training", "ended", "embargo"}


def published(made: Project, summary: Summary) -> dict[str, dict[str, Any]]:
    """The rows of a release by their words."""
    return {row["text"]: row for row in made.rows(summary.version).to_pylist()}


def words_of(number: int) -> str:
    return f"words of {number}."


def picture(made: Project, number: int) -> bytes:
    return (made.folder / "in" / f"{number}.png").read_bytes()


def test_each_is_published_as_far_as_they_agreed(tmp_path: Path) -> None:
    made = album(tmp_path, list(SAID.values()))
    summary = made.build()
    rows, everything = published(made, summary), told(made.releases / summary.version)
    for number, said in enumerate(PICTURES):
        shown = said not in HIDDEN
        assert (words_of(number) in rows) == shown == (words_of(number).encode() in everything), said
        assert (picture(made, number) in everything) == (shown and said != "no media"), said
    bare = rows[words_of(PICTURES.index("no media"))]
    assert (bare["image"], bare["image_sha256"], bare["withheld"]) == (None, None, "media: consent")
    assert rows[words_of(0)]["withheld"] is None
    pictures = {row["text"]: row["image"] for row in made.rows(summary.version, "samples").to_pylist()}
    assert [text for text, image in pictures.items() if image is None] == [bare["text"]]


def test_how_much_is_withheld_is_told_and_of_whom_is_not(tmp_path: Path) -> None:
    made = album(tmp_path, list(SAID.values()))
    plan = made.plan()
    assert set(plan.held_back) == {
        "1 record (consent: no to publish_features)",
        "1 record (consent: ended)",
        "1 record (embargo: not over)",
        "the media of 1 record (consent: no to publish_media)",
        "from training 1 record (consent: no to train)",
    }
    assert "a release of today holds back the media of 1 record" in plan.as_text()
    summary = made.build()
    release = made.releases / summary.version
    rejects = pq.read_table(release / "rejects.parquet").to_pylist()
    assert sorted(row["detail"] for row in rejects) == [
        "consent: ended", "consent: no to publish_features", "consent: no to train", "embargo: not over"
    ]  # fmt: skip
    assert {(r["stage"], r["reason"], r["sample_id"], r["record_id"]) for r in rejects} == {
        ("publish", "withheld", None, None)
    }
    shown = made.told("rejects", "recipe.yaml", "--workspace", "ws", "--withheld", "--json").stdout.splitlines()
    assert sorted(json.loads(row)["detail"] for row in shown) == [row["detail"] for row in rejects]
    card = (release / "README.md").read_text()
    assert "1 sample is withheld (embargo: not over)." in card
    assert "1 row is without its media (consent: no to publish_media)." in card


def test_the_end_of_an_embargo_is_a_new_version_of_the_same_build(tmp_path: Path) -> None:
    people = [{}, {"embargo": "2027-01-01"}]
    made = album(tmp_path, people)
    first = made.build(publish=False)
    days = (date(2026, 12, 31), date(2026, 12, 31), date(2027, 1, 1))
    versions = [publish_on(made, day) for day in days]
    assert versions == ["v1.0.0", "v1.0.0", "v1.1.0"]
    assert (first.kept, len(made.rows("v1.0.0")), len(made.rows("v1.1.0"))) == (2, 1, 2)


def publish_on(made: Project, day: date) -> str:
    """Publish the last build on a day."""
    from support.warm import warm_load_tests

    from affectory.pipelines.events import Run
    from affectory.pipelines.history import last_build
    from affectory.pipelines.store.workspace import Workspace

    workspace = Workspace(made.workspace)
    build = last_build(workspace)
    assert build is not None
    with warm_load_tests(), Run(made.workspace / "runs" / "test.jsonl", ()) as run:
        publisher = Publisher(made.bound(), workspace, build, made.releases, run, today=day)
        return publisher.current() or publisher.publish(publisher.validate()).version


def test_what_is_taken_back_is_gone_from_the_next_version(tmp_path: Path) -> None:
    made = album(tmp_path, [{}, {}])
    assert made.build().version == "v1.0.0"
    say(made, [{}, {"publish_features": "no"}])
    summary = made.build()
    assert (summary.version, summary.bump, len(made.rows("v1.0.1"))) == ("v1.0.1", "patch", 1)
    assert words_of(1).encode() not in told(made.releases / "v1.0.1")


def test_a_recipe_may_require_a_yes(tmp_path: Path) -> None:
    made = album(tmp_path, [{}, {"publish_media": "yes"}], people={"require": ["publish_media"]})
    rows = published(made, made.build())
    assert [rows[words_of(n)]["withheld"] for n in range(2)] == ["media: consent", None]


def test_where_nothing_may_be_published_nothing_is_and_why_is_told(tmp_path: Path) -> None:
    made = album(tmp_path, [{"embargo": FAR_AWAY}])
    with pytest.raises(UserError, match="nothing of this build may be published") as error:
        made.build()
    assert "1 sample is withheld (embargo: not over)." in error.value.hint


@pytest.mark.parametrize(
    ("publish", "expected"),
    [
        ({}, {"CC0-1.0": "media", "CC-BY-ND-4.0": "features", "": "media"}),
        ({"licences": ["CC0-*"]}, {"CC0-1.0": "media", "": "media"}),
        ({"require_licence": True}, {"CC0-1.0": "media", "CC-BY-ND-4.0": "features"}),
        ({"by_licence": {"CC0-*": "features", "*": "media"}},
         {"CC0-1.0": "features", "CC-BY-ND-4.0": "media", "": "media"}),
    ],
)  # fmt: skip
def test_licences_count_for_what_they_are_of(tmp_path: Path, publish: dict[str, Any], expected: dict[str, str]) -> None:
    given = ("CC0-1.0", "CC-BY-ND-4.0", "")
    splits = {"splits": {"by": ["record"], "train": 1.0}}
    made = album(tmp_path, [{"licence": name} for name in given], publish={**splits, **publish})
    rows = published(made, made.build())
    found = {name: rows[words_of(n)] for n, name in enumerate(given) if words_of(n) in rows}
    assert {name: "features" if row["image"] is None else "media" for name, row in found.items()} == expected
    assert {row["withheld"] for row in found.values() if row["image"] is None} <= {"media: licence"}


def test_a_file_that_lies_there_twice_counts_as_the_stricter_of_both(tmp_path: Path) -> None:
    made = album(tmp_path, [{}, {}, {"publish_media": "no", "train": "no"}])
    assert made.build().splits == {"train": 2}
    (made.folder / "in" / "1.png").write_bytes(picture(made, 2))
    summary = made.build()
    rows, everything = published(made, summary), told(made.releases / summary.version)
    assert set(rows) == {words_of(0)}
    assert picture(made, 2) not in everything
    assert [row["reason"] for row in made.rejects()] == ["duplicate"]


def test_a_release_without_media_is_one(tmp_path: Path) -> None:
    made = album(tmp_path, [{}], publish={"media": [], "splits": {"by": ["record"], "train": 1.0}})
    summary = made.build()
    assert picture(made, 0) not in told(made.releases / summary.version)
    assert "image" not in made.rows(summary.version).column_names


def test_who_is_told_of_is_not_known_by_it(tmp_path: Path) -> None:
    people = [{"gender": "f", "age": "30"}] * 3 + [{"gender": "f", "age": "60"}, {"gender": "m", "age": "60"}]
    more = {"splits": {"by": ["record"], "train": 1.0}, "people": {"columns": ["age", "gender"], "least": 3}}
    made = album(tmp_path, people, publish=more)
    rows = made.rows(made.build().version, "people").to_pylist()
    assert sorted((row["age"] or "", row["gender"] or "") for row in rows) == [("", "")] * 2 + [("30", "f")] * 3
    assert all(row["person_id"].startswith("p_") and row["roles"] == ["subject"] for row in rows)
    say(made, [*people[:3], {"publish_features": "no"}, people[4]])
    second = made.build()
    assert (second.bump, made.rows(second.version, "people").num_rows) == ("patch", 4)
    say(made, [*people[:3], {"publish_features": "no"}, {"gender": "f", "age": "30"}])
    third = made.build()
    assert (third.bump, [row["age"] for row in made.rows(third.version, "people").to_pylist()]) == ("patch", ["30"] * 4)


def test_facts_that_nobody_declared_are_told(tmp_path: Path) -> None:
    made = album(tmp_path, [{"gender": "f"}], publish={"people": {"columns": ["shoe"]}})
    with pytest.raises(UserError, match="'shoe'"):
        made.build()


@pytest.mark.parametrize("one", [Barred("a", "b"), Barred(train="c"), Barred()])
def test_the_stricter_of_two_is_the_same_in_any_order(one: Barred) -> None:
    other = Barred("b", "", "a")
    assert one | other == other | one == Barred.strictest([one, other, one])
    assert bool(one | other)


def test_nobody_is_quoted_of_whom_nothing_is_published(tmp_path: Path) -> None:
    """What was said before a turn stands in its notes, and in what its raters were shown."""
    source = {"kind": "jsonl", "name": "talk", "path": "talk.jsonl", "text": "body", "speaker": "who", "key": "id"}
    sidecar = {"path": "people.csv", "subject": "name", "consent": {"publish_features": "features"}}
    made = project(tmp_path, {
        "dataset": "talk", "taxonomy": "ekman-7", "ingest": ["context"],
        "sources": [{**source, "dialogue": "talk", "position": "turn", "sidecar": sidecar}],
        "publish": {"splits": {"by": ["record"], "train": 1.0}, "configs": ["default", "opinions", "notes", "samples"]},
    })  # fmt: skip
    said = [("d", "ann", "A secret."), ("d", "bob", "Is it?"), ("e", "bob", "Good day."), ("e", "cyd", "And you.")]
    lines = [{"id": f"l{n}", "talk": d, "turn": n, "who": w, "body": b} for n, (d, w, b) in enumerate(said)]
    write_lines(tmp_path / "talk.jsonl", lines)
    write_csv(tmp_path / "people.csv", ["name", "features"], [["ann", "no"], ["bob", "yes"]])
    summary = made.build()
    assert set(published(made, summary)) == {"Good day.", "And you."}
    assert b"secret" not in told(made.releases / summary.version)


def test_what_raters_were_shown_of_a_withheld_turn_is_not_told() -> None:
    shown = [{"context": ["A secret."], "language": "en"}, {"context": ["Fine."], "language": "en"}, None]
    rows = pa.table({"sample_id": ["s0", "s1", "s2"], "shown": pa.array(shown, SHOWN)})
    withheld = Withheld(quoting=pa.array(["s0"]))
    left = withheld.left_of("opinions", rows)["shown"].to_pylist()
    assert [s and (s["context"], s["language"]) for s in left] == [(None, "en"), (["Fine."], "en"), None]


def test_a_sample_is_withheld_with_those_that_it_is_made_of(tmp_path: Path) -> None:
    base = {"kind": "text", "source": "s", "uri": "u"}
    pair = [{"sample_id": "one", "role": "left"}, {"sample_id": "two", "role": "right"}]
    rows = [{"sample_id": n, "anchor": {"record": n}, **base} for n in ("one", "two")]
    rows += [{"sample_id": "pair", "anchor": {"record": "pair"}, "members": pair, **base}]
    pq.write_table(SAMPLES.from_rows(rows), tmp_path / "samples.parquet")
    found = Found([tmp_path / "samples.parquet"])
    found.look(Barring(Deciding({}, Rules(), Licences(), date(2026, 1, 1)), {"two": Barred("gone")}), [])
    splits = pa.table({"sample_id": ["one", "two", "pair"], "split": ["test"] * 3})
    assert found.withheld(splits, {}).published(splits)["sample_id"].to_pylist() == ["one"]


def test_of_words_that_nobody_hears_no_media_are_withheld(tmp_path: Path) -> None:
    plain = {"kind": "text", "source": "s", "uri": "u", "text": "well"}
    stored = {"asset": "0" * 64, "format": "flac"}
    more = {"read": {}, "written": {"original": stored}, "spoken": {"audio": stored}, "seen": {"frames": [stored]}}
    more |= {"shown": {"kind": "image", "original": stored}}
    rows = [{"sample_id": n, "anchor": {"record": n}, **plain, **columns} for n, columns in more.items()]
    pq.write_table(SAMPLES.from_rows(rows), tmp_path / "samples.parquet")
    found = Found([tmp_path / "samples.parquet"])
    found.add((name, Barred(media="no")) for name in more)
    splits = pa.table({"sample_id": [*more], "split": ["test"] * len(more)})
    assert found.withheld(splits, {}).media["sample_id"].to_pylist() == ["seen", "shown", "spoken"]


def test_what_the_gate_found_names_neither_whom_nor_what_is_withheld(tmp_path: Path) -> None:
    """Not the samples alone: ledgers are looked at too, and they know everybody."""
    ask = {"expect": "column_values_to_be_in_set", "value_set": ["x"], "severity": "warns"}
    columns = {"people": "person_id", "samples": "text", "sources": "record_id"}
    expect = [{**ask, "table": table, "column": column} for table, column in columns.items()]
    unlicensed = {"sources.licence": {"severity": "warns"}}
    said = [SAID["yes"], SAID["no features"]]
    made = album(tmp_path, said, validate={"suite": "default", "expect": expect, "adjust": unlicensed})
    release = made.releases / made.build().version
    found = json.loads((release / "gate.json").read_text())["findings"]
    named = {f["table"]: (f["count"], len(f["rows"])) for f in found if "in_set" in f["check"]}
    assert named == {"people": (2, 0), "samples": (2, 1), "sources": (2, 1)}
    for row in Workspace(made.workspace).ledger("sources").read().to_pylist():
        ids = [row["record_id"], *row["subjects"]]  # of whom something is published: as who speaks there
        assert [name for name in ids if name.encode() in told(release)] == ([] if row["uri"] == "1.png" else ids)


def test_what_was_rejected_beside_what_is_withheld_does_not_name_it() -> None:
    kept, hidden = "s_" + "a" * 24, "s_" + "b" * 24
    withheld = Withheld(
        samples=pa.Table.from_pylist([{"sample_id": hidden, "source": "a", "why": "embargo"}], WHY),
        records=pa.array(["r_hidden"]),
    )
    rows = [
        {"record_id": record, "sample_id": sample, "reason": "duplicate", "detail": f"the same as {other}"}
        for record, sample, other in (("r_1", "s_1", hidden), ("r_2", "s_2", kept), ("r_hidden", "s_3", kept))
    ]
    left = nameless(pa.Table.from_pylist(rows), withheld).to_pylist()
    assert [(row["record_id"], row["sample_id"], row["detail"]) for row in left] == [
        ("r_1", "s_1", "the same as a sample"), ("r_2", "s_2", f"the same as {kept}"), (None, None, None),
    ]  # fmt: skip


def test_a_record_of_which_no_sample_is_left_is_withheld_as_well() -> None:
    """Its rows among the rejects would name it."""
    splits = pa.table({"sample_id": pa.array([], pa.string()), "split": pa.array([], pa.string())})
    found = Found([]).withheld(splits, {"r_1": Barred("embargo"), "r_2": Barred(media="no")})
    assert found.records.to_pylist() == ["r_1"]
