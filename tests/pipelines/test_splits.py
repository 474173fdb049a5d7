"""Splits: groups never cross them, what was placed stays, and nothing depends on order or count."""

import io
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import split_oracle
from support.splitting import as_dict, fit_table, place, tokens_of
from support.steps import flow

from affectory.pipelines.split_fit import SplitFit
from affectory.pipelines.splits import moved
from affectory.pipelines.store.files import LocalFiles

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}
EVEN = {"train": 0.5, "test": 0.5}
Tokens = Mapping[str, list[str]]

GROUPS = [f"{kind}:{i}" for kind in ("speaker", "record") for i in range(8)]
names = st.lists(st.sampled_from(GROUPS), min_size=1, max_size=3)
graphs = st.dictionaries(st.integers(0, 40).map(lambda i: f"s{i}"), names, max_size=14)


def parts(tokens: Tokens) -> list[set[str]]:
    """The connected groups, found the slow way."""
    found: list[set[str]] = []
    for own in tokens.values():
        touched = [group for group in found if group & set(own)]
        found = [group for group in found if group not in touched] + [set(own).union(*touched)]
    return found


def check_no_group_crosses(tokens: Tokens, splits: Mapping[str, str]) -> None:
    where: dict[str, set[str]] = {}
    for sample, split in splits.items():
        for token in tokens[sample]:
            where.setdefault(token, set()).add(split)
    assert all(len(found) == 1 for found in where.values())


@given(graphs)
def test_groups_never_cross_splits(tokens: Tokens) -> None:
    placed = place(tokens, EVEN, {})
    assert placed.conflicts == {}
    assert placed.splits.keys() == tokens.keys()
    for group in parts(tokens):
        assert len({placed.splits[s] for s, own in tokens.items() if group & set(own)}) == 1
    assert placed.fit == {t: placed.splits[s] for s, own in tokens.items() for t in own}


@given(graphs, st.randoms(use_true_random=False))
def test_the_order_of_samples_and_of_their_groups_does_not_matter(tokens: Tokens, random: Any) -> None:
    shuffled = {s: random.sample(tokens[s], len(tokens[s])) for s in random.sample(sorted(tokens), len(tokens))}
    assert place(shuffled, EVEN, {}) == place(tokens, EVEN, {})


@given(graphs, graphs)
def test_what_was_placed_stays_when_samples_are_added(before: Tokens, more: Tokens) -> None:
    first = place(before, EVEN, {})
    tokens = {**more, **before}
    second = place(tokens, EVEN, first.fit)
    assert first.splits.items() <= second.splits.items()
    assert first.fit.items() <= second.fit.items()
    assert moved(fit_table(first.fit), fit_table(second.fit)) == 0
    check_no_group_crosses(tokens, second.splits)
    assert second.splits.keys() | second.conflicts.keys() == tokens.keys()
    assert not second.splits.keys() & second.conflicts.keys()
    bridged = [group for group in parts(tokens) if len({first.fit[t] for t in group if t in first.fit}) > 1]
    for sample in second.conflicts:
        assert any(set(tokens[sample]) <= group for group in bridged), "only those of a bridged group are held back"


@given(graphs, graphs, st.randoms(use_true_random=False))
def test_the_order_does_not_matter_with_a_fit_either(before: Tokens, more: Tokens, random: Any) -> None:
    fit, tokens = place(before, EVEN, {}).fit, {**more, **before}
    shuffled = {s: random.sample(tokens[s], len(tokens[s])) for s in random.sample(sorted(tokens), len(tokens))}
    assert place(shuffled, EVEN, fit) == place(tokens, EVEN, fit)


@given(graphs, graphs)
def test_placing_again_changes_nothing(before: Tokens, more: Tokens) -> None:
    fit, tokens = place(before, EVEN, {}).fit, {**more, **before}
    once = place(tokens, EVEN, fit)
    assert place(tokens, EVEN, once.fit) == once


@given(graphs, st.sets(st.integers(0, 40)))
def test_removing_samples_moves_none_of_the_others(tokens: Tokens, gone: set[int]) -> None:
    first = place(tokens, EVEN, {})
    left = {s: own for s, own in tokens.items() if int(s[1:]) not in gone}
    second = place(left, EVEN, first.fit)
    assert second.splits == {s: first.splits[s] for s in left}
    assert second.fit == first.fit, "those who are gone keep their place for when they come back"


FIT = {"a": "train", "b": "test"}


@pytest.mark.parametrize(
    ("tokens", "splits", "held"),
    [
        ({"s1": ["a"], "s2": ["b"]}, {"s1": "train", "s2": "test"}, []),
        ({"s1": ["a", "new"], "s2": ["new"]}, {"s1": "train", "s2": "train"}, []),
        ({"s1": ["a"], "s2": ["b"], "bridge": ["a", "b"]}, {"s1": "train", "s2": "test"}, ["bridge"]),
        ({"s1": ["a"], "s2": ["b"], "x": ["a", "new"], "y": ["new", "b"]}, {"s1": "train", "s2": "test"}, ["x", "y"]),
        ({"s1": ["a"], "x": ["a", "n"], "y": ["n", "m"], "z": ["m", "b"]}, {"s1": "train"}, ["x", "y", "z"]),
    ],
    ids=["known", "a known group grows", "a bridge", "a bridge of two", "a long bridge"],
)
def test_who_joins_groups_of_different_splits_is_held_back(
    tokens: Tokens, splits: Mapping[str, str], held: list[str]
) -> None:
    placed = place(tokens, EVEN, FIT)
    assert placed.splits == splits
    assert list(placed.conflicts) == held
    assert all("test, train" in why and "--refit" in why for why in placed.conflicts.values())


def test_a_refit_places_bridges_and_says_what_moved() -> None:
    tokens = {"s1": ["a"], "s2": ["b"], "bridge": ["a", "b"]}
    refitted = place(tokens, EVEN, {})
    assert refitted.conflicts == {}
    assert len(set(refitted.splits.values())) == 1
    assert moved(fit_table(FIT | {"gone": "test"}), fit_table(refitted.fit)) == 1


sparse = st.dictionaries(st.sampled_from([f"speaker:{i}" for i in range(12)]), st.sampled_from(["test", "train", "ex"]))


@given(graphs, sparse, st.sampled_from([EVEN, SHARES, {"a": 1.0, "train": 0.0}]))
def test_columns_are_placed_as_samples_one_by_one_are(
    tokens: Tokens, fit: Mapping[str, str], shares: Mapping[str, float]
) -> None:
    assert place(tokens, shares, fit) == split_oracle.place(tokens, shares, fit)


values = st.none() | st.sampled_from(["a", "ä", "a:b", 'z"', "", "😀", "\x01"])
rows = st.lists(st.tuples(st.sampled_from("pqrst"), values, values), max_size=8)
KINDS = ("speaker", "source", "dialogue", "record")


@given(rows, st.lists(st.sampled_from(KINDS), min_size=1, max_size=4, unique=True))
def test_groups_are_read_as_they_are_one_by_one(found: list[tuple[str, str | None, str | None]], by: list[str]) -> None:
    """Of a sample that is there twice, the last counts."""
    table = flow([text for text, _, _ in found])
    for at, (name, column) in enumerate([("sample_id", 0), ("speaker", 1), ("dialogue", 2)]):
        values = pa.array([row[column] for row in found], pa.string())
        table = table.set_column(table.column_names.index(name), name, values)
        assert at == column
    mine, theirs = tokens_of(table, by), split_oracle.tokens_of(table, by)
    assert {s: set(own) for s, own in mine.items()} == {s: set(own) for s, own in theirs.items()}
    assert place(mine, EVEN, {}) == split_oracle.place(theirs, EVEN, {})


def test_shares_are_kept_over_many_groups() -> None:
    tokens = {f"s{i}": [f"speaker:p_{i}"] for i in range(5000)}
    counts = Counter(place(tokens, SHARES, {}).splits.values())
    for name, share in SHARES.items():
        # Four standard deviations; hashes are fixed, so that this holds for good or not at all.
        assert abs(counts[name] - 5000 * share) < 4 * (5000 * share * (1 - share)) ** 0.5


def test_a_larger_share_takes_nothing_from_where_it_was() -> None:
    """Of the ways to draw by a hash, this one moves only those at the edges."""
    tokens = {f"s{i}": [f"g{i}"] for i in range(500)}
    small, large = place(tokens, {"a": 0.3, "b": 0.7}, {}).splits, place(tokens, {"a": 0.5, "b": 0.5}, {}).splits
    assert {s for s, split in small.items() if split == "a"} < {s for s, split in large.items() if split == "a"}


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ({"train": 1.0}, {"train"}),
        ({"train": 1.0, "test": 0.0}, {"train"}),
        ({"train": 0.5, "test": 0.0}, {"train"}),
        ({"empty": 0.0, "all": 1.0}, {"all"}),
    ],
)
def test_a_share_of_nothing_gets_nothing(shares: Mapping[str, float], expected: set[str]) -> None:
    tokens = {f"s{i}": [f"g{i}"] for i in range(200)}
    assert set(place(tokens, shares, {}).splits.values()) == expected


@given(st.integers(0, 10_000), st.integers(1, 9))
def test_shares_that_add_up_to_a_little_less_place_everyone(number: int, count: int) -> None:
    shares = {f"x{i}": 1 / count - 1e-12 for i in range(count)}
    assert place({"s": [f"g{number}"]}, shares, {}).splits["s"] in shares


def test_no_samples_need_no_splits() -> None:
    assert place({}, SHARES, FIT).fit == FIT
    assert place({}, SHARES, {}).splits == {}


@pytest.mark.parametrize(
    ("by", "tokens"),
    [
        (("speaker",), [["speaker:p"], ["record:r_1"]]),
        (("speaker", "source"), [["speaker:p", "record:r_0"], ["record:r_1"]]),
        (("source",), [["record:r_0"], ["record:r_1"]]),
        (("record",), [["record:r_0"], ["record:r_1"]]),
        (("dialogue",), [["dialogue:d"], ["dialogue:d"]]),
        (("dialogue", "speaker"), [["dialogue:d", "speaker:p"], ["dialogue:d"]]),
    ],
)
def test_the_groups_of_a_sample_are_those_that_were_asked_for(by: tuple[str, ...], tokens: list[list[str]]) -> None:
    table = flow(["a", "b"], dialogue="d")
    at = table.column_names.index("speaker")
    table = table.set_column(at, "speaker", pa.array(["p", None], pa.string()))
    found = tokens_of(table, by)
    assert [set(found[sample]) for sample in table.column("sample_id").to_pylist()] == [set(own) for own in tokens]
    assert list(found) == sorted(table.column("sample_id").to_pylist())


@pytest.fixture
def fit(tmp_path: Path) -> SplitFit:
    return SplitFit(LocalFiles(tmp_path), ("speaker",), SHARES)


def test_a_fit_is_kept_in_versions_and_only_when_it_changed(fit: SplitFit, tmp_path: Path) -> None:
    assert as_dict(fit.load(), "split") == {}
    versions = [fit.version]
    for saved in ({"b": "test", "a": "train"}, {"a": "train", "b": "test"}, {"a": "test", "b": "test"}):
        fit.save(fit_table(saved))
        assert as_dict(fit.load(), "split") == saved
        versions.append(fit.version)
    assert len(list(tmp_path.rglob("*.parquet"))) == 2
    assert versions[1] == versions[2]
    assert len(set(versions)) == 3


def test_nothing_to_keep_is_not_kept(fit: SplitFit, tmp_path: Path) -> None:
    fit.save(fit_table({}))
    assert list(tmp_path.rglob("*")) == []


def test_rules_of_other_groups_or_shares_have_fits_of_their_own(fit: SplitFit, tmp_path: Path) -> None:
    fit.save(fit_table({"a": "train"}))
    files = LocalFiles(tmp_path)
    assert SplitFit(files, ("speaker",), dict(SHARES)).load().to_pylist() == [{"group": "a", "split": "train"}]
    assert SplitFit(files, ("dialogue",), SHARES).load().num_rows == 0
    assert SplitFit(files, ("speaker",), EVEN).load().num_rows == 0


def test_the_twelfth_version_comes_after_the_second(fit: SplitFit) -> None:
    for number in range(12):
        fit.save(fit_table({"a": f"split-{number}"}))
    assert as_dict(fit.load(), "split") == {"a": "split-11"}


def test_the_bytes_of_a_fit_tell_nothing_of_the_pieces_it_was_written_in(
    fit: SplitFit, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = fit_table({f"speaker:{i:04}": "train" if i % 3 else "test" for i in range(2500)})
    monkeypatch.setattr("affectory.pipelines.remembered._ROWS", 1000)
    whole = io.BytesIO()
    pq.write_table(table, whole, compression="zstd", row_group_size=1000)
    for pieces in ([table], [table.slice(0, 7), table.slice(7, 2100), table.slice(2107)]):
        fit.write(pieces)
        newest = fit.newest()
        assert newest is not None
        assert fit.files.read(newest) == whole.getvalue()
