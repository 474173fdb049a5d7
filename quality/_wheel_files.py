"""The five emotion wheels from the files of their authors: from each form of a word to its class in each wheel.

A form leads to words (`format.csv`), these to words of the wheels that they are synonyms of (`synonym.xlsx`), and the
first of these in the alphabet that a wheel holds (`wheel1.xlsx`) gives the class. The rules are those of the authors'
`wheel.py`, with what is odd in them: where a wheel holds a word twice its last place counts.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from affectory.quality._sheets import read_csv, read_sheet, refuse
from affectory.schemas.errors import UserError

WHEELS = 5
LEVELS = (1, 2)
EDITIONS = (2025, 2026)
_RUNS = 8
"""How often a model was asked for synonyms."""
_SPLIT = re.compile(r"['\",]")
_HINT = "name the folder emotion_wheel of zeroQiaoba/MERTools: wheel1..5.xlsx, synonym.xlsx and format.csv"

Links = dict[str, set[str]]
Wheel = dict[str, dict[str, list[str]]]


def table_of(folder: Path, edition: int = 2026) -> list[dict[str, str]]:
    """A row for each form of a word: its word, the word of a wheel, and by wheel and level its class, empty if none.

    The editions differ in `format.csv` alone. Where both lie in one folder they are `format_2025.csv` and
    `format_2026.csv`.
    """
    forms, meant = _forms(_formats(folder, edition)), _synonyms(_needed(folder, "synonym.xlsx"))
    wheels = [_wheel(_needed(folder, f"wheel{number}.xlsx")) for number in range(1, WHEELS + 1)]
    classes = {f"wheel{n}_level{x}": _classes(w, x) for n, w in enumerate(wheels, 1) for x in LEVELS}
    return [_row(form, forms[form], meant, classes) for form in sorted(forms)]


def read_classes(path: Path, level: int, edition: int) -> list[Mapping[str, str]]:
    """By wheel the class of each form, from the authors' folder or from the table made of it as CSV."""
    if level not in LEVELS:
        raise UserError(f"emotion wheels have no level {level}", "there are level 1 (the inner ring) and 2")
    columns = [f"wheel{number}_level{level}" for number in range(1, WHEELS + 1)]
    if path.is_dir():
        rows = [(row["label"], *(row[name] for name in columns)) for row in table_of(path, edition)]
    elif path.exists():
        rows = read_csv(path, ["label", *columns])
    else:
        refuse(path, "does not exist", _HINT)
    return [{row[0]: row[wheel] for row in rows if row[wheel]} for wheel in range(1, WHEELS + 1)]


def words_of(listed: str) -> list[str]:
    """The words of a list as models write it, `[happy, "at ease"]`, split as the authors of the score split it."""
    text = listed.strip().removeprefix("[").removesuffix("]")
    return [word for part in _SPLIT.split(text) if (word := part.strip())]


def _needed(folder: Path, name: str) -> Path:
    if not (folder / name).is_file():
        refuse(folder, f"has no {name}", _HINT)
    return folder / name


def _formats(folder: Path, edition: int) -> Path:
    if edition not in EDITIONS:
        raise UserError(f"no edition {edition} of the emotion wheels", f"there are {', '.join(map(str, EDITIONS))}")
    own = folder / f"format_{edition}.csv"
    return own if own.is_file() else _needed(folder, "format.csv")


def _plain(word: str) -> str:
    return word.strip().lower()


def _forms(path: Path) -> Links:
    """From each form to the words that have it; a word is a form of itself."""
    found: Links = {}
    for name, listed in read_csv(path, ["name", "format"]):
        for form in map(_plain, [name, *words_of(listed)] if _plain(name) else []):
            found.setdefault(form, set()).add(_plain(name))
    return found


def _synonyms(path: Path) -> Links:
    """From each word to the words of wheels that it means; these mean themselves."""
    columns = [f"{what}_run{run}" for run in range(1, _RUNS + 1) for what in ("word", "synonym")]
    found: Links = {}
    for row in read_sheet(path, columns):
        for own, listed in zip(row[::2], row[1::2], strict=True):
            for word in map(_plain, [own, *words_of(listed)] if _plain(own) else []):
                found.setdefault(word, set()).add(_plain(own))
    return found


def _wheel(path: Path) -> Wheel:
    """The rings from inside: a cell that is empty has the word above."""
    found: Wheel = {}
    inner = middle = outer = ""
    rows = read_sheet(path, ["level1", "level2", "level3"])
    if not rows or not all(map(_plain, rows[0])):
        refuse(path, "holds no wheel", "its second row is expected to name a word of each level")
    for row in rows:
        given = tuple(map(_plain, row))
        inner, middle, outer = (new or old for new, old in zip(given, (inner, middle, outer), strict=True))
        found.setdefault(inner, {}).setdefault(middle, []).append(outer)
    return found


def _classes(wheel: Wheel, level: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for inner, ring in wheel.items():
        found[inner] = inner if level == 1 else min(ring)
        for middle, outer in ring.items():
            found.update(dict.fromkeys([middle, *outer], inner if level == 1 else middle))
    return found


def _row(form: str, words: set[str], meant: Links, classes: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    first = min(words)
    known = sorted(set[str]().union(*(meant.get(word, set()) for word in words)))
    row = {"label": form, "case1": first, "case2": min(meant.get(first, {""}))}
    return row | {column: _first(known, held) for column, held in classes.items()}


def _first(words: Sequence[str], held: Mapping[str, str]) -> str:
    return next((held[word] for word in words if word in held), "")
