"""Where everything stands on the page, and what a task must hold for it."""

from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Any
from xml.etree.ElementTree import Element, indent, tostring

from affectory.annotation._style import STYLE
from affectory.annotation.fields._base import MEDIA, Asked, Scene
from affectory.annotation.fields._keys import EXITS
from affectory.annotation.fields._marks import FRAME_RATE
from affectory.annotation.fields._xml import header, tag, view
from affectory.annotation.shown import Media, Shown
from affectory.schemas.errors import UserError

NO_WORDS = "(no text)"
"""Stands where some samples of a kind have words and this one has none."""
_SIDES = ("left", "right")
_OWN: dict[str, tuple[str, ...]] = {
    "video": ("video", "text"),
    "audio": ("audio", "text"),
    "image": ("image", "text"),
    "text": ("text",),
}
_HEIGHT = "calc(100vh - 330px)"
"""Of a picture, so that what is asked below it is seen too."""
_EXIT_WORDS = {"cannot judge": "I cannot judge this", "harmful": "Harmful content"}


def objects(kind: str, see: Sequence[str]) -> tuple[str, ...]:
    """Names of what is shown of a kind of sample, what plays first."""
    if kind == "pair":
        return _SIDES
    wanted = [name for name in MEDIA if name in see] + (["text"] if "text" in see else [])
    if "video" in wanted and "audio" in wanted:
        wanted.remove("audio")  # it sounds in the clip
    possible = {*_OWN[kind], *(("audio", "frames", "image") if kind == "video" else ())}
    return tuple(name for name in wanted if name in possible) if see else _OWN[kind]


def config(scene: Scene, fields: Sequence[Asked], *, adjudicates: bool) -> str:
    """The whole interface."""
    shown = view([*_markers(scene, fields), *_told(scene, adjudicates), *_objects(scene)], "shown")
    asked = view([*_asked(scene, fields)], "asked")
    wide = "tall" if scene.main in ("text", "left", "audio") else "wide"
    style = Element("Style")
    style.text = STYLE
    root = tag("View", style, view([shown, asked], wide), className="aff")
    indent(root)
    return tostring(root, encoding="unicode")


def _markers(scene: Scene, fields: Sequence[Asked]) -> Iterator[Element]:
    for field in fields:
        yield from field.markers(scene)


def _told(scene: Scene, adjudicates: bool) -> Iterator[Element]:
    if adjudicates:
        yield view([header("What others answered"), tag("Text", name="earlier", value="$earlier", valueType="text",
                                                        selectionEnabled=False)], "earlier")  # fmt: skip
    if scene.question.context:
        yield view([header("What was said before"), tag("Text", name="context", value="$context", valueType="text",
                                                        selectionEnabled=False)], "context")  # fmt: skip


def _objects(scene: Scene) -> Iterator[Element]:
    if scene.kind == "pair":
        if scene.compares:
            yield view([tag("HyperText", name="sample", value="$sample", inline=True)], "compared")
        titles = zip(_SIDES, ("Left", "Right"), strict=True)
        sides = [view([header(title), tag("HyperText", name=name, value=f"${name}", inline=True)], "side")
                 for name, title in titles]  # fmt: skip
        yield view(sides, "sides")
        return
    for name in scene.objects:
        yield view([_object(name)], name)


def _object(name: str) -> Element:
    if name == "video":
        return tag("Video", name=name, value="$video", frameRate="$fps", height="340", timelineHeight="40")
    if name == "audio":
        return tag("Audio", name=name, value="$audio", height="90", hotkey="space")
    if name == "image":
        return tag("Image", name=name, value="$image", zoom=True, maxWidth="100%", maxHeight=_HEIGHT)
    if name == "frames":
        return tag("Image", name=name, valueList="$frames", maxWidth="100%", maxHeight=_HEIGHT)
    return tag("Text", name=name, value="$text", valueType="text", granularity="word")


def _asked(scene: Scene, fields: Sequence[Asked]) -> Iterator[Element]:
    """The question and its fields, which go where somebody takes a way out: nothing is required then.

    The ways out are shown below and come before: from a text that is the last field, Tab leads to where keys work.
    """
    when = {"whenTagName": "exit", "whenChoiceValue": ",".join(EXITS)}
    inside = [element for field in fields for element in field.tags(scene)]
    yield view([header(fields[0].words(scene), 4)], "question")
    offered = [tag("Choice", value=_EXIT_WORDS[e], alias=e, hotkey=key) for e, key in EXITS.items()]
    yield view([tag("Choices", *offered, name="exit", toName=scene.main, choice="single", layout="inline")], "exits")
    yield view(inside, "fields", visibleWhen="choice-unselected", **when)


def data(
    scene: Scene, fields: Sequence[Asked], shown: Shown, link: Callable[[Media], str], trace: str
) -> dict[str, Any]:
    """What a task holds for it."""
    is_pair = scene.kind == "pair"
    sides = _pair(scene, shown, link) if is_pair else {name: _one(name, shown, link) for name in scene.objects}
    if "video" in scene.objects:
        sides["fps"] = shown.frame_rate or FRAME_RATE
    if any(field.name == "transcript" for field in fields):
        sides["said"] = shown.text or ""
    if any(field.name == "trace" for field in fields):
        sides["trace"] = f'<a href="{escape(trace)}" target="_blank" rel="noopener">Open the page for it</a>'
    if scene.question.context:
        sides["context"] = "\n".join(f"{turn.who}: {turn.text}" for turn in shown.context) or "–"
    return sides


def _one(name: str, shown: Shown, link: Callable[[Media], str]) -> Any:
    if name == "text":
        return shown.text or NO_WORDS
    if name == "frames":
        frames = [(_number(role), file) for role, file in shown.media.items() if role.startswith("frame-")]
        found = [link(file) for _, file in sorted(frames, key=lambda pair: pair[0])]
    else:
        found = [link(file) for role, file in shown.media.items() if role == name]
    if not found:
        raise UserError(f"sample {shown.sample_id} has no {name} to show", "let `see` name what samples have")
    return found if name == "frames" else found[0]


def _number(role: str) -> int:
    digits = role.partition("-")[2]
    return int(digits) if digits.isdecimal() else 0


def _pair(scene: Scene, shown: Shown, link: Callable[[Media], str]) -> dict[str, Any]:
    if len(shown.sides) != 2:
        raise UserError(f"sample {shown.sample_id} has {len(shown.sides)} sides, and a pair has two")
    sample = {"sample": _side(shown, link)} if scene.compares else {}
    return sample | {name: _side(side, link) for name, side in zip(_SIDES, shown.sides, strict=True)}


def _side(shown: Shown, link: Callable[[Media], str]) -> str:
    """One side in HTML: its media, and its text."""
    parts = [_played(role, escape(link(file))) for role, file in shown.media.items()]
    text = escape(shown.text or "").replace("\n", "<br>")
    return "".join(parts) + (f"<p>{text}</p>" if text else "")


def _played(role: str, url: str) -> str:
    if role in ("video", "audio"):
        return f'<{role} controls preload="auto" style="width:100%" src="{url}"></{role}>'
    return f'<img style="max-width:100%" src="{url}" alt="">'
