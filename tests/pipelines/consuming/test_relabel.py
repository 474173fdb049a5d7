"""Labels made anew of what a release publishes."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from support.consuming import RULES
from support.project import Project

from affectory.pipelines.consuming.published import Published, _until_last, published
from affectory.pipelines.consuming.relabel import relabelling
from affectory.quality.labelling import rule_named
from affectory.schemas.derived import LABELS
from affectory.schemas.errors import UserError
from affectory.transforms.views._base import rule_name

SPLITS = ("train", "validation", "test")


def anew(made: Project, rule: Any, **said: Any) -> Mapping[str, pa.Table]:
    return relabelling(published(made.releases), rule, **said).table(SPLITS)


def shards(made: Project, config: str, split: str) -> pa.Table:
    files = sorted((made.releases / "v1.0.0/data" / config).glob(f"{split}-*.parquet"))
    return pa.concat_tables([pq.read_table(file) for file in files])


def test_the_rule_of_the_recipe_gives_the_columns_that_were_published(released: Project) -> None:
    for split, rows in anew(released, RULES[0]).items():
        was = shards(released, "default", split)
        assert rows.num_rows > 0
        for name in rows.column_names:
            assert rows.column(name).to_pylist() == was.column(name).to_pylist(), name


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_every_rule_gives_the_values_that_a_build_gave(released: Project, rule: Any) -> None:
    name, params = next(iter(rule.items())) if isinstance(rule, dict) else (rule, {})
    for split, rows in anew(released, rule).items():
        built = LABELS.cast(shards(released, "labels", split).select(LABELS.schema.names))
        built = built.filter(pc.equal(built["rule"], rule_name(rule_named(name, params))))
        human = built.filter(pc.equal(built["pool"], "human"))
        values = dict(zip(human["sample_id"].to_pylist(), human["values"].to_pylist(), strict=True))
        given = dict(zip(rows["sample_id"].to_pylist(), rows["distribution"].to_pylist(), strict=True))
        assert {sample: given[sample] for sample in values} == values
        assert values


@pytest.mark.parametrize(("pools", "counted"), [(["human"], {2}), (["model"], {1}), (["model", "human"], {1, 2})])
def test_the_first_pool_with_a_label_counts(released: Project, pools: list[str], counted: set[int]) -> None:
    rows = pa.concat_tables(anew(released, "vote_share", pools=pools).values())
    assert set(rows["label_pool"].to_pylist()) - {None} <= set(pools)
    assert set(rows["label_count"].to_pylist()) - {None} <= counted
    assert rows["label_pool"].null_count < rows.num_rows


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"rule": "mjority"}, "no rule 'mjority', did you mean majority?"),
        ({"rule": {"n_best": {"m": 3}}}, "rule n_best: m: "),
        ({"rule": {"n_best": {}, "majority": {}}}, "is no rule"),
        ({"rule": "majority", "pools": ["people"]}, "no pool 'people'"),
        ({"rule": "majority", "perspective": "felt"}, "majority finds nothing that it counts"),
        ({"rule": "majority", "perspective": "fell"}, "no perspective 'fell', did you mean felt?"),
        ({"rule": "majority", "across": ["speaker"]}, "no column to count across 'speaker'"),
        ({"rule": "span_union"}, "gives no value for each label of ekman-7"),
        ({"rule": "open_words"}, "open_words finds nothing that it counts"),
    ],
)
def test_what_cannot_be_done_is_told(released: Project, said: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told.replace("?", r"\?")):
        anew(released, **said)


def test_opinions_come_in_parts_that_cut_no_sample() -> None:
    rows = pa.table({"sample_id": ["a", "a", "b", "c", "c"]})
    whole, held = _until_last(rows)
    assert (whole["sample_id"].to_pylist(), held["sample_id"].to_pylist()) == (["a", "a", "b"], ["c", "c"])
    assert [part.num_rows for part in _until_last(rows.slice(0, 2))] == [0, 2]


def test_the_newest_is_meant_where_all_versions_lie(released: Project) -> None:
    assert published(released.releases).place == released.releases / "v1.0.0"
    assert published(str(released.releases / "v1.0.0")).splits == SPLITS


def test_a_place_without_a_release_is_told(released: Project) -> None:
    with pytest.raises(UserError, match="there is no release in"):
        published(released.folder)


def test_a_release_without_opinions_cannot_be_labelled_anew(released: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    found = published(released.releases)
    monkeypatch.delitem(dict(found.content.features), "opinions")
    object.__setattr__(found.content, "features", {"default": {}})
    with pytest.raises(UserError, match="publishes no opinions"):
        list(Published.opinions(found, "train"))
