"""A file whose decoded pictures stay at hand: each is decoded once, in bounded memory, and nobody can alter them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.media import number_of, place_of, turn, write_video

from affectory.transforms.media import _reel
from affectory.transforms.media._film import Film, film_of
from affectory.transforms.media._reel import Reel, let_go, reel_of
from affectory.transforms.rows import Reject

FRAME_BYTES = 192 * 144 * 3 // 2


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("reel") / "a.mp4", 90, gop=15, sound=False)


@pytest.fixture
def reel(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reel]:
    made = Reel(str(path))
    yield made
    made.close()


def film(path: Path, start_us: int | None = None, end_us: int | None = None) -> Film:
    return film_of({"original": {"path": str(path)}, "anchor": {"start_us": start_us, "end_us": end_us}})


def numbers(reel: Reel, start_us: int, count: int) -> list[int]:
    found = reel.pictures(start_us)
    return [number_of(next(found).frame.to_ndarray(format="rgb24")) for _ in range(count)]


@pytest.mark.parametrize("order", [(0, 30, 60), (60, 30, 0), (45, 46, 44, 88), (89, 0)])
def test_any_place_in_any_order(order: tuple[int, ...], reel: Reel) -> None:
    for number in order:
        count = min(3, 90 - number)
        assert numbers(reel, round(number * 1e6 / 30), count) == [*range(number, number + count)]


def test_what_is_at_hand_is_not_decoded_again(reel: Reel) -> None:
    first = [picture.frame for picture in reel.pictures(0)]
    again = [picture.frame for picture in reel.pictures(1_000_000)]
    assert len(first) == 90 and all(a is b for a, b in zip(first[30:], again, strict=True))


def test_memory_is_bounded_and_what_was_let_go_comes_again(reel: Reel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_reel, "KEPT_BYTES", 30 * FRAME_BYTES)
    most = 0
    for _ in reel.pictures(0):
        most = max(most, len(reel._kept))
    assert most <= 31
    assert not reel.holds(0, 100_000) and reel.holds(2_900_000, 2_950_000)
    assert numbers(reel, 0, 90) == [*range(90)]


def test_two_who_wind_it_back_and_forth_are_told(reel: Reel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_reel, "KEPT_BYTES", 10 * FRAME_BYTES)
    one = reel.pictures(2_000_000)
    next(one)
    next(reel.pictures(0))
    with pytest.raises(RuntimeError, match="two who look at one file"):
        next(one)


def test_the_last_file_stays_open_until_another_comes_or_it_changes(path: Path, tmp_path: Path) -> None:
    let_go()
    assert reel_of(str(path)) is reel_of(str(path))
    other = write_video(tmp_path / "b.mp4", 10, sound=False)
    first = reel_of(str(other))
    write_video(other, 12, sound=False)
    assert reel_of(str(other)) is not first
    assert len(list(reel_of(str(other)).pictures(0))) == 12


def test_a_file_that_breaks_off_is_read_afresh(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", 60, sound=False)
    data, at = path.read_bytes(), place_of(path, 40)
    path.write_bytes(data[:at] + bytes(900) + data[at + 900 :])
    for _ in range(2):
        with pytest.raises(Reject, match="unreadable"):
            list(film(path).pictures())


def test_damage_between_two_places_is_passed_over_by_whoever_comes(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", 90, gop=15, sound=False)
    data, at = path.read_bytes(), place_of(path, 34)
    path.write_bytes(data[:at] + bytes(300) + data[at + 300 :])
    alone = Reel(str(path))
    expected = numbers(alone, 2_100_000, 9)
    alone.close()
    reading_on = Reel(str(path))
    assert numbers(reading_on, 0, 20) == [*range(20)]
    with pytest.raises(Reject, match="unreadable"):
        numbers(reading_on, 1_000_000, 30)
    assert numbers(reading_on, 0, 20) == [*range(20)]
    assert numbers(reading_on, 2_100_000, 9) == expected == [*range(63, 72)]
    reading_on.close()


def test_a_film_is_the_pictures_that_begin_in_its_stretch(path: Path) -> None:
    seen = film(path, 1_010_000, 1_100_000)
    assert [picture.at_us for picture in seen.pictures()] == [1_033_333, 1_066_667]
    assert seen.on_display is not None and seen.on_display.at_us == 1_000_000
    assert seen.last_us == 1_100_000


def test_a_film_without_a_picture_is_rejected(path: Path) -> None:
    assert list(film(path, 1_001_000, 1_002_000).pictures()) == [], "one is on display all along"
    with pytest.raises(Reject, match="stretch"):
        film(path, 5, 5)


@pytest.mark.parametrize(("max_side", "shape"), [(None, (192, 144, 3)), (96, (96, 72, 3)), (999, (192, 144, 3))])
def test_pixels_are_upright_small_and_nobodys_to_alter(max_side: Any, shape: Any, tmp_path: Path) -> None:
    seen = film(turn(write_video(tmp_path / "a.mp4", 3, sound=False)))
    for number, picture in enumerate(seen.pictures()):
        pixels = seen.rgb(picture, max_side)
        assert pixels.shape == shape and number_of(np.rot90(pixels)) == number
        assert seen.rgb(picture, max_side) is pixels
        with pytest.raises(ValueError, match="read-only"):
            pixels[:] = 0


def test_wide_pixels_are_made_square(tmp_path: Path) -> None:
    seen = film(write_video(tmp_path / "a.mp4", 1, sample_aspect_ratio=2, sound=False))
    (picture,) = seen.pictures()
    assert seen.rgb(picture).shape == (144, 384, 3) and seen.rgb(picture, 96).shape == (36, 96, 3)
