"""Options handed to Beam: which runner, and whether it can be reached from here at all."""

import contextlib
import io
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path

from affectory.pipelines.engines._quiet import quietly
from affectory.pipelines.engines.base import Choice
from affectory.pipelines.engines.local import workers_for
from affectory.schemas.errors import UserError

LOCAL_RUNNER = "FnApiRunner"
"""Beam's own choice, DirectRunner, tries to download another runner first, and falls back without a word."""

_OURS = {
    "direct_num_workers": "use --workers",
    "direct_running_mode": "it follows from --workers",
    "save_main_session": "leave it out: workers get affectory as a package",
}
_BRING_CODE = {"setup_file", "extra_package", "extra_packages", "requirements_file", "sdk_container_image"}
Given = Mapping[str, str]


@dataclass(frozen=True)
class Flags:
    """Options as Beam reads them. `workers` is 0 where the runner decides."""

    runner: str
    workers: int
    arguments: tuple[str, ...]

    @property
    def local(self) -> bool:
        return self.runner == LOCAL_RUNNER

    @property
    def wheel(self) -> bool:
        """Whether workers are elsewhere and nothing that was given brings them our code."""
        given = {argument.partition("=")[0].removeprefix("--") for argument in self.arguments}
        return not self.local and given.isdisjoint(_BRING_CODE) and "--environment_type=LOOPBACK" not in self.arguments


def flags_of(choice: Choice) -> Flags:
    """Beam's options for a choice of engine; a mistake in them is told before anything starts."""
    given = _given(choice.options)
    runner = given.get("runner", LOCAL_RUNNER)
    if choice.address:
        hint = "name the runner's own option instead: --engine-option=--flink_master=HOST:PORT"
        raise UserError("--address is for a Ray cluster; Beam knows none", hint)
    _check_runner(runner, given)
    if choice.options:
        _check_names(choice.options)
    rest = tuple(option for option in choice.options if not option.startswith("--runner="))
    return _local(choice, rest) if runner == LOCAL_RUNNER else _remote(choice, runner, rest)


def _local(choice: Choice, rest: tuple[str, ...]) -> Flags:
    workers = workers_for() if choice.workers is None else choice.workers
    if workers == 0:
        raise UserError("engine beam needs a worker", "--workers 0 runs all in one process: only --engine local can")
    mode = "multi_threading" if workers > 1 else "in_memory"
    ours = (f"--runner={LOCAL_RUNNER}", f"--direct_num_workers={workers}", f"--direct_running_mode={mode}")
    return Flags(LOCAL_RUNNER, workers, ours + rest)


def _remote(choice: Choice, runner: str, rest: tuple[str, ...]) -> Flags:
    if choice.workers is not None:
        hint = "use the runner's own option: --engine-option=--parallelism=8 (Flink), --max_num_workers=8 (Dataflow)"
        raise UserError(f"--workers says nothing to Beam's {runner}", hint)
    return Flags(runner, 0, (f"--runner={runner}", *rest))


def _given(options: Sequence[str]) -> dict[str, str]:
    found = {}
    for option in options:
        name, _, value = option.partition("=")
        if not name.startswith("--") or not name[2:]:
            raise UserError(f"engine option {option!r} is not one of Beam's", "write --name=value")
        if name[2:] in _OURS:
            raise UserError(f"engine option {name} is not yours to set", _OURS[name[2:]])
        found[name[2:]] = value
    return found


def _check_runner(runner: str, given: Given) -> None:
    if runner.endswith("DirectRunner"):
        message = f"{runner} would download another runner and use what it gets"
        raise UserError(message, f"leave --runner out: {LOCAL_RUNNER} is the one for this machine")
    if runner not in RUNNERS:
        close = get_close_matches(runner, RUNNERS, 1, 0.4)
        meant = f"did you mean {close[0]}? " if close else ""
        raise UserError(f"Beam has no runner {runner!r} that is known here", f"{meant}allowed: {', '.join(RUNNERS)}")
    RUNNERS[runner](given)


def _needs(runner: str, given: Given, *names: str) -> None:
    missing = [f"--{name}=..." for name in names if not given.get(name)]
    if missing:
        raise UserError(f"Beam's {runner} needs {', '.join(missing)}", "give it as --engine-option=" + missing[0])


def _nothing(given: Given) -> None:
    """The local runner is part of Beam."""


def _prism(given: Given) -> None:
    _has_file("PrismRunner", given, "prism_location", "the prism binary, which it would download otherwise")


def _jar(runner: str, of: str) -> Callable[[Given], None]:
    def check(given: Given) -> None:
        _has_file(runner, given, f"{of}_job_server_jar", "Beam's job server, which it would download otherwise")
        if f"{of}_submit_uber_jar" not in given and shutil.which("java") is None:
            hint = f"install Java; or --engine-option=--{of}_submit_uber_jar; or a job server elsewhere: PortableRunner"
            raise UserError(f"Beam's {runner} needs Java to run its job server, and there is no `java` here", hint)

    return check


def _has_file(runner: str, given: Given, name: str, what: str) -> None:
    _needs(runner, given, name)
    if "://" not in given[name] and not Path(given[name]).is_file():
        raise UserError(f"there is no file {given[name]}", f"--{name} names {what}")


def _portable(given: Given) -> None:
    _needs("PortableRunner", given, "job_endpoint")


def _dataflow(given: Given) -> None:
    if find_spec("apitools") is None:
        raise UserError("Beam's DataflowRunner needs Google's packages", "pip install 'apache-beam[gcp]'")
    _needs("DataflowRunner", given, "project", "region", "temp_location")


RUNNERS: dict[str, Callable[[Given], None]] = {
    LOCAL_RUNNER: _nothing,
    "FlinkRunner": _jar("FlinkRunner", "flink"),
    "DataflowRunner": _dataflow,
    "PrismRunner": _prism,
    "SparkRunner": _jar("SparkRunner", "spark"),
    "PortableRunner": _portable,
}
"""Runners, each with a look at whether it can work from here."""


def _check_names(options: Sequence[str]) -> None:
    """Beam drops options it does not know, so that a slip of the pen would go unseen."""
    with quietly():
        from apache_beam.options.pipeline_options import PipelineOptions

    parsed, told = PipelineOptions(list(options)), io.StringIO()
    try:
        with contextlib.redirect_stderr(told):
            known = parsed.get_all_options()
            every = parsed.get_all_options(retain_unknown_options=True)
    except SystemExit:
        raise UserError("Beam cannot read its options", told.getvalue().strip().rpartition("\n")[2]) from None
    if unknown := sorted(set(every) - set(known)):
        close = get_close_matches(unknown[0], known, 1)
        hint = f"did you mean --{close[0]}?" if close else "see Beam's documentation of pipeline options"
        raise UserError(f"Beam has no option --{unknown[0]}", hint)
