"""Great Expectations, in a process of its own: importing it takes seconds and memory, and it warns as it does.

A job is a line of JSON, and, where it says so, a stream of Arrow behind it; each is answered by a line of JSON.
"""

import gc
import json
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from math import isfinite
from pathlib import Path
from typing import IO, Any

from affectory.quality.findings import SHOWN

ROW = "_row"
"""The column that names rows."""
_FORMAT = {"result_format": "COMPLETE", "unexpected_index_column_names": [ROW]}


def main() -> None:
    """Answer jobs until there are no more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    _quiet()
    for line in iter(sys.stdin.buffer.readline, b""):
        job = json.loads(line)
        print(json.dumps(_done(job, sys.stdin.buffer)), file=answers, flush=True)


def _quiet() -> None:
    import logging

    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)


def _done(job: Mapping[str, Any], stream: IO[bytes]) -> Any:
    data = stream.read(job["bytes"])
    if job["do"] == "try":
        return {check["name"]: error for check in job["checks"] if (error := _refused(check))}
    if job["do"] == "look":
        return list(_looked(job["checks"], data))
    from affectory.quality.suites import docs

    return docs.write(Path(job["folder"]), job["tables"])


def _refused(check: Mapping[str, Any]) -> str:
    """Why Great Expectations does not take an expectation; empty where it does."""
    try:
        expectation(check)
    except Exception as error:
        told = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in getattr(error, "errors", list)())
        return "; ".join(told).replace("__root__: ", "") or f"{type(error).__name__}: {error}"
    return ""


def expectation(check: Mapping[str, Any]) -> Any:
    """The expectation of Great Expectations that a check is."""
    from great_expectations.expectations.registry import get_expectation_impl

    return get_expectation_impl(f"expect_{check['expect']}")(**check["arguments"], meta={"name": check["name"]})


def context() -> Any:
    """Great Expectations, without files, progress or telemetry."""
    import great_expectations as gx

    found: Any = gx.get_context(mode="ephemeral")
    found.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return found


def _looked(checks: list[Mapping[str, Any]], data: bytes) -> Iterator[dict[str, Any]]:
    import great_expectations as gx
    import pyarrow as pa

    frame = pa.ipc.open_stream(data).read_all().to_pandas()
    batch = _lots().get_batch(batch_parameters={"dataframe": frame})
    suite = gx.ExpectationSuite("checks", expectations=[expectation(check) for check in checks])
    for found in batch.validate(suite, result_format=_FORMAT).results:
        yield _answer(found.to_json_dict())
    del frame, batch
    gc.collect()  # lots go round in circles, and would wait for each other


@cache
def _lots() -> Any:
    """Of one context for all lots, as each keeps some of what it saw."""
    source = context().data_sources.add_pandas("tables").add_dataframe_asset("rows")
    gc.freeze()
    return source.add_batch_definition_whole_dataframe("lot")


def _answer(found: Mapping[str, Any]) -> dict[str, Any]:
    result, name = found["result"], found["expectation_config"]["meta"]["name"]
    if error := _error(found["exception_info"]):
        return {"name": name, "error": error}
    rows = sorted({str(row[ROW]) for row in result.get("unexpected_index_list") or ()})
    counts = {key: result.get(f"{key}_count") or 0 for key in ("element", "missing", "unexpected")}
    more = {"observed": _numbers(result.get("observed_value")), "met": bool(found["success"])}
    return {"name": name, **counts, "rows": rows[:SHOWN], **more}


def _numbers(value: Any) -> Any:
    """What JSON has no word for is nothing: the mean of no numbers. Words of the data are counted, never told."""
    if isinstance(value, str) or (isinstance(value, list) and any(isinstance(inside, str) for inside in value)):
        return "1 text" if isinstance(value, str) or len(value) == 1 else f"{len(value)} texts"
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _numbers(inside) for key, inside in value.items()}
    return [_numbers(inside) for inside in value] if isinstance(value, list) else value


def _error(told: Mapping[str, Any]) -> str:
    """Of one expectation, or of one of the metrics that it needs."""
    each = [told] if "raised_exception" in told else list(told.values())
    return next((str(e["exception_message"])[:300] for e in each if e.get("raised_exception")), "")
