"""Laws of a push: whatever lies there, it ends in one task per uid, and no answer is lost."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from affectory.annotation.client.listing import Lying
from affectory.annotation.found import Task
from affectory.annotation.push_plan import Steps, by_overlap, reconcile

UIDS = st.sampled_from(["a", "b", "c", "d"])
PREDICTION = {"result": []}


@st.composite
def lying(draw: st.DrawFn) -> list[Lying]:
    numbers = draw(st.lists(st.integers(1, 40), unique=True, max_size=10))
    small = st.integers(0, 2)
    return [
        Lying(
            number,
            draw(st.one_of(UIDS, st.just(""))),
            draw(st.sampled_from(["old", "new"])),
            draw(st.integers(1, 3)),
            draw(small),
            draw(small),
            draw(small),
            draw(st.booleans()),
        )
        for number in numbers
    ]


@st.composite
def wanted(draw: st.DrawFn) -> list[Task]:
    uids = draw(st.lists(UIDS, unique=True))
    return [
        Task(uid, "new", {}, draw(st.sampled_from([None, PREDICTION])), overlap=draw(st.integers(1, 3))) for uid in uids
    ]


def done(there: list[Lying], steps: Steps, begun: frozenset[int] = frozenset()) -> list[Lying]:
    """What a server does with the steps; tasks that somebody has begun do not go."""
    left = [task for task in there if task.number not in steps.drop or task.number in begun]
    left = [_told(task, steps) for task in left]
    top = max((task.number for task in there), default=0)
    return left + [
        Lying(top + 1 + i, task.uid, task.content, task.overlap, predictions=int(task.prediction is not None))
        for i, task in enumerate(steps.send)
    ]


def _told(task: Lying, steps: Steps) -> Lying:
    if setting := steps.set.get(task.number):
        task = replace(task, overlap=setting.overlap, finished=setting.finished)
    if task.number in steps.predict:
        task = replace(task, predictions=task.predictions + 1)
    return replace(task, predictions=0) if task.number in steps.unpredict else task


def pushed(
    there: list[Lying], tasks: list[Task], begun: frozenset[int] = frozenset()
) -> tuple[list[Lying], Steps, int]:
    """Where a push ends, and after how many looks."""
    held = set[int]()
    for looks in range(1, 10):
        steps = reconcile(there, tasks, held)
        if steps.done:
            return there, steps, looks
        there, held = done(there, steps, begun), held | set(steps.drop)
    raise AssertionError("it does not end")


def touched(task: Lying) -> bool:
    return bool(task.answers or task.skips)


@given(lying(), wanted())
def test_it_ends_soon_and_at_once_when_nothing_changed(there: list[Lying], tasks: list[Task]) -> None:
    end, _, looks = pushed(there, tasks)
    assert looks <= 3
    assert pushed(end, tasks)[2] == 1


@given(lying(), wanted())
def test_each_uid_has_one_task_or_those_that_were_answered(there: list[Lying], tasks: list[Task]) -> None:
    end, steps, _ = pushed(there, tasks)
    lie = Counter(task.uid for task in end if task.uid)
    answered = Counter(task.uid for task in there if touched(task) and task.uid)
    assert lie == {uid: max(answered[uid], uid in steps.numbers) for uid in lie | steps.numbers.keys()}
    assert steps.numbers.keys() == {task.uid for task in tasks}


@given(lying(), wanted())
def test_what_was_answered_and_what_is_not_ours_stays(there: list[Lying], tasks: list[Task]) -> None:
    end = {task.number: task for task in pushed(there, tasks)[0]}
    for task in there:
        if touched(task) or not task.uid:
            kept = end[task.number]
            assert (kept.uid, kept.content, kept.answers, kept.skips) == (
                task.uid,
                task.content,
                task.answers,
                task.skips,
            )


@given(lying(), wanted())
def test_who_is_asked_next_gets_what_was_planned(there: list[Lying], tasks: list[Task]) -> None:
    end, steps, _ = pushed(there, tasks)
    found = {task.number: task for task in end}
    for task in tasks:
        first = found[steps.numbers[task.uid]]
        answers = sum(one.answers for one in end if one.uid == task.uid)
        assert first.finished == (answers >= task.overlap)
        if first.content == task.content:
            assert first.predictions == int(task.prediction is not None)
        else:
            assert task.uid in steps.stale


@given(lying(), wanted())
def test_nobody_is_offered_what_is_not_wanted(there: list[Lying], tasks: list[Task]) -> None:
    end, steps, _ = pushed(there, tasks)
    chosen = set(steps.numbers.values())
    assert all(task.finished for task in end if task.uid and task.number not in chosen)


@given(lying(), wanted(), st.frozensets(st.integers(1, 40)))
def test_what_somebody_has_begun_is_closed_and_stays(
    there: list[Lying], tasks: list[Task], begun: frozenset[int]
) -> None:
    end, _, _ = pushed(there, tasks, begun)
    assert {task.number for task in there} & begun <= {task.number for task in end}


@given(lying(), wanted(), st.randoms())
def test_two_that_see_the_same_in_another_order_decide_the_same(
    there: list[Lying], tasks: list[Task], order: object
) -> None:
    shuffled = sorted(there, key=lambda task: order.random())  # type: ignore[attr-defined]
    mine, others = reconcile(there, tasks), reconcile(shuffled, tasks)
    assert sorted(mine.drop) == sorted(others.drop)
    assert (mine.numbers, mine.set, mine.send) == (others.numbers, others.set, others.send)


def test_most_tasks_need_not_be_told_their_overlap() -> None:
    assert by_overlap([Task("a", "", {}, overlap=n) for n in (1, 2, 2, 3)], 9) == 2
    assert by_overlap([], 9) == 9
