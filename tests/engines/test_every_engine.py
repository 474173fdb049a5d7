"""One suite over engines: whichever runs a build, with however many workers, what comes out is the same."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support.dealing import First
from support.matrix import EXTRA_STEPS, SIZES, WORKERS, WORLDS, Case, Row, covering, known_steps, run_case, steps_of
from support.partitions import Build, counts
from support.project import TEXTS, Project, texts
from support.steps_asking import asked, oracle_stage

from affectory.pipelines import discovery
from affectory.pipelines.engines.base import Choice, names, opened
from affectory.pipelines.engines.local import Local
from affectory.pipelines.process import TooManyFailed
from affectory.pipelines.retry import mark_for_retry
from affectory.pipelines.rules import VAD_MEAN
from affectory.pipelines.runner.partition import PartitionReport
from affectory.pipelines.store.commits import Commit, Counts
from affectory.pipelines.store.files import LocalFiles
from affectory.pipelines.store.workspace import Workspace
from affectory.schemas.errors import UserError

pytestmark = pytest.mark.usefixtures("ray_where_named", "steps_found")
ENGINES = names()
_ODD = {("rejected", reason) for reason in ("bad_row", "duplicate", "too_short")}
LOST = {
    "demo": {*_ODD, ("rejected", "empty"), ("rejected", "unreadable")},
    "texts": {*_ODD, ("rejected", "unknown_record")},
    "media": {("rejected", "empty"), ("rejected", "unreadable")},
    "conversations": {("failed", "ConnectionError")},
    "recordings": {("rejected", "duplicate"), ("rejected", "unreadable")},
    "chats": {("rejected", "duplicate"), ("rejected", "filtered"), ("rejected", "too_short")},
    "sources": {("rejected", reason) for reason in ("bad_row", "outside_root", "unreadable")},
    "talked about": {("failed", "ConnectionError"), ("rejected", "too_long")},
    "made": {("rejected", "duplicate")},
}
FANNED_OUT = {"demo", "media", "recordings", "chats", "made"}
ELSEWHERE = {"asr", "egemaps", "person_names"}
"""Steps whose models are too heavy for every engine, or not installed: they ask and read as all others do."""


@pytest.fixture(scope="module")
def steps_found() -> Iterator[None]:
    with known_steps():
        yield


@pytest.mark.parametrize("case", covering(), ids=str)
def test_a_recipe_leads_to_the_same_release(case: Case, tmp_path: Path, first: First) -> None:
    row = run_case(case, tmp_path / "p")
    other: Row = first.of(case.world, row)
    assert row.result == other.result, f"not what {other.case} led to"
    assert {(lost["outcome"], lost["reason"]) for lost in row.rejects} == LOST[case.world]
    assert any(c.out > c.kept for c in row.stages.values()) == (case.world in FANNED_OUT)
    for stage, c in row.stages.items():
        assert c.rows_in == c.kept + c.rejected + c.failed, stage


def test_the_recipes_name_every_step(tmp_path: Path) -> None:
    named = {step for world, lay in WORLDS.items() for step in steps_of(lay(tmp_path / world))}
    assert named - set(EXTRA_STEPS) == set(discovery.steps()) - set(EXTRA_STEPS) - ELSEWHERE


def test_a_recipe_names_every_rule(tmp_path: Path) -> None:
    named = {rule.name for rule in WORLDS["texts"](tmp_path).bound().recipe.rules()}
    assert named == set(discovery.modules("views")) - {VAD_MEAN}


def test_any_two_circumstances_meet() -> None:
    factors: dict[str, Sequence[Any]] = {"world": [*WORLDS], "engine": ENGINES, "workers": WORKERS, "rows": SIZES}
    for one, other in combinations(factors, 2):
        met = {(getattr(case, one), getattr(case, other)) for case in covering()}
        assert met == set(product(factors[one], factors[other])), (one, other)


def troubled(folder: Path, step: str, word: str, trouble: Path) -> Project:
    """Twelve lines; `step` makes trouble at those with a word, while a file is there."""
    made = texts(folder, 12)
    recipe = {**TEXTS, "ingest": [*TEXTS["ingest"], {step: {"word": word, "while_there": str(trouble)}}]}
    made.recipe.write_text(yaml.safe_dump({**recipe, "limits": {"max_failed": 0.5}}, sort_keys=False))
    return made


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[Path, str]]:
    """For each step that makes trouble: the file on which that depends, and the release without it."""
    found = {}
    for step, word in (("flaky", "joy"), ("halting", "Line 7")):
        folder = tmp_path_factory.mktemp(step)
        made = troubled(folder / "calm", step, word, folder / "trouble")
        found[step] = folder / "trouble", made.build().release_hash
    return found


@pytest.mark.parametrize("engine", ENGINES)
def test_too_many_failures_stop_a_build_and_a_retry_mends_it(
    engine: str, tmp_path: Path, calm: Mapping[str, tuple[Path, str]]
) -> None:
    trouble, release = calm["flaky"]
    made = troubled(tmp_path, "flaky", "joy", trouble)
    strict = ("limits.max_failed=0.2", "limits.min_for_max_failed=4")
    trouble.touch()
    with pytest.raises(TooManyFailed) as caught:
        made.build(*strict, engine=engine, workers=2)
    trouble.unlink()
    assert (caught.value.stage, caught.value.failed, caught.value.seen) == ("flaky", 3, 12)
    assert mark_for_retry(made.workspace, "ConnectionError") == 3
    mended = made.build(*strict, engine=engine, workers=2)
    assert (mended.kept, mended.failed) == (12, 0)
    assert made.build(engine="local").release_hash == release


def commits_of(made: Project) -> dict[str, Commit]:
    store = Workspace(made.workspace).commits()
    return {key: store.get(key) for key in sorted(store.keys())}


def written(made: Project) -> Counter[str]:
    """How often the parts of each key were written: twice would mean that work was done again."""
    return Counter(path.name.split("-")[0] for path in (made.workspace / "derived" / "parts").rglob("*.parquet"))


@pytest.mark.parametrize(("one", "other"), list(pairwise([*ENGINES, ENGINES[0]])))
def test_what_one_engine_began_another_ends(
    one: str, other: str, tmp_path: Path, calm: Mapping[str, tuple[Path, str]]
) -> None:
    trouble, release = calm["halting"]
    made = troubled(tmp_path, "halting", "Line 7", trouble)
    trouble.touch()
    with pytest.raises(UserError, match="no key for 'Line 7'\n  set it"):
        made.build(engine=one, workers=1, partition_rows=3)
    trouble.unlink()
    before, parts = commits_of(made), written(made)
    events: list[dict[str, Any]] = []
    ended = made.build(engine=other, workers=2, partition_rows=3, listeners=(events.append,))
    new = [commit for key, commit in commits_of(made).items() if key not in before]
    ran = Counter(event["stage"] for event in events if event["event"] == "stage")
    assert ran == Counter(commit.stage for commit in new if commit.stage != "split")
    assert 0 < ran["label"] <= 4 and ran["clean_text"] < 4, "nothing was done before the stop"
    assert all(written(made)[key] == count for key, count in parts.items() if key in before)
    assert ended.release_hash == release
    assert made.build(engine=one, workers=1).partitions_run == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_a_model_is_asked_about_each_text_once(engine: str, tmp_path: Path) -> None:
    (tmp_path / "asked").mkdir()
    one = Build(tmp_path / "w", (oracle_stage(tmp_path / "asked"),))
    partitions = one.partitions([["a", "bb", "reject"], ["raise", "ccc"], ["dddd"]])
    with opened(Choice(engine, 1)) as chosen:
        reports = [report for report in chosen.run(partitions) if isinstance(report, PartitionReport)]
    assert counts(reports, "oracle") == Counts(6, 4, 4, 1, 1)
    assert asked(tmp_path / "asked") == ["a", "bb", "ccc", "dddd", "raise", "reject"]


@dataclass(frozen=True)
class Numbers:
    """A part's numbers, in buckets by their last digit; the ninth part has none."""

    def __call__(self, part: int) -> pa.Table:
        numbers = range(part * 10, part * 10 + (15 if part != 9 else 0))
        buckets = pa.array([n % 10 for n in numbers], pa.int64())
        return pa.table({"bucket": buckets, "number": pa.array(numbers, pa.int64())})


@dataclass(frozen=True)
class Sums:
    """Writes down what a bucket held, under a name of its own for each time."""

    folder: str

    def __call__(self, bucket: int, rows: pa.Table) -> None:
        found = sorted(zip(rows.column("bucket").to_pylist(), rows.column("number").to_pylist(), strict=True))
        LocalFiles(Path(self.folder)).create(f"{bucket}", repr(found).encode())


@pytest.mark.parametrize("engine", ENGINES)
def test_an_exchange_brings_each_bucket_together_whole(engine: str, tmp_path: Path) -> None:
    with opened(Choice(engine, 2)) as chosen:
        chosen.exchange(list(range(12)), Numbers(), Sums(str(tmp_path)))
    every = [n for part in range(12) for n in Numbers()(part).column("number").to_pylist()]
    wanted = {str(b): repr(sorted((b, n) for n in every if n % 10 == b)) for b in range(10)}
    files = LocalFiles(tmp_path)
    assert {name: files.read(name).decode() for name in files.names()} == wanted


@given(st.lists(st.lists(st.tuples(st.integers(-3, 3), st.integers()), max_size=5), max_size=5))
def test_the_local_exchange_loses_and_invents_nothing(parts: list[list[tuple[int, int]]]) -> None:
    met: dict[int, list[int]] = {}

    def read(part: list[tuple[int, int]]) -> pa.Table:
        buckets = pa.array([bucket for bucket, _ in part], pa.int64())
        return pa.table({"bucket": buckets, "number": pa.array([str(n) for _, n in part], pa.string())})

    def reduce(bucket: int, given_rows: pa.Table) -> None:
        assert bucket not in met
        met[bucket] = sorted(map(int, given_rows.column("number").to_pylist()))

    Local(0).exchange(parts, read, reduce)
    rows = [row for part in parts for row in part]
    assert met == {bucket: sorted(n for b, n in rows if b == bucket) for bucket, _ in rows}
