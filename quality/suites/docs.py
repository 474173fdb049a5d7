"""Data docs: the pages of Great Expectations about what all lots together gave, made to stand alone."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from affectory.quality.suites.child import context
from affectory.quality.suites.own import KINDS

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:1.5rem auto;max-width:72rem;padding:0 1rem}
body{color:#1b1b1b;background:#fff}a{color:#0b57d0}
table{border-collapse:collapse;width:100%;margin:.5rem 0}
td,th{border:1px solid #bbb;padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
.badge{border:1px solid #999;border-radius:.3rem;padding:0 .3rem}.navbar ol,.nav{list-style:none;padding:0}
.fa-check-circle::before{content:"met"}.fa-times::before{content:"NOT MET"}.text-danger{font-weight:600}
.modal,.collapse:not(.show),#ge-cta-footer{display:none}svg,img{max-width:10rem}
@media(prefers-color-scheme:dark){body{color:#eee;background:#181818}td,th{border-color:#555}a{color:#8ab4f8}}
"""
_STATUSES = ("passed", "blocks", "warns", "tells")
_OUTSIDE = re.compile(
    r"<script\b[^>]*>.*?</script>|<link\b[^>]*>|<img\b[^>]*https?:[^>]*>|<iframe\b.*?</iframe>|<noscript\b.*?</noscript>"
    r"|<footer>.*?</footer>|<div class=\"sticky\">.*?(?=<strong>Table of Contents)",
    re.DOTALL | re.IGNORECASE,
)
"""What would be fetched (styles, scripts and pictures of others), what does nothing without it, and a newsletter."""
_AWAY = re.compile(r"<a\b[^>]*href=[\"']?(?:https?:|(?:\.\./)*expectations/)[^>]*>(.*?)</a>", re.DOTALL | re.IGNORECASE)
"""Links out of the site, and to pages about suites without results, which it has not."""
_IMPORTED = re.compile(r"@import[^;]*;|url\(\s*['\"]?https?:[^)]*\)", re.IGNORECASE)


def write(folder: Path, tables: Sequence[Mapping[str, Any]]) -> list[str]:
    """Write the site below a folder; the names of its pages."""
    site = context()
    folder.mkdir(parents=True, exist_ok=True)
    for table in tables:
        _store(site, table)
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder.resolve())}
    index = {"class_name": "DefaultSiteIndexBuilder", "show_cta_footer": False}
    site.add_data_docs_site(
        "release", {"class_name": "SiteBuilder", "site_index_builder": index, "store_backend": store}
    )
    site.build_data_docs(site_names=["release"])
    pages = {page.stem: page for page in sorted(folder.glob("validations/**/*.html"))}
    for page in pages.values():
        page.write_text(alone(page.read_text(encoding="utf-8")), encoding="utf-8")
    links = {name: page.relative_to(folder).as_posix() for name, page in pages.items()}
    (folder / "index.html").write_text(_index(tables, links), encoding="utf-8")
    return ["index.html", *links.values()]


def _index(tables: Sequence[Mapping[str, Any]], links: Mapping[str, str]) -> str:
    """The first page, in place of one that is nothing without scripts."""
    lines = []
    for table in tables:
        name, held = table["table"], [check["status"] for check in table["checks"]]
        cells = "".join(f"<td>{held.count(status)}</td>" for status in _STATUSES)
        lines.append(f"<tr><td><a href='{links[name]}'>{name}</a></td><td>{table['rows']:,}</td>{cells}</tr>")
    heads = "".join(f"<th scope='col'>{name}</th>" for name in ("table", "rows", *_STATUSES))
    begin = "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>Data docs</title>"
    width = "<meta name='viewport' content='width=device-width'>"
    body = f"<body><main><h1>Data docs</h1><table><tr>{heads}</tr>{''.join(lines)}</table></main></body></html>"
    return f"{begin}{width}<style>{_STYLE}</style></head>{body}"


def alone(page: str) -> str:
    """The page without anything that it would fetch, and with a style of its own."""
    kept = _AWAY.sub(r"\1", _OUTSIDE.sub("", page))
    kept = _IMPORTED.sub("", kept).replace("Unexpected Value", "Row")
    return kept.replace("</head>", f"<style>{_STYLE}</style></head>", 1)


def _store(site: Any, table: Mapping[str, Any]) -> None:
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    results = [_result(check) for check in table["checks"]]
    met = sum(bool(result.success) for result in results)
    share = 100 * met / len(results) if results else None
    counts = {"evaluated_expectations": len(results), "successful_expectations": met}
    failed = {"unsuccessful_expectations": len(results) - met, "success_percent": share}
    meta = {"run_id": _run(RunIdentifier), "batch_spec": {}, "active_batch_definition": {}}
    found = ExpectationSuiteValidationResult(
        success=met == len(results), results=results, suite_name=table["table"], statistics=counts | failed, meta=meta
    )
    suite = ExpectationSuiteIdentifier(name=table["table"])
    key = ValidationResultIdentifier(suite, run_id=_run(RunIdentifier), batch_identifier=table["table"])
    site.validation_results_store.set(key, found)


def _run(identifier: Any) -> Any:
    """Pages are about tables, not about when they were looked at."""
    return identifier(run_name="gate", run_time=datetime(1970, 1, 1, tzinfo=UTC))


def _result(check: Mapping[str, Any]) -> Any:
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    kind, arguments = f"expect_{check['expect']}", _escaped(check["arguments"])
    if check["expect"] not in KINDS:
        kind, arguments = "expect_column_values_to_not_be_null", {"column": arguments["column"]}
    config = ExpectationConfiguration(type=kind, kwargs=arguments, description=escape(_told(check)))
    return ExpectationValidationResult(
        success=check["status"] == "passed", expectation_config=config, result=_counts(check), exception_info={}
    )


def _told(check: Mapping[str, Any]) -> str:
    """What is expected, by its name in a recipe, and what is wrong otherwise."""
    arguments = ", ".join(f"{key}: {value}" for key, value in check["arguments"].items() if key != "column")
    share = f" of {check['mostly']:.1%} of the rows" if check["mostly"] < 1 else ""
    expected = f"{check['expect'].replace('_', ' ')} ({arguments}){share}"
    return f"{check['name']}: {expected}. It {check['severity']} where {check['means']}"


def _escaped(value: Any) -> Any:
    """Text of the data and of recipes, which Great Expectations writes as it is."""
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, Mapping):
        return {escape(key): _escaped(inside) for key, inside in value.items()}
    return [_escaped(inside) for inside in value] if isinstance(value, list | tuple) else value


def _counts(check: Mapping[str, Any]) -> dict[str, Any]:
    if check["observed"] is not None:
        return {"observed_value": _escaped(check["observed"])}
    share = 100 * check["unexpected"] / check["of"] if check["of"] else 0.0
    rows = _escaped(check["rows"])
    return {
        "element_count": check["elements"],
        "missing_count": check["missing"],
        "unexpected_count": check["unexpected"],
        "unexpected_percent": share,
        "unexpected_percent_nonmissing": share,
        "partial_unexpected_list": rows,
        "partial_unexpected_counts": [{"value": row, "count": 1} for row in rows],
    }
