"""Filters texts by what they are made of: length, letters, repetition, capitals, digits, symbols.

The share of letters and digits is Data-Juicer's (`alphanumeric_filter`): characters for which Python says `isalnum`,
of all characters. Vowel signs of Indic scripts are none: texts in these have around a half.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ConfigDict, Field

from affectory.transforms.base import STRICT, Columns, Rejected, Resources, Result, Step
from affectory.transforms.text._profile import Numbers, Profile
from affectory.transforms.text._thresholds import Threshold, first_broken

Count = Annotated[int | None, Field(ge=1)]
Share = Annotated[float | None, Field(ge=0, le=1)]


@dataclass(frozen=True)
class FilterText:
    """Rejects texts outside the limits that are given, with what was measured; the first limit broken is told."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    on: ClassVar[frozenset[str]] = frozenset({"text"})
    resources: ClassVar[Resources] = Resources(batch_rows=4096)

    min_chars: Annotated[Count, Field(description="fewest characters, spaces included")] = None
    max_chars: Annotated[Count, Field(description="most characters, spaces included")] = None
    min_words: Annotated[
        Count, Field(description="fewest words; two characters of Chinese, Japanese, Thai are one")
    ] = None
    max_words: Annotated[Count, Field(description="most words")] = None
    min_alnum: Annotated[Share, Field(description="least share of letters and digits")] = None
    max_digits: Annotated[Share, Field(description="largest share of digits")] = None
    max_symbols: Annotated[Share, Field(description="largest share of punctuation, emoji and other symbols")] = None
    max_upper: Annotated[Share, Field(description="largest share of capitals among letters that have them")] = None
    min_word_chars: Annotated[float | None, Field(ge=0, description="least mean length of words")] = None
    max_word_chars: Annotated[float | None, Field(ge=1, description="largest mean length of words")] = None
    max_repeated_chars: Annotated[Share, Field(description="largest share of characters like the two before")] = None
    max_repeated_lines: Annotated[Share, Field(description="largest share of lines that were there before")] = None
    max_repeated_phrases: Annotated[Share, Field(description="largest share of phrases that were there before")] = None
    phrase_words: Annotated[int, Field(ge=2, le=20, description="words of a phrase")] = 5

    def reads(self) -> Columns:
        return {"text": pa.string()}

    def writes(self) -> Columns:
        return {}

    def setup(self) -> Step:
        limits = tuple(limit for limit in self._limits() if limit.at_least is not None or limit.at_most is not None)

        def step(batch: pa.Table) -> Result:
            text = pc.fill_null(batch.column("text").combine_chunks(), "")
            rejected = tuple(Rejected(*broken) for broken in first_broken(limits, Profile(text)))
            kept = np.setdiff1d(np.arange(batch.num_rows), [r.row for r in rejected]).astype(np.int64)
            return Result(batch.take(pa.array(kept)), kept, rejected)

        return step

    def _limits(self) -> Iterator[Threshold]:
        yield Threshold("characters", lambda p: p.characters, self.min_chars, self.max_chars, length=True)
        yield Threshold("words", lambda p: p.words, self.min_words, self.max_words, length=True)
        yield Threshold("share of letters and digits", lambda p: p.share("alnum"), self.min_alnum)
        yield Threshold("share of digits", lambda p: p.share("digit"), None, self.max_digits)
        yield Threshold("share of symbols", lambda p: p.share("symbol"), None, self.max_symbols)
        yield Threshold("share of capitals", lambda p: p.share("upper", "cased"), None, self.max_upper)
        yield Threshold("characters a word", lambda p: p.word_length, self.min_word_chars, self.max_word_chars)
        yield Threshold("share of repeated characters", lambda p: p.repeated_characters, None, self.max_repeated_chars)
        yield Threshold("share of repeated lines", lambda p: p.repeated_lines, None, self.max_repeated_lines)
        yield Threshold("share of repeated phrases", self._phrases, None, self.max_repeated_phrases)

    def _phrases(self, profile: Profile) -> Numbers:
        return profile.repeated_phrases(self.phrase_words)
