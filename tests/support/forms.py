"""Interfaces of every kind with samples for them, and answers to them as Label Studio keeps them."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from support.media import tone, write_picture, write_sound, write_video

from affectory.annotation.fields._marks import Marks
from affectory.annotation.form import Form, field_class, form_of
from affectory.annotation.shown import Media, Shown, Turn
from affectory.schemas.recipe.review import Example, Question
from affectory.schemas.taxonomy import Taxonomy, load_taxonomy

EKMAN = load_taxonomy("ekman-7")
TEXT = 'Well 😀 <b>that</b> was $quick & "odd",\nshe said: he came back after all.'
MEDIA = {
    "video": Media("clip", "mp4"),
    "audio": Media("voice", "wav"),
    "image": Media("picture", "png"),
}
SECONDS, RATE, SIZE = 2.0, 25.0, (640, 480)


def shown(kind: str, text: str | None = TEXT, **facts: Any) -> Shown:
    """A sample of a kind; those that play begin in the second second of their record."""
    if kind == "pair":
        return Shown("s_pair", "pair", {"record": "r_1"}, sides=(shown("text", "I know."), shown("text", "I knew it!")))
    media = {kind: MEDIA[kind]} if kind in MEDIA else {}
    anchor = {"record": "r_1", "start_us": 1_000_000} if kind in ("video", "audio") else {"record": "r_1"}
    sizes: dict[str, Any] = {"duration_s": SECONDS} if kind in ("video", "audio") else {}
    sizes |= {"frame_rate": RATE} if kind == "video" else {"size": SIZE} if kind == "image" else {}
    return Shown(f"s_{kind}", kind, **{"anchor": anchor, "text": text, "media": media, **sizes, **facts})


def asking(kind: str, *fields: Any, taxonomy: Taxonomy = EKMAN, name: str = "main", **question: Any) -> Form:
    """A form of fields, each by its name or with its parameters: `("categories", {"many": True})`."""
    named = [(field, {}) if isinstance(field, str) else field for field in fields]
    return form_of(name, kind, Question(**question), [field_class(n)(**given) for n, given in named], taxonomy)


FORMS: Mapping[str, tuple[Form, Shown]] = {
    "text": (
        asking(
            "text", ("categories", {"many": True, "intensity": 3}), ("cues", {"of": ("cause",)}), "confidence",
            context=2, examples=(Example(text="I got it!", answer="joy: she is glad"),),
            instructions="Read it twice.\n\nThen answer <for> her & him.",
        ),
        shown("text", context=(Turn("A", "Did you see <i>him</i>?"), Turn("B", "Never."))),
    ),
    "video": (asking("video", ("categories", {"intensity": 3}), "vad", "confidence"), shown("video")),
    "audio": (asking("audio", "categories", ("cues", {"of": ("pitch", "pause")}), "reason"), shown("audio")),
    "image": (asking("image", "faces", ("vad", {"of": ("valence", "arousal")})), shown("image")),
    "pair": (asking("pair", "preference", "confidence"), shown("pair")),
    "tree": (asking("text", "tree", "words", taxonomy=load_taxonomy("parrott"), language="de"), shown("text")),
    "timeline": (asking("video", "times", "transcript", "trace"), shown("video")),
}  # fmt: skip


def link(media: Media) -> str:
    return f"https://media.example/{media.name}"


def answered_result(form: Form, about: Shown, said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The result of an annotation: of each control what was answered, of one that marks a list of marks."""
    made = []
    for name, value in said.items():
        control = form.controls[name]
        values = value if isinstance(control, Marks) else [value]
        made += [control.result(one, about, number) for number, one in enumerate(values)]
    return made


def write_media(folder: Path) -> Path:
    """Files for the samples, small and real."""
    write_video(folder / MEDIA["video"].name, int(SECONDS * RATE), fps=int(RATE), size=(320, 240))
    write_sound(folder / MEDIA["audio"].name, tone(SECONDS, 8000), 8000)
    write_picture(folder / MEDIA["image"].name, SIZE)
    return folder


class _Open(SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder on this machine, for pages of another address too."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Open, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def weights(label: str | Sequence[str], taxonomy: Taxonomy = EKMAN) -> list[float]:
    """1 for some labels, 0 for the others."""
    picked = [label] if isinstance(label, str) else label
    return [float(one in picked) for one in taxonomy.labels]
