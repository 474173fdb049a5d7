"""Judgements find their samples by record and overlap: laws, and the places people and machines point at."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.pipelines.runner.attach import attach, box_overlap, overlap, standing, within
from affectory.schemas.ledgers import JUDGEMENTS

SECOND = 1_000_000
Anchor = dict[str, Any]


def place(record: str = "r", **where: Any) -> Anchor:
    return {**dict.fromkeys(("start_us", "end_us", "char_start", "char_end", "box")), "record": record, **where}


def time(start: int, end: int, record: str = "r") -> Anchor:
    return place(record, start_us=start, end_us=end)


def chars(start: int, end: int) -> Anchor:
    return place(char_start=start, char_end=end)


spans = st.tuples(st.integers(0, 50), st.integers(1, 50)).map(lambda s: (s[0], s[0] + s[1]))
sides = st.integers(0, 8).map(float)
boxes = st.tuples(sides, sides, st.integers(1, 8).map(float), st.integers(1, 8).map(float)).map(list)
anchors = st.builds(
    lambda record, t, c, b: place(
        record,
        **(dict(zip(("start_us", "end_us"), t, strict=True)) if t else {}),
        **(dict(zip(("char_start", "char_end"), c, strict=True)) if c else {}),
        box=b,
    ),
    st.sampled_from("rs"),
    st.none() | spans,
    st.none() | spans,
    st.none() | boxes,
)


def found(judged: list[Anchor], samples: list[Anchor], least: float = 0.5, length: float | None = None) -> list[int]:
    return list(attach(judged, samples, [length] * len(samples), least).samples)


@given(anchors)
def test_a_place_overlaps_itself_wholly(anchor: Anchor) -> None:
    assert overlap(anchor, dict(anchor), 100) == 1.0
    assert found([anchor], [anchor], least=1.0) == [0]


@given(anchors, anchors, st.none() | st.integers(1, 100))
def test_overlap_is_symmetric_and_a_share(a: Anchor, b: Anchor, length: int | None) -> None:
    assert overlap(a, b, length) == overlap(b, a, length)
    assert 0.0 <= overlap(a, b, length) <= 1.0


@given(spans, spans)
def test_stretches_overlap_by_intersection_over_union(a: tuple[int, int], b: tuple[int, int]) -> None:
    one, other = set(range(*a)), set(range(*b))
    expected = len(one & other) / len(one | other) if one & other else 0.0
    assert overlap(time(*a), time(*b), None) == pytest.approx(expected)
    assert overlap(chars(*a), chars(*b), None) == pytest.approx(expected)


@given(boxes, boxes)
def test_boxes_overlap_by_intersection_over_union(a: list[float], b: list[float]) -> None:
    def cells(box: list[float]) -> set[tuple[int, int]]:
        x, y, width, height = map(int, box)
        return {(i, j) for i in range(x, x + width) for j in range(y, y + height)}

    expected = len(cells(a) & cells(b)) / len(cells(a) | cells(b))
    assert box_overlap(a, b) == pytest.approx(expected)


@given(st.lists(anchors, max_size=6), st.lists(anchors, max_size=6), st.floats(0.01, 1.0))
def test_each_judgement_gets_the_best_sample_of_its_record_or_none(
    judged: list[Anchor], samples: list[Anchor], least: float
) -> None:
    for anchor, index in zip(judged, found(judged, samples, least), strict=True):
        own = [i for i, s in enumerate(samples) if s["record"] == anchor["record"]]
        ends = [s["end_us"] for s in samples if s["record"] == anchor["record"] and s["end_us"] is not None]
        lasts = [samples[i]["char_end"] for i in own if samples[i]["char_end"] is not None]
        texts = {i: None if samples[i]["char_start"] is None else max(lasts) for i in own}
        scores = {i: overlap(anchor, samples[i], max(ends, default=None), texts[i]) for i in own}
        if index < 0:
            assert all(score < least for score in scores.values())
        else:
            assert scores[index] == max(scores.values()) >= least
            assert all(i >= index for i, s in scores.items() if s == scores[index]), "the first of equals"


@given(st.lists(anchors, min_size=1, max_size=5), st.lists(anchors, max_size=5), st.randoms(use_true_random=False))
def test_judgements_attach_one_by_one_as_together(judged: list[Anchor], samples: list[Anchor], random: Any) -> None:
    together = found(judged, samples)
    assert together == [found([anchor], samples)[0] for anchor in judged]
    order = random.sample(range(len(judged)), len(judged))
    assert found([judged[i] for i in order], samples) == [together[i] for i in order]


@pytest.mark.parametrize(
    ("judged", "samples", "expected"),
    [
        (time(0, 10), [time(0, 10)], 0),
        (time(0, 10), [time(0, 4), time(4, 10)], 1),
        (time(0, 10), [time(0, 4), time(6, 10)], -1),
        (time(0, 10), [time(0, 20)], 0),
        (time(0, 9), [time(0, 20)], -1),
        (time(0, 10), [time(10, 20)], -1),
        (time(0, 10), [time(0, 10, "other")], -1),
        (time(0, 10), [], -1),
        (chars(0, 10), [chars(0, 5), chars(3, 12)], 1),
        (chars(0, 4), [chars(4, 8)], -1),
        (place(), [place()], 0),
        (place(), [place("other")], -1),
        (place(), [time(0, 10)], 0),
        (place(), [time(0, 10), time(10, 20)], 0),
        (place(), [time(0, 10), time(10, 30)], 1),
        (place(), [time(0, 10), time(10, 20), time(20, 30)], -1),
        (place(box=[0, 0, 4, 4]), [place(box=[0, 0, 4, 2])], 0),
        (place(box=[0, 0, 4, 4]), [place(box=[0, 0, 4, 1]), place(box=[9, 9, 1, 1])], -1),
    ],
    ids=[
        *(
            "the same",
            "the larger half",
            "two cuts too small",
            "just enough",
            "just too little",
            "the next",
            "elsewhere",
        ),
        *("no samples", "characters", "characters apart", "whole to whole", "whole elsewhere", "whole to the only cut"),
        *("whole to the first half", "whole to the larger cut", "whole to thirds", "a box", "boxes too small"),
    ],
)
def test_where_a_judgement_goes(judged: Anchor, samples: list[Anchor], expected: int) -> None:
    assert found([judged], samples) == [expected]


def test_what_was_judged_whole_is_measured_by_the_length_of_its_record() -> None:
    """One cut is left of a long record: the rater saw far more than that."""
    assert found([place()], [time(0, 10)], length=100) == [-1]
    assert found([place()], [time(0, 60)], length=100) == [0]


@pytest.mark.parametrize(
    ("judged", "sample", "text", "expected"),
    [
        (chars(0, 40), place(), 40, 0),
        (chars(0, 30), place(), 40, 0),
        (chars(0, 10), place(), 40, -1),
        (chars(0, 40), place(), None, -1),
        (place(), chars(0, 40), 40, 0),
        (time(0, 9), place(), 40, -1),
    ],
    ids=["all of it", "most of it", "a word of it", "no text", "the only cut", "a time in a text"],
)
def test_a_text_is_as_long_as_its_characters(judged: Anchor, sample: Anchor, text: int | None, expected: int) -> None:
    assert attach([judged], [sample], [None], 0.5, [text]).samples == (expected,)


def test_a_cut_that_was_judged_finds_the_whole_that_is_left_in_its_place() -> None:
    assert found([time(0, 60)], [place()], length=100) == [0]
    assert found([time(0, 10)], [place()], length=100) == [-1]
    assert found([time(0, 10)], [place()]) == [-1], "nobody knows how long the record is"


@given(spans, spans)
def test_all_axes_must_agree(t: tuple[int, int], c: tuple[int, int]) -> None:
    both = place(start_us=t[0], end_us=t[1], char_start=c[0], char_end=c[1])
    moved = {**both, "char_start": c[1], "char_end": c[1] + 1}
    assert overlap(both, moved, None) == 0.0


def judgement(number: int, **columns: Any) -> dict[str, Any]:
    return {
        "judgement_id": f"j{number}",
        "anchor": place(),
        "occasion": "",
        "revision": number,
        "retracted": False,
        "rater": "p",
        "rater_kind": "human",
        "perspective": "felt",
        "asked": {"question": "q"},
        "answer": {"weights": [1.0]},
        **columns,
    }


def left(*rows: dict[str, Any]) -> list[str]:
    table = JUDGEMENTS.from_rows(list(rows))
    kept: list[str] = standing(pa.concat_tables([table.slice(0, 1), table.slice(1)])).column("judgement_id").to_pylist()
    return kept


def test_superseded_and_retracted_judgements_do_not_stand() -> None:
    assert left() == []
    assert left(judgement(0), judgement(1)) == ["j0", "j1"]
    assert left(judgement(0), judgement(1, supersedes="j0")) == ["j1"]
    assert left(judgement(1, supersedes="j0"), judgement(0)) == ["j1"]
    assert left(judgement(0), judgement(1, retracted=True)) == ["j0"]


def test_a_retracted_revision_takes_along_what_it_replaced() -> None:
    """To take a judgement back is to say nothing, not to say again what was said before."""
    rows = judgement(0), judgement(1, supersedes="j0"), judgement(2, supersedes="j1", retracted=True)
    assert left(*rows) == []


def test_of_a_chain_of_revisions_the_last_stands() -> None:
    chain = [judgement(i, supersedes=f"j{i - 1}" if i else None) for i in range(4)]
    assert left(*chain) == ["j3"]


@pytest.mark.parametrize(
    ("judged", "sample", "share"),
    [
        ({}, {"start_us": 5, "end_us": 10}, 1.0),
        ({"start_us": 0, "end_us": 10}, {"start_us": 5, "end_us": 10}, 1.0),
        ({"start_us": 0, "end_us": 8}, {"start_us": 5, "end_us": 10}, 0.6),
        ({"start_us": 0, "end_us": 5}, {"start_us": 5, "end_us": 10}, 0.0),
        ({"start_us": 0, "end_us": 5}, {}, 0.0),
        ({"char_start": 0, "char_end": 9}, {"char_start": 3, "char_end": 9}, 1.0),
        ({}, {"box": [0, 0, 4, 4]}, 0.0),
        ({"box": [0, 0, 4, 4]}, {"box": [0, 0, 4, 4]}, 1.0),
    ],
)
def test_how_much_of_a_sample_lies_in_what_was_judged(
    judged: dict[str, Any], sample: dict[str, Any], share: float
) -> None:
    assert within(place("r", **sample), place("r", **judged)) == share


@given(st.lists(anchors, max_size=5), st.lists(anchors, max_size=6))
def test_who_inherits_keeps_what_it_had(judged: list[Anchor], samples: list[Anchor]) -> None:
    lengths = [10.0] * len(samples)
    alone, also = (attach(judged, samples, lengths, 0.5, inherit=inherit) for inherit in (False, True))
    assert set(alone.pairs()) <= set(also.pairs())
    assert all(within(samples[s], judged[j]) >= 0.5 or alone.samples[j] == s for j, s in also.pairs())
