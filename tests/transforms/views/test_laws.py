"""Laws that every view keeps, found by the names of their files; and those of the ones that are linear."""

import io
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.opining import ABC, Row, opinion, table
from support.published import FER, counted, opinions
from support.steps import flow

from affectory.pipelines import discovery
from affectory.pipelines.runner.finish import Finish, finish
from affectory.pipelines.runner.ruled import Ruled
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.derived import LABELS
from affectory.schemas.ledgers import JUDGEMENTS
from affectory.schemas.taxonomy import TaxonomyMap, load_map, load_taxonomy, parse_taxonomy, roll_up
from affectory.schemas.types import ANSWER
from affectory.transforms.views._base import FittedView
from affectory.transforms.views.fer_plus import FerPlus
from affectory.transforms.views.n_best import NBest
from affectory.transforms.views.vote_share import VoteShare

AXES = ("valence", "arousal", "dominance")
VIEWS = {name: discovery.public_class(module) for name, module in discovery.modules("views").items()}
every_view = pytest.mark.parametrize("name", sorted(VIEWS))
PLACES = {"a": (0.8, 0.5, 0.4), "b": (-0.6, 0.6, 0.2), "c": (-0.6, -0.3, -0.3)}
PLACED = parse_taxonomy(
    {"name": "abc", "entries": [{"name": name, "vad": dict(zip(AXES, at, strict=True))} for name, at in PLACES.items()]}
)
"""The labels of ABC where they lie, for views that ask for that."""
few = partial(settings, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

Number = st.one_of(st.none(), st.sampled_from([0.0, 1.0, 2.0, 0.1, 0.7]))
Numbers = st.lists(Number, min_size=3, max_size=3)
Vad = st.fixed_dictionaries({name: st.sampled_from([None, -1.0, 0.25, 1.0]) for name in AXES})
Trace = st.lists(st.builds(dict, at_us=st.integers(0, 9).map(lambda t: t * 200_000), value=Number), max_size=4)
Wrong = st.sampled_from([-1.0, float("inf"), float("nan"), 3e38])
Given = st.one_of(Numbers, Numbers, st.lists(st.one_of(Number, Wrong), max_size=4))
"""Most of them are answers to what was asked."""
Answer = st.one_of(
    Given.map(lambda weights: {"weights": weights}),
    Given.map(lambda given: {"intensities": given}),
    st.builds(dict, weights=Given, vad=Vad, trace=Trace, words=st.lists(st.sampled_from(["a", "sea", "x"]))),
)
Opinion = st.fixed_dictionaries(
    {
        "sample_id": st.sampled_from(["s_1", "s_2", "s_3"]),
        "rater": st.sampled_from(["r_1", "r_2", "r_3"]),
        "rater_kind": st.sampled_from(["human", "human", "model"]),
        "modalities": st.sampled_from([["text"], ["audio"], None]),
        "answer": Answer,
    }
)
Opinions = st.lists(Opinion, max_size=10)


def labels(view: Any, given: pa.Table) -> pa.Table:
    """As the pipeline has them: a fit sees its evidence in the order of ids."""
    if not isinstance(view, FittedView):
        return LABELS.cast(view.view(given, PLACED))
    return LABELS.cast(view.placed(given, PLACED, fitted(view, given)))


def fitted(view: FittedView, given: pa.Table) -> pa.Table:
    evidence = view.evidence(given, PLACED).sort_by([("sample_id", "ascending"), ("opinion_id", "ascending")])
    return view.fit(evidence, PLACED)


def numbered(given: list[Row]) -> pa.Table:
    return table(*(opinion(i, **row) for i, row in enumerate(given)))


@every_view
@few(max_examples=12)
@given(given=Opinions, random=st.randoms(use_true_random=False))
def test_neither_the_order_of_raters_nor_reading_twice_changes_a_bit(name: str, given: list[Row], random: Any) -> None:
    view, rows, order = VIEWS[name](), numbered(given), list(range(len(given)))
    random.shuffle(order)
    again = pa.concat_tables([rows.take(pa.array(order, pa.int64())), rows.slice(0, 3)])
    assert labels(view, again).equals(labels(view, rows))


@every_view
@few(max_examples=12)
@given(given=Opinions)
def test_a_sample_has_the_same_label_to_the_last_bit_whatever_lies_in_its_part(name: str, given: list[Row]) -> None:
    view, rows = VIEWS[name](), numbered(given)
    place = partial(view.placed, fit=fitted(view, rows)) if isinstance(view, FittedView) else view.view
    whole = place(rows, PLACED)
    for sample in ("s_1", "s_2", "s_3"):
        alone = place(rows.filter(pc.equal(rows["sample_id"], sample)), PLACED)
        assert alone.equals(whole.filter(pc.equal(whole["sample_id"], sample)))


@every_view
@few(max_examples=12)
@given(given=Opinions)
def test_a_simplex_sums_to_one_or_is_empty_and_counts_what_is_there(name: str, given: list[Row]) -> None:
    made = labels(VIEWS[name](), numbered(given)).to_pylist()
    there = Counter((row["sample_id"], row["rater_kind"], "+".join(row["modalities"] or [])) for row in given)
    for label in made:
        known = [value for value in label["values"] if value is not None]
        assert all(np.isfinite(known))
        if label["space"] == "simplex":
            assert known or label["state"], "an empty one says why"
            assert sum(known) == pytest.approx(1 if known else 0, abs=1e-6)
            assert min(known, default=0) >= 0
        assert label["count"] > 0 or label["state"], "where all were left out it says so"
        assert label["count"] <= there[label["sample_id"], label["pool"], label["modalities"]]
    assert len({tuple(label[key] for key in LABELS.key) for label in made}) == len(made)


@pytest.mark.parametrize("view", [FerPlus(), FerPlus("cross_entropy"), FerPlus("multi_target"), NBest(1), NBest(3)])
@few(max_examples=30)
@given(st.lists(st.lists(st.integers(0, 6), min_size=10, max_size=10), min_size=1, max_size=4))
def test_what_is_kept_of_votes_sums_to_one(view: Any, votes: list[list[int]]) -> None:
    given = counted([f"s_{n}" for n in range(len(votes))], np.array(votes), FER)
    for label in view.view(given, FER).to_pylist():
        known = [value for value in label["values"] if value is not None]
        assert sum(known) == pytest.approx(1 if known else 0, abs=1e-6)
        assert bool(known) == bool(label["chosen"]) == (not (label["state"] or "").startswith("dropped"))


@few(max_examples=40)
@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=9), st.integers(1, 4))
def test_equal_votes_of_different_occasions_all_count(cast: list[str], times: int) -> None:
    rows = [opinion(n, [float(label == x) for x in "abc"], rater=f"r{n // times}") for n, label in enumerate(cast)]
    [label] = VoteShare().view(table(*rows), ABC).to_pylist()
    assert label["values"] == pytest.approx([cast.count(x) / len(cast) for x in "abc"])
    assert label["count"] == len(cast)


@few(max_examples=40)
@given(st.lists(st.integers(0, 9), min_size=3, max_size=3).filter(any), st.integers(1, 3))
def test_a_vote_for_the_mode_never_raises_the_entropy(counts: list[int], more: int) -> None:
    [before] = VoteShare().view(counted(["s"], np.array([counts]), ABC), ABC).to_pylist()
    counts[int(np.argmax(counts))] += more
    [after] = VoteShare().view(counted(["s"], np.array([counts]), ABC), ABC).to_pylist()
    assert after["uncertainty"] <= before["uncertainty"] + 1e-6
    assert after["agreement"] >= before["agreement"] - 1e-6


PARROTT = load_taxonomy("parrott-2")
MAPS = [load_map("goemotions-28", "ekman-7"), roll_up(PARROTT, 1), load_map("emonet-40", "ekman-7")]


@pytest.mark.parametrize("up", [m for m in MAPS if m.total], ids=lambda m: f"{m.source}--{m.target}")
@few(max_examples=30)
@given(data=st.data())
def test_rolling_up_and_aggregating_commute(up: TaxonomyMap, data: st.DataObject) -> None:
    fine, coarse = load_taxonomy(up.source), load_taxonomy(up.target)
    asked = st.lists(st.integers(0, 5), min_size=len(fine.labels), max_size=len(fine.labels)).filter(any)
    weights = np.array(data.draw(st.lists(asked, min_size=1, max_size=5)), np.float64)
    given = opinions(["s_1"] * len(weights), weights, fine)
    [late] = VoteShare().view(given, fine).to_pylist()
    [early] = VoteShare().view(given, coarse).to_pylist()
    assert early["values"] == pytest.approx(up.apply(late["values"]), abs=1e-6)


def test_there_are_maps_to_roll_up_by() -> None:
    assert [m.total for m in MAPS][:2] == [True, True]


Act = st.fixed_dictionaries(
    {
        "record": st.sampled_from(["r_0", "r_1"]),
        "revisions": st.lists(Numbers, min_size=1, max_size=3),
        "retracted": st.booleans(),
    }
)


def judged(act: int, revision: int, given: Row, alone: bool = False) -> Row:
    """One revision of an act, as the ledger has it; `alone` where it is the first that there ever was."""
    answer = opinion(0, given["revisions"][revision])["answer"]
    last = revision == len(given["revisions"]) - 1
    return {
        "judgement_id": f"j{act}-{revision}",
        "act": f"j{act}",
        "anchor": {"record": given["record"]},
        "occasion": str(act),
        "revision": 0 if alone else revision,
        "supersedes": f"j{act}-{revision - 1}" if revision and not alone else None,
        "retracted": last and given["retracted"],
        "rater": f"p_{act % 3}",
        "rater_kind": "human",
        "perspective": "perceived",
        "asked": opinion(0)["asked"],
        "answer": {**dict.fromkeys(ANSWER.names), **answer},
    }


def ended(folder: Path, ledger: list[Row]) -> dict[str, pa.Table]:
    """The tables of a partition whose judgements these are."""
    workspace, buffer = Workspace(folder), io.BytesIO()
    pq.write_table(JUDGEMENTS.from_rows(ledger), buffer)
    workspace.records().create("judged/x.parquet", buffer.getvalue())
    rules = tuple(rule for cls in VIEWS.values() if not (rule := Ruled(cls(), PLACED)).fits)
    how = Finish("key", "judged/x.parquet", 0.5, rules, {})
    return finish(how, flow(["a", "b"]), workspace)[0]


@few(max_examples=15)
@given(acts=st.lists(Act, max_size=5))
def test_what_was_superseded_or_retracted_leaves_no_trace(
    tmp_path_factory: pytest.TempPathFactory, acts: list[Row]
) -> None:
    every = [judged(n, r, act) for n, act in enumerate(acts) for r in range(len(act["revisions"]))]
    stands = [judged(n, len(a["revisions"]) - 1, a, alone=True) for n, a in enumerate(acts) if not a["retracted"]]
    whole, plain = (ended(tmp_path_factory.mktemp("workspace"), ledger) for ledger in (every, stands))
    for name in ("opinions", "labels"):
        assert whole[name].equals(plain[name])
    assert pc.count_distinct(plain["opinions"]["opinion_id"]).as_py() == len(stands)
