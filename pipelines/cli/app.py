"""The `affectory` command: its groups of commands, and what the user sees when something is wrong."""

import os
import sys

import typer

from affectory.pipelines.cli import building, keeping, looking, writing
from affectory.schemas.errors import AffectoryError, Exit

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

app = typer.Typer(
    help="Build emotion datasets in which every judgement is kept and labels are views over them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group in (building, looking, keeping, writing):
    for command in group.COMMANDS:
        app.command()(command)


def main() -> None:
    """Run a command; a mistake of the user ends with a message and exit code 2, never with a traceback."""
    # Before numpy is loaded: sums over several threads differ in the last bit.
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")
    try:
        app()
    except AffectoryError as error:
        _say(error, as_json="--json" in sys.argv)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("stopped; what was committed stays, build again to go on", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - the reader of our output is gone
        sys.exit(Exit.OK)


def _say(error: AffectoryError, *, as_json: bool) -> None:
    if as_json:
        import json

        print(json.dumps({"event": "error", **error.facts(), "text": str(error)}, ensure_ascii=False, default=str))
    else:
        print(str(error), file=sys.stderr)
