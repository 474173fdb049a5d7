"""Which files hold a series of measurements with a clock of its own, and whether what they need is installed."""

import importlib.util
from pathlib import PurePosixPath

from affectory.schemas.errors import UserError

ENDINGS = ("*.csv", "*.tsv", "*.edf", "*.bdf")
HEAD_BYTES = 512
_EDF, _BDF = b"0       ", b"\xffBIOSEMI"


def signal_format(head: bytes, name: str) -> str | None:
    """The format of a file with these first bytes and this name; null where it is no signal."""
    ending = PurePosixPath(name).suffix.lower().removeprefix(".")
    if head.startswith(_BDF):
        return "bdf"
    if head.startswith(_EDF) and ending == "edf":
        return "edf"
    return ending if ending in ("csv", "tsv") and b"\0" not in head and head.strip() else None


def check_installed(name: str) -> None:
    """Raise where a file of this name needs a package that is not there."""
    if name.lower().endswith((".edf", ".bdf")) and importlib.util.find_spec("pyedflib") is None:
        raise UserError(
            f"{name} needs the package pyedflib, which is not installed", "pip install 'affectory[signals]'"
        )
