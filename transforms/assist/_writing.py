"""What steps have in common that make what nobody said: who asked for which emotion, and that it is synthetic."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from math import ceil, floor
from typing import Any, Protocol

import pyarrow as pa

from affectory.schemas.ids import sample_id
from affectory.schemas.opinion import OPINIONS
from affectory.schemas.taxonomy import Taxonomy
from affectory.schemas.types import ANCHOR
from affectory.transforms.assist._describing import By
from affectory.transforms.base import Columns, Reply
from affectory.transforms.checks._naming import Naming
from affectory.transforms.models._answers import json_of, text_of
from affectory.transforms.models._messages import Ask
from affectory.transforms.models._opinions import Rater, column, required
from affectory.transforms.models._prompts import Prompt, Quoted
from affectory.transforms.models._talking import Heard, Unreadable, answered, held
from affectory.transforms.rows import Values

SYNTHETIC, FOUND = "synthetic", "found"
"""What the note `origin` says: written by a model here, or there before."""
TWIN, _CONTEXTLESS = "contextless", "without_context"
Check = Callable[[str], None]
PLACED: Columns = {"sample_id": pa.string(), "parent": pa.string(), "anchor": ANCHOR}
_ASKED = "Which emotion was it asked to express?"
_MAX_CHARS = 20_000
_CODE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*")


def check_pairs(step: "Pairing", noted: str, twin: bool) -> None:
    """A `ValueError` where what a step says of its second texts has none to be about."""
    if noted != "text" and (step.intends or twin):
        raise ValueError("intends and twin are of texts: leave out `as`")
    if not twin and (step.twin_intends or step.alike):
        raise ValueError("twin_intends and alike are of second texts: give the prompt for them as `twin`")
    if step.twin_intends and not step.intends:
        raise ValueError("twin_intends says what second texts express: name the axis of the first as `intends`")


class Intending(Protocol):
    """A step that may note which emotion was asked for."""

    @property
    def intends(self) -> str | None: ...

    @property
    def taxonomy(self) -> Taxonomy | None: ...


class Pairing(Intending, Protocol):
    """What a step says of the texts that it has written in pairs."""

    @property
    def twin_intends(self) -> str | None: ...

    @property
    def alike(self) -> float | None: ...

    @property
    def unnamed(self) -> bool: ...


def cell(row: Values) -> Quoted:
    """All that the grid says of a text but its language; names of values, and which text it is, say nothing of it."""
    extra: Mapping[str, str] = row["extra"] or {}
    names = {f"{name}_id" for name in extra} | {"number", "language"}
    return Quoted({name: value for name, value in extra.items() if name not in names})


def language_of(row: Values, default: str) -> str:
    """The language of a cell's axis `language`, where that is a code."""
    given = (row["extra"] or {}).get("language", "")
    return given if _CODE.fullmatch(given) else default


def repeat_of(row: Values) -> int:
    """Which draw of an answer this is: several texts about one cell are asked for in the same words."""
    number = (row["extra"] or {}).get("number", "")
    return max(int(number) - 1, 0) if number.isascii() and number.isdecimal() and len(number) < 9 else 0


def settings_of(prompt: Prompt, **settings: Any) -> dict[str, Any]:
    """Those that a prompt uses."""
    return {name: value for name, value in settings.items() if name in prompt.header.settings}


def written(by: By, row: Values, check: Check = lambda text: None, **settings: Any) -> Heard[str]:
    """A text that a prompt asks for: the answer itself, or `text` in an answer in JSON; asked for again where the
    check raises `Unreadable`."""
    prompt, model = by.prompt, by.model
    ask: Ask = replace(prompt.ask(model, row, **settings_of(prompt, **settings)), repeat=repeat_of(row))

    def read(reply: Reply) -> str:
        if ask.schema is None:
            text = text_of(reply)
        else:
            told = json_of(reply, ask.schema, prompt.header.repair)
            text = text_of(Reply(told["text"] if isinstance(told, dict) and isinstance(told.get("text"), str) else ""))
        if len(text) > _MAX_CHARS:
            raise Unreadable(f"it has {len(text)} characters, at most {_MAX_CHARS} are taken")
        check(text)
        return text

    return answered(ask, read, model.spec.tries)


def unnamed(step: Pairing, language: str) -> Check:
    """Refuses a text that names an emotion, where the step wants none named."""

    def check(text: str) -> None:
        naming = _naming(required(step.taxonomy, "generate"))
        if named := sorted({text[hit.start : hit.end] for hit in naming.find(text, language)}):
            raise Unreadable(f"it names emotions: {', '.join(map(repr, named[:5]))}")

    return check if step.unnamed else lambda text: None


@lru_cache(maxsize=8)
def _naming(taxonomy: Taxonomy) -> Naming:
    return Naming(taxonomy)


def twin(step: Pairing, who: By, row: Values, made: Values, **told: Any) -> Heard[Values]:
    """A sample beside another one, of the same record: the same feeling without what it is about, or a control."""
    own, words, names = (
        sample_id(row["anchor"]["record"], "twin", row["sample_id"]),
        len(made["text"].split()),
        unnamed(step, told["language"]),
    )

    def check(text: str) -> None:
        names(text)
        apart = abs(len(text.split()) - words)
        if step.alike is not None and apart > step.alike * words:
            few, many = ceil(words * (1 - step.alike)), floor(words * (1 + step.alike))
            raise Unreadable(f"it has {len(text.split())} words and should have {few} to {many}")

    text = yield from written(who, {**row, "text": made["text"]}, check, **told)
    variant = TWIN if who.prompt.header.id == _CONTEXTLESS else who.prompt.header.id
    meant = intention(step, "generate", who, row, "text", step.twin_intends)
    return {
        **made,
        **meant,
        "sample_id": own,
        "parent": row["sample_id"],
        "text": text,
        "text_by": who.text,
        "variant": variant,
    }


def check_intends(taxonomy: Taxonomy | None, intends: str | None, step: str) -> None:
    """A `ValueError` where the recipe's taxonomy has no emotions."""
    if intends is not None and taxonomy is not None and taxonomy.kind == "dimensional":
        raise ValueError(f"{step}: intends needs a taxonomy of emotions; {taxonomy.name} has dimensions")


def intention(step: Intending, called: str, who: By, row: Values, modality: str, instead: str | None = None) -> Values:
    """The emotion that was asked for, as an opinion of whoever was asked, where the step names its axis."""
    if step.intends is None:
        return {}
    word = instead or held(row, f"extra.{step.intends.removeprefix('extra.')}")
    return {column(called): _intended(who, word, required(step.taxonomy, called), modality)}


def _intended(who: By, word: Any, taxonomy: Taxonomy, modality: str) -> list[dict[str, Any]]:
    """A word that the taxonomy does not know stays a word."""
    if not word:
        return []
    shown = {"instructions": f"prompt {who.prompt.called}"}
    rater = Rater(who.rater, "model", "intended", (modality,), _ASKED, shown=shown)
    label = taxonomy.resolve(str(word))
    if label is None:
        return [rater.votes(taxonomy, None, response="words", words=[str(word)])]
    space = "multi-label" if taxonomy.space == "multi-label" else "simplex"
    return [rater.votes(taxonomy, [float(x == label) for x in taxonomy.labels], response=space)]


def opinions_where(intends: str | None, column: str) -> Columns:
    """The column of opinions, where any are told."""
    return {} if intends is None else {column: OPINIONS}
