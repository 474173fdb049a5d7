"""Personal data in running text: what kinds there are, how each is found, and what counts where two overlap."""

import ipaddress
import re
from bisect import bisect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from affectory.transforms.text._numbers import Found, cards, ibans, identities, phones, plain
from affectory.transforms.text._spans import Span
from affectory.transforms.text._treatment import STRICTNESS, Action

_ENDS = "com|org|net|edu|gov|io|me|co|ly|gg|tv|be|de|uk|fr|it|es|nl|pl|ru|ir|in|cn|jp|kr|br|info|app|dev|social"
_IN_URL = r"[^\s<>\"'{}|\\^`\[\]（）「」《》«»„“”、。，！？]"
_URL = re.compile(
    rf"(?<![\w@])(?:[a-z][a-z0-9+.-]{{1,15}}://|www\.){_IN_URL}{{2,2000}}"
    rf"|(?<![\w@.-])(?:[a-z0-9-]{{1,63}}\.){{1,4}}(?:{_ENDS})/{_IN_URL}{{0,2000}}",
    re.IGNORECASE | re.ASCII,
)
_URL_TAIL = ".,;:!?…*_~'"
_DOMAIN = r"(?:[\w-]{1,63}\.){1,8}(?:[a-z]{2,24}|xn--[a-z0-9-]{1,59}|[^\W\d_a-z]{2,24})(?![\w-]*@)"
_MAIL = re.compile(
    rf"(?<![a-z0-9._%+-])[a-z0-9_%+][a-z0-9._%+'-]{{0,63}}@{_DOMAIN}"
    rf"|(?<![\w.%+-])(?:[^\W\d_a-z]|[0-9._%+-]){{1,64}}@{_DOMAIN}",
    re.IGNORECASE,
)
_AT = re.compile(r" ?[\[({<] ?(?:at|@) ?[\])}>] ?", re.IGNORECASE)
_SPELT_OUT = re.compile(
    rf"(?<![\w.%+-])[a-z0-9._%+-]{{1,64}}(?:{_AT.pattern})"
    r"(?:[a-z0-9-]{1,63}(?: ?[\[({<] ?(?:dot|\.) ?[\])}>] ?|\.)){1,4}[a-z]{2,24}",
    re.IGNORECASE,
)
_HANDLE = re.compile(
    r"(?<![\w@/.])@(?=[\d_]{0,15}[^\W\d_])\w(?:[\w.]{0,28}\w)?(?:@(?:[\w-]{1,63}\.){1,4}[a-z]{2,24})?(?![\w@])"
    r"|(?<![\w/])/?u/[\w-]{3,20}(?![\w-])",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(?<![\w.])\w[\w.]{1,31}#\d{4}(?!\w)")
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d)", re.ASCII)
_IPV6 = re.compile(r"(?<![\w:.])(?=[0-9a-f]{0,4}:)[0-9a-f:]{6,39}(?![\w:])", re.IGNORECASE | re.ASCII)
_VERSION = re.compile(r"(?:\bv|\bver|version|release|build|firmware|section|chapter|§)[\s.:]{0,3}$", re.IGNORECASE)


@dataclass(frozen=True)
class Kind:
    """`hint` is a cheap pattern for a whole column (RE2): where it is not, there is none of the kind."""

    hint: str
    find: Callable[[str], Found]


def _mails(text: str) -> Found:
    patterns = [_MAIL] * ("@" in text) + [_SPELT_OUT] * bool(_AT.search(text))
    return (m.span() for pattern in patterns for m in pattern.finditer(text))


def _handles(text: str) -> Found:
    patterns = [_HANDLE, *([_NUMBERED] * ("#" in text))]
    return (m.span() for pattern in patterns for m in pattern.finditer(text))


def _urls(text: str) -> Found:
    """Without the punctuation of the sentence around them."""
    for match in _URL.finditer(text):
        found = match[0].rstrip(_URL_TAIL)
        while found.endswith(")") and found.count("(") < found.count(")"):
            found = found[:-1].rstrip(_URL_TAIL)
        yield match.start(), match.start() + len(found)


def _addresses(text: str) -> Found:
    """Addresses of machines; numbers of versions and chapters look alike."""
    for match in _IPV4.finditer(text):
        parts = [int(part) for part in match[0].split(".")]
        version = _VERSION.search(text[max(0, match.start() - 12) : match.start()])
        if max(parts) <= 255 and any(part > 9 for part in parts) and not version:
            yield match.span()
    for match in _IPV6.finditer(text):
        if _is_ipv6(match[0]):
            yield match.span()


def _is_ipv6(given: str) -> bool:
    try:
        ipaddress.IPv6Address(given)
    except ValueError:
        return False
    groups = [group for group in given.split(":") if group]
    return len(groups) > 1 and any(c.isdigit() for c in given)


KINDS: Mapping[str, Kind] = {
    "card": Kind(r"(?:\p{Nd}[ -]?){13}", cards),
    "iban": Kind(r"[A-Z]{2}\p{Nd}{2} ?[A-Z\p{Nd}]{2}", ibans),
    "id": Kind(r"\p{Nd}{6}|\p{Nd}{3}[ .-]\p{Nd}{2}|\p{Nd}{2} \p{Nd}{2}|[A-Z]{2} ?\p{Nd}{2}", identities),
    "ip": Kind(r"\p{Nd}\.\p{Nd}{1,3}\.\p{Nd}{1,3}\.\p{Nd}|:[0-9a-fA-F]{0,4}:", _addresses),
    "mail": Kind(r"[@＠]|[\[({<] ?[aA][tT] ?[\])}>]", _mails),
    "url": Kind(r"://|[wW]{3}\.|\.[A-Za-z]{2,6}/", _urls),
    "handle": Kind(r"[@＠]|[uU]/|#\p{Nd}{4}", _handles),
    "phone": Kind(r"(?:\p{Nd}[ \x{A0}\x{202F}().+/·\x{2010}-\x{2013}－（）．／＋-]{0,3}){7}", phones),
}
"""In the order in which they are believed where the same characters could be several."""
_RANK = {kind: rank for rank, kind in enumerate(KINDS)}


def found(text: str, kinds: Iterable[str], actions: Mapping[str, Action]) -> list[Span]:
    """All that is found, in order and without overlap: what is treated more strictly counts first, then the longer."""
    text = plain(text)
    spans = [Span(start, end, kind) for kind in kinds for start, end in KINDS[kind].find(text)]
    spans.sort(key=lambda s: (STRICTNESS[actions[s.kind]], s.start - s.end, _RANK[s.kind], s.start))
    return _apart(spans)


def _apart(spans: Sequence[Span]) -> list[Span]:
    """Those that overlap none before them, by place."""
    taken: list[Span] = []
    for span in spans:
        at = bisect(taken, span)
        free_before = at == 0 or taken[at - 1].end <= span.start
        if free_before and (at == len(taken) or span.end <= taken[at].start):
            taken.insert(at, span)
    return taken
