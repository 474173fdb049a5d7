"""What the page holds of single samples, made some at a time: of ten thousand, no more is in memory than is needed."""

import base64
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from affectory.quality.report.choosing import choose, media_of
from affectory.quality.report.counting import Counted
from affectory.quality.report.facets import FACETS, facets
from affectory.quality.report.released import Released
from affectory.quality.report.samples import Encoder, Plain, by_sample, embedded

CHUNK = 500
"""Samples that the page decodes at once."""
Elements = Iterator[tuple[str, str]]


class Embedded:
    """The samples of a page and as many of their media as fit, as texts of elements by id."""

    def __init__(self, release: Released, counted: Counted, media_bytes: int) -> None:
        self._release, self._counted = release, counted
        self._chosen = choose(release, counted.ids)
        self._media = media_of(self._chosen, media_bytes)
        self._ids: list[str] = self._chosen.rows["sample_id"].to_pylist()

    def data(self) -> Elements:
        """All samples, then what the script needs to find its way among them."""
        encoder, labels = Encoder(self._release.media), self._release.taxonomy.labels
        columns: dict[str, list[Any]] = {name: [] for name in (*FACETS, "agreement", "count")}
        for number, chunk in enumerate(self._chunks(encoder)):
            for sample in chunk:
                for name, value in facets(sample, labels).items():
                    columns[name].append(value)
                columns["agreement"].append(sample.get("agreement"))
                columns["count"].append(sample.get("count", 0))
            yield f"chunk-{number}", embedded(chunk)
        coded = {name: _coded(columns.pop(name)) for name in FACETS}
        yield "index", embedded({**coded, "ids": self._ids, **columns})
        yield "asked", embedded(encoder.asked)
        yield "about", embedded(about(self._release, self._counted, len(self._ids)))

    def media(self) -> Elements:
        """Media by the number of their sample."""
        for place, sample in enumerate(self._ids):
            _, values = self._media.get(sample, ("", ()))
            for number, value in enumerate(values):
                yield f"m-{place}-{number}", base64.b64encode(value).decode()

    def _chunks(self, encoder: Encoder) -> Iterator[list[Plain]]:
        chosen, opinions = self._chosen, self._chosen.opinions
        of = opinions["sample_id"].to_numpy(zero_copy_only=False)
        for first in range(0, len(self._ids), CHUNK):
            ids = self._ids[first : first + CHUNK]
            ends = (np.searchsorted(of, ids[0], "left"), np.searchsorted(of, ids[-1], "right"))
            said = by_sample(opinions.slice(ends[0], ends[1] - ends[0]))
            rows, splits = chosen.rows.slice(first, CHUNK), chosen.splits[first : first + CHUNK]
            chunk = list(encoder.samples(rows, splits, chosen.sources, said))
            for sample in chunk:
                if sample["id"] in self._media:
                    sample["inside"] = self._media[sample["id"]][0]
            yield chunk


def about(release: Released, counted: Counted, shown: int, served: bool = False) -> Plain:
    """What the script needs to know before it looks at any sample."""
    known = {"labels": list(release.taxonomy.labels), "total": counted.total, "shown": shown}
    return known | {"chunk": CHUNK, "served": served}


def _coded(values: Sequence[str]) -> Plain:
    names = sorted(set(values))
    places = {name: place for place, name in enumerate(names)}
    return {"names": names, "of": [places[value] for value in values]}
