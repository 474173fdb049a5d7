"""Maps between taxonomies: nothing gets lost that is mapped, and what is not mapped is declared."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import (
    TaxonomyMap,
    load_map,
    load_taxonomy,
    map_names,
    parse_map,
    parse_taxonomy,
    roll_up,
)

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "goemotions"
DERIVED = [
    ("parrott-3", "ekman-7"), ("parrott-3", "parrott"), ("parrott-3", "parrott-2"), ("parrott-2", "parrott"),
    ("plutchik-8-2", "plutchik-8"), ("plutchik-8-2", "ekman-7"), ("ekman-7", "ekman-7"),
]  # fmt: skip
ALL = [*map_names(), *DERIVED]
PARTIAL = {
    ("ekman-7", "ekman-6"), ("plutchik-8", "ekman-7"), ("plutchik-8-2", "ekman-7"), ("emonet-40", "ekman-7"),
}  # fmt: skip


@pytest.mark.parametrize(("source", "target"), ALL)
class TestEvery:
    def test_is_total_or_says_what_is_not(self, source: str, target: str) -> None:
        found = load_map(source, target)
        assert found.source_labels == load_taxonomy(source).labels
        assert found.target_labels == load_taxonomy(target).labels
        assert found.total == ((source, target) not in PARTIAL)

    def test_keeps_the_weight_of_what_is_mapped(self, source: str, target: str) -> None:
        found = load_map(source, target)
        rng = np.random.default_rng(0)
        weights = rng.dirichlet(np.ones(len(found.source_labels)), size=20)
        lost = weights[:, [found.source_labels.index(label) for label in found.unmapped]].sum(axis=1)
        assert np.allclose((weights @ found.matrix).sum(axis=1) + lost, 1)
        for row in weights:
            assert np.allclose(found.apply(row.tolist()), row @ found.matrix)

    def test_pickles(self, source: str, target: str) -> None:
        found = load_map(source, target)
        found.matrix  # noqa: B018  cached, and not to travel
        copy = pickle.loads(pickle.dumps(found))
        assert copy == found
        assert hash(copy) == hash(found)
        assert copy.hash == found.hash
        assert "matrix" not in copy.__dict__
        assert np.array_equal(copy.matrix, found.matrix)


@pytest.mark.parametrize(("file", "target"), [("ekman_mapping.json", "ekman-7"), ("sentiment_dict.json", "sentiment")])
def test_goemotions_as_published(file: str, target: str) -> None:
    if not (SHARED / file).is_file():
        pytest.skip(f"no {file}: the shared data lies outside the repository")
    published = json.loads((SHARED / file).read_text())
    expected = {label: group for group, labels in published.items() for label in labels} | {"neutral": "neutral"}
    ours = {label: row[0][0] for label, row in load_map("goemotions-28", target).entries}
    assert ours == expected


def test_goemotions_reaches_its_sentiment_by_either_way() -> None:
    by_ekman = load_map("goemotions-28", "ekman-7").then(load_map("ekman-7", "sentiment"))
    assert np.array_equal(by_ekman.matrix, load_map("goemotions-28", "sentiment").matrix)


def test_parrotts_tiers_agree_but_for_disgust() -> None:
    second = load_map("parrott-2", "ekman-7")
    coarse = load_map("parrott-2", "parrott").then(load_map("parrott", "ekman-7"))
    differ = [a[0] for a, b in zip(second.entries, coarse.entries, strict=True) if a != b]
    assert differ == ["disgust"]
    third = dict(load_map("parrott-3", "ekman-7").entries)
    assert third["revulsion"] == (("disgust", 1.0),)
    assert third["rapture"] == (("joy", 1.0),)


@pytest.mark.parametrize(
    ("source", "target"), [("ekman-7", "sentiment"), ("mikels-8", "sentiment"), ("parrott", "ekman-7")]
)
def test_places_agree_with_the_sign(source: str, target: str) -> None:
    """Where both have a place in VAD space, an emotion and what it is mapped to lie on the same side of valence."""
    signs = {"positive": 1, "negative": -1}
    for label, row in load_map(source, target).entries:
        place = load_taxonomy(source).entry(label).vad
        if place and row[0][0] in signs:
            assert np.sign(place.valence) == signs[row[0][0]], label


def test_shares() -> None:
    both = pair({"x": {"joy": 0.75, "fear": 0.25}, "y": ["joy", "fear", "anger"], "z": "anger"})
    assert both.apply([1, 0, 0])[3] == 0.75
    assert both.apply([0, 3, 0]) == pytest.approx([1, 0, 1, 1, 0, 0, 0])
    assert both.matrix.shape == (3, 7)
    with pytest.raises(ValueError, match="read-only"):
        both.matrix[0, 0] = 1
    with pytest.raises(ValueError, match="2 weights for the 3 labels"):
        both.apply([1, 0])


SOURCE = parse_taxonomy({"name": "mine", "entries": ["x", "y", "z"]})


def pair(entries: Any, **rest: Any) -> TaxonomyMap:
    data = {"source": "mine", "target": "ekman-7", "entries": entries, **rest}
    return parse_map(data, source=SOURCE, where="recipe.yaml")


@pytest.mark.parametrize(
    ("entries", "rest", "said"),
    [
        ({"x": "joy", "y": "joy"}, {}, "neither mapped nor declared unmapped: z"),
        ({"x": "joy", "y": "joy", "z": "joy"}, {"unmapped": ["z"]}, "given twice: z"),
        ({"x": "joy", "y": "joy"}, {"unmapped": ["z", "z"]}, "given twice"),
        ({"x": "joy", "y": "joy", "z": "jo"}, {}, "entry 'z': ekman-7 has no label 'jo', did you mean joy"),
        ({"x": "joy", "y": "joy", "Z": "joy"}, {}, "entry 'Z': mine has no label 'Z'"),
        ({"x": "joy", "y": "joy"}, {"unmapped": ["q"]}, "entry 'q': mine has no label 'q'"),
        ({"x": {"joy": 0.5, "fear": 0.4}, "y": "joy", "z": "joy"}, {}, "entry 'x': its shares add up to 0.9"),
        ({"x": {"joy": 1.5, "fear": -0.5}, "y": "joy", "z": "joy"}, {}, "entry 'x'"),
        ({"x": {"joy": float("nan")}, "y": "joy", "z": "joy"}, {}, "entry 'x'"),
        ({"x": {"joy": True}, "y": "joy", "z": "joy"}, {}, "entry 'x'"),
        ({"x": [], "y": "joy", "z": "joy"}, {}, "entry 'x': its shares add up to 0"),
        ({"x": ["joy", "joy"], "y": "joy", "z": "joy"}, {}, "entry 'x': a label is given twice"),
        ({"x": 3, "y": "joy", "z": "joy"}, {}, "entry 'x'"),
        ("joy", {}, "entries: Input should be a valid list"),
        ({"x": "joy"}, {"unmaped": ["y", "z"]}, "unmaped: Extra inputs"),
        ({"x": "joy"}, {"target": 7}, "target: expected the name"),
        ({"x": "joy"}, {"target": "ekman"}, "there is no taxonomy 'ekman'"),
    ],
)
def test_refused(entries: Any, rest: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as raised:
        pair(entries, **rest)
    assert said in str(raised.value)


def test_unknown_map_lists_what_there_is() -> None:
    with pytest.raises(UserError, match="no map from vad to ekman-7") as raised:
        load_map("vad", "ekman-7")
    assert "goemotions-28 -> ekman-7" in raised.value.hint
    with pytest.raises(UserError, match="no taxonomy"):
        load_map("goemotion", "ekman-7")


def test_then_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="cannot be followed"):
        load_map("ekman-7", "sentiment").then(load_map("ekman-7", "sentiment"))
    halves = pair({"x": {"joy": 0.5, "neutral": 0.5}, "y": "joy", "z": "neutral"})
    with pytest.raises(ValueError, match=r"add up to 0\.5"):
        halves.then(load_map("ekman-7", "ekman-6"))


def test_then_drops_what_has_no_counterpart_left() -> None:
    mapped = pair({"x": ["joy", "fear"], "y": "joy", "z": "neutral"}).then(load_map("ekman-7", "ekman-6"))
    assert mapped.unmapped == ("z",)
    assert mapped.target == "ekman-6"
    with pytest.raises(ValueError, match="cannot be rolled up"):
        roll_up(load_taxonomy("parrott"), 2)


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    labels = load_taxonomy("ekman-7").labels
    chosen = {}
    for label in SOURCE.labels:
        targets = draw(st.lists(st.sampled_from(labels), unique=True, min_size=1))
        parts = [draw(st.integers(1, 9)) for _ in targets]
        chosen[label] = draw(
            st.sampled_from([targets, {t: p / sum(parts) for t, p in zip(targets, parts, strict=True)}])
        )
    return chosen


@settings(deadline=None)
@given(rows(), st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_any_valid_map_keeps_the_sum(entries: dict[str, Any], weights: list[float]) -> None:
    found = pair(entries)
    assert sum(found.apply(weights)) == pytest.approx(sum(weights))
    assert found.apply(weights) == pytest.approx((np.array(weights) @ found.matrix).tolist())
    dumped = found.model_dump(exclude={"source_labels", "target_labels"})
    assert pair(dumped.pop("entries"), **dumped) == found
    assert sum(found.then(load_map("ekman-7", "sentiment")).apply(weights)) == pytest.approx(sum(weights))
