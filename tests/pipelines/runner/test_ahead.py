"""Stages that look at pictures share a pass of decoding, and nobody could tell from what they make."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pytest
from support.media import cut_off, damage, place_of, write_video
from support.steps import PYTHON_PATH, flow, stage
from support.steps_looking import Counted

from affectory.pipelines.runner import ahead
from affectory.pipelines.runner.child import Child
from affectory.pipelines.runner.execute import run_looks
from affectory.pipelines.runner.finish import Finish
from affectory.pipelines.runner.partition import Link, Partition, end_child, run_partition
from affectory.pipelines.store.commits import Counts
from affectory.pipelines.store.workspace import Workspace
from affectory.transforms.media import _decode, _film, _reel
from affectory.transforms.video.clips import Clips
from affectory.transforms.video.frames import Frames
from affectory.transforms.video.scenes import Scenes

SECONDS, FPS = 3, 30
STEPS = (Scenes(min_s=0.5), Clips(crf=40), Frames(count=2), Frames(count=1, mode="motion"))


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    for number in range(3):
        cuts = [30 + number, 60]
        write_video(folder / f"{number}.txt.mp4", SECONDS * FPS, cuts=cuts, size=(96, 72)).rename(
            folder / f"{number}.txt"
        )
    return folder


def partition(folder: Path, films: Path, *steps: Any, isolate: Any = "none", count: int = 3) -> Partition:
    rows = pa.concat_tables([_row(films, number) for number in range(count)])
    Workspace(folder).commits().commit("root", "root", Counts(count, count, count), {"rows": rows}, {})
    links = tuple(Link(stage(step, f"{i}-{type(step).__name__}"), f"{i}") for i, step in enumerate(steps))
    finish = Finish("finish", "", 0.5, ())
    made = Partition(str(folder), 0, "root", count, frozenset({"video"}), links, finish, {"test": str(films)})
    return replace(made, isolate=isolate, until=len(links))


def _row(films: Path, number: int) -> pa.Table:
    asset = hashlib.sha256((films / f"{number}.txt").read_bytes()).hexdigest()
    original, heard = {"asset": asset, "format": "mp4"}, [{"kind": "speech", "start_us": 0, "end_us": 500_000}]
    return flow([""] * (number + 1), "video", original=original, segments=heard).slice(number)


def built(work: Partition, one_by_one: bool = False) -> dict[str, dict[str, list[Any]]]:
    """What the stages of a partition commit, all of them at once or each in a run of its own."""
    for until in range(1, len(work.links) + 1) if one_by_one else [len(work.links)]:
        _reel.let_go()
        run_partition(replace(work, until=until))
    commits, found = Workspace(work.workspace).commits(), {}
    for link in work.links:
        commit = commits.get(link.key)
        tables = {name: commits.read(commit, name) if name in commit.parts else None for name in ("rows", "rejects")}
        found[link.stage.name] = {name: [] if t is None else t.to_pylist() for name, t in tables.items()}
    return found


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each picture of each file is decoded, by file and time."""
    found: Counter[str] = Counter()
    plain = _decode._decoded

    def counting(container: Any, stream: Any, lenient: bool = False) -> Iterator[Any]:
        for picture in plain(container, stream, lenient):
            found[f"{Path(container.name).name} {picture.at_us}"] += 1
            yield picture

    monkeypatch.setattr(_decode, "_decoded", counting)
    return found


@pytest.fixture
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for ten pictures."""
    for module in (_reel, _film):
        monkeypatch.setattr(module, "KEPT_BYTES", 10 * 96 * 72 * 2)


def test_each_picture_is_decoded_once(films: Path, tmp_path: Path, decoded: Counter[str]) -> None:
    built(partition(tmp_path, films, *STEPS))
    assert len(decoded) == 3 * SECONDS * FPS and set(decoded.values()) == {1}


def test_by_themselves_they_would_decode_it_again(films: Path, tmp_path: Path, decoded: Counter[str]) -> None:
    built(partition(tmp_path, films, *STEPS), one_by_one=True)
    assert decoded.total() > 3 * 3 * SECONDS * FPS


@pytest.mark.parametrize("isolate", ["none", "declared"])
def test_sharing_changes_nothing(films: Path, tmp_path: Path, isolate: Any) -> None:
    apart = built(partition(tmp_path / "apart", films, *STEPS), one_by_one=True)
    assert built(partition(tmp_path / "shared", films, *STEPS, isolate=isolate)) == apart
    (rows,) = {len(tables["rows"]) for tables in apart.values()}
    assert rows >= 9
    heard = [row["anchor"]["start_us"] for row in apart["3-Frames"]["rows"] if row["segments"]]
    assert heard == [0, 0, 0], "what is found in a whole is only in the part where it lies"


@pytest.mark.usefixtures("little_room")
def test_what_is_too_long_to_keep_is_shown_to_all_at_once(films: Path, tmp_path: Path, decoded: Counter[str]) -> None:
    steps = (Counted("a"), Clips(crf=40), Frames(count=3), Counted("b"))
    shared = built(partition(tmp_path / "shared", films, *steps))
    assert set(decoded.values()) == {1}
    decoded.clear()
    assert shared == built(partition(tmp_path / "apart", films, *steps), one_by_one=True)
    assert decoded.total() > 3 * 3 * SECONDS * FPS
    assert {row["b"] for row in shared["3-Counted"]["rows"]} == {SECONDS * FPS}


def test_no_more_waits_than_may(
    films: Path, tmp_path: Path, decoded: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    apart = built(partition(tmp_path / "apart", films, *STEPS), one_by_one=True)
    decoded.clear()
    monkeypatch.setattr(ahead, "_MOST", 4)
    assert built(partition(tmp_path / "shared", films, *STEPS)) == apart
    assert max(decoded.values()) > 1, "the rest is looked at in its turn"


@pytest.mark.parametrize("room", [True, False])
@pytest.mark.parametrize("act", ["raise", "write", "reject", "die"])
def test_what_goes_wrong_with_one_concerns_no_other(
    act: str, room: bool, films: Path, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not room:
        request.getfixturevalue("little_room")
    monkeypatch.setenv("PYTHONPATH", PYTHON_PATH)
    end_child()
    steps = (Counted("a"), Counted("b", act), Counted("c"))
    isolate = "declared" if act == "die" else "none"
    shared = built(partition(tmp_path / "shared", films, *steps, isolate=isolate, count=1))
    assert shared == built(partition(tmp_path / "apart", films, *steps, isolate=isolate, count=1), one_by_one=True)
    end_child()
    assert [row["a"] for row in shared["0-Counted"]["rows"]] == [SECONDS * FPS]
    (lost,) = shared["1-Counted"]["rejects"]
    assert lost["reason"] == {"raise": "ValueError", "write": "ValueError", "reject": "filtered", "die": "Crashed"}[act]
    assert not shared["2-Counted"]["rows"]


def test_a_pass_may_take_as_long_as_those_who_share_it_may_by_themselves() -> None:
    class Heard(Child):
        limits: ClassVar[list[float | None]] = []

        def call(self, work: Any, *args: Any, timeout_s: float | None = None, memory_mb: int | None = None) -> Any:
            self.limits.append(timeout_s)

        def hold_to(self, memory_mb: int) -> None:
            pass

    run_looks(Heard(), [stage(Counted("a")), stage(Counted("b"))], flow([""], "video"))
    assert Heard.limits == [None, None, 40]


@pytest.mark.parametrize("order", [(Frames(count=1), Clips()), (Clips(), Frames(count=1))])
@pytest.mark.usefixtures("little_room")
def test_damage_that_one_does_not_see_costs_it_nothing(order: tuple[Any, ...], tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", 900, gop=30, size=(96, 72), sound=False)
    damage(path, place_of(path, 700)).rename(tmp_path / "0.txt")
    shared = built(partition(tmp_path / "shared", tmp_path, *order, count=1))
    assert shared == built(partition(tmp_path / "apart", tmp_path, *order, count=1), one_by_one=True)
    assert [r["reason"] for tables in shared.values() for r in tables["rejects"]] == ["unreadable"]


def test_a_file_that_cannot_be_read_is_told_by_its_stage(tmp_path: Path) -> None:
    cut_off(write_video(tmp_path / "a.mp4", 30)).rename(tmp_path / "0.txt")
    shared = built(partition(tmp_path / "ws", tmp_path, *STEPS, count=1))
    assert [len(tables["rejects"]) for tables in shared.values()] == [1, 0, 0, 0]
