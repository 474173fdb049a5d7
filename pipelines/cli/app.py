"""The `affectory` command: its groups of commands, and what the user sees when something is wrong."""

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer

from affectory.pipelines.cli import (
    building,
    deploying,
    forgetting,
    keeping,
    labelling,
    looking,
    measuring,
    raters,
    reviewing,
    tracing,
    validating,
    verifying,
    viewing,
    writing,
)
from affectory.schemas.errors import AffectoryError, Exit, UserError

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
INTERRUPTED = 130

app = typer.Typer(
    help="Build emotion datasets in which every judgement is kept and labels are views over them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose mistakes end with a message and an exit code, never with a traceback."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
            sys.stdout.flush()
        except AffectoryError as error:
            _leave(error)
        except KeyboardInterrupt:
            print("\nstopped; what was committed stays, build again to go on", file=sys.stderr)
            sys.exit(INTERRUPTED)
        except BrokenPipeError:
            # The reader has what it wanted; what is still in the buffer goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(Exit.INTERNAL if command in building.COMMANDS else Exit.OK)
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            _leave(UserError(f"{place}{error.strerror or error}", "check the path, its permissions and the space left"))

    return run


def _tell_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(version("affectory"))
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", help="Print the version.", callback=_tell_version, is_eager=True)]


@app.callback(context_settings={"help_option_names": ["-h", "--help"]})
def _options(version: Version = False) -> None:
    pass


for group in (
    building,
    validating,
    labelling,
    measuring,
    raters,
    tracing,
    deploying,
    looking,
    viewing,
    verifying,
    keeping,
    forgetting,
    writing,
):
    for listed in group.COMMANDS:
        app.command()(guarded(listed))

REVIEW = """People judge in Label Studio: plan, push, pull, and how it goes.

`up` starts the server. After a build, `plan` says who is asked what, `push` asks them, and `pull` brings back what they
answered, which the next build counts."""
review = typer.Typer(help=REVIEW, no_args_is_help=True)
for listed in reviewing.COMMANDS:
    review.command()(guarded(listed))
app.add_typer(review, name="review")


def main() -> None:
    """Run a command."""
    # Before numpy is loaded: sums over several threads differ in the last bit.
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")
    try:
        app()
    except SystemExit as ended:
        if "pyarrow" not in sys.modules or not isinstance(ended.code, int | None):
            raise
        from affectory.pipelines.ending import end_now

        end_now(ended.code or 0)


def _leave(error: AffectoryError) -> None:
    if "--json" in sys.argv:
        import json

        print(json.dumps({"event": "error", **error.facts(), "text": str(error)}, ensure_ascii=False, default=str))
    else:
        print(str(error), file=sys.stderr)
    sys.exit(error.exit_code)
