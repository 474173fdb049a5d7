"""The pages that the proxy has of its own: where one's work stands, and that something is not open."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.responses import Response

CSP = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
STYLE = """
:root { color-scheme: light dark; --ink: #1c1f24; --quiet: #59616d; --ground: #f6f7f9; --card: #fff; --line: #d9dde3;
  --mark: #2456c7; --on-mark: #fff; --track: #e3e7ee; }
@media (prefers-color-scheme: dark) { :root { --ink: #e9ecf1; --quiet: #a5aebb; --ground: #14171c; --card: #1d2128;
  --line: #343b46; --mark: #8fb2ff; --on-mark: #0d1420; --track: #2c333e; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline; justify-content: space-between; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 0; overflow-wrap: anywhere; }
p { margin: .25rem 0; } .quiet { color: var(--quiet); }
ul { list-style: none; margin: 1.5rem 0 0; padding: 0; display: grid; gap: 1rem; }
li { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.1rem 1.25rem;
  display: grid; grid-template-columns: 1fr auto; gap: .5rem 1.5rem; align-items: center; }
progress { width: 100%; height: .5rem; border: 0; border-radius: 1rem; background: var(--track); overflow: hidden;
  appearance: none; }
progress::-webkit-progress-bar { background: var(--track); }
progress::-webkit-progress-value { background: var(--mark); }
progress::-moz-progress-bar { background: var(--mark); }
a { color: var(--mark); } a:focus-visible { outline: 3px solid var(--mark); outline-offset: 3px; border-radius: .5rem; }
.go { background: var(--mark); color: var(--on-mark); text-decoration: none; padding: .55rem 1.2rem; font-weight: 600;
  border-radius: .5rem; white-space: nowrap; }
@media (max-width: 30rem) { li { grid-template-columns: 1fr; } .go { text-align: center; } }
"""
# Doors of Label Studio that are shut for annotators are not shown to them either; one leads back to us.
HIDDEN = (
    "<style>.lsf-menu-header__trigger,.ls-menu-header__trigger,.lsf-breadcrumbs,.ls-breadcrumbs,.dm-labeling__close-btn,"
    'a[href$="/settings"]{visibility:hidden!important}'
    "#affectory{position:fixed;top:9px;left:16px;z-index:2147483647;padding:4px 10px;"
    "font:600 15px/22px system-ui,sans-serif;color:#fff;background:#2456c7;border-radius:6px;"
    "text-decoration:none}"
    # On a phone its instructions and its buttons would lie beside the screen.
    "@media (max-width:700px){.lsf-modal-ls__content{width:100%!important;min-width:0!important}"
    ".lsf-menu-header__trigger{display:none!important}"
    ".lsf-editor{margin:0!important;width:100%!important;min-width:0!important}"
    ".lsf-bottombar{flex-wrap:wrap;height:auto!important}}</style>"
)
BACK = '<a id="affectory" data-external href="/review/">&larr; Your work</a>'


@dataclass(frozen=True)
class Work:
    """One project of a rater's; `total` is unknown where anyone may be asked."""

    project: int
    title: str
    done: int
    total: int | None
    more: bool


def overview(who: str, works: Sequence[Work], hours: float, limit: float | None, *, lead: bool) -> str:
    """Where one's work stands, with a way on for each project."""
    items = "".join(_work(work, stopped=limit is not None and hours >= limit) for work in works)
    nothing = "" if items else '<p class="quiet">There is nothing for you to do at the moment.</p>'
    also = '<p><a href="/projects/">Label Studio</a> · <a href="/review/status">Status</a></p>' if lead else ""
    return _page(
        "Your work",
        f'<header><h1>Your work</h1><p><a href="/logout">Log out</a></p></header>'
        f'<p class="quiet">You are {escape(who)}. {_hours(hours, limit)}</p>{also}{nothing}'
        f"{f'<ul>{items}</ul>' if items else ''}",
    )


def _work(work: Work, *, stopped: bool) -> str:
    title = escape(work.title or f"Project {work.project}")
    heading = f'<h2 id="w{work.project}">{title}</h2>'
    label = f'aria-label="{work.done} of {work.total} done"'
    bar = f'<progress {label} value="{work.done}" max="{work.total}"></progress>' if work.total else ""
    return f"<li><div>{heading}{bar}<p>{_stands(work)}</p></div>{_on(work, stopped=stopped)}</li>"


def _stands(work: Work) -> str:
    if work.total is None:
        return f"{work.done} done. {'There is more to do.' if work.more else 'Nothing is left.'}"
    return f"{work.done} of {work.total} done, {work.total - work.done} left."


def _on(work: Work, *, stopped: bool) -> str:
    if stopped or not work.more:
        return f'<span class="quiet">{"Paused" if stopped and work.more else "Done"}</span>'
    name = "Go on" if work.done else "Start"
    return f'<a class="go" aria-describedby="w{work.project}" href="{stream(work.project)}">{name}</a>'


def stream(project: int) -> str:
    """Where one labels task after task, with no tables of tasks."""
    return f"/projects/{project}/data?labeling=1"


def stream_page(text: str) -> str:
    """Label Studio's page without the doors that are shut, nor the folder on the server that it tells of."""
    text = re.sub(r'local_files_document_root: "[^"]*"', 'local_files_document_root: ""', text)
    return text.replace("</head>", f"{HIDDEN}</head>", 1).replace("<body>", f"<body>{BACK}", 1)


def _hours(hours: float, limit: float | None) -> str:
    if limit is None:
        return f"This week you worked {hours:.1f} hours."
    over = " That is what was agreed for a week; go on another day." if hours >= limit else ""
    return f"This week you worked {hours:.1f} of {limit:g} hours.{over}"


def refused(why: str) -> str:
    """That something is not open, and where to go."""
    body = (
        f'<h1>Not open</h1><p>{escape(why)}</p><p><a href="/review/">Your work</a> · <a href="/logout">Log out</a></p>'
    )
    return _page("Not open", body)


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>"
    )


def html(text: str, status: int = 200) -> "Response":
    """A page of ours, which loads nothing from anywhere."""
    from starlette.responses import HTMLResponse

    return HTMLResponse(text, status, {"content-security-policy": CSP, "cache-control": "no-store"})
