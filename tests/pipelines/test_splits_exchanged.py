"""Splits by exchanges equal those of one process, whatever the layout, the buckets and the rounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import split_oracle
from support.splitting import (
    EVEN,
    Layout,
    Sample,
    as_placement,
    committed,
    exchanged,
    fit_table,
    table_of,
    tokens_of,
)

from affectory.pipelines import exchanges
from affectory.pipelines.connecting import EDGES, connected
from affectory.pipelines.engines.local import Local
from affectory.pipelines.exchanges import Exchanges, Found, Rows, bucket_of, buckets_for
from affectory.pipelines.split_fit import SplitFit
from affectory.pipelines.splits import moved
from affectory.pipelines.splits_exchanged import Placing, SamplesPart
from affectory.pipelines.store.files import LocalFiles
from affectory.pipelines.store.workspace import Workspace

speakers = st.none() | st.integers(0, 9).map(lambda n: f"p{n}")
dialogues = st.none() | st.integers(0, 9).map(lambda n: f"dä {n}")
samples = st.lists(st.tuples(st.integers(0, 9), speakers, dialogues), max_size=16)
kinds = st.lists(st.sampled_from(["speaker", "source", "dialogue", "record"]), min_size=1, max_size=3, unique=True)
groups = [f"{kind}{n}" for kind in ("speaker:p", "dialogue:dä ", "record:r_") for n in range(10)]
fits = st.dictionaries(st.sampled_from(groups), st.sampled_from(sorted(EVEN)), max_size=12)


layouts = st.builds(Layout, st.integers(1, 5), st.integers(1, 4), st.sampled_from([-1, 3, 1000]))


@settings(max_examples=40)
@given(samples, kinds, fits, layouts, st.booleans())
def test_exchanges_place_samples_as_the_oracle_does(
    tmp_path_factory: pytest.TempPathFactory,
    found: list[Sample], by: list[str], fit: Mapping[str, str], layout: Layout, refit: bool,
) -> None:  # fmt: skip
    table = table_of(found)
    expected = split_oracle.place(split_oracle.tokens_of(table, by), EVEN, {} if refit else fit)
    placed, changed, fit_changed = exchanged(tmp_path_factory.mktemp("x"), table, by, fit, layout, refit)
    assert placed == expected
    assert changed == (moved(fit_table(fit), fit_table(expected.fit)) if refit else 0)
    assert fit_changed == (expected.fit != fit)


def test_a_chain_through_all_partitions_is_one_component(tmp_path: Path) -> None:
    """Each sample shares a speaker with the one before and a dialogue with the next: as many rounds as it gets."""
    chain = [(n, f"p{n // 2}", f"d{(n + 1) // 2}") for n in range(60)]
    table = table_of(chain)
    for few in (-1, 5, 1000):
        placed, _, _ = exchanged(tmp_path, table, ["speaker", "dialogue"], {}, Layout(7, 5, few))
        assert len(set(placed.splits.values())) == 1
        assert placed == split_oracle.place(tokens_of(table, ["speaker", "dialogue"]), EVEN, {})


def test_exchanges_through_object_storage_are_those_of_a_disk(tmp_path: Path, bucket: str) -> None:
    table = table_of([(n, f"p{n % 4}", f"d{n // 5}") for n in range(20)])
    fit = {"speaker:p1": "train", "dialogue:d3": "test"}
    here, there = (exchanged(place, table, ["speaker", "dialogue"], fit, Layout()) for place in (tmp_path, bucket))
    assert there == here
    assert there[0].conflicts


nodes = st.integers(0, 30).map(lambda n: f"n{n}")


@settings(max_examples=40)
@given(st.lists(st.tuples(nodes, nodes).filter(lambda edge: edge[0] != edge[1]), max_size=40), st.integers(1, 4))
def test_rounds_of_stars_find_the_components(
    tmp_path_factory: pytest.TempPathFactory, edges: list[tuple[str, str]], buckets: int
) -> None:
    over = Exchanges(Local(0), LocalFiles(tmp_path_factory.mktemp("x")), "x", buckets)
    table = pa.table([[max(e) for e in edges], [min(e) for e in edges]], schema=EDGES)
    start = [Rows(over.once("start", lambda: table))]
    stars = [rows.read() for rows in connected(over, start, len(edges), few=-1)]
    found = {(row["high"], row["low"]) for star in stars for row in star.to_pylist()}
    apart: list[set[str]] = []
    for edge in edges:
        touched = [group for group in apart if group & set(edge)]
        apart = [group for group in apart if group not in touched] + [set(edge).union(*touched)]
    assert found == {(node, min(group)) for group in apart for node in group - {min(group)}}


words = st.lists(st.text(max_size=20), max_size=12)


@given(words, words, st.integers(1, 9))
def test_a_key_goes_to_the_same_bucket_wherever_it_stands(before: list[str], keys: list[str], buckets: int) -> None:
    alone = [bucket_of(pa.array([key], pa.string()), buckets).to_pylist()[0] for key in keys]
    together = pa.chunked_array([pa.array([*before, *keys], pa.string()).slice(len(before)), pa.array([], pa.string())])
    assert bucket_of(together, buckets).to_pylist() == alone
    assert all(0 <= bucket < buckets for bucket in alone)


def test_keys_are_spread_evenly_and_for_good() -> None:
    keys = pa.array([f"record:r_{n:024x}" for n in range(20_000)])
    shares = np.bincount(np.asarray(bucket_of(keys, 16)), minlength=16) / 20_000
    assert abs(shares - 1 / 16).max() < 0.01
    assert bucket_of(pa.array(["speaker:p_1", "", "ä"]), 1000).to_pylist() == [89, 0, 424]
    assert [buckets_for(n) for n in (0, 1, 100_000, 100_001)] == [1, 1, 1, 2]


@dataclass
class Stumbling:
    """An engine that is killed while it reduces, a bucket later each time."""

    workers: int = 0
    patience: int = 0
    reduced: list[int] = field(default_factory=list)

    def run(self, partitions: Any) -> Any:
        raise AssertionError("partitions are not run here")

    def exchange(self, parts: Sequence[Any], read: Any, reduce: Any) -> None:
        left = [self.patience]

        def counting(bucket: int, rows: pa.Table) -> None:
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            self.reduced.append(bucket)
            reduce(bucket, rows)

        Local(0).exchange(parts, read, counting)

    def close(self) -> None: ...


def count_rows(bucket: int, rows: pa.Table) -> Found:
    return Found({"rows": rows} if bucket else {}, {"rows": rows.num_rows})


@dataclass(frozen=True)
class Numbers:
    """A part: one row for each bucket."""

    def __call__(self, part: int) -> pa.Table:
        return pa.table({"value": [str(part)] * 4, "bucket": pa.array(range(4), pa.int64())})


def test_an_exchange_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    engine = Stumbling(patience=2)
    over = Exchanges(engine, LocalFiles(tmp_path), "x", 4)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            over.run("count", [1, 2, 3], Numbers(), count_rows)
        engine.patience = 1
    engine.patience = 9
    outcome = over.run("count", [1, 2, 3], Numbers(), count_rows)
    assert engine.reduced == [0, 1, 2, 3], "no bucket twice"
    assert outcome.facts() == {"rows": 12, "tables": 3}
    over.run("count", [1, 2, 3], Numbers(), count_rows)
    assert len(engine.reduced) == 4


@pytest.mark.parametrize("lost", ["x/count/rows/000002.parquet", "x/count/done/000002.rows=3.tables=1"])
def test_what_was_swept_from_a_finished_exchange_is_made_again(tmp_path: Path, lost: str) -> None:
    files, engine = LocalFiles(tmp_path), Stumbling(patience=9)
    over = Exchanges(engine, files, "x", 4)
    over.run("count", [1, 2, 3], Numbers(), count_rows)
    files.remove(lost)
    outcome = over.run("count", [1, 2, 3], Numbers(), count_rows)
    assert engine.reduced == [0, 1, 2, 3, 2]
    assert (outcome.facts()["rows"], len(outcome.parts("rows"))) == (12, 3)
    over.remove()
    assert list(files.names()) == []


def test_ranges_follow_one_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    over = Exchanges(Local(0), LocalFiles(tmp_path), "x", 5)
    values = [f"{n:04}" for n in np.random.default_rng(0).permutation(1000)]
    parts = [Rows(over.once(f"part{n}", lambda n=n: pa.table({"value": values[n::3]}))) for n in range(3)]
    outcome = over.in_order("sorted", parts, "value", lambda bucket, rows: Found({"rows": rows.sort_by("value")}))
    pieces = [Rows(part).read()["value"].to_pylist() for part in outcome.parts("rows")]
    assert [value for piece in pieces for value in piece] == sorted(values)
    assert len(pieces) == 5
    assert max(map(len, pieces)) < 300
    assert exchanges.ROWS_A_BUCKET > 300


def test_a_placement_that_is_killed_again_and_again_ends_as_one_that_is_not(tmp_path: Path) -> None:
    """Killed after every bucket: no bucket of any exchange is reduced twice."""
    found = [(n % 10, f"p{n % 7}", f"d{n // 3}") for n in range(30)]
    table, by, fit = table_of(found), ["speaker", "dialogue"], {"speaker:p1": "train", "dialogue:d3": "test"}
    expected, _, _ = exchanged(tmp_path, table, by, fit, Layout())
    workspace, engine = Workspace(tmp_path / "killed"), Stumbling(patience=1)
    keys = committed(workspace, table, 3)
    parts = [SamplesPart(n, str(workspace.root), (key,), tuple(by)) for n, key in enumerate(keys)]
    fits_ = SplitFit(workspace.fits(), by, EVEN)
    fits_.save(fit_table(fit))
    placing = Placing(Exchanges(engine, workspace.exchanges(), "x", 3), parts, EVEN, fits_.parts(), refit=False)
    kills, placed = 0, None
    while placed is None and kills < 100:
        try:
            placed = placing.place()
        except KeyboardInterrupt:
            kills += 1
    assert placed is not None
    assert kills > 5
    assert len(engine.reduced) == sum("/done/" in name for name in workspace.exchanges().names())
    pieces = pa.concat_tables(list(placed.pieces()))
    assert as_placement(placed.splits, placed.conflicts, pieces) == expected


@dataclass
class Weighing(Stumbling):
    """Notes the most rows that came together in each exchange."""

    most: dict[str, int] = field(default_factory=dict)

    def exchange(self, parts: Sequence[Any], read: Any, reduce: Any) -> None:
        def weighing(bucket: int, rows: pa.Table) -> None:
            name = reduce.folder.rsplit("/", 1)[-1]
            self.most[name] = max(self.most.get(name, 0), rows.num_rows)
            reduce(bucket, rows)

        Local(0).exchange(parts, read, weighing)


def test_samples_of_one_speaker_do_not_come_together(tmp_path: Path) -> None:
    """However many they are: a thousand, in ten parts, of which most are torn between two splits."""
    table = table_of([(n, "p", f"d{n % 5}") for n in range(1000)])
    fit = {"speaker:p": "train", "dialogue:d1": "test"}
    engine = Weighing()
    exchanged(tmp_path, table, ["speaker", "dialogue"], fit, Layout(10, 1, 1000, engine))
    torn = engine.most.pop("settle")
    assert 100 <= torn < 120, "those of one part"
    assert engine.most.keys() >= {"meet", "join", "decide", "ask", "give", "own"}
    assert max(engine.most.values()) < 100, engine.most
