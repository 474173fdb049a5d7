"""The page: the figures of a release, and a browser of its samples, in one file that asks for nothing else."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from affectory.quality.report import drawing
from affectory.quality.report.choosing import Bytes, choose, media_of
from affectory.quality.report.colours import style_of
from affectory.quality.report.counting import Counted, count, wilson
from affectory.quality.report.facets import FACETS, facets
from affectory.quality.report.figures import figures_of
from affectory.quality.report.judging import judge
from affectory.quality.report.released import Released
from affectory.quality.report.samples import Encoder, by_sample, embedded

CHUNK = 500
"""Samples that are decoded at once."""
_HERE = Path(__file__).parent
_MB = 1_000_000


def write_report(release: Path, target: Path, *, media_mb: float = 24, samples: int = 10_000) -> None:
    """Write the page of the release in a folder: the same bytes for the same release, wherever it lies."""
    found = Released(release)
    counted = count(found, samples)
    chosen = choose(found, counted.ids)
    media = media_of(chosen, int(media_mb * _MB))
    encoder = Encoder(found.media)
    said = by_sample(chosen.opinions)
    listed = list(encoder.samples(chosen.rows, chosen.splits, chosen.sources, said))
    for sample in listed:
        if sample["id"] in media:
            sample["inside"] = media[sample["id"]][0]
    html = page(found, counted, _data(found, counted, listed, encoder.asked), _bytes(media, listed))
    beside = target.with_name(f".{target.name}.part")
    beside.write_text(html, encoding="utf-8")
    beside.replace(target)


def page(
    release: Released,
    counted: Counted,
    data: Mapping[str, str],
    media: Sequence[tuple[str, str]] = (),
    served: bool = False,
) -> str:
    """The page as HTML; `data` stands in it by name, and is asked of the server instead where it is `served`."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"many": "{:,}".format, "share": _share, "two": _two}
    style = (_HERE / "static" / "report.css").read_text(encoding="utf-8") + style_of(release.taxonomy.labels)
    script = (_HERE / "static" / "report.js").read_text(encoding="utf-8")
    drawn = {name: getattr(drawing, name) for name in ("share", "stacked", "interval", "plane")}
    told = figures_of(release, counted, judge(release))
    return environment.get_template("report.html.jinja").render(
        **told, draw=drawn, style=style, script=script, policy=policy(style, script, served), wilson=wilson,
        data=data, inside=media, served=served,
    )  # fmt: skip


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


def _data(release: Released, counted: Counted, listed: list[dict[str, Any]], asked: list[Any]) -> dict[str, str]:
    """All that the script reads, by the id of the element it stands in."""
    labels = release.taxonomy.labels
    columns = [facets(sample, labels) for sample in listed]
    index = {name: _coded([column[name] for column in columns]) for name in FACETS}
    chunks = [listed[first : first + CHUNK] for first in range(0, len(listed), CHUNK)]
    data = {
        "about": about(release, counted, len(listed)),
        "asked": asked,
        "index": index | {"ids": [s["id"] for s in listed], "agreement": [s.get("agreement") for s in listed],
                          "count": [s.get("count", 0) for s in listed]},
        **{f"chunk-{number}": chunk for number, chunk in enumerate(chunks)},
    }  # fmt: skip
    return {name: embedded(value) for name, value in data.items()}


def about(release: Released, counted: Counted, shown: int, served: bool = False) -> dict[str, Any]:
    """What the script needs to know before it looks at any sample."""
    known = {"labels": list(release.taxonomy.labels), "total": counted.total, "shown": shown}
    return known | {"chunk": CHUNK, "served": served}


def _coded(values: Sequence[str]) -> dict[str, Any]:
    names = sorted(set(values))
    places = {name: place for place, name in enumerate(names)}
    return {"names": names, "of": [places[value] for value in values]}


def _bytes(media: Bytes, listed: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Media by the id of the element that they stand in."""
    encode = partial(base64.b64encode)
    return [
        (f"m-{place}-{number}", encode(value).decode())
        for place, sample in enumerate(listed)
        if sample["id"] in media
        for number, value in enumerate(media[sample["id"]][1])
    ]
