"""The condition `review.when`: `entropy > 0.6 or conflict(audio, video) > 0.4`.

It compares what is known of a sample with numbers and quoted words, by `and`, `or`, `not` and parentheses. Where
something is not known (nobody saw the video alone) a comparison neither holds nor fails, and so does its `not`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.annotation.selecting._tokens import LONGEST, Token, tokens
from affectory.schemas.errors import UserError

NUMBERS = ("entropy", "width", "gain", "diversity", "raters")
WORDS: dict[str, tuple[str, ...]] = {
    "kind": ("video", "audio", "image", "text"),
    "cause": ("raters agree", "one rater", "nobody", "ambiguous item", "odd rater", "modality conflict"),
    "language": (),
    "source": (),
}
"""Names of words, with those that there can be; none where there can be any."""
MODALITIES = ("audio", "image", "text", "video")
_DEEPEST = 30
_ALLOWED = (
    f"it knows {', '.join((*NUMBERS, *WORDS))}, conflict(audio, video) and score(model); "
    "compared by < <= > >= == != with numbers and 'words', joined by and, or, not and parentheses"
)
_NUMERIC: dict[str, Callable[[Any, Any], Any]] = {
    "<": pc.less, "<=": pc.less_equal, ">": pc.greater, ">=": pc.greater_equal, "==": pc.equal, "!=": pc.not_equal,
}  # fmt: skip
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


@dataclass(frozen=True)
class Name:
    """Something that is known of each sample: a plain name, or a function of names."""

    name: str
    of: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.of)})" if self.of else self.name

    @property
    def numeric(self) -> bool:
        return self.name not in WORDS


@dataclass(frozen=True)
class _Compare:
    name: Name
    how: str
    value: float | str

    def holds(self, values: pa.Table) -> Any:
        column = values.column(str(self.name))
        if isinstance(self.value, float):
            column = pc.cast(column, pa.float64())
            column = pc.if_else(pc.is_nan(column), pa.scalar(None, pa.float64()), column)
        return _NUMERIC[self.how](column, pa.scalar(self.value))

    def names(self) -> frozenset[Name]:
        return frozenset([self.name])


@dataclass(frozen=True)
class _Not:
    part: "_Part"

    def holds(self, values: pa.Table) -> Any:
        return pc.invert(self.part.holds(values))

    def names(self) -> frozenset[Name]:
        return self.part.names()


@dataclass(frozen=True)
class _Joined:
    how: str
    parts: tuple["_Part", ...]

    def holds(self, values: pa.Table) -> Any:
        join = pc.or_kleene if self.how == "or" else pc.and_kleene
        found = self.parts[0].holds(values)
        for part in self.parts[1:]:
            found = join(found, part.holds(values))
        return found

    def names(self) -> frozenset[Name]:
        return frozenset().union(*(part.names() for part in self.parts))


_Part = _Compare | _Not | _Joined


@dataclass(frozen=True)
class When:
    """A condition that was read."""

    condition: _Part

    def names(self) -> frozenset[Name]:
        """What has to be known to judge it; a column of each is called by its text."""
        return self.condition.names()

    def holds(self, values: pa.Table) -> Any:
        """A mask (numpy): for which rows it holds; where something is not known it does not."""
        found = pc.fill_null(self.condition.holds(values), False)
        return found.to_numpy(zero_copy_only=False) if isinstance(found, pa.Array) else found.to_numpy()


def parse(text: str) -> When:
    """The condition that a text says; a text that says none is a mistake of who wrote it, told with its column."""
    if len(text) > LONGEST:
        raise UserError(f"a condition of {len(text)} characters", f"at most {LONGEST}")
    reader = _Reader(text, tokens(text))
    found = reader.either(0)
    if (rest := reader.peek()).kind != "end":
        raise reader.wrong(rest, f"{rest.text!r} is not expected here")
    return When(found)


class _Reader:
    """Reads tokens from left to right; `or` binds least, then `and`, then `not`."""

    def __init__(self, text: str, found: tuple[Token, ...]) -> None:
        self._text, self._tokens, self._place = text, found, 0

    def peek(self) -> Token:
        return self._tokens[self._place]

    def wrong(self, at: Token, what: str, hint: str = _ALLOWED) -> UserError:
        return UserError(f"{what}, at column {at.column} of {self._text!r}", hint)

    def either(self, depth: int) -> _Part:
        return self._joined("or", self._both, depth)

    def _both(self, depth: int) -> _Part:
        return self._joined("and", self._single, depth)

    def _joined(self, how: str, read: Callable[[int], _Part], depth: int) -> _Part:
        parts = [read(depth)]
        while self._taken(how):
            parts.append(read(depth))
        return parts[0] if len(parts) == 1 else _Joined(how, tuple(parts))

    def _single(self, depth: int) -> _Part:
        if depth > _DEEPEST:
            raise self.wrong(self.peek(), f"more than {_DEEPEST} parentheses or nots within each other")
        if self._taken("not"):
            return _Not(self._single(depth + 1))
        if self._taken("("):
            inside = self.either(depth + 1)
            self._expect(")")
            return inside
        return self._comparison()

    def _comparison(self) -> _Compare:
        start = self.peek()
        left, how, right = self._operand(), self._operator(), self._operand()
        if isinstance(left, Name) == isinstance(right, Name):
            raise self.wrong(start, "a comparison is of a name with a number or a quoted word")
        if isinstance(left, Name):
            return self._checked(start, left, how, right)
        assert isinstance(right, Name)
        return self._checked(start, right, _FLIPPED[how], left)

    def _checked(self, start: Token, name: Name, how: str, value: float | str | Name) -> _Compare:
        assert not isinstance(value, Name)
        if name.numeric != isinstance(value, float):
            wanted = "a number" if name.numeric else "a quoted word"
            raise self.wrong(start, f"{name} is compared with {wanted}, not with {value!r}")
        if isinstance(value, str) and how not in ("==", "!="):
            raise self.wrong(start, f"{name} is a word: it is or is not {value!r}, by == or !=")
        known = WORDS.get(name.name, ())
        if known and value not in known:
            raise self.wrong(start, f"{name} is never {value!r}", f"it is one of {', '.join(known)}")
        return _Compare(name, how, value)

    def _operand(self) -> float | str | Name:
        token = self._next()
        if token.kind == "number":
            return float(token.text)
        if token.kind == "word":
            return token.text
        if token.kind != "name" or token.text in ("and", "or", "not"):
            raise self.wrong(token, "here the condition ends" if token.kind == "end" else f"{token.text!r} is no value")
        return self._named(token)

    def _named(self, token: Token) -> Name:
        if token.text in NUMBERS or token.text in WORDS:
            return Name(token.text)
        if token.text == "conflict":
            a, b = self._arguments(token, 2, "two of audio, image, text, video: conflict(audio, video)")
            if unknown := {a, b} - set(MODALITIES):
                raise self.wrong(
                    token, f"conflict of {min(unknown)!r}", f"it is between two of {', '.join(MODALITIES)}"
                )
            if a == b:
                raise self.wrong(token, f"conflict of {a} with itself", "it is between two modalities")
            return Name("conflict", (a, b))
        if token.text == "score":
            return Name("score", self._arguments(token, 1, "a model: score(writer)"))
        raise self.wrong(token, f"{token.text!r} is nothing that is known of a sample")

    def _arguments(self, of: Token, count: int, wanted: str) -> tuple[str, ...]:
        self._expect("(")
        found: list[str] = []
        while self.peek().text != ")":
            if found:
                self._expect(",")
            token = self._next()
            if token.kind not in ("name", "word"):
                raise self.wrong(token, f"{of.text} is of names", f"of {wanted}")
            found.append(token.text)
        self._expect(")")
        if len(found) != count:
            raise self.wrong(of, f"{of.text} of {len(found)}", f"it is of {wanted}")
        return tuple(found)

    def _operator(self) -> str:
        token = self._next()
        if token.kind != "operator" or token.text not in _NUMERIC:
            said = "equal is written ==" if token.text == "=" else "< <= > >= == or != is expected"
            raise self.wrong(token, said)
        return token.text

    def _expect(self, text: str) -> None:
        if not self._taken(text):
            raise self.wrong(self.peek(), f"{text!r} is expected")

    def _taken(self, text: str) -> bool:
        token = self.peek()
        if token.kind in ("word", "end") or token.text != text:
            return False
        self._place += 1
        return True

    def _next(self) -> Token:
        token = self.peek()
        self._place += token.kind != "end"
        return token
