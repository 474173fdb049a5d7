"""The end of a partition: samples, notes, opinions, labels and what could not be attached."""

import io
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.steps import flow

from affectory.pipelines.runner.finish import Finish, finish, lengths, note_slot
from affectory.pipelines.runner.ruled import Ruled
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.derived import LABELS, NOTES, OPINIONS_TABLE, REJECTS, SAMPLES
from affectory.schemas.ids import opinion_id
from affectory.schemas.ledgers import JUDGEMENTS
from affectory.schemas.opinion import OPINIONS
from affectory.schemas.taxonomy import Taxonomy, load_taxonomy
from affectory.schemas.types import MEDIA

EKMAN = load_taxonomy("ekman-7")
ASKED = {"question": "which", "labels": list(EKMAN.labels), "response": "simplex"}


@dataclass
class Watching:
    """A view that writes down what it was shown."""

    seen: list[pa.Table] = field(default_factory=list)

    def view(self, opinions: pa.Table, taxonomy: Taxonomy) -> pa.Table:
        self.seen.append(opinions)
        return LABELS.empty()


def vote(rater: str = "m@1", question: str | None = "which") -> dict[str, Any]:
    return {
        "rater": rater,
        "rater_kind": "model",
        "perspective": "expressed",
        "asked": {**ASKED, "question": question},
        "answer": {"weights": [1.0] + [0.0] * 6},
        "evidence": [{"kind": "text", "char_start": 0, "char_end": 1}],
    }


def judgement(name: str, record: str, **columns: Any) -> dict[str, Any]:
    return {
        "judgement_id": name,
        "anchor": {"record": record},
        "occasion": "",
        "revision": 0,
        "retracted": False,
        "rater": "p",
        "rater_kind": "human",
        "perspective": "felt",
        "asked": ASKED,
        "answer": {"weights": [None, 1.0] + [0.0] * 5},
        "confidence": 0.5,
        **columns,
    }


@dataclass
class Ending:
    """A partition about to be finished."""

    workspace: Workspace
    how: Finish

    def judged(self, *rows: dict[str, Any]) -> "Ending":
        buffer = io.BytesIO()
        pq.write_table(JUDGEMENTS.from_rows(list(rows)), buffer)
        self.workspace.records().create("judged/x.parquet", buffer.getvalue())
        return replace(self, how=replace(self.how, judgements="judged/x.parquet"))

    def __call__(self, table: pa.Table) -> tuple[dict[str, list[dict[str, Any]]], dict[str, int]]:
        tables, facts = finish(self.how, table, self.workspace)
        specs = {"samples": SAMPLES, "notes": NOTES, "opinions": OPINIONS_TABLE, "labels": LABELS, "rejects": REJECTS}
        assert tables.keys() == specs.keys()
        for name, spec in specs.items():
            assert spec.cast(tables[name]).schema.equals(spec.schema)
        return {name: made.to_pylist() for name, made in tables.items()}, facts


@pytest.fixture
def ending(tmp_path: Path) -> Ending:
    return Ending(
        Workspace(tmp_path), Finish("key", "", 0.5, (Ruled(Watching(), EKMAN),), {"length": "measure", "cut": "trim"})
    )


def with_votes(table: pa.Table, name: str, votes: list[Any]) -> pa.Table:
    return table.append_column(name, pa.chunked_array([pa.array(votes, OPINIONS)]))


def test_nothing_in_nothing_out(ending: Ending) -> None:
    tables, facts = ending(flow([]))
    assert all(rows == [] for rows in tables.values())
    assert facts == {"attached": 0, "unattached": 0}
    assert ending.how.rules[0].view.seen == []


def test_every_sample_is_kept_and_carries_no_foreign_column(ending: Ending) -> None:
    table = flow(["a", "b"]).append_column("length", pa.array([1, 2]))
    samples = ending(table)[0]["samples"]
    assert [s["text"] for s in samples] == ["a", "b"]
    assert "length" not in samples[0]


def test_further_columns_become_notes_of_the_stage_that_wrote_them(ending: Ending) -> None:
    table = flow(["a", "b", "c"])
    columns = {
        "length": pa.array([3, None, 5], pa.int32()),
        "cut": pa.array([True, False, None]),
        "tone": pa.array([None, "warm", None], pa.string()),
        "vector": pa.array([[1.0, 2.0], None, []], pa.list_(pa.float64())),
    }
    for name, column in columns.items():
        table = table.append_column(name, column)
    notes = ending(table)[0]["notes"]
    ids = table.column("sample_id").to_pylist()
    told = [(n["name"], ids.index(n["sample_id"]), n["number"], n["text"], n["vector"], n["stage"]) for n in notes]
    assert sorted(told, key=lambda n: n[:2]) == [
        ("cut", 0, 1.0, None, None, "trim"),
        ("cut", 1, 0.0, None, None, "trim"),
        ("length", 0, 3.0, None, None, "measure"),
        ("length", 2, 5.0, None, None, "measure"),
        ("tone", 1, None, "warm", None, ""),
        ("vector", 0, None, None, [1.0, 2.0], ""),
        ("vector", 2, None, None, [], ""),
    ]
    assert [(n["name"], n["sample_id"]) for n in notes] == sorted((n["name"], n["sample_id"]) for n in notes)


@pytest.mark.parametrize(
    ("dtype", "slot"),
    [
        (pa.string(), "text"),
        (pa.float32(), "number"),
        (pa.int64(), "number"),
        (pa.bool_(), "number"),
        (pa.list_(pa.float32()), "vector"),
    ],
)
def test_a_note_has_its_value_where_its_type_belongs(dtype: pa.DataType, slot: str) -> None:
    assert note_slot(dtype) == slot


def test_votes_of_several_stages_become_opinions_of_their_samples(ending: Ending) -> None:
    table = flow(["a", "b", "c"])
    table = with_votes(table, "one", [[vote()], None, [vote(), vote("m@2")]])
    table = with_votes(table, "other", [[], [vote("n", question=None)], []])
    opinions = ending(table)[0]["opinions"]
    ids = table.column("sample_id").to_pylist()
    told = sorted((ids.index(o["sample_id"]), o["rater"], o["asked"]["question"]) for o in opinions)
    assert told == [(0, "m@1", "which"), (1, "n", None), (2, "m@1", "which"), (2, "m@2", "which")]
    assert len({o["opinion_id"] for o in opinions}) == 4
    assert all(o["judgement_id"] is None and o["evidence"][0]["char_end"] == 1 for o in opinions)
    assert [o["opinion_id"] for o in opinions] == sorted(o["opinion_id"] for o in opinions)


def test_one_model_asked_by_two_prompts_or_shown_two_things_has_as_many_opinions(ending: Ending) -> None:
    prompts = [{**vote(), "shown": {"instructions": told}} for told in ("prompt a@1", "prompt a@2", None)]
    heard = {**prompts[0], "modalities": ["audio"]}
    table = with_votes(flow(["a"]), "one", [[*prompts, heard]])
    opinions = ending(table)[0]["opinions"]
    assert len({o["opinion_id"] for o in opinions}) == 4
    [plain] = [o for o in opinions if o["shown"]["instructions"] is None]
    assert plain["opinion_id"] == opinion_id(plain["sample_id"], "m@1", "which", "expressed")


def test_votes_belong_to_the_right_rows_of_a_table_in_pieces(ending: Ending) -> None:
    """Chunks, slices and nulls must not shift the samples of the votes."""
    table = with_votes(flow(["a", "b", "c", "d"]), "one", [[vote()], [vote()] * 0, None, [vote("z")]])
    pieces = pa.concat_tables([table.slice(1, 2), table.slice(3), table.slice(0, 1)])
    expected = {(o["sample_id"], o["rater"]) for o in ending(table)[0]["opinions"]}
    assert {(o["sample_id"], o["rater"]) for o in ending(pieces)[0]["opinions"]} == expected
    sliced = ending(table.slice(3))[0]["opinions"]
    assert [(o["sample_id"], o["rater"]) for o in sliced] == [(table.column("sample_id")[3].as_py(), "z")]


def test_judgements_become_opinions_of_the_samples_they_are_about(ending: Ending) -> None:
    tables, facts = ending.judged(judgement("j1", "r_1"), judgement("j2", "r_1", rater="q"), judgement("j3", "r_0"))(
        with_votes(flow(["a", "b"]), "one", [[vote()], None])
    )
    by_id = {o["opinion_id"]: o for o in tables["opinions"]}
    ids = flow(["a", "b"]).column("sample_id").to_pylist()
    assert {name: by_id[name]["sample_id"] for name in ("j1", "j2", "j3")} == {"j1": ids[1], "j2": ids[1], "j3": ids[0]}
    assert by_id["j1"]["judgement_id"] == "j1"
    assert by_id["j1"]["answer"]["weights"][:2] == [None, 1.0], "what was not asked stays so"
    assert by_id["j1"]["confidence"] == 0.5
    assert len(by_id) == 4
    assert facts == {"attached": 3, "unattached": 0}


def test_a_judgement_without_a_sample_is_a_reject_with_its_record(ending: Ending) -> None:
    lost = judgement("j1", "r_9", anchor={"record": "r_9", "start_us": 5_000, "end_us": 10_000})
    tables, facts = ending.judged(lost, judgement("j2", "r_0"))(flow(["a"]))
    assert facts == {"attached": 1, "unattached": 1}
    [reject] = tables["rejects"]
    assert (reject["stage"], reject["outcome"], reject["reason"]) == ("label", "rejected", "unattached")
    assert reject["record_id"] == "r_9"
    assert "j1" in reject["detail"]
    assert "0.005 s to 0.010 s" in reject["detail"]


def test_judgements_of_a_partition_that_kept_nothing_are_all_told(ending: Ending) -> None:
    tables, facts = ending.judged(judgement("j1", "r_0"))(flow([]))
    assert facts == {"attached": 0, "unattached": 1}
    assert len(tables["rejects"]) == 1
    assert ending.how.rules[0].view.seen == []


def test_superseded_and_retracted_judgements_leave_no_trace(ending: Ending) -> None:
    rows = (
        judgement("j1", "r_0"),
        judgement("j2", "r_0", revision=1, supersedes="j1"),
        judgement("j3", "r_0", retracted=True),
        judgement("j4", "r_9", retracted=True),
    )
    tables, facts = ending.judged(*rows)(flow(["a"]))
    assert [o["opinion_id"] for o in tables["opinions"]] == ["j2"]
    assert tables["rejects"] == []
    assert facts == {"attached": 1, "unattached": 0}


def test_the_view_sees_votes_and_judgements_together(ending: Ending) -> None:
    ending.judged(judgement("j1", "r_0"))(with_votes(flow(["a"]), "one", [[vote()]]))
    [seen] = ending.how.rules[0].view.seen
    assert sorted(seen.column("rater_kind").to_pylist()) == ["human", "model"]
    assert seen.schema.equals(OPINIONS_TABLE.schema)


def test_lengths_are_those_that_a_stage_measured() -> None:
    table = flow(["a", "b"])
    assert lengths(table) == [None, None]
    assert lengths(table.append_column("duration_s", pa.array([1.5, None]))) == [1.5e6, None]


def test_the_length_of_a_record_decides_whether_its_whole_is_covered(ending: Ending) -> None:
    cut = flow(["a"], anchor={"record": "r_0", "start_us": 0, "end_us": 2_000_000})
    for seconds, attached in ((2.0, 1), (100.0, 0)):
        measured = cut.append_column("duration_s", pa.array([seconds]))
        again = replace(ending, workspace=Workspace(ending.workspace.root / str(seconds)))
        assert again.judged(judgement("j1", "r_0"))(measured)[1]["attached"] == attached


def test_media_stay_references(ending: Ending) -> None:
    table = flow(["a"], image={"asset": "ab", "format": "png"})
    [sample] = ending(table)[0]["samples"]
    assert sample["image"] == {"asset": "ab", "format": "png", "bytes": None, "path": None}
    assert SAMPLES.schema.field("image").type == MEDIA
