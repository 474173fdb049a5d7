"""Signals are opened, their clocks checked, and what is noted is true."""

import pytest

from affectory.transforms.signal._series import snake
from affectory.transforms.signal.load_signal import LoadSignal
from affectory.transforms.signal.signal_stats import SignalStats

TABLE = "time,eda,temp\n" + "".join(f"{n / 4},{n},{30 + n}\n" for n in range(9) if n not in (3, 4, 5))


def facts(result):
    assert (result.rejected, result.failed) == ((), ())
    row = result.rows.to_pylist()[0]
    gaps = [(gap["kind"], gap["start_us"], gap["end_us"]) for gap in row["gaps"]]
    return row["duration_s"], row["rate_hz"], row["channel_names"], gaps


def test_a_table_with_a_gap(look, write):
    step = LoadSignal(gap=2)
    expected = (2.25, 4.0, "eda, temp", [("gap", 500_000, 1_500_000)])
    assert facts(look(step, write("a.csv", TABLE))) == expected
    assert facts(look(step, write("a.tsv", TABLE.replace(",", "\t")))) == expected


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("time,x\n0,1\n250,2\n500,3\n", {"unit": "ms"}),
        ("t;x\n0,0;1,5\n0,25;2\n0,5;3\n", {"time": "t", "decimal": ","}),
        ("time,x\n2026-01-01T10:00:00Z,1\n2026-01-01T10:00:00.25Z,2\n2026-01-01T10:00:00.500Z,3\n", {"unit": "iso"}),
        ("time,x\n2026-01-01 10:00:00,1\n2026-01-01 10:00:00.25,2\n2026-01-01 10:00:00.5,3\n", {"unit": "iso"}),
        ("1600000000,1\n1600000000.25,2\n1600000000.5,3\n", {"header": False, "time": "c0", "zero": "first"}),
        ("time,x\n-5,1\n-4.75,2\n-4.5,3\n", {"zero": "first"}),
        ("1589000000\n4\n1\n2\n3\n", {"header": False, "rate_hz": 4.0, "skip_rows": 2}),
    ],
    ids=["ms", "semicolons", "zoned dates", "dates", "epoch", "before 0", "fixed rate"],
)
def test_clocks(look, write, text, given):
    duration, rate, _, gaps = facts(look(LoadSignal(**given), write("a.csv", text)))
    assert (duration, rate, gaps) == (0.75, 4.0, [])


def test_edf_has_its_own_clock(look, edf):
    assert facts(look(LoadSignal(), edf)) == (4.0, 10.0, "ECG, EDA", [])
    assert facts(look(LoadSignal(channels=("EDA",)), edf)) == (4.0, 2.0, "EDA", [])


def test_the_stretch_of_the_sample_counts(look, write, edf):
    assert facts(look(LoadSignal(), write("a.csv", TABLE), 1_500_000, 2_000_000))[0] == 0.5
    assert facts(look(LoadSignal(), edf, 1_000_000, 2_500_000))[0] == 1.5


BAD = [
    ("time,x\n0,1\n2,2\n1,3\n", {}, "bad_row", "time goes back at row 3: 1 s"),
    ("time,x\n0,1\n,2\n", {}, "bad_row", "row 2 has no time"),
    ("time,x\n-5,1\n-4,2\n", {}, "bad_row", "begins at -5 s, and a record at 0"),
    ("time,x\n-5,1\n-4,2\n", {"unit": "ms"}, "bad_row", "With `zero: first` its first measurement is 0"),
    ("time,x\n0,one\n", {}, "bad_row", "not a table of numbers"),
    ("time,x\n0,1\ninf,2\n", {}, "bad_row", "row 2 has the time inf, beyond any clock"),
    ("time,x\n0,1\n1e300,2\n", {}, "bad_row", "row 2 has the time 1e+300, beyond any clock"),
    (f"time,{'x' * 200_000}\n0,1\n", {}, "bad_row", "its header is no line of a table"),
    ("time,x\nnoon,1\n", {"unit": "iso"}, "bad_row", "a time that is no date"),
    ("t,x\n0,1\n", {}, "bad_row", "no column 'time'; the file has t, x"),
    ("time,x,x\n0,1,2\n", {}, "bad_row", "column 'x' is there twice"),
    ("time,x\n0,1\n", {"channels": ("y",)}, "bad_row", "no column 'y'"),
    ("time,x\n", {}, "empty", "no rows"),
    ("time,x\n0,1\n90000,2\n", {}, "too_long", "at most"),
]


@pytest.mark.parametrize(("text", "given", "reason", "detail"), BAD, ids=[detail for *_, detail in BAD])
def test_what_cannot_be_right_is_rejected(look, write, text, given, reason, detail):
    (rejected,) = look(LoadSignal(**given), write("a.csv", text)).rejected
    assert (rejected.reason, detail in rejected.detail) == (reason, True), rejected.detail


@pytest.mark.parametrize("keep", [0.3, 0.8])
def test_a_torn_edf_is_unreadable(look, edf, tmp_path, keep):
    data = edf.read_bytes()
    (tmp_path / "torn.edf").write_bytes(data[: int(len(data) * keep)])
    assert [r.reason for r in look(LoadSignal(), tmp_path / "torn.edf").rejected] == ["unreadable"]


def test_an_edf_without_the_channel(look, edf):
    (rejected,) = look(LoadSignal(channels=("PPG",)), edf).rejected
    assert rejected.detail == "no channel 'PPG'; the file has ECG, EDA"


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (("EDA", "EDA", "EDA"), "EDA, EDA-2, EDA-3"),
        (("EDA", "EDA-2", "EDA"), "EDA, EDA-2, EDA-3"),
        (("EDA", "EDA", "EDA-2"), "EDA, EDA-3, EDA-2"),
    ],
)
def test_channels_of_one_label_are_numbered(look, edf_of, labels, names):
    path = edf_of(labels)
    assert facts(look(LoadSignal(), path))[2] == names
    stats = SignalStats(channels=tuple(names.split(", ")))
    row = look(stats, path).rows.to_pylist()[0]
    assert [round(row[f"{snake(name)}_max"]) for name in names.split(", ")] == [3, 13, 23]
