"""The taxonomy itself: the labels that people and models are asked, and every word that means one of them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from affectory.schemas.errors import UserError
from affectory.schemas.ids import digest
from affectory.schemas.taxonomy_parts import Code, Data, Entry, Link, did_you_mean, word_key
from affectory.schemas.taxonomy_tree import arrange, cut, expand, words_at

Entries = Annotated[tuple[Entry, ...], BeforeValidator(expand), AfterValidator(arrange)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


class Taxonomy(Data):
    """A set of emotions, as a list or a tree, or the dimensions of a space.

    Of a tree one tier is asked. Tier 1 is called by the taxonomy's name, the others add their number: `parrott-2`.
    """

    name: Name
    title: str = ""
    version: int = Field(default=1, ge=1)
    kind: Literal["categorical", "dimensional"] = "categorical"
    space: Literal["simplex", "multi-label", "ordinal", "continuous"] = "simplex"
    """How its labels are answered where a recipe does not say."""
    language: Code = "en"
    """Of the names and synonyms."""
    tier: int = Field(default=1, ge=1)
    notes: str = ""
    entries: Entries
    links: tuple[Link, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _defaults(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        space = {"space": "continuous"} if given.get("kind") == "dimensional" else {}
        tier, name = given.get("tier", 1), given.get("name")
        if isinstance(name, str) and isinstance(tier, int):
            return {**space, **given, "name": _tier_name(name, tier)}
        return {**space, **given}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.tier > self.depth:
            raise ValueError(f"tier {self.tier} is asked, but the tree has {self.depth}")
        for tier in range(1, self.depth + 1):
            words_at(self.entries, tier, self._spoken)
        self._check_kind()
        self._check_links()
        return self

    def _check_kind(self) -> None:
        if self.kind == "categorical":
            if axis := next((e for e in self.entries if e.scale or e.poles), None):
                raise ValueError(f"entry {axis.name!r}: only a dimension has a scale and poles")
            return
        if self.space in ("simplex", "multi-label"):
            raise ValueError(f"dimensions are not answered as {self.space}")
        if self.depth > 1 or self.links:
            raise ValueError("dimensions have neither parents nor links")

    def _check_links(self) -> None:
        names, words = {e.name for e in self.entries}, words_at(self.entries, 1, self._spoken)
        for link in self.links:
            for component in link.components:
                if component not in names:
                    hint = did_you_mean(component, names)
                    raise ValueError(f"link {link.name or link.kind!r}: no entry {component!r}{hint}")
            if link.name and (meant := words.get(word_key(link.name))):
                raise ValueError(f"link {link.name!r}: the word means {meant.name!r} already")
        for (kind, among), count in Counter((link.kind, frozenset(link.components)) for link in self.links).items():
            if count > 1:
                raise ValueError(f"link {kind!r} of {', '.join(sorted(among))}: given {count} times")

    def _spoken(self, entry: Entry) -> Iterator[str]:
        yield entry.name
        yield from entry.synonyms
        for _, names in entry.languages:
            yield from names

    @property
    def depth(self) -> int:
        """How many tiers the tree has."""
        return max(e.tier for e in self.entries)

    @cached_property
    def asked(self) -> tuple[Entry, ...]:
        """The entries that are asked, in declared order."""
        return tuple(entry for entry, asked in cut(self.entries, self.tier) if asked is entry)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """What answers are aligned with: the names asked, or the dimensions' names."""
        return tuple(e.name for e in self.asked)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The dimensions' names; none of a categorical taxonomy."""
        return self.labels if self.kind == "dimensional" else ()

    @cached_property
    def hash(self) -> str:
        """Of what makes answers comparable: names, order, parents, scales and the tier asked."""
        rows = [[e.name, e.tier, e.parent, e.scale] for e in self.entries]
        return digest("taxonomy", self.kind, self.tier, rows)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {label: i for i, label in enumerate(self.labels)}

    @cached_property
    def _meanings(self) -> dict[str, str]:
        return {word: e.name for word, e in words_at(self.entries, self.tier, self._spoken).items()}

    def index(self, label: str) -> int:
        """The place of a label, spelled as declared."""
        if label not in self._places:
            hint = f"its labels: {', '.join(self.labels)}"
            raise UserError(f"{self.name} has no label {label!r}{did_you_mean(label, self.labels)}", hint)
        return self._places[label]

    def entry(self, label: str) -> Entry:
        """The entry of a label, spelled as declared."""
        return self.asked[self.index(label)]

    def resolve(self, word: str) -> str | None:
        """The label that a word means at the tier asked: a name, synonym or translation of it or of what lies below."""
        return self._meanings.get(word_key(word))

    def words(self, language: str | None = None) -> dict[str, str]:
        """Every word of a language (None: of all) with the label it means, for looking words up in text."""
        if language is None:
            return dict(self._meanings)
        own = language.partition("-")[0] == self.language.partition("-")[0]
        meant = words_at(self.entries, self.tier, self._spoken)
        spoken = {
            word_key(word)
            for entry in self.entries
            for word in ((entry.name, *entry.synonyms) if own else ()) + entry.translations(language)
        }
        return {word: entry.name for word, entry in meant.items() if word in spoken}

    def translate(self, label: str, language: str) -> str:
        """The label's first name in a language, or the label itself where none is known."""
        self.index(label)
        named = (name for e in self.entries if e.name == label for name in e.translations(language))
        return next(named, label)

    def at(self, tier: int) -> "Taxonomy":
        """The same tree with another tier asked."""
        base = self.name.removesuffix(f"-{self.tier}") if self.tier > 1 else self.name
        return self.model_copy(update={"name": base, "tier": tier})


def _tier_name(name: str, tier: int) -> str:
    return name if tier <= 1 or name.endswith(f"-{tier}") else f"{name}-{tier}"
