"""A command that has read through Arrow ends with its exit code, whatever Arrow's threads still hold."""

import subprocess
import sys
from pathlib import Path

import pytest

END = """
import atexit, os, sys, threading
import pyarrow
from affectory.pipelines.cli import main

class Kept:
    def __del__(self):
        os.write(2, b"taken down")

kept = Kept()
atexit.register(print, "called at the end")
sys.argv = ["affectory", *{words!r}]
main()
"""


@pytest.mark.parametrize(("words", "code"), [(["--version"], 0), (["releases", "nowhere.yaml"], 2), (["--no"], 2)])
def test_what_asked_to_be_called_is_called_and_python_is_not_taken_down(
    words: list[str], code: int, tmp_path: Path
) -> None:
    run = [sys.executable, "-c", END.format(words=words)]
    done = subprocess.run(run, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert done.stdout.endswith("called at the end\n")
    assert "taken down" not in done.stderr


def test_without_arrow_nothing_is_special() -> None:
    run = [sys.executable, "-c", END.format(words=["--version"]).replace("import pyarrow\n", "")]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "taken down")
