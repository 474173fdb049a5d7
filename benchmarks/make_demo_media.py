"""Make the demo's media again: drawn pictures, four free photographs, espeak-ng speech, encoded through PyAV.

    apt install espeak-ng
    pip download --no-deps scikit-image && unzip scikit_image-*.whl 'skimage/data/*'
    python benchmarks/make_demo_media.py --photos skimage/data

docs/demo-media.md says what each file is and where its parts come from.
"""

import argparse
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

MEDIA = Path(__file__).resolve().parents[1] / "pipelines" / "recipes" / "demo" / "media"
SIZE, FPS, RATE = (320, 240), 25, 22_050
Sound = NDArray[np.float32]
Picture = Callable[[float], Image.Image]
"""A moving picture: the image at a time from 0 (its first frame) to 1 (its last)."""


@dataclass(frozen=True)
class Scene:
    """One shot of a video: what is seen, for how long, and what is heard meanwhile."""

    seconds: float
    picture: Picture
    sound: Sound


@dataclass(frozen=True)
class Face:
    """A drawn face. `mouth` and `brows` run from -1 (turned down) to 1 (turned up)."""

    mouth: float
    brows: float
    skin: str = "#ffd54a"
    back: str = "#dfe7ef"
    open_mouth: bool = False
    tear: bool = False

    def draw(self, size: tuple[int, int], shift: tuple[float, float] = (0.0, 0.0)) -> Image.Image:
        """The face in the middle of a plain ground, drawn four times too large so that its edges come out smooth."""
        width, height = (4 * side for side in size)
        image = Image.new("RGB", (width, height), self.back)
        pen = ImageDraw.Draw(image)
        r = 0.38 * min(width, height)
        x, y = width / 2 + 4 * shift[0], height / 2 + 4 * shift[1]
        pen.ellipse((x - r, y - r, x + r, y + r), self.skin, "#333333", int(r / 14))
        for side in (-1, 1):
            self._draw_eye(pen, x + side * 0.36 * r, y - 0.2 * r, r, side)
        self._draw_mouth(pen, x, y + 0.42 * r, r)
        return image.resize(size, Image.Resampling.LANCZOS)

    def _draw_eye(self, pen: ImageDraw.ImageDraw, x: float, y: float, r: float, side: int) -> None:
        pen.ellipse((x - 0.1 * r, y - 0.14 * r, x + 0.1 * r, y + 0.14 * r), "#333333")
        inner, outer = y - (0.34 + 0.14 * self.brows) * r, y - (0.34 - 0.14 * self.brows) * r
        pen.line((x - side * 0.18 * r, inner, x + side * 0.18 * r, outer), "#333333", int(r / 11))
        if self.tear:
            pen.ellipse((x - 0.08 * r, y + 0.22 * r, x + 0.08 * r, y + 0.5 * r), "#4aa3ff")

    def _draw_mouth(self, pen: ImageDraw.ImageDraw, x: float, y: float, r: float) -> None:
        if self.open_mouth:
            pen.ellipse((x - 0.2 * r, y - 0.18 * r, x + 0.2 * r, y + 0.26 * r), "#7a2020", "#333333", int(r / 16))
            return
        xs = np.linspace(-0.45, 0.45, 40)
        ys = self.mouth * 0.28 * (1 - (xs / 0.45) ** 2) - self.mouth * 0.14
        pen.line([(x + a * r, y + b * r) for a, b in zip(xs, ys, strict=True)], "#333333", int(r / 9), "curve")


SMILE = Face(mouth=1, brows=0.2, back="#9fd6ff")
GRIN = Face(mouth=1.2, brows=0.4, back="#fff4d6")
SULK = Face(mouth=-1, brows=0.9, skin="#b9cbe6", back="#54657d", tear=True)
RAGE = Face(mouth=-0.9, brows=-1, skin="#e8503a", back="#401010")
GASP = Face(mouth=0, brows=0.6, back="#e9dcff", open_mouth=True)


def still_face(face: Face, swing: float) -> Picture:
    """A drawn face that nods from side to side, `swing` pixels wide."""
    return lambda t: face.draw(SIZE, (swing * float(np.sin(6 * t)), 0.3 * swing * float(np.cos(9 * t))))


def rainy(face: Face) -> Picture:
    """A drawn face behind falling rain."""
    drops = np.random.default_rng(7).uniform((0, 0), SIZE, (90, 2))

    def picture(t: float) -> Image.Image:
        image = face.draw(SIZE)
        pen = ImageDraw.Draw(image)
        for x, y in drops:
            top = (y + 400 * t) % SIZE[1]
            pen.line((x, top, x - 2, top + 9), "#a9c4e6")
        return image

    return picture


def camera(photo: Image.Image, start: Sequence[float], end: Sequence[float]) -> Picture:
    """A slow camera move over a photograph, from one box (left, top, right, bottom) to another."""

    def picture(t: float) -> Image.Image:
        box = tuple(a + (b - a) * t for a, b in zip(start, end, strict=True))
        return photo.resize(SIZE, Image.Resampling.BICUBIC, box=box)

    return picture


def speak(text: str, voice: str, pitch: int = 50, speed: int = 165) -> Sound:
    """What espeak-ng says, as samples at `RATE`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        command = ["espeak-ng", "-v", voice, "-p", str(pitch), "-s", str(speed), "-w", str(path), text]
        subprocess.run(command, check=True)
        with av.open(str(path)) as container:
            frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    return np.concatenate(frames).astype(np.float32) / 32_768


def lullaby(seconds: float) -> Sound:
    """A few soft notes going down, each dying away."""
    notes = (659.3, 587.3, 523.3, 440.0, 392.0, 440.0, 392.0, 329.6)
    t = np.arange(int(RATE * seconds / len(notes))) / RATE
    tone = [np.exp(-5 * t) * (np.sin(2 * np.pi * f * t) + 0.3 * np.sin(4 * np.pi * f * t)) for f in notes]
    return (0.35 * np.concatenate(tone)).astype(np.float32)


def rumble(seconds: float) -> Sound:
    """Thunder: noise with only its low end left."""
    noise = np.random.default_rng(3).normal(size=int(RATE * seconds))
    low = np.convolve(noise, np.hanning(400) / 200, mode="same")
    return (0.8 * low * np.linspace(0.3, 1, len(low))).astype(np.float32)


def fit(sound: Sound, seconds: float) -> Sound:
    """The sound cut or filled with silence to a length."""
    length = round(RATE * seconds)
    return np.pad(sound[:length], (0, max(0, length - len(sound))))


def mix(a: Sound, b: Sound) -> Sound:
    length = max(len(a), len(b))
    return np.clip(np.pad(a, (0, length - len(a))) + np.pad(b, (0, length - len(b))), -1, 1)


def write_video(path: Path, scenes: Sequence[Scene]) -> None:
    """H.264 and AAC in MP4; scenes follow each other by hard cuts."""
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        video: Any = container.add_stream("libx264", rate=FPS, options={"crf": "27", "threads": "1", "preset": "slow"})
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        audio: Any = container.add_stream("aac", rate=RATE, layout="mono")
        audio.bit_rate = 48_000
        for image in _images(scenes):
            container.mux(video.encode(av.VideoFrame.from_image(image)))
        container.mux(video.encode(None))
        _mux_sound(container, audio, np.concatenate([fit(s.sound, s.seconds) for s in scenes]))


def _images(scenes: Sequence[Scene]) -> Iterator[Image.Image]:
    for scene in scenes:
        count = round(scene.seconds * FPS)
        yield from (scene.picture(i / (count - 1)) for i in range(count))


def write_audio(path: Path, codec: str, sound: Sound, rate: int = RATE) -> None:
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        _mux_sound(container, container.add_stream(codec, rate=rate, layout="mono"), sound)


def _mux_sound(container: Any, stream: Any, sound: Sound) -> None:
    samples = (np.clip(sound, -1, 1) * 32_767).astype(np.int16)[None]
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    frame.sample_rate = RATE
    context = stream.codec_context
    resampler = av.AudioResampler(format=context.format, layout="mono", rate=context.sample_rate)
    fifo = av.AudioFifo()
    for part in [*resampler.resample(frame), *resampler.resample(None)]:
        fifo.write(part)
    container.start_encoding()
    while chunk := fifo.read(context.frame_size or 1024, partial=True):
        container.mux(stream.encode(chunk))
    container.mux(stream.encode(None))


def make_videos(photos: dict[str, Image.Image]) -> None:
    cat, coffee, portrait, rocket = (photos[n] for n in ("chelsea", "coffee", "astronaut", "rocket"))
    she, he = "en-gb+f3", "en-gb"
    day = (
        Scene(2.4, camera(cat, (60, 0, 380, 240), (120, 30, 360, 210)), speak("Look at her. So calm.", she, 60)),
        Scene(2.4, camera(coffee, (0, 40, 480, 400), (90, 60, 450, 330)), speak("And coffee, just for me.", she, 60)),
        Scene(2.4, still_face(SMILE, 8), speak("What a lovely day!", she, 85, 180)),
    )
    launch = (
        Scene(2.6, camera(portrait, (20, 0, 420, 300), (90, 15, 370, 225)), speak("I waited years for this.", she)),
        Scene(2.6, camera(rocket, (200, 200, 480, 410), (200, 0, 480, 210)), speak("Three, two, one, go!", he, 60)),
        Scene(2.6, camera(portrait, (125, 20, 345, 185), (140, 35, 320, 170)), speak("Proud of you all!", she, 75)),
    )
    storm = (
        Scene(2.4, rainy(SULK), speak("He never called me back.", she, 30, 120)),
        Scene(2.4, still_face(RAGE, 4), mix(rumble(2.4), speak("How could you do this to me!", he, 75, 190))),
    )
    write_video(MEDIA / "a good day ☕.mp4", day)
    write_video(MEDIA / "launch.mp4", launch)
    write_video(MEDIA / "storm.mp4", storm)


def make_sounds() -> None:
    found = speak("You will not believe it, I found the ring!", "en-us+f4", 85, 190)
    late = speak("Hello. It is me again. Call me back, if you still care.", "en-gb+m3", 15, 125)
    write_audio(MEDIA / "found-it.opus", "libopus", found, 48_000)
    write_audio(MEDIA / "answering-machine.flac", "flac", late)
    write_audio(MEDIA / "lullaby.wav", "pcm_s16le", lullaby(3.2))


def make_pictures(photos: dict[str, Image.Image]) -> None:
    photos["astronaut"].crop((75, 0, 395, 320)).save(MEDIA / "portrait.jpg", quality=88)
    GRIN.draw((256, 256)).save(MEDIA / "grin.png", optimize=True)
    ramp = np.linspace((40, 70, 150), (120, 190, 230), 200).astype(np.uint8)
    Image.fromarray(np.repeat(ramp[:, None], 320, axis=1)).save(MEDIA / "blue-field.webp", quality=80, method=6)
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: to be turned 90 degrees clockwise before it is looked at
    GASP.draw((320, 240)).transpose(Image.Transpose.ROTATE_90).save(MEDIA / "sideways.jpg", quality=85, exif=exif)


def make_broken() -> None:
    """A recording that stopped half-way, so that its index is missing, and one that never started."""
    whole = (MEDIA / "launch.mp4").read_bytes()
    (MEDIA / "cut-off.mp4").write_bytes(whole[: len(whole) * 2 // 5])
    (MEDIA / "empty.mp4").write_bytes(b"")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="the folder skimage/data of scikit-image")
    folder = parser.parse_args().photos
    names = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")
    photos = {Path(name).stem: Image.open(folder / name).convert("RGB") for name in names}
    MEDIA.mkdir(parents=True, exist_ok=True)
    make_videos(photos)
    make_sounds()
    make_pictures(photos)
    make_broken()
    for path in sorted(MEDIA.iterdir()):
        print(f"{path.stat().st_size:>9,}  {path.name}")


if __name__ == "__main__":
    main()
