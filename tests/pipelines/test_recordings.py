"""Several recordings of one event are one record with members, each with its offset, and none is lost on the way."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from support.media import tone, write_sound
from support.project import Project, project, write_csv

from affectory.pipelines.build import Options, scan_sources
from affectory.pipelines.store.workspace import Workspace
from affectory.transforms.sources.folder import FolderSource

EDA = "time,eda\n" + "".join(f"{n / 4},{n}\n" for n in range(80))
EVENTS = {"path": "events.csv", "offset_s": "began", "primary": "camera"}
HEADER = ["event", "file", "role", "began"]
ROWS = [
    ["e1", "e1/a.wav", "camera", "2"],
    ["e1", "e1/b.wav", "other", "2.5"],
    ["e1", "e1/eda.csv", "wrist", "-1"],
    ["e2", "e2/a.wav", "camera", ""],
]
STATS = {"signal_stats": {"channels": ["eda"], "role": "wrist"}}


def lab(folder: Path, rows: list[list[str]] | None, **events: Any) -> Project:
    recipe = {
        "dataset": "lab",
        "taxonomy": "ekman-7",
        "sources": [{"kind": "folder", "name": "lab", "path": "in", "events": {**events}}],
        "ingest": [STATS],
        "publish": {"configs": ["default", "samples"]},
    }
    made = project(folder, recipe)
    for number, name in enumerate(("e1/a.wav", "e1/b.wav", "e2/a.wav", "rest.wav")):
        (folder / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        write_sound(folder / "in" / name, tone(0.1, hertz=200.0 + number))
    (folder / "in" / "e1" / "eda.csv").write_text(EDA)
    if rows is not None:
        write_csv(folder / "events.csv", HEADER, rows)
    return made


def test_the_primary_recording_is_the_record_and_lists_all_with_their_offsets(tmp_path: Path) -> None:
    made = lab(tmp_path, ROWS, **EVENTS)
    done = made.build()
    assert (done.records, done.found, done.rejected) == (3, 3, 0)
    rows = {row["session"]: row for row in made.rows(done.version, "samples").to_pylist()}
    assert [(m["role"], m["kind"], m["offset_us"]) for m in rows["e1"]["members"]] == [
        ("camera", "audio", 0),
        ("other", "audio", 500_000),
        ("wrist", "signal", -3_000_000),
    ]
    assert [m["role"] for m in rows["e2"]["members"]] == ["camera"]
    assert rows[None]["members"] is None
    assert not {"asset", "uri", "path"} & set(rows["e1"]["members"][0]), "where they lie is not published"
    means = [row["note_eda_mean"] for row in made.rows(done.version).to_pylist() if row["session"] == "e1"]
    assert means == [45.5], "from three seconds into the wrist's recording to its end"


def test_parts_of_a_sample_keep_the_recordings_of_its_event(tmp_path: Path) -> None:
    windows = ["probe", {"windows": {"length_s": 0.05}}, STATS]
    made = lab(tmp_path, ROWS, **EVENTS)
    done = made.build(f"ingest={json.dumps(windows)}")
    rows = [row for row in made.rows(done.version).to_pylist() if row["session"] == "e1"]
    means = {row["start_s"]: row["note_eda_mean"] for row in rows}
    assert means == {0.0: 12.0, 0.05: None}, (
        "the wrist was measured four times a second, at 3.0 and not in the next window"
    )


def test_every_file_is_a_record_a_member_or_refused(tmp_path: Path) -> None:
    made = lab(tmp_path, ROWS, **EVENTS)
    bound, workspace = made.bound(), Workspace(made.workspace)
    with workspace.lease() as lease:
        scan = scan_sources(bound, workspace.held(lease.epoch), Options(made.workspace, made.releases), lease.epoch)
    primaries, files = 2, 5
    assert scan.records + scan.refused + scan.members - primaries == files


def test_names_can_tell_of_events(tmp_path: Path) -> None:
    pattern = r"(?P<event>e\d)/(?P<role>\w+)\."
    made = lab(tmp_path, None, pattern=pattern, primary="a")
    rows = {row["session"]: row for row in made.rows(made.build().version, "samples").to_pylist()}
    assert [m["role"] for m in rows["e1"]["members"]] == ["a", "b", "eda"]


BAD = [
    (
        ["e1", "e1/none.wav", "third", ""],
        ("events.csv#L6", "unreadable", "there is no file 'e1/none.wav' for event 'e1'"),
    ),
    (["e2", "e1/b.wav", "third", ""], ("events.csv#L6", "duplicate", "is a recording of event 'e1' already")),
    (["e3", "rest.wav", "side", ""], ("rest.wav", "bad_row", "has no recording of role 'camera', only side")),
    (["e2", "rest.wav", "camera", ""], ("rest.wav", "duplicate", "event 'e2' has e2/a.wav as camera already")),
    (["e2", "notes.pdf", "notes", ""], ("notes.pdf", "unsupported", "no known media")),
    (["e2", "rest.wav", "side", "soon"], ("events.csv#L6", "bad_row", "'soon' is not a number")),
    (["", "rest.wav", "side", ""], ("events.csv#L6", "bad_row", "no value")),
]


@pytest.mark.parametrize(("row", "told"), BAD, ids=[" ".join(told[:2]) for _, told in BAD])
def test_what_is_wrong_with_a_recording_is_told_and_costs_no_other(
    tmp_path: Path, row: list[str], told: tuple[str, str, str]
) -> None:
    made = lab(tmp_path, [*ROWS, row], **EVENTS)
    (tmp_path / "in" / "notes.pdf").write_bytes(b"%PDF-1.7")
    made.build()
    found = {(r["uri"], r["reason"]): r["detail"] for r in made.rejects()}
    assert told[2] in found[told[:2]]
    assert Counter(uri for uri, _ in found if uri != "notes.pdf") <= Counter([told[0]])


def test_members_may_be_records_as_well(tmp_path: Path) -> None:
    assert lab(tmp_path, ROWS, **EVENTS, alone=True).build().records == 4


def test_a_member_that_changes_is_another_record(tmp_path: Path) -> None:
    made = lab(tmp_path, ROWS, **EVENTS)
    made.build()
    (tmp_path / "in" / "e1" / "eda.csv").write_text(EDA + "20,80\n")
    assert made.plan().new_partitions == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"primary": "a"}, "give one of path"),
        ({"primary": "a", "path": "e.csv", "pattern": "(?P<event>a)(?P<role>b)"}, "give one of path"),
        ({"primary": "a", "pattern": "(?P<event>a)"}, "needs the groups"),
        ({"path": "e.csv"}, "primary"),
    ],
)
def test_wrong_parameters_are_told(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TypeAdapter(FolderSource).validate_python({"path": "x", "events": given})


@pytest.mark.parametrize("how", ["empty", "no media", "the same as another"])
def test_recordings_of_an_event_without_a_record_are_told(tmp_path: Path, how: str) -> None:
    rows = [*ROWS, ["e2", "rest.wav", "other", ""]]
    made = lab(tmp_path, rows, **EVENTS)
    primary = tmp_path / "in" / "e2" / "a.wav"
    same = (tmp_path / "in" / "e1" / "a.wav").read_bytes()
    primary.write_bytes({"empty": b"", "no media": b"RIFF", "the same as another": same}[how])
    if how == "no media":
        primary.rename(primary.with_name("a.xyz"))
        write_csv(tmp_path / "events.csv", HEADER, [[c.replace("e2/a.wav", "e2/a.xyz") for c in row] for row in rows])
    bound, workspace = made.bound(), Workspace(made.workspace)
    with workspace.lease() as lease:
        scan = scan_sources(bound, workspace.held(lease.epoch), Options(made.workspace, made.releases), lease.epoch)
    made.build()
    told = {row["uri"]: (row["reason"], row["detail"]) for row in made.rejects() if row["uri"] == "rest.wav"}
    assert (
        told["rest.wav"][0] == "bad_row" and "event 'e2' has no record, as its primary recording" in told["rest.wav"][1]
    )
    assert (scan.records, scan.members) == (1, 3)


def test_whoever_is_in_another_recording_of_an_event_is_in_it(tmp_path: Path) -> None:
    """A no for one recording holds for the event, which is made of all; and who asks to be forgotten is found."""
    made = lab(tmp_path, ROWS, **EVENTS)
    sidecar = {"path": "who.csv", "file": "file", "speaker": "who", "consent": {"publish_features": "ok"}}
    said = [["e1/a.wav", "Ann", "yes"], ["e1/b.wav", "Bob", "no"], ["e2/a.wav", "Cyd", "yes"]]
    write_csv(tmp_path / "who.csv", ["file", "who", "ok"], said)
    done = made.build(f"sources.0.sidecar={json.dumps(sidecar)}", "ingest=[]")
    ledger = Workspace(made.workspace).ledger("sources").read().to_pylist()
    assert {row["uri"]: len(row["subjects"] or ()) for row in ledger} == {"e1/a.wav": 2, "e2/a.wav": 1, "rest.wav": 0}
    assert {row["session"] for row in made.rows(done.version).to_pylist()} == {"e2", None}
    prints = {row["uri"]: row["fingerprint"] for row in ledger}
    write_csv(tmp_path / "who.csv", ["file", "who", "ok"], said[::2])
    made.build(f"sources.0.sidecar={json.dumps(sidecar)}", "ingest=[]", publish=False)
    again = Workspace(made.workspace).ledger("sources").read().to_pylist()
    assert [row["uri"] for row in again if row["fingerprint"] not in prints.values()] == ["e1/a.wav"]
