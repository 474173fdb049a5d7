"""What raters read before they begin: the question, how to answer, what the labels mean, which key does what."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from affectory.annotation.fields._base import Asked, Scene
from affectory.annotation.fields._keys import EXITS
from affectory.annotation.fields._xml import plain

_EXITS = {
    "cannot judge": "I cannot judge this: it cannot be seen or heard, or it is in a language that you do not know",
    "harmful": "Harmful content: it is not fit to be judged; no further question is asked",
}
_OWN = (
    ("Ctrl+Enter", "submit, and go on to the next"),
    ("Ctrl+Space", "skip"),
    ("Ctrl+Z", "undo"),
)
_PLAYING = (
    ("Ctrl+Alt+Space", "play and pause; of sound alone the space bar does it too"),
    ("Alt+←, Alt+→", "a little back, a little forward"),
)
_MARKING = ("Backspace", "delete the mark that is selected")


def html(scene: Scene, fields: Sequence[Asked]) -> str:
    """The instructions, all of it escaped."""
    return "\n".join(_parts(scene, fields))


def _parts(scene: Scene, fields: Sequence[Asked]) -> Iterator[str]:
    question = scene.question
    yield f"<h3>{_safe(fields[0].words(scene))}</h3>"
    for paragraph in (question.instructions or "").split("\n\n"):
        if paragraph.strip():
            yield f"<p>{'<br>'.join(map(_safe, paragraph.strip().splitlines()))}</p>"
    yield _listed(advice for field in fields if (advice := field.advice(scene)))
    yield from _examples(scene)
    yield from _meanings(scene, fields)
    yield "<br><h4>Keys</h4>"
    yield _table([*_keys(scene, fields), *_OWN, *_also(scene, fields)])
    yield "<p>Keys do nothing while a slider or a text has the focus: click beside it, or press Tab, to leave it.</p>"


def _examples(scene: Scene) -> Iterator[str]:
    if scene.question.examples:
        yield "<br><h4>Examples</h4>"
        yield _table((example.text, example.answer) for example in scene.question.examples)


def _meanings(scene: Scene, fields: Sequence[Asked]) -> Iterator[str]:
    """Other words for each label, where the taxonomy has some."""
    if not {field.name for field in fields} & {"categories", "times", "faces"}:
        return
    rows = [(scene.word(label), also) for label in scene.taxonomy.labels if (also := scene.also(label))]
    if rows:
        yield "<br><h4>What the labels mean</h4>"
        yield _table(rows)


def _keys(scene: Scene, fields: Sequence[Asked]) -> Iterator[tuple[str, str]]:
    for field in fields:
        wishes = list(field.wishes(scene))
        if any(wish.shifts for wish in wishes):
            yield "Shift+its key", "a step stronger, and from the strongest to none"
        for wish in wishes:
            if wish.shifts:
                continue
            yield scene.keys.get(wish.what, "(mouse)"), wish.says
    for exit_, key in EXITS.items():
        yield key, _EXITS[exit_]


def _also(scene: Scene, fields: Sequence[Asked]) -> Iterator[tuple[str, str]]:
    """Keys of what plays, and of marks, where there are such."""
    if {"video", "audio"} & set(scene.objects):
        yield from _PLAYING
    if any(list(field.markers(scene)) for field in fields):
        yield _MARKING


def _listed(items: Iterable[str]) -> str:
    """Label Studio strips styles, and lists have no points then."""
    return f"<ul>{''.join(f'<li>• {_safe(item)}</li>' for item in items)}</ul>"


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><td><b>{_safe(a)}</b>&nbsp;&nbsp;</td><td>{_safe(b)}</td></tr>" for a, b in rows)
    return f"<table>{cells}</table>"


def _safe(text: str) -> str:
    return escape(plain(text))
