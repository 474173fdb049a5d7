"""Forms of English words: what is left of one when its endings go, and what a phrase says beside its main word."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

IRREGULAR = {
    "afraid": "fear", "angr": "anger", "ashamed": "shame", "desper": "despair", "desperate": "despair",
    "dissatis": "dissatisf", "ecstas": "ecstat", "enraged": "rage", "envious": "envy", "frighten": "fright",
    "furious": "fury", "gladden": "glad", "grate": "gratitude", "grateful": "gratitude", "grief": "griev",
    "hatred": "hate", "horrif": "horr", "horror": "horr", "hungr": "hunger", "joyous": "joy", "proud": "pride",
    "relief": "reliev", "sadden": "sad", "satis": "satisf", "terrif": "terr", "terror": "terr",
}  # fmt: skip
"""Words, or what endings leave of them, that belong to another word."""

_WHOLE = frozenset(
    ["being", "careful", "during", "early", "evening", "family", "horrible", "likely", "lovely", "only", "passion",
     "passive", "reply", "sensible", "terrible", "thing"]
)  # fmt: skip
"""Words that only look like forms of others."""

_INFLECTED = (
    "fulness", "ness", "fully", "ful", "ingly", "edly", "ly", "ings", "ing", "ed", "es", "s", "dom", "y", "e",
)  # fmt: skip
_DERIVED = (
    "ifications", "ification", "ifying", "ified", "faction", "ations", "ation", "atory", "ative", "ated", "ating",
    "ates", "ate", "ability", "ibility", "iastic", "iasm", "astic", "asm", "istic", "isms", "ism", "osity", "ieties",
    "iety", "ety", "ities", "ity", "ious", "uous", "ous", "ments", "ment", "ions", "ion", "able", "ible",
)  # fmt: skip
_WEAK = ("ances", "ance", "ancy", "ences", "ence", "ency", "ant", "ent", "ical", "etic", "ive", "ure", "al", "ia", "ic")

_LEAST = {**dict.fromkeys(_INFLECTED, 3), **dict.fromkeys(_DERIVED, 4), **dict.fromkeys(_WEAK, 5)}
"""How many letters an ending must leave."""
_ENDINGS = sorted(_LEAST, key=lambda ending: (-len(ending), ending))

_MODIFIERS = frozenset(
    ["a", "absolutely", "am", "an", "and", "are", "be", "bit", "completely", "deep", "deeply", "emotion", "emotional",
     "emotionally", "emotions", "extremely", "fairly", "feel", "feeling", "feelings", "feels", "felt", "great", "he",
     "highly", "i", "i'm", "im", "incredibly", "intense", "intensely", "is", "kind", "little", "lot", "mild", "mildly",
     "moderately", "mood", "most", "of", "overall", "overly", "pretty", "quite", "rather", "really", "sense", "seem",
     "seems", "she", "slight", "slightly", "so", "some", "somewhat", "sort", "state", "strong", "strongly", "super",
     "sure", "the", "their", "they", "too", "total", "totally", "truly", "utter", "utterly", "very", "visibly", "was",
     "with"]
)  # fmt: skip
"""Words that say how much, or nothing: `slightly anxious` is anxious."""

_NEGATIONS = re.compile(
    r"(?:^|[^\w])(?:not|no|non|never|nothing|without|hardly|barely|scarcely|lack|lacks|lacking|less|absence|free|un)"
    r"(?:$|[^\w])|n't(?:$|\W)"
)
_OPPOSED = ("un", "in", "im", "ir", "dis", "non", "anti", "mis")


def negated(phrase: str) -> bool:
    """Whether it says that something is not so: no word of it may then stand for it."""
    return bool(_NEGATIONS.search(phrase))


def positives(word: str) -> Iterator[str]:
    """What a word may be the opposite of: `happy` for `unhappy`, `joy` for `joyless`. It is never near that."""
    for prefix in _OPPOSED:
        if word.startswith(prefix) and len(word) - len(prefix) > 2:
            yield word[len(prefix) :].lstrip("- ")
    if (base := re.sub(r"less(ness|ly)?$", "", word)) != word:
        yield base


def plain(phrase: str) -> str:
    """A phrase without words that only say how much; itself where nothing else is left."""
    kept = [word for word in phrase.split() if word not in _MODIFIERS]
    return " ".join(kept) or phrase


@lru_cache(maxsize=100_000)
def stems(phrase: str) -> tuple[str, ...]:
    """What stands for a phrase, from all of it to the least that is left: two phrases that share one are forms of one
    word. Of several words each is stripped, and only the last of their stems counts."""
    words = re.split(r"[\s-]+", phrase)
    chains = [tuple(_stripped(word)) for word in words]
    return chains[0] if len(chains) == 1 else (" ".join(chain[-1] for chain in chains),)


def _stripped(word: str) -> Iterator[str]:
    """A word and what is left of it ending by ending: those of its inflection first, then those that made it."""
    endings: Sequence[str] = _ENDINGS
    yield word
    while word not in _WHOLE:
        if word in IRREGULAR:
            yield IRREGULAR[word]
            return
        if (ending := _ending(word, endings)) is None:
            return
        if ending not in _INFLECTED:
            endings = [e for e in endings if e not in _INFLECTED or e == "e"]
        word = _mended(word[: -len(ending)], ending)
        yield word


def _ending(word: str, endings: Sequence[str]) -> str | None:
    return next((e for e in endings if word.endswith(e) and len(word) - len(e) >= _LEAST[e] and _sure(word, e)), None)


def _sure(word: str, ending: str) -> bool:
    """Not an s that is no plural, nor a y after a vowel, which belongs to the word: joy."""
    before = word[-len(ending) - 1]
    return before not in "su" if ending == "s" else ending != "y" or before not in "aeiou"


def _mended(stem: str, ending: str) -> str:
    """`happy` of `happiness`, `upset` of `upsetting`; but `thrill` of `thrilling`."""
    if stem[-1] == "i" and ending in _INFLECTED:
        return stem[:-1] + "y"
    if ending in ("ed", "ing", "ingly", "edly") and len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] not in "lsz":
        return stem[:-1]
    return stem
