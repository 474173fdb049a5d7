"""Reading a stretch of a file of measurements: the times and values of its channels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from affectory.transforms.rows import Reject

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
_HEADER_CHARS = 100_000
MOST_VALUES = 200_000_000
_UNITS = {"s": 1e6, "ms": 1e3, "us": 1.0}
_BLOCK = 1 << 22
_LAST = 1 << 62


@dataclass(frozen=True)
class Channel:
    """Measurements with their times in microseconds, which never go back; what was not measured is NaN."""

    name: str
    times: Times
    values: Floats


@dataclass(frozen=True, kw_only=True)
class Clock:
    """How a table of measurements tells the time. EDF and BDF files say so themselves."""

    time: Annotated[str, Field(min_length=1, description="of a table, the column with the time")] = "time"
    unit: Annotated[
        Literal["s", "ms", "us", "iso"],
        Field(description="unit of that time; iso: dates such as 2026-01-31T12:00:00.5"),
    ] = "s"
    zero: Annotated[
        Literal["auto", "first", "written"],
        Field(description="time 0 is the first measurement, or as written; auto: the first for dates"),
    ] = "auto"
    rate_hz: Annotated[
        float | None, Field(ge=1e-6, le=1e6, description="measurements a second, in a table without a column of time")
    ] = None
    header: Annotated[bool, Field(description="whether a table names its columns; else they are c0, c1, ...")] = True
    skip_rows: Annotated[int, Field(ge=0, le=1000, description="lines of a table before its header or first row")] = 0
    decimal: Annotated[Literal[".", ","], Field(description="what parts the digits of numbers in a table")] = "."

    def measured(
        self,
        path: str,
        form: str,
        wanted: Sequence[str] = (),
        start_us: int = 0,
        end_us: int | None = None,
        may_begin_before: bool = False,
    ) -> list[Channel]:
        """The wanted channels of a file, or all, from `start_us` up to `end_us`. A record begins at 0 of its own file;
        what else there is of its event `may_begin_before`."""
        until = _LAST if end_us is None else end_us
        if form in ("edf", "bdf"):
            return _edf(path, wanted, start_us, until)
        return self._table(path, form, wanted, start_us, until, may_begin_before)

    def _table(
        self, path: str, form: str, wanted: Sequence[str], start: int, end: int, may_begin_before: bool
    ) -> list[Channel]:
        delimiter, names = self._header(path, form)
        chosen = list(wanted) or [n for n in names if self.rate_hz or n != self.time]
        lacking = [n for n in (*chosen, *([] if self.rate_hz else [self.time])) if n not in names]
        if lacking:
            raise Reject("bad_row", f"no column {', '.join(map(repr, lacking))}; the file has {', '.join(names[:50])}")
        times: list[Times] = []
        parts: list[list[Floats]] = [[] for _ in chosen]
        count, first, last, held = 0, None, None, 0
        for batch in self._batches(path, delimiter, names, chosen):
            time = self._times(batch, count)
            count += len(time)
            if last is not None or len(time):
                _check_order(time, last, count - len(time))
            last = int(time[-1]) if len(time) else last
            first = int(time[0]) if first is None and len(time) else first
            time = time - (first or 0) if self._from_first else time
            if len(time) and time[0] < 0 and not may_begin_before:
                raise Reject("bad_row", _before(int(time[0])))
            inside = (time >= start) & (time < end)
            times.append(time[inside])
            held += int(inside.sum()) * len(chosen)
            if held > MOST_VALUES:
                raise Reject("too_large", f"more than {MOST_VALUES:,} measurements: name fewer `channels`, or cut it")
            for part, name in zip(parts, chosen, strict=True):
                part.append(np.asarray(batch.column(name).to_numpy(zero_copy_only=False), np.float64)[inside])
        if not count:
            raise Reject("empty", "no rows")
        time = np.concatenate(times)
        return [Channel(n, time, np.concatenate(part)) for n, part in zip(chosen, parts, strict=True)]

    @property
    def _from_first(self) -> bool:
        return self.zero == "first" or (self.zero == "auto" and self.unit == "iso" and self.rate_hz is None)

    def _header(self, path: str, form: str) -> tuple[str, list[str]]:
        import csv

        with Path(path).open(encoding="utf-8-sig", errors="replace", newline="") as file:
            for _ in range(self.skip_rows):
                file.readline(1_000_000)
            line = file.readline(1_000_000)
        delimiter = "\t" if form == "tsv" else max(",;\t", key=line.count)
        if len(line) > _HEADER_CHARS:  # csv has a limit of its own, which the reading of tables raises for the process
            raise Reject("bad_row", f"its header is no line of a table: it has more than {_HEADER_CHARS:,} characters")
        try:
            cells = next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error as error:
            raise Reject("bad_row", f"its header is no line of a table: {error}") from None
        names = [cell.strip() for cell in cells] if self.header else [f"c{n}" for n in range(len(cells))]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise Reject("bad_row", f"column {twice[0]!r} is there twice")
        return delimiter, names

    def _batches(self, path: str, delimiter: str, names: Sequence[str], chosen: Sequence[str]) -> Iterator[Any]:
        import pyarrow as pa
        from pyarrow import csv

        number = pa.float64()
        time = {} if self.rate_hz else {self.time: pa.string() if self.unit == "iso" else number}
        columns = {**dict.fromkeys(chosen, number), **time}
        read = csv.ReadOptions(
            use_threads=False, block_size=_BLOCK, column_names=list(names), skip_rows=self.skip_rows + self.header
        )
        convert = csv.ConvertOptions(
            column_types=columns, include_columns=list(columns), decimal_point=self.decimal,
            null_values=["", "NA", "NaN", "nan", "null"], strings_can_be_null=True,
        )  # fmt: skip
        try:
            with csv.open_csv(path, read, csv.ParseOptions(delimiter=delimiter), convert) as reader:
                yield from reader
        except pa.ArrowInvalid as error:
            if "Empty CSV" not in str(error):
                raise Reject("bad_row", f"not a table of numbers: {str(error)[:300]}") from None

    def _times(self, batch: Any, before: int) -> Times:
        import pyarrow as pa
        import pyarrow.compute as pc

        if self.rate_hz:
            return np.round((before + np.arange(batch.num_rows)) * (1e6 / self.rate_hz)).astype(np.int64)
        column = batch.column(self.time)
        if column.null_count:
            raise Reject("bad_row", f"row {before + 1 + column.is_null().to_pylist().index(True)} has no time")
        if self.unit != "iso":
            return _whole(np.asarray(column, np.float64), _UNITS[self.unit], before)
        zoned = bool(len(column)) and bool(pc.match_substring_regex(column[:1], r"(Z|[+-]\d\d:?\d\d)$")[0].as_py())
        try:
            stamps = column.cast(pa.timestamp("ns", tz="UTC" if zoned else None))
        except pa.ArrowInvalid as error:
            raise Reject("bad_row", f"a time that is no date: {str(error)[:200]}") from None
        return np.asarray(stamps.cast(pa.int64())) // 1000


def _whole(times: Floats, unit: float, before: int) -> Times:
    """Times as microseconds; one that no clock shows has no place among them."""
    wrong = ~(np.abs(times) < _LAST / unit)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise Reject(
            "bad_row", f"row {before + 1 + row} has the time {times[row]:g}, beyond any clock: is the unit right?"
        )
    return np.round(times * unit).astype(np.int64)


def _before(time: int) -> str:
    return (
        f"it begins at {time / 1e6:g} s, and a record at 0: what came before would not count. "
        "With `zero: first` its first measurement is 0; or leave these rows out"
    )


def _check_order(time: Times, last: int | None, before: int) -> None:
    steps = np.diff(time, prepend=time[:1] if last is None else last)
    if (steps < 0).any():
        row = before + 1 + int(np.argmax(steps < 0))
        raise Reject("bad_row", f"time goes back at row {row}: {time[row - before - 1] / 1e6:g} s")


def _edf(path: str, wanted: Sequence[str], start: int, end: int) -> list[Channel]:
    import pyedflib

    try:
        reader = pyedflib.EdfReader(path)
    except OSError as error:
        raise Reject("unreadable", f"not an EDF or BDF file that can be read: {str(error)[-200:]}") from None
    try:
        labels = _numbered([label.strip() for label in reader.getSignalLabels()])
        if lacking := [name for name in wanted if name not in labels]:
            raise Reject(
                "bad_row", f"no channel {', '.join(map(repr, lacking))}; the file has {', '.join(labels[:50])}"
            )
        chosen = list(wanted) or labels
        return [_edf_channel(reader, labels.index(name), name, start, end) for name in chosen]
    finally:
        reader.close()


def _numbered(labels: Sequence[str]) -> list[str]:
    """Of channels with one label the second is `EDA-2`, the third `EDA-3`, unless another is called so."""
    found: list[str] = []
    for label in labels:
        names = (f"{label}-{n}" for n in range(2, len(labels) + 2))
        found.append(label if label not in found else next(n for n in names if n not in (*labels, *found)))
    return found


def _edf_channel(reader: Any, index: int, name: str, start: int, end: int) -> Channel:
    rate, length = float(reader.getSampleFrequency(index)), int(reader.getNSamples()[index])
    if not rate > 0:
        raise Reject("bad_row", f"channel {name!r} says it has {rate:g} measurements a second")
    first, last = (min(length, max(0, int(np.ceil(at * rate / 1e6)))) for at in (start, min(end, _LAST)))
    if last - first > MOST_VALUES:
        raise Reject("too_large", f"more than {MOST_VALUES:,} measurements in channel {name!r}")
    values = np.asarray(reader.readSignal(index, first, last - first), np.float64)
    return Channel(name, np.round(np.arange(first, first + len(values)) * (1e6 / rate)).astype(np.int64), values)


def snake(name: str) -> str:
    """A channel's name as part of a note's."""
    return "_".join("".join(c if c.isascii() and c.isalnum() else " " for c in name.lower()).split())
