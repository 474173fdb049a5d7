"""The environment of Label Studio's server: its packages agree with nobody else's, so they get a place of their own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from affectory.annotation.server.home import data_home
from affectory.schemas.errors import UserError

RELEASE = "1.23.2"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
VARIABLE = "AFFECTORY_LABEL_STUDIO_ENV"
_INSTALLED = ".affectory-installed"


@dataclass(frozen=True)
class Environment:
    """A folder with Label Studio and the Python that runs it."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def label_studio(self) -> Path:
        return self.folder / "bin" / "label-studio"


def environment(tell: Callable[[str], None]) -> Environment:
    """The one that was named, else our own, installed at the first time."""
    named = os.environ.get(VARIABLE)
    if named:
        return _existing(Path(named).absolute())
    own = Environment(data_home() / f"label-studio-{RELEASE}")
    if not (own.folder / _INSTALLED).exists():
        tell(f"installing Label Studio {RELEASE} into {own.folder}: a minute or two, once")
        _install(own)
    return own


def _existing(folder: Path) -> Environment:
    found = Environment(folder)
    if not (found.label_studio.exists() and found.python.exists()):
        what = f"{VARIABLE} names {folder}, where there is no Label Studio"
        raise UserError(what, f"unset it to have one installed, or: uv pip install label-studio=={RELEASE}")
    return found


def _install(into: Environment) -> None:
    """Every file by its hash, and nothing that is not listed. One that broke off is made again."""
    shutil.rmtree(into.folder, ignore_errors=True)
    into.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    what = ["--no-deps", "--require-hashes", "-r", str(REQUIREMENTS)]
    uv = _uv()
    if uv:
        _run([uv, "venv", "-q", "--python", sys.executable, str(into.folder)])
        _run([uv, "pip", "install", "-q", "--python", str(into.python), *what])
    else:
        _run([sys.executable, "-m", "venv", str(into.folder)])
        _run([str(into.python), "-m", "pip", "install", "-qq", "--no-input", "--disable-pip-version-check", *what])
    (into.folder / _INSTALLED).touch()


def _uv() -> str | None:
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else shutil.which("uv")


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        said = "\n".join(f"  | {line[:300]}" for line in (done.stdout + done.stderr).strip().splitlines()[-8:])
        hint = f"once the package registry is reached, try again; or name an environment that has it: {VARIABLE}=/path"
        raise UserError(f"Label Studio could not be installed:\n{said}", hint)
