"""Nothing of a person who has not agreed to third parties goes to a model that is not local."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from support.consenting import ALL, NOTES, SAID, asked, asking, say, speaker
from support.project import Project, write_csv, write_lines
from support.publishing_people import album
from support.talking import backends, parrot

from affectory.pipelines.build import Options, scan_sources
from affectory.pipelines.consent import PURPOSE, Agreements, Consent, Crowd, Known, Standing, others, people_in
from affectory.pipelines.plan import make_plan
from affectory.pipelines.prompting import prompt
from affectory.pipelines.runner import partition as runner
from affectory.pipelines.runner.partition import Partition, root_schema
from affectory.pipelines.runner.stage import Stage, conversed_with
from affectory.pipelines.store.budget import Limits
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.ids import pseudonym
from affectory.schemas.ledgers import PEOPLE
from affectory.schemas.types import ANCHOR, PLACES
from affectory.transforms.assist.caption import Caption
from affectory.transforms.base import Failed, Rejected

pytestmark = pytest.mark.usefixtures("backends")
__all__ = ["backends"]
LONG_AGO, FAR_AWAY, TODAY = "2001-01-01", "2999-01-01", date(2026, 5, 1)
ANN, BOB, VOICE = f"p_{'a' * 20}", f"p_{'b' * 20}", f"s_{'c' * 24}-1"


def withheld(made: Project) -> list[str]:
    rows = [row for row in made.rejects() if row["stage"] == "caption"]
    assert all((row["outcome"], row["reason"]) == ("rejected", "withheld") for row in rows)
    return sorted(row["detail"] for row in rows)


def test_only_who_agreed_is_sent_and_the_others_are_withheld_with_what_to_do(tmp_path: Path) -> None:
    made = asking(tmp_path, SAID)
    summary = made.build(publish=False)
    assert (summary.kept, summary.rejected, summary.failed) == (2, 4, 0)
    assert asked(made) == [0, 3], "those of speaker0"
    told = withheld(made)
    assert [speaker(1) in detail and f"did not agree to {PURPOSE}" in detail for detail in told].count(True) == 2
    assert [speaker(2) in detail and f"was not asked about {PURPOSE}" in detail for detail in told].count(True) == 2
    assert all("model bird" in detail and "sidecar" in detail for detail in told)


def test_a_plan_says_who_is_a_third_party_and_of_how_many_nothing_goes_there(tmp_path: Path) -> None:
    made = asking(tmp_path, SAID)
    for _ in range(2):
        plan = made.plan()
        assert (plan.third_parties, plan.withheld_people) == (("bird",), 2)
        assert "third parties: bird; nothing goes to them of 2 people" in plan.as_text()
        made.build(publish=False)


def test_a_local_model_needs_no_consent(tmp_path: Path) -> None:
    made = asking(tmp_path, SAID)
    assert made.plan("models.bird.local=true").third_parties == ()
    assert made.build("models.bird.local=true", publish=False).kept == 6
    assert asked(made) == list(range(6))


def test_samples_in_which_nobody_is_known_are_sent(tmp_path: Path) -> None:
    made = asking(tmp_path, ALL)
    write_lines(made.folder / "lines.jsonl", [{"id": "l0", "body": "Line 0: nobody"}, {"id": "l1", "who": "stranger",
                "body": "Line 1: somebody"}, {"id": "l2", "who": "speaker0", "body": "Line 2: said"}])  # fmt: skip
    assert made.build(publish=False).kept == 2
    assert asked(made) == [0, 2]


def test_who_was_not_asked_agrees_where_the_recipe_says_so_and_a_no_stands(tmp_path: Path) -> None:
    made = asking(tmp_path, SAID, people={"assume": [PURPOSE]})
    assert made.build(publish=False).kept == 4
    assert asked(made) == [0, 2, 3, 5], "all but those of speaker1"


def test_a_no_counts_from_the_next_build_on_though_the_answers_are_there(tmp_path: Path) -> None:
    made = asking(tmp_path, ALL)
    first = made.build()
    assert first.kept == 6
    say(made, [*ALL[:2], ["speaker2", "no", ""]])
    second = made.build(publish=False)
    assert (second.kept, len(withheld(made))) == (4, 2)
    say(made, ALL)
    assert made.build().version == first.version
    assert asked(made) == list(range(6)), "answers stay in the ledger, and nothing is asked twice"


def test_who_withdrew_is_withheld_whatever_was_agreed(tmp_path: Path) -> None:
    made = asking(tmp_path, ALL)
    made.build(publish=False)
    ledger = Workspace(made.workspace).ledger("people")
    (before,) = [row for row in ledger.read().to_pylist() if row["person_id"] == speaker(1)]
    ledger.append(PEOPLE.from_rows([{**before, "revision": before["revision"] + 1, "withdrawn": True}]))
    assert made.build(publish=False).kept == 4
    assert {speaker(1) in detail for detail in withheld(made)} == {True}


def test_only_partitions_with_people_who_said_otherwise_run_again(tmp_path: Path) -> None:
    made = asking(tmp_path, ALL, 60)
    assert made.build(partition_rows=4, publish=False).kept == 60
    before = made.to_run()
    assert set(before.values()) == {0}
    write_lines(made.folder / "lines.jsonl", [
        {"id": f"l{n}", "who": "rare" if n == 7 else f"speaker{n % 3}", "body": f"Line {n}: good"} for n in range(60)
    ])  # fmt: skip
    say(made, [*ALL, ["rare", "yes", ""]])
    made.build(partition_rows=4, publish=False)
    say(made, [*ALL, ["rare", "no", ""]])
    assert made.to_run()["caption"] == 1, "the one that holds the line of the rare person"
    made.build(partition_rows=4, publish=False)
    assert len(withheld(made)) == 1


def test_a_yes_that_ended_stops_what_would_be_sent_and_loses_no_answer(tmp_path: Path) -> None:
    until = [["speaker0", "yes", ""], ["speaker1", "yes", FAR_AWAY], ["speaker2", "yes", LONG_AGO]]
    made = asking(tmp_path, until)
    first = made.build()
    assert (first.kept, asked(made)) == (4, [0, 1, 3, 4])
    assert all(f"{speaker(2)} agreed to {PURPOSE} until {LONG_AGO}" in detail for detail in withheld(made))
    say(made, [until[0], ["speaker1", "yes", LONG_AGO], until[2]])
    second = made.build()
    assert second.kept == first.kept, "what was answered before it ended stands"
    assert (len(made.rows(first.version)), len(made.rows(second.version))) == (4, 2), "and is not published any more"
    assert asked(made) == [0, 1, 3, 4]
    say(made, [*until[:2], ["speaker2", "yes", FAR_AWAY]])
    assert made.build(publish=False).kept == 6


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_two_people_said_goes_as_one_of_them_may_whoever_comes_first(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    made = asking(tmp_path, [["speaker0", "yes", LONG_AGO], ["speaker1", "yes", ""]], 2)
    rows = [{"id": f"l{n}", "who": f"speaker{order[n]}", "body": "Line 1: the same words"} for n in range(2)]
    write_lines(made.folder / "lines.jsonl", rows)
    assert made.build(publish=False).kept == 2
    assert asked(made) == [1]


def test_what_may_not_be_sent_any_more_costs_nothing(tmp_path: Path) -> None:
    made = asking(tmp_path, [["speaker0", "yes", LONG_AGO], ["speaker1", "yes", LONG_AGO], ["speaker2", "yes", ""]])
    summary = made.build(publish=False, limits=Limits(2))
    assert (summary.kept, summary.rejected, summary.models[0].asked) == (2, 4, 2)


def test_whoever_is_quoted_counts_wherever_his_turn_lies(tmp_path: Path) -> None:
    """The context of a turn comes from other partitions, and so do people."""
    made = asking(tmp_path, ALL, ingest=["context"])
    source = yaml.safe_load(made.recipe.read_text())
    source["sources"][0] |= {"dialogue": "talk", "position": "turn"}
    made.recipe.write_text(yaml.safe_dump(source))
    turns = [
        {"id": f"l{n}", "who": f"speaker{n % 2}", "talk": "d", "turn": n, "body": f"Line {n}: so"} for n in range(2)
    ]
    others = [{"id": f"l{n}", "who": "speaker2", "talk": "e", "turn": n, "body": f"Line {n}: so"} for n in range(2, 4)]
    write_lines(made.folder / "lines.jsonl", [*turns, *others])
    assert made.build(partition_rows=1, publish=False).kept == 4
    say(made, [["speaker0", "no", ""], *ALL[1:]])
    assert made.to_run()["caption"] == 2, "his own partition, and the one that quotes him"
    assert made.build(partition_rows=1, publish=False).kept == 2
    assert {speaker(0) in detail for detail in withheld(made)} == {True}


@pytest.mark.parametrize("engine", ["local", "beam"])
def test_no_engine_sends_what_is_withheld(tmp_path: Path, engine: str) -> None:
    made = asking(tmp_path, SAID)
    summary = made.build(engine=engine, workers=2, partition_rows=2, publish=False)
    assert (summary.kept, summary.rejected, asked(made)) == (2, 4, [0, 3])


def _questions(made: Project) -> tuple[Partition, int, pa.Table]:
    """A partition before the stage that asks, and what that would ask."""
    bound, workspace = made.bound(), Workspace(made.workspace)
    scan = scan_sources(bound, workspace, Options(made.workspace, made.releases))
    plan = make_plan(bound, workspace, scan)
    plan.write_judgements()
    (partition,) = plan.partitions
    index = next(i for i, link in enumerate(partition.links) if link.stage.models)
    runner.run_partition(replace(partition, until=index))
    rows = runner.questions(partition, index)
    assert rows is not None
    return partition, index, rows


@pytest.mark.parametrize("whose", ["of somebody who said no", "of nobody knows whom"])
def test_what_reaches_those_who_ask_is_checked_again(tmp_path: Path, whose: str) -> None:
    """On Ray questions come to an actor as rows: what should not have come is not sent."""
    made = asking(tmp_path, SAID)
    partition, index, rows = _questions(made)
    assert rows.num_rows == 2
    people = [speaker(1)] if whose == "of somebody who said no" else None
    at = rows.column_names.index("people")
    forged = rows.set_column(at, "people", pa.array([people] * 2, pa.list_(pa.string())))
    lost = runner.ask(partition, partition.links[index].stage, forged)
    assert lost is not None
    expected = Rejected if people else Failed
    assert [type(why) for why in lost.values()] == [expected] * 2
    assert asked(made) == []
    assert runner.ask(partition, partition.links[index].stage, rows) == {}
    assert asked(made) == [0, 3]


def test_where_nobody_says_what_people_agreed_to_nothing_of_them_is_sent(tmp_path: Path) -> None:
    made = asking(tmp_path, ALL)
    partition, index, rows = _questions(made)
    lost = runner.ask(replace(partition, known=Known()), partition.links[index].stage, rows)
    assert lost is not None
    assert len(lost) == 6 and asked(made) == []


@pytest.mark.parametrize(
    ("said", "assumed", "refuses", "stops"),
    [
        (Standing(True), False, "", ""),
        (Standing(False), True, "did not agree", "did not agree"),
        (Standing(), False, "was not asked", "was not asked"),
        (Standing(), True, "", ""),
        (Standing(True, date(2026, 5, 2)), False, "", ""),
        (Standing(True, date(2026, 5, 1)), False, "", "until 2026-05-01"),
        (Standing(None, date(2026, 4, 1)), True, "", "until 2026-04-01"),
    ],
)
def test_what_may_never_go_and_what_may_not_go_today(said: Standing, assumed: bool, refuses: str, stops: str) -> None:
    consent = Consent({ANN: said, BOB: Standing(True)}, assumed, lambda: TODAY)
    for found, expected in ((consent.refuses([ANN, BOB], "m"), refuses), (consent.stops([BOB, ANN], "m"), stops)):
        if not expected:
            assert found is None
        else:
            assert found is not None and found.detail.startswith(ANN) and expected in found.detail


def _rows(*rows: dict[str, Any]) -> pa.Table:
    types = {"speaker": pa.string(), "anchor": ANCHOR, "segments": PLACES, "context": PLACES, "face_tracks": PLACES}
    given = [{"anchor": {"record": "r"}, **row} for row in rows]
    return pa.table({name: pa.array([row.get(name) for row in given], dtype) for name, dtype in types.items()})


REWRITE = {"rewrite": {"model": "bird", "aim": "the same, but sad"}}


@pytest.mark.parametrize("local", [True, False])
def test_nobody_is_imitated_who_said_no(tmp_path: Path, local: bool) -> None:
    said = [["speaker0", "", FAR_AWAY], ["speaker1", "no", ""], ["speaker2", "yes", LONG_AGO]]
    made = asking(tmp_path, said, purpose="synthesise", assist=[REWRITE], people={"assume": [PURPOSE]})
    summary = made.build(f"models.bird.local={str(local).lower()}", publish=False)
    assert asked(made) == [0, 3], "those of whoever was not asked"
    rows = [row for row in made.rejects() if row["stage"] == "rewrite"]
    assert {row["reason"] for row in rows} == {"withheld"}
    assert (summary.kept, len(rows)) == (2, 4)
    say(made, [["speaker0", "", ""], ["speaker1", "yes", ""], ["speaker2", "yes", FAR_AWAY]])
    assert made.build(publish=False).kept == 6
    assert asked(made) == list(range(6))


def test_a_recipe_may_require_a_yes_for_being_imitated(tmp_path: Path) -> None:
    said = [["speaker0", "yes", ""], ["speaker1", "no", ""], ["speaker2", "", ""]]
    made = asking(tmp_path, said, purpose="synthesise", assist=[REWRITE], people={"require": ["synthesise"]})
    assert made.build("models.bird.local=true", publish=False).kept == 2
    assert asked(made) == [0, 3]


@pytest.mark.parametrize(
    ("row", "people"),
    [
        ({}, set()),
        ({"speaker": ANN}, {ANN}),
        ({"segments": [{"who": BOB}, {"who": None}, {"who": VOICE}]}, {BOB, VOICE}),
        ({"speaker": ANN, "context": [{"who": BOB}, {"who": ANN}]}, {ANN, BOB}),
        ({"face_tracks": [{"who": "face-1"}, {"who": "the tall man"}]}, set()),
        ({"face_tracks": [{"who": ANN}]}, {ANN}),
    ],
)
def test_who_is_in_a_row(row: dict[str, Any], people: set[str]) -> None:
    rows = _rows({"speaker": VOICE}, row, {"segments": [{"who": VOICE}]})
    assert people_in(rows) == [{VOICE}, people, {VOICE}]
    assert people_in(rows.slice(1, 1)) == [people]


def test_whoever_is_in_a_record_is_in_each_of_its_parts() -> None:
    record = {"anchor": {"record": "r"}, "speaker": ANN, "segments": [{"who": BOB}]}
    crowd = Crowd.of(_rows(record, {"anchor": {"record": "other"}}))
    parts = _rows({}, {"speaker": VOICE}, {"anchor": {"record": "other"}})
    assert crowd(parts) == [(ANN, BOB), (ANN, BOB, VOICE), ()]


@pytest.mark.parametrize(
    ("standings", "people", "voices", "assumed", "depends"),
    [
        ({ANN: Standing(True)}, [ANN], False, False, False),
        ({ANN: Standing(True), BOB: Standing(False)}, [ANN], False, False, False),
        ({BOB: Standing(False)}, [BOB], False, False, True),
        ({}, [ANN], False, False, True),
        ({}, [ANN], False, True, False),
        ({ANN: Standing(True, TODAY)}, [ANN], False, False, True),
        ({}, [], True, False, False),
        ({}, [], True, True, True),
    ],
)
def test_a_stage_depends_on_those_in_its_partition_who_did_not_simply_agree(
    standings: dict[str, Standing], people: list[str], voices: bool, assumed: bool, depends: bool
) -> None:
    assert bool(Agreements(standings, assumed, {}).key(people, voices)) is depends


def test_third_parties_are_models_that_are_not_local() -> None:
    for local, expected in ((True, frozenset()), (False, {"bird"})):
        caption = Caption(parrot(local=local), prompt("caption"))
        stage = Stage("caption", "assist", caption, "i", None, conversed_with(caption))
        assert others(stage) == expected
    assert root_schema().field("segments").type == PLACES, "as whoever looks for people expects"


def test_a_file_that_lies_there_twice_shows_whoever_is_in_it_by_any_of_its_places(tmp_path: Path) -> None:
    made = album(tmp_path, [{}, {}, {"third_parties": "no"}])
    (made.folder / "in" / "1.png").write_bytes((made.folder / "in" / "2.png").read_bytes())
    bound, workspace = made.bound(), Workspace(made.workspace)
    scan = scan_sources(bound, workspace, Options(made.workspace, made.releases))
    agreements = Agreements.of(workspace, scan.index(workspace), False, False, scan.aliases(workspace))
    ((record, people),) = [pair for pairs in agreements.also.values() for pair in pairs]
    assert people == tuple(sorted(pseudonym(f"name{n}", b"affectory") for n in (1, 2)))
    rows = _rows({"anchor": {"record": record}, "speaker": people[0]})
    known = [agreements.known_in(root).also for root in agreements.also]
    assert Crowd.of(rows).with_also(known[0])(rows) == [people]


def licensed(folder: Path, licence: str, **more: Any) -> Project:
    """Lines by three speakers who all agreed, those of speaker1 under a licence of their own."""
    made = asking(folder, ALL, **more)
    recipe = yaml.safe_load((made.folder / "recipe.yaml").read_text())
    recipe["sources"][0]["sidecar"]["licence"] = "licence"
    (made.folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    people = [[*row, licence if row[0] == "speaker1" else "CC0-1.0"] for row in ALL]
    write_csv(made.folder / "people.csv", ["who", "ok", "until", "licence"], people)
    return made


@pytest.mark.parametrize(
    ("licence", "publish", "why"),
    [
        ("proprietary", {"licences": ["CC0-*"]}, "licence: proprietary is not accepted"),
        ("proprietary", {"by_licence": {"prop*": "nothing"}}, "licence: nothing under proprietary"),
        ("", {"require_licence": True}, "licence: none is given"),
    ],
)
def test_what_is_not_published_for_its_licence_goes_to_no_third_party(
    tmp_path: Path, licence: str, publish: dict[str, Any], why: str
) -> None:
    made = licensed(tmp_path, licence, publish={**NOTES, **publish})
    plan = made.plan()
    assert (plan.withheld_people, plan.unlicensed) == (0, 2)
    assert "nor of 2 records for their licence" in plan.as_text()
    assert made.build(publish=False).kept == 4
    assert asked(made) == [0, 2, 3, 5]
    assert all(detail.startswith(why) and "recipe" in detail for detail in withheld(made))
    assert made.build("publish={configs: [default, notes]}", publish=False).kept == 6
    assert asked(made) == list(range(6)), "those that were asked before are not asked again"


def test_nobody_is_imitated_in_what_is_not_published_for_its_licence(tmp_path: Path) -> None:
    made = licensed(tmp_path, "proprietary", publish={**NOTES, "licences": ["CC0-*"]}, assist=[REWRITE])
    made.build("models.bird.local=true", publish=False)
    assert asked(made) == [0, 2, 3, 5]


@pytest.mark.parametrize(("by_licence", "kept"), [({}, 4), ({"CC-BY-ND-*": "features"}, 4), ({"CC-BY-*": "media"}, 6)])
def test_nothing_is_written_anew_that_allows_no_derivatives(
    tmp_path: Path, by_licence: dict[str, str], kept: int
) -> None:
    made = licensed(tmp_path, "CC-BY-ND-4.0", publish={**NOTES, "by_licence": by_licence}, assist=[REWRITE])
    assert made.plan().unlicensed == 0
    made.build("models.bird.local=true", publish=False)
    assert len(asked(made)) == kept


def test_a_licence_that_publishes_something_is_no_obstacle(tmp_path: Path) -> None:
    made = licensed(tmp_path, "CC-BY-ND-4.0", publish={**NOTES, "by_licence": {"CC0-*": "features"}})
    assert made.build(publish=False).kept == 6
