"""Files of measurements become records of the kind signal."""

import importlib.util

import pytest

from affectory.schemas.errors import UserError
from affectory.transforms.sources.signal import SignalSource

SIGNAL = SignalSource(path="x", key="stem", speaker=r"^(\w+)/")
EDF = b"0       " + bytes(300)


@pytest.mark.parametrize(
    ("name", "data", "form"),
    [
        ("s1/eda.csv", b"time,eda\n0,1\n", "csv"),
        ("s1/eda.tsv", b"time\teda\n0\t1\n", "tsv"),
        ("s1/a.edf", EDF, "edf"),
        ("s1/a.bdf", b"\xffBIOSEMI" + bytes(300), "bdf"),
    ],
)
def test_a_file_is_a_record(take, tmp_path, name, data, form):
    (tmp_path / "f").write_bytes(data)
    (row,), _ = take(SIGNAL, tmp_path / "f", uri=name)
    assert (row["kind"], row["format"], row["key"], row["speaker"]) == ("signal", form, name[3:-4], "s1")


@pytest.mark.parametrize(("name", "data"), [("a.edf", b"nothing"), ("a.csv", b"\0\1\2"), ("a.csv", b"  \n")])
def test_what_is_no_signal(take_bytes, name, data):
    rows, (refused,) = take_bytes(SIGNAL, data, name=name)
    assert (rows, refused.reason) == ([], "unsupported")


def test_a_missing_package_is_told_before_anything_is_read(listed, tmp_path, monkeypatch):
    (tmp_path / "a.edf").write_bytes(EDF)
    (tmp_path / "a.csv").write_bytes(b"a")
    assert listed(SIGNAL, tmp_path) == ["a.csv", "a.edf"]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"a\.edf needs the package pyedflib") as raised:
        listed(SIGNAL, tmp_path)
    assert raised.value.hint == "pip install 'affectory[signals]'"
