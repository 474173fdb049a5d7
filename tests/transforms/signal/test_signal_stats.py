"""What channels do in a stretch, on the clock of the sample."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from affectory.transforms.signal.signal_stats import SignalStats

from .conftest import member

RAMP = "time,EDA (uS)\n" + "".join(f"{n / 10},{n}\n" for n in range(50))
STEP = SignalStats(channels=("EDA (uS)",))


def stats(result, name="eda_us"):
    assert (result.rejected, result.failed) == ((), ())
    row = result.rows.to_pylist()[0]
    return tuple(row[f"{name}_{stat}"] for stat in ("mean", "min", "max", "slope"))


def test_of_the_whole_signal(look, write):
    assert stats(look(STEP, write("a.csv", RAMP))) == (24.5, 0.0, 49.0, 10.0)


def test_of_the_stretch_of_a_sample(look, write):
    assert stats(look(STEP, write("a.csv", RAMP), 1_000_000, 2_000_000)) == (14.5, 10.0, 19.0, 10.0)


@pytest.mark.parametrize(("offset_us", "mean"), [(0, 14.5), (1_000_000, 4.5), (-1_000_000, 24.5)])
def test_of_a_member_whose_clock_began_at_another_time(look, write, offset_us, mean):
    """A time of the member is that of the sample less the offset."""
    path = write("a.csv", RAMP)
    step = SignalStats(channels=("EDA (uS)",), role="wrist")
    rows = look(step, path, 1_000_000, 2_000_000, kind="video", members=member(path, "wrist", offset_us))
    assert stats(rows)[0] == mean


def test_of_a_record_nothing_is_before_0_and_of_a_member_it_is_on_the_clock_of_the_sample(look, write):
    path = write("a.csv", "time,EDA (uS)\n" + "".join(f"{n},{n}\n" for n in range(-5, 5)))
    (rejected,) = look(STEP, path).rejected
    assert (rejected.reason, "`zero: first`" in rejected.detail) == ("bad_row", True)
    step = SignalStats(channels=("EDA (uS)",), role="wrist")
    assert stats(look(step, path, kind="video", members=member(path, "wrist", 0)))[1] == 0
    assert stats(look(step, path, kind="video", members=member(path, "wrist", 3_000_000)))[1] == -3


def test_without_the_member_or_a_measurement_there_is_nothing(look, write):
    path = write("a.csv", RAMP)
    step = SignalStats(channels=("EDA (uS)",), role="ankle")
    assert stats(look(step, path, members=member(path, "wrist", 0))) == (None,) * 4
    assert stats(look(STEP, path, 60_000_000, 61_000_000)) == (None,) * 4


def test_of_edf(look, edf):
    mean, low, high, slope = stats(look(SignalStats(channels=("EDA",)), edf, 1_000_000, 3_000_000), "eda")
    assert (round(mean, 1), round(low), round(high), round(slope, 1)) == (3.5, 2, 5, 2.0)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30))
def test_laws(look, tmp_path_factory, values):
    path = tmp_path_factory.getbasetemp() / "law.csv"
    path.write_text("time,x\n" + "".join(f"{n},{v!r}\n" for n, v in enumerate(values)))
    row = look(SignalStats(channels=("x",)), path).rows.to_pylist()[0]
    slack = 1e-6 * (1 + max(map(abs, values)))
    assert row["x_min"] - slack <= row["x_mean"] <= row["x_max"] + slack
    assert 0 <= row["x_sd"] <= (row["x_max"] - row["x_min"]) / 2 + slack
    assert math.isfinite(row["x_slope"])


@pytest.mark.parametrize("channels", [[], ["a", "A"], ["..."], ["x y", "x-y"]])
def test_names_must_make_names_of_notes(channels):
    with pytest.raises(ValidationError):
        TypeAdapter(SignalStats).validate_python({"channels": channels})
