"""What the proxy's home holds comes back as it was written, is private, and is read again when it changed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectory.annotation.proxy.home import (
    Assigned,
    Facts,
    Rater,
    hint_secret,
    link_secret,
    read_assigned,
    read_raters,
    write_assigned,
    write_raters,
)

numbers = st.lists(st.integers(1, 10**9), max_size=5, unique=True).map(tuple)
names = st.text(min_size=1, max_size=8)
plans = st.builds(
    Assigned,
    title=st.text(max_size=8),
    tasks=st.dictionaries(st.integers(1, 10**9), st.fixed_dictionaries({"uid": names, "overlap": st.integers(1, 9)})),
    raters=st.dictionaries(names, numbers, max_size=3),
    anyone=numbers,
    media=st.none() | st.dictionaries(names, numbers, max_size=3),
    suggests=st.booleans(),
)
raters = st.builds(Rater, id=names, role=st.sampled_from(["annotator", "lead"]), withdrawn=st.booleans(),
                   hours=st.none() | st.floats(0, 168))  # fmt: skip


@given(plans)
def test_a_plan_comes_back(tmp_path_factory: pytest.TempPathFactory, plan: Assigned) -> None:
    home = tmp_path_factory.mktemp("home")
    write_assigned(home, 3, plan)
    assert read_assigned(home / "assigned" / "3.json") == plan


@given(st.dictionaries(names, raters, max_size=4))
def test_raters_come_back(tmp_path_factory: pytest.TempPathFactory, people: dict[str, Rater]) -> None:
    home = tmp_path_factory.mktemp("home")
    write_raters(home, people)
    assert read_raters(home) == people


@given(plans, names, st.integers(1, 10**9))
def test_who_is_asked_what_is_what_is_listed(plan: Assigned, rater: str, task: int) -> None:
    for number in (task, *plan.listed(rater), *plan.anyone):
        assert plan.asks(rater, number) == (number in plan.listed(rater))


def test_what_is_written_only_its_owner_reads(tmp_path: Path) -> None:
    write_raters(tmp_path, {"a@x": Rater("A")})
    write_assigned(tmp_path, 1, Assigned())
    link_secret(tmp_path)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.rglob("*")}
    assert modes == {"raters.json": "0o600", "assigned": "0o700", "1.json": "0o600", "link-secret": "0o600"}


def test_secrets_are_made_once_and_differ(tmp_path: Path) -> None:
    assert link_secret(tmp_path) == link_secret(tmp_path)
    assert link_secret(tmp_path).decode() != hint_secret(tmp_path)


def test_facts_follow_the_files(tmp_path: Path) -> None:
    facts = Facts(tmp_path)
    assert facts.rater("a@x") is None and facts.projects() == {}
    write_raters(tmp_path, {"a@x": Rater("A", "lead")})
    write_assigned(tmp_path, 5, Assigned(anyone=(1,)))
    assert facts.rater("a@x") == Rater("A", "lead") and list(facts.projects()) == [5]
    write_raters(tmp_path, {"a@x": Rater("A", withdrawn=True)})
    assert facts.rater("a@x") == Rater("A", withdrawn=True)


def test_an_address_in_other_letters_is_somebody_else(tmp_path: Path) -> None:
    write_raters(tmp_path, {"Lead@x": Rater("L", "lead")})
    assert Facts(tmp_path).rater("lead@x") is None
