"""Where sentences end, in many scripts and in texts that nobody edited.

A full stop counts for less than other signs: it also ends abbreviations, initials, numbers and dates. What is not sure
is not cut.
"""

import re
from collections.abc import Iterator

_FIRM = "。！？｡؟۔।॥։።፧။។៕᠃⸮‼⁇⁈⁉"
"""End a sentence whatever follows them."""
_LOOSE = ".!?…‽．"
_CLOSERS = "\"'”’»›)\\]}」』》〉）］｝】*_"
_OPENERS = "\"'“‘«‹([{「『《〈（［｛【„¿¡"
_EMOJI = "[\U0001f000-\U0001faff\u2600-\u27bf\u2b50\u2b55\ufe0f\u200d\u20e3\U000e0020-\U000e007f]"
_FACE = r"(?:[:;=][-']?[)(DPp3oO/|*]{1,3}|<3|\^\^|T_T|[xX]D+)(?![\w/])"
_STOP = re.compile(
    rf"(?P<sign>[{_FIRM}{_LOOSE}]+|(?<=[\u0370-\u03ff\u1f00-\u1fff]);)"
    rf"(?P<closed>(?:[{_CLOSERS}]|[ \u00a0\u202f]»(?=\s|$)|«(?=\s|$))*)"
    rf"(?P<smile>(?:[ \u00a0]?(?:{_EMOJI}+|{_FACE}))*)"
)
_LINE, _PARAGRAPH = re.compile(r"\n\s*"), re.compile(r"\n[^\S\n]*\n\s*")
_WORD_BEFORE = re.compile(r"[\w.'’]*\Z")
_WORD_AFTER = re.compile(r"[^\W_]+")
_SAYS_SOMETHING = re.compile(rf"[^\W_]|{_EMOJI}")
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7a3]")


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_ALWAYS = _words(
    "mr mrs ms mx dr prof rev st sen gov sgt capt lt cmdr adm messrs mme mlle vs viz cf e.g i.e approx dept "
    "hr hrn fr dipl ing bzw ca vgl evtl ggf sog bspw zb z.b d.h u.a o.ä s.o s.u inkl zzgl abs bd "
    "sr sra srta dra lic avda pág núm p.ex sig sig.ra dott avv geom dhr mevr drs mw bijv d.w.z esim ns ks "
    "г гг ул им тов проф акад т.е т.д т.п напр pl ul inż mgr np sn dn öğr doç yrd"
)
_BEFORE_NUMBERS = _words("no nos nr nrs n p pp pg page vol fig figs art sec ch chap eq núm num s str стр рис tel ext")
_UNLESS_CAPITAL = _words("etc inc ltd co corp bros jr usw u.s.w ff enz ecc itd itp jne yms др a.m p.m am pm")
_MONTHS = _words("januar jänner februar märz april mai juni juli august september oktober november dezember")


def sentences(text: str, *, lines_end: bool = True) -> list[tuple[int, int]]:
    """The sentences of a text, without the space between them; lines end them, or blank lines only."""
    found: list[tuple[int, int]] = []
    for start, end in _blocks(text, _LINE if lines_end else _PARAGRAPH):
        found += _joined(text, _pieces(text, start, end))
    return found


def _blocks(text: str, between: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    start = 0
    for gap in between.finditer(text):
        yield start, gap.start()
        start = gap.end()
    yield start, len(text)


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Stretches between ends of sentences."""
    for stop in _STOP.finditer(text, start, end):
        if stop.end() == end or _ends(text, stop):
            yield from _stripped(text, start, stop.end())
            start = stop.end()
    yield from _stripped(text, start, end)


def _stripped(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    if piece.strip():
        yield start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())


def _joined(text: str, pieces: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    """What says nothing by itself, such as a lone dash, goes with the sentence before it, or else after it."""
    found: list[tuple[int, int]] = []
    for start, end in pieces:
        if found and not (_SAYS_SOMETHING.search(text, start, end) and _SAYS_SOMETHING.search(text, *found[-1])):
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def _ends(text: str, stop: re.Match[str]) -> bool:
    """Whether a sentence ends with this sign, which is not the last of the text."""
    sign, after = stop["sign"], text[stop.end() : stop.end() + 40]
    spaced, following = after[0].isspace(), after.lstrip()
    if stop["closed"].strip("*_") and not spaced:
        return sign[-1] in _FIRM and after[0] in _OPENERS
    if sign[-1] in _FIRM:
        return True
    if not spaced:
        return sign[-1] in "!?" and _between_unspaced(text, stop)
    if stop["smile"]:
        return True
    if sign == "." and not stop["closed"]:
        return not _is_short_for(text[max(0, stop.start() - 40) : stop.start()], following)
    return not (following[:1].islower() and (stop["closed"] or sign[-1] in ".…"))


def _between_unspaced(text: str, stop: re.Match[str]) -> bool:
    """Chinese and Japanese with the signs of ASCII."""
    return bool(_UNSPACED.match(text[stop.start() - 1 : stop.start()]) and _UNSPACED.match(text[stop.end()]))


def _is_short_for(before: str, following: str) -> bool:
    """Whether a full stop belongs to the word before it, going by that and by what follows."""
    given = (_WORD_BEFORE.search(before) or [""])[0]
    word, begins_small = given.lower(), following[:1].islower()
    if given.isdecimal():
        next_word = (_WORD_AFTER.match(following) or [""])[0]
        opens_line = not before[: -len(given)].rpartition("\n")[2].strip()
        return len(given) <= 3 and (begins_small or next_word.lower() in _MONTHS or opens_line)
    if word in _BEFORE_NUMBERS:
        return following[:1].isdecimal()
    if word in _UNLESS_CAPITAL:
        return not following[:1].isupper()
    is_initial = len(given) == 1 and given.isupper() and given != "I"
    letters_and_dots = "." in word and all(len(part) == 1 for part in word.split("."))
    return word in _ALWAYS or is_initial or letters_and_dots
