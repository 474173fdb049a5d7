"""Numbers that belong to somebody, found in running text: cards, bank accounts, identity numbers, telephones."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache

from affectory.transforms.text import _checksums as checks

Found = Iterator[tuple[int, int]]

_CARD = re.compile(r"(?<![\w.,-])\d(?:[ -]?\d){12,18}(?![\w-]|[.,]\d)", re.ASCII)
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?=(?: ?[A-Z0-9]){11})", re.ASCII)

_IDS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    (r"(?!000|666|9)\d{3}([ -])(?!00)\d{2}\1(?!0000)\d{4}", lambda _: True),  # United States
    (r"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?: ?\d{2}){3} ?[A-D]", lambda _: True),  # Britain
    (r"(?:\d{8}|[XYZ]\d{7})-?[A-Z]", checks.spanish),
    (r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", checks.italian),
    (r"[12] ?\d{2} ?[0-9]{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}", checks.french),
    (r"\d{3}\.\d{3}\.\d{3}-\d{2}", checks.brazilian),
    (r"[1-9]\d{16}[0-9X]", checks.chinese),
    (r"\d{6}-[1-8]\d{6}", checks.korean),
    (r"\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]", checks.finnish),
    (r"(?:19|20)?\d{6}[-+]\d{4}", checks.swedish),
    (r"\d{11}", checks.polish),
    (r"[2-9]\d{3}([ -])\d{4}\1\d{4}", checks.indian),
)
_ID = [(re.compile(rf"{shape}(?![\w-]|[.,]\d)", re.ASCII), check) for shape, check in _IDS]
_ID_START = re.compile(r"(?<![\w.+-])(?=[A-Z]{0,6} ?\d)", re.ASCII)

_RUN = re.compile(r"[+(]?\d(?:[ \u00a0\u202f().\-\u2010-\u2013/·]{0,3}[+(]?\d)+")
_GROUP = re.compile(r"[+(]{0,2}\d+\)?")
_ATTACHED = re.compile(r"[\w.,:/+\-%$€£¥₹=#&]")
_MEASURE = re.compile(r" ?(?:[%$€£¥₹°]|(?:euros?|dollars?|usd|eur|km|kg|won|yen|rub|toman|people)\b)", re.IGNORECASE)
_CUE = re.compile(
    r"(?:tel|phone|call|cell|mobile?|whats?app|sms|text me|fax|handy|telefon\w*|teléfono|móvil|celular|numara|номер|"
    r"телефон|тел|تلفن|موبایل|هاتف|جوال|전화|번호|电话|電話|手机|फोन|फ़ोन)[^\n]{0,12}\Z",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"(?:isbn|issn|doi|order|invoice|version|serial|ref|code|zip|no\.|nr\.|id)[\s:#.]{0,4}\Z", re.IGNORECASE
)
_DATE = re.compile(
    r"(?<!\d)(?<!\d[./-])(?:\d{1,2}([./-])\d{1,2}\1(?:\d{4}|\d{2})|\d{4}([./-])\d{1,2}\2\d{1,2})(?!\d|[./-]\d)"
)
_SHAPES = re.compile(
    r"(?:1[ .-]?)?\(?[2-9]\d{2}\)?[ .-]{1,2}\d{3}[ .-]\d{4}"  # North America
    r"|1[3-9]\d{9}|1[3-9]\d[ -]\d{4}[ -]\d{4}"  # China
    r"|8[ -]?\(?[3489]\d{2}\)?[ -]\d{3}[ -]?\d{2}[ -]?\d{2}"  # Russia
    r"|[6-9]\d{4}[ -]\d{5}"  # India
)
_BEGINS = re.compile(r"\(?(?:[+0]|(?:[18][ .-]?)?\(?\d{3})")
"""How any number begins that is not said to be one."""
_LEAST, _MOST = 7, 15


def plain(text: str) -> str:
    """With the digits of all scripts, and full-width signs, as those of ASCII; nothing changes its place."""
    return text if text.isascii() else text.translate(_digits())


@cache
def _digits() -> dict[int, str]:
    others = (chr(c) for c in range(128, 0x20000))
    signs = {ord(wide): narrow for wide, narrow in zip("＋－（）．／＠", "+-()./@", strict=True)}
    return {ord(c): str(unicodedata.decimal(c)) for c in others if c.isdecimal()} | signs


def cards(text: str) -> Found:
    """Numbers as card issuers give them."""
    return (m.span() for m in _CARD.finditer(text) if checks.card(re.sub(r"\D", "", m[0])))


def ibans(text: str) -> Found:
    """Bank accounts: as long as their country has them, and with the right check digits."""
    for match in _IBAN.finditer(text):
        length, start = checks.IBAN_LENGTHS.get(match[0][:2]), match.start()
        whole = length and re.compile(rf"(?:[A-Z0-9] ?){{{length - 1}}}[A-Z0-9](?![A-Za-z0-9])").match(text, start)
        if whole and checks.iban(whole[0].replace(" ", "")):
            yield whole.span()


def identities(text: str) -> Found:
    """Numbers that states give to people; those without check digits only in the shape that they are written in."""
    for start in _ID_START.finditer(text):
        for pattern, check in _ID:
            match = pattern.match(text, start.start())
            if match and check(re.sub(r"[ .-]", "", match[0]) if check is not checks.finnish else match[0]):
                yield match.span()


def phones(text: str) -> Found:
    """Telephone numbers: international ones, and those that look like one of their country or are said to be one."""
    for run in _RUN.finditer(text):
        groups = [(g.start() + run.start(), g.end() + run.start()) for g in _GROUP.finditer(run[0])]
        first = 0
        while first < len(groups):
            last = _last_group(text, groups, first)
            if last is not None:
                yield _bare(text, groups[first][0], groups[last][1])
            first = first + 1 if last is None else last + 1


def _last_group(text: str, groups: list[tuple[int, int]], first: int) -> int | None:
    """Where the longest telephone number ends that begins with a group."""
    start = groups[first][0]
    said = bool(_CUE.search(text, max(0, start - 32), start))
    if (start and _ATTACHED.match(text[start - 1])) or not (said or _BEGINS.match(text, start)):
        return None
    lasts = [last for last, digits in _lengths(text, groups, first) if digits >= _LEAST]
    return next((n for n in reversed(lasts) if _is_phone(text, *_bare(text, start, groups[n][1]), said)), None)


def _lengths(text: str, groups: list[tuple[int, int]], first: int) -> Iterator[tuple[int, int]]:
    """How many digits there are from a group to each after it, as far as a telephone number may go."""
    digits = 0
    for last in range(first, len(groups)):
        digits += sum(map(str.isdecimal, text[slice(*groups[last])]))
        if digits > _MOST + 2:
            return
        yield last, digits


def _bare(text: str, start: int, end: int) -> tuple[int, int]:
    """Without brackets that stand around the whole, or of which only one is in it."""
    opened, closed = text.count("(", start, end), text.count(")", start, end)
    opens, closes = text[start] == "(", text[end - 1] == ")"
    around = opens and closes
    return start + (around or (opens and opened > closed)), end - (around or (closes and closed > opened))


def _is_phone(text: str, start: int, end: int, said: bool) -> bool:
    """Whether this is a number, of which a word before it `said` so or not."""
    given = text[start:end]
    digits = re.sub(r"\D", "", given)
    if len(set(digits)) == 1 or _goes_on(text, end) or _MEASURE.match(text, end) or _DATE.search(given):
        return False
    if given.startswith(("+", "(+")):
        return 8 <= len(digits) <= _MOST and digits[0] != "0"
    if _OTHER.search(text, max(0, start - 32), start) or (
        len(digits) in (10, 13) and "-" in given and checks.isbn(digits)
    ):
        return False
    return _is_national(given, digits) or (len(digits) <= _MOST and said)


def _goes_on(text: str, end: int) -> bool:
    after = text[end : end + 2]
    return bool(after) and ((after[0].isalnum() and after[0].isascii()) or bool(re.match(r"[.,:/+-]\d", after)))


def _is_national(given: str, digits: str) -> bool:
    """With the zero that one dials before, or in a shape that its country writes and hardly anything else has."""
    if digits.startswith("00"):
        return digits[2] != "0" and len(digits) >= 10
    if digits[0] == "0":
        return 9 <= len(digits) <= 12 and not given.startswith("0.")
    return bool(_SHAPES.fullmatch(given))
