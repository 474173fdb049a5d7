"""Numbers that prove themselves: cards, bank accounts, books, and what states give to people."""

from datetime import date

_IBAN_LENGTHS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 "
    "FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 "
    "LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 "
    "SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
)
IBAN_LENGTHS = {entry[:2]: int(entry[2:]) for entry in _IBAN_LENGTHS.split()}
_ISSUERS = (
    (("4",), (13, 16, 19)),
    (tuple(map(str, range(51, 56))) + tuple(map(str, range(2221, 2721))), (16,)),
    (("34", "37"), (15,)),
    (("36", "38", "300", "301", "302", "303", "304", "305"), (14,)),
    (("35", "6011", "65", "62", "50", "56", "57", "58", "644", "645", "646", "647", "648", "649"), (16, 17, 18, 19)),
)
"""How numbers of cards begin, and how long they then are."""
_VERHOEFF = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_VERHOEFF_TURNS = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip
_ITALIAN_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)


def luhn(digits: str) -> bool:
    doubled = (int(d) * (1 + i % 2) for i, d in enumerate(reversed(digits)))
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def card(digits: str) -> bool:
    issued = any(digits.startswith(begin) and len(digits) in lengths for begin, lengths in _ISSUERS)
    return issued and len(set(digits)) > 1 and luhn(digits)


def iban(compact: str) -> bool:
    return _mod(compact[4:] + compact[:4], 97) == 1


def isbn(compact: str) -> bool:
    """With 10 or 13 characters."""
    if len(compact) == 13:
        return (
            compact[:3] in ("978", "979") and sum(int(d) * (1 + 2 * (i % 2)) for i, d in enumerate(compact)) % 10 == 0
        )
    values = [10 if c in "xX" else int(c) for c in compact]
    return len(compact) == 10 and sum(v * (10 - i) for i, v in enumerate(values)) % 11 == 0


def spanish(compact: str) -> bool:
    number = compact[:-1].translate(str.maketrans("XYZ", "012"))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == compact[-1]


def italian(compact: str) -> bool:
    places = [int(c) if c.isdigit() else ord(c) - 65 for c in compact[:15]]
    return chr(65 + sum(p if i % 2 else _ITALIAN_ODD[p] for i, p in enumerate(places)) % 26) == compact[15]


def french(compact: str) -> bool:
    number = compact[:13].replace("2A", "19").replace("2B", "18")
    return number.isdigit() and 97 - int(number) % 97 == int(compact[13:])


def brazilian(digits: str) -> bool:
    def check(count: int) -> int:
        return sum(int(d) * (count + 1 - i) for i, d in enumerate(digits[:count])) * 10 % 11 % 10

    return len(set(digits)) > 1 and check(9) == int(digits[9]) and check(10) == int(digits[10])


def chinese(compact: str) -> bool:
    weighed = sum(
        int(d) * w for d, w in zip(compact, (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), strict=False)
    )
    born = _is_day(int(compact[6:10]), compact[10:14])
    return born and "10X98765432"[weighed % 11] == compact[17]


def korean(digits: str) -> bool:
    century = {"1": 1900, "2": 1900, "3": 2000, "4": 2000, "5": 1900, "6": 1900, "7": 2000, "8": 2000}.get(digits[6])
    return century is not None and _is_day(century + int(digits[:2]), digits[2:6])


def finnish(compact: str) -> bool:
    born = _is_day(2000, compact[2:4] + compact[:2])
    return born and "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(compact[:6] + compact[7:10]) % 31] == compact[10]


def swedish(digits: str) -> bool:
    return _is_day(2000, digits[-8:-4]) and luhn(digits[-10:])


def polish(digits: str) -> bool:
    month = int(digits[2:4]) % 20
    weighed = sum(int(d) * w for d, w in zip(digits, (1, 3, 7, 9) * 2 + (1, 3, 1), strict=True))
    return _is_day(2000, f"{month:02}{digits[4:6]}") and weighed % 10 == 0


def indian(digits: str) -> bool:
    check = 0
    for i, digit in enumerate(reversed(digits)):
        check = int(_VERHOEFF[check][int(_VERHOEFF_TURNS[i % 8][int(digit)])])
    return check == 0


def _mod(compact: str, by: int) -> int:
    """Of a number in which letters stand for 10 to 35."""
    return int("".join(str(int(c, 36)) for c in compact)) % by


def _is_day(year: int, month_and_day: str) -> bool:
    try:
        date(year, int(month_and_day[:2]), int(month_and_day[2:]))
    except ValueError:
        return False
    return True
