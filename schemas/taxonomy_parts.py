"""What a taxonomy is made of: entries with their words and places in VAD space, and links between entries."""

import difflib
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)


def word_key(word: str) -> str:
    """What two spellings of one word share: NFC, caseless (for Turkish too: I, ı, İ and i are one), single spaces."""
    folded = unicodedata.normalize("NFD", word).casefold().replace("i\u0307", "i").replace("ı", "i")
    return " ".join(unicodedata.normalize("NFC", folded).split())


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`, did you mean a or b?`, or nothing where no known word is near."""
    near = difflib.get_close_matches(word, list(known), n=3)
    return f", did you mean {' or '.join(near)}?" if near else ""


def _printable(word: str) -> str:
    if word != word.strip() or not word_key(word):
        raise ValueError(f"{word!r} is empty or has spaces around it")
    if any(unicodedata.category(c) in {"Cc", "Zl", "Zp"} for c in word):
        raise ValueError(f"{word!r} holds a control character or line break")
    return word


def _pairs(given: Any) -> Any:
    if not isinstance(given, Mapping):
        return given
    return tuple((code, (names,) if isinstance(names, str) else names) for code, names in given.items())


Word = Annotated[str, AfterValidator(_printable)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Unit = Annotated[float, Field(strict=True, ge=-1, le=1)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Words = Annotated[tuple[Word, ...], Field(min_length=1)]

Languages = Annotated[
    tuple[tuple[Code, Words], ...],
    BeforeValidator(_pairs),
    PlainSerializer(dict),
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
        }
    ),
]
"""Language code -> name or names. Written as a mapping, held as pairs so that an entry can be hashed."""


class Data(BaseModel):
    """Frozen plain data, equal and hashed by value. What is cached on it stays behind when it is pickled."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __getstate__(self) -> dict[Any, Any]:
        fields = {name: value for name, value in self.__dict__.items() if name in type(self).model_fields}
        return {**super().__getstate__(), "__dict__": fields}

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A changed copy, validated like a new one."""
        return type(self).model_validate({**self.model_dump(), **(update or {})})


class Vad(Data):
    """A place in the space of valence, arousal and dominance, each from -1 to 1."""

    valence: Unit
    arousal: Unit
    dominance: Unit


class Entry(Data):
    """One emotion, or one dimension of a dimensional taxonomy."""

    name: Word
    synonyms: tuple[Word, ...] = ()
    """Other words for it, in the taxonomy's own language."""
    parent: Word | None = None
    """The entry one tier above that it belongs to."""
    tier: int = Field(default=0, ge=0)
    """1 for a root. Found from the parents; to be said only where the parent's name is on several tiers."""
    intensity: Literal["mild", "basic", "intense"] | None = None
    """How strong a form of its parent it is."""
    vad: Vad | None = None
    languages: Languages = ()
    scale: tuple[Number, Number] | None = None
    """Lowest and highest value of a dimension."""
    poles: tuple[Word, Word] | None = None
    """What the two ends of a dimension are called."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.intensity and self.parent is None:
            raise ValueError("an intensity is that of a parent, and there is none")
        if self.scale and not self.scale[0] < self.scale[1]:
            raise ValueError(f"the scale {self.scale} does not rise")
        codes = [code for code, _ in self.languages]
        if len(set(codes)) < len(codes):
            raise ValueError("a language is given twice")
        return self

    def translations(self, language: str) -> tuple[str, ...]:
        """Its names in a language; `pt` is looked up for `pt-BR`, and the other way round."""
        base = language.partition("-")[0]
        return tuple(name for code, names in self.languages if code.partition("-")[0] == base for name in names)


class Link(Data):
    """A typed tie between entries: a dyad of Plutchik, or any other kind that a taxonomy declares."""

    kind: Word
    components: Annotated[tuple[Word, ...], Field(min_length=2)]
    name: Word | None = None
    """What the components make together, where that has a name of its own."""
    distance: Literal["primary", "secondary", "tertiary", "opposite"] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len({word_key(c) for c in self.components}) < len(self.components):
            raise ValueError("an entry is linked to itself")
        return self
