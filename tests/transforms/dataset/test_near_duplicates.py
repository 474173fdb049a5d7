"""Near-duplicates: who is alike, who belongs together, who is kept, and what stays decided."""

import random
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from support import media
from support.fitting import ALONE, Layout, fitted
from support.project import write_image
from support.steps import flow

from affectory.schemas.types import ANCHOR, FRAMES, MEDIA
from affectory.transforms.audio._working import Sound
from affectory.transforms.dataset._alike import Sounds, packed
from affectory.transforms.dataset._sounds import fingerprint
from affectory.transforms.dataset.near_duplicates import NearDuplicates

TEXTS = NearDuplicates(text=0.7)
ONE = NearDuplicates(text=0.7, keep="one")
LONG = "there was once a small house at the end of a long road where nobody ever went and nothing ever happened"
NEARLY = LONG.replace("happened", "changed")
OTHER = "she said that all of it would be over by the end of the week and then laughed about it for a while"
Groups = list[list[int]]


def groups(step: NearDuplicates, table: pa.Table, memory: pa.Table | None = None, layout: Layout = ALONE) -> Groups:
    """Which rows belong together."""
    told, _ = fitted(step, table, memory, layout)
    found: dict[str, list[int]] = {}
    for at, group in enumerate(told.column("_group").to_pylist()):
        if group is not None:
            found.setdefault(group, []).append(at)
    return sorted(found.values())


def outcome(step: NearDuplicates, table: pa.Table, memory: pa.Table | None = None) -> tuple[list[int], dict[int, str]]:
    """The rows that are kept, and of those that are not the reason."""
    told, _ = fitted(step, table, memory)
    batch = table
    for name in told.column_names[1:]:
        batch = batch.append_column(name, told.column(name))
    result = step.setup()(batch)
    result.check(table.num_rows, "near_duplicates")
    return result.origin.tolist(), {x.row: x.detail for x in result.rejected}


def with_columns(table: pa.Table, **columns: Sequence[Any]) -> pa.Table:
    for name, values in columns.items():
        at = table.column_names.index(name)
        table = table.set_column(at, name, pa.array(values, table.schema.field(name).type))
    return table


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([LONG, NEARLY, OTHER], [[0, 1]]),
        ([LONG, LONG.upper() + " ...", OTHER], [[0, 1]]),
        (["What?", "What?", "What"], [[0, 1, 2]]),
        (["What?", "Why?", "", "!?", None], []),
        (["\U0001f600 \U0001f600", "\U0001f600 \U0001f600", "\U0001f600"], [[0, 1]]),
        (["...", "...", "!"], [[0, 1]]),
        (
            ["今天天气很好我们一起去公园玩吧", "今天天气很好我们一起去公园玩吧!", "明天会下雨所以我们留在家里看书"],
            [[0, 1]],
        ),
        (["می‌خواهم بروم خانه و بخوابم امشب", "می‌خواهم بروم خانه و بخوابم امشب", "نه"], [[0, 1]]),
    ],
    ids=["near", "case and dots", "short", "nothing in common", "emoji", "only signs", "chinese", "persian"],
)
def test_texts_that_are_alike_belong_together(texts: list[str | None], expected: Groups) -> None:
    assert groups(TEXTS, with_columns(flow([""] * len(texts)), text=texts)) == expected


def words(seed: int, count: int) -> list[str]:
    return [f"w{number}" for number in random.Random(seed).choices(range(5000), k=count)]


def shingles(text: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(text[at : at + 5]) for at in range(max(1, len(text) - 4))}


@pytest.mark.parametrize("length", [6, 14, 40, 130, 700])
def test_the_share_of_shingles_decides(length: int) -> None:
    """Of pairs well above the threshold nearly all are found, of those well below none."""
    pairs, shares = list[str](), list[float]()
    for seed in range(60):
        one, other = words(seed, length), words(seed, length)
        for at in random.Random(-seed).sample(range(length), k=min(length, 1 + seed % max(2, length // 12))):
            other[at] = "changed"
        pairs += [" ".join(one), " ".join(other)]
        both = shingles(one) & shingles(other)
        shares.append(len(both) / len(shingles(one) | shingles(other)))
    found = {tuple(group) for group in groups(TEXTS, flow(pairs))}
    sure = [at for at, share in enumerate(shares) if share > 0.82]
    missed = [at for at in sure if (2 * at, 2 * at + 1) not in found]
    assert len(missed) <= len(sure) * 0.03
    assert not [at for at, share in enumerate(shares) if share < 0.5 and (2 * at, 2 * at + 1) in found]


def test_short_texts_are_not_taken_for_others() -> None:
    """Each of them is one shingle."""
    texts = sorted({" ".join(words(seed, 4)) for seed in range(3000)})
    assert groups(TEXTS, flow([*texts, texts[0].upper()])) == [[0, len(texts)]]


def test_one_of_a_group_is_kept_and_named() -> None:
    table = flow([LONG, OTHER, NEARLY, LONG])
    kept, rejected = outcome(ONE, table)
    assert len(kept) == 2 and 1 in kept
    [other] = [at for at in kept if at != 1]
    name = f"nearly or exactly the same as {table.column('sample_id')[other]} ({other}.txt)"
    assert set(rejected.values()) == {name}
    assert outcome(TEXTS, table) == ([0, 1, 2, 3], {})


def chain(count: int) -> list[str]:
    """Texts each of which is like the next one, and unlike the one after that."""
    every = words(1, 100 + 20 * count)
    return [" ".join(every[20 * at : 20 * at + 100]) for at in range(count)]


@pytest.mark.parametrize("layout", [ALONE, Layout(3), Layout(4, buckets=3)], ids=str)
def test_nobody_goes_for_one_that_is_not_like_them_or_goes_too(layout: Layout) -> None:
    step, texts = NearDuplicates(text=0.53, keep="one"), chain(12)
    table = flow(texts)
    told, memory = fitted(step, table, layout=layout)
    assert len(set(told.column("_group").to_pylist())) == 1
    instead = {row["unit"]: row["instead"] for row in memory.to_pylist()}
    at = {unit: number for number, unit in enumerate(table.column("sample_id").to_pylist())}
    gone = {unit: other for unit, other in instead.items() if other}
    assert gone and all(instead[other] is None and abs(at[unit] - at[other]) == 1 for unit, other in gone.items())
    kept = sorted(at[unit] for unit in instead if unit not in gone)
    assert all(b - a > 1 for a, b in pairwise(kept))


def test_a_dialogue_is_compared_as_a_whole() -> None:
    lines = ["What?", "What?", LONG, "What?", LONG, "What?", OTHER, "What?", NEARLY]
    dialogue = ["a", "a", "a", "b", "b", "c", "c", None, None]
    table = with_columns(flow(lines), dialogue=dialogue, position=[0, 1, 2, 0, 1, 0, 1, None, None])
    assert groups(NearDuplicates(text=0.9), table) == [[0, 1, 2, 3, 4]]
    assert groups(NearDuplicates(text=0.7), table) == [[0, 1, 2, 3, 4, 8]]
    kept, rejected = outcome(NearDuplicates(text=0.9, keep="one"), table)
    assert kept in ([0, 1, 2, 5, 6, 7, 8], [3, 4, 5, 6, 7, 8])
    assert all("dialogue:test:" in detail for detail in rejected.values())


def test_the_same_lines_in_another_order_are_another_dialogue() -> None:
    table = with_columns(flow(["a!", "b!", "b!", "a!", "a!", "b!"]), dialogue=[*"xxyyzz"], position=[0, 1, 0, 1, 0, 1])
    assert groups(NearDuplicates(), table) == [[0, 1, 4, 5]]


def test_matched_sets_stay_whole() -> None:
    extra = [[("pair", "1")], [("pair", "1")], [("pair", "2")], [("pair", "2")], [], None]
    table = with_columns(flow([LONG, OTHER, LONG, *chain(1), LONG, OTHER]), extra=extra)
    assert groups(NearDuplicates(text=0.9, sets="pair"), table) == []
    assert groups(NearDuplicates(text=0.9), table) == [[0, 2, 4], [1, 5]]


def test_samples_of_one_record_are_not_compared() -> None:
    anchors = [{"record": record} for record in ("a", "a", "b", "b", "c")]
    table = with_columns(flow([LONG, LONG, OTHER, OTHER, OTHER]), anchor=anchors)
    assert groups(NearDuplicates(text=0.7), table) == [[2, 3, 4]]
    assert groups(NearDuplicates(), table) == [[2, 3, 4]]
    kept, rejected = outcome(ONE, table)
    assert {0, 1} < set(kept) and rejected
    assert not any(detail.endswith(f"({at}.txt)") for at, detail in rejected.items())


def test_groups_of_an_earlier_use_of_the_step_stay() -> None:
    table = with_columns(flow([LONG, NEARLY, OTHER]), duplicates=[None, None, "d_earlier"])
    told, _ = fitted(TEXTS, table)
    made = TEXTS.setup()(table.append_column("_group", told["_group"]).append_column("_instead", told["_instead"]))
    one, other, earlier = made.rows.column("duplicates").to_pylist()
    assert one == other != earlier == "d_earlier"


def test_whoever_is_kept_stays_kept() -> None:
    """Among many equals the old one stays, whatever the ids of new ones."""
    for old in range(6):
        _, memory = fitted(ONE, flow([LONG] * 6).slice(old, 1))
        kept, rejected = outcome(ONE, flow([LONG] * 6), memory)
        assert kept == [old] and len(rejected) == 5


def test_a_group_keeps_its_name() -> None:
    table = flow([*chain(3), *chain(3)])
    step = NearDuplicates(text=0.53)
    first, memory = fitted(step, table.slice(0, 2))
    then, again = fitted(step, table, memory)
    assert set(then.column("_group").to_pylist()) == set(first.column("_group").to_pylist())
    _, fresh = fitted(step, table, again)
    assert fresh.equals(again)


def test_what_was_rejected_comes_back_when_the_other_is_gone() -> None:
    table = flow([LONG] * 3)
    kept, _ = outcome(ONE, table)
    _, memory = fitted(ONE, table)
    left = table.filter(pa.array([at != kept[0] for at in range(3)]))
    assert len(outcome(ONE, left, memory)[0]) == 1


CHOICES = st.lists(st.sampled_from([LONG, NEARLY, OTHER, "What?", "", *chain(5)]), max_size=24)
LAYOUTS = st.sampled_from([Layout(2), Layout(5), Layout(3, buckets=1), Layout(4, buckets=5)])


@settings(max_examples=12)
@given(CHOICES, st.data(), LAYOUTS)
def test_no_layout_shows(texts: list[str], data: st.DataObject, layout: Layout) -> None:
    dialogues = data.draw(st.lists(st.sampled_from(["a", "b", None]), min_size=len(texts), max_size=len(texts)))
    records = data.draw(st.lists(st.integers(0, 9), min_size=len(texts), max_size=len(texts)))
    table = with_columns(flow(texts), dialogue=dialogues, anchor=[{"record": f"r{n}"} for n in records])
    step = NearDuplicates(text=0.53, keep="one")
    told, memory = fitted(step, table)
    assert fitted(step, table, layout=layout) == (told, memory)
    assert fitted(step, table, memory, layout) == (told, memory), "what is remembered changed what is decided"


def pictures(paths: Sequence[Path], column: str = "image") -> pa.Table:
    table = flow([""] * len(paths), kind="image")
    return with_columns(table, **{column: [{"asset": path.name, "path": str(path)} for path in paths]})


def test_pictures_that_look_alike_belong_together(tmp_path: Path) -> None:
    from PIL import Image, ImageEnhance, ImageFilter

    def save(image: Image.Image, name: str, **more: Any) -> Path:
        image.save(tmp_path / name, **more)
        return tmp_path / name

    rng = random.Random(1)
    shapes = [Image.effect_mandelbrot((160, 120), (-2 + 0.4 * n, -1.5, 1, 1.1), 60).convert("RGB") for n in range(2)]
    soft = shapes[0].filter(ImageFilter.GaussianBlur(2))
    found = [
        save(soft, "a.png"),
        save(soft, "a.jpg", quality=40),
        save(soft.resize((100, 75)), "small.png"),
        save(ImageEnhance.Brightness(soft).enhance(0.8), "dark.png"),
        save(shapes[1].filter(ImageFilter.GaussianBlur(2)), "b.png"),
        write_image(tmp_path / "noise.png", rng.randrange(99)),
        save(Image.new("RGB", (20, 20), "red"), "red.png"),
        save(Image.new("RGB", (20, 20), "blue"), "blue.png"),
    ]
    assert groups(NearDuplicates(image=6), pictures(found)) == [[0, 1, 2, 3]]
    assert groups(NearDuplicates(image=6), pictures(found, "original")) == [[0, 1, 2, 3]]
    assert groups(NearDuplicates(), pictures([*found, found[4]])) == [[4, 8]]


def test_a_picture_that_cannot_be_read_fails_alone(tmp_path: Path) -> None:
    (tmp_path / "not.png").write_bytes(b"no picture")
    table = pictures([write_image(tmp_path / "a.png", 1), tmp_path / "not.png", tmp_path / "gone.png"])
    result = NearDuplicates(image=6).signer()(table)
    assert result.origin.tolist() == [0]
    assert [(x.row, x.reason) for x in result.rejected] == [(1, "unreadable")]
    assert [(x.row, x.error) for x in result.failed] == [(2, "FileNotFoundError")]


def melody(seed: int, seconds: float = 3.0) -> Any:
    """Notes that follow one another, over a little noise."""
    rng = np.random.default_rng(seed)
    notes = [media.tone(0.25, hertz=float(hertz), level=0.3) for hertz in rng.uniform(220, 2500, round(seconds * 4))]
    sound = np.concatenate(notes, axis=1)
    return sound + (0.02 * rng.standard_normal(sound.shape)).astype(np.float32)


def test_sounds_that_were_encoded_again_or_made_louder_belong_together(tmp_path: Path) -> None:
    one, other = melody(1), melody(2)
    found = [
        media.write_sound(tmp_path / "one.wav", one),
        media.write_sound(tmp_path / "loud.wav", one * 1.8),
        media.write_sound(tmp_path / "one.m4a", one, codec="aac", bit_rate=48_000),
        media.write_sound(tmp_path / "other.wav", other),
        media.write_sound(tmp_path / "silence.wav", one * 0),
        media.write_sound(tmp_path / "short.wav", one[:, :1600]),
        media.write_sound(tmp_path / "short too.wav", other[:, :1600]),
    ]
    table = flow([""] * len(found), kind="audio")
    table = with_columns(table, original=[{"asset": path.name, "path": str(path)} for path in found])
    assert groups(NearDuplicates(audio=0.85), table) == [[0, 1, 2]]


def test_a_sound_has_one_fingerprint_wherever_in_its_file_it_lies(tmp_path: Path) -> None:
    """Files are heard a minute at a time."""
    clip = melody(1)[:, :32_000]
    long = np.concatenate([media.tone(59.95), clip], axis=1)
    alone = Sound(str(media.write_sound(tmp_path / "clip.wav", clip)), 16_000, "mono")
    within = Sound(str(media.write_sound(tmp_path / "long.wav", long)), 16_000, "mono", 59_950_000)
    assert fingerprint(within) == fingerprint(alone)


def test_silence_in_common_makes_no_sounds_alike() -> None:
    """Clips that were filled up to one length: seven tenths of them are the same."""
    rng = np.random.default_rng(0)
    signs = rng.integers(0, 1 << 16, (400, 64)).astype(np.uint16)
    signs[:, 20:] = 0
    signs[:, 0] = signs[0, 0]
    signs[1] = signs[0]
    found = packed(signs)
    compared = Sounds(0.8).alike(pa.concat_arrays([found.slice(0, 1)] * 399), found.slice(1))
    assert np.flatnonzero(compared).tolist() == [0]


@pytest.mark.parametrize("sound", [media.tone(3), media.tone(3) * 0 + 0.1], ids=["tone", "constant"])
def test_a_sound_that_does_not_change_is_like_no_other(sound: Any, tmp_path: Path) -> None:
    path = media.write_sound(tmp_path / "a.wav", sound)
    heard = Sound(str(path), 16_000, "mono")
    assert fingerprint(heard) is None


@media.needs_shared
def test_speech_is_known_by_any_encoding_and_not_taken_for_other_speech() -> None:
    names = ["silero_test.mp3", "silero_test.opus", "ami_dev00.wav", "ami_tst00.wav", "hfds_test_audio_48000.opus"]
    table = flow([""] * 6, kind="audio")
    assets = [{"asset": str(at), "path": str(media.SHARED / name)} for at, name in enumerate([*names, names[3]])]
    assert groups(NearDuplicates(audio=0.8), with_columns(table, original=assets)) == [[3, 5]]


def test_videos_are_alike_by_their_stills(tmp_path: Path) -> None:
    stills = [{"at_us": n, "asset": f"{n}", "path": str(write_image(tmp_path / f"{n}.png", n, 64))} for n in range(7)]
    shown = [stills[:3], [stills[1], stills[0], stills[6]], stills[3:6], [], None]
    table = flow([""] * 5, kind="video")
    table = table.set_column(table.column_names.index("frames"), "frames", pa.array(shown, FRAMES))
    assert groups(NearDuplicates(video=0.6), table) == [[0, 1]]
    assert groups(NearDuplicates(video=0.9), table) == []


def test_what_is_read_depends_on_what_is_compared() -> None:
    assert NearDuplicates(text=0.8, exact=False).on == {"text"}
    assert MEDIA not in NearDuplicates(text=0.8, exact=False).reads().values()
    assert "frames" in NearDuplicates(video=0.8).reads()
    assert not NearDuplicates(text=0.8).resources.isolated
    assert NearDuplicates(image=6).resources.isolated
    assert NearDuplicates().reads()["anchor"] == ANCHOR


@pytest.mark.parametrize("wrong", [{"text": 8}, {"image": 30}, {"keep": "some"}, {"audio": 0.2}, {"by": "a"}], ids=str)
def test_wrong_parameters_are_refused(wrong: Mapping[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(NearDuplicates).validate_python(wrong)
