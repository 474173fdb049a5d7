"""The page: the figures of a release, and a browser of its samples, in one file that asks for nothing else."""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from affectory.quality.html_pages import html_templates
from affectory.quality.report import drawing
from affectory.quality.report.colours import style_of
from affectory.quality.report.counting import Counted, count, wilson
from affectory.quality.report.embedding import Elements, Embedded
from affectory.quality.report.figures import figures_of
from affectory.quality.report.judging import judge
from affectory.quality.report.released import Released

if TYPE_CHECKING:
    import jinja2

_HERE = Path(__file__).parent
_MB = 1_000_000


def write_report(release: Path, target: Path, *, media_mb: float = 24, samples: int = 10_000) -> None:
    """Write the page of the release in a folder: the same bytes for the same release, wherever it lies."""
    found = Released(release)
    counted = count(found, samples)
    inside = Embedded(found, counted, int(media_mb * _MB))
    beside = target.with_name(f".{target.name}.part")
    with beside.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(page(found, counted, inside.data(), inside.media()))
    beside.replace(target)


def page(
    release: Released, counted: Counted, data: Elements, media: Iterable[tuple[str, str]] = (), served: bool = False
) -> Iterator[str]:
    """The page as HTML, piece by piece; `data` and `media` are elements that stand in it."""
    style = (_HERE / "static" / "report.css").read_text(encoding="utf-8") + style_of(release.taxonomy.labels)
    script = (_HERE / "static" / "report.js").read_text(encoding="utf-8")
    drawn = {name: getattr(drawing, name) for name in ("share", "stacked", "interval", "plane")}
    told = figures_of(release, counted, judge(release))
    return _template().generate(
        **told, draw=drawn, style=style, script=script, policy=policy(style, script, served), wilson=wilson,
        data=data, inside=media, served=served,
    )  # fmt: skip


@cache
def _template() -> "jinja2.Template":
    """Compiled once in a process: that takes longer than to fill in a small page."""
    environment = html_templates(_HERE / "templates")
    environment.filters |= {"many": "{:,}".format, "share": _share, "two": _two}
    return environment.get_template("report.html.jinja")


def policy(style: str, script: str, served: bool) -> str:
    """What the page may load: its own style and script, and media that stand in it or come from its server."""
    own = " 'self'" if served else ""
    rules = {
        "default-src": "'none'",
        "script-src": f"'sha256-{_hash(script)}'",
        "style-src": f"'sha256-{_hash(style)}'",
        "img-src": f"data:{own}",
        "media-src": f"data:{own}",
        "connect-src": "'self'" if served else "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _share(value: float) -> str:
    return f"{100 * value:.0f} %" if value >= 0.1 or not value else f"{100 * value:.1f} %"


def _two(value: float) -> str:
    """Two digits with a true minus, and no nought that is below itself."""
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")
