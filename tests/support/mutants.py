"""Media as nobody should make them: damaged, lying, mislabelled, endless, two things at once. The same on every run."""

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import numpy as np
from PIL import Image
from support import media

Bytes = Callable[[bytes], bytes]
SHARES = (0.02, 0.3, 0.6, 0.9, 0.99)
FLIPPED, BLANKED = 9, 4
WRONG = {"mp4": "png", "mkv": "wav", "mov": "jpg", "wav": "mp4", "mp3": "mkv", "flac": "gif", "ogg": "mp4",
         "png": "mp3", "jpg": "mp4", "gif": "wav", "webp": "avi"}  # fmt: skip
MOST = 2**31 - 1
WAVE = {
    "endless": (40, "<I", 2**32 - 1),
    "rate-0": (24, "<I", 0),
    "rate-1": (24, "<I", 1),
    "rate-most": (24, "<I", MOST),
    "channels-0": (22, "<H", 0),
    "channels-most": (22, "<H", 65535),
    "align-0": (32, "<H", 0),
    "bits": (34, "<H", 999),
}
"""Lies in the header of a WAV file: where, and what it says there."""


def originals(folder: Path) -> dict[str, bytes]:
    """One small sound file of each format, by its ending."""
    folder.mkdir(parents=True, exist_ok=True)
    made = [media.write_video(folder / f"a.{end}", 12, cuts=(6,), size=(192, 144)) for end in ("mp4", "mkv", "mov")]
    codecs = {"wav": "pcm_s16le", "mp3": "mp3", "flac": "flac", "ogg": "libopus"}
    made += [media.write_sound(folder / f"a.{end}", media.tone(0.4), codec=codec) for end, codec in codecs.items()]
    made += [media.write_picture(folder / f"a.{end}", (64, 48)) for end in ("png", "jpg", "gif", "webp")]
    return {path.suffix[1:]: path.read_bytes() for path in made}


def write_mutants(folder: Path, spare: Path) -> list[str]:
    """Write them all into a folder, and tell their names; `spare` is for what they are made of."""
    folder.mkdir(parents=True, exist_ok=True)
    found = originals(spare)
    files = dict(_damaged(found)) | dict(_lying(found)) | dict(_two_in_one(found)) | dict(_mislabelled(found))
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return [*files, *_odd(folder, spare)]


def _damaged(found: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    for end, data in found.items():
        for share in SHARES:
            yield f"cut-{round(share * 100)}.{end}", data[: int(len(data) * share)]
        for seed in range(FLIPPED):
            yield f"flipped-{seed}.{end}", _flipped(data, seed)
        for seed in range(BLANKED):
            at = int(len(data) * (seed + 1) / (BLANKED + 2))
            yield f"blank-{seed}.{end}", data[:at] + bytes(64) + data[at + 64 :]
        yield f"doubled.{end}", data + data
        yield f"garbage.{end}", data[:24] + np.random.default_rng(len(end)).bytes(3000)


def _flipped(data: bytes, seed: int) -> bytes:
    """Some bits turned, more of them with each seed; the first seeds leave the head alone."""
    random, made = np.random.default_rng([seed, len(data)]), bytearray(data)
    first = 64 if seed < FLIPPED // 2 else 0
    for place in random.integers(first * 8, len(data) * 8, 4**seed % 997 + 1):
        made[place // 8] ^= 1 << (place % 8)
    return bytes(made)


def _mislabelled(found: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    for end, other in WRONG.items():
        yield f"really-{end}.{other}", found[end]
        yield f"really-{end}.txt", found[end]
        yield f"text-as.{end}", b"nothing to see or hear\n" * 9


def _lying(found: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    for box, at in (("mvhd", 16), ("mdhd", 16), ("tkhd", 20), ("elst", 8)):
        for value in (0, 1, MOST):
            yield f"{box}-{value}.mp4", _box(found["mp4"], box, at, value)
    for box, at in (("stts", 8), ("stsz", 8), ("stsc", 8), ("stco", 8), ("mdhd", 12), ("tkhd", 76)):
        yield f"{box}-{at}.mp4", _box(found["mp4"], box, at, MOST)
    for name, (at, form, value) in WAVE.items():
        yield f"{name}.wav", _put(found["wav"], at, form, value)
    yield "samples.flac", _put(found["flac"], 21, ">I", 2**32 - 1)
    last = found["ogg"].rindex(b"OggS")
    for value in (2**62, -(2**40), 0):
        yield f"granule-{value}.ogg", _put(found["ogg"], last + 6, "<q", value)
    for width, height in ((30_000, 30_000), (0, 0), (MOST, 1), (1, MOST)):
        yield f"size-{width}-{height}.png", _png_size(found["png"], width, height)
    yield "size.jpg", _put(found["jpg"], found["jpg"].index(b"\xff\xc0") + 5, ">HH", 65_500, 65_500)
    yield "size.gif", _put(found["gif"], 6, "<HH", 65_535, 65_535)


def _put(data: bytes, at: int, form: str, *values: int) -> bytes:
    made = bytearray(data)
    struct.pack_into(form, made, at, *values)
    return bytes(made)


def _box(data: bytes, box: str, at: int, value: int) -> bytes:
    return _put(data, data.index(box.encode()) + 4 + at, ">I", value)


def _png_size(data: bytes, width: int, height: int) -> bytes:
    made = _put(data, 16, ">II", width, height)
    return made[:29] + struct.pack(">I", zlib.crc32(made[12:29])) + made[33:]


def _two_in_one(found: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    archive = BytesIO()
    with ZipFile(archive, "w") as file:
        file.writestr("../../inside.txt", "an archive behind a picture")
    page, script = b"<html><script>alert(1)</script></html>", b"/*\x00*/=1;alert(1)//"
    for end in ("png", "jpg", "gif", "mp4", "wav", "mp3"):
        yield f"with-archive.{end}", found[end] + archive.getvalue()
        yield f"with-page.{end}", found[end] + page
        yield f"behind-page.{end}", page + found[end]
    yield "script.gif", b"GIF89a" + script + found["gif"]
    yield "document.mp4", b"%PDF-1.7\n" + found["mp4"]
    yield "picture-then-video.png", found["png"] + found["mp4"]
    for name, text in PLAYLISTS.items():
        yield name, text.encode()


PLAYLISTS = {
    "list.mp4": "#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n",
    "list.m3u8": "#EXTM3U\n#EXTINF:1,\na.mp4\n#EXT-X-ENDLIST\n",
    "concat.mkv": "ffconcat version 1.0\nfile '/etc/hostname'\n",
    "drawn.png": "<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/hostname'/></svg>",
    "program.jpg": "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/hostname) run\n",
    "magick.png": "push graphic-context\nimage over 0,0 0,0 '/etc/hostname'\npop graphic-context\n",
}


def _odd(folder: Path, spare: Path) -> list[str]:
    """What takes more than bytes to make."""
    Image.new("1", (30_000, 30_000)).save(folder / "huge.png")
    _with_art(spare / "a.mp3", folder / "art.mp3")
    _with_art(spare / "a.mp3", folder / "art-as-video.mp4")
    media.write_video(folder / "jumps.ts", 8, times=[0, 40, 80, 120, 9 * 10**7, 9 * 10**7 + 40, 9 * 10**7 + 80,
                                                    9 * 10**7 + 120], sound=False)  # fmt: skip
    media.write_sound(folder / "no-samples.wav", media.tone(0.0))
    (folder / "nothing.mp4").write_bytes(b"")
    os.mkfifo(folder / "never-ends.wav")
    (folder / "zeros.wav").symlink_to("/dev/zero")
    (folder / "itself.mp4").symlink_to("itself.mp4")
    with (folder / "holes.wav").open("wb") as file:
        file.write(_put((spare / "a.wav").read_bytes(), 40, "<I", 2**32 - 1))
        file.truncate(60_000_000)
    return ["huge.png", "art.mp3", "art-as-video.mp4", "jumps.ts", "no-samples.wav", "nothing.mp4", "never-ends.wav",
            "zeros.wav", "itself.mp4", "holes.wav"]  # fmt: skip


def _with_art(source: Path, target: Path) -> None:
    """A sound with a picture of its cover, which containers hold as a stream of video."""
    import av

    picture = BytesIO()
    Image.new("RGB", (64, 64), (9, 99, 200)).save(picture, "PNG")
    with av.open(str(source)) as sound, av.open(str(target), "w") as made:
        heard = made.add_stream_from_template(sound.streams.audio[0])
        seen = made.add_stream("png", rate=1)
        seen.width, seen.height, seen.pix_fmt = 64, 64, "rgb24"
        seen.disposition = av.stream.Disposition.attached_pic
        for packet in sound.demux(audio=0):
            if packet.dts is not None:
                packet.stream = heard
                made.mux(packet)
        art = av.Packet(picture.getvalue())
        art.stream, art.pts, art.dts = seen, 0, 0
        made.mux(art)
