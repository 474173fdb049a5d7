"""Saves are kept once, in order, and each rater's apart, whatever is sent and whenever a process dies."""

from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tracing import AROUSAL, FRAME_US, VALENCE, task

from affectory.annotation.tracing.store import Key, Refused, Store
from affectory.annotation.tracing.traces import Gap, Pass, Save, read_traces

KEY = Key("video", "valence", "ann")
PAGE, OTHER = "page-one", "page-two"


def save(seq: int, *values: float, at: int | None = None, **given: Any) -> Save:
    """Samples one frame apart, from the place where the save before left off if each has three."""
    first = 3 * seq if at is None else at
    samples = tuple(((first + n) * FRAME_US, value) for n, value in enumerate(values))
    return Save(**{"session": PAGE, "revision": 0, "seq": seq, "samples": samples, **given})


def keep(store: Store, *saves: Save, key: Key = KEY) -> None:
    for one in saves:
        store.save(task(), key, one)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_saves_add_up(store: Store) -> None:
    gap = Gap(50_000, 50_000, 700)
    keep(store, save(0, 0, 0.1, 0.2, spent_ms=900), save(1, 0.3, gaps=(gap,), spent_ms=600, finished=True))
    (trace,) = read_traces(store.home)
    assert trace.samples == ((0, 0.0), (FRAME_US, 0.1), (2 * FRAME_US, 0.2), (3 * FRAME_US, 0.3))
    assert (trace.gaps, trace.spent_s, trace.state, trace.corrections) == ((gap,), 1.5, "finished", 0)
    assert trace.started and trace.started <= trace.finished


def test_a_correction_takes_back_what_comes_after(store: Store) -> None:
    late = Gap(2 * FRAME_US, 2 * FRAME_US, 300)
    keep(store, save(0, 0, 0.1, 0.2, gaps=(late,)), save(1, 0.9, at=1, cut_us=FRAME_US))
    (trace,) = read_traces(store.home)
    assert (trace.samples, trace.gaps, trace.corrections) == (((0, 0.0), (FRAME_US, 0.9)), (), 1)


def test_a_save_that_comes_twice_is_kept_once(store: Store) -> None:
    saves = [save(0, 0, 0.1, 0.2), save(1, 0.3, 0.4, 0.5)]
    keep(store, *saves, *saves)
    assert [len(trace.samples) for trace in read_traces(store.home)] == [6]


@pytest.mark.parametrize(
    ("wrong", "status", "why"),
    [
        (save(1, 0.3, session=OTHER), 409, "continued elsewhere"),
        (save(3, 0.3), 409, "missing"),
        (save(2, 0.3, revision=1), 409, "continued elsewhere"),
        (save(2, 0.3, at=5), 422, "rise"),
        (save(2, 0.3, at=5, cut_us=6 * FRAME_US), 422, "rise"),
        (save(2, 1.01), 422, "not on the scale"),
        (save(2, 0.3, at=163), 422, "after the end"),
        (save(2, samples=((200_001, 0.1), (200_002, 0.1))), 422, "more samples"),
        (save(2, cut_us=0, finished=True), 422, "nothing to submit"),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_refused(store: Store, wrong: Save, status: int, why: str) -> None:
    keep(store, save(0, 0, 0.1, 0.2), save(1, 0.3, 0.4, 0.5))
    with pytest.raises(Refused, match=why) as refused:
        keep(store, wrong)
    assert (refused.value.status, refused.value.seq) == (status, 2)
    assert [len(trace.samples) for trace in read_traces(store.home)] == [6]


def test_what_was_submitted_stays_and_another_pass_begins_anew(store: Store) -> None:
    assert store.state(KEY) == "none"
    keep(store, save(0, 0, 0.1, 0.2))
    assert store.state(KEY) == "draft"
    keep(store, save(1, finished=True))
    assert store.state(KEY) == "finished"
    with pytest.raises(Refused, match="submitted"):
        keep(store, save(2, 0.3))
    keep(store, save(0, 0.5, 0.5, revision=1, session=OTHER))
    first, second = read_traces(store.home)
    assert (first.revision, first.state, len(first.samples)) == (0, "finished", 3)
    assert (second.revision, second.state, len(second.samples)) == (1, "draft", 2)


def test_raters_and_scales_lie_apart(store: Store) -> None:
    keys = [KEY, KEY._replace(rater="ANN"), KEY._replace(scale="arousal"), KEY._replace(rater="../../ann é")]
    for key in keys:
        keep(store, save(0, 0, 0.1, 0.2), key=key)
    assert sorted((t.task, t.scale, t.rater) for t in read_traces(store.home)) == sorted(keys)
    assert {path.parent.parent for path in store.home.rglob("*.jsonl")} == {store.home / "traces" / "saved" / "video"}


def test_a_line_that_a_crash_cut_short_is_as_if_it_had_not_come(store: Store) -> None:
    keep(store, save(0, 0, 0.1, 0.2), save(1, 0.3, 0.4, 0.5))
    path = KEY.path(store.home)
    path.write_bytes(path.read_bytes()[:-20])
    again = Store(store.home)
    assert len(again.newest(KEY).sessions) == 1
    keep(again, save(1, 0.3, 0.4, 0.5), save(2, 0.6))
    assert [len(trace.samples) for trace in read_traces(store.home)] == [7]


def test_two_processes_keep_one_home(store: Store) -> None:
    other = Store(store.home)
    for seq in range(10):
        keep((store, other)[seq % 2], save(seq, 0, 0.1, 0.2))
    assert [len(trace.samples) for trace in read_traces(store.home)] == [30]


def test_of_two_pages_at_once_one_is_kept(store: Store) -> None:
    refused: list[Refused] = []

    def send(session: str) -> None:
        try:
            for seq in range(20):
                keep(Store(store.home), save(seq, 0, 0.1, 0.2, session=session))
        except Refused as error:
            refused.append(error)

    threads = [Thread(target=send, args=(session,)) for session in (PAGE, OTHER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (trace,) = read_traces(store.home)
    assert len(refused) == 1
    assert len(trace.samples) == 60


@given(st.lists(st.one_of(st.integers(1, 8), st.integers(-12, -1)), max_size=30))
def test_a_trace_is_what_was_said_last_of_each_moment(steps: list[int]) -> None:
    """Of samples (a positive count) and steps back, in whatever order."""
    said: dict[int, float] = {}
    current, at = Pass(0), 0
    for seq, step in enumerate(steps):
        value = seq / 100
        if step > 0:
            current.add(save(seq, *[value] * step, at=at), "")
            said |= {at + n: value for n in range(step)}
            at += step
        else:
            at = max(0, at + step)
            current.add(save(seq, cut_us=at * FRAME_US), "")
            said = {n: value for n, value in said.items() if n < at}
    assert dict(zip(current.times, current.values, strict=True)) == {n * FRAME_US: v for n, v in said.items()}


def test_the_scale_decides_what_a_value_may_be(store: Store) -> None:
    one = task(scales=(replace(VALENCE, low=0), AROUSAL))
    with pytest.raises(Refused, match="from 0 to 1"):
        store.save(one, KEY, save(0, -0.1))
    store.save(one, KEY._replace(scale="arousal"), save(0, 7.0))
    with pytest.raises(Refused, match="no scale"):
        store.save(one, KEY._replace(scale="anger"), save(0, 0.1))
