"""Records are described beside their files: by sidecars of subjects and consent, by cut lists and subtitles."""

import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support.project import Project, project, write_csv, write_image, write_lines

from affectory.pipelines import describing
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import UserError
from affectory.schemas.ledgers import PEOPLE
from affectory.transforms.sources.base import Refused

SIDECAR: dict[str, Any] = {
    "path": "subjects.csv", "file": "file", "speaker": "who", "session": "day", "licence": "licence", "keep": ["age"],
    "consent": {"train": "train", "publish_media": "media"}, "expires": "until",
}  # fmt: skip
HEADER = ["file", "who", "day", "licence", "age", "train", "media", "until"]
ROWS = [
    ["a.png", "ann", "d1", "CC0-1.0", "30", "yes", "no", "2027-01-31"],
    ["sub/b.png", "bob", "d1", "", "", "", "", ""],
]


def pictures(folder: Path, rows: list[list[str]], **source: Any) -> Project:
    recipe = {
        "dataset": "subjects",
        "taxonomy": "ekman-7",
        "sources": [{"kind": "folder", "name": "faces", "path": "in", "licence": "CC-BY-4.0", **source}],
        "ingest": [],
        "publish": {"configs": ["default", "samples"]},
    }
    made = project(folder, recipe)
    for name, seed in (("a.png", 1), ("sub/b.png", 2), ("c.png", 3)):
        write_image(folder / "in" / name, seed)
    write_csv(folder / "subjects.csv", HEADER, rows)
    return made


def samples(made: Project, version: str) -> dict[str, dict[str, Any]]:
    return {row["speaker"] or "": row for row in made.rows(version, "samples").to_pylist()}


def people(made: Project) -> list[dict[str, Any]]:
    rows = Workspace(made.workspace).ledger("people").read().to_pylist(maps_as_pydicts="strict")
    return sorted(rows, key=lambda row: (row["person_id"], row["revision"]))


def test_a_sidecar_says_who_when_and_under_which_terms(tmp_path: Path) -> None:
    made = pictures(tmp_path, ROWS, sidecar=SIDECAR)
    done = made.build()
    found, known = samples(made, done.version), people(made)
    ann = next(row["person_id"] for row in known if row["consent"])
    assert {row["session"] for row in found.values()} == {"d1", None}
    assert {(p["key"], p["value"]) for p in found[ann]["extra"]} == {("age", "30")}
    assert len(known) == 2 and all(row["person_id"].startswith("p_") for row in known)
    consent = {row["person_id"]: (row["consent"], row["expires"]) for row in known}[ann]
    assert consent == ({"publish_media": False, "train": True}, date(2027, 1, 31))
    licences = Workspace(made.workspace).ledger("sources").read().column("licence").to_pylist()
    assert sorted(licences) == ["CC-BY-4.0", "CC-BY-4.0", "CC0-1.0"]


def test_what_somebody_takes_back_is_a_revision_and_changes_no_other_record(tmp_path: Path) -> None:
    made = pictures(tmp_path, ROWS, sidecar=SIDECAR)
    made.build()
    write_csv(tmp_path / "subjects.csv", HEADER, [[*ROWS[0][:5], "no", "no", ""], ROWS[1]])
    assert made.plan().new_partitions == 0, "consent is not part of a record"
    ann = [row for row in people(made) if row["consent"]]
    assert [row["consent"]["train"] for row in ann] == [True, False]
    write_csv(tmp_path / "subjects.csv", HEADER, [[*ROWS[0][:2], "d2", *ROWS[0][3:]], ROWS[1]])
    assert made.plan().new_partitions == 1


def test_rows_that_speak_of_no_record_are_told_once(tmp_path: Path) -> None:
    made = pictures(tmp_path, [*ROWS, ["z.png", *ROWS[0][1:]], ["a.png", "bob", *ROWS[0][2:]]], sidecar=SIDECAR)
    made.build()
    told = {(row["uri"], row["reason"]): row["detail"] for row in made.rejects()}
    assert told["subjects.csv", "unknown_record"] == "1 of 3 that it speaks of are no record, by file: 'z.png'"
    assert told["subjects.csv#L5", "duplicate"] == "'a.png' is described otherwise in subjects.csv#L2"
    assert len(told) == 2


def test_a_table_that_speaks_of_nothing_is_a_mistake_of_the_recipe(tmp_path: Path) -> None:
    made = pictures(tmp_path, [["x.png", *ROWS[0][1:]]], sidecar=SIDECAR)
    with pytest.raises(UserError, match=r"no row of subjects.csv speaks of a record of source 'faces'") as raised:
        made.build()
    assert "joined by file: 'x.png'" in (raised.value.hint or "")


def test_consent_of_nobody_is_told(tmp_path: Path) -> None:
    made = pictures(tmp_path, ROWS, sidecar={k: v for k, v in SIDECAR.items() if k != "speaker"})
    made.build()
    (told,) = made.rejects()
    assert (told["uri"], told["reason"]) == ("a.png", "bad_row") and "consent of nobody" in told["detail"]


def test_a_missing_column_is_told_with_the_columns_there_are(tmp_path: Path) -> None:
    sidecar = {name: value for name, value in SIDECAR.items() if name not in ("consent", "expires")}
    made = pictures(tmp_path, ROWS, sidecar={**sidecar, "session": "dya"})
    made.build()
    (told,) = made.rejects()
    assert (told["uri"], told["reason"]) == ("subjects.csv", "bad_row")
    assert "no column 'dya'" in told["detail"] and "did you mean: day?" in told["detail"]


GRANTS: dict[str, dict[str, Any]] = {
    "consent": {"consent": {"train": "trian"}},
    "expires": {"expires": "trian"},
    "embargo": {"embargo": "trian"},
    "speaker": {"speaker": "trian", "consent": {"annotate": "train"}},
}


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("grants", GRANTS.values(), ids=GRANTS)
def test_nothing_is_built_where_a_column_of_consent_is_missing(
    tmp_path: Path, form: str, grants: dict[str, Any]
) -> None:
    made = pictures(tmp_path, [], sidecar={"path": f"s.{form}", "file": "file", "speaker": "who", **grants})
    write_csv(tmp_path / "s.csv", ["file", "who", "train"], [["a.png", "ann", "no"]])
    write_lines(tmp_path / "s.jsonl", [{"file": "a.png", "who": "ann", "train": "no"}])
    with pytest.raises(UserError) as raised:
        made.build()
    told = str(raised.value)
    assert raised.value.exit_code == 2
    assert all(word in told for word in (f"s.{form}", "no column 'trian'", "'file', 'who', 'train'", "'faces'"))
    assert "did you mean: train?" in told


BROKEN: dict[str, bytes | None] = {
    "bad encoding": b"file,who,train\na.png,\xff,no\n",
    "empty": b"",
    "rows of none": b"file,who,train\n",
    "gone": None,
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_nothing_is_built_where_what_people_agreed_to_cannot_be_read(tmp_path: Path, data: bytes | None) -> None:
    sidecar = {"path": "s", "file": "file", "speaker": "who"}
    made = pictures(tmp_path, [], sidecar={**sidecar, "consent": {"annotate": "train"}})
    (tmp_path / "s").mkdir()
    if data is None:
        (tmp_path / "s/broken.csv").symlink_to("nowhere.csv")
    else:
        (tmp_path / "s/broken.csv").write_bytes(data)
    write_csv(tmp_path / "s/right.csv", ["file", "who", "train"], [["a.png", "ann", "yes"]])
    with pytest.raises(UserError, match=r"broken\.csv says what people agreed to"):
        made.build()
    made = pictures(tmp_path, [], sidecar=sidecar)
    (tmp_path / "s/._hidden.csv").write_bytes(b"")
    made.build()
    assert {row["uri"] for row in made.rejects()} == {"broken.csv", "._hidden.csv"}


def test_a_misspelt_key_is_told_with_its_line(tmp_path: Path) -> None:
    made = pictures(tmp_path, ROWS, sidecar={**SIDECAR, "consent": {"trian": "train"}})
    done = made.command("plan")
    assert done.returncode != 0
    assert "recipe.yaml:17:7: sources[0].sidecar.consent.trian" in done.stderr
    assert "did you mean: train?" in done.stderr


@pytest.mark.parametrize("how", ["table", "srt", "rttm"])
def test_segments_come_from_tables_and_subtitles(tmp_path: Path, how: str) -> None:
    (tmp_path / "cuts").mkdir()
    write_csv(
        tmp_path / "cuts" / "c.csv",
        ["f", "start", "end", "n"],
        [["c.png", "0.5", "1", "ann"], ["c.png", "0", "0.5", ""]],
    )
    (tmp_path / "cuts" / "c.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    (tmp_path / "cuts" / "x.rttm").write_text("SPEAKER c 1 0.25 0.5 <NA> <NA> ann <NA> <NA>\n")
    name = {"table": "c.csv", "srt": "c.srt", "rttm": "x.rttm"}[how]
    columns = {"file": "f", "who": "n"} if how == "table" else {}
    made = pictures(tmp_path, ROWS, segments={"path": f"cuts/{name}", **columns})
    done = made.build()
    (found,) = [row["segments"] for row in made.rows(done.version, "samples").to_pylist() if row["segments"]]
    who = people(made)[0]["person_id"] if how != "srt" else None
    subjects = Workspace(made.workspace).ledger("sources").read().column("subjects").to_pylist()
    assert sorted(subjects) == ([[], [], []] if who is None else [[], [], [who]])
    assert [(p["kind"], p["start_us"], p["end_us"], p["who"], p["text"]) for p in found] == {
        "table": [("turn", 0, 500_000, None, None), ("turn", 500_000, 1_000_000, who, None)],
        "srt": [("utterance", 0, 1_000_000, None, "Hello")],
        "rttm": [("turn", 250_000, 750_000, who, None)],
    }[how]


@pytest.mark.parametrize(
    ("form", "who_is", "count"),
    [("rttm", {}, 2), ("rttm", {"who_is": "everywhere"}, 1), ("csv", {}, 1), ("csv", {"who_is": "recording"}, 2)],
)
def test_a_voice_that_a_machine_numbered_is_one_person_in_its_recording_alone(
    tmp_path: Path, form: str, who_is: dict[str, str], count: int
) -> None:
    columns = {"stem": "f", "who": "n"} if form == "csv" else {}
    made = pictures(tmp_path, [], segments={"path": f"cuts.{form}", **columns, **who_is})
    (tmp_path / "cuts.rttm").write_text("".join(f"SPEAKER {n} 1 0 1 <NA> <NA> SPEAKER_00 <NA> <NA>\n" for n in "acc"))
    write_csv(tmp_path / "cuts.csv", ["f", "start", "end", "n"], [[n, "0", "1", "SPEAKER_00"] for n in "acc"])
    found = made.rows(made.build().version, "samples").to_pylist()
    who = [{place["who"] for place in row["segments"]} for row in found if row["segments"]]
    assert [len(names) for names in who] == [1, 1]
    assert {person for names in who for person in names} == {row["person_id"] for row in people(made)}
    assert len(people(made)) == count
    (tmp_path / "in/a.png").rename(tmp_path / "in/sub/a.png")
    made.build()
    assert len(people(made)) == count, "whoever it is, it is not the folder that says so"


def test_a_person_of_a_sidecar_is_one_in_every_recording(tmp_path: Path) -> None:
    sidecar = {"path": "s.csv", "subject": "who", "consent": {"annotate": "train"}}
    made = pictures(tmp_path, [], sidecar=sidecar, segments={"path": "cuts.rttm"})
    write_csv(tmp_path / "s.csv", ["who", "train"], [["ann", "no"]])
    (tmp_path / "cuts.rttm").write_text("".join(f"SPEAKER {n} 1 0 1 <NA> <NA> ann <NA> <NA>\n" for n in "ac"))
    made.build()
    assert [row["consent"] for row in people(made)] == [{"annotate": False}]


@pytest.mark.parametrize("name", ["b.png", "sub/b.png", "faces.zip/sub/b.png"])
def test_a_file_in_an_archive_is_found_by_its_path_in_there(tmp_path: Path, name: str) -> None:
    made = pictures(tmp_path, [[name, *ROWS[0][1:]]], kind="zip", path="faces.zip", sidecar=SIDECAR)
    with zipfile.ZipFile(tmp_path / "faces.zip", "w") as archive:
        for path in ("a.png", "sub/b.png"):
            archive.write(tmp_path / "in" / path, path)
    assert {row["session"] for row in samples(made, made.build().version).values()} == {"d1", None}


def test_a_table_of_subjects_describes_texts_by_their_speaker(tmp_path: Path) -> None:
    recipe = {
        "dataset": "t", "taxonomy": "ekman-7", "ingest": [],
        "sources": [{"kind": "jsonl", "path": "l.jsonl", "speaker": "who",
                     "sidecar": {"path": "s.json", "subject": "id", "keep": ["age"]}}],
        "publish": {"configs": ["default", "samples"]},
    }  # fmt: skip
    made = project(tmp_path, recipe)
    write_lines(tmp_path / "l.jsonl", [{"text": f"line {n}", "who": f"w{n % 2}"} for n in range(4)])
    (tmp_path / "s.json").write_text('{"w0": {"age": 30}, "w1": {"age": 40}}')
    rows = made.rows(made.build().version, "samples").to_pylist()
    assert sorted(row["extra"][0]["value"] for row in rows) == ["30", "30", "40", "40"]


WHO: dict[str, Any] = {"path": "subjects.csv", "file": "file", "speaker": "who", "consent": {"annotate": "train"}}


def consents(made: Project) -> list[bool | None]:
    """What the people agreed to as the newest revisions say, in the order of their pseudonyms."""
    newest = {row["person_id"]: (row["consent"] or {}).get("annotate") for row in people(made)}
    return [newest[person] for person in sorted(newest)]


@pytest.mark.parametrize("rows", [[["a.png", "ann", "yes"], ["sub/a.png", "bob", "no"]], [["a.png", "ann", "yes"]]])
def test_a_name_that_is_a_path_speaks_of_no_file_in_another_folder(tmp_path: Path, rows: list[list[str]]) -> None:
    made = pictures(tmp_path, [], sidecar=WHO)
    write_image(tmp_path / "in" / "sub" / "a.png", 4)
    write_csv(tmp_path / "subjects.csv", ["file", "who", "train"], rows)
    speakers = made.rows(made.build().version, "samples").column("speaker").to_pylist()
    assert len({s for s in speakers if s}) == len([s for s in speakers if s]) == len(rows)
    assert sorted(consents(made), key=str) == [False, True][-len(rows) :]


def test_a_sidecar_that_is_as_it_was_before_says_so_again(tmp_path: Path) -> None:
    made, found = pictures(tmp_path, [], sidecar=WHO), []
    for agreed in ("no", "yes", "no"):
        write_csv(tmp_path / "subjects.csv", ["file", "who", "train"], [["a.png", "ann", agreed]])
        made.plan()
        found += consents(made)
    assert found == [False, True, False]
    person = {**people(made)[-1], "revision": 3, "consent": {"annotate": True}}
    Workspace(made.workspace).ledger("people").append(PEOPLE.from_rows([person]))
    made.plan()
    assert consents(made) == [True], "what is said in another way since stays where the sources are as they were"


def test_consent_holds_for_those_who_speak_in_a_stretch(tmp_path: Path) -> None:
    said = {"path": "subjects.csv", "subject": "who", "speaker": "name", "consent": {"annotate": "train"}}
    cuts = {"path": "cuts.csv", "file": "file", "who": "who"}
    made = pictures(tmp_path, [], sidecar=said, segments=cuts)
    write_csv(tmp_path / "subjects.csv", ["who", "name", "train"], [["A", "ann", "yes"], ["B", "ann", "no"]])
    rows = [["a.png", "0", "1", "A"], ["sub/b.png", "0", "1", "B"]]
    write_csv(tmp_path / "cuts.csv", ["file", "start", "end", "who"], rows)
    found = made.rows(made.build().version, "samples").column("segments").to_pylist()
    (person,) = {place["who"] for places in found for place in places or ()}
    assert (person, consents(made)) == (people(made)[0]["person_id"], [False])
    assert made.rejects() == []


def test_of_two_rows_that_differ_the_less_is_agreed_to(tmp_path: Path) -> None:
    made = pictures(tmp_path, [], sidecar=WHO)
    rows = [["a.png", "ann", "yes"], ["a.png", "ann", "no"]]
    write_csv(tmp_path / "subjects.csv", ["file", "who", "train"], rows)
    made.build()
    (told,) = made.rejects()
    assert (consents(made), told["reason"]) == ([False], "duplicate")
    assert told["detail"].endswith("in subjects.csv#L2; of what both allow the less counts")


def test_what_is_said_of_media_of_a_table_is_seen_to_change(tmp_path: Path) -> None:
    said = {"path": "said.csv", "key": "id", "text": "said"}
    made = pictures(tmp_path, [], kind="csv", path="rows.csv", image="file", key="id", sidecar=said)
    write_csv(tmp_path / "rows.csv", ["id", "file"], [["1", "in/a.png"]])
    for words in ("Hi", "Ho"):
        write_csv(tmp_path / "said.csv", ["id", "said"], [["1", words]])
        assert made.rows(made.build().version, "samples").column("text").to_pylist() == [words]


def test_a_sidecar_that_could_not_be_read_is_read_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = pictures(tmp_path, [], sidecar=WHO)
    write_csv(tmp_path / "subjects.csv", ["file", "who", "train"], [["a.png", "ann", "no"]])
    with monkeypatch.context() as down:
        down.setattr(
            describing, "local_files", lambda *_: [Refused("subjects.csv", "unreadable", "the server is down")]
        )
        with pytest.raises(UserError, match="the server is down"):
            made.build()
    made.build()
    assert consents(made) == [False]
