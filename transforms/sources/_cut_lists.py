"""Cut lists: RTTM, SRT and VTT files, and times however tables write them."""

import math
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from affectory.transforms.sources import _columns as columns
from affectory.transforms.sources.base import Limits, Refused, SourceFile, shown

CUT_LISTS = (".rttm", ".srt", ".vtt")
LONGEST_US = 30 * 24 * 3600 * 1_000_000
"""No recording lasts longer: a later time is one in another unit."""

_UNITS = {"s": 1e6, "ms": 1e3, "us": 1.0}
_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2}(?:[.,]\d{1,9})?)", re.ASCII)
_ARROW = re.compile(r"\s*([\d:.,]+)\s+-->\s+([\d:.,]+)(?:\s.*)?", re.ASCII)
_VOICE = re.compile(r"<v(?:\.[^\s>]+)*\s+([^>]+)>")
_TAG = re.compile(r"</?[a-zA-Z][^>]{0,200}>|\{\\[^}]{0,200}\}")
_BYTES = 100_000_000


class Cut(NamedTuple):
    """A stretch of a recording, or a box in a picture (x, y, width, height); `of` says of which."""

    of: str
    start_us: int | None
    end_us: int | None
    who: str | None
    text: str | None
    uri: str
    box: tuple[float, ...] | None = None

    @property
    def order(self) -> tuple[Any, ...]:
        return self.start_us or 0, self.end_us or 0, self.box or (), self.who or "", self.text or ""

    @staticmethod
    def problem(start_us: int, end_us: int) -> str:
        """Why these times cannot be right, or nothing."""
        if start_us < 0 or end_us <= start_us:
            return f"a stretch from {start_us / 1e6:g} s to {end_us / 1e6:g} s"
        return (
            f"{end_us / 1e6:g} s is later than any recording lasts: is the unit right?" if end_us > LONGEST_US else ""
        )


def microseconds(value: Any, unit: str = "s") -> int | None:
    """A time as a number in a unit, or on the clock of its recording: 01:02:03.5, 2:03,5."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str) and (clock := _CLOCK.fullmatch(value.strip())):
        seconds = int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + float(clock[3].replace(",", "."))
        return round(seconds * 1e6)
    try:
        number = float(value) * _UNITS[unit]
    except (TypeError, ValueError, OverflowError):  # an integer beyond all floats
        raise ValueError(f"{columns.quoted(value)} is not a time, as 62.5 or 00:01:02.5 are") from None
    if not math.isfinite(number) or abs(number) > 1e18:
        raise ValueError(f"{columns.quoted(value)} is not a time")
    return round(number)


def cuts_of(file: SourceFile, limits: Limits) -> tuple[list[Cut], list[Refused]]:
    """The stretches that a file lists, and the lines or cues that cannot be right."""
    most = min(limits.file_bytes, _BYTES)
    if file.size > most:
        return [], [Refused(file.uri, "too_large", f"{file.size:,} bytes, at most {most:,} are read")]
    try:
        text = file.path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return [], [Refused(file.uri, "bad_encoding", f"byte {error.start} is not utf-8; convert the file")]
    except OSError as error:
        return [], [Refused(file.uri, "unreadable", error.strerror or str(error))]
    read = _rttm if file.uri.lower().endswith(".rttm") else _cues
    found = list(read(text, file.uri))
    return [x for x in found if isinstance(x, Cut)], [x for x in found if isinstance(x, Refused)]


def _rttm(text: str, uri: str) -> Iterator[Cut | Refused]:
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.split()
        if not cells or cells[0].startswith(";") or cells[0] != "SPEAKER":
            continue
        place = f"{uri}#L{number}"
        try:
            start, length = (microseconds(cell) or 0 for cell in cells[3:5])
            who = cells[7]
        except (ValueError, IndexError):
            yield Refused(place, "bad_row", "not `SPEAKER file 1 start length <NA> <NA> who`", shown(line))
            continue
        wrong = Cut.problem(start, start + length)
        who_or_none = None if who == "<NA>" else who
        yield (
            Refused(place, "bad_row", wrong, shown(line))
            if wrong
            else Cut(cells[1], start, start + length, who_or_none, None, place)
        )


def _cues(text: str, uri: str) -> Iterator[Cut | Refused]:
    """Of SRT and VTT: a line with an arrow between two times, and the lines below it up to an empty one."""
    lines, stem = text.splitlines(), PurePosixPath(uri).stem
    for index, line in enumerate(lines):
        if "-->" not in line:
            continue
        place = f"{uri}#L{index + 1}"
        arrow = _ARROW.fullmatch(line)
        try:
            times = [microseconds(part) for part in arrow.groups()] if arrow else []
        except ValueError:
            times = []
        wrong = Cut.problem(*times) if len(times) == 2 else "not `00:00:01.000 --> 00:00:02.500`"  # type: ignore[arg-type]
        if wrong:
            yield Refused(place, "bad_row", wrong, shown(line))
            continue
        said = "\n".join(_until_empty(lines, index + 1))
        voice = _VOICE.search(said)
        words = _TAG.sub("", said).strip() or None
        yield Cut(stem, times[0] or 0, times[1] or 0, voice[1].strip() if voice else None, words, place)


def _until_empty(lines: list[str], start: int) -> Iterator[str]:
    for line in lines[start:]:
        if not line.strip() or "-->" in line:
            return
        yield line
