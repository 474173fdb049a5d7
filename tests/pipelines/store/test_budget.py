"""What a build may ask of models: claims of processes that know nothing of each other, never more than the limit."""

import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.answering import budget, claims

from affectory.pipelines.store import budget as module
from affectory.pipelines.store.budget import UNLIMITED, Budget, Limits
from affectory.pipelines.store.workspace import Workspace


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test is a process of its own."""
    monkeypatch.setattr(module, "_ROWS", {})


@given(calls=st.integers(0, 60), wanted=st.lists(st.integers(0, 25), max_size=12))
def test_everything_is_granted_until_nothing_is_left(
    tmp_path_factory: pytest.TempPathFactory, calls: int, wanted: list[int]
) -> None:
    found = budget(tmp_path_factory.mktemp("b"), calls)
    granted = [found.claim(n) for n in wanted]
    assert sum(granted) == min(calls, sum(wanted))
    assert all(g <= n for g, n in zip(granted, wanted, strict=True))
    assert found.spent() == (sum(granted), 0.0)


def test_processes_that_claim_at_once_get_exactly_what_there_is(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, get_context("spawn")) as pool:
        granted = list(pool.map(claims, [(str(tmp_path), [7, 1, 5, 13, 9] * 2)] * 4))
    assert sum(granted) == 100
    assert budget(tmp_path, 100).spent() == (100, 0.0), "whoever comes later sees all of it"


def test_money_is_spent_until_it_is_gone(tmp_path: Path) -> None:
    found = budget(tmp_path, cost=1.0)
    assert found.claim(10) == 10
    assert found.claim(10, paid=0.6) == 10
    assert found.claim(10, paid=0.6) == 0, "what came to more was under way before anybody knew"
    found.pay(0.25)
    assert found.spent() == (20, pytest.approx(1.45))
    assert Budget(found.files, "another build", found.limits).claim(1) == 1


def test_both_limits_hold(tmp_path: Path) -> None:
    found = budget(tmp_path, calls=3, cost=1.0)
    assert [found.claim(2), found.claim(2), found.claim(2)] == [2, 1, 0]


def test_storage_elsewhere_is_as_exact(bucket: str) -> None:
    place = f"{bucket}/ws"
    assert budget(place, 100).claim(60) == 60
    module._ROWS.clear()
    assert [budget(place, 100).claim(n) for n in (30, 30)] == [30, 10]


def test_limits_are_told_as_they_are_given() -> None:
    assert str(Limits(1_000_000, 2.5)) == "--max-calls 1000000 --max-cost 2.5"
    assert (bool(Limits(0)), bool(Limits(cost=0.0)), bool(UNLIMITED)) == (True, True, False)
    assert pickle.loads(pickle.dumps(Limits(3))) == Limits(3)


def test_what_a_build_told_is_forgotten_with_it(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.budget(Limits(5), 1).claim(5)
    workspace.forget_asked()
    assert list(workspace.records().names()) == []
