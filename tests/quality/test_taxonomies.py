"""Labels in the words of another taxonomy, and two sets of labels that should say the same."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.opining import Row, opinion, table, vad

from affectory.quality.taxonomies import contradictions, mapped, rolled_up, two_sets
from affectory.schemas.derived import LABELS
from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy, load_taxonomy, parse_map, parse_taxonomy
from affectory.transforms.views.plurality import Plurality
from affectory.transforms.views.vad_mean import VadMean
from affectory.transforms.views.vote_share import VoteShare

FINE = parse_taxonomy({"name": "fine", "entries": ["glee", "bliss", "rage", "odd"]})
COARSE = parse_taxonomy({"name": "coarse", "entries": ["joy", "anger"]})
TO_COARSE = parse_map(
    {
        "source": "fine",
        "target": "coarse",
        "entries": {"glee": "joy", "bliss": {"joy": 0.5, "anger": 0.5}, "rage": "anger"},
        "unmapped": ["odd"],
    },
    FINE,
    COARSE,
)


def label(values: list[float | None], taxonomy: str = "fine", sample: str = "s_1", **given: Any) -> Row:
    defaults = {"perspective": "perceived", "whose": "", "modalities": "text", "pool": "human", "rule": "vote_share"}
    return {
        **defaults,
        "sample_id": sample,
        "taxonomy": taxonomy,
        "space": "simplex",
        "values": values,
        "count": 3,
        **given,
    }


def labels(*rows: Row) -> pa.Table:
    return LABELS.from_rows(list(rows))


def test_what_has_no_counterpart_is_told_and_the_rest_shared_out() -> None:
    found = mapped(labels(label([0.4, 0.2, 0.2, 0.2], chosen=["glee"], state="few raters")), TO_COARSE)
    [row] = found.labels.to_pylist()
    assert row["values"] == pytest.approx([0.625, 0.375])
    assert (row["taxonomy"], row["chosen"], row["count"]) == ("coarse", ["joy"], 3)
    assert row["state"] == "few raters; on labels of fine that have no counterpart: 20%"
    assert found.unmapped == pytest.approx({"odd": 0.2})


def test_a_label_all_of_which_is_lost_has_no_values() -> None:
    [row] = mapped(labels(label([0, 0, 0, 1])), TO_COARSE).labels.to_pylist()
    assert (row["values"], row["uncertainty"]) == ([None, None], None)
    assert row["state"] == "on labels of fine that have no counterpart: 100%"


def test_what_was_not_asked_is_not_zero_in_other_words_either() -> None:
    [row] = mapped(labels(label([1.0, None, None, None])), TO_COARSE).labels.to_pylist()
    assert row["values"] == [1, None]


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [([0.5, 0.5, 0.0, 0.0], [0.5, 0.5], [1.0, 0.5]), ([1.0, 0.0, 1.0, 0.0], [1.0, 1.0], [1.0, 1.0])],
)
def test_of_raters_who_name_several_labels_only_bounds_are_known(
    values: list[float | None], low: list[float], high: list[float]
) -> None:
    [row] = mapped(labels(label(values, space="multi-label")), TO_COARSE).labels.to_pylist()
    assert row["values"] == row["low"] == pytest.approx(low)
    assert row["high"] == pytest.approx(high)


def test_what_is_no_distribution_over_the_source_is_left_out() -> None:
    odd = [label([1, 0], "coarse"), label([1, 0, 0, 0], space="ordinal"), label([0.5] * 4, names=["v", "a", "d", "x"])]
    found = mapped(labels(*odd, label([1, 0, 0, 0], sample="s_2")), TO_COARSE)
    assert (found.labels.num_rows, found.left_out) == (1, 3)
    assert mapped(LABELS.empty(), TO_COARSE).labels.num_rows == 0


def test_a_choice_is_kept_only_where_all_of_it_has_one_counterpart() -> None:
    rows = [label([0.5, 0, 0.5, 0], chosen=["rage", "glee"]), label([0, 1, 0, 0], sample="s_2", chosen=["bliss"])]
    assert mapped(labels(*rows), TO_COARSE).labels.column("chosen").to_pylist() == [["joy", "anger"], None]


@st.composite
def opinions(draw: st.DrawFn, taxonomy: Taxonomy) -> pa.Table:
    size = len(taxonomy.labels)
    weights = st.lists(st.integers(0, 3), min_size=size, max_size=size).filter(any)
    rows = draw(st.lists(st.tuples(weights, st.sampled_from(["s_1", "s_2"])), min_size=1, max_size=6))
    asked = {"labels": taxonomy.labels, "of": taxonomy}
    return table(*(opinion(n, given, sample_id=sample, **asked) for n, (given, sample) in enumerate(rows)))


@pytest.mark.parametrize(("deep", "tier"), [("parrott-2", 1), ("plutchik-8-2", 1)])
@settings(max_examples=30)
@given(data=st.data())
def test_rolling_up_commutes_with_vote_share(deep: str, tier: int, data: st.DataObject) -> None:
    taxonomy = load_taxonomy(deep)
    given = data.draw(opinions(taxonomy))
    after = rolled_up(VoteShare().view(given, taxonomy), taxonomy, tier).labels
    before = VoteShare().view(given, taxonomy.at(tier))
    for a, b in zip(after.to_pylist(), before.to_pylist(), strict=True):
        assert a["values"] == pytest.approx(b["values"], abs=1e-6)
        assert a["uncertainty"] == pytest.approx(b["uncertainty"], abs=1e-5)


def test_two_sets_that_agree_have_no_conflicts() -> None:
    found = two_sets(labels(label([0.5, 0, 0.5, 0])), labels(label([0.5, 0.5], "coarse")), TO_COARSE)
    assert (found.conflicts.num_rows, found.compared, found.finding().count) == (0, 1, 0)


def test_two_sets_that_do_not_are_listed_with_both() -> None:
    fine = labels(label([0.8, 0, 0.2, 0]), label([1, 0, 0, 0], sample="s_2"), label([1, 0, 0, 0], sample="s_3"))
    coarse = labels(label([0.5, 0.5], "coarse"), label([1, 0], "coarse", "s_2"), label([1, 0], "coarse", "s_4"))
    found = two_sets(fine, coarse, TO_COARSE)
    [row] = found.conflicts.to_pylist()
    assert (row["sample_id"], row["coarse"], row["from_fine"]) == ("s_1", [0.5, 0.5], [0.8, 0.2])
    assert (row["distance"], row["told"]) == (0.3, "joy: 0.50, but 0.80 by the fine labels")
    assert (found.compared, found.only_fine, found.only_coarse) == (2, 1, 1)
    assert str(found.finding()) == "labels: the coarse labels are not the fine ones mapped (1: s_1)"
    assert found.finding().severity == "warns"
    assert two_sets(fine, coarse, TO_COARSE, tolerance=0.3).conflicts.num_rows == 0


def test_sets_of_different_perspectives_or_raters_are_never_compared() -> None:
    coarse = labels(label([0, 1], "coarse", perspective="felt"), label([0, 1], "coarse", pool="model"))
    assert two_sets(labels(label([1, 0, 0, 0])), coarse, TO_COARSE).compared == 0


def test_two_sets_that_were_not_asked_alike_have_no_distance() -> None:
    [row] = two_sets(labels(label([1, 0, 0, 0])), labels(label([1, None], "coarse")), TO_COARSE).conflicts.to_pylist()
    assert (row["distance"], row["told"]) == (None, "other labels were asked")


def test_labels_of_several_rules_are_no_one_set() -> None:
    fine = labels(label([1, 0, 0, 0]), label([1, 0, 0, 0], rule="majority"))
    with pytest.raises(UserError, match="the fine labels are of several rules: majority, vote_share"):
        two_sets(fine, labels(label([1, 0], "coarse")), TO_COARSE)


@pytest.mark.parametrize(("fine", "coarse"), [(LABELS.empty(), labels(label([1, 0], "coarse"))), (LABELS.empty(),) * 2])
def test_nothing_contradicts_nothing(fine: pa.Table, coarse: pa.Table) -> None:
    found = two_sets(fine, coarse, TO_COARSE)
    assert (found.compared, found.conflicts.num_rows, found.only_coarse) == (0, 0, coarse.num_rows)


def test_labels_that_one_rule_makes_of_the_same_opinions_never_contradict_each_other(tmp_path: Path) -> None:
    fine, coarse = load_taxonomy("parrott-2"), load_taxonomy("parrott")
    given = table(
        *(opinion(n, _one(place, fine), fine.labels, fine) for n, place in enumerate((0, 3, 9))), vad(9, 1, 0, 0)
    )
    rows = [VoteShare().view(given, fine), VoteShare().view(given, coarse), Plurality().view(given, coarse)]
    assert contradictions(part(tmp_path, *rows, VadMean().view(given, fine))) == []
    assert contradictions([]) == []


def test_questions_that_were_answered_differently_at_two_grains_do(tmp_path: Path) -> None:
    fine, coarse = load_taxonomy("goemotions-28"), load_taxonomy("ekman-7")
    mild = VoteShare().view(table(opinion(1, _one(fine.index("joy"), fine), fine.labels, fine)), fine)
    cross = VoteShare().view(table(opinion(2, _one(coarse.index("anger"), coarse), coarse.labels, coarse)), coarse)
    [finding] = contradictions(part(tmp_path, mild, cross))
    assert str(finding) == "labels: labels in ekman-7 are not those in goemotions-28 mapped to it (1: s_1)"
    assert finding.severity == "warns"


def part(folder: Path, *labels: pa.Table) -> list[Path]:
    path = folder / "labels.parquet"
    pq.write_table(pa.concat_tables(labels), path)
    return [path]


def _one(place: int, taxonomy: Taxonomy) -> list[float]:
    return [float(n == place) for n in range(len(taxonomy.labels))]
